"""Quantities and years of a text in one form for both languages and all notations: exact decimals, unit, precision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from clusterbot.models import Lang
from clusterbot.text import fold

Precision = Literal["exact", "about", "at_least", "at_most"]

_GROUP = "[ \u00a0\u2009\u202f]"
_DIGITS: dict[Lang, str] = {
    "fr": rf"(?:\d{{1,3}}(?:{_GROUP}\d{{3}}(?!\d))+|\d{{1,3}}(?:,\d{{3}}){{2,}}|\d+)(?:[.,]\d+)?",
    "en": rf"(?:\d{{1,3}}(?:(?:,|{_GROUP})\d{{3}}(?!\d))+|\d+)(?:[.,]\d+)?",
}
_UNITS_FR = (
    "zero",
    "un",
    "deux",
    "trois",
    "quatre",
    "cinq",
    "six",
    "sept",
    "huit",
    "neuf",
    "dix",
    "onze",
    "douze",
    "treize",
    "quatorze",
    "quinze",
    "seize",
)
_UNITS_EN = (
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS_EN = (
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
)
_SMALL: dict[Lang, dict[str, int]] = {
    "fr": {word: value for value, word in enumerate(_UNITS_FR)}
    | {"une": 1, "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60},
    "en": {word: value for value, word in enumerate(_UNITS_EN)}
    | {word: 10 * value for value, word in enumerate(_TENS_EN, start=2)},
}
_BIG: dict[Lang, dict[str, int]] = {
    "fr": {"mille": 1000, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9},
    "en": {"thousand": 1000, "million": 10**6, "millions": 10**6, "billion": 10**9, "billions": 10**9},
}
_HUNDRED: dict[Lang, frozenset[str]] = {"fr": frozenset(["cent", "cents"]), "en": frozenset(["hundred"])}
_DOZENS = {"dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40}
_DOZENS |= {"cinquantaine": 50, "soixantaine": 60, "centaine": 100, "millier": 1000, "dozen": 12}
_SCALES = {"k": 1000, "m": 10**6, "mm": 10**6, "g": 10**9, "b": 10**9, "bn": 10**9, "md": 10**9}
_SCALES |= {"mille": 1000, "thousand": 1000, "million": 10**6, "milliard": 10**9, "billion": 10**9}
_CURRENCY = {"$": "CAD", "us$": "USD", "$us": "USD", "usd": "USD", "c$": "CAD", "ca$": "CAD", "cad": "CAD", "€": "EUR"}
_CURRENCY |= {"euro": "EUR", "euros": "EUR", "dollar": "CAD", "dollars": "CAD", "£": "GBP"}
_MONEY = r"US\$|CA\$|C\$|\$\s?US|\$|€|£|USD|CAD|dollars?(?: américains?)?|US dollars?|euros?"
_NUMBER: dict[Lang, re.Pattern[str]] = {
    lang: re.compile(
        rf"(?P<lead>(?:US\$|CA\$|C\$|\$|€|£)\s?)?(?<![\w.,])(?P<digits>{digits})"
        rf"(?:[ \u00a0\u202f-]?(?P<scale>(?:milliards?|billions?|millions?|mille|thousand|bn|MM|Md|[MBkKG](?=\s?[$€£]|\b(?!\w)))))?"
        rf"(?:{_GROUP}?(?:de |d[’'])?(?P<unit>{_MONEY}|%|p\. ?100|pour cent|per ?cent))?(?![\d])",
    )
    for lang, digits in _DIGITS.items()
}
_BEFORE: tuple[tuple[Precision, re.Pattern[str]], ...] = (
    ("at_least", re.compile(r"\b(plus d[e']|au moins|depass\w+|au-dela de|more than|at least|over|above|exceed\w*) ?(l[ae]s? )?$")),
    ("at_most", re.compile(r"\b(moins d[e']|au plus|jusqu'a|less than|fewer than|at most|under|up to|below) ?$")),
    (
        "about",
        re.compile(r"\b(environ|pres d[e']|quelque|autour de|presque|about|around|nearly|almost|some|roughly|approximately) ?$"),
    ),
)
_AFTER: tuple[tuple[Precision, re.Pattern[str]], ...] = (
    ("at_least", re.compile(r"^ ?(\+|ou plus|et plus|or more|and more)")),
    ("about", re.compile(r"^ ?(environ|approximativement|or so|approximately)\b")),
)
_YEAR = re.compile(r"(?<![\d.,$])(1[89]\d\d|20\d\d)(?:[-–/](\d{4}|\d{2})(?!\d))?(?![\d%]|[ \u00a0]?[%$]|[.,]\d)")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as meant: `low` to `high` in whole units (`13 milliards` is 13000000000), and how exactly it is meant."""

    start: int
    end: int
    low: Decimal
    high: Decimal
    unit: str | None
    precision: Precision


@dataclass(frozen=True, slots=True)
class Years:
    """A calendar or fiscal year, or a span of years, written in a text."""

    start: int
    end: int
    first: int
    last: int


def find_years(text: str) -> list[Years]:
    """Find the years of a text: `2013`, `2013-2014`, `2013-14`."""
    found = []
    for match in _YEAR.finditer(text):
        first, end = int(match[1]), match[2]
        last = first if end is None else int(end if len(end) == 4 else match[1][:2] + end)
        found.append(Years(match.start(), match.end(), first, last) if last >= first else Years(*match.span(1), first, first))
    return found


def find_quantities(text: str, lang: Lang) -> list[Quantity]:
    """Find the quantities of a text that are no years, in order; a range is one quantity."""
    years = [(one.start, one.end) for one in find_years(text)]
    found = [*_in_digits(text, lang), *_in_words(text, lang)]
    free = [one for one in found if not any(one.start < end and start < one.end for start, end in years)]
    return _with_ranges(text, sorted(free, key=lambda one: one.start))


def _in_digits(text: str, lang: Lang) -> Iterator[Quantity]:
    for match in _NUMBER[lang].finditer(text):
        value = _decimal(match["digits"], lang)
        scale = (match["scale"] or "").lower().rstrip("s")
        value *= _SCALES[scale] if scale else 1
        unit = _unit(match["lead"] or match["unit"])
        yield Quantity(*match.span(), value, value, unit, _precision(text, *match.span()))


def _decimal(written: str, lang: Lang) -> Decimal:
    bare = re.sub(_GROUP, "", written)
    if bare.count(",") > 1 or "." in bare or (lang == "en" and re.search(r",\d{3}(?!\d)", bare)):
        return Decimal(bare.replace(",", ""))
    return Decimal(bare.replace(",", "."))


def _unit(written: str | None) -> str | None:
    if written is None:
        return None
    folded = fold(written).strip()
    if folded.startswith(("%", "p", "per")):
        return "%"
    if "americain" in folded or folded.startswith("us"):
        return "USD"
    return _CURRENCY[re.sub(r"\s", "", folded)]


def _precision(text: str, start: int, end: int) -> Precision:
    before, after = fold(text[max(0, start - 25) : start]), fold(text[end : end + 20])
    for precision, pattern in _BEFORE:
        if pattern.search(before):
            return precision
    return next((precision for precision, pattern in _AFTER if pattern.search(after)), "exact")


def _in_words(text: str, lang: Lang) -> Iterator[Quantity]:
    """Yield numbers that are spelled out; a lone `un`, `une` or `one` is an article, not a number."""
    words = [(match.start(), match.end(), fold(match.group())) for match in _WORD.finditer(text)]
    place = 0
    while place < len(words):
        value, used = _spelled([word for _, _, word in words[place : place + 12]], lang)
        start = words[place][0]
        rounded = _DOZENS.get(words[place][2].rstrip("s"))
        if used and value > 1:
            end = words[place + used - 1][1]
            money = re.match(rf"[ \u00a0](?:de |d[’'])?({_MONEY}|%|pour cent|per ?cent)", text[end:])
            tail = end + (money.end() if money else 0)
            unit = _unit(money[1]) if money else None
            yield Quantity(start, tail, Decimal(value), Decimal(value), unit, _precision(text, start, end))
        elif rounded and place and words[place - 1][2] in ("une", "un", "a"):
            yield Quantity(start, words[place][1], Decimal(rounded), Decimal(rounded), None, "about")
        place += max(used, 1)


def _spelled(words: list[str], lang: Lang) -> tuple[int, int]:
    """Return the number that the first words spell, and how many words it takes (0 where they spell none)."""
    total = part = used = 0
    for place, word in enumerate(words):
        if word in _SMALL[lang]:
            value = _SMALL[lang][word]
            is_eighty = word.startswith("vingt") and part % 100 == 4
            part = part + 76 if is_eighty else part + value
        elif word in _HUNDRED[lang] and (lang == "fr" or part):
            part = max(part, 1) * 100
        elif word in _BIG[lang] and (part or word == "mille"):
            total, part = total + max(part, 1) * _BIG[lang][word], 0
        elif word in ("et", "and") and used and place + 1 < len(words) and words[place + 1] in _SMALL[lang] and (part or total):
            continue
        else:
            break
        used = place + 1
    return total + part, used


def _with_ranges(text: str, found: list[Quantity]) -> list[Quantity]:
    """Join `de 10 à 15 %`, `between 10 and 15`, `10-15` into one quantity each."""
    joined: list[Quantity] = []
    for one in found:
        previous = joined[-1] if joined else None
        if previous and previous.end <= one.start and previous.low < one.low and _is_range(text, previous, one):
            joined[-1] = Quantity(previous.start, one.end, previous.low, one.high, one.unit or previous.unit, "exact")
        elif previous is None or one.start >= previous.end:
            joined.append(one)
    return joined


def _is_range(text: str, first: Quantity, second: Quantity) -> bool:
    between, before = fold(text[first.end : second.start]).strip(), fold(text[max(0, first.start - 10) : first.start])
    if between in ("et", "and"):
        return bool(re.search(r"\b(entre|between) $", before))
    return between in ("-", "–", "a", "to") and (first.unit in (None, second.unit))
