"""Dense search: exact, filtered, in a total order, and on one scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clusterbot.errors import IndexCorrupt
from clusterbot.index.dense import DenseIndex


def unit(*rows: list[float]) -> np.ndarray:
    vectors = np.array(rows, np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = unit([1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1])


@pytest.fixture
def index() -> DenseIndex:
    return DenseIndex.build(VECTORS)


def test_the_nearest_come_first_and_ties_by_id(index: DenseIndex) -> None:
    ids, scores = index.search(VECTORS[0], 4)
    assert ids.tolist() == [0, 3, 2, 1]
    np.testing.assert_allclose(scores, [1, 1, 0.5**0.5, 0], atol=1e-6)


def test_a_filter_limits_the_search(index: DenseIndex) -> None:
    ids, _ = index.search(VECTORS[0], 10, np.array([4, 2, 1]))
    assert ids.tolist()[0] == 2
    assert sorted(ids.tolist()) == [1, 2, 4]


@pytest.mark.parametrize(("k", "ids", "found"), [(0, None, 0), (2, None, 2), (99, None, 5), (99, [], 0), (1, [1, 4], 1)])
def test_no_more_are_found_than_there_are(index: DenseIndex, k: int, ids: list[int] | None, found: int) -> None:
    chosen = None if ids is None else np.array(ids, np.int64)
    assert len(index.search(VECTORS[0], k, chosen)[0]) == found


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    DenseIndex.build(np.empty((0, 3), np.float32)).save(tmp_path / "dense")
    index = DenseIndex.load(tmp_path / "dense")
    assert len(index) == 0
    assert index.search(VECTORS[0], 5)[0].tolist() == []
    assert index.vectors(np.empty(0, np.int64)).shape == (0, 3)


def test_what_was_saved_is_loaded(index: DenseIndex, tmp_path: Path) -> None:
    index.save(tmp_path / "dense")
    loaded = DenseIndex.load(tmp_path / "dense")
    np.testing.assert_array_equal(loaded.vectors(np.arange(5)), VECTORS)
    np.testing.assert_array_equal(
        loaded.standardise(VECTORS[2], VECTORS @ VECTORS[2]), index.standardise(VECTORS[2], VECTORS @ VECTORS[2])
    )


def test_standard_scores_are_those_over_all_vectors() -> None:
    random = np.random.default_rng(0)
    vectors = unit(*random.normal(0.3, 1, (200, 8)).tolist())
    cosines = vectors @ vectors[0]
    expected = (cosines - cosines.mean()) / cosines.std()
    np.testing.assert_allclose(DenseIndex.build(vectors).standardise(vectors[0], cosines), expected, atol=1e-3)


def test_standard_scores_of_few_vectors_stay_finite() -> None:
    index = DenseIndex.build(VECTORS[:1])
    scores = index.standardise(VECTORS[0], np.array([1.0, 0.5, -1.0], np.float32))
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() < 1000


@pytest.mark.parametrize("name", ["vectors.faiss", "mean.npy", "covariance.npy"])
@pytest.mark.parametrize("content", [b"", b"not an index", None], ids=["empty", "garbage", "missing"])
def test_a_damaged_file_is_told_with_the_cure(index: DenseIndex, tmp_path: Path, name: str, content: bytes | None) -> None:
    index.save(tmp_path / "dense")
    (tmp_path / "dense" / name).unlink()
    if content is not None:
        (tmp_path / "dense" / name).write_bytes(content)
    with pytest.raises(IndexCorrupt, match="clusterbot index build"):
        DenseIndex.load(tmp_path / "dense")


def test_a_disk_that_refuses_is_an_os_error(index: DenseIndex, tmp_path: Path) -> None:
    with pytest.raises(OSError):
        index.save(tmp_path / "nowhere" / "dense")
