"""(claim, sentence) -> what the sentence says of the claim, by rules: figures, years, names, negation, superlatives."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from clusterbot.analysis import analyse
from clusterbot.models import Lang
from clusterbot.quantities import Quantity, find_quantities, find_years
from clusterbot.text import fold

Stance = Literal["for", "against", "neutral"]
DifferenceKind = Literal["number", "unit", "date", "name", "negation", "superlative"]

_FIND = re.compile(r"\bfound\b")  # of "to find"; its stem is that of "founded"
_NAME = re.compile(r"(?<=[\s(«“’'])([A-ZÀ-Ý][\w-]+(?: [A-ZÀ-Ý][\w-]+)*)")
_NOUN_WORDS = 3
_ATTRIBUTION = re.compile(r"\b(?:selon|d’après|according to|says|précis\w+|rappel\w+)\b[^,;:.]*")


class ClaimRules(BaseModel):
    """Tolerances, thresholds and word lists of the rules, and the logistic function of a verdict's probability: data, not code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentences: int
    min_coverage: float
    min_against: float
    about: float
    intercept: float
    coverage_weight: float
    fitted: str
    concepts: tuple[tuple[str, ...], ...]
    negations: dict[Lang, str]
    superlatives: str


@dataclass(frozen=True, slots=True)
class Statement:
    """A text to compare: its own names left out of `words`, its time where it or its source is dated."""

    text: str
    lang: Lang
    subject: frozenset[str]
    published_year: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """What the claim says and what the source says instead."""

    kind: DifferenceKind
    claim: str
    source: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a sentence says of a claim; `coverage` is the share of the claim's words that it holds."""

    stance: Stance
    coverage: float
    differences: tuple[Difference, ...]


class Judge(Protocol):
    """Weighs a sentence against a claim."""

    def judge(self, claim: Statement, source: Statement) -> Judgement: ...


def read_rules() -> ClaimRules:
    """Read the shipped rules."""
    return ClaimRules.model_validate_json(resources.files("clusterbot").joinpath("data/claims.json").read_text(encoding="utf-8"))


class RuleJudge:
    """The evidence rules: a sentence supports a claim only if it holds every figure, year and name of it."""

    def __init__(self, rules: ClaimRules) -> None:
        self._rules = rules

    def judge(self, claim: Statement, source: Statement) -> Judgement:
        """Compare a claim with a sentence."""
        coverage = self._coverage(claim, source)
        if not self._same_time(claim, source):
            return Judgement("neutral", coverage, ())
        differences = tuple([*self._figures(claim, source), *self._wording(claim, source)])
        given_otherwise = [one for one in differences if one.source]
        denied = [one for one in differences if one.kind == "negation" and one.claim]
        if given_otherwise and denied:  # "not founded in 2009" beside "founded in 2006": the two cancel out
            return Judgement("neutral", coverage, differences)
        contradicted = given_otherwise + denied
        if contradicted and coverage >= self._rules.min_against:
            return Judgement("against", coverage, tuple(contradicted))
        if differences or coverage < self._rules.min_coverage:
            return Judgement("neutral", coverage, differences)
        return Judgement("for", coverage, ())

    def _coverage(self, claim: Statement, source: Statement) -> float:
        words = claim.text
        for one in reversed(find_quantities(words, claim.lang)):
            words = f"{words[: one.start]} {words[one.end :]}"
        asked, held = self._keys(words, claim.lang), self._keys(source.text, source.lang)
        asked -= claim.subject
        return len(asked & held) / len(asked) if asked else 0.0

    def _keys(self, text: str, lang: Lang) -> frozenset[str]:
        """Return the words by concept, or by their beginning, which many words share in both languages."""
        told = _FIND.sub(" ", text) if lang == "en" else text
        words = [word for word in analyse(told, lang) if not any(char.isdigit() for char in word)]
        return frozenset(self._key(fold(word)) for word in words)

    def _key(self, word: str) -> str:
        concepts = ((group[0], prefix) for group in self._rules.concepts for prefix in group)
        fitting = [(len(prefix), name) for name, prefix in concepts if word.startswith(prefix) or prefix.startswith(word + "e")]
        return max(fitting)[1] if fitting else word[:5]

    def _same_time(self, claim: Statement, source: Statement) -> bool:
        """Say whether the figures hold for the same time: a claim with figures and a year is compared with that year alone."""
        asked = find_years(claim.text)
        if not asked or not find_quantities(claim.text, claim.lang):
            return True
        held = find_years(source.text)
        spans = [(one.first, one.last) for one in held] or [(source.published_year or 0,) * 2]
        return any(first <= one.last and one.first <= last for one in asked for first, last in spans)

    def _figures(self, claim: Statement, source: Statement) -> Iterator[Difference]:
        """Yield the claim's figures that the sentence gives otherwise, or (with an empty source) not at all."""
        held = find_quantities(source.text, source.lang)
        for one in find_quantities(claim.text, claim.lang):
            rivals = [other for other in held if self._same_thing(claim, one, source, other)]
            if len(_own_years(source.text)) > 1:
                rivals = []  # which figure is of which year can't be told
            if not any(self._agree(one, other) for other in rivals):
                kind: DifferenceKind = "unit" if rivals and all(other.unit != one.unit for other in rivals) else "number"
                told = "; ".join(source.text[other.start : other.end] for other in rivals)
                yield Difference(kind, claim.text[one.start : one.end], told)
        yield from self._dates(claim, source)

    def _dates(self, claim: Statement, source: Statement) -> Iterator[Difference]:
        asked, held = find_years(claim.text), _own_years(source.text)
        if not asked or find_quantities(claim.text, claim.lang):
            return
        for one in asked:
            if len(held) != 1 or not all(first <= one.last and one.first <= last for first, last in held):
                told = next((str(first) for first, last in held if first == last and len(held) == 1), "")
                yield Difference("date", claim.text[one.start : one.end], told)

    def _same_thing(self, claim: Statement, one: Quantity, source: Statement, other: Quantity) -> bool:
        if (one.unit == "%") != (other.unit == "%") or (one.unit is None) != (other.unit is None):
            return False
        nouns, others = self._around(claim, one), self._around(source, other)
        if ("indirect" in nouns) != ("indirect" in others):
            return False
        return bool(nouns & others - {"direct", "indirect"})

    def _around(self, statement: Statement, one: Quantity) -> frozenset[str]:
        """Return what is counted: the words after a figure; of money and shares, those on both sides."""
        after = re.split(r"[.;:,]", statement.text[one.end :])[0].split()
        if one.unit is None:
            return self._keys(" ".join(after[:_NOUN_WORDS]), statement.lang)
        before = re.split(r"[.;:]", statement.text[: one.start])[-1].split()
        return self._keys(" ".join([*before[-6:], *after[:6]]), statement.lang) - statement.subject

    def _agree(self, claim: Quantity, source: Quantity) -> bool:
        """Say whether the source bears the claim out; a bound is only borne out by the same bound or a figure beyond it."""
        if claim.unit != source.unit:
            return False
        slack = max(abs(claim.low), abs(claim.high)) * Decimal(str(self._rules.about))
        match claim.precision:
            case "at_least":
                return source.precision != "at_most" and source.low >= claim.low
            case "at_most":
                return source.precision != "at_least" and source.high <= claim.high
            case "about":
                return source.low - slack <= claim.high and claim.low - slack <= source.high
        return source.low == claim.low and source.high == claim.high

    def _wording(self, claim: Statement, source: Statement) -> Iterator[Difference]:
        """Yield names and superlatives that the sentence doesn't hold, and a negation that only one of the two has."""
        folded = fold(source.text)
        for name in _NAME.findall(claim.text):
            words = [fold(word) for word in re.findall(r"\w+", name)]
            if self._key(words[0]) not in claim.subject and not all(word in folded for word in words):
                yield Difference("name", name, "")
        for match in re.finditer(self._rules.superlatives, fold(claim.text)):
            if not re.search(self._rules.superlatives, folded):
                yield Difference("superlative", match.group(), "")
        denied = [re.search(self._rules.negations[each.lang], fold(each.text)) for each in (claim, source)]
        if (denied[0] is None) != (denied[1] is None):
            yield Difference("negation", denied[0].group() if denied[0] else "", "")

    def subject(self, names: list[str], lang: Lang) -> frozenset[str]:
        """Return the words of names, which say whom a claim is about and not what it claims."""
        return frozenset(key for name in names for key in self._keys(name, lang))


def _own_years(text: str) -> set[tuple[int, int]]:
    """Return the years that a sentence speaks of, without that of the page it is taken from (`according to La Presse in 2018`)."""
    own = _ATTRIBUTION.sub("", text)
    return {(one.first, one.last) for one in find_years(own)}
