"""A PDF -> paragraphs and headings in reading order, without the lines that stand on every page.

`layout.py` gives the boxes of each page, most often a paragraph each, with columns kept apart.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfparser import PDFParser
from pdfminer.utils import decode_text

from clusterbot.errors import NoText, ScannedPages, SourceDamaged, SourceError, SourceTooLarge
from clusterbot.ingest.layout import Box, read_sheets
from clusterbot.ingest.parsed import Block, Page, block

MAX_PAGES = 400
HEADING_RATIO = 1.15
"""A short box whose letters are this much larger than most letters of the document is a heading."""
HEADING_CHARS = 200
MARGIN_CHARS = 200
"""A box in the margin that is longer holds more than a page's number."""
SCANNED_CHARS = 25
"""Fewer letters a page than this, and pictures: the pages are pictures of pages."""

_BULLET = r"[•‣▪●◦–-]\s+"


def read_pdf(content: bytes) -> Page:
    """Read a PDF.

    Raises:
        SourceError: it is protected, damaged, too long, or holds no text.
    """
    title, author = _metadata(content)
    boxes, pages, has_pictures = _boxes(content)
    letters = sum(char.isalnum() for box in boxes for char in box.text)
    if letters < SCANNED_CHARS * pages and has_pictures:
        raise ScannedPages("the PDF holds pictures of pages, no text: run it through OCR, then add the result")
    if not letters:
        raise NoText("the PDF holds no text: add another version of it")
    kept = _without_running_lines(boxes, pages)
    body = _body_size(kept)
    blocks = [one for box in _joined(kept, body) if (one := _block(box, body)) is not None]
    first = max((box for box in kept if box.page == 0), key=lambda box: box.size, default=None)
    if title is None and first is not None and first.size > HEADING_RATIO * body:
        title = " ".join(first.text.split())
    return Page(title=title, author=author, blocks=tuple(blocks))


def _metadata(content: bytes) -> tuple[str | None, str | None]:
    """Return title and author as the file states them; a file's name, as programs put there, is no title."""
    try:
        info: dict[str, Any] = {}
        for one in PDFDocument(PDFParser(io.BytesIO(content))).info:
            info |= one
        found = [decode_text(value) if isinstance(value := info.get(key), bytes) else "" for key in ("Title", "Author")]
    except Exception as error:  # pdfminer raises whatever a broken file makes it stumble on
        raise _damaged(error) from error
    title = (
        "" if re.search(r"\.(docx?|pdf|indd|pptx?|xlsx?|qxd)\b|^(untitled|sans titre|microsoft word)", found[0], re.I) else found[0]
    )
    return title.strip() or None, found[1].strip() or None


def _damaged(error: Exception) -> SourceDamaged:
    kind = type(error).__name__
    if "Password" in kind or "Encrypt" in kind:
        return SourceDamaged("the PDF is protected by a password: save it without one")
    return SourceDamaged(f"the PDF can't be read ({kind}: {str(error)[:100]}): save it again, or print it to a new PDF")


def _boxes(content: bytes) -> tuple[list[Box], int, bool]:
    """Return the boxes of all pages as they are read, the number of pages, and whether there are pictures on any."""
    boxes: list[Box] = []
    pages, has_pictures = 0, False
    try:
        for pages, sheet in enumerate(read_sheets(content, MAX_PAGES + 1), 1):  # noqa: B007 - the last one is their number
            has_pictures = has_pictures or sheet.has_pictures
            boxes += [part for box in sheet.boxes for part in _items(box)]
    except SourceError:
        raise
    except Exception as error:
        raise _damaged(error) from error
    if pages > MAX_PAGES:
        raise SourceTooLarge(f"the PDF has more than {MAX_PAGES} pages: add the part that matters")
    return boxes, pages, has_pictures


def _items(box: Box) -> list[Box]:
    """Cut a box before each line that begins with a bullet."""
    parts = re.split(rf"\n(?=\s*{_BULLET})", box.text)
    return [replace(box, text=part) for part in parts]


def _without_running_lines(boxes: Sequence[Box], pages: int) -> list[Box]:
    """Leave out heads, feet and page numbers: what returns, but for its figures, in the margin of two pages and of half of them."""
    seen: dict[str, set[int]] = {}
    for box in boxes:
        if box.in_margin:
            seen.setdefault(_shape(box.text), set()).add(box.page)
    running = {shape for shape, on in seen.items() if len(on) >= max(2, pages / 2)}
    number = re.compile(r"\W*(?:page\W*)?\d{1,4}\W*(?:(?:/|de|of|sur)\W*\d{1,4}\W*)?", re.I)

    def is_running(box: Box) -> bool:
        is_number = len(box.text) <= MARGIN_CHARS and number.fullmatch(box.text) is not None
        return box.in_margin and (is_number or _shape(box.text) in running)

    return [box for box in boxes if not is_running(box)]


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split())).casefold()


def _body_size(boxes: Sequence[Box]) -> float:
    sizes: Counter[float] = Counter()
    for box in boxes:
        sizes[box.size] += len(box.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _joined(boxes: Sequence[Box], body: float) -> list[Box]:
    """Undo line ends and hyphenation, and join a paragraph that was cut by a wide line, a column's end or a page's."""
    words = Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", " ".join(box.text for box in boxes).casefold()))
    joined: list[Box] = []
    for box in boxes:
        text = _one_line(box.text, words)
        if joined and _goes_on(joined[-1], box, body):
            head, space, last = joined[-1].text.rpartition(" ")
            joined[-1] = replace(box, text=head + space + _one_line(f"{last}\n{text}", words))
        else:
            joined.append(replace(box, text=text))
    return joined


def _goes_on(before: Box, box: Box, body: float) -> bool:
    if (
        before.size != box.size
        or box.size > HEADING_RATIO * body
        or not _is_open(before.text)
        or re.match(rf"\s*{_BULLET}", box.text)
    ):
        return False
    gap = before.bottom - box.top
    is_next_line = before.page == box.page and 0 <= gap < box.size and abs(before.x0 - box.x0) < 2 * box.size
    return is_next_line or (box.text.lstrip()[:1].islower() and not is_next_line)


def _is_open(text: str) -> bool:
    return not text.rstrip().endswith(tuple('.!?:;…»”")'))


def _one_line(text: str, words: Counter[str]) -> str:
    """Join lines; a word cut by a hyphen is written as the document writes it elsewhere, else in one."""

    def mended(match: re.Match[str]) -> str:
        first, last = match[1], match[2]
        hyphened = words[f"{first}-{last}".casefold()] and not words[f"{first}{last}".casefold()]
        return f"{first}-{last}" if hyphened else f"{first}{last}"

    text = text.replace("\u00ad\n", "").replace("\u00ad", "")
    return " ".join(re.sub(r"(?<![^\W\d_])([^\W\d_]+)[-\u2010]\n([^\W\d_]+)", mended, text).split("\n"))


def _block(box: Box, body: float) -> Block | None:
    bullet = re.match(rf"\s*{_BULLET}(.*)", box.text, re.S)
    if bullet:
        return block("item", bullet[1])
    is_heading = box.size > HEADING_RATIO * body and len(box.text) <= HEADING_CHARS
    return block("heading" if is_heading else "paragraph", box.text)
