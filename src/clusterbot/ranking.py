"""The numbers that rank and judge, fitted on data and shipped as data: `data/ranking.json`."""

from __future__ import annotations

from importlib import resources

from pydantic import BaseModel, ConfigDict, TypeAdapter

from clusterbot.index.snapshot import Calibration
from clusterbot.models import Lang
from clusterbot.quoting import SentenceWeights
from clusterbot.retrieval import FusionWeights


class Ranking(BaseModel):
    """All fitted numbers, the model that the calibration holds for, and how they were fitted."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fusion: FusionWeights
    sentence: SentenceWeights
    finding: Calibration
    calibration: dict[Lang, Calibration]
    calibrated_for: str
    fitted: str


def read_ranking(with_tokens: bool) -> Ranking:
    """Read the shipped numbers: those for indexes with token vectors, or those for indexes without."""
    text = resources.files("clusterbot").joinpath("data/ranking.json").read_text(encoding="utf-8")
    return _RANKINGS.validate_json(text)["late" if with_tokens else "plain"]


_RANKINGS = TypeAdapter(dict[str, Ranking])
