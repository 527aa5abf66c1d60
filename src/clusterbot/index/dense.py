"""Search by inner product over the unit vectors of one language's passages.

Exact as far as its time allows; beyond, a graph proposes passages, of which the vectors themselves then give the cosines.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import ArrayWriter, map_array
from clusterbot.index.moments import Moments, Spread
from clusterbot.index.neighbours import PROPOSED, Approximation, Graph, nearest

FILTERED = 20  # as SEQUENTIAL, where a filter makes the exact search go from vector to vector

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]
Scores = NDArray[np.float32]


class DenseIndex:
    """The vectors of one language's passages, and their first two moments; ids are their rows, from 0."""

    def __init__(self, vectors: Vectors, moments: Moments, graph: Graph | None = None, breadth: int = 0) -> None:
        """Put the parts together; `breadth` is how broadly the graph is searched for the recall that is asked of it."""
        self._vectors = vectors
        self._moments = moments
        self._graph = graph
        self._breadth = breadth

    @classmethod
    def load(cls, folder: Path, approximation: Approximation | None = None) -> DenseIndex:
        """Map an index folder into memory; `approximation` is what its manifest tells.

        Raises:
            IndexCorrupt: FAISS or numpy can't read it.
        """
        try:
            vectors, moments = map_array(folder / "vectors.npy"), Moments.load(folder)
            if vectors.dtype != np.float32 or moments.mean.shape != vectors.shape[1:]:
                raise ValueError("parts that don't fit together")
            if approximation is None:
                return cls(vectors, moments)
            graph = Graph.load(folder)
            if len(graph) != len(vectors):
                raise ValueError("parts that don't fit together")
            return cls(vectors, moments, graph, approximation.breadth)
        except (RuntimeError, OSError, ValueError, IndexError, EOFError) as error:
            raise IndexCorrupt(f"{folder}: not an index that FAISS can read; rebuild it: clusterbot index build") from error

    def __len__(self) -> int:
        return len(self._vectors)

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return int(self._vectors.shape[1])

    def spread(self, vector: Vectors) -> Spread:
        """Return how the cosines of a vector with all passages lie."""
        return self._moments.spread(vector)

    def search(self, vector: Vectors, k: int, ids: Ids | None = None) -> tuple[Ids, Scores]:
        """Return the ids and cosines of the k nearest vectors, best first, ties by id; `ids` limits the search to those.

        `vector`: float32 (d,), length 1. Of an approximate search, some of the nearest may be missing; the cosines are exact.
        """
        count = len(self) if ids is None else len(ids)
        k = min(k, count)
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        allowed = None
        if ids is not None:
            allowed = np.zeros(len(self), np.bool_)
            allowed[ids] = True
        kept = self._proposed(vector, k, count, allowed)
        if len(kept) < k:
            found, scores = nearest(vector[np.newaxis], self._vectors, k, allowed)
            kept, cosines = found[0], scores[0]
        else:
            cosines = self._vectors[kept] @ vector
        order = np.lexsort((kept, -cosines))[:k]
        return kept[order], cosines[order]

    def _proposed(self, vector: Vectors, k: int, count: int, allowed: NDArray[np.bool_] | None) -> Ids:
        """Return what the graph proposes; nothing where looking at all vectors that are allowed is as quick.

        The fewer are allowed, the broader is the search, so that it comes past as many of them as ever.
        """
        if self._graph is None:
            return np.empty(0, np.int64)
        breadth = self._breadth * len(self) // count
        if allowed is not None and count <= FILTERED * breadth:
            return np.empty(0, np.int64)
        proposed: Ids = self._graph.propose(vector[np.newaxis], int(PROPOSED * k), breadth, allowed)[0]
        return proposed[proposed >= 0]

    def vectors(self, ids: Ids) -> Vectors:
        """Return the vectors of some ids: float32 (len(ids), d)."""
        return self._vectors[ids]


class DenseWriter:
    """Writes an index folder slice by slice; the vectors aren't held."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        self._dimension = dimension
        self._count = 0
        self._total = np.zeros(dimension)
        self._products = np.zeros((dimension, dimension))

    def __enter__(self) -> Self:
        self._folder.mkdir()
        self._file = ArrayWriter(self._folder / "vectors.npy", np.float32, (self._dimension,)).__enter__()
        return self

    def append(self, rows: Vectors) -> None:
        """Add vectors: float32 (m, d), rows of length 1."""
        self._file.append(rows)
        self._count += len(rows)
        self._total += rows.sum(axis=0, dtype=np.float64)
        self._products += rows.T @ rows

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.__exit__(kind, error, trace)
        if kind is None:
            mean = self._total / max(self._count, 1)
            np.save(self._folder / "mean.npy", mean.astype(np.float32))
            covariance = self._products / max(self._count, 1) - np.outer(mean, mean)
            np.save(self._folder / "covariance.npy", covariance.astype(np.float32))
