"""A claim -> Verdict: supported, contradicted or not covered, with the sentences that say so and the very differences."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from clusterbot.answering import Candidate
from clusterbot.judging import ClaimRules, Difference, Judge, Judgement, Stance, Statement
from clusterbot.models import Citation, Lang
from clusterbot.quantities import find_quantities, find_years
from clusterbot.text import split_sentences

Label = Literal["supported", "contradicted", "not_covered"]
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
    """What the sources say of one claim; `confidence` is the fitted probability that the verdict is right."""

    claim: str
    lang: Lang
    label: Label
    confidence: float
    evidence: tuple[Evidence, ...]

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
    claim: Statement, cluster_ids: Iterable[str], candidates: Sequence[Candidate], judge: Judge, rules: ClaimRules
) -> Verdict:
    """Judge a claim by the best sentences read for it; those about other clusters say nothing of it."""
    wanted = set(cluster_ids)
    about = [one for one in candidates if not wanted or wanted & set(one.document.clusters)]
    evidence = [_evidence(claim, one, judge) for one in about[: rules.sentences]]
    order: dict[Stance, int] = {"against": 0, "for": 0, "neutral": 1}
    evidence.sort(key=lambda one: (order[one.stance], -one.coverage, one.citation.document.id, one.citation.start))
    label = _label(claim, evidence)
    if label == "contradicted" and _is_year_held(claim, evidence, rules):
        label = "not_covered"
    return Verdict(claim.text, claim.lang, label, _confidence(label, evidence, rules), tuple(evidence[:MAX_EVIDENCE]))


def _evidence(claim: Statement, one: Candidate, judge: Judge) -> Evidence:
    published = int(one.document.published[:4]) if one.document.kind == "article" and one.document.published else None
    told: Judgement = judge.judge(claim, Statement(one.text, one.document.lang, claim.subject, published))
    years = find_years(one.text)
    year = max((each.last for each in years), default=published)
    return Evidence(Citation(one.document, one.start, one.end), told.stance, year, told.coverage, told.differences)


def _label(claim: Statement, evidence: Sequence[Evidence]) -> Label:
    """Decide by the newest evidence; where sources of the same time disagree, or none is dated, nothing is decided."""
    newest = {
        stance: max((one.year or 0 for one in evidence if one.stance == stance), default=None) for stance in ("for", "against")
    }
    if newest["for"] is None and newest["against"] is None:
        return "not_covered"
    if newest["against"] is None:
        return "supported"
    if newest["for"] is None:
        return "contradicted"
    is_dated = bool(find_years(claim.text)) or not find_quantities(claim.text, claim.lang)
    if is_dated or newest["for"] == newest["against"]:
        return "not_covered"
    return "supported" if newest["for"] > newest["against"] else "contradicted"


def _is_year_held(claim: Statement, evidence: Sequence[Evidence], rules: ClaimRules) -> bool:
    """Say whether the claim differs by its year alone and yet a sentence on the same matter holds that year."""
    kinds = {one.kind for each in evidence if each.stance == "against" for one in each.differences}
    asked = {one.first for one in find_years(claim.text)}
    about = (one.citation.text for one in evidence if one.coverage >= rules.min_coverage)
    return kinds == {"date"} and any(asked <= {one.first for one in find_years(text)} for text in about)


def _confidence(label: Label, evidence: Sequence[Evidence], rules: ClaimRules) -> float:
    """Return the probability that the verdict is right, a logistic function of `coverage_feature`."""
    return 1 / (1 + math.exp(-(rules.intercept + rules.coverage_weight * coverage_feature(label, evidence))))


def coverage_feature(label: Label, evidence: Sequence[Evidence]) -> float:
    """Return how well the best evidence for a verdict covers the claim; its negative where the verdict is that none does."""
    wanted: Stance = "for" if label == "supported" else "against" if label == "contradicted" else "neutral"
    coverage = max((one.coverage for one in evidence if one.stance == wanted), default=0.0)
    return -coverage if label == "not_covered" else coverage


def normal_claim(text: str) -> str:
    """Return a claim without the quotation marks that it was pasted with."""
    return re.sub(r"^[«“\"\s\u00a0]+|[»”\"\s\u00a0]+$", "", text)
