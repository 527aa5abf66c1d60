"""A claim against the ledgers: which entries tell what it tells, and whether they agree, each with the sentence that states it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice

from clusterbot.claim_rules import ClaimRules
from clusterbot.comparing import agree, comparable, holds, is_in
from clusterbot.dates import Period
from clusterbot.judging import Difference, Judgement
from clusterbot.ledger import Ledger
from clusterbot.models import Attribute, Citation, Fact, Timeline, ToldValue
from clusterbot.quantities import Quantity
from clusterbot.statements import Readings, Statement, Told, written_on

_UNITS = {"k CAD": ("CAD", 10**3), "M CAD": ("CAD", 10**6), "G CAD": ("CAD", 10**9), "CAD": ("CAD", 1), "Mt": ("t", 10**6)}
_UNITS |= {"M USD": ("USD", 10**6), "G USD": ("USD", 10**9), "%": ("%", 1)}


@dataclass(frozen=True, slots=True)
class Known:
    """An entry that tells of what a claim tells: the sentence that states it, and what it says of the claim."""

    citation: Citation
    judgement: Judgement


class FactJudge:
    """Weighs claims by the sourced entries of the ledgers."""

    def __init__(self, ledger: Ledger, rules: ClaimRules) -> None:
        self._ledger = ledger
        self._rules = rules
        self._readings = Readings(rules.wording)

    def weigh(self, claim: Statement, cluster_ids: Sequence[str]) -> list[Known]:
        """Return the entries on a claim's first cluster that bear on it; a claim that denies is left to its sentences."""
        asked = self._readings.read(claim)
        if asked.denied or not cluster_ids:
            return []
        found = [known for fact in self._ledger.facts_of(cluster_ids[0]) for known in self._of(asked, cluster_ids[0], fact)]
        agreed = {known.citation.facts[0].attribute for known in found if known.judgement.stance == "for"}
        kinds = {self._label(attribute, asked) for name in agreed if (attribute := self._ledger.attribute(name))}
        return [
            one
            for one in found
            if one.judgement.stance == "for" or self._label_of(one, asked) not in kinds or self._is_newer(one, found)
        ]

    def timelines(self, claim: Statement, cluster_ids: Sequence[str]) -> tuple[Timeline, ...]:
        """Return how what an undated claim tells of its first cluster has changed: the dated values, the oldest first."""
        asked = self._readings.read(claim)
        if asked.dates or not cluster_ids:
            return ()
        told: dict[str, list[ToldValue]] = defaultdict(list)
        for fact in self._ledger.facts_of(cluster_ids[0]):
            attribute = self._ledger.attribute(fact.attribute)
            if fact.as_of and attribute and self._can_change(attribute, fact, asked) and self._is_told_of(attribute, asked):
                sentences = self._ledger.stating(cluster_ids[0], fact, claim.lang)
                told[fact.attribute] += [ToldValue(fact, one) for one in islice(sentences, 1)]
        return tuple(
            Timeline(cluster_ids[0], name, tuple(sorted(values, key=lambda one: one.fact.as_of or "")))
            for name, values in told.items()
            if len({(one.fact.value, one.fact.unit) for one in values}) > 1 and len({one.fact.as_of for one in values}) > 1
        )

    def _can_change(self, attribute: Attribute, fact: Fact, asked: Told) -> bool:
        """Say whether an entry has one value at a time, of the kind that a claim gives."""
        entry = _quantity(fact)
        is_given = bool(asked.names) if attribute.type == "name" else any(entry and comparable(one, entry) for one in asked.figures)
        return is_given and not attribute.many and attribute.type != "date"

    def _is_told_of(self, attribute: Attribute, asked: Told) -> bool:
        """Say whether a claim tells of what an attribute holds: all words of its label stand in it, and no superlative beside."""
        label = self._label(attribute, asked)
        ranked = set(self._readings.superlatives(f"{attribute.fr} {attribute.en}"))
        return bool(label) and label <= asked.words and set(asked.superlatives) == ranked

    def _is_newer(self, one: Known, found: Sequence[Known]) -> bool:
        """Say whether an entry that differs is newer than all that agree: dates of one event never are."""
        attribute = self._ledger.attribute(one.citation.facts[0].attribute)
        if attribute is not None and attribute.type == "date":
            return False
        years = [each.judgement.year or 0 for each in found if each.judgement.stance == "for"]
        return (one.judgement.year or 0) >= max(years)

    def _label(self, attribute: Attribute, asked: Told) -> frozenset[str]:
        lang = asked.statement.lang
        return self._readings.keys(attribute.fr if lang == "fr" else attribute.en, lang) - asked.statement.subject

    def _label_of(self, known: Known, asked: Told) -> frozenset[str]:
        attribute = self._ledger.attribute(known.citation.facts[0].attribute)
        return self._label(attribute, asked) if attribute else frozenset()

    def _of(self, asked: Told, cluster_id: str, fact: Fact) -> Iterator[Known]:
        attribute = self._ledger.attribute(fact.attribute)
        if attribute is None or not self._is_told_of(attribute, asked):
            return
        label = self._label(attribute, asked)
        compared = self._compared(asked, fact, attribute)
        if compared is None or (compared.source and attribute.many):
            return
        for citation in self._ledger.stating(cluster_id, fact, asked.statement.lang):
            told = self._readings.read(Statement(citation.text, citation.document.lang, asked.statement.subject))
            coverage = len(asked.words & (label | told.words)) / len(asked.words)
            is_event = attribute.type != "date" or bool(label & told.words)
            names = all(is_in(name, told) for _, name in asked.names) or attribute.type == "name"
            is_told_there = compared.source and any(
                agree(one, held, self._rules.about) for one in asked.figures for held in told.figures if comparable(one, held)
            )
            if coverage >= self._rules.min_fact and is_event and names and not is_told_there:
                year = time.last.year if (time := period_of(fact.as_of)) else None
                given = (replace(compared, source=_words_for(fact, told) or compared.source),) if compared.source else ()
                yield Known(citation, Judgement("against" if given else "for", coverage, given, year))
                return

    def _compared(self, asked: Told, fact: Fact, attribute: Attribute) -> Difference | None:
        """Return how an entry differs from the claim (an empty source: it agrees); None where they can't be compared."""
        if attribute.type == "date":
            return _compare_date(asked, fact)
        time = period_of(fact.as_of)
        if asked.dates and not (time and any(one.overlaps(time) for one in asked.dates)):
            return None
        if attribute.type == "name":
            return _compare_name(asked, fact)
        return self._compare_figure(asked, fact)

    def _compare_figure(self, asked: Told, fact: Fact) -> Difference | None:
        entry = _quantity(fact)
        alike = [one for one in asked.figures if entry and comparable(one, entry)]
        if entry is None or len(alike) != 1 or len(asked.figures) != 1 or asked.ranks:
            return None
        written = asked.text[alike[0].start : alike[0].end]
        return Difference("number", written, "" if agree(alike[0], entry, self._rules.about) else _write(fact))


def _words_for(fact: Fact, told: Told) -> str:
    """Return a sentence's own words for an entry's date or figure."""
    entry, date = _quantity(fact), period_of(str(fact.value)) if isinstance(fact.value, str) else None
    spans = [(one.start, one.end) for one in told.dates if date and one.overlaps(date)]
    spans += [(one.start, one.end) for one in told.figures if entry and comparable(one, entry) and one.low == entry.low]
    return told.text[spans[0][0] : spans[0][1]] if spans else ""


def _compare_date(asked: Told, fact: Fact) -> Difference | None:
    date = period_of(str(fact.value))
    if date is None or len(asked.dates) != 1 or asked.figures or asked.ranks:
        return None
    claimed = asked.dates[0]
    written = asked.text[claimed.start : claimed.end]
    if holds(claimed, date):
        return Difference("date", written, "")
    return None if claimed.overlaps(date) else Difference("date", written, str(fact.value))


def _compare_name(asked: Told, fact: Fact) -> Difference | None:
    if len(asked.names) != 1 or asked.figures:
        return None
    name = asked.names[0][1]
    same = name.casefold() in str(fact.value).casefold() or str(fact.value).casefold() in name.casefold()
    return Difference("name", name, "" if same else str(fact.value))


def _quantity(fact: Fact) -> Quantity | None:
    """Return an entry's number as a text would tell it; an unknown unit is compared with nothing."""
    if isinstance(fact.value, str) or (fact.unit is not None and fact.unit not in _UNITS):
        return None
    unit, factor = _UNITS[fact.unit] if fact.unit else (None, 1)
    value = Decimal(str(fact.value)) * factor
    kind = "count" if unit is None else "percent" if unit == "%" else "measure" if unit == "t" else "money"
    return Quantity(0, 0, kind, value, value, unit, "exact")  # type: ignore[arg-type]


def _write(fact: Fact) -> str:
    return f"{fact.value} {fact.unit}" if fact.unit else f"{fact.value}"


def period_of(period: str | None) -> Period | None:
    """Return the period of a ledger's or a registry's date; None of a text that is no date."""
    if period is None or not re.fullmatch(r"\d{4}(-\d\d){0,2}(/\d{4}(-\d\d){0,2})?", period):
        return None
    first, _, last = period.partition("/")
    begins, ends = written_on(first), written_on(last or first)
    return Period(0, 0, begins.first, ends.last) if begins and ends else None
