"""Dates of a text as periods of days: days, months, seasons, quarters, fiscal years, decades, spans, relative dates.

dateparser reads single dates well, but neither spans, seasons, decades nor fiscal years, and takes today's day and month for what
isn't told (docs/decisions/0018-own-quantities.md).
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from clusterbot.date_rules import written_dates
from clusterbot.models import Lang
from clusterbot.numerals import plain
from clusterbot.relative_dates import relative_dates

DatePrecision = Literal["exact", "about", "at_least", "at_most"]


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of days, first and last included, as wide as the text leaves it; `start` and `end` are places in the text.

    `at_least`: it begins then and has no end (`since 2009`); `at_most`: it ends then (`by 2030`).
    """

    start: int
    end: int
    first: dt.date
    last: dt.date
    precision: DatePrecision = "exact"

    def overlaps(self, other: Period) -> bool:
        """Say whether two periods share a day."""
        return self.first <= other.last and other.first <= self.last

    @property
    def is_day(self) -> bool:
        return self.first == self.last


@lru_cache(4096)
def find_periods(text: str, lang: Lang, written_on: dt.date | None = None) -> tuple[Period, ...]:
    """Find the dates of a text, in order; relative ones (`en mai dernier`) only where it is known when it was written."""
    folded = plain(text).replace("’", "'")
    dated = [*written_dates(folded, lang), *(relative_dates(folded, lang, written_on) if written_on else ())]
    found = [Period(start, end, *days) for start, end, days in dated]
    kept: list[Period] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    joined = _with_spans(folded, sorted(kept, key=lambda one: one.start))
    return tuple(_qualified(folded, one) for one in joined)


def _with_spans(folded: str, found: list[Period]) -> list[Period]:
    """Join `de 2009 à 2014` and `between 2015 and 2017` into one period each."""
    joined: list[Period] = []
    for one in found:
        previous = joined[-1] if joined else None
        if previous and previous.last < one.first and _is_span(folded, previous, one):
            lead = re.search(r"\b(?:de |du |from |entre |between )$", folded[: previous.start])
            joined[-1] = Period(lead.start() if lead else previous.start, one.end, previous.first, one.last)
        else:
            joined.append(one)
    return joined


def _is_span(folded: str, first: Period, second: Period) -> bool:
    between, before = folded[first.end : second.start].strip(), folded[max(0, first.start - 10) : first.start]
    if between in ("et", "and"):
        return bool(re.search(r"\b(entre|between) $", before))
    return between in ("-", "–", "a", "au", "to", "a l'")


_QUALIFIERS: tuple[tuple[DatePrecision, re.Pattern[str]], ...] = (
    ("about", re.compile(r"\b(?:vers|around|circa|about|environ) $")),
    ("at_least", re.compile(r"\b(?:depuis|since|a compter de|a partir de|starting in|as of) $")),
    ("at_most", re.compile(r"\b(?:jusqu'en|jusqu'a|d'ici|by|until) $")),
)
_BEFORE = re.compile(r"\b(?:avant|before) $")


def _qualified(folded: str, one: Period) -> Period:
    before = folded[max(0, one.start - 15) : one.start]
    if match := _BEFORE.search(before):
        eve = one.first - dt.timedelta(days=1)
        return Period(one.start - len(match.group()), one.end, eve, eve, "at_most")
    for precision, pattern in _QUALIFIERS:
        if match := pattern.search(before):
            return replace(one, start=one.start - len(match.group()), precision=precision)
    return one
