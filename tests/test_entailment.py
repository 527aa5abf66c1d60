"""Claims weighed by a model for natural-language inference, here one that goes by a word."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterbot import assistant as assistant_module
from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import read_corpus
from clusterbot.engine import Weighing
from clusterbot.entailment import CrossEncoderModel, EntailmentJudge
from clusterbot.errors import ModelUnavailable
from clusterbot.index.build import build_index
from clusterbot.statements import Statement
from commands import Cli
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


# --- a real CrossEncoder: a BERT of random weights, small enough to be made here

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "wood", "water", "stone", "members", "##s", "in", "2020", ".")
LONGEST = 24
PAIRS = [("wood members", "water"), ("stone", "wood in 2020."), ("water " * 500, "stone"), ("stone in 2020.", "members")]


def save_model(folder: Path, labels: Sequence[str], activation: str = "torch.nn.modules.linear.Identity") -> str:
    """Write a classifier of pairs as the hub would give it, told to be followed by `activation`."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    torch.manual_seed(7)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32, "initializer_range": 1.0}
    id2label = dict(enumerate(labels))
    config = BertConfig(vocab_size=len(WORDS), max_position_embeddings=LONGEST, id2label=id2label, **shape)
    config.sentence_transformers = {"activation_fn": activation}
    BertForSequenceClassification(config).eval().save_pretrained(folder)
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=LONGEST).save_pretrained(folder)
    return str(folder)


def logits_of(folder: str, premise: str, hypothesis: str) -> NDArray[np.float64]:
    """Return what transformers alone makes of one pair."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForSequenceClassification.from_pretrained(folder)
    with torch.inference_mode():
        read = tokenizer(premise, hypothesis, truncation=True, max_length=LONGEST, return_tensors="pt")
        return np.asarray(model(**read).logits[0].double())


@pytest.mark.model
@pytest.mark.parametrize("activation", ["torch.nn.modules.linear.Identity", "torch.nn.modules.activation.Sigmoid"])
def test_a_real_model_scores_pairs_in_its_own_order_of_labels_however_long_and_many(tmp_path: Path, activation: str) -> None:
    folder = save_model(tmp_path, ("neutral", "ENTAILMENT", "contradiction"), activation)
    model = CrossEncoderModel(folder)
    assert dict(model.labels) == {0: "neutral", 1: "ENTAILMENT", 2: "contradiction"}
    expected = np.array([logits_of(folder, *pair) for pair in PAIRS])
    assert np.ptp(expected) > 0.1  # the weights tell the labels apart
    np.testing.assert_allclose(model.scores(PAIRS), expected, atol=1e-4)  # in one batch, as one by one; cut at the model's length
    judge, stances = EntailmentJudge(model), ("neutral", "for", "against")
    for (premise, hypothesis), logits in zip(PAIRS, expected, strict=True):
        found = judge.judge(Statement(hypothesis, "en", frozenset()), Statement(premise, "en", frozenset()))
        assert found.stance == stances[int(np.argmax(logits))]
        assert found.coverage == pytest.approx(np.exp(logits).max() / np.exp(logits).sum(), abs=1e-4)


@pytest.mark.model
@pytest.mark.parametrize("labels", [("LABEL_0",), ("entailment", "not_entailment")])
def test_a_real_model_of_other_labels_is_refused_with_the_cure(tmp_path: Path, labels: tuple[str, ...]) -> None:
    model = CrossEncoderModel(save_model(tmp_path, labels))
    with pytest.raises(ModelUnavailable, match=f"tells {', '.join(labels)}, not entailment.*CLUSTERBOT_JUDGE=rules"):
        EntailmentJudge(model)


def test_check_goes_by_the_model_and_says_its_own_probability(tmp_path: Path, corpus_dir: Path) -> None:
    ranking = flat_ranking()
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(ranking))
    assistant = Assistant(tmp_path / "index", KeywordEmbedder(), ranking, weighing=Weighing(EntailmentJudge(WordModel())))
    (verdict,) = assistant.check("Aqua Nord is a cluster of technologies.", lang="en").verdicts
    assert verdict.label == "contradicted"
    assert verdict.confidence == pytest.approx(np.exp(2) / (np.exp(2) + 2))
    assert "water" in verdict.evidence[0].citation.text


def test_eval_weighs_claims_by_the_model_that_check_goes_by(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assistant_module, "CrossEncoderModel", lambda _: WordModel())
    folder = tmp_path / "set"
    folder.mkdir()
    claim = {
        "_id": "1",
        "claim": "Aqua Nord has 12 members.",
        "lang": "en",
        "label": "SUPPORTED",
        "evidence": [{"text": "Some wood."}],
    }
    (folder / "claims.jsonl").write_text(json.dumps(claim), encoding="utf-8")
    assert cli("index", "build").status == 0
    found = {}
    for judge in ("rules", "some/model"):
        monkeypatch.setenv("CLUSTERBOT_JUDGE", judge)
        found[judge] = json.loads(cli("eval", str(folder), "--json").out)[0]["claims"]["accuracy"]
    assert found == {"rules": 0.0, "some/model": 1.0}
