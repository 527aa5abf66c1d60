"""The graph that is written for a BERT: what it keeps exactly, and how near its int8 products come to the original."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from transformers import BertConfig, BertModel

from clusterbot.bert_graph import Sides, int4_blocks, int8_columns, smoothing, write_graph, write_pair_graph
from clusterbot.compiling import encode, largest_inputs, weights_of

VOCABULARY, WIDTH = 100, 64


def unpack(packed: np.ndarray, scale: np.ndarray) -> np.ndarray:
    halves = np.stack([packed & 15, packed >> 4], axis=2).reshape(len(packed), -1).astype(np.int8)
    signed = np.where(halves > 7, halves - 16, halves)
    return signed.reshape(*scale.shape, -1) * scale[..., None]


def test_blocks_of_four_bits_are_kept_as_they_were() -> None:
    rng = np.random.default_rng(0)
    numbers = rng.integers(-8, 8, (5, 2, 32))
    numbers[..., 3] = -8  # as in Q4_0, where the number furthest from zero is the -8
    known = numbers * rng.normal(size=(5, 2, 1)).astype(np.float32)
    known[4] = 0
    found = unpack(*int4_blocks(known.reshape(5, 64).astype(np.float32)))
    np.testing.assert_allclose(found, known, rtol=1e-6)


def test_columns_of_int8_are_off_by_half_a_step_at_most() -> None:
    matrix = np.random.default_rng(1).normal(size=(30, 7)).astype(np.float32) * np.logspace(-3, 2, 7, dtype=np.float32)
    matrix[:, 0] = 0
    numbers, scale = int8_columns(matrix)
    assert (np.abs(numbers * scale - matrix) <= 0.5001 * scale).all()


def test_a_large_channel_is_evened_out() -> None:
    largest = np.ones(8, np.float32)
    largest[2] = 100
    factor = smoothing(largest, np.ones((8, 4), np.float32))
    assert np.ptp(largest / factor) < np.ptp(largest) / 10


@pytest.fixture(scope="module")
def original() -> BertModel:
    torch.manual_seed(3)
    config = BertConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=96,
        max_position_embeddings=40,
        attn_implementation="eager",
    )
    model = BertModel(config, add_pooling_layer=False).eval()
    with torch.no_grad():  # one channel far above the others, as trained models have
        model.encoder.layer[1].intermediate.dense.weight[5] *= 60
        words = model.embeddings.word_embeddings.weight
        words[:] = torch.tensor(unpack(*int4_blocks(words.numpy())).reshape(words.shape))
    return model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("bert")
    tokenizer = Tokenizer(models.WordLevel({str(number): number for number in range(VOCABULARY)}, unk_token="0"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def sample(count: int, seed: int) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(map(str, rng.integers(1, VOCABULARY, rng.integers(4, 30)))) for _ in range(count)]


def least_cosine(original: BertModel, graph: Path) -> float:
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    cosines = []
    for text in sample(20, seed=7):
        ids = np.array([[int(number) for number in text.split()]])
        with torch.no_grad():
            known = original(input_ids=torch.tensor(ids)).last_hidden_state[0].numpy()
        found = session.run(None, {"ids": ids})[0]
        assert found.shape == (1, ids.shape[1], WIDTH)
        cosines.append(np.sum(found[0] * known, axis=1) / np.linalg.norm(found[0], axis=1) / np.linalg.norm(known, axis=1))
    return float(np.concatenate(cosines).min())


def test_tokens_get_the_vectors_of_the_original_and_smoothing_brings_them_nearer(
    original: BertModel, folder: Path, tmp_path: Path
) -> None:
    seen = largest_inputs(original, lambda: encode(original, folder, sample(40, seed=1)))
    smooth, rough = tmp_path / "smooth", tmp_path / "rough"
    weights = weights_of(original)
    for into, largest in ((smooth, seen), (rough, {name: np.ones_like(value) for name, value in seen.items()})):
        into.mkdir()
        write_graph(weights, original.config.to_dict(), largest, into)
    assert least_cosine(original, smooth / "model.onnx") > 0.99
    assert least_cosine(original, smooth / "model.onnx") > least_cosine(original, rough / "model.onnx")


def test_what_reads_pairs_tells_the_sides_apart_and_stores_only_what_differs(
    original: BertModel, folder: Path, tmp_path: Path
) -> None:
    largest = largest_inputs(original, lambda: encode(original, folder, sample(40, seed=1)))
    weights = {name: value.copy() for name, value in weights_of(original).items()}
    config = original.config.to_dict()
    write_graph(weights, config, largest, tmp_path)
    vectors = np.random.default_rng(2).normal(size=(2, WIDTH)).astype(np.float32)
    name = "encoder.layer.1.output.dense.weight"
    changed = {**weights, name: weights[name] + 0.02 * np.random.default_rng(3).normal(size=weights[name].shape).astype(np.float32)}
    write_pair_graph(changed, config, largest, Sides(vectors, layer=1), tmp_path, "pairs")
    assert (tmp_path / "pairs.bin").stat().st_size < (tmp_path / "weights.bin").stat().st_size / 2
    ids, sides = np.arange(1, 11)[np.newaxis], np.repeat([0, 1], [4, 6])
    session = onnxruntime.InferenceSession(str(tmp_path / "pairs.onnx"), providers=["CPUExecutionProvider"])
    found = session.run(None, {"ids": ids, "sides": sides[np.newaxis]})[0][0]
    dense, layer = original.encoder.layer[1].output.dense, original.encoder.layer[1]
    hook = layer.register_forward_pre_hook(lambda _, inputs: (inputs[0] + torch.from_numpy(vectors[sides]), *inputs[1:]))
    with torch.no_grad():
        dense.weight.copy_(torch.from_numpy(changed[name]))
        known = original(input_ids=torch.from_numpy(ids)).last_hidden_state[0].numpy()
        dense.weight.copy_(torch.from_numpy(weights[name]))
    hook.remove()
    cosines = np.sum(found * known, axis=1) / np.linalg.norm(found, axis=1) / np.linalg.norm(known, axis=1)
    assert cosines.min() > 0.98
