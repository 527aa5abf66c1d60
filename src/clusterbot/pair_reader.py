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

from clusterbot.index.tokens import unit

Floats = NDArray[np.float32]

LABELS = ("for", "against", "neutral", "answered", "unanswered")
"""What scores stand for: a text bears a claim out, contradicts it, leaves it open; it answers a question, or doesn't."""


class PairReader:
    """The network; h is the width within it, r the length of a token's code."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """Take the weights by name, as `benchmarks/train_pair_reader.py` writes them."""
        self._weights = weights
        kinds = [[weights[f"{name}.{kind}"] for name in ("value", "query", "key")] for kind in ("matrix", "bias")]
        self._matrix, self._bias = (np.concatenate(each, axis=-1) for each in kinds)  # three products in one
        self._width = self._matrix.shape[1] // 3

    def read(self, asked: Floats, texts: Sequence[NDArray[np.int8]]) -> Floats:
        """Return the scores of texts beside a claim or question: float32 (n, len(LABELS)), log odds among the labels of one task.

        `asked`: float32 (m, r), rows of length 1, m at least 1; each text: int8 (t, r), t at least 1; at least one text.
        """
        one, all_others = self._prepare(asked), self._prepare(unit(np.concatenate(texts)))
        ends, h = np.cumsum([len(text) for text in texts]).tolist(), self._width
        rows, starts, place = np.empty((len(texts) * len(asked) + ends[-1], 4 * h + 1), np.float32), [], 0
        for begin, end in zip([0, *ends], ends, strict=False):
            other = [part[begin:end] for part in all_others]
            cosines = one[0] @ other[0].T
            for own, beside, likeness in ((one, other, cosines), (other, one, cosines.T)):
                starts.append(place)
                place += len(likeness)
                rows[starts[-1] : place, :h] = own[1]
                rows[starts[-1] : place, h : 2 * h] = self._gather(own, beside, likeness)
                rows[starts[-1] : place, -1] = likeness.max(axis=1)
        np.abs(rows[:, :h] - rows[:, h : 2 * h], out=rows[:, 2 * h : 3 * h])
        np.multiply(rows[:, :h], rows[:, h : 2 * h], out=rows[:, 3 * h : 4 * h])
        return self._sum_up(rows, starts)

    def _sum_up(self, rows: Floats, starts: Sequence[int]) -> Floats:
        """Return the scores (n, labels) of tokens beside what they attend to: from `starts`, in turn, what is asked and a text."""
        compared = np.maximum(self._linear(np.maximum(self._linear(rows, "compare"), 0), "sum"), 0)
        best, sizes = rows[:, -1:], np.diff([*starts, len(rows)])[:, np.newaxis].astype(np.float32)
        parts = [np.add.reduceat(compared, starts) / sizes, np.maximum.reduceat(compared, starts)]
        parts += [np.add.reduceat(best, starts) / sizes, np.minimum.reduceat(best, starts)]
        summed = np.concatenate(parts, axis=1).reshape(len(starts) // 2, -1)
        return self._linear(np.maximum(self._linear(summed, "first"), 0), "last")

    def _prepare(self, tokens: Floats) -> list[Floats]:
        """Return what is made of tokens alone (t, ...): the direction of their standard scores, and value, query and key."""
        scores = (tokens - self._weights["mean"]) / self._weights["scale"]
        length = np.maximum(np.linalg.norm(scores, axis=1, keepdims=True), 1e-9)
        return [scores / length, *np.split(scores @ self._matrix + self._bias, 3, axis=1)]

    def _gather(self, one: Sequence[Floats], other: Sequence[Floats], cosines: Floats) -> Floats:
        """Return what each token of one text attends to in the other (t, h)."""
        logits = one[2] @ other[3].T / np.sqrt(np.float32(self._width)) + cosines * self._weights["sharpness"]
        attention = np.exp(logits - logits.max(axis=1, keepdims=True))
        gathered: Floats = attention @ other[1] / attention.sum(axis=1, keepdims=True)
        return gathered

    def _linear(self, inputs: Floats, name: str) -> Floats:
        given: Floats = inputs @ self._weights[f"{name}.matrix"] + self._weights[f"{name}.bias"]
        return given


@cache
def read_pair_reader() -> PairReader:
    """Read the weights that ship, once, which hold for the bundled model's token codes."""
    with resources.files("clusterbot").joinpath("data/pair_reader.npz").open("rb") as file, np.load(file) as data:
        return PairReader({name: data[name].astype(np.float32) for name in data.files})
