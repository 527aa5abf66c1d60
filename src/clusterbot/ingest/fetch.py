"""The only network code: fetch a page without being led anywhere it shouldn't go.

Each hop's name is resolved once, every address found is checked, and the connection goes to the very address that was checked, so
that a name that changes between check and connect changes nothing. Size counts after decompression, time counts everything.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpcore2
import httpx2
from protego import Protego

from clusterbot.errors import (
    AddressRefused,
    ContentRefused,
    FetchTimeout,
    LoginWall,
    PageGone,
    PageRefused,
    RobotsRefused,
    SourceError,
    SourceTooLarge,
    TooManyRedirects,
    Unreachable,
)
from clusterbot.ingest.addresses import check_address
from clusterbot.ingest.connecting import CheckingBackend, CheckingTransport, Resolve, resolve

NAME = "clusterbot"
ROBOTS_BYTES = 500 * 1024  # RFC 9309 has readers take at least so much
MAX_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one page may cost, time being that of all hops, robots.txt included; the least time between requests to one site."""

    max_bytes: int = 30_000_000
    timeout_s: float = 60.0
    max_redirects: int = 5
    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server gave to ask later whether a page has changed (RFC 9110, section 8.8)."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page's bytes, the address at which it was in the end, and what the server said of it."""

    address: str
    content: bytes
    media_type: str
    charset: str | None
    validators: Validators


@dataclass(frozen=True, slots=True)
class NotModified:
    """The page is as it was when its validators were given."""

    address: str


class Fetcher:
    """Fetches pages; keeps what each site's robots.txt says as long as it lives."""

    def __init__(
        self,
        user_agent: str,
        allow_private: bool = False,
        limits: Limits | None = None,
        resolve: Resolve = resolve,
        ssl_context: ssl.SSLContext | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take who we are, and whether addresses that only this network reaches are meant."""
        self._limits = limits or Limits()
        self._backend = CheckingBackend(resolve, allow_private)
        transport = CheckingTransport(self._backend, ssl_context or httpx2.create_ssl_context(trust_env=False))
        headers = {"User-Agent": user_agent, "Accept-Encoding": "gzip, deflate", "Accept": "*/*", "Accept-Language": "fr-CA, en"}
        self._client = httpx2.Client(transport=transport, headers=headers, trust_env=False, follow_redirects=False)
        self._robots: dict[str, Protego | SourceError] = {}
        self._last_at: dict[str, float] = {}
        self._pause = pause

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def get(self, address: str, media_types: Collection[str], known: Validators | None = None) -> Fetched | NotModified:
        """Fetch a page of one of the given media types; with validators, only if it has changed.

        Raises:
            SourceError: one of its kinds; the text names the cure.
        """
        self._backend.deadline = time.monotonic() + self._limits.timeout_s
        for _ in range(self._limits.max_redirects + 1):
            address = check_address(address)
            self._check_robots(address)
            with self._request(address, known or Validators()) as response:
                if response.status_code == httpx2.codes.NOT_MODIFIED and known is not None:
                    return NotModified(address)
                if not response.has_redirect_location:
                    return self._read_page(address, response, media_types)
                address = _next_address(response)
        raise _too_many(address, self._limits)

    def check(self, address: str) -> None:
        """Ask whether a page is there, without reading it; one that is closed to us is there.

        Raises:
            SourceError: it is gone, or it can't be told.
        """
        self._backend.deadline = time.monotonic() + self._limits.timeout_s
        for _ in range(self._limits.max_redirects + 1):
            address = check_address(address)
            self._check_robots(address)
            with self._request(address, Validators()) as response:
                if not response.has_redirect_location:
                    with suppress(LoginWall):
                        _check_status(address, response.status_code)
                    return
                address = _next_address(response)
        raise _too_many(address, self._limits)

    @contextmanager
    def _request(self, address: str, known: Validators) -> Iterator[httpx2.Response]:
        headers = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
        given = {key: value for key, value in headers.items() if value is not None}
        with _told(address, self._limits), self._client.stream("GET", address, headers=given) as response:
            self._last_at[_site(address)] = time.monotonic()
            yield response

    def _read_page(self, address: str, response: httpx2.Response, media_types: Collection[str]) -> Fetched:
        _check_status(address, response.status_code)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in media_types:
            told = media_type[:80] or "no content type"
            raise ContentRefused(f"{address[:200]} is {told}, which isn't read here; give a page, PDF, DOCX, text or feed")
        content = self._read(address, response, self._limits.max_bytes)
        validators = Validators(_header(response, "etag"), _header(response, "last-modified"))
        return Fetched(address, content, media_type, response.charset_encoding, validators)

    def _read(self, address: str, response: httpx2.Response, max_bytes: int, is_cut: bool = False) -> bytes:
        """Read a body as far as the limit: past it, cut it or refuse it."""
        encodings = response.headers.get("content-encoding", "identity").lower().strip()
        if encodings not in ("", "identity", "gzip", "x-gzip", "deflate"):  # others, and several, blow up without bounds
            raise ContentRefused(f"{address[:200]} is compressed with {encodings[:40]!r}, unasked; save it as a file")
        told = f"{address[:200]} has more than {max_bytes:,} bytes; add the part that matters as a file"
        if not is_cut and int(_header(response, "content-length", r"\d{1,18}") or 0) > max_bytes:
            raise SourceTooLarge(told)
        body = bytearray()
        for part in response.iter_bytes():
            body += part
            if len(body) > max_bytes:
                if is_cut:
                    break
                raise SourceTooLarge(told)
        return bytes(body[:max_bytes])

    def _check_robots(self, address: str) -> None:
        """Ask a site's robots.txt (RFC 9309): unreadable means no, absent means yes; wait as long as it asks, up to MAX_PAUSE_S."""
        site = _site(address)
        if site not in self._robots:
            try:
                self._robots[site] = Protego.parse(self._fetch_robots(f"{site}/robots.txt"))
            except SourceError as error:
                self._robots[site] = error
        rules = self._robots[site]
        if isinstance(rules, SourceError):
            raise rules
        if not rules.can_fetch(address, NAME):
            told = "asks programs not to read this page: ask the site for permission, or save the page and add the file with --url"
            raise RobotsRefused(f"{address[:200]}: {site}/robots.txt {told}")
        delay = min(max(float(rules.crawl_delay(NAME) or 0.0), self._limits.pause_s), MAX_PAUSE_S)
        if site in self._last_at and (left := self._last_at[site] + delay - time.monotonic()) > 0:
            self._pause(left)
            self._backend.deadline += left

    def _fetch_robots(self, address: str) -> str:
        first = address
        for _ in range(self._limits.max_redirects + 1):
            with self._request(check_address(address), Validators()) as response:
                if response.has_redirect_location:
                    address = _next_address(response)
                    continue
                if response.status_code >= 500:
                    told = f"{first} can't be read (status {response.status_code}), so nothing may be fetched there; try later"
                    raise RobotsRefused(told)
                if response.status_code >= 400:
                    return ""
                return self._read(address, response, ROBOTS_BYTES, is_cut=True).decode("utf-8", "replace")
        return ""  # RFC 9309, 2.3.1.2: after five redirects, as if there were none


def _site(address: str) -> str:
    try:
        url = httpx2.URL(address)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise AddressRefused(f"{address[:200]!r} is no web address ({error}): write https://...") from error
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _too_many(address: str, limits: Limits) -> TooManyRedirects:
    told = f"more than {limits.max_redirects} redirects; give the address where the page can be read"
    return TooManyRedirects(f"{address[:200]}: {told}")


def _next_address(response: httpx2.Response) -> str:
    """Return where a redirect leads, without its fragment; the next hop is checked as the first was."""
    try:
        return str(response.url.join(response.headers["location"]).copy_with(fragment=None))
    except (httpx2.InvalidURL, ValueError, UnicodeError):
        raise AddressRefused(f"{str(response.url)[:200]} leads to no web address: give another one") from None


def _header(response: httpx2.Response, name: str, pattern: str | None = None) -> str | None:
    """Return a header that is short and printable, as it may be stored and sent back."""
    value = response.headers.get(name, "")
    return value if re.fullmatch(pattern or r"[ -~]{1,200}", value) else None


def _check_status(address: str, status: int) -> None:
    told = f"{address[:200]} answers with status {status}"
    if status in (404, 410):
        raise PageGone(f"{told}: the page is no more; find its new address, or: clusterbot corpus remove ID")
    if status in (401, 402, 403, 407):
        raise LoginWall(f"{told}: it is closed to us; if you may use it, save the page and add the file with --url")
    if status != 200:
        raise PageRefused(f"{told}; try later, or save the page and add the file with --url")


@contextmanager
def _told(address: str, limits: Limits) -> Iterator[None]:
    """Turn what the library raises into what a person can act on."""
    where = address[:200]
    try:
        yield
    except (httpx2.TimeoutException, httpcore2.TimeoutException) as error:
        raise FetchTimeout(f"{where} took over {limits.timeout_s:g} s; try later, or save the page and add the file") from error
    except (httpx2.HTTPError, httpx2.StreamError, httpcore2.NetworkError, httpcore2.ProtocolError, ssl.SSLError) as error:
        reason = str(error)[:200] or type(error).__name__
        raise Unreachable(
            f"{where} can't be reached ({reason}); try later, or save the page and add the file with --url"
        ) from error
