"""What reads a claim beside a sentence: it computes what was trained, tells contraries from paraphrases, and reads any text."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from platformdirs import user_cache_dir

from clusterbot import pair_compiling
from clusterbot.claim_reader import LABELS, MAX_TOKENS, Change, ClaimReader, Head, graph_name, softmax
from clusterbot.compiled import CompiledEmbedder
from clusterbot.compiling import verify_compiled
from clusterbot.embedding import open_embedder
from clusterbot.errors import ModelUnavailable
from clusterbot.pair_compiling import changed, ensure_claim_reader

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
CACHE = Path(user_cache_dir("clusterbot"))


@pytest.fixture(scope="module")
def embedder() -> CompiledEmbedder:
    found = open_embedder("bundled", CACHE)
    assert isinstance(found, CompiledEmbedder)
    return found


@pytest.fixture(scope="module")
def reader(embedder: CompiledEmbedder) -> ClaimReader:
    found = ensure_claim_reader(embedder, CACHE)
    assert found is not None
    return found


def test_what_runs_computes_what_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    torch = pytest.importorskip("torch")
    from train_claim_reader import FIRST_LAYER, Network, Pair
    from transformers import BertConfig, BertModel

    torch.manual_seed(5)
    shape = {"hidden_size": 64, "num_hidden_layers": FIRST_LAYER + 2, "num_attention_heads": 2, "intermediate_size": 96}
    model = BertModel(BertConfig(vocab_size=40, attn_implementation="eager", **shape), add_pooling_layer=False).eval()
    network = Network(model).eval()
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if name.endswith("up") or name == "sides":
                parameter.normal_(std=0.6)
    parts = {name: value.astype(np.float32) for name, value in network.weights().items()}
    matrices = {
        name.removesuffix(".up"): parts[name] @ parts[name.removesuffix("up") + "down"] for name in parts if name.endswith(".up")
    }
    head = Head(*(parts[f"head.{name}"] for name in ("first", "first_bias", "last", "last_bias")))
    ids, sides = np.arange(1, 12), np.repeat([0, 1], [4, 7])
    with torch.no_grad():
        below = model(input_ids=torch.from_numpy(ids[np.newaxis]), output_hidden_states=True).hidden_states[FIRST_LAYER][0]
        known = softmax(network([Pair(below, 4, 0)])[0].numpy())
        plain = softmax(Network(model).eval()([Pair(below, 4, 0)])[0].numpy())
        found = changed(model, Change(matrices, parts["sides"], head))(ids, sides)
    np.testing.assert_allclose(found, known, atol=0.03)  # trained in half precision
    assert np.abs(found - plain).max() > 0.05  # and the change changes something


@pytest.mark.model
def test_a_pair_is_cut_at_its_longest_and_keeps_its_control_tokens(reader: ClaimReader) -> None:
    ids, sides = reader.tokenise("wood " * 500, "Le bois.")
    assert (sides == 0).sum() == MAX_TOKENS
    assert np.flatnonzero(ids == ids[0]).tolist() == [0, MAX_TOKENS]  # each text begins anew
    assert ids[MAX_TOKENS - 1] == ids[-1]


@pytest.mark.model
@pytest.mark.parametrize("text", ["", "\0", "ﷺ" * 300, "<s> </s>", "👩‍🔬" * 50, "mot " * 5000])
def test_any_text_is_read_and_probabilities_are_given(reader: ClaimReader, text: str) -> None:
    for found in (reader.read(text, ["The cluster has 40 members."]), reader.read("The cluster has 40 members.", [text])):
        assert found.shape == (1, len(LABELS))
        assert found.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.model
def test_a_sentence_is_read_alike_in_any_company(reader: ClaimReader) -> None:
    texts = ["La grappe loue ses bureaux.", "La grappe compte 40 membres.", "mot " * 300]
    together = reader.read("The cluster owns its offices.", texts)
    for place, text in enumerate(texts):
        np.testing.assert_array_equal(reader.read("The cluster owns its offices.", [text])[0], together[place])


@pytest.mark.model
def test_damage_is_found_and_told_with_what_to_do_without(reader: ClaimReader, embedder: CompiledEmbedder, tmp_path: Path) -> None:
    copy = tmp_path / embedder.folder.name
    shutil.copytree(embedder.folder, copy)
    verify_compiled(copy)
    (copy / f"{graph_name()}.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelUnavailable, match="is damaged: remove"):
        verify_compiled(copy)
    with pytest.raises(ModelUnavailable, match="CLUSTERBOT_JUDGE=rules"):
        ClaimReader(CompiledEmbedder(copy, "bundled", "1")).read("A claim.", ["A text."])


@pytest.mark.model
def test_where_it_cant_be_made_or_is_off_the_rules_weigh_alone_and_the_log_says_why(
    embedder: CompiledEmbedder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bare = tmp_path / embedder.folder.name
    shutil.copytree(embedder.folder, bare, ignore=shutil.ignore_patterns("pairs-*"))
    copied = CompiledEmbedder(bare, "bundled", "1")

    def refuse(*_: object) -> float:
        raise PermissionError("read-only")

    with caplog.at_level(logging.WARNING):
        monkeypatch.setattr(pair_compiling, "_compile", refuse)
        assert ensure_claim_reader(copied, CACHE) is None
        assert "clusterbot model prepare" in caplog.text
        monkeypatch.setattr(pair_compiling, "_compile", lambda *_: 0.3)
        assert ensure_claim_reader(copied, CACHE) is None
        assert "differs from the original by 0.300" in caplog.text
    monkeypatch.setattr(pair_compiling, "_compile", lambda *_: 0.01)
    assert ensure_claim_reader(copied, CACHE) is not None
