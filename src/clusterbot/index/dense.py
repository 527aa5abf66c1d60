"""Exact inner-product search over unit vectors, with FAISS; the only module that imports it."""

from __future__ import annotations

import math
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt

MIN_DEVIATION = 0.005  # of cosines; models give 0.02 and more, unless the index holds next to nothing

Ids = NDArray[np.int64]
Scores = NDArray[np.float32]


class DenseIndex:
    """The vectors of one language's passages, and their first two moments; ids are their rows, from 0."""

    def __init__(self, index: faiss.Index, mean: NDArray[np.float32], covariance: NDArray[np.float32]) -> None:
        self._index = index
        self._mean = mean
        self._covariance = covariance

    @classmethod
    def build(cls, vectors: NDArray[np.float32]) -> DenseIndex:
        """Index vectors: float32 (n, d), rows of length 1."""
        vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        count, dimension = vectors.shape
        index = faiss.IndexFlatIP(dimension)
        index.add(vectors)
        mean = vectors.mean(axis=0) if count else np.zeros(dimension, np.float32)
        covariance = vectors.T @ vectors / max(count, 1) - np.outer(mean, mean)
        return cls(index, mean, covariance)

    @classmethod
    def load(cls, folder: Path) -> DenseIndex:
        """Read an index folder.

        Raises:
            IndexCorrupt: FAISS or numpy can't read it.
        """
        try:
            index = faiss.read_index(str(folder / "vectors.faiss"), faiss.IO_FLAG_MMAP_IFC)
            return cls(index, *(np.load(folder / f"{name}.npy") for name in ("mean", "covariance")))
        except (RuntimeError, OSError, ValueError, EOFError) as error:
            raise IndexCorrupt(f"{folder}: not an index that FAISS can read; rebuild it: clusterbot index build") from error

    def save(self, folder: Path) -> None:
        """Write the index folder.

        Raises:
            OSError: the disk refuses.
        """
        folder.mkdir()
        try:
            faiss.write_index(self._index, str(folder / "vectors.faiss"))
        except RuntimeError as error:
            raise OSError(0, f"FAISS could not write {folder}: no space left, or not permitted") from error
        np.save(folder / "mean.npy", self._mean)
        np.save(folder / "covariance.npy", self._covariance)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def standardise(self, vector: NDArray[np.float32], cosines: Scores) -> Scores:
        """Return cosines as standard scores: how many standard deviations above the query's mean cosine with all passages.

        The mean over n passages is `q . mean`, the variance `q . covariance . q`: exact, without looking at the n vectors. It puts
        models, languages and pairs of languages on one scale.
        """
        variance = max(float(vector @ self._covariance @ vector), MIN_DEVIATION**2)
        return ((cosines - vector @ self._mean) / math.sqrt(variance)).astype(np.float32)

    def search(self, vector: NDArray[np.float32], k: int, ids: Ids | None = None) -> tuple[Ids, Scores]:
        """Return the ids and cosines of the k nearest vectors, best first, ties by id; `ids` limits the search to those.

        `vector`: float32 (d,), length 1.
        """
        k = min(k, len(self) if ids is None else len(ids))
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = None if ids is None else faiss.SearchParameters(sel=faiss.IDSelectorBatch(ids))  # type: ignore[call-arg]  # set by its Python wrapper
        scores, found = self._index.search(vector[np.newaxis], k, params=parameters)
        kept = found[0] >= 0  # FAISS fills up with -1 where it finds fewer than k
        order = np.lexsort((found[0][kept], -scores[0][kept]))
        return found[0][kept][order], scores[0][kept][order]

    def vectors(self, ids: Ids) -> NDArray[np.float32]:
        """Return the vectors of some ids: float32 (len(ids), d)."""
        if len(ids) == 0:
            return np.empty((0, self._index.d), np.float32)
        return np.asarray(self._index.reconstruct_batch(ids), np.float32)
