"""(claim, sentences) -> how likely each sentence bears the claim out, contradicts it, leaves it open: the bundled model, retrained.

All layers of the encoder but the first two were changed by matrices of low rank (LoRA, Hu et al. 2021, arXiv:2106.09685) to read
two texts one after the other. `benchmarks/train_claim_reader.py` makes the change from pairs that we wrote; `pair_compiling.py`
adds it to the model's weights. It runs as the encoder does: int8, one pair at a time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import IO, TypeVar

import numpy as np
from numpy.typing import NDArray

from clusterbot.compiled import CompiledEmbedder, usable_cores

Floats = NDArray[np.float32]
Number = TypeVar("Number", np.float32, np.float64)

LABELS = ("for", "against", "neutral")
MAX_TOKENS = 128
"""Of each of the two texts; what comes after isn't read."""


@dataclass(frozen=True, slots=True)
class Head:
    """What turns the tokens of a pair into scores: two linear layers, as matrices by which rows are multiplied, and biases."""

    first: Floats
    first_bias: Floats
    last: Floats
    last_bias: Floats

    def scores(self, tokens: Floats, sides: NDArray[np.int64]) -> Floats:
        """Return the log odds of LABELS, float32 (3,), of tokens (t, d), of which `sides` (t,) says of which text each is."""
        claim, text = tokens[sides == 0], tokens[sides == 1]
        summed = np.concatenate([tokens[0], claim.mean(axis=0), text.mean(axis=0), claim.max(axis=0)])
        scores: Floats = np.maximum(summed @ self.first + self.first_bias, 0) @ self.last + self.last_bias
        return scores


def softmax(odds: NDArray[Number]) -> NDArray[Number]:
    """Return probabilities by log odds, those of a row in sum 1: both (..., n)."""
    raised = np.exp(odds - odds.max(axis=-1, keepdims=True))
    found: NDArray[Number] = raised / raised.sum(axis=-1, keepdims=True)
    return found


@dataclass(frozen=True, slots=True)
class Change:
    """What makes a reader of pairs out of the encoder.

    `matrices`: by the name of a linear layer, the rows (n, m) that are added to its weight (query, key and value as one, `self`).
    `sides`: what is added to the tokens of the first and of the second text before the first layer that is changed, float32 (2, d).
    """

    matrices: Mapping[str, Floats]
    sides: Floats
    head: Head

    @property
    def first_layer(self) -> int:
        """The first layer of the encoder that is changed."""
        return min(int(name.split(".")[2]) for name in self.matrices)


def _open_change() -> IO[bytes]:
    return resources.files("clusterbot").joinpath("data/claim_reader.npz").open("rb")


def stamp() -> str:
    """Return what tells the change that ships from any other."""
    with _open_change() as file:
        return hashlib.sha256(file.read()).hexdigest()[:8]


def graph_name() -> str:
    """Return the name, without its ending, of the graph that computes with the change that ships."""
    return f"pairs-{stamp()}"


@cache
def read_head() -> Head:
    """Read the head of the change that ships."""
    with _open_change() as file, np.load(file) as data:
        return Head(*(data[f"head.{name}"].astype(np.float32) for name in ("first", "first_bias", "last", "last_bias")))


def read_change() -> Change:
    """Read the change that ships, which holds for the bundled model."""
    with _open_change() as file, np.load(file) as data:
        names = [name.removesuffix(".down") for name in data.files if name.endswith(".down")]
        matrices = {name: data[f"{name}.up"].astype(np.float32) @ data[f"{name}.down"].astype(np.float32) for name in names}
        return Change(matrices, data["sides"].astype(np.float32), read_head())


class ClaimReader:
    """Reads claims beside sentences, on the compiled folder of an embedder."""

    def __init__(self, embedder: CompiledEmbedder) -> None:
        """Take the embedder; what reads pairs is loaded when the first is read, since most of what is asked isn't a claim."""
        self._embedder = embedder

    @cached_property
    def _graph(self) -> Callable[[dict[str, NDArray[np.int64]]], Floats]:
        return self._embedder.open_graph(f"{graph_name()}.onnx", "weigh claims by the rules alone: CLUSTERBOT_JUDGE=rules")

    def read(self, claim: str, texts: Sequence[str]) -> Floats:
        """Return the probabilities of LABELS for each of at least one text: float32 (n, 3).

        Raises:
            ModelUnavailable: what reads pairs can't be loaded.
        """
        graph = self._graph

        def read_one(text: str) -> Floats:
            ids, sides = self.tokenise(claim, text)
            return softmax(read_head().scores(graph({"ids": ids, "sides": sides}), sides))

        # A pair by itself, on one thread, as the encoder does and for its reasons.
        with ThreadPoolExecutor(min(len(texts), usable_cores())) as pool:
            return np.array(list(pool.map(read_one, texts)))

    def tokenise(self, claim: str, text: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the ids of both texts, each with its prompt and control tokens, and of which text each is: int64 (t,) both."""
        both = [self._embedder.tokenise(claim, "query")[0], self._embedder.tokenise(text, "passage")[0]]
        both = [ids if len(ids) <= MAX_TOKENS else [*ids[: MAX_TOKENS - 1], ids[-1]] for ids in both]
        return np.array([*both[0], *both[1]], np.int64), np.repeat(np.arange(2), [len(ids) for ids in both])
