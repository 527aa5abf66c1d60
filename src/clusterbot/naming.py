"""A claim on what a cluster was called -> whether its registered names bear it out, each time with a sentence that says so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from clusterbot.claim_rules import ClaimRules
from clusterbot.clusters import Mention
from clusterbot.comparing import holds
from clusterbot.dates import Period, find_periods
from clusterbot.facts import Known, period_of
from clusterbot.judging import Difference, Judgement
from clusterbot.ledger import Ledger
from clusterbot.models import Citation, FormerName
from clusterbot.statements import Readings, Statement, Told
from clusterbot.text import fold

Turn = Literal["was", "became", "turned", "noun"]
TURNS: tuple[Turn, ...] = ("was", "became", "turned", "noun")
_GAP = re.compile(
    r"[\s«“\"(:]*(?:(?:l[ae]s?\b|l[’']|the\b|de\b|du\b|d[’']|of\b|as\b|auparavant\b|jadis\b|autrefois\b|alors\b|d[’']abord\b)[\s«“\"(]*)*"
)


@dataclass(frozen=True, slots=True)
class _Named:
    """What a claim tells of names: the old and the new one, empty where it leaves one out, and how it puts it."""

    turn: Turn
    old: str
    new: str


class NameJudge:
    """Weighs claims by the former names of the registry."""

    def __init__(self, ledger: Ledger, rules: ClaimRules) -> None:
        self._ledger = ledger
        self._readings = Readings(rules.wording)
        self._turns = [(turn, re.compile(rf"\b(?:{rules.wording.naming[turn]})", re.I)) for turn in TURNS]

    def weigh(self, claim: Statement, mentions: Sequence[Mention], read: Sequence[Citation]) -> list[Known]:
        """Return what the registered names say of a claim, with a sentence that holds them; nothing without one.

        `mentions`: the clusters that the claim names, the first of which it is about. `read`: sentences found for it, which come
        before those of the profile.
        """
        if not mentions or mentions[0].is_ambiguous:
            return []
        cluster_id = mentions[0].cluster_ids[0]
        formers = self._ledger.former_names(cluster_id)
        asked = self._readings.read(claim)
        named = self._named(asked, mentions) if formers else None
        if named is None:
            return []
        sentences = [*read, *self._ledger.sentences(cluster_id, claim.lang)]
        sentences.sort(key=lambda one: one.document.lang != claim.lang)
        current = {fold(name) for name in self._ledger.names(cluster_id)}
        found = next(self._weighed(asked, named, formers, current, sentences), None)
        if found is None or not asked.denied:
            return [found] if found else []
        if found.judgement.stance == "against":  # that it never had another name isn't told by the one that it had
            return []
        differs = Difference("negation", self._readings.denial(asked), named.old)
        return [replace(found, judgement=Judgement("against", 1.0, (differs,), found.judgement.year))]

    def _named(self, asked: Told, mentions: Sequence[Mention]) -> _Named | None:
        """Read how a claim speaks of a change of name; None where it doesn't."""
        spans = [(one.start, one.end, asked.text[one.start : one.end]) for one in mentions]
        free = [(start, start + len(name), name) for start, name in asked.names]
        spans += [one for one in free if not any(one[0] < end and start < one[1] for start, end, _ in spans)]
        spans.sort()
        for turn, pattern in self._turns:
            for match in pattern.finditer(asked.text):
                before = [name for _, end, name in spans if end <= match.start()]
                after = [name for start, _, name in spans if start >= match.end()]
                is_next = any(_GAP.fullmatch(asked.text, match.end(), start) for start, _, _ in spans if start >= match.end())
                if found := _slots(turn, before, after, is_next):
                    return found
        return None

    def _weighed(
        self, asked: Told, named: _Named, formers: Sequence[FormerName], current: set[str], sentences: Sequence[Citation]
    ) -> Iterator[Known]:
        old = [one for one in formers if fold(one.name) == fold(named.old)]
        is_swapped = fold(named.old) in current and any(fold(one.name) == fold(named.new) for one in formers)
        if old and (not named.new or fold(named.new) in current or fold(named.new) == fold(named.old)):
            yield from self._by_date(asked, named, old[0], current, sentences)
        elif is_swapped or (not old and fold(named.new) in current and fold(named.old) not in current):
            for former in formers:
                for sentence in self._naming(former, current, sentences):
                    yield _known(sentence, former, Difference("name", named.old, former.name))
        elif not named.new and fold(named.old) in current and named.turn == "became" and asked.dates:
            dated = [one for one in formers if one.until is not None]
            for former in sorted(dated, key=lambda one: not _is_then(asked.dates[0], named.turn, one)):
                yield from self._by_date(asked, named, former, current, sentences)

    def _by_date(
        self, asked: Told, named: _Named, former: FormerName, current: set[str], sentences: Sequence[Citation]
    ) -> Iterator[Known]:
        """Yield what a name that was held says of a claim, once its date is compared with the day on which it was given up."""
        if not asked.dates:
            for sentence in self._naming(former, current, sentences):
                yield _known(sentence, former, None)
        until = period_of(former.until)
        if not asked.dates or until is None:
            return
        date = asked.dates[0]
        is_then = _is_then(date, named.turn, former)
        if is_then is None:
            return
        claimed = asked.text[date.start : date.end]
        for sentence in self._naming(former, current, sentences):
            told = [one for one in find_periods(sentence.text, sentence.document.lang) if one.overlaps(until)]
            if told:
                written = sentence.text[told[0].start : told[0].end]
                yield _known(sentence, former, None if is_then else Difference("date", claimed, written))

    def _naming(self, former: FormerName, current: set[str], sentences: Sequence[Citation]) -> list[Citation]:
        """Return the sentences that hold a former name, those first that tell how it became the present one."""
        name = re.compile(rf"(?<!\w){re.escape(' '.join(fold(former.name).split()))}(?![\w+])")

        def rank(one: Citation) -> tuple[bool, bool]:
            beside = name.sub(" ", " ".join(fold(one.text).split()))
            return not any(present in beside for present in current), not any(turn.search(one.text) for _, turn in self._turns)

        return sorted((one for one in sentences if name.search(" ".join(fold(one.text).split()))), key=rank)


def _slots(turn: Turn, before: Sequence[str], after: Sequence[str], is_next: bool) -> _Named | None:
    """Say which of the names before and after a turn of phrase is the old one; `is_next`: one follows it at once."""
    match turn:
        case "was" if is_next:  # `X was formerly known as Y`, `formerly known as Y, X`
            return _Named(turn, after[0], next(iter([*before, *after[1:]]), ""))
        case "became" if before:  # `Y was renamed X`, `Y was renamed`
            return _Named(turn, before[-1], after[0] if is_next else "")
        case "turned" if before and is_next:  # `Y became X`
            return _Named("became", before[-1], after[0])
        case "noun" if is_next and before:  # `Y is the former name of X`
            return _Named(turn, before[-1], after[0])
        case "noun" if is_next and len(after) > 1:  # `the former name of X is Y`
            return _Named(turn, after[1], after[0])
    return None


def _is_then(date: Period, turn: Turn, former: FormerName) -> bool | None:
    """Say whether a name was held, or given up, at a claim's date; None where that can't be told."""
    until = period_of(former.until)
    if until is None:
        return None
    if date.precision == "at_most" and holds(date, until):  # `until 2015`
        return True
    if turn == "became" and date.precision in ("exact", "about"):
        return True if holds(date, until) else None if date.overlaps(until) else False
    return True if date.last <= until.last else None if date.overlaps(until) else False


def _known(sentence: Citation, former: FormerName, differs: Difference | None) -> Known:
    until = period_of(former.until)
    return Known(
        sentence, Judgement("against" if differs else "for", 1.0, (differs,) if differs else (), until.last.year if until else None)
    )
