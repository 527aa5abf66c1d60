"""The kind of thing that a question asks for, in a sentence: whether it is there, and which words tell it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from clusterbot.analysis import analyse
from clusterbot.models import Lang, Span
from clusterbot.quantities import find_quantities
from clusterbot.questions import Asks
from clusterbot.text import MONTHS, find_numbers, fold

_YEAR = re.compile(r"(1[89]|20)\d\d")
_YEARS = re.compile(r"(?<![\d.,$])(?:1[89]|20)\d\d(?:[-–/](?:\d{4}|\d{2})(?!\d))?(?![\d%]|[ \u00a0]?[%$]|[.,]\d)")
_PERSON = re.compile(r"\b[A-ZÀ-Ý][\w’'-]+ (?:[A-Z]\. |d[eu’'] ?|St-|Le )?[A-ZÀ-Ý][\w’'-]+")
_MONEY = re.compile(r"\$|\b(dollars?|millions?|milliards?|billions?)\b")
_MONTH = "|".join(month for months in MONTHS.values() for month in months)
_DATE = re.compile(rf"(?:\b\d{{1,2}}(?:er|ᵉʳ)? )?\b(?:{_MONTH})\b(?: \d{{1,2}},)?(?: of|,)? (?:1[89]|20)\d\d\b", re.IGNORECASE)
_NEXT_WORD = re.compile(r"[ \u00a0][^\W\d_][\w’'-]*")


def holds(text: str, lang: Lang, asks: Asks) -> bool:
    """Say whether a sentence holds the kind of thing that is asked for."""
    match asks:
        case "number":
            return any(not _YEAR.fullmatch(number.value) for number in find_numbers(text, lang))
        case "money":
            return bool(_MONEY.search(text)) and bool(find_numbers(text, lang))
        case "date":
            return bool(_YEAR.search(text))
        case "person":
            return bool(_PERSON.search(text))
    return False


def telling_words(text: str, lang: Lang, asks: Asks, question: str) -> list[Span]:
    """Return the words of a sentence that tell what is asked for, in order, none overlapping; not those of the question itself."""
    asked = fold(question)
    spans: list[Span] = []
    for span in sorted(_words(text, lang, asks), key=lambda one: (one.start, -one.end)):
        if fold(text[span.start : span.end]) not in asked and (not spans or span.start >= spans[-1].end):
            spans.append(span)
    wanted = set(analyse(question, lang))
    named = [span for span in spans if wanted & set(analyse(text[span.start : span.end], lang))] if asks == "number" else []
    return named or spans  # where "42 500 emplois" are asked for, not the figures beside them


def _counts(text: str, lang: Lang) -> Iterator[Span]:
    """Yield the quantities that are no part of a date, each with what is counted: "120 membres"."""
    dates = [match.span() for match in _DATE.finditer(text)]
    for one in find_quantities(text, lang):
        if one.kind != "rank" and not any(start <= one.start < end for start, end in dates):
            after = _NEXT_WORD.match(text, one.end) if one.unit is None else None
            is_counted = after is not None and bool(analyse(after.group(), lang))  # "72 of them" counts no "of"
            yield Span(one.start, after.end() if after and is_counted else one.end)


def _words(text: str, lang: Lang, asks: Asks) -> Iterator[Span]:
    match asks:
        case "number":
            yield from _counts(text, lang)
        case "money":
            yield from (Span(one.start, one.end) for one in find_quantities(text, lang) if one.kind == "money")
        case "date":
            yield from (Span(*match.span()) for match in _DATE.finditer(text))
            yield from (Span(*match.span()) for match in _YEARS.finditer(text))
        case "person":
            yield from (Span(*match.span()) for match in _PERSON.finditer(text))
