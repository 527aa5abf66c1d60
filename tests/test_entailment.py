"""Claims weighed by a model for natural-language inference, here one that goes by a word."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import read_corpus
from clusterbot.entailment import CrossEncoderModel, EntailmentJudge
from clusterbot.errors import ModelUnavailable
from clusterbot.index.build import build_index
from clusterbot.statements import Statement
from fakes import KeywordEmbedder, flat_ranking


class WordModel:
    """Entails where the premise holds "yes", contradicts where it holds "no", with log odds of 2 over each other label."""

    labels: ClassVar = {0: "CONTRADICTION", 1: "neutral", 2: "entailment"}

    def scores(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        places = [2 if "wood" in premise else 0 if "water" in premise else 1 for premise, _ in pairs]
        return np.array([[2.0 if place == label else 0.0 for label in range(3)] for place in places])


@pytest.mark.parametrize(("premise", "stance"), [("wood", "for"), ("water", "against"), ("stone", "neutral")])
def test_the_likeliest_label_is_the_stance_and_its_probability_the_coverage(premise: str, stance: str) -> None:
    found = EntailmentJudge(WordModel()).judge(Statement("X.", "en", frozenset()), Statement(premise, "en", frozenset()))
    assert found.stance == stance
    assert found.coverage == pytest.approx(np.exp(2) / (np.exp(2) + 2))


def test_a_model_that_does_not_tell_entailment_is_refused_with_the_cure() -> None:
    class Sentiment(WordModel):
        labels: ClassVar = {0: "positive", 1: "negative"}

    with pytest.raises(ModelUnavailable, match="CLUSTERBOT_JUDGE=rules"):
        EntailmentJudge(Sentiment())


def test_a_model_that_is_not_there_is_told_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="CLUSTERBOT_JUDGE"):
        CrossEncoderModel(str(tmp_path / "nothing"))


def test_check_goes_by_the_model_and_says_its_own_probability(tmp_path: Path, corpus_dir: Path) -> None:
    ranking = flat_ranking()
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(ranking))
    assistant = Assistant(tmp_path / "index", KeywordEmbedder(), ranking, judge=EntailmentJudge(WordModel()))
    (verdict,) = assistant.check("Aqua Nord is a cluster of technologies.", lang="en").verdicts
    assert verdict.label == "contradicted"
    assert verdict.confidence == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    assert "water" in verdict.evidence[0].citation.text
