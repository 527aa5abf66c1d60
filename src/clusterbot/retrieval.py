"""Query -> hits: dense and lexical candidates in both languages, fused into one total order by weights fitted on data."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from clusterbot.analysis import analyse
from clusterbot.embedding import Embedder
from clusterbot.index.snapshot import LanguageIndex, Snapshot
from clusterbot.models import LANGUAGES, Lang, Passage

CANDIDATES = 100  # by each of the two rankings, in each language


class FusionWeights(BaseModel):
    """A convex combination of normalised scores (Bruch, Gai and Ingber 2023) whose balance depends on the query.

    score = dense + exp(lexical + lexical_top * t + lexical_dense_top * d + lexical_other * o) * share + other * o + cluster * c

    with `dense` the cosine as a standard score, `share` the lexical score as a share of what the terms could reach at most, t and d
    the highest share and standard score among a language's candidates, o = 1 for the other language than the question's, c = 1 for
    a passage about a cluster that the question names.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lexical: float
    lexical_top: float
    lexical_dense_top: float
    lexical_other: float
    other: float
    cluster: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage of a ranking. `score` means something inside that ranking only; the parts are kept for what judges the answer."""

    passage: Passage
    rank: int
    score: float
    cosine: float
    dense: float
    lexical: float
    matched: float


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched: words, their vector (float32 (d,), length 1), their language and the clusters they name."""

    text: str
    lang: Lang
    vector: NDArray[np.float32]
    cluster_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The candidates of one language; arrays of equal length (m,)."""

    rows: NDArray[np.int64]
    cosines: NDArray[np.float32]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float64]
    matched: NDArray[np.float64]


class Retriever:
    """Searches one snapshot."""

    def __init__(self, snapshot: Snapshot, embedder: Embedder, weights: FusionWeights) -> None:
        self._snapshot = snapshot
        self._embedder = embedder
        self._weights = weights

    def query(self, text: str, lang: Lang, cluster_ids: Collection[str] = ()) -> Query:
        """Make a query of a text."""
        return Query(text, lang, self._embedder.embed_queries([text])[0], frozenset(cluster_ids))

    def search(
        self, query: Query, k: int, langs: Collection[Lang] = LANGUAGES, only_clusters: Collection[str] | None = None
    ) -> list[Hit]:
        """Return the k best passages, best first, ties by passage id.

        `langs` and `only_clusters` filter: passages in those languages, of documents about one of those clusters.
        """
        hits: list[Hit] = []
        for lang, index in self._snapshot.languages.items():
            if lang in langs:
                found = candidates(index, query, analyse(query.text, lang), self._allowed(index, only_clusters))
                hits += self._fuse(found, query, lang)
        hits.sort(key=lambda hit: (-hit.score, hit.passage.id))
        return [Hit(h.passage, rank, h.score, h.cosine, h.dense, h.lexical, h.matched) for rank, h in enumerate(hits[:k], start=1)]

    def parts(self, query: Query) -> tuple[list[tuple[Passage, float]], list[tuple[Passage, float]]]:
        """Return the lexical and the dense ranking by themselves, as an evaluation compares them: (passage, score), unordered."""
        lexical: list[tuple[Passage, float]] = []
        dense: list[tuple[Passage, float]] = []
        for lang, index in self._snapshot.languages.items():
            terms = list(dict.fromkeys(analyse(query.text, lang)))
            mass = float(index.lexical.idf(terms).sum()) or 1.0
            for ids, scores, found in (
                (*index.lexical.search(terms, CANDIDATES), lexical),
                (*index.dense.search(query.vector, CANDIDATES), dense),
            ):
                scale = mass if found is lexical else 1.0
                found += [
                    (self._snapshot.passages[i + index.first_row], float(s) / scale) for i, s in zip(ids, scores, strict=True)
                ]
        return lexical, dense

    def _fuse(self, found: _Candidates, query: Query, lang: Lang) -> list[Hit]:
        passages = [self._snapshot.passages[row] for row in found.rows]
        about = np.array([not query.cluster_ids.isdisjoint(passage.document.clusters) for passage in passages], dtype=bool)
        scores = fuse(found.dense, found.lexical, lang != query.lang, about, self._weights)
        return [
            Hit(
                passage,
                0,
                float(scores[i]),
                float(found.cosines[i]),
                float(found.dense[i]),
                float(found.lexical[i]),
                float(found.matched[i]),
            )
            for i, passage in enumerate(passages)
        ]

    def _allowed(self, index: LanguageIndex, only_clusters: Collection[str] | None) -> NDArray[np.int64] | None:
        if only_clusters is None:
            return None
        wanted = frozenset(only_clusters)
        rows = range(index.first_row, index.first_row + len(index.dense))
        kept = [row - index.first_row for row in rows if not wanted.isdisjoint(self._snapshot.passages[row].document.clusters)]
        return np.array(kept, dtype=np.int64)


def candidates(index: LanguageIndex, query: Query, words: Sequence[str], allowed: NDArray[np.int64] | None = None) -> _Candidates:
    """Return the best of the dense and of the lexical ranking in one language, each scored by both."""
    terms = list(dict.fromkeys(words))
    near, _ = index.dense.search(query.vector, CANDIDATES, allowed)
    sharing, _ = index.lexical.search(terms, CANDIDATES, allowed)
    ids = np.union1d(near, sharing)
    cosines = index.dense.vectors(ids) @ query.vector
    idf = index.lexical.idf(terms)
    mass = float(idf.sum()) or 1.0
    lexical = index.lexical.scores(terms)[ids].astype(np.float64) / mass
    matched = index.lexical.matches(terms, ids) @ idf / mass
    return _Candidates(ids + index.first_row, cosines, index.dense.standardise(query.vector, cosines), lexical, matched)


def fuse(
    dense: NDArray[np.float32], lexical: NDArray[np.float64], is_other: bool, about: NDArray[np.bool_], weights: FusionWeights
) -> NDArray[np.float64]:
    """Return the fused scores of one language's candidates: float64 (m,). The formula is that of FusionWeights."""
    exponent = weights.lexical + weights.lexical_other * is_other
    exponent += weights.lexical_top * float(lexical.max(initial=0.0)) + weights.lexical_dense_top * float(dense.max(initial=0.0))
    return dense + math.exp(exponent) * lexical + weights.other * is_other + weights.cluster * about
