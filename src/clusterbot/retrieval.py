"""Query -> hits: dense and lexical candidates in both languages, fused into one total order by weights fitted on data."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from clusterbot.analysis import distinct_terms, terms_of
from clusterbot.dates import find_periods
from clusterbot.embedding import Embedder, has_tokens
from clusterbot.index.moments import Spread
from clusterbot.index.snapshot import LanguageIndex, Snapshot
from clusterbot.index.stores import ANYWHERE, COMPILED, Where, latest
from clusterbot.index.tokens import unit
from clusterbot.models import LANGUAGES, Document, Lang, Passage

CANDIDATES = 100  # by each of the two rankings, in each language
RERANKED = 50  # of the fused candidates, those whose tokens are compared with the query's
MIN_LATE_DEVIATION = 0.01  # of MaxSim among the reranked: they differ by 0.03 and more, unless they are next to nothing


class FusionWeights(BaseModel):
    """A convex combination of normalised scores (Bruch, Gai and Ingber 2023) whose balance depends on the query.

    score = dense + exp(lexical + lexical_top * t + lexical_dense_top * d + lexical_other * o) * share + other * o + cluster * c
          + exp(late + late_other * o) * maxsim

    with `dense` the cosine as a standard score, `share` the lexical score as a share of what the terms could reach at most, t and d
    the highest share and standard score among a language's candidates, o = 1 for the other language than the question's, c = 1 for
    a passage about a cluster that the question names. `maxsim` is the mean over the query's tokens of the highest cosine with a
    token of the passage, as a standard score among the candidates that are best without it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    lexical: float
    lexical_top: float
    lexical_dense_top: float
    lexical_other: float
    other: float
    cluster: float
    late: float
    late_other: float


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage of a ranking. `score` means something inside that ranking only; the parts are kept for what judges the answer.

    `row` is its place in the snapshot, `matched` the share of what the query's asking words weigh (idf) that the passage holds.
    """

    passage: Passage
    rank: int
    row: int
    score: float
    cosine: float
    dense: float
    lexical: float
    matched: float


@dataclass(frozen=True, slots=True)
class Query:
    """What is searched: words, their vector (float32 (d,), length 1), their language and the clusters they name.

    `spreads`: how the vector's cosines with the passages of each language lie.
    `tokens`: float32 (m, r), rows of length 1, and `begins`: int32 (m,), where in the text each begins; none where the index holds
    no token vectors. `words`: the text without the names of clusters, which say what is asked about and not what is asked.
    """

    text: str
    words: str
    lang: Lang
    vector: NDArray[np.float32]
    spreads: Mapping[Lang, Spread]
    tokens: NDArray[np.float32]
    begins: NDArray[np.int32]
    cluster_ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The candidates of one language; arrays of equal length (m,)."""

    rows: NDArray[np.int64]
    cosines: NDArray[np.float32]
    dense: NDArray[np.float32]
    lexical: NDArray[np.float64]
    matched: NDArray[np.float64]


_OF_HIT = {"row": "i8", "score": "f8", "cosine": "f4", "dense": "f4", "lexical": "f8", "matched": "f8"}  # in the order of Hit
_POOLED = np.dtype([*_OF_HIT.items(), ("is_other", "?")])
"""A candidate among those of both languages: arrays, since to make, copy and sort 400 objects took a fifth of a question's time."""


class Retriever:
    """Searches one snapshot."""

    def __init__(self, snapshot: Snapshot, embedder: Embedder, weights: FusionWeights) -> None:
        self._snapshot = snapshot
        self._embedder = embedder
        self._weights = weights

    def query(self, text: str, lang: Lang, cluster_ids: Collection[str] = (), words: str | None = None) -> Query:
        """Make a query of a text; `words` are those of its words that ask, all of them unless given."""
        if has_tokens(self._embedder):
            encoding = self._embedder.encode_queries([text])[0]
            vector, tokens, begins = encoding.vector, unit(encoding.codes), encoding.begins
        else:
            vector, tokens, begins = self._embedder.embed_queries([text])[0], np.empty((0, 0), np.float32), np.empty(0, np.int32)
        spreads = {each: index.store.spread(vector) for each, index in self._snapshot.languages.items()}
        return Query(text, text if words is None else words, lang, vector, spreads, tokens, begins, frozenset(cluster_ids))

    def search(
        self,
        query: Query,
        k: int,
        langs: Collection[Lang] = LANGUAGES,
        only_clusters: Collection[str] | None = None,
        as_of: str | None = None,
    ) -> list[Hit]:
        """Return the k best passages, best first, ties by passage id.

        `langs`, `only_clusters` and `as_of` filter: passages in those languages, of documents about one of those clusters, that
        were published by then. Of pages that are kept up to date, the sentences tell their years; see `was_said_by`.
        """
        where = Where(None if only_clusters is None else frozenset(only_clusters), as_of)
        searched = [(lang, index) for lang, index in self._snapshot.languages.items() if lang in langs]
        pools = [self._pool(candidates(index, query, lang, where), query, lang) for lang, index in searched]
        pool = np.concatenate([np.empty(0, _POOLED), *pools])
        order = self._in_order(pool)
        if len(query.tokens) and len(order):
            self._rerank(pool, order, query)
            order = self._in_order(pool)
        best = pool[order[:k]]
        columns = self._snapshot.passages.at(best["row"]), range(1, len(best) + 1), *(best[name].tolist() for name in _OF_HIT)
        return [Hit(*one) for one in zip(*columns, strict=True)]

    def _rerank(self, pool: NDArray[np.void], order: NDArray[np.int64], query: Query) -> None:
        """Add the token by token score to the best candidates, and to the others the lowest."""
        standard = standardise_late(self.late(pool["row"][order[:RERANKED]], query), len(order))
        weights = np.array([late_weight(is_other, self._weights) for is_other in (False, True)])
        pool["score"][order] += weights[pool["is_other"][order].astype(np.int64)] * standard

    def late(self, rows: NDArray[np.int64], query: Query) -> NDArray[np.float32]:
        """Return MaxSim of passages, by their rows in the snapshot, with a query, of an index with token vectors: float32 (m,)."""
        found = np.zeros(len(rows), np.float32)
        for index in self._snapshot.languages.values():
            own = (rows >= index.first_row) & (rows < index.first_row + len(index.store))
            if index.tokens is not None and own.any():
                found[own] = index.tokens.maxima(rows[own] - index.first_row, query.tokens).mean(axis=1)
        return found

    def _in_order(self, pool: NDArray[np.void]) -> NDArray[np.int64]:
        """Return the places of candidates by falling score, ties by passage id."""
        scores, rows = pool["score"], pool["row"]
        order = np.argsort(-scores, kind="stable")
        if not np.diff(scores[order]).all():  # ids are compared only where there is a tie: there hardly ever is one
            passages = self._snapshot.passages
            return np.array(sorted(order.tolist(), key=lambda place: (-scores[place], passages[int(rows[place])].id)))
        return order

    def parts(self, query: Query) -> tuple[list[tuple[Passage, float]], list[tuple[Passage, float]]]:
        """Return the lexical and the dense ranking by themselves, as an evaluation compares them: (passage, score), unordered."""
        lexical: list[tuple[Passage, float]] = []
        dense: list[tuple[Passage, float]] = []
        for lang, index in self._snapshot.languages.items():
            terms = distinct_terms(query.text, lang)
            mass = float(index.store.idf(terms).sum()) or 1.0
            for rows, scores, found, scale in (
                (*index.store.sharing(terms, CANDIDATES), lexical, mass),
                (*index.store.nearest(query.vector, CANDIDATES), dense, 1.0),
            ):
                passages = (self._snapshot.passages[row + index.first_row] for row in rows.tolist())
                found += [(passage, float(score) / scale) for passage, score in zip(passages, scores, strict=True)]
        return lexical, dense

    def _pool(self, found: _Candidates, query: Query, lang: Lang) -> NDArray[np.void]:
        """Return the candidates of one language with their fused scores."""
        about = np.zeros(len(found.rows), np.bool_)
        if query.cluster_ids:
            owners = self._snapshot.passages.owners[found.rows].tolist()
            documents = (self._snapshot.documents[number] for number in owners)
            about[:] = [not query.cluster_ids.isdisjoint(document.clusters) for document in documents]
        pool = np.empty(len(found.rows), _POOLED)
        pool["row"], pool["cosine"], pool["dense"] = found.rows, found.cosines, found.dense
        pool["lexical"], pool["matched"], pool["is_other"] = found.lexical, found.matched, lang != query.lang
        pool["score"] = fuse(found.dense, found.lexical, lang != query.lang, about, self._weights)
        return pool


def was_said_by(document: Document, text: str, as_of: str | None) -> bool:
    """Say whether words of a document were said by a date: published by then; on a page kept up to date, of years up to then."""
    if as_of is None:
        return True
    if document.kind not in COMPILED:
        return document.published is not None and document.published <= latest(as_of)
    dates = find_periods(text, document.lang)
    return bool(dates) and all(one.last.year <= int(as_of[:4]) for one in dates)


def candidates(index: LanguageIndex, query: Query, lang: Lang, where: Where = ANYWHERE) -> _Candidates:
    """Return the best of the dense and of the lexical ranking in one language, each scored by both."""
    terms = distinct_terms(query.text, lang)
    found = index.store.candidates(query.vector, terms, CANDIDATES, where)
    idf = index.store.idf(terms)
    mass = float(idf.sum()) or 1.0
    dense = query.spreads[lang].standardise(found.cosines)
    rows = found.rows + index.first_row
    asking = idf * np.array([term in terms_of(query.words, lang) for term in terms], np.bool_)
    matched = found.held @ asking / (float(asking.sum()) or 1.0)
    return _Candidates(rows, found.cosines, dense, found.bm25.astype(np.float64) / mass, matched)


def fuse(
    dense: NDArray[np.float32], lexical: NDArray[np.float64], is_other: bool, about: NDArray[np.bool_], weights: FusionWeights
) -> NDArray[np.float64]:
    """Return the fused scores of one language's candidates: float64 (m,). The formula is that of FusionWeights."""
    exponent = weights.lexical + weights.lexical_other * is_other
    exponent += weights.lexical_top * float(lexical.max(initial=0.0)) + weights.lexical_dense_top * float(dense.max(initial=0.0))
    return dense + math.exp(exponent) * lexical + weights.other * is_other + weights.cluster * about


def standardise_late(late: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return MaxSim of the best candidates as standard scores among them, the lowest for those that were not compared: (count,)."""
    standard = (late - late.mean()) / max(float(late.std()), MIN_LATE_DEVIATION) if len(late) else late
    found = np.full(count, standard.min(initial=0.0), np.float32)
    found[: len(late)] = standard
    return found


def late_weight(is_other: bool, weights: FusionWeights) -> float:
    """Return the weight of MaxSim for the passages of a language; the formula is that of FusionWeights."""
    return math.exp(weights.late + weights.late_other * is_other)
