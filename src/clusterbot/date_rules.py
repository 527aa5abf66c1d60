"""Dates as texts write them out, each a rule: days, months, seasons, quarters, fiscal years, decades, spans of years."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from collections.abc import Callable, Iterator

from clusterbot.models import Lang

Days = tuple[dt.date, dt.date]
Builder = Callable[[re.Match[str]], Days]

_MONTHS: dict[Lang, tuple[str, ...]] = {
    "fr": (
        *("janvier|janv\\.?", "fevrier|fevr?\\.?", "mars", "avril|avr\\.", "mai", "juin", "juillet|juil\\.?", "aout"),
        *("septembre|sept\\.?", "octobre|oct\\.", "novembre|nov\\.", "decembre|dec\\."),
    ),
    "en": (
        *(
            "january|jan\\.?",
            "february|feb\\.?",
            "march|mar\\.",
            "april|apr\\.?",
            "may",
            "june|jun\\.",
            "july|jul\\.",
            "august|aug\\.?",
        ),
        *("september|sept?\\.?", "october|oct\\.?", "november|nov\\.?", "december|dec\\.?"),
    ),
}
SEASONS = {"printemps": (3, 6), "spring": (3, 6), "ete": (6, 9), "summer": (6, 9), "automne": (9, 12), "autumn": (9, 12)}
SEASONS |= {"fall": (9, 12), "hiver": (1, 3), "winter": (1, 3)}
_QUARTERS = {
    "premier": 1,
    "1er": 1,
    "deuxieme": 2,
    "2e": 2,
    "troisieme": 3,
    "3e": 3,
    "quatrieme": 4,
    "4e": 4,
    "first": 1,
    "second": 2,
}
_QUARTERS |= {"second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
_Y = r"(?:1[89]|20)\d\d"
_TEN = r"(?:1[89]|20)\d0"
_WEEKDAY = (
    r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|monday|tuesday|wednesday|thursday|friday|saturday|sunday),? )?"
)
_D = r"(\d{1,2})[ \u00a0]?(?:er|ᵉʳ|st|nd|rd|th)?"
SPACE = r"[ \u00a0\u202f]"
_COUNTED = re.compile(
    rf"{SPACE}(?:(?:nouve\w+|autres|jeunes|new|other|more|additional|young|direct|indirect){SPACE})?"
    r"(?:personnes|gens|membres|employes|emplois|postes|travailleurs|participants|visiteurs|etudiants|chercheurs|benevoles|entrepreneurs"
    r"|entreprises|firmes|pme|organisations|organismes|projets|heures|people|persons|members|employees|jobs|positions|workers|visitors"
    r"|students|researchers|volunteers|companies|firms|businesses|smes|organizations|projects|hours|guests)\b"
)
_TELLS_A_YEAR = re.compile(r"(?:\b(?:en|depuis|des|avant|apres|in|since|by|until|before|after|during|the|its|their|our)|['’]s) $")
SEASON = rf"(?P<s>{'|'.join(SEASONS)})"


def whole_month(year: int, first: int, last: int | None = None) -> Days:
    """Return the first day of a month and the last of it, or of a later one."""
    last = last or first
    return dt.date(year, first, 1), dt.date(year, last, calendar.monthrange(year, last)[1])


def _month_pattern(lang: Lang) -> str:
    return "|".join(f"(?P<{{0}}{number}>{names})" for number, names in enumerate(_MONTHS[lang], start=1))


def months(lang: Lang, name: str) -> str:
    """Return a pattern of the months' names, each a group `name` and its number."""
    return "(?:" + _month_pattern(lang).replace("{0}", name) + ")"


def month_of(match: re.Match[str], name: str) -> int:
    """Return which month a pattern of `months` met."""
    return next(number for number in range(1, 13) if match[f"{name}{number}"])


def _day(year: str, month: int, day: str) -> dt.date:
    return dt.date(int(year), month, int(day))


def _quarter(year: str, quarter: int) -> Days:
    return whole_month(int(year), 3 * quarter - 2, 3 * quarter)


def _decade(match: re.Match[str]) -> Days:
    year, part = int(match["y"]), match["part"] or ""
    offsets = (0, 3) if part in ("early", "debut") else (4, 6) if part in ("mid", "milieu") else (7, 9) if part else (0, 9)
    return dt.date(year + offsets[0], 1, 1), dt.date(year + offsets[1], 12, 31)


def _span(match: re.Match[str]) -> Days:
    first, last = int(match["y"]), _closing(match["y"], match["z"])
    if last <= first:
        raise ValueError("no span")
    return dt.date(first, 1, 1), dt.date(last, 12, 31)


def _closing(first: str, last: str) -> int:
    return int(last if len(last) == 4 else first[:2] + last)


def _fiscal(match: re.Match[str]) -> Days:
    """Return Québec's and Canada's fiscal year: 1 April to 31 March."""
    first, last = int(match["y"]), _closing(match["y"], match["z"])
    if last != first + 1:
        raise ValueError("no fiscal year")
    return dt.date(first, 4, 1), dt.date(last, 3, 31)


def _bare_year(match: re.Match[str]) -> Days:
    """Return a whole year; `2000 personnes` and `had 2000 members` count people."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    if _COUNTED.match(after) and not _TELLS_A_YEAR.search(before):
        raise ValueError("a count")
    return dt.date(int(match["y"]), 1, 1), dt.date(int(match["y"]), 12, 31)


def _part_of_month(match: re.Match[str], month: int) -> Days:
    first, last = whole_month(int(match["y"]), month)
    part = match["part"] or ""
    if part in ("debut", "early"):
        return first, first.replace(day=10)
    if part in ("mi", "mid"):
        return first.replace(day=11), first.replace(day=20)
    return (first.replace(day=21), last) if part in ("fin", "late", "end") else (first, last)


def _part_of_year(match: re.Match[str]) -> Days:
    year = int(match["y"])
    part = {"debut": (1, 4), "early": (1, 4), "mi": (5, 8), "mid": (5, 8), "milieu": (5, 8)}.get(match["part"], (9, 12))
    return whole_month(year, *part)


def _days(match: re.Match[str], first_month: int, last_month: int) -> Days:
    return _day(match["y"], first_month, match["d"]), _day(match["y"], last_month, match["e"])


def _shared(lang: Lang) -> list[tuple[str, Builder]]:
    """Return what both languages write alike, or with words that only one of them has."""
    y, z = rf"(?P<y>{_Y})(?!\d)", rf"(?P<z>{_Y}|\d\d)(?!\d)"
    m, n = months(lang, "m"), months(lang, "n")
    part = r"(?:(?:l[ae] |the |au |a l[ae] )?(?P<part>debut|mi|fin|milieu|early|mid|late|end)(?:[ -](?:(?:d[eu']s?|of|in) ?)?))"
    quarter = rf"(?:l[ae] |the )?(?P<q>{'|'.join(_QUARTERS)}) (?:trimestre|quarter) (?:d[eu'] ?|of )?{y}"
    return [
        (r"(?P<y>(?:1[89]|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?!\d)", lambda one: (_day(one["y"], int(one["m"]), one["d"]),) * 2),
        (rf"(?P<d>\d\d?)/(?P<m>\d\d?)/{y}", lambda one: (_day(one["y"], int(one["m"]), one["d"]),) * 2),
        (rf"(?:les )?annees (?P<part>)(?P<y>{_TEN})", _decade),
        (rf"(?:the )?(?:(?P<part>early|mid|late)[ -])?(?P<y>{_TEN})s\b", _decade),
        (rf"(?:le |au )?(?P<part>debut|milieu|fin) des annees (?P<y>{_TEN})", _decade),
        (rf"{y}[-–/]{z}", _span),
        (rf"(?:exercice|annee)(?: financi\w+)? {y}[-–/]{z}", _fiscal),
        (rf"(?:budget|fiscal(?: year)?|fy){SPACE}?{y}[-–/]{z}", _fiscal),
        (rf"{y}[-–/]{z} (?:budget|fiscal year)", _fiscal),
        (quarter, lambda one: _quarter(one["y"], _QUARTERS[one["q"]])),
        (rf"[qt](?P<q>[1-4]) {y}", lambda one: _quarter(one["y"], int(one["q"]))),
        (rf"(?:l'|l[ae] |the )?{SEASON} (?:d[eu'] ?|of )?{y}", lambda one: whole_month(int(one["y"]), *SEASONS[one["s"]])),
        (rf"{part}?{m},?{SPACE}(?:d[eu'] ?|of )?{y}", lambda one: _part_of_month(one, month_of(one, "m"))),
        (rf"(?:de |from )?{m} (?:a|to) {n} {y}", lambda one: whole_month(int(one["y"]), month_of(one, "m"), month_of(one, "n"))),
        (rf"{part}{y}", _part_of_year),
        (y, _bare_year),
    ]


def _of_days(lang: Lang) -> list[tuple[str, Builder]]:
    y, m, n = rf"(?P<y>{_Y})(?!\d)", months(lang, "m"), months(lang, "n")
    d, e = _D.replace("(", "(?P<d>", 1), _D.replace("(", "(?P<e>", 1)

    def day(one: re.Match[str]) -> Days:
        return (_day(one["y"], month_of(one, "m"), one["d"]),) * 2

    def in_month(one: re.Match[str]) -> Days:
        return _days(one, month_of(one, "m"), month_of(one, "m"))

    def across_months(one: re.Match[str]) -> Days:
        return _days(one, month_of(one, "m"), month_of(one, "n"))

    if lang == "fr":
        return [
            (rf"{_WEEKDAY}(?:le )?{d}{SPACE}{m},?{SPACE}{y}", day),
            (rf"(?:les |du )?{d} (?:et|au|-) {e} {m} {y}", in_month),
            (rf"(?:du )?{d} {m} au {e} {n} {y}", across_months),
        ]
    return [
        (rf"{_WEEKDAY}{m} {d},?{SPACE}{y}", day),
        (rf"{_WEEKDAY}(?:the )?{d} (?:of )?{m},?{SPACE}{y}", day),
        (rf"{m} {d}(?: ?[-–] ?| and | to ){e},? {y}", in_month),
        (rf"{m} {d} (?:to|-|–) {n} {e},? {y}", across_months),
    ]


def _compiled(lang: Lang) -> tuple[tuple[re.Pattern[str], Builder], ...]:
    ends = r"(?![\d%]|[ \u00a0]?[%$€]|[.,]\d)"
    return tuple((re.compile(rf"(?<![\w.,$]){pattern}{ends}"), build) for pattern, build in [*_shared(lang), *_of_days(lang)])


_RULES: dict[Lang, tuple[tuple[re.Pattern[str], Builder], ...]] = {"fr": _compiled("fr"), "en": _compiled("en")}


def written_dates(folded: str, lang: Lang) -> Iterator[tuple[int, int, Days]]:
    """Yield the dates that a folded text writes out, each by itself: place, first and last day; they may share words."""
    for pattern, build in _RULES[lang]:
        for match in pattern.finditer(folded):
            try:
                yield match.start(), match.end(), build(match)
            except ValueError:
                continue  # 31 February; 2015-14
