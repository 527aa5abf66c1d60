"""What the rules that weigh claims are set to: tolerances, thresholds, word lists and weights, read from data."""

from __future__ import annotations

from importlib import resources

from pydantic import BaseModel, ConfigDict

from clusterbot.statements import Wording
from clusterbot.undecided import ReadingRules


class NearnessRules(BaseModel):
    """How much nearness in meaning adds to the share of a claim's words that a sentence tells; fitted for the bundled model.

    added = content * (MaxSim - usual_content) + cosine * (cosine of the two vectors - usual_cosine)

    with MaxSim the mean over the tokens of the claim's telling words of the highest cosine with a token of the sentence (ColBERT:
    Khattab and Zaharia, SIGIR 2020). The usual values add nothing. `min_whole`: with that much of words and nearness together, a
    sentence tells of nothing but what the claim tells; words alone never reach it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    content: float
    usual_content: float
    cosine: float
    usual_cosine: float
    min_whole: float

    def added(self, content: float, cosine: float | None) -> float:
        """Return what nearness adds; 0 where there are no vectors. `content` is 0 where a claim has no telling words."""
        if cosine is None:
            return 0.0
        by_tokens = self.content * (content - self.usual_content) if content else 0.0
        return by_tokens + self.cosine * (cosine - self.usual_cosine)


class ClaimRules(BaseModel):
    """Tolerances, thresholds and word lists of the rules, and the logistic function of a verdict's probability: data, not code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sentences: int
    min_coverage: float
    min_told: float
    min_bare: float
    min_against: float
    min_denied: float
    min_fact: float
    lead: float
    nearness: NearnessRules
    about: float
    intercept: float
    weights: dict[str, float]
    fitted: str
    undecided: ReadingRules
    wording: Wording


def read_rules() -> ClaimRules:
    """Read the shipped rules."""
    return ClaimRules.model_validate_json(resources.files("clusterbot").joinpath("data/claims.json").read_text(encoding="utf-8"))
