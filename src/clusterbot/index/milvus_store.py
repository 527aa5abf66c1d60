"""The passages of one language in a Milvus, with what stays in the version's folder: vocabulary and moments."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.dense import DenseIndex
from clusterbot.index.lexical import LexicalIndex, idf
from clusterbot.index.milvus import NO_TERM, MilvusServer, collection_name, is_exact
from clusterbot.index.moments import FILES, Moments, Spread
from clusterbot.index.stores import ANYWHERE, Candidates, Rows, Scores, Where
from clusterbot.models import Lang, Passage

FOLDER = "milvus"  # in a language's folder of a version, where its passages are in a Milvus
_NOTHING = np.empty(0, np.int64), np.empty(0, np.float32)


class MilvusStore:
    """Searches a collection; a row is the id of its passage there."""

    def __init__(self, server: MilvusServer, version: str, lang: Lang, count: int, folder: Path) -> None:
        """Read what the folder holds; the server is asked at the first search.

        Raises:
            IndexCorrupt: it can't be read.
        """
        self._server = server
        self._collection = collection_name(version, lang)
        self._count = count
        try:
            terms = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
            self._number_of = {term: number for number, term in enumerate(terms, start=NO_TERM + 1)}
            self._frequencies = np.concatenate([[0.0], np.load(folder / "frequencies.npy")])
            self._moments = Moments.load(folder)
        except (OSError, ValueError, EOFError, TypeError) as error:
            raise IndexCorrupt(f"{folder}: can't be read; rebuild it: clusterbot index build") from error

    def __len__(self) -> int:
        return self._count

    def candidates(self, vector: NDArray[np.float32], terms: Sequence[str], k: int, where: Where = ANYWHERE) -> Candidates:
        near, sharing = self._server.both(lambda: self._nearest(vector, k, where), lambda: self._sharing(terms, k, where))
        rows = np.union1d(near[0], sharing[0])
        if len(rows) == 0:
            return Candidates(rows, np.empty(0, np.float32), np.empty(0, np.float32), np.empty((0, len(terms)), np.bool_))
        vectors, weights = self._server.read(self._collection, rows)
        by_term = np.array([[one.get(self._number_of.get(term, -1), 0.0) for one in weights] for term in terms], np.float32)
        by_term = by_term.reshape(len(terms), len(rows))
        bm25 = np.zeros(len(rows), np.float32)
        for added in by_term:  # one after the other, as bm25s does, so that the sums are the same to the last bit
            bm25 += added
        return Candidates(rows, vectors @ vector, bm25, by_term.T > 0)

    def nearest(self, vector: NDArray[np.float32], k: int) -> tuple[Rows, Scores]:
        return self._nearest(vector, k, ANYWHERE)

    def sharing(self, terms: Sequence[str], k: int) -> tuple[Rows, Scores]:
        return self._sharing(terms, k, ANYWHERE)

    def idf(self, terms: Sequence[str]) -> NDArray[np.float64]:
        return idf(self._frequencies[[self._number_of.get(term, NO_TERM) for term in terms]], self._count)

    def spread(self, vector: NDArray[np.float32]) -> Spread:
        return self._moments.spread(vector)

    def _nearest(self, vector: NDArray[np.float32], k: int, where: Where) -> tuple[Rows, Scores]:
        if self._count == 0 or where.cluster_ids == frozenset():
            return _NOTHING
        return self._server.nearest(self._collection, vector, k, where, is_exact(self._count))

    def _sharing(self, terms: Sequence[str], k: int, where: Where) -> tuple[Rows, Scores]:
        numbers = [self._number_of[term] for term in terms if term in self._number_of]
        if not numbers or where.cluster_ids == frozenset():
            return _NOTHING
        return self._server.sharing(self._collection, numbers, k, where)


def send_passages(folder: Path, version: str, lang: Lang, passages: Sequence[Passage], server: MilvusServer) -> None:
    """Move the passages of a version's language from its files to a server, but for what every search needs at hand.

    Raises:
        OSError: the disk refuses.
        IndexUnreachable: the server can't be asked, or refuses.
    """
    dense, weights, kept = DenseIndex.load(folder / "dense"), LexicalIndex.load(folder / "lexical").by_passage(), folder / FOLDER
    kept.mkdir()  # first, since it tells that the server may hold something
    (kept / "terms.json").write_text(json.dumps(weights.terms, ensure_ascii=False), encoding="utf-8")
    np.save(kept / "frequencies.npy", weights.frequencies)
    for name in FILES:
        shutil.copy(folder / "dense" / name, kept / name)
    server.write(collection_name(version, lang), dense, weights, passages)
    for part in ("dense", "lexical"):
        shutil.rmtree(folder / part)
