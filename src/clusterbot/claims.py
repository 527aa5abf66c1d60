"""A claim -> Verdict: supported, contradicted or not covered, with the sentences that say so and the very differences."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from clusterbot.claim_rules import ClaimRules
from clusterbot.comparing import holds
from clusterbot.dates import find_periods
from clusterbot.facts import Known
from clusterbot.judging import Difference, Judge, Judgement
from clusterbot.models import Citation, Disagreement, Lang, Timeline
from clusterbot.quantities import find_quantities
from clusterbot.quoting import Candidate
from clusterbot.statements import Statement, written_on
from clusterbot.text import split_sentences
from clusterbot.undecided import LABELS, Label, PairReading, Read, ReadingRules, Stance

MAX_EVIDENCE = 5
MAX_CLAIMS = 12


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that was weighed: what it says of the claim, the year it speaks of, and where it differs."""

    citation: Citation
    stance: Stance
    year: int | None
    coverage: float
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the sources say of one claim; `confidence` is the fitted probability that the verdict is right.

    `timelines`: how what the claim tells without a date has changed. `disagreements`: what the sources tell differently of what the
    evidence tells. Both stand whatever the verdict. `read`: what was made of the sentences where the judge found none for or
    against it.
    """

    claim: str
    lang: Lang
    label: Label
    confidence: float
    evidence: tuple[Evidence, ...]
    disagreements: tuple[Disagreement, ...] = ()
    timelines: tuple[Timeline, ...] = ()
    read: Read | None = field(default=None, compare=False)

    @property
    def side_by_side(self) -> tuple[Timeline | Disagreement, ...]:
        """The values that changed, and those that disagree."""
        return (*self.timelines, *self.disagreements)

    @property
    def differences(self) -> tuple[Difference, ...]:
        """The differences of the evidence against it, each once."""
        return tuple(dict.fromkeys(one for each in self.evidence if each.stance == "against" for one in each.differences))


def split_claims(text: str, lang: Lang) -> list[str]:
    """Split a paragraph into the sentences that can be checked one by one."""
    sentences = [text[one.start : one.end] for one in split_sentences(text, lang) if not one.is_heading]
    return sentences[:MAX_CLAIMS] or [text]


def overall(verdicts: Sequence[Verdict]) -> Label:
    """Return the verdict on a paragraph: contradicted as soon as one claim is, supported only if all are."""
    labels = {verdict.label for verdict in verdicts}
    if "contradicted" in labels:
        return "contradicted"
    return "supported" if labels == {"supported"} else "not_covered"


def weigh(
    claim: Statement,
    cluster_ids: Iterable[str],
    candidates: Sequence[Candidate],
    judge: Judge,
    rules: ClaimRules,
    known: Sequence[Known] = (),
    is_settled: Callable[[Citation], bool] = lambda _: False,
    reading: PairReading | None = None,
) -> Verdict:
    """Judge a claim by the ledgers' entries on it and the best sentences read for it; those about other clusters say nothing.

    `is_settled` says whether a sentence tells what is on record and undisputed; what differs from it then tells of something else.
    Where no sentence speaks for the claim or against it by the judge, or the one that decides is doubted, `reading` decides.
    """
    wanted = set(list(cluster_ids)[:1])  # what a claim is about; what else it names is part of what it tells
    about = [one for one in candidates if not wanted or wanted & set(one.document.clusters)]
    entries = [_of_judgement(one.citation, one.judgement) for one in known]
    places = {(one.citation.document.id, one.citation.start) for one in entries}
    read = [_evidence(claim, one, judge, rules) for one in about[: rules.sentences] if (one.document.id, one.start) not in places]
    evidence = [*entries, *read]
    order: dict[Stance, int] = {"against": 0, "for": 0, "neutral": 1}
    evidence.sort(key=lambda one: (order[one.stance], -one.coverage, one.citation.document.id, one.citation.start))
    label = _of_facts(claim, entries, evidence, rules) or _label(claim, evidence, rules, is_settled)
    if label == "contradicted" and _is_year_held(claim, evidence, rules):
        label = "not_covered"
    if reading and evidence and (_is_open(evidence) or (not entries and _is_doubted(claim, label, evidence, reading, rules))):
        return _by_reading(claim, evidence, _read_beside(claim, evidence, reading), rules.undecided)
    return Verdict(claim.text, claim.lang, label, _confidence(label, evidence, rules), tuple(_shown(label, evidence)))


def _is_open(evidence: Sequence[Evidence]) -> bool:
    return all(one.stance == "neutral" for one in evidence)


def _is_doubted(claim: Statement, label: Label, evidence: Sequence[Evidence], reading: PairReading, rules: ClaimRules) -> bool:
    """Say whether the best of the sentences by which a verdict was given is read otherwise.

    One that supports a claim, if it tells of more than the claim does and reads as contradicting it; one that contradicts it by a
    denial alone, if it doesn't read so: who denies in other words may well say the same ("no longer", "not until").
    """
    if label == "not_covered":
        return False
    side: Stance = "for" if label == "supported" else "against"
    deciding = [one for one in evidence if one.stance == side]
    best = max(deciding, key=lambda one: one.coverage)
    if side == "for" and best.coverage >= rules.nearness.min_whole:
        return False
    if side == "against" and any(each.kind != "negation" for one in deciding for each in one.differences):
        return False
    contradicts = reading.read(claim.text, [best.citation.text])[0, 1]
    return bool(contradicts >= rules.undecided.doubt if side == "for" else contradicts < rules.undecided.denies)


def _by_reading(claim: Statement, evidence: Sequence[Evidence], read: Read, rules: ReadingRules) -> Verdict:
    """Decide by what was read beside each sentence; those that speak most surely for the verdict come first."""
    label, chance = rules.decide(read)
    if label != "not_covered":
        stances, sure = rules.stances(read), read.chances[:, LABELS.index(label)]
        order = sorted(range(len(evidence)), key=lambda place: (stances[place] == "neutral", -sure[place]))
        evidence = [
            replace(evidence[place], stance=stances[place], differences=_told(evidence[place], stances[place])) for place in order
        ]
    return Verdict(claim.text, claim.lang, label, chance, tuple(_shown(label, evidence)), read=read)


def _read_beside(claim: Statement, evidence: Sequence[Evidence], reading: PairReading) -> Read:
    """Read a claim beside each sentence of evidence."""
    return Read(
        chances=reading.read(claim.text, [one.citation.text for one in evidence]).astype(np.float64),
        coverage=np.array([one.coverage for one in evidence]),
        differs=np.array([_lacks_figure(one) for one in evidence]),
        gives=np.array([any(each.source for each in one.differences) for one in evidence]),
    )


def _lacks_figure(one: Evidence) -> bool:
    return any(each.kind in ("number", "unit", "date") for each in one.differences)


def _told(one: Evidence, stance: Stance) -> tuple[Difference, ...]:
    """Return the differences that evidence shows: of what speaks against a claim, those that give something else."""
    return tuple(each for each in one.differences if each.source) if stance == "against" else ()


def _shown(label: Label, evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the evidence that is shown: what decides first, but never one side alone where there are two."""
    wanted: Stance = "for" if label == "supported" else "against"
    first = [one for one in evidence if one.stance == wanted][: MAX_EVIDENCE - 1]
    rest = [one for one in evidence if one not in first]
    return [*first, *rest][:MAX_EVIDENCE]


def _evidence(claim: Statement, one: Candidate, judge: Judge, rules: ClaimRules) -> Evidence:
    when = written_on(one.document.published) if one.document.kind in ("article", "digest") else None
    near = rules.nearness.added(one.parts.content, one.cosine)
    told = judge.judge(claim, Statement(one.text, one.document.lang, claim.subject, when, near))
    return _of_judgement(Citation(one.document, one.start, one.end), told)


def _of_judgement(citation: Citation, told: Judgement) -> Evidence:
    return Evidence(citation, told.stance, told.year, told.coverage, told.differences)


def _of_facts(claim: Statement, entries: Sequence[Evidence], evidence: Sequence[Evidence], rules: ClaimRules) -> Label | None:
    """Return what the newest ledger entries on the claim decide; None where there are none, or they differ."""
    against = _sides(entries)["against"]
    if against and _is_of_names(against) and _sides(evidence)["for"] and _tells_the_past(claim, rules):
        return "supported"
    newest = max((one.year or 0 for one in entries), default=0)
    stances = {one.stance for one in entries if (one.year or 0) == newest}
    if len(stances) != 1:
        return None
    return "supported" if "for" in stances else "contradicted"


def _label(claim: Statement, evidence: Sequence[Evidence], rules: ClaimRules, is_settled: Callable[[Citation], bool]) -> Label:
    """Decide by the newest evidence, and at one time by the evidence that covers clearly more of the claim; else not at all."""
    sides = _sides(evidence)
    if not sides["for"] and not sides["against"]:
        return "not_covered"
    if not sides["for"] or not sides["against"]:
        return "supported" if sides["for"] else "contradicted"
    newest = {stance: max(one.year or 0 for one in each) for stance, each in sides.items()}
    if _is_of_names(sides["against"]):  # who is named held the post, whoever else did; now, who did last
        is_held = _tells_the_past(claim, rules) or newest["for"] >= newest["against"]
        return "supported" if is_held else "contradicted"
    is_dated = bool(find_periods(claim.text, claim.lang)) or not find_quantities(claim.text, claim.lang)
    if not is_dated and newest["for"] != newest["against"]:
        return "supported" if newest["for"] > newest["against"] else "contradicted"
    best = {stance: max(one.coverage for one in each) for stance, each in sides.items()}
    if any(is_settled(one.citation) and one.coverage >= best["against"] for one in sides["for"]):
        return "supported"
    if abs(best["for"] - best["against"]) < rules.lead:
        return "not_covered"
    return "supported" if best["for"] > best["against"] else "contradicted"


def _sides(evidence: Sequence[Evidence]) -> dict[Stance, list[Evidence]]:
    stances: tuple[Stance, ...] = ("for", "against")
    return {stance: [one for one in evidence if one.stance == stance] for stance in stances}


def _is_of_names(against: Sequence[Evidence]) -> bool:
    """Say whether evidence differs from a claim by names alone."""
    return all(one.kind == "name" for each in against for one in each.differences)


def _tells_the_past(claim: Statement, rules: ClaimRules) -> bool:
    """Say whether a claim tells of what was: by a date, or by its verb."""
    return bool(find_periods(claim.text, claim.lang) or re.search(rules.wording.past[claim.lang], claim.text, re.I))


def _is_year_held(claim: Statement, evidence: Sequence[Evidence], rules: ClaimRules) -> bool:
    """Say whether the claim differs by its date alone and yet a sentence on the same matter holds that date."""
    given = [one for each in evidence if each.stance == "against" for one in each.differences]
    differing = {one.claim for one in given}
    asked = [one for one in find_periods(claim.text, claim.lang) if claim.text[one.start : one.end] in differing]
    about = [one for one in evidence if one.stance != "against" and one.coverage >= rules.min_coverage]
    about = [one for one in about if all(each.kind != "date" for each in one.differences)]
    return {one.kind for one in given} == {"date"} and any(
        any(holds(one, other) for one in asked for other in find_periods(each.citation.text, each.citation.document.lang))
        for each in about
    )


def _confidence(label: Label, evidence: Sequence[Evidence], rules: ClaimRules) -> float:
    """Return the probability that the verdict is right: fitted for the rules, a model's own word for a model."""
    found = features(label, evidence)
    if not rules.fitted:
        return abs(found["coverage"])
    return 1 / (1 + math.exp(-(rules.intercept + sum(rules.weights[name] * value for name, value in found.items()))))


def features(label: Label, evidence: Sequence[Evidence]) -> dict[str, float]:
    """Return what tells right verdicts from wrong ones: the label, and how well the best evidence for it covers the claim.

    Where the verdict is that nothing decides, what comes near speaks against it.
    """
    wanted: Stance = "for" if label == "supported" else "against" if label == "contradicted" else "neutral"
    coverage = max((one.coverage for one in evidence if one.stance == wanted), default=0.0)
    is_open = label == "not_covered"
    return {
        "coverage": -coverage if is_open else coverage,
        "contradicted": float(label == "contradicted"),
        "not_covered": float(is_open),
        "divided": float({"for", "against"} <= {one.stance for one in evidence}),
    }


def normal_claim(text: str) -> str:
    """Return a claim without the quotation marks that it was pasted with."""
    return re.sub(r"^[«“\"\s\u00a0]+|[»”\"\s\u00a0]+$", "", text)
