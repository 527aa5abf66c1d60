"""The pages of a PDF -> boxes of text in reading order.

pdfminer.six finds letters and puts them into lines. What comes then is ours: pdfminer's own grouping takes time with the square and
the cube of the lines on a page, and a file of 3 kB can draw thousands. Here each step is bounded by what a page that is read holds.
"""

from __future__ import annotations

import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from pdfminer.converter import PDFPageAggregator
from pdfminer.layout import LAParams, LTChar, LTFigure, LTImage, LTPage, LTTextLine
from pdfminer.pdfinterp import PDFPageInterpreter, PDFResourceManager
from pdfminer.pdfpage import PDFPage
from pdfminer.utils import Matrix

from clusterbot.errors import SourceTooHard

MARGIN = 0.1
"""Share of a page's height, above and below, in which a line that returns on every other page is no part of the text."""
MAX_LETTERS = 40_000
"""Letters on one page: a broadsheet newspaper's page in small print has about 20,000."""
MAX_BOXES = 300
"""On a page with more boxes than this no columns are looked for: it is a table or a drawing, which is read from the top."""
NEAR_LINES = 100
"""With so many lines, of those that begin just above a line, it is compared: more of them lie only where text covers text."""
LINE_MARGIN = 0.5
"""Lines nearer than this share of their height, of like height and aligned, are one paragraph: pdfminer's own default."""


@dataclass(frozen=True, slots=True)
class Box:
    """A paragraph as it stands on its page; lengths in points, from the page's lower left corner."""

    page: int
    text: str
    size: float
    in_margin: bool
    x0: float
    x1: float
    bottom: float
    top: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page: its boxes in reading order, and whether there is a picture on it."""

    boxes: tuple[Box, ...]
    has_pictures: bool


class _Letters(PDFPageAggregator):
    """Keeps the letters and pictures of a page; lines and curves tell nothing here."""

    letters = 0

    def begin_page(self, page: PDFPage, ctm: Matrix) -> None:
        self.letters = 0
        super().begin_page(page, ctm)

    def render_char(self, *given: Any) -> float:  # noqa: ANN401 - handed on as pdfminer gives them
        self.letters += 1
        if self.letters > MAX_LETTERS:
            raise SourceTooHard(f"page {self.pageno} of the PDF holds more than {MAX_LETTERS:,} letters: add its text")
        return super().render_char(*given)

    def paint_path(self, *_: object) -> None:
        pass


def read_sheets(content: bytes, max_pages: int) -> Iterator[Sheet]:
    """Yield the first pages of a PDF.

    Raises:
        SourceTooHard: a page holds more letters than a page can.
        Exception: whatever pdfminer stumbles on in a broken file.
    """
    resources = PDFResourceManager()
    letters = _Letters(resources)
    interpreter = PDFPageInterpreter(resources, letters)
    for number, page in enumerate(PDFPage.get_pages(io.BytesIO(content), maxpages=max_pages)):
        interpreter.process_page(page)
        yield _sheet(letters.get_result(), number)


def _sheet(page: LTPage, number: int) -> Sheet:
    chars = [one for one in page if isinstance(one, LTChar)]
    grouped = page.group_objects(LAParams(), chars) if chars else ()
    lines = [line for line in grouped if not line.is_empty()]
    boxes = [_box(group, number, page.height) for group in _paragraphs(lines)]
    has_pictures = any(isinstance(one, LTFigure | LTImage) for one in page)
    return Sheet(tuple(in_order([box for box in boxes if box.text])), has_pictures)


def _paragraphs(lines: Sequence[LTTextLine]) -> list[list[LTTextLine]]:
    """Group lines that are near each other, from the top of each group; what is near a near line belongs to it too."""
    by_place = sorted(lines, key=lambda line: line.y0)
    parents = list(range(len(by_place)))

    def root(n: int) -> int:
        while parents[n] != n:
            parents[n] = n = parents[parents[n]]
        return n

    for n, line in enumerate(by_place):
        for m in range(n + 1, min(n + 1 + NEAR_LINES, len(by_place))):
            other = by_place[m]
            if other.y0 >= line.y0 + 2 * line.height:  # farther than any line as high as this one, and half again, can be near
                break
            if _is_near(line, other) or _is_near(other, line):
                parents[root(n)] = root(m)
    groups: dict[int, list[LTTextLine]] = {}
    for n, line in enumerate(by_place):
        groups.setdefault(root(n), []).append(line)
    return [sorted(group, key=lambda line: (-line.y1, line.x0)) for group in groups.values()]


def _is_near(line: LTTextLine, other: LTTextLine) -> bool:
    """Say whether another line stands close above, below or on a line, is as high, and begins, ends or is centred where it does."""
    margin = LINE_MARGIN * line.height
    return (
        abs(other.height - line.height) <= margin
        and other.y0 < line.y1 + margin
        and other.y1 > line.y0 - margin
        and other.x0 < line.x1
        and other.x1 > line.x0
        and min(abs(other.x0 - line.x0), abs(other.x1 - line.x1), abs(other.x0 + other.x1 - line.x0 - line.x1) / 2) <= margin
    )


def _box(lines: Sequence[LTTextLine], page: int, height: float) -> Box:
    text = "\n".join(line.get_text().strip() for line in lines)
    text = re.sub(r"(?<!\S)\(cid:\d+\)(?=\s)", "•", text)  # a letter that its font doesn't name, most often a bullet
    sizes = Counter(round(char.size, 1) for line in lines for char in line if isinstance(char, LTChar))
    bottom, top = min(line.y0 for line in lines), max(line.y1 for line in lines)
    return Box(
        page=page,
        text=re.sub(r"\(cid:\d+\)", "", text).strip(),
        size=sizes.most_common(1)[0][0] if sizes else 0.0,
        in_margin=bottom > (1 - MARGIN) * height or top < MARGIN * height,
        x0=min(line.x0 for line in lines),
        x1=max(line.x1 for line in lines),
        bottom=bottom,
        top=top,
    )


def in_order(boxes: Sequence[Box]) -> list[Box]:
    """Return the boxes of a page as they are read: column by column where a gutter parts them, else from the top."""
    left = sorted(boxes, key=lambda box: (-box.top, box.x0))
    if len(left) > MAX_BOXES:
        return left
    ordered: list[Box] = []
    while left:
        size, gutter = _columns(left)
        for column in (True, False) if size else ():
            ordered += in_order([box for box in left[:size] if (box.x0 < gutter) is column])
        ordered += [] if size else left[:1]
        left = left[size or 1 :]
    return ordered


@dataclass(frozen=True, slots=True)
class _Strip:
    """What boxes that are above or below one another, or overlap so, cover."""

    x0: float
    x1: float
    bottom: float
    top: float

    def with_(self, other: _Strip) -> _Strip:
        return _Strip(min(self.x0, other.x0), max(self.x1, other.x1), min(self.bottom, other.bottom), max(self.top, other.top))


def _columns(boxes: Sequence[Box]) -> tuple[int, float]:
    """Return how many of the boxes, from the top, stand in two columns above all others, the most, and where the second begins.

    The boxes are sorted from the top. (0, 0) where there are no columns.
    """
    x0, x1 = min(box.x0 for box in boxes), max(box.x1 for box in boxes)
    bottom, size = math.inf, 0.0
    strips: list[_Strip] = []
    cuts: list[tuple[int, float, list[_Strip]]] = []
    for n, box in enumerate(boxes, 1):
        strips = _added(strips, box)
        if strips[0].x0 <= x0 and strips[0].x1 >= x1:
            break  # nothing that comes can leave a gutter
        bottom, size = min(bottom, box.bottom), max(size, box.size)
        if n == len(boxes) or bottom >= boxes[n].top - 1:
            cuts.append((n, 3 * size, strips))  # one line beside another is no column
    for n, height, strips in reversed(cuts):
        if (gutter := _gutter(strips, height)) is not None:
            return n, gutter
    return 0, 0.0


def _added(strips: Sequence[_Strip], box: Box) -> list[_Strip]:
    """Return strips, from the left, with a box that joins those it touches."""
    joined = _Strip(box.x0, box.x1, box.bottom, box.top)
    for strip in strips:
        if strip.x0 <= box.x1 and strip.x1 >= box.x0:
            joined = joined.with_(strip)
    return [*(one for one in strips if one.x1 < box.x0), joined, *(one for one in strips if one.x0 > box.x1)]


def _gutter(strips: Sequence[_Strip], height: float) -> float | None:
    """Return the right side of the first gutter with more than a height on both sides; None where there is none."""
    firsts = list(accumulate(strips, _Strip.with_))
    lasts = list(accumulate(reversed(strips), _Strip.with_))[::-1]
    for first, last, strip in zip(firsts, lasts[1:], strips[1:], strict=False):
        if min(first.top - first.bottom, last.top - last.bottom) > height:
            return strip.x0
    return None
