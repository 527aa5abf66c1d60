"""Fetching: nowhere it shouldn't go, no more than it should cost, and each failure told with its cure."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import ssl
import time
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from clusterbot.errors import (
    AddressRefused,
    ContentRefused,
    FetchTimeout,
    HostUnknown,
    LoginWall,
    PageGone,
    PageRefused,
    RobotsRefused,
    SourceError,
    SourceTooLarge,
    TooManyRedirects,
    Unreachable,
)
from clusterbot.ingest import connecting
from clusterbot.ingest.addresses import IpAddress, check_address, is_public, same_page_key, without_tracking
from clusterbot.ingest.fetch import Fetched, Fetcher, Limits, NotModified, Validators
from web_server import Page, Site, serving

HTML = frozenset(["text/html"])
LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


Make = Callable[..., Fetcher]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[Fetcher] = []

    def fetcher(**values: Any) -> Fetcher:
        made.append(Fetcher("clusterbot/test", **{"allow_private": True, "limits": Limits(50_000, 5.0, 3), **values}))
        return made[-1]

    yield fetcher
    for one in made:
        one.close()


def page_of(fetcher: Fetcher, address: str, known: Validators | None = None) -> Fetched:
    page = fetcher.get(address, HTML, known)
    assert isinstance(page, Fetched)
    return page


@pytest.mark.parametrize(
    "refused",
    [
        *("127.0.0.1", "127.8.8.8", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1", "0.0.0.0", "255.255.255.255"),
        *("169.254.169.254", "169.254.0.1", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1"),
        *("224.0.0.1", "240.0.0.1", "192.0.2.1", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1"),
        *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:a00:1::", "2002:7f00:1::1"),
        *("2001:db8::1", "2001:0:7f00:1::", "64:ff9b:1::1"),
    ],
)
def test_addresses_that_only_this_network_reaches_are_not_public(refused: str) -> None:
    assert not is_public(ipaddress.ip_address(refused))


@pytest.mark.parametrize("public", ["8.8.8.8", "142.250.1.1", "2607:f8b0::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "100.128.0.1"])
def test_addresses_of_the_internet_are_public(public: str) -> None:
    assert is_public(ipaddress.ip_address(public))


@pytest.mark.parametrize(
    "address",
    [
        *(
            "file:///etc/passwd",
            "ftp://example.org/a",
            "gopher://example.org",
            "javascript:alert(1)",
            "//example.org/a",
            "example.org",
        ),
        *("https://", "https:///a", "http://[::1", "https://example.org:99999/", "https://me:secret@example.org/", "https://a b/"),
        *("https://example.org/" + "a" * 2000, "", "https://example.org/\n"),
    ],
)
def test_what_is_no_plain_web_address_is_refused(address: str) -> None:
    if address.endswith("\n"):
        assert check_address(address) == "https://example.org/"
        return
    with pytest.raises(AddressRefused) as refused:
        check_address(address)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("https://www.example.org/a/", "http://example.org/a#top", True),
        ("https://example.org/a?utm_source=x&id=2&fbclid=3", "https://example.org/a?id=2", True),
        ("https://example.org/a?b=1&a=2", "https://example.org/a?a=2&b=1", True),
        ("https://example.org/%C3%A9t%C3%A9", "https://example.org/été", True),
        ("https://example.org:443/a", "https://example.org/a", True),
        ("https://example.org/a?id=2", "https://example.org/a?id=3", False),
        ("https://example.org/a", "https://example.org/A", False),
        ("https://example.org:8443/a", "https://example.org/a", False),
    ],
)
def test_two_addresses_of_one_page_are_known_as_such(one: str, other: str, is_same: bool) -> None:
    assert (same_page_key(one) == same_page_key(other)) is is_same


def test_tracking_is_left_out_of_what_is_stored() -> None:
    assert without_tracking("https://example.org/a?utm_source=x&id=2&fbclid=3") == "https://example.org/a?id=2"
    assert without_tracking("https://example.org/a?utm_source=x") == "https://example.org/a"
    assert without_tracking("https://example.org/%C3%A9?b=1&a=%20") == "https://example.org/%C3%A9?b=1&a=%20"


def test_a_page_comes_with_its_bytes_address_and_validators(site: Site, make: Make) -> None:
    headers = {"ETag": '"v1"', "Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT"}
    site.pages["/a"] = Page("été".encode(), headers=headers)
    fetcher = make()
    page = page_of(fetcher, site.url("/a#part"))
    assert (page.content.decode(), page.address, page.media_type, page.charset) == ("été", site.url("/a"), "text/html", "utf-8")
    assert page.validators == Validators('"v1"', "Tue, 24 Nov 2026 10:00:00 GMT")
    assert dict(site.asked[-1][1])["User-Agent"] == "clusterbot/test"
    assert fetcher.get(site.url("/a"), HTML, page.validators) == NotModified(site.url("/a"))
    assert site.asked[-1][1]["If-Modified-Since"] == "Tue, 24 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"]
)
def test_a_private_address_is_refused_however_it_is_written(site: Site, make: Make, host: str) -> None:
    with pytest.raises((AddressRefused, HostUnknown)) as refused:
        make(allow_private=False).get(f"http://{host}:{site.port}/a", HTML)
    assert site.asked == []
    if isinstance(refused.value, AddressRefused) and host != "0177.0.0.1":  # no address at all in that form
        assert "CLUSTERBOT_ALLOW_PRIVATE_HOSTS" in str(refused.value)


class Names:
    """Names and what they resolve to; each question takes the next answer, the last one stays."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = {name.replace("_", "."): list(found) for name, found in answers.items()}
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> list[IpAddress]:
        self.asked.append(host)
        found = self.answers.get(host, [host])
        return [ipaddress.ip_address(one) for one in (found.pop(0) if len(found) > 1 else found[0]).split()]


def test_one_private_address_among_public_ones_is_enough_to_refuse(site: Site, make: Make) -> None:
    names = Names(mixed_example_org=["8.8.8.8 127.0.0.1"])
    with pytest.raises(AddressRefused, match=r"mixed\.example\.org leads to 127\.0\.0\.1"):
        make(allow_private=False, resolve=names).get(f"http://mixed.example.org:{site.port}/a", HTML)


def test_a_name_that_changes_after_the_check_changes_nothing(site: Site, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is public when checked and private a moment later: what was checked is what is connected to."""
    names = Names(rebind_example_org=["8.8.8.8", "127.0.0.1"])
    fetcher = make(allow_private=False, resolve=names)
    connected: list[str] = []

    def connect_tcp(host: str, *_: Any) -> Any:
        connected.append(host)
        raise httpcore2.ConnectError("refused")

    monkeypatch.setattr(fetcher._backend._system, "connect_tcp", connect_tcp)
    with pytest.raises(Unreachable):
        fetcher.get(f"http://rebind.example.org:{site.port}/a", HTML)
    assert (names.asked, connected) == (["rebind.example.org"], ["8.8.8.8"])
    with pytest.raises(Unreachable):  # what robots.txt met is remembered: nothing is asked again
        fetcher.get(f"http://rebind.example.org:{site.port}/a", HTML)
    with pytest.raises(AddressRefused):
        make(allow_private=False, resolve=names).get(f"http://rebind.example.org:{site.port}/a", HTML)
    assert site.asked == []


def test_the_connection_goes_to_the_address_that_was_checked_with_the_sites_own_name(site: Site, make: Make) -> None:
    site.pages["/a"] = Page(b"there")
    names = Names(grappe_example_org=["127.0.0.1"])
    assert page_of(make(resolve=names), f"http://grappe.example.org:{site.port}/a").content == b"there"
    assert {headers["Host"] for _, headers in site.asked} == {f"grappe.example.org:{site.port}"}


def test_a_redirect_to_a_private_address_is_refused(site: Site, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loopback stands for the public internet here, so that the first hop is one."""
    monkeypatch.setattr(connecting, "is_public", lambda address: address == LOOPBACK or is_public(address))
    site.pages["/a"] = Page(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})
    with pytest.raises(AddressRefused, match=r"169\.254\.169\.254"):
        make(allow_private=False).get(site.url("/a"), HTML)
    assert site.paths == ["/a"]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://me:secret@127.0.0.1/", "gopher://127.0.0.1/"])
def test_a_redirect_to_no_web_address_is_refused(site: Site, make: Make, location: str) -> None:
    site.pages["/a"] = Page(status=301, headers={"Location": location})
    with pytest.raises(AddressRefused):
        make().get(site.url("/a"), HTML)


def test_redirects_are_followed_to_the_last_address_and_no_further_than_allowed(site: Site, make: Make) -> None:
    for hop in range(9):
        site.pages[f"/{hop}"] = Page(status=307, headers={"Location": f"/{hop + 1}"})
    site.pages["/3"] = Page(b"end")
    assert page_of(make(), site.url("/0")).address == site.url("/3")
    site.pages["/3"] = Page(status=308, headers={"Location": "/0"})
    with pytest.raises(TooManyRedirects, match="3 redirects"):
        make().get(site.url("/0"), HTML)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, PageGone),
        (410, PageGone),
        (401, LoginWall),
        (402, LoginWall),
        (403, LoginWall),
        (500, PageRefused),
        (418, PageRefused),
    ],
)
def test_each_refusal_of_a_server_has_its_own_error(site: Site, make: Make, status: int, kind: type[SourceError]) -> None:
    site.pages["/a"] = Page(status=status)
    with pytest.raises(kind, match=str(status)):
        make().get(site.url("/a"), HTML)


def test_no_name_no_server_and_no_http_are_told_apart(site: Site, make: Make) -> None:
    def unknown(host: str, port: int) -> list[IpAddress]:
        raise OSError("Name or service not known")

    with pytest.raises(HostUnknown, match=r"no server is called nowhere\.example"):
        make(resolve=unknown).get("http://nowhere.example/", HTML)
    with pytest.raises(Unreachable):
        make().get("http://127.0.0.1:1/", HTML)

    def gibberish(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"\x00\x01gibberish\r\n\r\n")

    site.pages["/robots.txt"] = gibberish
    with pytest.raises(Unreachable):
        make().get(site.url("/a"), HTML)


def test_a_large_page_is_refused_by_its_header_and_while_it_comes(site: Site, make: Make) -> None:
    site.pages["/told"] = Page(b"x" * 60_000)
    with pytest.raises(SourceTooLarge, match="50,000 bytes"):
        make().get(site.url("/told"), HTML)
    sent = 0

    def endless(handler: BaseHTTPRequestHandler) -> None:
        nonlocal sent
        handler.send_response(200)
        handler.send_header("Content-Type", "text/html")
        handler.end_headers()
        while sent < 200_000_000:
            handler.wfile.write(b"y" * 65_536)
            sent += 65_536

    site.pages["/endless"] = endless
    with pytest.raises(SourceTooLarge):
        make().get(site.url("/endless"), HTML)
    time.sleep(0.1)
    assert sent < 20_000_000


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_decompression_bomb_is_refused_by_what_it_becomes(site: Site, make: Make, encoding: str) -> None:
    bomb = gzip.compress(b"\0" * 5_000_000) if encoding == "gzip" else zlib.compress(b"\0" * 5_000_000)
    assert len(bomb) < 50_000
    site.pages["/bomb"] = Page(bomb, headers={"Content-Encoding": encoding})
    with pytest.raises(SourceTooLarge):
        make().get(site.url("/bomb"), HTML)


def test_a_compressed_page_is_read(site: Site, make: Make) -> None:
    site.pages["/a"] = Page(gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"})
    assert page_of(make(), site.url("/a")).content == b"plain"
    site.pages["/broken"] = Page(b"not gzip", headers={"Content-Encoding": "gzip"})
    with pytest.raises(Unreachable):
        make().get(site.url("/broken"), HTML)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_other_compressions_are_refused_unread(site: Site, make: Make, encoding: str) -> None:
    site.pages["/a"] = Page(b"x", headers={"Content-Encoding": encoding})
    with pytest.raises(ContentRefused, match="compressed"):
        make().get(site.url("/a"), HTML)


@pytest.mark.parametrize("media_type", ["video/mp4", "application/zip", ""])
def test_what_is_no_page_is_refused(site: Site, make: Make, media_type: str) -> None:
    site.pages["/a"] = Page(b"x", media_type=media_type)
    with pytest.raises(ContentRefused):
        make().get(site.url("/a"), HTML)


@pytest.mark.parametrize("is_head", [True, False])
def test_a_server_that_sends_a_byte_now_and_then_holds_no_one(site: Site, make: Make, is_head: bool) -> None:
    def slow(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        if not is_head:
            handler.wfile.write(b"Content-Type: text/html\r\n\r\n")
        for _ in range(100):
            handler.wfile.write(b"X")
            time.sleep(0.05)

    site.pages["/slow"] = slow
    started = time.monotonic()
    with pytest.raises(FetchTimeout, match=r"0\.5 s"):
        make(limits=Limits(50_000, 0.5, 3)).get(site.url("/slow"), HTML)
    assert time.monotonic() - started < 2


def test_robots_txt_is_obeyed_for_our_name_and_asked_once(site: Site, make: Make) -> None:
    rules = b"User-agent: *\nDisallow: /\n\nUser-agent: clusterbot\nDisallow: /private/\nAllow: /\n"
    site.pages |= {"/robots.txt": Page(rules, "text/plain"), "/a": Page(b"open"), "/private/b": Page(b"closed")}
    fetcher = make()
    assert page_of(fetcher, site.url("/a")).content == b"open"
    with pytest.raises(RobotsRefused, match=r"robots\.txt asks programs not to read"):
        fetcher.get(site.url("/private/b"), HTML)
    assert [path for path, _ in site.asked] == ["/robots.txt", "/a"]


def test_a_page_to_which_a_redirect_leads_is_subject_to_robots_txt_too(site: Site, make: Make) -> None:
    site.pages |= {
        "/robots.txt": Page(b"User-agent: *\nDisallow: /b", "text/plain"),
        "/a": Page(status=302, headers={"Location": "/b"}),
        "/b": Page(b"closed"),
    }
    with pytest.raises(RobotsRefused):
        make().get(site.url("/a"), HTML)
    assert site.paths == ["/a"]


def test_no_robots_txt_allows_all_and_a_broken_one_nothing(site: Site, make: Make) -> None:
    site.pages["/a"] = Page(b"open")
    assert page_of(make(), site.url("/a")).content == b"open"
    site.pages["/robots.txt"] = Page(status=503)
    with pytest.raises(RobotsRefused, match="503"):
        make().get(site.url("/a"), HTML)
    site.pages["/robots.txt"] = Page(b"User-agent: *\nDisallow:\n" + b"# much\n" * 200_000, "text/plain")
    assert page_of(make(), site.url("/a")).content == b"open"


def test_a_site_that_asks_for_a_pause_gets_it_up_to_ten_seconds(site: Site, make: Make) -> None:
    pauses: list[float] = []
    site.pages |= {"/robots.txt": Page(b"User-agent: *\nCrawl-delay: 60", "text/plain"), "/a": Page(b"1")}
    fetcher = make(pause=pauses.append)
    for _ in range(2):
        page_of(fetcher, site.url("/a"))
    assert [9 < one <= 10 for one in pauses] == [True, True]


def test_a_site_is_left_alone_for_the_pause_between_two_requests(site: Site, make: Make) -> None:
    pauses: list[float] = []
    site.pages["/a"] = Page(b"1")
    fetcher = make(pause=pauses.append, limits=Limits(pause_s=3))
    for _ in range(2):
        page_of(fetcher, site.url("/a"))
    assert [2 < one <= 3 for one in pauses] == [True, True]


def certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Write a self-signed certificate for a host and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = dt.datetime.now(dt.UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
    built = built.not_valid_after(now + dt.timedelta(days=1)).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(host)]), False
    )
    public, private = folder / "public.pem", folder / "private.pem"
    public.write_bytes(built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return public, private


def test_a_certificate_is_checked_against_the_name_not_the_address(make: Make, tmp_path: Path) -> None:
    public, private = certificate(tmp_path, "grappe.example.org")
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(public, private)
    trusting = ssl.create_default_context(cafile=str(public))
    names = Names(grappe_example_org=["127.0.0.1"], other_example_org=["127.0.0.1"])
    with serving(lambda socket: server_side.wrap_socket(socket, server_side=True)) as site:
        site.pages["/a"] = Page(b"secure")
        fetcher = make(resolve=names, ssl_context=trusting)
        assert page_of(fetcher, f"https://grappe.example.org:{site.port}/a").content == b"secure"
        with pytest.raises(Unreachable, match="certificate"):
            fetcher.get(f"https://other.example.org:{site.port}/a", HTML)
        with pytest.raises(Unreachable, match="certificate"):
            make(resolve=names).get(f"https://grappe.example.org:{site.port}/a", HTML)
