"""The store of a language's passages: what a filter leaves, and that the candidates are those of a search without shortcuts."""

from __future__ import annotations

import itertools
import random
from pathlib import Path

import numpy as np
import pytest

from clusterbot.index.dense import DenseIndex, DenseWriter
from clusterbot.index.lexical import LexicalIndex, write_lexical
from clusterbot.index.stores import ANYWHERE, COMPILED, LocalStore, RowFilter, Where
from clusterbot.models import Document
from fakes import document

DOCUMENTS = (
    document("a", clusters=("bois",), published="2015"),
    document("b", clusters=("bois", "eau"), published="2015-06-30"),
    document("c", published="2016-01"),
    document("d", clusters=("eau",)),
    document("e", clusters=("eau",), kind="overview", published="2026"),
)
OWNERS = np.array([0, 0, 1, 2, 3, 3, 4], np.int32)
WORDS = ("bois", "eau", "nord", "mer", "port", "grappe")


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        (Where(frozenset({"bois"})), [0, 1, 2]),
        (Where(frozenset({"eau"})), [2, 4, 5, 6]),
        (Where(frozenset({"eau", "bois"})), [0, 1, 2, 4, 5, 6]),
        (Where(frozenset({"nobody"})), []),
        (Where(frozenset()), []),
        (Where(as_of="2014"), [6]),
        (Where(as_of="2015"), [0, 1, 2, 6]),
        (Where(as_of="2015-06"), [0, 1, 2, 6]),
        (Where(as_of="2015-06-29"), [0, 1, 6]),
        (Where(as_of="2016"), [0, 1, 2, 3, 6]),
        (Where(frozenset({"eau"}), "2015"), [2, 6]),
    ],
)
def test_a_filter_leaves_what_is_about_a_cluster_and_was_published_by_then(where: Where, rows: list[int]) -> None:
    found = RowFilter.of(DOCUMENTS, OWNERS).rows(where)
    assert found is not None
    assert found.tolist() == rows


def test_no_filter_leaves_everything() -> None:
    assert RowFilter.of(DOCUMENTS, OWNERS).rows(ANYWHERE) is None


def is_left(one: Document, where: Where) -> bool:
    """Say it once more, one document at a time."""
    is_about = where.cluster_ids is None or bool(where.cluster_ids & set(one.clusters))
    return is_about and (
        where.as_of is None
        or one.kind in COMPILED
        or (one.published is not None and one.published[: len(where.as_of)] <= where.as_of)
    )


def make_store(folder: Path, documents: list[Document], terms: list[list[str]], vectors: np.ndarray) -> LocalStore:
    write_lexical(folder / "lexical", terms)
    with DenseWriter(folder / "dense", vectors.shape[1]) as file:
        file.append(vectors)
    allowed = RowFilter.of(documents, np.arange(len(documents), dtype=np.int32))
    return LocalStore(DenseIndex.load(folder / "dense"), LexicalIndex.load(folder / "lexical"), allowed)


@pytest.mark.parametrize("seed", range(3))
def test_candidates_are_the_best_by_each_ranking_scored_by_both(seed: int, tmp_path: Path) -> None:
    chance, random_ = random.Random(seed), np.random.default_rng(seed)
    count = 300
    dates = (None, "2015", "2015-06", "2016-02-01", "2019")
    documents = [
        document(
            str(number),
            clusters=tuple(chance.sample(("bois", "eau", "mer"), chance.randrange(3))),
            published=chance.choice(dates),
            kind=chance.choice(("article", "overview", "digest")),
        )
        for number in range(count)
    ]
    terms = [chance.choices(WORDS[:-1], k=chance.randrange(7)) for _ in range(count)]
    vectors = random_.normal(size=(count, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    store = make_store(tmp_path, documents, terms, vectors)
    clusters = (None, frozenset({"bois"}), frozenset({"eau", "mer"}), frozenset({"nobody"}))
    for where in itertools.starmap(Where, itertools.product(clusters, (None, "2015", "2016-02", "2000"))):
        asked, vector, k = chance.sample(WORDS, 3), vectors[chance.randrange(count)], chance.choice((1, 10, 500))
        left = [row for row in range(count) if is_left(documents[row], where)]
        cosines, bm25 = vectors @ vector, store.lexical.scores(asked)
        near = sorted(left, key=lambda row: (-cosines[row], row))[:k]
        sharing = sorted((row for row in left if bm25[row] > 0), key=lambda row: (-bm25[row], row))[:k]
        found = store.candidates(vector, asked, k, where)
        assert found.rows.tolist() == sorted({*near, *sharing})
        np.testing.assert_allclose(found.cosines, cosines[found.rows], atol=1e-6)
        np.testing.assert_array_equal(found.bm25, bm25[found.rows])
        assert found.held.tolist() == [[term in terms[row] for term in asked] for row in found.rows]


def test_an_empty_store_has_no_candidates(tmp_path: Path) -> None:
    store = make_store(tmp_path, [], [], np.empty((0, 3), np.float32))
    found = store.candidates(np.array([1, 0, 0], np.float32), ["bois"], 5, Where(as_of="2015"))
    assert (len(store), found.rows.tolist(), found.held.shape) == (0, [], (0, 1))
