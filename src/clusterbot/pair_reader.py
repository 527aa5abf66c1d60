"""Two texts' tokens -> what they say together: does a sentence bear a claim out or contradict it, does it answer a question?

Decomposable attention (Parikh et al. 2016, arXiv:1606.01933) over token codes, those that the index holds: each token is set beside
what it attends to in the other text, and what comes of it is summed up by its mean and its largest values. Nothing is encoded for
it. `benchmarks/train_pair_reader.py` makes the weights, from pairs that we wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from clusterbot.claim_reader import softmax
from clusterbot.index.tokens import unit

Floats = NDArray[np.float32]

LABELS = ("for", "against", "neutral", "answered", "unanswered")
"""What scores stand for: a text bears a claim out, contradicts it, leaves it open; it answers a question, or doesn't."""


class PairReader:
    """The network; h is the width within it, r the length of a token's code."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """Take the weights by name, as `benchmarks/train_pair_reader.py` writes them."""
        self._weights = weights
        h = weights["value.matrix"].shape[1]
        self._query, self._query_bias = (weights[f"query.{kind}"] / np.sqrt(np.float32(h)) for kind in ("matrix", "bias"))
        *self._compare, self._compare_best = np.split(weights["compare.matrix"], h * np.arange(1, 5))

    def read(self, asked: Floats, texts: Sequence[NDArray[np.int8]]) -> Floats:
        """Return the scores of texts beside a claim or question: float32 (n, len(LABELS)), log odds among the labels of one task.

        `asked`: float32 (m, r), rows of length 1, m at least 1; each text: int8 (t, r), t at least 1; at least one text.
        """
        (one, one_turned), (others, others_turned) = self._standardise(asked), self._standardise(unit(np.concatenate(texts)))
        ends = np.cumsum([len(text) for text in texts]).tolist()
        parts = [slice(*part) for part in zip([0, *ends[:-1]], ends, strict=True)]
        cosines = one_turned @ others_turned.T
        to_others, from_others = self._attention(one, others, cosines)
        one_value, value = self._linear(one, "value"), self._linear(others, "value")
        own = np.concatenate([*[one_value] * len(texts), value])
        gathered = np.concatenate(
            [*(softmax(to_others[:, part]) @ value[part] for part in parts), softmax(from_others) @ one_value]
        )
        best = np.concatenate([*(cosines[:, part].max(axis=1) for part in parts), cosines.max(axis=0)])[:, np.newaxis]
        before = len(texts) * len(asked)
        starts = [*range(0, before, len(asked)), *(before + part.start for part in parts)]
        return self._sum_up(self._compared(own, gathered, best), best, starts)

    def _standardise(self, tokens: Floats) -> tuple[Floats, Floats]:
        """Return the standard scores of tokens, and their directions: (t, r) both."""
        scores = (tokens - self._weights["mean"]) / self._weights["scale"]
        return scores, scores / np.maximum(np.linalg.norm(scores, axis=1, keepdims=True), 1e-9)

    def _attention(self, one: Floats, others: Floats, cosines: Floats) -> tuple[Floats, Floats]:
        """Return the logits by which m tokens attend to t others (m, t), and these to those (t, m).

        What is asked has few tokens: to turn its queries and keys into the others' space is less work than to make theirs.
        """
        queries, keys = one @ self._query + self._query_bias, self._linear(one, "key")
        alike = cosines * self._weights["sharpness"]
        to_others = (queries @ self._weights["key.matrix"].T) @ others.T + (queries @ self._weights["key.bias"])[:, np.newaxis]
        from_others = others @ (self._query @ keys.T) + keys @ self._query_bias
        return to_others + alike, from_others + alike.T

    def _compared(self, own: Floats, gathered: Floats, best: Floats) -> Floats:
        """Return what comes of tokens (n, h) beside what they gathered (n, h) and their highest cosines (n, 1)."""
        beside = (own, gathered, np.abs(own - gathered), own * gathered)
        sums = best * self._compare_best + self._weights["compare.bias"]
        for part, matrix in zip(beside, self._compare, strict=True):
            sums += part @ matrix
        return np.maximum(self._linear(np.maximum(sums, 0), "sum"), 0)

    def _sum_up(self, compared: Floats, best: Floats, starts: Sequence[int]) -> Floats:
        """Return the scores (n, labels); from `starts` come the rows of what is asked beside each text, then of each text."""
        sizes = np.diff([*starts, len(compared)])[:, np.newaxis].astype(np.float32)
        parts = [np.add.reduceat(compared, starts) / sizes, np.maximum.reduceat(compared, starts)]
        parts += [np.add.reduceat(best, starts) / sizes, np.minimum.reduceat(best, starts)]
        summed = np.concatenate(np.split(np.concatenate(parts, axis=1), 2), axis=1)
        return self._linear(np.maximum(self._linear(summed, "first"), 0), "last")

    def _linear(self, inputs: Floats, name: str) -> Floats:
        given: Floats = inputs @ self._weights[f"{name}.matrix"] + self._weights[f"{name}.bias"]
        return given


@cache
def read_pair_reader() -> PairReader:
    """Read the weights that ship, once, which hold for the bundled model's token codes."""
    with resources.files("clusterbot").joinpath("data/pair_reader.npz").open("rb") as file, np.load(file) as data:
        return PairReader({name: data[name].astype(np.float32) for name in data.files})
