"""A claim's figures beside a sentence's: which are held, and which the sentence gives instead."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from clusterbot.comparing import agree, comparable, is_beyond, is_near, words_of
from clusterbot.quantities import Quantity
from clusterbot.statements import CAPITALISED, Readings, Told
from clusterbot.text import fold

TELLING_COUNT = 12
"""A smaller count stands in many sentences."""
_NOUN_WORDS = 3
_OTHER_ORDER = 50  # counts further apart than this are counts of other things
_BETWEEN_PARTS = re.compile(
    r"[;:,.()](?=\s|$)|\b(?:and|et|or|ou|but|mais|plus|while|whereas|tandis|alors|of which|dont|sur)\b", re.I
)
_NAME = re.compile(rf"\b{CAPITALISED}")  # "Québec" too, which is none of a statement's names


class FigureRules:
    """Tells which figures of two texts are meant for one thing."""

    def __init__(self, readings: Readings, about: float) -> None:
        """Read words by `readings`; "about" allows so large a share."""
        self._readings = readings
        self._about = about

    def rivals(self, asked: Told, one: Quantity, told: Told, is_whole: bool) -> list[Quantity] | None:
        """Return what a sentence gives instead of a claim's figure, maybe nothing; None where it holds the figure.

        `is_whole`: the sentence tells of nothing but what the claim tells.
        """
        timely = [other for other in told.figures if self._same_time(asked, told, other)]
        alike = [other for other in timely if comparable(one, other)]
        equal = [other for other in alike if agree(one, other, self._about)]
        agreeing = equal if is_whole else [other for other in equal if self._may_be(asked, one, told, other)]
        agreeing = [other for other in agreeing if not self._is_of_another(asked, one, told, other, alike)]
        is_bound = one.precision in ("at_least", "at_most")  # another figure of the sentence may lie beyond a bound by chance
        if agreeing and (not is_bound or len(alike) == 1 or any(is_near(one, other, self._about) for other in agreeing)):
            return None
        has_all_words = bool(asked.words) and asked.words <= told.heard
        is_meant = one.kind != "count" and (is_whole or (has_all_words and len(alike) == 1))
        same = [other for other in alike if is_meant or self._same_thing(asked, one, told, other)]
        return [other for other in same if not agree(one, other, self._about) and not is_beyond(one, other)]

    def after(self, told: Told, one: Quantity) -> frozenset[str]:
        """Return the words right after a figure: what is counted."""
        after = told.bare[one.end :]
        for mark in ".;:,(":
            after = after.split(mark)[0]
        return self._readings.keys(" ".join(after.split()[:_NOUN_WORDS]), told.statement.lang)

    def _is_of_another(self, asked: Told, one: Quantity, told: Told, other: Quantity, alike: Sequence[Quantity]) -> bool:
        """Say whether a figure that agrees stands beside other names than the claim's, and one that doesn't agree beside those."""
        claimed = next((names for names in _names_by_part(asked, one)[:2] if names), frozenset())  # "and Laval, $39M"
        own = _names_by_part(told, other)[0]
        rivals = (each for each in alike if not agree(one, each, self._about))
        return bool(own) and not claimed & own and any(claimed & _names_by_part(told, each)[0] for each in rivals)

    def _same_time(self, asked: Told, told: Told, other: Quantity) -> bool:
        """Say whether a figure holds for the claim's time: one that dates itself is compared with that time alone."""
        if not asked.dates:
            return True
        time = told.time_of(other)
        return time is not None and any(one.overlaps(time) for one in asked.dates)

    def _counted(self, told: Told, one: Quantity) -> frozenset[str]:
        """Return what a figure counts; where that was said before ("from 30 seats to 13"), what the others count."""
        counts = [each for each in told.figures if each.kind == "count"]
        after = self.after(told, one) or frozenset().union(*(self.after(told, each) for each in counts))
        return after or self._around(told, one)

    def _around(self, told: Told, one: Quantity) -> frozenset[str]:
        before = told.bare[: one.start].replace(";", ".").replace(":", ".").split(".")[-1].split()
        keys = self._readings.keys(" ".join(before[-6:]), told.statement.lang) | self.after(told, one)
        return keys - told.statement.subject

    def _same_thing(self, asked: Told, one: Quantity, told: Told, other: Quantity) -> bool:
        """Say whether two figures that differ can be meant for one thing: both count the same, or stand among the same words."""
        if one.kind == "count":
            counted, others = self._counted(asked, one), self._counted(told, other)
            if ("indirect" in counted) != ("indirect" in others):
                return False
            low, high = sorted((one.low, other.low))
            are_of_one_order = high <= _OTHER_ORDER * max(low, Decimal(1))
            return are_of_one_order and bool(counted & others - {"direct", "indirect"})
        around = self._around(asked, one)
        rest = [each for each in asked.figures if each is not one]
        are_held = bool(rest) and all(any(agree(each, held, self._about) for held in told.figures) for each in rest)
        return are_held or not around or bool(around & self._around(told, other))

    def _may_be(self, asked: Told, one: Quantity, told: Told, other: Quantity) -> bool:
        """Say whether two figures that agree can be meant for one thing; telling ones need no word in common."""
        if one.kind != "count" or other.kind == "money":
            return True
        counted, others = self.after(asked, one), self.after(told, other)
        if ("indirect" in counted) != ("indirect" in others):
            return False
        is_one_thing = bool(counted & others) or _next_word(asked, one) == _next_word(told, other) != ""
        is_telling = one.low == other.low and one.low > TELLING_COUNT
        return is_one_thing or not others or not counted or (is_telling and bool(counted & told.words))


def _names_by_part(told: Told, one: Quantity) -> list[frozenset[str]]:
    """Return the capitalised words of the part of a text in which a figure stands, then of those before it, nearest first."""
    ends = [0, *(match.end() for match in _BETWEEN_PARTS.finditer(told.bare)), len(told.bare)]
    parts = [told.bare[start:end] for start, end in pairwise(ends) if start <= one.start]
    return [frozenset(fold(word) for word in _NAME.findall(part)) for part in reversed(parts)]


def _next_word(told: Told, one: Quantity) -> str:
    """Return the word after a figure, whatever it tells: "governments", "were"."""
    return next((word for _, word in words_of(fold(told.text[one.end :]))), "")
