"""Whether one figure, date or name bears out another."""

from __future__ import annotations

from decimal import Decimal

from clusterbot.dates import Period
from clusterbot.quantities import Quantity
from clusterbot.statements import Readings, Told
from clusterbot.text import fold

BEYOND = Decimal("1.5")  # who says `more than 40` doesn't mean 70


def comparable(one: Quantity, other: Quantity) -> bool:
    """Say whether two figures can be compared; `85 millions` may be an amount of money that leaves its currency out."""
    if one.kind == other.kind:
        return one.kind != "measure" or one.unit == other.unit
    return {one.kind, other.kind} == {"count", "money"} and min(one.low, other.low) >= 10**6


def agree(claim: Quantity, source: Quantity, about: float) -> bool:
    """Say whether the source bears the claim out; a bound is only borne out by the same bound or a figure not far beyond it."""
    if claim.unit != source.unit and {claim.kind, source.kind} != {"count", "money"}:
        return False
    slack = max(abs(claim.low), abs(claim.high)) * Decimal(str(about))
    match claim.precision:
        case "at_least":
            return source.precision != "at_most" and claim.low <= source.low <= claim.low * BEYOND
        case "at_most":
            return source.precision != "at_least" and claim.high <= source.high * BEYOND and source.high <= claim.high
        case "about":
            return source.low - slack <= claim.high and claim.low - slack <= source.high
    return source.low == claim.low and source.high == claim.high


def is_beyond(claim: Quantity, source: Quantity) -> bool:
    """Say whether a source's figure lies on the right side of a claim's bound, however far; another highest figure doesn't."""
    if claim.precision == "at_least":
        return source.precision != "at_most" and source.low >= claim.low
    return claim.precision == "at_most" and source.precision in ("exact", "about") and source.high <= claim.high


def is_near(bound: Quantity, source: Quantity, about: float) -> bool:
    """Say whether a source's figure lies so near to a claim's bound that it hardly does so by chance."""
    return abs(source.low - bound.low) <= abs(bound.low) * Decimal(str(about))


def holds(claim: Period, source: Period) -> bool:
    """Say whether a source's date bears the claim's out: it lies within it."""
    return claim.first <= source.first and source.last <= claim.last


def is_in(name: str, told: Told) -> bool:
    """Say whether a name stands in a sentence, its words in any order."""
    words = told.folded.split()
    return all(
        any(held == word or (len(word) > 4 and held.startswith(word[:-1])) for held in words) for word in _telling_words(name)
    )


def _telling_words(name: str) -> list[str]:
    return [word for _, word in words_of(fold(name)) if len(word) > 1 and word not in ("de", "du", "la", "et", "and", "of", "the")]


def words_of(text: str) -> list[tuple[int, str]]:
    """Return the words of a text with their places."""
    found, start = [], None
    for place, char in enumerate(f"{text} "):
        if char.isalnum():
            start = place if start is None else start
        elif start is not None:
            found.append((start, text[start:place]))
            start = None
    return found


def slot_of(told: Told, place: int, readings: Readings) -> frozenset[str]:
    """Return what the last words before a place count as: what the name there is the name of."""
    return readings.keys(" ".join(told.text[:place].rstrip().split()[-3:]), told.statement.lang)
