"""Nearest neighbours of unit vectors, with FAISS; the only module that imports it.

Exact; or, among many, what a graph of 8-bit codes proposes (HNSW: Malkov and Yashunin 2018). How near that comes to the exact
search is measured when the graph is made.
"""

from __future__ import annotations

import logging
import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import faiss
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from clusterbot.index.arrays import ArrayWriter, map_array

logger = logging.getLogger(__name__)

KIND = "HNSW32,SQ8"  # FAISS's name of a graph with 32 links a vector, and one byte a number
NEAREST = (10, 100)  # of a question: those of which the share is measured that a search for a hundred, as a question's, finds
PROPOSED = 1.5  # passages proposed by their codes for each that is asked for
WIDENED = 3  # times as broad as the queries that recall is measured by need, since people's questions lie further from passages
SEQUENTIAL = 55  # vectors that the exact search reads in the time that the graph's takes to be broader by one: benchmarks/scale.py
TRAINED = 20_000  # vectors whose range the codes divide
ROUNDING = 1e-6  # of an inner product that two kernels sum up in their own order
SLICE = 16_384  # vectors handled at once: 25 MB

Ids = NDArray[np.int64]
Rows = NDArray[np.int32]
Vectors = NDArray[np.float32]
Scores = NDArray[np.float32]


class SearchSettings(BaseModel):
    """When not every vector is looked at. The defaults are measured: see docs/performance.md, "Scale", before touching them.

    `exact_up_to`: vectors up to which all are. `least_recall`: of the ten nearest. `queries`: vectors by which recall is measured.
    `most_read`: the share of an exact search's time beyond which an approximate one isn't worth it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exact_up_to: int = 40_000
    least_recall: float = 0.99
    queries: int = 500
    most_read: float = 0.75


class Approximation(BaseModel):
    """An approximate search: FAISS's name of it, how broad it is (`efSearch`), and the shares of the nearest so found.

    The recalls, of the ten and of the hundred nearest, are measured against the exact search with so many `queries`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    breadth: int
    recall_10: float
    recall_100: float
    queries: int


@dataclass(frozen=True, slots=True)
class Graph:
    """What proposes vectors: `order` int32 (n,) are the rows of the vectors as they were added."""

    index: faiss.IndexHNSW
    order: Rows

    @classmethod
    def load(cls, folder: Path) -> Graph:
        """Map a graph into memory.

        Raises:
            RuntimeError, OSError, ValueError, EOFError: FAISS or numpy can't read it.
        """
        index = faiss.read_index(str(folder / "graph.faiss"), faiss.IO_FLAG_MMAP_IFC)
        return cls(cast(faiss.IndexHNSW, index), map_array(folder / "order.npy"))

    def __len__(self) -> int:
        return min(len(self.order), int(self.index.ntotal))

    def propose(self, queries: Vectors, k: int, breadth: int, allowed: NDArray[np.bool_] | None = None) -> Ids:
        """Return rows that may be the k nearest, among those allowed: (len(queries), k), -1 where none was found."""
        bits = None if allowed is None else np.packbits(allowed[self.order], bitorder="little")
        chosen = None if bits is None else faiss.IDSelectorBitmap(bits)  # type: ignore[arg-type, call-arg]  # as its Python wrapper has it
        parameters = faiss.SearchParametersHNSW(efSearch=breadth, sel=chosen)  # type: ignore[attr-defined]  # its stubs forget it
        found = self.index.search(queries, k, params=parameters)[1]
        return np.where(found < 0, -1, self.order[found]).astype(np.int64)


def nearest(queries: Vectors, vectors: Vectors, k: int, allowed: NDArray[np.bool_] | None = None) -> tuple[Ids, Scores]:
    """Return the ids and inner products of the k nearest, exactly: (len(queries), k) each, best first, -1 where there are fewer."""
    found, scores = np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
    bits = None if allowed is None else np.packbits(allowed, bitorder="little")
    chosen = None if bits is None else faiss.IDSelectorBitmap(bits)  # type: ignore[arg-type, call-arg]  # as its Python wrapper has it
    pointers = [faiss.swig_ptr(array) for array in (np.ascontiguousarray(queries), vectors, scores, found)]
    sizes = vectors.shape[1], len(queries), len(vectors), k
    faiss.knn_inner_product(*pointers[:2], *sizes, *pointers[2:], chosen)  # type: ignore[call-arg]  # one of its overloads
    return found, scores


def approximate(folder: Path, queries: Vectors, settings: SearchSettings) -> Approximation | None:
    """Write a graph for a folder of many vectors, and return how it is searched; None where that isn't worth it.

    `queries` tell how broadly it has to be searched. A folder has the same graph at each build: it is made on one thread.

    Raises:
        OSError: the disk refuses.
    """
    vectors = map_array(folder / "vectors.npy")
    order = np.random.default_rng(0).permutation(len(vectors)).astype(np.int32)
    graph = Graph(cast(faiss.IndexHNSW, faiss.index_factory(vectors.shape[1], KIND, faiss.METRIC_INNER_PRODUCT)), order)
    graph.index.train(vectors[np.sort(order[:TRAINED])])
    _add(graph.index, vectors, order)
    recall = _measure(graph, vectors, queries)
    most = int(len(vectors) * settings.most_read / SEQUENTIAL)
    needed = least_breadth(lambda breadth: recall(breadth)[0], most, settings.least_recall)
    breadth = min(WIDENED * needed, most)
    reached = recall(breadth)
    if reached[0] < settings.least_recall:
        told = (
            "search by vectors stays exact among %d passages: in %.2f of its time, an approximate one finds %.3f of the %d nearest"
        )
        logger.warning(told, len(vectors), settings.most_read, reached[0], NEAREST[0])
        return None
    _write_graph(folder, graph)
    shares = [math.floor(1000 * share) / 1000 for share in reached]
    return Approximation(kind=KIND, breadth=breadth, recall_10=shares[0], recall_100=shares[1], queries=len(queries))


def _add(index: faiss.Index, vectors: Vectors, rows: Rows) -> None:
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        for first in range(0, len(rows), SLICE):
            index.add(vectors[rows[first : first + SLICE]])
    finally:
        faiss.omp_set_num_threads(threads)


def _write_graph(folder: Path, graph: Graph) -> None:
    with ArrayWriter(folder / "order.npy", np.int32) as file:
        file.append(graph.order)
    try:
        faiss.write_index(graph.index, str(folder / "graph.faiss"))
    except RuntimeError as error:
        raise OSError(0, f"FAISS could not write {folder}: no space left, or not permitted") from error


def _measure(graph: Graph, vectors: Vectors, queries: Vectors) -> Callable[[int], tuple[float, float]]:
    """Return what tells, by the breadth of the search, the shares of the nearest of queries that are found.

    What is as near as the last of the nearest counts for it: passages may repeat each other.
    """
    most = NEAREST[-1]
    exact = nearest(queries, vectors, most)[1]

    def recall(breadth: int) -> tuple[float, float]:
        proposed = graph.propose(queries, int(PROPOSED * most), breadth)
        cosines = np.stack([vectors[rows] @ query for rows, query in zip(proposed, queries, strict=True)])
        cosines[proposed < 0] = -np.inf
        found = [(cosines >= exact[:, k - 1 : k] - ROUNDING).sum(axis=1) for k in NEAREST]
        first, second = (float(np.minimum(count, k).mean() / k) for count, k in zip(found, NEAREST, strict=True))
        return first, second

    return recall


def least_breadth(recall: Callable[[int], float], most: int, wanted: float) -> int:
    """Return the least breadth with the recall wanted, or the most there may be; below what is proposed, it makes no difference."""
    below, reached = 0, min(int(PROPOSED * NEAREST[-1]), most)
    while reached < most and recall(reached) < wanted:
        below, reached = reached, min(2 * reached, most)
    if below == 0:
        return reached
    return bisect_left(range(below + 1, reached), True, key=lambda one: recall(one) >= wanted) + below + 1
