"""Lexical search: BM25 by hand, filtered, in a total order."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from clusterbot.errors import IndexCorrupt
from clusterbot.index.lexical import K1, B, LexicalIndex

PASSAGES = [["bois", "nord"], ["bois", "bois", "eau", "mer"], ["eau"], [], ["nord", "bois"]]


@pytest.fixture
def index() -> LexicalIndex:
    return LexicalIndex.build(PASSAGES)


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


@pytest.mark.parametrize("passages", [[], [[]], [[], []], PASSAGES], ids=["none", "one empty", "two empty", "some"])
def test_what_was_saved_is_loaded(passages: list[list[str]], tmp_path: Path) -> None:
    index = LexicalIndex.build(passages)
    index.save(tmp_path / "lexical")
    loaded = LexicalIndex.load(tmp_path / "lexical")
    assert len(loaded) == len(index) == len(passages)
    for terms in (["bois"], ["eau", "nord"], []):
        np.testing.assert_array_equal(loaded.scores(terms), index.scores(terms))
        np.testing.assert_array_equal(loaded.idf(terms), index.idf(terms))
        assert loaded.search(terms, 3)[0].tolist() == index.search(terms, 3)[0].tolist()


@pytest.mark.parametrize("harm", ["missing", "garbage"])
def test_a_damaged_file_is_told_with_the_cure(index: LexicalIndex, tmp_path: Path, harm: str) -> None:
    index.save(tmp_path / "whole")
    for path in sorted((tmp_path / "whole").iterdir()):
        if path.name == "vocab.index.json" and harm == "missing":
            continue  # that is how an empty vocabulary looks; the manifest knows better
        folder = tmp_path / f"without-{path.name}"
        index.save(folder)
        (folder / path.name).unlink()
        if harm == "garbage":
            (folder / path.name).write_bytes(b"\xff\x00")
        with pytest.raises(IndexCorrupt, match="clusterbot index build"):
            LexicalIndex.load(folder)
