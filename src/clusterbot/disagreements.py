"""Which ledger entries disagree: values of one attribute that can't all be right for one time, or of what happens once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from clusterbot.models import Attribute, Fact

NEAR_DAYS = 31  # figures told this close together are meant for one time
SEASON_DAYS = 365
LARGE = 0.2  # what no figure is expected to change by within a year
_MULTIPLES = {"k": 10**3, "M": 10**6, "G": 10**9}


def disagree(one: Fact, other: Fact, attribute: Attribute | None) -> bool:
    """Say whether two entries of one attribute can't both be right.

    What happens once has one date, whenever it was told. A figure holds for its time: the two disagree if their times overlap,
    if neither tells one, if they are told within a month, or if they differ by a fifth within a year. Names and texts disagree
    at one time alone.
    """
    if attribute is not None and attribute.type == "date":
        return not (str(one.value).startswith(str(other.value)) or str(other.value).startswith(str(one.value)))
    if isinstance(one.value, str) or isinstance(other.value, str):
        return one.value != other.value and one.unit == other.unit and overlap(one.as_of, other.as_of)
    values, units = zip(*(_normal(each) for each in (one, other)), strict=True)
    if values[0] == values[1] and units[0] == units[1]:
        return False
    if units[0] != units[1] and not set(units) <= {"CAD", "USD", "EUR"}:
        return False
    if one.as_of is None and other.as_of is None:
        return True
    if one.as_of is None or other.as_of is None:
        return False
    if overlap(one.as_of, other.as_of):
        return True
    is_large = abs(values[0] - values[1]) >= LARGE * max(abs(values[0]), abs(values[1]))
    gap = _gap_days(one.as_of, other.as_of)
    return gap is not None and (gap <= NEAR_DAYS or (gap < SEASON_DAYS and is_large))


def _normal(fact: Fact) -> tuple[float, str | None]:
    """Return a figure in whole units: `2.5 M CAD` is 2500000 CAD."""
    multiple, _, unit = (fact.unit or "").partition(" ")
    value = float(fact.value)
    return (value * _MULTIPLES[multiple], unit) if unit and multiple in _MULTIPLES else (value, fact.unit)


def in_conflict(facts: Sequence[Fact], attribute: Attribute | None) -> list[Fact]:
    """Return the entries of one attribute that disagree with another one, in order."""
    distinct = list(dict.fromkeys(facts))
    return [one for one in distinct if any(disagree(one, other, attribute) for other in distinct if other is not one)]


def overlap(one: str | None, other: str | None) -> bool:
    """Say whether two dates or periods share a day, each as wide as its precision leaves it; an unknown one never does."""
    if one is None or other is None:
        return False
    first, last = _bounds(one)
    other_first, other_last = _bounds(other)
    return first <= other_last and other_first <= last


def _bounds(period: str) -> tuple[str, str]:
    first, _, last = period.partition("/")
    return first.ljust(10, "!"), (last or first).ljust(10, "~")  # before and after every digit and hyphen


def _gap_days(one: str, other: str) -> int | None:
    """Return how many days lie between two months or days; None where one is a year or a span, which tells too little."""
    if any(len(each) not in (7, 10) for each in (one, other)):
        return None
    early, late = (dt.date.fromisoformat(each if len(each) == 10 else f"{each}-15") for each in sorted((one, other)))
    return (late - early).days
