"""Quantities of a text in one form for both languages and all notations: kind, exact bounds, unit, how exactly they are meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from clusterbot.dates import find_periods
from clusterbot.models import Lang
from clusterbot.numerals import GROUP, Numeral, find_numerals, plain

Precision = Literal["exact", "about", "at_least", "at_most"]
Kind = Literal["count", "money", "percent", "rank", "measure", "duration"]

_SCALES = {"k": 10**3, "m": 10**6, "mm": 10**6, "g": 10**9, "b": 10**9, "bn": 10**9, "md": 10**9, "t": 10**12}
_LEAD = re.compile(r"(US\$|CA\$|C\$|Can\$|\$|€|£|USD|CAD|EUR|GBP)\s?$")
_MONEY = (
    r"\$\s?(?:US|CA[DN]?)\b|US\$|CA\$|C\$|\$|€|£|(?:USD|CAD|EUR|GBP)\b|dollars? (?:américains?|canadiens?|US)\b"
    r"|US dollars?\b|Canadian dollars?\b|dollars?\b|euros?\b|livres sterling\b|pounds sterling\b"
)
_TAIL = re.compile(
    rf"(?:-?{GROUP}?(?P<scale>(?:bn|MM|Md|[MBGkKmT])(?={GROUP}?(?:{_MONEY})|(?![\w²³])))\.?)?"
    rf"(?:-|{GROUP}?(?:de |d[’'])?)(?P<unit>{_MONEY}|%|p\. ?100|p\. ?cent\b|pour cent\b|per ?cent\b)",
)
_SCALE_ALONE = re.compile(r"(?P<scale>bn|[MBKk])(?![\w²³$€£])|[ \u00a0-](?P<spaced>bn|[MBG])(?![\w²³$€£])")
_CURRENCIES = (("USD", r"us|americain"), ("EUR", r"€|eur"), ("GBP", r"£|gbp|livres|pounds"), ("CAD", r"."))
_WRITTEN_MEASURES: tuple[tuple[str, Kind, int, str], ...] = (
    ("km2", "measure", 1, r"km²|km2\b|kilom[èe]tres carr[ée]s|square kilomet(?:re|er)s"),
    ("m2", "measure", 1, r"m²|m2\b|m[èe]tres carr[ée]s|square met(?:re|er)s"),
    ("ft2", "measure", 1, r"pi²|pieds carr[ée]s|square f(?:ee|oo)t|sq\.? ?ft\.?"),
    ("MW", "measure", 1, r"MW\b|m[ée]gawatts?"),
    ("kW", "measure", 1, r"kW\b|kilowatts?"),
    ("t", "measure", 10**6, r"Mt\b"),
    ("t", "measure", 1, r"t\b|tonnes?\b|tons?\b"),
    ("km", "measure", 1, r"km\b|kilom[èe]tres?|kilomet(?:re|er)s?"),
    ("ha", "measure", 1, r"ha\b|hectares?"),
    ("year", "duration", 1, r"ans\b|ann[ée]es?\b|years?\b"),
    ("month", "duration", 1, r"mois\b|months?\b"),
    ("week", "duration", 1, r"semaines?\b|weeks?\b"),
    ("day", "duration", 1, r"jours?\b|days?\b"),
    ("hour", "duration", 1, r"heures?\b|hours?\b"),
)
_MEASURES: tuple[tuple[str, Kind, int, re.Pattern[str]], ...] = tuple(
    (unit, kind, times, re.compile(rf"(?:-|{GROUP}?(?:de |d[’'])?)(?:{pattern})", re.I if len(unit) > 2 else 0))
    for unit, kind, times, pattern in _WRITTEN_MEASURES
)
_ARTICLE = r"(?: ?(?:l[ae]s?|the|an?|une?|du|des))?"
_BOUNDS: tuple[tuple[Precision, str], ...] = (
    (
        "at_least",
        r"pas moins d[e']|au moins|no fewer than|no less than|at least|au-dela d[e']|plus d[eu']|depass\w+|superieure?s? a"
        r"|more than|over|above|exceed\w*|upwards of|in excess of|as few as|minimum (?:de|of)",
    ),
    (
        "at_most",
        r"moins d[eu']|au plus|jusqu'a|inferieure?s? a|less than|fewer than|at most|no more than|as many as|as much as|under"
        r"|below|up to|maximum (?:de|of)",
    ),
    (
        "about",
        r"environ|pres d[eu']|quelque|autour d[eu']|presque|a peu pres|a peine|de l'ordre d[eu']|avoisin\w+|approch\w+|about"
        r"|around|nearly|almost|some|roughly|approximately|close to|(?:in|on|of) the order of|an? estimated|quasi",
    ),
)
_BEFORE: tuple[tuple[Precision, re.Pattern[str]], ...] = tuple(
    (precision, re.compile(rf"(?:^|[\s(«“'’])(?:{words}){_ARTICLE}$")) for precision, words in _BOUNDS
)
_AFTER: tuple[tuple[Precision, re.Pattern[str]], ...] = (
    ("at_least", re.compile(r"^ ?(\+|ou plus|et plus|or more|and more)")),
    ("about", re.compile(r"^ ?(environ|approximativement|or so|approximately)\b")),
)
_CHANGED = r"pass\w+|augment\w+|grimp\w+|rose|went|grew|up|grow\w*|increas\w+|gone|rais\w+|port\w+"
_CHANGE = re.compile(rf"\b({_CHANGED}) (?:\w+ )?(?:de|d'|from) ?$")
_OUT_OF = re.compile(r" (?:of|sur|out of|parmi) (?:les? |the )?$")
_SHARE = re.compile(r"(?: [a-z'’]+){0,4} (?:sur|out of(?: every)?) | in (?:every )?")
_WHOLES = (3, 4, 5, 10, 20, 100)  # out of which shares are told
_ON = re.compile(r" sur $")
_COUNTED = re.compile(
    r" (?!(?:dans|sans|plus|mais|depuis|apres|sous|pas|vers|des|tous|toutes|toujours|alors|puis|tres)\b)[a-z’'-]+[sx]\b"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as meant: `low` to `high` in whole units (`13 milliards` is 13000000000), and how exactly it is meant.

    `unit`: a currency (CAD unless another is told), `%`, a unit of measure; None of counts and ranks.
    """

    start: int
    end: int
    kind: Kind
    low: Decimal
    high: Decimal
    unit: str | None
    precision: Precision


@lru_cache(4096)
def find_quantities(text: str, lang: Lang) -> tuple[Quantity, ...]:
    """Find the quantities of a text that are no dates, in order; a range is one quantity."""
    dated = [(one.start, one.end) for one in find_periods(text, lang)]
    free = [one for one in find_numerals(text, lang) if not any(one.start < end and start < one.end for start, end in dated)]
    found: list[Quantity] = []
    for one in free:
        if found and one.start < found[-1].end:
            continue
        if found and found[-1].kind == "rank" and _OUT_OF.fullmatch(plain(text[found[-1].end : one.start])):
            continue  # `39th of 40`: a rank, and among how many
        found.append(_quantity(text, one))
    return tuple(_with_pairs(text, found))


def _quantity(text: str, one: Numeral) -> Quantity:
    lead = _LEAD.search(text[: one.start])
    start = lead.start() if lead else one.start
    kind, unit, factor, end = _unit(text, one, lead[1] if lead else None)
    low = one.value * factor
    precision = _precision(text, start, end, kind)
    return Quantity(start, end, kind, low, low, unit, "about" if one.is_round and precision == "exact" else precision)


def _unit(text: str, one: Numeral, lead: str | None) -> tuple[Kind, str | None, Decimal, int]:
    """Return kind, unit, what the number is multiplied by, and where its unit ends."""
    rest = text[one.end :]
    if one.form == "ordinal":
        return "rank", None, Decimal(1), one.end
    if one.form == "fraction":
        return "percent", "%", Decimal(1), one.end
    if lead:
        scale = _SCALE_ALONE.match(rest) or re.match(r"[ \u00a0]?(?P<scale>[kKmMbB]|bn)(?P<spaced>)\b", rest)
        written = (scale["scale"] or scale["spaced"]) if scale else ""
        return (
            "money",
            _currency(lead),
            Decimal(_SCALES[written.lower()] if written else 1),
            one.end + (scale.end() if scale else 0),
        )
    for unit, kind, times, pattern in _MEASURES:
        if match := pattern.match(rest):
            return kind, unit, Decimal(times), one.end + match.end()
    if re.search(r"\b(an? decade|une d[ée]cennie)$", text[one.start : one.end], re.I):
        return "duration", "year", Decimal(1), one.end
    if match := _TAIL.match(rest):
        factor = Decimal(_SCALES[match["scale"].lower()] if match["scale"] else 1)
        if match["unit"][0] in "%pP" and not match["unit"].startswith("pounds"):
            return "percent", "%", factor, one.end + match.end()
        return "money", _currency(match["unit"]), factor, one.end + match.end()
    if match := _SCALE_ALONE.match(rest):
        return "count", None, Decimal(_SCALES[(match["scale"] or match["spaced"]).lower()]), one.end + match.end()
    return "count", None, Decimal(1), one.end


def _currency(written: str) -> str:
    folded = plain(written)
    return next(code for code, pattern in _CURRENCIES if re.search(pattern, folded))


def _precision(text: str, start: int, end: int, kind: Kind) -> Precision:
    before, after = plain(text[max(0, start - 30) : start]).replace("’", "'").rstrip(), plain(text[end : end + 20])
    for precision, pattern in _BEFORE:
        if pattern.search(before):
            lasts = kind == "duration" and re.search(r"\bover$", before)  # `$2M over 3 years`: during, not more than
            return "exact" if lasts else precision
    return next((precision for precision, pattern in _AFTER if pattern.search(after)), "exact")


def _with_pairs(text: str, found: list[Quantity]) -> Iterator[Quantity]:
    """Join ranges (`de 10 à 15 %`, `between 10 and 15`) and shares (`nine companies out of ten`) into one quantity each."""
    place = 0
    while place < len(found):
        one, other = found[place], found[place + 1] if place + 1 < len(found) else None
        joined = (_share(text, one, other) or _range(text, one, other)) if other else None
        yield joined or one
        place += 2 if joined else 1


def _share(text: str, first: Quantity, second: Quantity) -> Quantity | None:
    """Return the share that two numbers tell, roughly; `deux études sur cinq grappes` are two numbers."""
    if first.kind not in ("count", "money") or second.kind != "count" or first.low >= second.low or second.low not in _WHOLES:
        return None
    between = plain(text[first.end : second.start])
    if not _SHARE.fullmatch(between) or (_ON.search(between) and _COUNTED.match(plain(text[second.end :]))):
        return None
    share = 100 * first.low / second.low
    precision = "about" if first.precision == "exact" else first.precision
    return replace(first, kind="percent", unit="%", low=share, high=share, precision=precision)


def _range(text: str, first: Quantity, second: Quantity) -> Quantity | None:
    between = plain(text[first.end : second.start]).strip().replace("’", "'")
    before = plain(text[max(0, first.start - 30) : first.start])
    is_pair = between in ("et", "and") and bool(re.search(r"\b(entre|between) $", before))
    if not is_pair and between not in ("-", "–", "a", "to", "ou", "or"):
        return None
    if _CHANGE.search(before) or "rank" in (first.kind, second.kind):
        return None
    low, kinds = first.low, {first.kind, second.kind}
    if len(kinds) == 2 and "count" not in kinds:
        return None
    scale = _scale_of(text, second)
    if scale > 1 and _scale_of(text, first) == 1 and low < second.high / scale:
        low *= scale  # `entre 2 et 3 millions de dollars`
    if low >= second.high or (first.kind != "count" and second.kind != "count" and first.unit != second.unit):
        return None
    kind, unit = (second.kind, second.unit) if first.kind == "count" else (first.kind, first.unit)
    return Quantity(first.start, second.end, kind, low, second.high, unit, "exact")


def _scale_of(text: str, one: Quantity) -> Decimal:
    """Return the order of magnitude that is written beside a number: 10**6 of `3 millions` and `3 M$`."""
    written = text[one.start : one.end]
    if match := re.search(r"(mill?iards?|billions?|bn\b|[GB](?=[ \u00a0]?[$€]|$))|(millions?|M(?=[ \u00a0]?[$€]|$))", written):
        return Decimal(10**9 if match[1] else 10**6)
    return Decimal(1)
