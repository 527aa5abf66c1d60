"""Token vectors: MaxSim as one would count it by hand, and an index that says where it is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import GroupedWriter
from clusterbot.index.tokens import OUTSIDE, TokenIndex, cosines, lengths_of, unit

# Three passages: two tokens along the axes, none at all, one between the axes.
CODES = [np.array([[127, 0], [0, 64]], np.int8), np.empty((0, 2), np.int8), np.array([[90, 90]], np.int8)]
BEGINS = [np.array([OUTSIDE, 3], np.int32), np.empty(0, np.int32), np.array([0], np.int32)]
QUERY = np.array([[1, 0], [0, 1], [0.6, 0.8]], np.float32)


def write(folder: Path, codes: list[np.ndarray], begins: list[np.ndarray]) -> Path:
    columns = {"codes": (np.int8, (2,)), "lengths": (np.float32, ()), "begins": (np.int32, ())}
    with GroupedWriter(folder, columns) as file:
        for own, places in zip(codes, begins, strict=True):
            file.append(own, lengths_of(own), places)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "tokens", CODES, BEGINS)


@pytest.fixture
def index(folder: Path) -> TokenIndex:
    return TokenIndex.load(folder)


def test_each_query_token_finds_its_nearest_in_each_passage(index: TokenIndex) -> None:
    half = np.sqrt(0.5)
    expected = [[half, half, 1.4 * half], [1, 1, 0.8], [0, 0, 0]]
    np.testing.assert_allclose(index.maxima(np.array([2, 0, 1]), QUERY), expected, atol=1e-6)


def test_each_range_of_a_passage_has_its_own_nearest_tokens(index: TokenIndex) -> None:
    ranges = [np.array(one) for one in ([(OUTSIDE, 0), (0, 9)], [(OUTSIDE, 0), (0, 3), (3, 4), (4, 9)], [(OUTSIDE, 0)])]
    half, nothing = np.sqrt(0.5), [-1, -1, -1]
    expected = [nothing, [half, half, 1.4 * half], [1, 0, 0.6], nothing, [0, 1, 0.8], nothing, nothing]
    np.testing.assert_allclose(index.within(np.array([2, 0, 1]), ranges, QUERY), expected, atol=1e-6)


def test_what_was_written_is_there(index: TokenIndex, folder: Path) -> None:
    assert len(index) == 3
    np.testing.assert_array_equal(np.load(folder / "codes.npy"), np.concatenate(CODES))
    np.testing.assert_array_equal(np.load(folder / "begins.npy"), np.concatenate(BEGINS))


def test_no_passages_and_no_query_tokens_are_no_trouble(index: TokenIndex, tmp_path: Path) -> None:
    assert index.maxima(np.empty(0, np.int64), QUERY).shape == (0, 3)
    assert index.maxima(np.arange(3), np.empty((0, 2), np.float32)).shape == (3, 0)
    assert len(TokenIndex.load(write(tmp_path / "empty", [], []))) == 0


@pytest.mark.parametrize("name", ["codes", "lengths", "begins", "firsts"])
def test_a_damaged_or_missing_part_is_told(folder: Path, name: str) -> None:
    (folder / f"{name}.npy").write_bytes(b"")
    with pytest.raises(IndexCorrupt, match="rebuild"):
        TokenIndex.load(folder)
    (folder / f"{name}.npy").unlink()
    with pytest.raises(IndexCorrupt, match="rebuild"):
        TokenIndex.load(folder)


def test_parts_that_do_not_fit_together_are_told(folder: Path) -> None:
    np.save(folder / "begins.npy", np.zeros(7, np.int32))
    with pytest.raises(IndexCorrupt, match="rebuild"):
        TokenIndex.load(folder)


def test_a_code_of_nothing_has_no_direction() -> None:
    np.testing.assert_allclose(cosines(np.array([[0, 0], [3, 4]], np.int8), QUERY), [[0, 0, 0], [0.6, 0.8, 1]], atol=1e-6)
    np.testing.assert_array_equal(unit(np.array([[0, 0], [3, 4]], np.int8)), np.array([[0, 0], [0.6, 0.8]], np.float32))
