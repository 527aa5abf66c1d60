"""A PDF -> paragraphs and headings in reading order, without the lines that stand on every page.

pdfminer.six groups lines into boxes by their place on the page, so that columns stay apart and a box is a paragraph.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pdfminer.high_level import extract_pages
from pdfminer.layout import LAParams, LTChar, LTFigure, LTImage, LTTextBox, LTTextLine
from pdfminer.pdfdocument import PDFDocument
from pdfminer.pdfparser import PDFParser
from pdfminer.utils import decode_text

from clusterbot.errors import NoText, ScannedPages, SourceDamaged, SourceTooLarge
from clusterbot.ingest.parsed import Block, Page, block

MAX_PAGES = 400
MARGIN = 0.1
"""Share of a page's height, above and below, in which a line that returns on every other page is no part of the text."""
HEADING_RATIO = 1.15
"""A short box whose letters are this much larger than most letters of the document is a heading."""
HEADING_CHARS = 200
SCANNED_CHARS = 25
"""Fewer letters a page than this, and pictures: the pages are pictures of pages."""

_BULLET = r"[•‣▪●◦–-]\s+"


@dataclass(frozen=True, slots=True)
class _Box:
    page: int
    text: str
    size: float
    in_margin: bool
    x0: float
    x1: float
    bottom: float
    top: float


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


def _boxes(content: bytes) -> tuple[list[_Box], int, bool]:
    boxes: list[_Box] = []
    pages, has_pictures = 0, False
    try:
        for number, page in enumerate(extract_pages(io.BytesIO(content), maxpages=MAX_PAGES + 1, laparams=LAParams())):
            pages = number + 1
            has_pictures = has_pictures or any(isinstance(one, LTFigure | LTImage) for one in page)
            found = [_box(one, number, page.height) for one in page if isinstance(one, LTTextBox)]
            boxes += [part for box in in_order([one for one in found if one.text.strip()]) for part in _items(box)]
    except Exception as error:
        raise _damaged(error) from error
    if pages > MAX_PAGES:
        raise SourceTooLarge(f"the PDF has more than {MAX_PAGES} pages: add the part that matters")
    return boxes, pages, has_pictures


def _box(element: LTTextBox, page: int, height: float) -> _Box:
    lines = [line.get_text().strip() for line in element if isinstance(line, LTTextLine)]
    text = re.sub(r"(?<!\S)\(cid:\d+\)(?=\s)", "•", "\n".join(lines))  # a letter that its font doesn't name, most often a bullet
    in_margin = element.y0 > (1 - MARGIN) * height or element.y1 < MARGIN * height
    size = _size(element)
    return _Box(page, re.sub(r"\(cid:\d+\)", "", text), size, in_margin, element.x0, element.x1, element.y0, element.y1)


def _items(box: _Box) -> list[_Box]:
    """Cut a box before each line that begins with a bullet."""
    parts = re.split(rf"\n(?=\s*{_BULLET})", box.text)
    return [replace(box, text=part) for part in parts]


def in_order(boxes: Sequence[_Box]) -> list[_Box]:
    """Return the boxes of a page as they are read: column by column where a gutter parts them, else from the top."""
    ordered: list[_Box] = []
    left = sorted(boxes, key=lambda box: (-box.top, box.x0))
    while left:
        size = next((n for n in range(len(left), 1, -1) if _is_cut(left, n) and _columns(left[:n])), 0)
        columns = _columns(left[:size]) if size else None
        ordered += [*in_order(columns[0]), *in_order(columns[1])] if columns else left[:1]
        left = left[size or 1 :]
    return ordered


def _is_cut(boxes: Sequence[_Box], n: int) -> bool:
    """Say whether the first n boxes stand above all others."""
    return n == len(boxes) or min(box.bottom for box in boxes[:n]) >= max(box.top for box in boxes[n:]) - 1


def _columns(boxes: Sequence[_Box]) -> tuple[list[_Box], list[_Box]] | None:
    """Part boxes at the first gutter with lines of text side by side; None where there is no gutter."""
    edge = 0.0
    by_side = sorted(boxes, key=lambda box: box.x0)
    for n, box in enumerate(by_side):
        if n and box.x0 > edge:
            first, second = by_side[:n], by_side[n:]
            height = min(max(one.top for one in side) - min(one.bottom for one in side) for side in (first, second))
            if height > 3 * max(one.size for one in boxes):  # one line beside another is no column
                return first, second
        edge = max(edge, box.x1)
    return None


def _size(element: LTTextBox) -> float:
    sizes = Counter(
        round(char.size, 1) for line in element if isinstance(line, LTTextLine) for char in line if isinstance(char, LTChar)
    )
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _without_running_lines(boxes: Sequence[_Box], pages: int) -> list[_Box]:
    """Leave out heads, feet and page numbers: what returns, but for its figures, in the margin of two pages and of half of them."""
    seen: dict[str, set[int]] = {}
    for box in boxes:
        if box.in_margin:
            seen.setdefault(_shape(box.text), set()).add(box.page)
    running = {shape for shape, on in seen.items() if len(on) >= max(2, pages / 2)}
    number = re.compile(r"\W*(?:page\W*)?\d{1,4}\W*(?:(?:/|de|of|sur)\W*\d{1,4}\W*)?", re.I)
    return [box for box in boxes if not (box.in_margin and (_shape(box.text) in running or number.fullmatch(box.text.strip())))]


def _shape(text: str) -> str:
    return re.sub(r"\d+", "0", " ".join(text.split())).casefold()


def _body_size(boxes: Sequence[_Box]) -> float:
    sizes: Counter[float] = Counter()
    for box in boxes:
        sizes[box.size] += len(box.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


def _joined(boxes: Sequence[_Box], body: float) -> list[_Box]:
    """Undo line ends and hyphenation, and join a paragraph that was cut by a wide line, a column's end or a page's."""
    words = Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", " ".join(box.text for box in boxes).casefold()))
    joined: list[_Box] = []
    for box in boxes:
        text = _one_line(box.text, words)
        if joined and _goes_on(joined[-1], box, body):
            both = _one_line(f"{joined[-1].text}\n{text}", words)
            joined[-1] = replace(box, page=box.page, text=both)
        else:
            joined.append(replace(box, text=text))
    return joined


def _goes_on(before: _Box, box: _Box, body: float) -> bool:
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
    return not re.search(r"[.!?:;…»”\")]\s*$", text)


def _one_line(text: str, words: Counter[str]) -> str:
    """Join lines; a word cut by a hyphen is written as the document writes it elsewhere, else in one."""

    def mended(match: re.Match[str]) -> str:
        first, last = match[1], match[2]
        hyphened = words[f"{first}-{last}".casefold()] and not words[f"{first}{last}".casefold()]
        return f"{first}-{last}" if hyphened else f"{first}{last}"

    text = text.replace("\u00ad\n", "").replace("\u00ad", "")
    return " ".join(re.sub(r"([^\W\d_]+)[-\u2010]\n([^\W\d_]+)", mended, text).split("\n"))


def _block(box: _Box, body: float) -> Block | None:
    bullet = re.match(rf"\s*{_BULLET}(.*)", box.text, re.S)
    if bullet:
        return block("item", bullet[1])
    is_heading = box.size > HEADING_RATIO * body and len(box.text) <= HEADING_CHARS
    return block("heading" if is_heading else "paragraph", box.text)
