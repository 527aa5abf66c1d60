"""Lexical search: BM25 by hand, filtered, in a total order."""

from __future__ import annotations

import math
import random
from pathlib import Path

import bm25s
import numpy as np
import pytest

from clusterbot.errors import IndexCorrupt
from clusterbot.index import lexical
from clusterbot.index.lexical import K1, B, LexicalIndex, best, write_lexical

PASSAGES = [["bois", "nord"], ["bois", "bois", "eau", "mer"], ["eau"], [], ["nord", "bois"]]


def build(folder: Path, passages: list[list[str]]) -> LexicalIndex:
    write_lexical(folder, passages)
    return LexicalIndex.load(folder)


@pytest.fixture
def index(tmp_path: Path) -> LexicalIndex:
    return build(tmp_path / "index", PASSAGES)


def idf(frequency: int) -> float:
    return math.log(1 + (5 - frequency + 0.5) / (frequency + 0.5))


def test_scores_are_bm25_worked_out_by_hand(index: LexicalIndex) -> None:
    average = 9 / 5

    def score(count: int, length: int) -> float:
        return idf(3) * count / (count + K1 * (1 - B + B * length / average))

    expected = [score(1, 2), score(2, 4), 0, 0, score(1, 2)]
    np.testing.assert_allclose(index.scores(["bois"]), expected, rtol=1e-5)


def test_idf_is_robertsons_and_of_an_unknown_word_the_highest(index: LexicalIndex) -> None:
    np.testing.assert_allclose(index.idf(["bois", "mer", "inconnu"]), [idf(3), idf(1), idf(0)])


def test_a_passage_can_score_no_more_than_the_idf_of_its_terms(index: LexicalIndex) -> None:
    assert (index.scores(["bois", "mer"]) <= idf(3) + idf(1)).all()


def test_those_that_share_a_term_are_found_ties_by_id(index: LexicalIndex) -> None:
    ids, scores = index.search(["bois"], 10)
    assert sorted(ids.tolist()) == [0, 1, 4]
    assert ids.tolist().index(0) < ids.tolist().index(4)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)


def test_a_filter_limits_the_search(index: LexicalIndex) -> None:
    assert index.search(["bois"], 10, np.array([4, 2]))[0].tolist() == [4]
    assert index.search(["bois"], 10, np.empty(0, np.int64))[0].tolist() == []


@pytest.mark.parametrize("terms", [[], ["inconnu"], [""]])
def test_what_no_passage_holds_finds_nothing(index: LexicalIndex, terms: list[str]) -> None:
    assert index.search(terms, 5)[0].tolist() == []
    assert index.scores(terms).tolist() == [0] * 5


def test_matches_say_who_holds_what(index: LexicalIndex) -> None:
    held = index.matches(["bois", "eau", "inconnu"], np.array([1, 2, 3]))
    assert held.tolist() == [[True, True, False], [False, True, False], [False, False, False]]


@pytest.mark.parametrize("passages", [[], [[]], [[], []], [["bois"], []]], ids=["none", "one empty", "two empty", "one and none"])
def test_few_passages_or_none_are_searched(passages: list[list[str]], tmp_path: Path) -> None:
    index = build(tmp_path / "lexical", passages)
    assert len(index) == len(passages)
    assert index.search(["bois", "eau"], 3)[0].tolist() == [row for row, words in enumerate(passages) if words]


def random_passages(count: int) -> list[list[str]]:
    """Make passages of words as frequent as those of a language: the rank-th word, 1 / rank."""
    chance = random.Random(count)
    words = [f"w{rank}" for rank in range(1, 200)]
    shares = [1 / rank for rank in range(1, 200)]
    return [chance.choices(words, shares, k=chance.randrange(30)) for _ in range(count)]


def test_scores_are_those_of_bm25s(tmp_path: Path) -> None:
    passages = random_passages(500)
    index, other = build(tmp_path / "lexical", passages), bm25s.BM25(k1=K1, b=B, method="lucene")
    other.index(passages, show_progress=False)
    for terms in (["w1"], ["w3", "w40", "w7"], ["w90", "w2"]):
        np.testing.assert_array_equal(index.scores(terms), other.get_scores(terms))


def test_how_a_build_is_sliced_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    passages = random_passages(300)
    write_lexical(tmp_path / "whole", passages)
    monkeypatch.setattr(lexical, "SLICE", 7)
    monkeypatch.setattr(lexical, "BLOCK", 50)
    write_lexical(tmp_path / "sliced", iter(passages))
    assert sorted(path.name for path in (tmp_path / "whole").iterdir()) == [
        "count.json",
        "rows.npy",
        "starts.npy",
        "terms.txt",
        "weights.npy",
    ]
    for path in (tmp_path / "whole").iterdir():
        assert path.read_bytes() == (tmp_path / "sliced" / path.name).read_bytes()


@pytest.mark.parametrize("seed", range(20))
def test_the_best_are_those_of_a_whole_sort(seed: int) -> None:
    chance = np.random.default_rng(seed)
    scores = chance.choice(np.array([0, 0, 0.5, 1, 2, 3], np.float32), chance.integers(1, 2000))
    for k in (0, 1, 10, 100, 5000):
        for ids in (None, np.flatnonzero(chance.random(len(scores)) < 0.3)):
            left = np.arange(len(scores)) if ids is None else ids
            expected = sorted((row for row in left if scores[row] > 0), key=lambda row: (-scores[row], row))[:k]
            assert best(scores, k, ids)[0].tolist() == expected


@pytest.mark.parametrize("harm", ["missing", "garbage"])
@pytest.mark.parametrize("name", ["count.json", "terms.txt", "starts.npy", "rows.npy", "weights.npy"])
def test_a_damaged_file_is_told_with_the_cure(index: LexicalIndex, tmp_path: Path, name: str, harm: str) -> None:
    (tmp_path / "index" / name).unlink()
    if harm == "garbage":
        (tmp_path / "index" / name).write_bytes(b"\xff\x00")
    with pytest.raises(IndexCorrupt, match="clusterbot index build"):
        LexicalIndex.load(tmp_path / "index")
