"""BM25 over the terms of one language's passages, with bm25s; the only module that imports its index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import bm25s
import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt

K1 = 1.2  # Robertson and Zaragoza 2009, section 3.4: the usual range is 1.2 to 2; Lucene's default
B = 0.75

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]


class LexicalIndex:
    """The terms of one language's passages; ids are the passages' rows, from 0.

    Scores are Lucene's BM25 without its factor (k1 + 1), so that a term can add no more than its idf.
    """

    def __init__(self, index: bm25s.BM25 | None, count: int) -> None:
        self._index = index  # None where no passage has a term: bm25s can't hold an empty vocabulary
        self._count = count

    @classmethod
    def build(cls, passages: Sequence[list[str]]) -> LexicalIndex:
        """Index the terms of each passage."""
        if not any(passages):
            return cls(None, len(passages))
        index = bm25s.BM25(k1=K1, b=B, method="lucene")
        index.index(list(passages), show_progress=False)
        return cls(index, len(passages))

    @classmethod
    def load(cls, folder: Path) -> LexicalIndex:
        """Read an index folder.

        Raises:
            IndexCorrupt: bm25s can't read it.
        """
        try:
            count = int(json.loads((folder / "count.json").read_text(encoding="utf-8")))
            named = (folder / "vocab.index.json").exists()
            return cls(bm25s.BM25.load(folder, show_progress=False, mmap=True) if named else None, count)
        except (OSError, ValueError, KeyError) as error:
            raise IndexCorrupt(f"{folder}: not an index that bm25s can read; rebuild it: clusterbot index build") from error

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        (folder / "count.json").write_text(json.dumps(self._count), encoding="utf-8")
        if self._index is not None:
            self._index.save(folder, show_progress=False)

    def __len__(self) -> int:
        return self._count

    def search(self, terms: Sequence[str], k: int, ids: Ids | None = None) -> tuple[Ids, Scores]:
        """Return the ids and scores of the k best passages that share a term, best first, ties by id."""
        scores = self.scores(terms)
        matching = np.flatnonzero(scores) if ids is None else ids[scores[ids] > 0]
        order = np.lexsort((matching, -scores[matching]))[:k]
        found = matching[order]
        return found.astype(np.int64), scores[found]

    def scores(self, terms: Sequence[str]) -> Scores:
        """Return every passage's score: float32 (n,)."""
        known = self._known(terms)
        if self._index is None or not known:
            return np.zeros(self._count, np.float32)
        return np.asarray(self._index.get_scores(known), np.float32)

    def idf(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """Return each term's `ln(1 + (n - df + 0.5) / (df + 0.5))` (Robertson's idf as Lucene has it): float64 (len(terms),)."""
        frequencies = np.array([len(self._postings(term)) for term in terms], dtype=np.float64)
        return np.log1p((self._count - frequencies + 0.5) / (frequencies + 0.5))

    def matches(self, terms: Sequence[str], ids: Ids) -> NDArray[np.bool_]:
        """Say which passages hold which terms: bool (len(ids), len(terms))."""
        held = np.zeros((len(ids), len(terms)), dtype=np.bool_)
        for column, term in enumerate(terms):
            held[:, column] = np.isin(ids, self._postings(term))
        return held

    def _known(self, terms: Sequence[str]) -> list[str]:
        return [] if self._index is None else [term for term in terms if term and term in self._index.vocab_dict]

    def _postings(self, term: str) -> NDArray[np.int32]:
        """Return the ids of the passages that hold a term."""
        if self._index is None or not (column := self._known([term])):
            return np.empty(0, np.int32)
        number = self._index.vocab_dict[column[0]]
        start, end = self._index.scores["indptr"][number : number + 2]
        return np.asarray(self._index.scores["indices"][start:end])
