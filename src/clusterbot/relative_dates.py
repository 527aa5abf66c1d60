"""Dates that are told from the day of writing: `en mai dernier`, `l’an dernier`, `two years ago`, `next summer`."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

from clusterbot.date_rules import SEASON, SEASONS, Days, month_of, months, whole_month
from clusterbot.models import Lang
from clusterbot.numerals import find_numerals

Builder = Callable[[re.Match[str], dt.date], Days]
_PAST = frozenset(["dernier", "derniere", "passe", "passee", "last"])


def relative_dates(folded: str, lang: Lang, written_on: dt.date) -> Iterator[tuple[int, int, Days]]:
    """Yield the relative dates of a folded text that was written on a day: place, first and last day."""
    for pattern, build in _RULES[lang]:
        for match in pattern.finditer(folded):
            try:
                yield match.start(), match.end(), build(match, written_on)
            except (ValueError, OverflowError):
                continue  # 30 February; millions of years ago


def _year(shift: int) -> Builder:
    return lambda _, written_on: _year_of(written_on, shift)


def _month(shift: int) -> Builder:
    return lambda _, written_on: _month_shift(written_on, shift)


def _year_of(written_on: dt.date, shift: int) -> Days:
    return dt.date(written_on.year + shift, 1, 1), dt.date(written_on.year + shift, 12, 31)


def _month_shift(written_on: dt.date, shift: int) -> Days:
    months = written_on.year * 12 + written_on.month - 1 + shift
    return whole_month(months // 12, months % 12 + 1)


def _nearest(written_on: dt.date, first: int, last: int, is_past: bool) -> Days:
    """Return the last such months that are over, or the next that haven't begun."""
    years = range(written_on.year, written_on.year - 2, -1) if is_past else range(written_on.year, written_on.year + 2)
    spans = [whole_month(year, first, last) for year in years]
    return next(span for span in spans if (span[1] < written_on if is_past else span[0] > written_on))


def _day_shift(shift: int) -> Builder:
    return lambda _, written_on: (written_on + dt.timedelta(days=shift),) * 2


def _named_day(match: re.Match[str], written_on: dt.date) -> Days:
    month, is_past = month_of(match, "m"), match["way"].startswith("dernier")
    first = _nearest(written_on, month, month, is_past)[0]
    return (first.replace(day=int(match["d"])),) * 2


def _counted(lang: Lang, sign: int) -> Builder:
    def build(match: re.Match[str], written_on: dt.date) -> Days:
        numerals = find_numerals(match["count"], lang)
        count = int(numerals[0].value) if numerals else 1
        is_month = match["unit"].startswith("mo")
        return _month_shift(written_on, sign * count) if is_month else _year_of(written_on, sign * count)

    return build


def _named_month(match: re.Match[str], written_on: dt.date) -> Days:
    month = month_of(match, "m")
    return _nearest(written_on, month, month, match["way"] in _PAST)


def _named_season(match: re.Match[str], written_on: dt.date) -> Days:
    return _nearest(written_on, *SEASONS[match["s"]], match["way"] in _PAST)


_FR: tuple[tuple[str, Builder], ...] = (
    (rf"(?:le )?(?P<d>\d{{1,2}})(?:er)? {months('fr', 'm')} (?P<way>derniere?|prochaine?)", _named_day),
    (rf"(?:en )?{months('fr', 'm')} (?P<way>derniere?|prochaine?)", _named_month),
    (rf"(?:l'|le )?{SEASON} (?P<way>derniere?|passee?|prochaine?)", _named_season),
    (r"l'an(?:nee)? (?:derniere?|passee?)", _year(-1)),
    (r"l'an(?:nee)? prochaine?", _year(1)),
    (r"cette annee", _year(0)),
    (r"le mois (?:dernier|passe)", _month(-1)),
    (r"le mois prochain", _month(1)),
    (r"ce mois-ci", _month(0)),
    (r"il y a (?P<count>[\w-]+) (?P<unit>ans?|mois)", _counted("fr", -1)),
    (r"dans (?P<count>[\w-]+) (?P<unit>ans?|mois)", _counted("fr", 1)),
    (r"hier", _day_shift(-1)),
    (r"aujourd'hui", _day_shift(0)),
    (r"demain", _day_shift(1)),
)
_EN: tuple[tuple[str, Builder], ...] = (
    (rf"(?P<way>last|next) {months('en', 'm')}", _named_month),
    (rf"(?P<way>last|next) {SEASON}", _named_season),
    (r"last year", _year(-1)),
    (r"next year", _year(1)),
    (r"this year", _year(0)),
    (r"last month", _month(-1)),
    (r"next month", _month(1)),
    (r"this month", _month(0)),
    (r"(?P<count>[\w-]+) (?P<unit>years?|months?) ago", _counted("en", -1)),
    (r"in (?P<count>[\w-]+) (?P<unit>years?|months?)(?= time|[.,;]|$)", _counted("en", 1)),
    (r"yesterday", _day_shift(-1)),
    (r"today", _day_shift(0)),
    (r"tomorrow", _day_shift(1)),
)
_RULES: dict[Lang, tuple[tuple[re.Pattern[str], Builder], ...]] = {
    "fr": tuple((re.compile(rf"\b(?:{pattern})\b"), build) for pattern, build in _FR),
    "en": tuple((re.compile(rf"\b(?:{pattern})(?!\w)"), build) for pattern, build in _EN),
}
