"""Reading foreign files: the main text and nothing else, measured page by page, within limits that hold against hostile files."""

from __future__ import annotations

import datetime as dt
import io
import itertools
import os
import random
import re
import tempfile
import time
import tomllib
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import docx
import pytest

from clusterbot import errors
from clusterbot.clusters import ClusterRegistry
from clusterbot.errors import (
    ContentRefused,
    EncodingUnknown,
    LanguageRefused,
    LoginWall,
    NoText,
    ScannedPages,
    SourceDamaged,
    SourceError,
    SourceTooHard,
    SourceTooLarge,
)
from clusterbot.ingest import parse as parse_module
from clusterbot.ingest import worker
from clusterbot.ingest.compose import Given, compose, excerpts, slug
from clusterbot.ingest.decoding import decode
from clusterbot.ingest.layout import Box, in_order
from clusterbot.ingest.parse import parse
from clusterbot.ingest.parsed import Block, Listing, Page, markdown_of, source_kind
from clusterbot.models import Document
from conftest import REPOSITORY
from fakes import profile

TRACE = Path(tempfile.gettempdir()) / "clusterbot-was-here"
PAGES = Path(__file__).parent / "pages"
EXPECTED: dict[str, dict[str, str]] = tomllib.loads((PAGES / "pages.toml").read_text(encoding="utf-8"))
TODAY = dt.date(2026, 11, 24)
NOBODY = ClusterRegistry([])


def read_page(name: str, address: str = "https://example.org/a") -> Page:
    content = (PAGES / name).read_bytes()
    kind = source_kind(content, "", Path(name).suffix)
    assert kind is not None
    found = parse(content, kind, None, address)
    assert isinstance(found, Page)
    return found


def document_of(name: str, address: str = "https://example.org/a", **given: Any) -> Document:
    return compose(read_page(name, address), address, NOBODY, TODAY, Given(**given))


def scores(found: str, wanted: str) -> tuple[float, float]:
    """Return precision and recall of words, each counted as often as it stands."""
    counts = [Counter(re.findall(r"\w+", text)) for text in (found, wanted)]
    both = sum((counts[0] & counts[1]).values())
    return both / sum(counts[0].values()), both / sum(counts[1].values())


def rows_of_the_paper() -> dict[str, tuple[float, float]]:
    page = (REPOSITORY / "docs" / "ingest.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `([\w.-]+)` \|[^|]*\| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    return {name: (float(precision), float(recall)) for name, precision, recall in found}


def test_the_paper_has_a_row_for_each_page() -> None:
    assert sorted(rows_of_the_paper()) == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_page_gives_its_text_and_says_what_it_is_as_the_paper_tells(name: str) -> None:
    expected = EXPECTED[name]
    document = document_of(name, expected["url"])
    wanted = (PAGES / f"{name}.expected.md").read_text(encoding="utf-8").strip()
    precision, recall = scores(document.text, wanted)
    assert (round(precision, 3), round(recall, 3)) == rows_of_the_paper()[name]
    if (precision, recall) == (1, 1):
        assert document.text == wanted
    found = {key: getattr(document, key) for key in ("url", "title", "author", "publisher", "published", "lang")}
    assert {key: value for key, value in found.items() if value is not None} == expected


@pytest.mark.parametrize(
    ("name", "kind", "told"),
    [
        ("login-wall.html", LoginWall, "subscribers"),
        ("paywall.html", LoginWall, "--url"),
        ("script-shell.html", NoText, "save it from a browser"),
        ("german.html", LanguageRefused, r"\(de\)"),
        ("scanned.pdf", ScannedPages, "OCR"),
        ("protected.pdf", SourceDamaged, "password"),
        ("empty.pdf", NoText, "no text"),
    ],
)
def test_what_holds_nothing_to_quote_is_refused_with_the_cure(name: str, kind: type[SourceError], told: str) -> None:
    with pytest.raises(kind, match=told):
        document_of(name)


def test_a_short_page_is_refused() -> None:
    page = Page(title="Avis", blocks=(Block(kind="paragraph", text="Cette page a été déplacée."),))
    with pytest.raises(NoText, match="5 words"):
        compose(page, "https://example.org/a", NOBODY, TODAY, Given())


PROSE = (
    "La grappe réunit des entreprises, des écoles et des centres de recherche. Elle compte 140 membres en 2024 et tient un forum. "
    * 3
)


def page_of(**values: Any) -> Page:
    return Page(**{"title": "Un titre", "blocks": (Block(kind="paragraph", text=PROSE),), **values})


@pytest.mark.parametrize(
    ("stated", "listed", "published"),
    [
        ("2024-05-06T10:00:00Z", None, "2024-05-06"),
        ("2024-05", None, "2024-05"),
        ("2031-01-01", None, None),
        ("2024-13-45", None, None),
        ("hier", "2024-02-01", "2024-02-01"),
        (None, None, None),
    ],
)
def test_a_date_is_taken_at_the_precision_stated_and_never_guessed(
    stated: str | None, listed: str | None, published: str | None
) -> None:
    assert compose(page_of(published=stated), "https://example.org/a", NOBODY, TODAY, Given(), listed).published == published


@pytest.mark.parametrize(
    ("head", "line", "published"),
    [
        ("2024-06-01", "", "2024-06-01"),
        ("2024-06-17T23:00:00-04:00", "", "2024-06-17"),
        ("2024-06", "", "2024-06"),
        ("", "Publié le 1er juin 2024", "2024-06-01"),
        ("", "Published June 17, 2024", "2024-06-17"),
        ("", "Juin 2024", None),
        ("", "", None),
    ],
)
def test_a_page_is_dated_as_precisely_as_it_states_and_no_more(head: str, line: str, published: str | None) -> None:
    meta = f'<meta property="article:published_time" content="{head}">' if head else ""
    content = f"<html><head>{meta}</head><body><article><h1>A</h1><p class=date>{line}</p><p>{PROSE}</p></article></body></html>"
    page = parse(content.encode(), "html", None, "https://example.org/a")
    assert isinstance(page, Page)
    assert page.published == published


def test_the_clusters_that_a_page_names_are_proposed_the_most_named_first() -> None:
    profiles = [profile("bois_boreal", short="Bois Boréal"), profile("aqua_nord", short="Aqua Nord")]
    text = PROSE + " Aqua Nord et Bois Boréal. Aqua Nord a grandi. Bois Boreale est mal écrit."
    page = page_of(blocks=(Block(kind="paragraph", text=text),))
    from clusterbot.clusters import words_of

    registry = ClusterRegistry(profiles, words_of([text]))
    assert compose(page, "https://example.org/a", registry, TODAY, Given()).clusters == ("aqua_nord", "bois_boreal")
    assert compose(page, "https://example.org/a", registry, TODAY, Given(clusters=())).clusters == ()


def test_excerpts_are_short_verbatim_sentences_that_name_a_cluster_or_give_a_figure() -> None:
    registry = ClusterRegistry([profile("bois_boreal", short="Bois Boréal")])
    sentences = [
        f"Phrase sans rien de particulier, numéro {word}." for word in ["un", "deux", "trois", "quatre", "cinq", "six", "sept"]
    ]
    text = " ".join([*sentences, "Bois Boréal compte 140 membres.", *sentences, "Le forum a coûté 3 M$ en 2024.", *sentences])
    kept = excerpts(text, "fr", registry).split("\n\n")
    assert kept == [sentences[0], "Bois Boréal compte 140 membres.", "Le forum a coûté 3 M$ en 2024."]
    assert all(one in text for one in kept)
    long = " ".join(f"Bois Boréal compte {n} membres dans la ville numéro {n}." for n in range(500))
    assert len(excerpts(long, "fr", registry)) <= 810


def test_ids_are_made_of_date_and_title_in_plain_letters() -> None:
    assert slug("L’été à Québec : 1re édition !", "2024-05") == "2024-05-l-ete-a-quebec-1re-edition"
    assert slug("!!!", None) == "undated-page"
    assert len(slug("mot " * 100, "2024-05-06")) < 80


FOREIGN = ("# Faux titre", "--- \n---", "a\x00b\u202e\u200bc", "- tiret", "\u2028fin\u0085")


def test_foreign_text_can_make_no_heading_control_sign_or_front_matter() -> None:
    from clusterbot.ingest.parsed import block

    blocks = [
        block("paragraph", text) for text in ("# Faux titre", "--- \n---", "a\x00b\u202e\u200bc", "- tiret", "\u2028fin\u0085")
    ]
    made = markdown_of(Page(blocks=tuple(one for one in blocks if one)))
    assert made == "Faux titre\n\nabc\n\ntiret\n\nfin"


# --- other formats


def test_markdown_loses_its_marks_and_keeps_its_structure() -> None:
    raw = (
        "---\ntitle: Été\nurl: https://example.org/x\ndate: 2024-05-06\n---\n# Salut\n\n"
        "Un **gras** [lien](x) `code` ![vue](i.png).\n\n- a b\n- c d\n\n"
        "|a|b|\n|-|-|\n|1|2|\n\n> cité ici\n\n<script>alert(1)</script>\n"
    )
    page = parse(raw.encode(), "markdown")
    assert isinstance(page, Page)
    assert (page.title, page.address, page.published) == ("Été", "https://example.org/x", "2024-05-06")
    assert markdown_of(page) == "## Salut\n\nUn gras lien code .\n\n- a b\n- c d\n\na | b\n\n1 | 2\n\ncité ici"


def test_plain_text_is_cut_at_empty_lines() -> None:
    page = parse("Le titre\n\nUn paragraphe\nsur deux lignes.\n\n- un point\n".encode("cp1252"), "text", None)
    assert isinstance(page, Page)
    assert page.title == "Le titre"
    assert markdown_of(page) == "Un paragraphe sur deux lignes.\n\n- un point"


def word_file(**parts: Any) -> bytes:
    made = docx.Document()
    made.core_properties.title = parts.get("title", "Rapport")
    made.core_properties.author = "Jeanne Tremblay"
    made.add_heading("Les membres", 1)
    made.add_paragraph("La grappe compte 140 membres.")
    made.add_paragraph("un point", style="List Bullet")
    table = made.add_table(1, 2)
    table.rows[0].cells[0].text, table.rows[0].cells[1].text = "2024", "140"
    held = io.BytesIO()
    made.save(held)
    return held.getvalue()


def test_a_word_document_gives_headings_items_and_rows() -> None:
    content = word_file()
    assert source_kind(content, "application/octet-stream", ".bin") == "docx"
    page = parse(content, "docx")
    assert isinstance(page, Page)
    assert (page.title, page.author) == ("Rapport", "Jeanne Tremblay")
    assert markdown_of(page) == "## Les membres\n\nLa grappe compte 140 membres.\n\n- un point\n\n2024 | 140"


def test_feeds_and_sitemaps_give_web_addresses_newest_first() -> None:
    found: dict[str, Listing] = {}
    for name in ("rss.xml", "atom.xml", "sitemap.xml", "sitemap-index.xml"):
        content = (PAGES / name).read_bytes()
        assert source_kind(content, "application/xml", ".xml") == "listing"
        listing = parse(content, "listing")
        assert isinstance(listing, Listing)
        found[name] = listing
    assert [(one.address[-2:], one.published) for one in found["rss.xml"].entries] == [
        ("/a", "2025-02-11"),
        ("/b", "2024-08-22"),
        ("/c", None),
    ]
    assert [one.published for one in found["atom.xml"].entries] == ["2024-12-01", "2024-06-18"]
    assert [one.published for one in found["sitemap.xml"].entries] == ["2025-01-02", "2024-05-01", None]
    assert found["sitemap-index.xml"].nested == ("https://aqua.example.org/sitemap-1.xml", "https://aqua.example.org/sitemap-2.xml")


def test_a_feed_of_10_000_entries_is_read_and_one_of_30_000_is_cut_and_told() -> None:
    def feed(count: int) -> bytes:
        entry = "<url><loc>https://example.org/{}</loc><lastmod>20{:02}-01-01</lastmod></url>"
        return f"<urlset>{''.join(entry.format(n, n % 26) for n in range(count))}</urlset>".encode()

    listing = parse(feed(10_000), "listing")
    assert isinstance(listing, Listing)
    assert (len(listing.entries), listing.left_out) == (10_000, 0)
    listing = parse(feed(30_000), "listing")
    assert isinstance(listing, Listing)
    assert (len(listing.entries), listing.left_out) == (20_000, 10_000)


# --- encodings


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16", "cp850", "mac_roman"])
@pytest.mark.parametrize("declared", [None, "utf-8", "no-such-thing", "zlib"])
def test_text_is_read_whatever_its_encoding_is_said_to_be(encoding: str, declared: str | None) -> None:
    text = (
        "L'été dernier, la grappe a accueilli près de quarante élèves à Val-d'Or ; où vont-ils ? Ils étudient la forêt boréale.\n"
        * 5
    )
    assert decode(text.encode(encoding), declared) == text


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(EncodingUnknown):
        decode(bytes(range(256)) * 50, None)


def test_latin_1_is_read_as_what_pages_in_it_are_in_fact() -> None:
    assert decode("l’été « ici » … 5 €".encode("cp1252"), "iso-8859-1") == "l’été « ici » … 5 €"


def test_a_pages_own_declaration_is_heard() -> None:
    content = '<meta charset="windows-1251"><p>Привет, мир, это страница о лесе</p>'.encode("cp1251")
    assert "Привет" in decode(content, None)


# --- hostile files


def test_the_process_that_reads_knows_no_token_and_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_DISCORD_TOKEN", "secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    assert "secret" not in parse_module._environment().values()


@pytest.mark.parametrize("event", ["socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "shutil.rmtree"])
def test_a_parser_may_not_connect_start_a_program_or_remove_a_file(event: str) -> None:
    with pytest.raises(PermissionError):
        worker.guard(event, ())
    with pytest.raises(PermissionError):
        worker.guard("open", ("/elsewhere/x", "w", 0))
    with pytest.raises(PermissionError):
        worker.guard("open", ("/elsewhere/x", None, os.O_CREAT | os.O_WRONLY))
    worker.guard("open", ("/elsewhere/x", "r", 0))


def run_worker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str) -> None:
    """Have `parse` run a worker whose HTML reader does something nasty."""
    package = tmp_path / "nasty"
    package.mkdir()
    (package / "nasty.py").write_text(
        "import sys, types\nfake = types.ModuleType('clusterbot.ingest.html')\n"
        f"def read_html(content, charset, address):\n    {body}\nfake.read_html = read_html\n"
        "sys.modules['clusterbot.ingest.html'] = fake\nfrom clusterbot.ingest import worker\nworker.main()\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(parse_module, "WORKER", "nasty")
    monkeypatch.setenv("PYTHONPATH", str(package))


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("return [bytearray(10_000_000) for _ in range(1_000)]", SourceTooHard),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", SourceTooHard),
        ("import resource; resource.setrlimit(resource.RLIMIT_CPU, (1, 1))\n    while True: pass", SourceTooHard),
        ("import time; time.sleep(60)", SourceTooHard),
        ("import sys; sys.stdout.write('x' * 50_000_000); sys.stdout.flush()", SourceTooHard),
        ("import socket; socket.create_connection(('127.0.0.1', 1))", SourceDamaged),
        ("import subprocess; subprocess.run(['true'])", SourceDamaged),
        (f"open({str(TRACE)!r}, 'w')", SourceDamaged),
        ("raise KeyError('who knows')", SourceDamaged),
        ("print('{}'); import os; sys.stdout.flush(); os._exit(0)", SourceTooHard),
    ],
)
def test_whatever_a_parser_does_costs_one_clear_error(
    body: str, kind: type[SourceError], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run_worker(monkeypatch, tmp_path, body)
    started = time.monotonic()
    with pytest.raises(kind):
        parse(b"<p>x</p>", "html", timeout_s=3.0)
    assert time.monotonic() - started < 10
    assert not TRACE.exists()


def zipped(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), content)
    return held.getvalue()


def test_a_zip_bomb_and_an_archive_of_something_else_are_refused() -> None:
    with pytest.raises(SourceTooLarge, match="unpacks"):
        parse(zipped(word__document_xml=b"<x/>", word__big_xml=b"\0" * 250_000_000), "docx")
    with pytest.raises(ContentRefused, match="archive"):
        parse(zipped(readme_xml=b"<x/>"), "docx")
    with pytest.raises(SourceDamaged):
        parse(b"PK\x03\x04 cut off", "docx")


def test_entities_of_xml_are_not_unfolded_and_no_file_is_read_by_them() -> None:
    laughs = '<!ENTITY a "hahahahaha">' + "".join(
        f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in itertools.pairwise("abcdefghij")
    )
    feed = "<rss version='2.0'><channel><item><title>{}</title><link>https://example.org/a</link></item></channel></rss>"
    for content in (
        f"<?xml version='1.0'?><!DOCTYPE x [{laughs}]><urlset><url><loc>https://example.org/&j;</loc></url></urlset>",
        f"<?xml version='1.0'?><!DOCTYPE x [{laughs}]>{feed.format('&j;')}",
        f"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY f SYSTEM 'file:///etc/passwd'>]>{feed.format('&f;')}",
    ):
        try:
            listing = parse(content.encode(), "listing")
        except SourceError:
            continue
        assert isinstance(listing, Listing)
        assert "root:" not in listing.model_dump_json()


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n", b"%PDF-1.7\n" + b"\xff" * 10_000, b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n%%EOF"]
)
def test_a_broken_pdf_costs_one_clear_error(content: bytes) -> None:
    with pytest.raises((SourceDamaged, NoText)):
        parse(content, "pdf")


def pdf_of(content: str) -> bytes:
    """Return a PDF of one page, drawn by these commands."""
    drawn = zlib.compress(content.encode())
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Resources << /Font << /F 3 0 R >> >> /Contents 5 0 R >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        page,
        b"<< /Filter /FlateDecode /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
    )
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, one) for number, one in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer << /Root 1 0 R >>\n%%EOF"


def placed(words: Iterable[tuple[float, float, str]], size: int = 8) -> str:
    """Return the commands that put words at places on a page, in points from its lower left corner."""
    return f"BT /F {size} Tf " + " ".join(f"1 0 0 1 {x:.2f} {y:.2f} Tm ({word}) Tj" for x, y, word in words) + " ET"


@pytest.mark.parametrize(
    "content",
    [
        placed((random.Random(n).randrange(20, 580), random.Random(-n).randrange(20, 760), "mot") for n in range(1, 1_500)),
        placed((100 + n % 7, 400 + n % 11, "des mots sur des mots") for n in range(1_000)),
        placed(((5 + 2 * n, 5 + 2.6 * n, "x") for n in range(290)), size=2),
        placed(((n % 90, n % 97, "W") for n in range(3_000)), size=700),
        placed(((20 + 30 * (n % 19), 760 - 4.5 * (n // 19), f"m{n}") for n in range(3_000)), size=4),
        placed([(50, 50, "a" * 39_000)]),
        placed([(50, 50, "1" + "/" * 39_000)]),
    ],
    ids=["scattered", "over one another", "staircase", "huge", "grid", "one word", "no number"],
)
def test_a_small_pdf_takes_no_more_than_two_seconds_whatever_is_drawn_on_its_page(content: str) -> None:
    started = time.process_time()
    assert isinstance(worker.read("pdf", pdf_of(content), None, None), Page)
    assert time.process_time() - started < 2


def test_a_page_of_more_letters_than_a_page_can_hold_is_refused() -> None:
    with pytest.raises(SourceTooHard, match="page 1 of the PDF holds more than 40,000 letters"):
        worker.read("pdf", pdf_of(placed([(50, 50, "a" * 40_001)])), None, None)


def box(text: str, x0: float, top: float, width: float = 200, height: float = 100) -> Box:
    return Box(page=0, text=text, size=10, in_margin=False, x0=x0, x1=x0 + width, bottom=top - height, top=top)


@pytest.mark.parametrize(
    "boxes",
    [
        [box("a", 50, 700), box("b", 50, 590), box("c", 300, 700), box("d", 300, 590)],
        [box("a title", 50, 780, width=450, height=20), box("b", 50, 700), box("c", 300, 740)],
        [box("a", 50, 700), box("b", 300, 700), box("c under both", 50, 590, width=450), box("d", 50, 400), box("e", 300, 400)],
        [box("a line", 50, 700, height=12), box("b beside it", 300, 699, height=12), box("c", 50, 680), box("d", 50, 570)],
        [box("a", 50, 700, width=90), box("b", 50, 590, width=90), box("c", 200, 700, width=90), box("d", 350, 700, width=90)],
    ],
    ids=["two columns", "a title over columns", "columns, a wide box, columns", "a line beside another", "three columns"],
)
def test_the_boxes_of_a_page_are_read_column_by_column(boxes: list[Box]) -> None:
    assert in_order(random.Random(1).sample(boxes, len(boxes))) == boxes


def test_a_page_of_very_many_boxes_is_read_from_the_top() -> None:
    rows = [[box(f"{row}.{column}", 100 * column, 700 - row, 50, 0.5) for column in range(4)] for row in range(100)]
    boxes = [one for row in rows for one in row]
    assert in_order(random.Random(1).sample(boxes, len(boxes))) == boxes


def test_a_page_nested_a_hundred_thousand_deep_costs_one_clear_error_or_nothing() -> None:
    deep = b"<html><body>" + b"<div>" * 100_000 + PROSE.encode() + b"</body></html>"
    try:
        assert isinstance(parse(deep, "html"), Page)
    except SourceError as error:
        assert str(error)


def test_a_page_with_50_000_sentences_is_read() -> None:
    sentence = "En 2024, la grappe numéro {} compte des membres et tient un forum."
    body = "".join(f"<p>{' '.join(sentence.format(10 * n + m) for m in range(10))}</p>" for n in range(5_000))
    page = parse(f"<html><body><article><h1>Long</h1>{body}</article></body></html>".encode(), "html")
    assert isinstance(page, Page)
    document = compose(page, "https://example.org/a", NOBODY, TODAY, Given())
    assert document.text.count("En 2024") == 50_000


def test_every_error_of_a_source_comes_back_from_the_process_that_met_it() -> None:
    kinds = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, SourceError)}
    assert set(parse_module._KINDS.values()) == kinds
    assert len(parse_module._KINDS) == len(kinds)


@pytest.mark.parametrize("sign", ["\x0b", "\x08", "\x1f", "<!-- a note -->", "<?php echo 1 ?>"])
def test_a_sign_or_note_that_no_text_holds_costs_no_page(sign: str) -> None:
    told = "La grappe{sign} comptait {n} membres en 20{n}, selon son rapport annuel."
    sentences = "".join(f"<p>{told.format(sign=sign if n == 15 else '', n=n)}</p>" for n in range(10, 30))
    page = worker.read("html", f"<html><body><article><h1>Titre</h1>{sentences}</article></body></html>".encode(), "utf-8", None)
    assert isinstance(page, Page)
    assert "comptait 17 membres en 2017" in markdown_of(page)


def test_a_feed_whose_declaration_is_no_text_is_refused() -> None:
    with pytest.raises(SourceDamaged, match="give the address of a page"):
        worker.read("listing", b'<?xml version="1.0" encoding="\x9d"?><rss><channel></channel></rss>', None, None)
