"""What searches the passages of one language, behind one protocol: the store of the index folder, or another system's.

Token vectors aren't part of it: they stay a file of the version, wherever the passages are searched.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clusterbot.index.dense import DenseIndex
from clusterbot.index.lexical import LexicalIndex, best
from clusterbot.index.moments import Spread
from clusterbot.models import Document

Rows = NDArray[np.int64]
Scores = NDArray[np.float32]

COMPILED = ("profile", "overview")  # kinds of pages that are kept up to date and put years to what they tell
_UNDATED = np.iinfo(np.int32).max


@dataclass(frozen=True, slots=True)
class Where:
    """Which passages may be found: those of documents about one of some clusters, and those published by a date; None is all.

    A document of a kind in `COMPILED` is kept whatever its date, and one without a date is not.
    """

    cluster_ids: frozenset[str] | None = None
    as_of: str | None = None

    @property
    def last(self) -> str | None:
        """The text up to which `published` may go, compared as text: "2015~~~~~~" takes in all of 2015."""
        return None if self.as_of is None else latest(self.as_of)


ANYWHERE = Where()


def latest(as_of: str) -> str:
    """Return the greatest text that a date by another can be: dates are compared as text, at the precision known."""
    return as_of.ljust(10, "~")


@dataclass(frozen=True, slots=True)
class Candidates:
    """The best passages of one language by vector and by words, each scored by both.

    `rows`: ascending, from 0 for the language's first passage; `cosines` and `bm25`: (m,), float32; `held`: bool (m, terms), which
    passage holds which term.
    """

    rows: Rows
    cosines: Scores
    bm25: Scores
    held: NDArray[np.bool_]


class PassageStore(Protocol):
    """The vectors and the terms of one language's passages; a row is a passage's place among them, from 0.

    A vector is float32 (d,) of length 1, terms are distinct. What shares no term has the BM25 score 0; scores are Lucene's without
    the factor (k1 + 1), so that a term adds no more than its idf.
    """

    def __len__(self) -> int:
        """Return how many passages there are."""
        ...

    def candidates(self, vector: NDArray[np.float32], terms: Sequence[str], k: int, where: Where = ANYWHERE) -> Candidates:
        """Return the union of the k nearest passages and of the k best by BM25, among those that `where` leaves."""
        ...

    def nearest(self, vector: NDArray[np.float32], k: int) -> tuple[Rows, Scores]:
        """Return the k nearest passages and their cosines, best first, ties by row."""
        ...

    def sharing(self, terms: Sequence[str], k: int) -> tuple[Rows, Scores]:
        """Return the k best passages that share a term and their BM25 scores, best first, ties by row."""
        ...

    def idf(self, terms: Sequence[str]) -> NDArray[np.float64]:
        """Return each term's `ln(1 + (n - df + 0.5) / (df + 0.5))` (Robertson's idf as Lucene has it): float64 (len(terms),)."""
        ...

    def spread(self, vector: NDArray[np.float32]) -> Spread:
        """Return how the cosines of a vector with all passages lie."""
        ...


class RowFilter:
    """Which rows a `Where` leaves; what it compares is prepared once."""

    def __init__(self, owners: NDArray[np.int32], dates: NDArray[np.int32], order: list[str], about: Mapping[str, Rows]) -> None:
        self._owners = owners  # of each row, its document
        self._dates = dates  # of each document, the place of its date in `order`; -1 for what any date takes in
        self._order = order
        self._about = about

    @classmethod
    def of(cls, documents: Sequence[Document], owners: NDArray[np.int32]) -> RowFilter:
        """Prepare documents; `owners`: int32 (rows,), the place in `documents` of each row's document."""
        order = sorted({one.published for one in documents if one.published is not None})
        places = {published: place for place, published in enumerate(order)}
        dates = [-1 if one.kind in COMPILED else _UNDATED if one.published is None else places[one.published] for one in documents]
        about: dict[str, list[int]] = {}
        for number, one in enumerate(documents):
            for cluster_id in one.clusters:
                about.setdefault(cluster_id, []).append(number)
        by_cluster = {cluster_id: np.array(numbers, np.int64) for cluster_id, numbers in about.items()}
        return cls(owners, np.array(dates, np.int32), order, by_cluster)

    def rows(self, where: Where) -> Rows | None:
        """Return the rows that are left, ascending; None where all are."""
        if where == ANYWHERE:
            return None
        kept = np.full(len(self._dates), where.cluster_ids is None)
        for cluster_id in where.cluster_ids or ():
            kept[self._about.get(cluster_id, np.empty(0, np.int64))] = True
        if where.last is not None:
            kept &= self._dates < bisect_right(self._order, where.last)
        return np.flatnonzero(kept[self._owners])


class LocalStore:
    """The store that lies in the index folder: FAISS and bm25s in this process."""

    def __init__(self, dense: DenseIndex, lexical: LexicalIndex, allowed: RowFilter) -> None:
        self.dense = dense
        self.lexical = lexical
        self._allowed = allowed

    def __len__(self) -> int:
        return len(self.dense)

    def candidates(self, vector: NDArray[np.float32], terms: Sequence[str], k: int, where: Where = ANYWHERE) -> Candidates:
        allowed = self._allowed.rows(where)
        near, _ = self.dense.search(vector, k, allowed)
        bm25 = self.lexical.scores(terms)
        sharing, _ = best(bm25, k, allowed)
        rows = np.union1d(near, sharing)
        cosines = self.dense.vectors(rows) @ vector
        return Candidates(rows, cosines, bm25[rows], self.lexical.matches(terms, rows))

    def nearest(self, vector: NDArray[np.float32], k: int) -> tuple[Rows, Scores]:
        return self.dense.search(vector, k)

    def sharing(self, terms: Sequence[str], k: int) -> tuple[Rows, Scores]:
        return self.lexical.search(terms, k)

    def idf(self, terms: Sequence[str]) -> NDArray[np.float64]:
        return self.lexical.idf(terms)

    def spread(self, vector: NDArray[np.float32]) -> Spread:
        return self.dense.spread(vector)
