"""BM25 over the terms of one language's passages: what each term adds to each passage is worked out when the index is built.

The idea and the scores are those of bm25s (Lù 2024, arXiv:2407.03618), to which a test holds them; decision 0020 says why its code
neither builds nor searches here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import ArrayWriter, map_array

K1 = 1.2  # Robertson and Zaragoza 2009, section 3.4: the usual range is 1.2 to 2; Lucene's default
B = 0.75
SLICE = 4096  # passages whose terms are held at once while building
BLOCK = 4_000_000  # postings that are sorted at once: 100 MB
STRIDE = 128  # scores whose highest is looked at for all of them

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Weights:
    """What passage i is given for holding term `numbers[j]` is `weights[j]`, for j from `firsts[i]` to `firsts[i + 1]`.

    `firsts`: int64 (n + 1,); `numbers`: int32, places in `terms`; `weights`: float32.
    """

    terms: tuple[str, ...]
    frequencies: NDArray[np.int64]
    firsts: NDArray[np.int64]
    numbers: NDArray[np.int32]
    weights: Scores


class LexicalIndex:
    """The terms of one language's passages; ids are the passages' rows, from 0.

    Scores are Lucene's BM25 without its factor (k1 + 1), so that a term can add no more than its idf. The postings of term t are
    `starts[t]` to `starts[t + 1]`, by row.
    """

    def __init__(
        self, terms: Sequence[str], starts: NDArray[np.int64], rows: NDArray[np.int32], weights: Scores, count: int
    ) -> None:
        self._numbers = {term: number for number, term in enumerate(terms)}
        self._starts = starts
        self._rows = rows
        self._weights = weights
        self._count = count

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Map an index folder into memory.

        Raises:
            IndexCorrupt: it can't be read, or its parts don't fit together.
        """
        try:
            count = int(json.loads((folder / "count.json").read_text(encoding="utf-8")))
            terms = [term for term in (folder / "terms.txt").read_text(encoding="utf-8").split("\n") if term]
            starts, rows, weights = (map_array(folder / f"{name}.npy") for name in ("starts", "rows", "weights"))
            if not (len(terms) == len(starts) - 1 and len(rows) == len(weights) == starts[-1]):
                raise ValueError("parts of different lengths")
        except (OSError, ValueError, TypeError, EOFError) as error:
            raise IndexCorrupt(f"{folder}: not an index of terms that can be read; rebuild it: clusterbot index build") from error
        return cls(terms, starts, rows, weights, count)

    def __len__(self) -> int:
        return self._count

    def search(self, terms: Sequence[str], k: int, ids: Ids | None = None) -> tuple[Ids, Scores]:
        """Return the ids and scores of the k best passages that share a term, best first, ties by id."""
        scores = self.scores(terms)
        return best(scores, k) if ids is None else best(scores, k, ids)

    def scores(self, terms: Sequence[str]) -> Scores:
        """Return every passage's score: float32 (n,)."""
        scores = np.zeros(self._count, np.float32)
        for term in terms:
            postings = self._postings(term)
            np.add.at(scores, self._rows[postings], self._weights[postings])
        return scores

    def idf(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """Return each term's `ln(1 + (n - df + 0.5) / (df + 0.5))` (Robertson's idf as Lucene has it): float64 (len(terms),)."""
        return idf(np.array([len(self._rows[self._postings(term)]) for term in terms], np.float64), self._count)

    def matches(self, terms: Sequence[str], ids: Ids) -> NDArray[np.bool_]:
        """Say which passages hold which terms: bool (len(ids), len(terms))."""
        held = np.zeros((len(ids), len(terms)), dtype=np.bool_)
        wanted = ids.astype(np.int32)
        for column, term in enumerate(terms):
            rows = self._rows[self._postings(term)]
            if len(rows):  # a place beyond the last row is that of the last, which is another then
                held[:, column] = rows.take(np.searchsorted(rows, wanted), mode="clip") == wanted
        return held

    def by_passage(self) -> Weights:
        """Return the postings in the order of passages; it holds all of them."""
        frequencies = np.diff(self._starts)
        order = np.argsort(self._rows, kind="stable")
        firsts = np.concatenate([[0], np.cumsum(np.bincount(self._rows, minlength=self._count))])
        numbers = np.repeat(np.arange(len(frequencies), dtype=np.int32), frequencies)[order]
        return Weights(tuple(self._numbers), frequencies, firsts, numbers, self._weights[order])

    def _postings(self, term: str) -> slice:
        number = self._numbers.get(term)
        return slice(0, 0) if number is None else slice(self._starts[number], self._starts[number + 1])


def idf(frequencies: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Return the idf of terms that so many of `count` passages hold."""
    return np.log1p((count - frequencies + 0.5) / (frequencies + 0.5))


def best(scores: Scores, k: int, ids: Ids | None = None) -> tuple[Ids, Scores]:
    """Return the ids and scores of the k highest scores above 0, best first, ties by id; `ids`, ascending, limits them to those.

    The k-th highest among the highest scores of strides can't be more than the k-th highest of all, so that what is below it needs
    no sorting.
    """
    if k == 0:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    chosen = scores if ids is None else scores[ids]
    highest = np.maximum.reduceat(chosen, np.arange(0, len(chosen), STRIDE)) if len(chosen) else chosen
    bound = np.partition(highest, -k)[-k] if len(highest) >= k else np.float32(0)
    places = np.flatnonzero((chosen >= bound) & (chosen > 0) if bound <= 0 else chosen >= bound)
    if len(places) > k:
        least = np.partition(chosen[places], -k)[-k]
        above, equal = places[chosen[places] > least], places[chosen[places] == least]
        places = np.concatenate([above, equal[: k - len(above)]])
    order = np.lexsort((places, -chosen[places]))
    found = places[order] if ids is None else ids[places[order]]
    return found, scores[found]


def write_lexical(folder: Path, passages: Iterable[Sequence[str]]) -> None:
    """Write the index folder of the terms of passages, which are gone through once and never held.

    What is held is the vocabulary, the passages' lengths, and a block of postings.

    Raises:
        OSError: the disk refuses.
    """
    folder.mkdir()
    spool = folder / "postings.tmp"
    terms, frequencies, lengths, held = _spool(spool, passages)
    order = np.array(sorted(range(len(terms)), key=terms.__getitem__), np.int64)
    places = np.empty(len(terms), np.int32)
    places[order] = np.arange(len(terms), dtype=np.int32)
    starts = np.concatenate([[0], np.cumsum(frequencies[order])]).astype(np.int64)
    with ArrayWriter(folder / "starts.npy", np.int64) as file:
        file.append(starts)
    weighing = idf(frequencies[order].astype(np.float64), len(lengths)).astype(np.float32)
    _write_postings(folder, spool, places, starts, weighing, lengths, held)
    (folder / "terms.txt").write_text("\n".join(terms[number] for number in order), encoding="utf-8")
    (folder / "count.json").write_text(json.dumps(len(lengths)), encoding="utf-8")
    spool.unlink()


Lengths = NDArray[np.int32]


def _spool(path: Path, passages: Iterable[Sequence[str]]) -> tuple[list[str], NDArray[np.int64], Lengths, Lengths]:
    """Write (term, count) of each passage in turn, terms numbered as they come.

    Return the terms, how many passages hold each, how many words each passage has, and how many different ones.
    """
    numbers: dict[str, int] = {}
    frequencies: Counter[int] = Counter()
    lengths: list[int] = []
    held: list[int] = []
    with path.open("wb") as file:
        left = iter(passages)
        while batch := list(islice(left, SLICE)):
            pairs: list[tuple[int, int]] = []
            for words in batch:
                counts = Counter(words)
                counts.pop("", None)
                pairs += [(numbers.setdefault(term, len(numbers)), count) for term, count in counts.items()]
                lengths.append(len(words))
                held.append(len(counts))
            frequencies.update(number for number, _ in pairs)
            file.write(np.array(pairs, np.int32).tobytes())
    by_term = np.array([frequencies[number] for number in range(len(numbers))], np.int64)
    return list(numbers), by_term, np.array(lengths, np.int32), np.array(held, np.int32)


def _write_postings(
    folder: Path,
    spool: Path,
    places: NDArray[np.int32],
    starts: NDArray[np.int64],
    weighing: Scores,
    lengths: Lengths,
    held: Lengths,
) -> None:
    """Write the postings in order of (place of the term, row), a block of terms at a time, each of which reads the whole spool."""
    average = float(lengths.mean()) if lengths.any() else 1.0
    norms = K1 * ((1 - B) + B * lengths / average)
    with ArrayWriter(folder / "rows.npy", np.int32) as rows_file, ArrayWriter(folder / "weights.npy", np.float32) as weights_file:
        first, end = 0, len(starts) - 1
        while first < end:
            last = max(first + 1, int(np.searchsorted(starts, starts[first] + BLOCK, side="right")) - 1)
            inside = [part[:, (part[0] >= first) & (part[0] < last)] for part in _postings_of(spool, places, held)]
            terms, rows, counts = np.concatenate(inside, axis=1)
            order = np.argsort(terms, kind="stable")
            terms, rows, counts = terms[order], rows[order], counts[order]
            rows_file.append(rows)
            weights_file.append(weighing[terms] * (counts / (norms[rows] + counts)))
            first = last


def _postings_of(spool: Path, places: NDArray[np.int32], held: Lengths) -> Iterator[NDArray[np.int32]]:
    """Yield (term's place, row, count), int32 (3, m), of slices of passages, by row."""
    with spool.open("rb") as file:
        for first in range(0, len(held), SLICE):
            sizes = held[first : first + SLICE]
            pairs = np.fromfile(file, np.int32, 2 * int(sizes.sum())).reshape(-1, 2)
            rows = np.repeat(np.arange(first, first + len(sizes), dtype=np.int32), sizes)
            yield np.stack([places[pairs[:, 0]], rows, pairs[:, 1]])
