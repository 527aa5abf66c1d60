"""What the rules leave undecided -> how likely each verdict is, by what reads the claim beside each sentence.

A multinomial logistic function of what the readings say at their most and of the nearest sentence, fitted on claims whose verdict
is known (`benchmarks/fit_claims.py`); its weights are data (`data/claims.json`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from clusterbot.claim_reader import softmax

Floats = NDArray[np.float64]
Label = Literal["supported", "contradicted", "not_covered"]
LABELS: tuple[Label, ...] = ("supported", "contradicted", "not_covered")
Stance = Literal["for", "against", "neutral"]

_LEAST = 0.02  # what is added to both sides of log odds: a reading is never quite sure


class PairReading(Protocol):
    """Reads a claim beside sentences."""

    def read(self, claim: str, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return how likely each of at least one text bears it out, contradicts it, leaves it open: float (n, 3), rows in sum 1."""


@dataclass(frozen=True, slots=True)
class Read:
    """Sentences that were read beside a claim, n of them, at least one.

    `chances` (n, 3), in the order of LABELS: that it is borne out, contradicted, left open. `coverage` (n,): how much of its words
    and meaning they hold. `differs` (n,): whether they lack a figure or date of it; `gives` (n,): whether they give something else.
    """

    chances: Floats
    coverage: Floats
    differs: NDArray[np.bool_]
    gives: NDArray[np.bool_]


def reading_features(read: Read) -> dict[str, float]:
    """Return what the verdict goes by."""
    bears_out, contradicts = read.chances[:, 0], read.chances[:, 1]
    nearest = int(np.argmax(read.coverage))
    return {
        "for": log_odds(np.max(bears_out, where=~read.differs, initial=0)),
        "for_with_other_figures": log_odds(np.max(bears_out, where=read.differs, initial=0)),
        "against": log_odds(np.max(contradicts)),
        "nearest_for": log_odds(bears_out[nearest]),
        "nearest_against": log_odds(contradicts[nearest]),
        "coverage": float(read.coverage[nearest]),
        "all_differ": float(read.differs.all()),
        "another_is_given": float(read.gives.any()),
    }


def log_odds(chance: float) -> float:
    """Return log(p / (1 - p)), of a probability that is never quite 0 or 1."""
    return float(np.log((chance + _LEAST) / (1 + _LEAST - chance)))


class ReadingRules(BaseModel):
    """The logistic function, and from which probabilities on readings count.

    For each verdict, in the order of LABELS, an intercept and what each feature weighs. `likely`: a verdict for a claim or against
    it is given. `speaks`, `sure`: the surest sentence of a side, and any other, speak for that side. `doubt`: a sentence that
    supports a claim by the rules is read as contradicting it. `denies`: one that contradicts a claim by a denial alone is so read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    likely: float
    speaks: float
    sure: float
    doubt: float
    denies: float
    intercepts: tuple[float, float, float]
    weights: dict[str, tuple[float, float, float]]
    fitted: str

    def chances(self, found: dict[str, float]) -> dict[Label, float]:
        """Return how likely each verdict is."""
        odds = np.array(self.intercepts) + sum(value * np.array(self.weights[name]) for name, value in found.items())
        return dict(zip(LABELS, softmax(odds).tolist(), strict=True))

    def stances(self, read: Read) -> list[Stance]:
        """Return the side that each sentence speaks for: the surest of a side, and others that are sure of themselves."""
        sure = read.chances[:, :2].max(axis=1)
        leanings = np.array([self._leaning(*place) for place in zip(*read.chances[:, :2].T, read.differs, strict=True)])
        surest = {side: sure[leanings == side].max() for side in leanings.tolist()}
        return [
            side if chance >= min(self.sure, surest[side]) else "neutral"
            for side, chance in zip(leanings.tolist(), sure.tolist(), strict=True)
        ]

    def _leaning(self, borne_out: float, contradicted: float, lacks_figure: bool) -> Stance:
        """Return the side to which a sentence leans; one without the claim's figures and dates never leans to it."""
        if max(borne_out, contradicted) < self.speaks:
            return "neutral"
        if contradicted >= borne_out:
            return "against"
        return "neutral" if lacks_figure else "for"

    def decide(self, read: Read) -> tuple[Label, float]:
        """Return the verdict and how likely it is: the likeliest, if it is likely enough and a sentence speaks for it."""
        chances = self.chances(reading_features(read))
        label = max(LABELS, key=lambda one: chances[one])
        is_spoken_for = {"supported": "for", "contradicted": "against"}.get(label) in self.stances(read)
        if label != "not_covered" and not (is_spoken_for and chances[label] >= self.likely):
            label = "not_covered"
        return label, chances[label]
