"""Plain text work for French and English: normalise, fold, read numbers and dates, split sentences, tokenise."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import sentencex

from clusterbot.models import Lang

MAX_SENTENCE_CHARS = 1000  # a longer one is not prose: text without punctuation, a table, an attack
MAX_SEGMENT_CHARS = 10_000
REMEMBERED_FOLDS = 1024  # a sentence is folded once for each fact of its page, and again for the next question

_GROUP = "[ \u00a0\u2009\u202f]"
_NUMBER: dict[Lang, re.Pattern[str]] = {  # each begins with a digit, to which `re` then jumps: ten times as fast
    "fr": re.compile(rf"\d(?:(?<![\d.,]\d)\d{{,2}}(?:{_GROUP}\d{{3}}(?!\d))+(?:,\d+)?|\d*(?:,\d+)?)"),
    "en": re.compile(r"\d(?:(?<![\d.,]\d)\d{,2}(?:,\d{3}(?!\d))+(?:\.\d+)?|\d{,2}(?:[\u00a0\u202f]\d{3}(?!\d))+|\d*(?:\.\d+)?)"),
}
_MONTHS_FR = "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
_MONTHS_EN = "January February March April May June July August September October November December"
MONTHS: dict[Lang, tuple[str, ...]] = {"fr": tuple(_MONTHS_FR.split()), "en": tuple(_MONTHS_EN.split())}


@dataclass(frozen=True, slots=True)
class Number:
    """A number written in a text, and its value in plain notation (`1 234,5` is `1234.5`)."""

    start: int
    end: int
    value: str


def find_numbers(text: str, lang: Lang) -> list[Number]:
    """Find the numbers of a text in its language's notation, thousands and decimals whole."""
    return [Number(match.start(), match.end(), _plain_number(match.group(), lang)) for match in _NUMBER[lang].finditer(text)]


def _plain_number(written: str, lang: Lang) -> str:
    if written.isdigit():
        return written
    bare = re.sub(_GROUP, "", written)
    bare = bare.replace(",", ".") if lang == "fr" else bare.replace(",", "")
    whole, point, decimals = bare.partition(".")
    decimals = decimals.rstrip("0")
    return whole + (f".{decimals}" if point and decimals else "")


def plain_value(value: float) -> str:
    """Return a number as `find_numbers` gives it: `1234.5`, without an exponent or closing zeros."""
    return f"{value:.10f}".rstrip("0").rstrip(".")


def date_forms(date: str, lang: Lang) -> list[str]:
    """Return the ways in which a page writes a date, most precise first: `2013-05-06` is `6 mai 2013` and so on."""
    parts = [int(part) for part in date.split("-")]
    if len(parts) == 1:
        return [date]
    year, month_name = parts[0], MONTHS[lang][parts[1] - 1]
    if len(parts) == 2:
        return [f"{month_name} {year}", f"{month_name} of {year}", f"{month_name}, {year}"]
    day = parts[2]
    if lang == "fr":
        return [f"{'1er' if day == 1 else day} {month_name} {year}", f"1ᵉʳ {month_name} {year}"]
    return [f"{month_name} {day}, {year}", f"{day} {month_name} {year}"]


@lru_cache(maxsize=REMEMBERED_FOLDS)
def fold(text: str) -> str:
    """Fold case, accents, ligatures and typographic apostrophes; lengths may change."""
    if text.isascii():
        return text.casefold()
    for written, plain in _PLAIN:  # one after the other takes a tenth of what `translate` does
        text = text.replace(written, plain)
    decomposed = _MARKS.sub("", unicodedata.normalize("NFKD", text))
    return _NOT_ASCII.sub(_without_mark, decomposed).casefold()


_PLAIN = (("’", "'"), ("ʼ", "'"), ("œ", "oe"), ("Œ", "oe"), ("æ", "ae"), ("Æ", "ae"))
_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]")  # of Latin letters: all of their block but one that combines with nothing
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def _without_mark(char: re.Match[str]) -> str:
    return "" if unicodedata.combining(char[0]) else char[0]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, heading or list item, as a half-open range of characters without the white space and markers around it."""

    start: int
    end: int
    is_heading: bool = False


def split_sentences(text: str, lang: Lang) -> list[Sentence]:
    """Split Markdown into sentences, in order; headings and list items end where their line ends."""
    found: list[Sentence] = []
    for block in _BLOCK.finditer(text):
        marker = _MARKER.match(block.group())
        start = block.start() + (marker.end() if marker else 0)
        heading = bool(marker and marker.group().lstrip().startswith("#"))
        body = text[start : block.end()]
        bounds = [(0, len(body))] if heading else _boundaries(body, lang)
        for first, last in bounds:
            piece = body[first:last]
            lead = len(piece) - len(piece.lstrip())
            if piece.strip():
                found.append(Sentence(start + first + lead, start + first + len(piece.rstrip()), heading))
    return found


# A block is a heading, list item, table row or quoted line of its own, or a run of other lines.
_MARKER = re.compile(r"[ \t]*(?:#{1,6}[ \t]+|[-*+][ \t]+|\d{1,3}[.)][ \t]+|>[ \t]?|\|)")
_BLOCK = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]|\|)[^\n]*$"
    r"|^(?=[^\n]*\S)[^\n]+(?:\n(?![ \t]*(?:#{1,6}[ \t]|[-*+][ \t]|\d{1,3}[.)][ \t]|>|\|))(?=[^\n]*\S)[^\n]+)*",
    re.MULTILINE,
)


# What sentencex takes for an end, mostly in French: a title or an initial, "no." before a figure, "inc." before a small letter.
_TITLE = re.compile(r"(?:^|[\s(«’']|\.-)(?:MM?|Mmes?|Mlles?|Me|Mgr|Dre?s?|Pr|Prof|Ste?|av|boul|[A-ZÀ-Ý])\.\s*$")
_BEFORE_FIGURE = re.compile(
    r"(?:^|[\s(’'])(?:nos?|art|pp?|vol|fig|chap|tél|env|approx|janv|févr|juill|sept|oct|nov|déc)\.\s*$", re.I
)
_BEFORE_SMALL = re.compile(r"\b(?:inc|ltée|ltd|cie|corp|co|etc|al|env|approx|éd|cf|av|boul|t|h)\.\s*$", re.I)


def _boundaries(body: str, lang: Lang) -> list[tuple[int, int]]:
    """Return the ranges of sentences; one longer than MAX_SENTENCE_CHARS is cut between words."""
    ranges: list[tuple[int, int]] = []
    for start, end in _joined(body, lang):
        while end - start > MAX_SENTENCE_CHARS:
            cut = max(body.rfind(mark, start + 1, start + MAX_SENTENCE_CHARS) for mark in (" ", "\n"))
            cut = cut if cut > start else start + MAX_SENTENCE_CHARS
            ranges.append((start, cut))
            start = cut
        ranges.append((start, end))
    return ranges


def _joined(body: str, lang: Lang) -> list[tuple[int, int]]:
    """Return sentencex's ranges, joined where no sentence ends."""
    joined: list[tuple[int, int]] = []
    for first, last in _segments(body):
        for boundary in sentencex.get_sentence_boundaries(lang, body[first:last]):
            start, end = first + boundary["start_index"], first + boundary["end_index"]
            if joined and not _ends_sentence(body[max(joined[-1][0], start - 20) : start], body[start:end]):
                start = joined.pop()[0]
            joined.append((start, end))
    return joined


def _segments(body: str) -> Iterator[tuple[int, int]]:
    """Cut a block that no one wrote as a paragraph: sentencex takes a time that grows with the square of open quotation marks."""
    start = 0
    while len(body) - start > MAX_SEGMENT_CHARS:
        cut = max(body.rfind(mark, start + 1, start + MAX_SEGMENT_CHARS) for mark in (". ", "\n")) + 1
        cut = cut if cut > start else start + MAX_SEGMENT_CHARS
        yield start, cut
        start = cut
    yield start, len(body)


def _ends_sentence(before: str, after: str) -> bool:
    if not (before[-1:].isspace() or after[:1].isspace()):
        return False
    following = after.lstrip()[:1]
    if _TITLE.search(before) or (following.isdigit() and _BEFORE_FIGURE.search(before)):
        return False
    return not (following.islower() and _BEFORE_SMALL.search(before))
