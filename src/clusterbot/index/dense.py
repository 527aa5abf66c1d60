"""Inner-product search over unit vectors, with FAISS; the only module that imports it.

Exact as far as its time allows; beyond, inverted lists of 8-bit codes propose passages, of which the vectors themselves then give
the cosines. How near that comes to the exact search is measured when the index is built, and kept in its manifest.
"""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self, cast

import faiss
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import ArrayWriter, map_array

logger = logging.getLogger(__name__)

MIN_DEVIATION = 0.005  # of cosines; models give 0.02 and more, unless the index holds next to nothing
NEAREST = 10  # of a passage: those that are counted to tell an approximate search's recall
PROPOSED = 2  # passages proposed by their codes for each that is asked for
TRAINED = 40  # vectors for each list: FAISS asks for 39 and more
ROUNDING = 1e-6  # of an inner product that two kernels sum up in their own order
SLICE = 16_384  # vectors handled at once: 25 MB

Ids = NDArray[np.int64]
Vectors = NDArray[np.float32]
Scores = NDArray[np.float32]


class SearchSettings(BaseModel):
    """When not every vector is looked at. The defaults are measured: see docs/performance.md, "Scale", before touching them.

    `exact_up_to`: vectors up to which all are. `least_recall`: of the ten nearest. `held_out`: vectors by which recall is measured.
    `most_read`: the share of the lists beyond which an approximate search saves too little to be one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exact_up_to: int = 20_000
    least_recall: float = 0.99
    held_out: int = 1000
    most_read: float = 0.25


class Approximation(BaseModel):
    """An approximate search: FAISS's name of it, how many of its lists are read, and the share of the ten nearest so found.

    `recall` is measured against the exact search with `held_out` of the vectors, on which nothing was trained.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    lists: int
    probes: int
    recall: float
    held_out: int


class DenseIndex:
    """The vectors of one language's passages, and their first two moments; ids are their rows, from 0."""

    def __init__(
        self, vectors: Vectors, mean: Vectors, covariance: Vectors, lists: faiss.IndexIVF | None = None, probes: int = 0
    ) -> None:
        self._vectors = vectors
        self._mean = mean
        self._covariance = covariance
        self._lists = lists
        self._probes = probes

    @classmethod
    def load(cls, folder: Path, approximation: Approximation | None = None) -> DenseIndex:
        """Map an index folder into memory; `approximation` is what its manifest tells.

        Raises:
            IndexCorrupt: FAISS or numpy can't read it.
        """
        try:
            vectors, mean, covariance = (map_array(folder / f"{name}.npy") for name in ("vectors", "mean", "covariance"))
            if vectors.dtype != np.float32 or covariance.shape != (*mean.shape, vectors.shape[1]):
                raise ValueError("parts that don't fit together")
            if approximation is None:
                return cls(vectors, mean, covariance)
            lists = faiss.read_index(str(folder / "lists.faiss"), faiss.IO_FLAG_MMAP_IFC)
            return cls(vectors, mean, covariance, cast(faiss.IndexIVF, lists), approximation.probes)
        except (RuntimeError, OSError, ValueError, IndexError, EOFError) as error:
            raise IndexCorrupt(f"{folder}: not an index that FAISS can read; rebuild it: clusterbot index build") from error

    def __len__(self) -> int:
        return len(self._vectors)

    def standardise(self, vector: Vectors, cosines: Scores) -> Scores:
        """Return cosines as standard scores: how many standard deviations above the query's mean cosine with all passages.

        The mean over n passages is `q . mean`, the variance `q . covariance . q`: exact, without looking at the n vectors. It puts
        models, languages and pairs of languages on one scale.
        """
        variance = max(float(vector @ self._covariance @ vector), MIN_DEVIATION**2)
        return ((cosines - vector @ self._mean) / math.sqrt(variance)).astype(np.float32)

    def search(self, vector: Vectors, k: int, ids: Ids | None = None) -> tuple[Ids, Scores]:
        """Return the ids and cosines of the k nearest vectors, best first, ties by id; `ids` limits the search to those.

        `vector`: float32 (d,), length 1. Of an approximate search, some of the nearest may be missing; the cosines are exact.
        """
        count = len(self) if ids is None else len(ids)
        k = min(k, count)
        if k == 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        chosen = None if ids is None else faiss.IDSelectorBitmap(_bits(ids, len(self)))  # type: ignore[arg-type, call-arg]  # as its Python wrapper has it
        # As many vectors are read among those allowed as among all: what is left out costs next to nothing.
        probes = self._probes * len(self) // count
        if self._lists is None or probes >= self._lists.nlist:
            found, scores = nearest(vector[np.newaxis], self._vectors, k, chosen)
            kept, cosines = found[0], scores[0]
        else:
            proposed = _propose(self._lists, vector[np.newaxis], PROPOSED * k, probes, chosen)[0]
            kept = proposed[proposed >= 0]
            cosines = self._vectors[kept] @ vector
        order = np.lexsort((kept, -cosines))[:k]
        return kept[order], cosines[order]

    def vectors(self, ids: Ids) -> Vectors:
        """Return the vectors of some ids: float32 (len(ids), d)."""
        return self._vectors[ids]


def nearest(queries: Vectors, vectors: Vectors, k: int, chosen: faiss.IDSelector | None = None) -> tuple[Ids, Scores]:
    """Return the ids and inner products of the k nearest, exactly: (len(queries), k) each, best first, -1 where there are fewer."""
    found, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    pointers = [faiss.swig_ptr(array) for array in (np.ascontiguousarray(queries), vectors, scores, found)]
    sizes = vectors.shape[1], len(queries), len(vectors), k
    faiss.knn_inner_product(*pointers[:2], *sizes, *pointers[2:], chosen)  # type: ignore[call-arg]  # one of its overloads
    return found, scores


def _propose(lists: faiss.IndexIVF, queries: Vectors, k: int, probes: int, chosen: faiss.IDSelector | None = None) -> Ids:
    parameters = faiss.SearchParametersIVF(nprobe=probes, sel=chosen)  # type: ignore[call-arg]  # as above
    _, found = lists.search(queries, k, params=parameters)
    return np.asarray(found, np.int64)


def _bits(ids: Ids, count: int) -> NDArray[np.uint8]:
    allowed = np.zeros(count, np.bool_)
    allowed[ids] = True
    return np.packbits(allowed, bitorder="little")


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


def approximate(folder: Path, settings: SearchSettings) -> Approximation | None:
    """Write lists for a folder of more vectors than are searched one by one, and return how they are; None where they all are.

    Raises:
        OSError: the disk refuses.
    """
    vectors = map_array(folder / "vectors.npy")
    return None if len(vectors) <= settings.exact_up_to else _write_lists(folder, vectors, settings)


def _write_lists(folder: Path, vectors: Vectors, settings: SearchSettings) -> Approximation | None:
    """Write inverted lists and return how many of them to read for the recall that is asked for; None where that is too many."""
    order = np.random.default_rng(0).permutation(len(vectors))
    held = np.sort(order[: min(settings.held_out, len(vectors) // 10)])
    lists = _train(vectors, order[len(held) :])
    for first in range(0, len(vectors), SLICE):
        lists.add(vectors[first : first + SLICE])
    measure = _measure(lists, vectors, held)
    most = int(lists.nlist * settings.most_read)
    probes, recall = _least_probes(measure, most, settings.least_recall)
    if recall < settings.least_recall:
        logger.warning(
            "search by vectors stays exact among %d passages: reading %d of %d lists finds %.3f of the %d nearest, under %s",
            *(len(vectors), most, lists.nlist, recall, NEAREST, settings.least_recall),
        )
        return None
    try:
        faiss.write_index(lists, str(folder / "lists.faiss"))
    except RuntimeError as error:
        raise OSError(0, f"FAISS could not write {folder}: no space left, or not permitted") from error
    kind = f"IVF{lists.nlist},SQ8"
    return Approximation(kind=kind, lists=lists.nlist, probes=probes, recall=round(recall, 4), held_out=len(held))


def _train(vectors: Vectors, order: Ids) -> faiss.IndexIVF:
    """Return empty lists, about 4 sqrt(n) of them (FAISS's guidelines ask for 4 to 16 times), made of the first rows in order."""
    count = 2 ** round(math.log2(4 * math.sqrt(len(vectors))))
    made = faiss.index_factory(vectors.shape[1], f"IVF{count},SQ8", faiss.METRIC_INNER_PRODUCT)
    lists = cast(faiss.IndexIVF, made)
    lists.cp.min_points_per_centroid = 1  # fewer are a test's, and FAISS would write to stderr
    lists.train(vectors[np.sort(order[: TRAINED * count])])
    return lists


def _measure(lists: faiss.IndexIVF, vectors: Vectors, held: Ids) -> Callable[[int], float]:
    """Return what tells the recall of the nearest of some vectors, themselves left out, by the number of lists read.

    What is as near as the last of the nearest counts for it: passages may repeat each other.
    """
    queries = vectors[held]
    found, scores = nearest(queries, vectors, NEAREST + 1)
    own = held[:, np.newaxis]
    least = np.sort(np.where(found == own, np.inf, scores), axis=1)[:, ::-1][:, NEAREST:] - ROUNDING

    def recall(probes: int) -> float:
        proposed = _propose(lists, queries, PROPOSED * (NEAREST + 1), probes)
        cosines = np.einsum("qd,qkd->qk", queries, vectors[proposed])
        near = (proposed >= 0) & (proposed != own) & (cosines >= least)
        return float(np.minimum(near.sum(axis=1), NEAREST).mean() / NEAREST)

    return recall


def _least_probes(recall: Callable[[int], float], most: int, wanted: float) -> tuple[int, float]:
    """Return the least number of probes with the recall wanted, or the most there may be, and the recall."""
    reached = 1
    while reached < most and recall(reached) < wanted:
        reached = min(2 * reached, most)
    below = reached // 2
    probes = bisect_left(range(below + 1, reached), True, key=lambda one: recall(one) >= wanted) + below + 1
    return probes, recall(probes)
