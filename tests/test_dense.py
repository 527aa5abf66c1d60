"""Dense search: exact, filtered, in a total order, and on one scale; beyond a size, nearly exact, by a measure that is told."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import numpy as np
import pytest

from clusterbot.errors import IndexCorrupt
from clusterbot.index import dense
from clusterbot.index.dense import DenseIndex, DenseWriter
from clusterbot.index.neighbours import Approximation, SearchSettings, approximate, least_breadth


def unit(*rows: list[float]) -> np.ndarray:
    vectors = np.array(rows, np.float32)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


VECTORS = unit([1, 0, 0], [0, 1, 0], [1, 1, 0], [1, 0, 0], [0, 0, 1])


def write(folder: Path, vectors: np.ndarray, pieces: int = 1) -> Path:
    with DenseWriter(folder, vectors.shape[1]) as file:
        for piece in np.array_split(vectors, pieces):
            file.append(piece)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "dense", VECTORS)


@pytest.fixture
def index(folder: Path) -> DenseIndex:
    return DenseIndex.load(folder)


def test_the_nearest_come_first_and_ties_by_id(index: DenseIndex) -> None:
    ids, scores = index.search(VECTORS[0], 4)
    assert ids.tolist() == [0, 3, 2, 1]
    np.testing.assert_allclose(scores, [1, 1, 0.5**0.5, 0], atol=1e-6)


def test_a_filter_limits_the_search(index: DenseIndex) -> None:
    ids, _ = index.search(VECTORS[0], 10, np.array([1, 2, 4]))
    assert ids.tolist()[0] == 2
    assert sorted(ids.tolist()) == [1, 2, 4]


@pytest.mark.parametrize(("k", "ids", "found"), [(0, None, 0), (2, None, 2), (99, None, 5), (99, [], 0), (1, [1, 4], 1)])
def test_no_more_are_found_than_there_are(index: DenseIndex, k: int, ids: list[int] | None, found: int) -> None:
    chosen = None if ids is None else np.array(ids, np.int64)
    assert len(index.search(VECTORS[0], k, chosen)[0]) == found


def test_an_empty_index_finds_nothing(tmp_path: Path) -> None:
    index = DenseIndex.load(write(tmp_path / "dense", np.empty((0, 3), np.float32)))
    assert len(index) == 0
    assert index.search(VECTORS[0], 5)[0].tolist() == []
    assert index.vectors(np.empty(0, np.int64)).shape == (0, 3)


def test_what_was_written_is_there(index: DenseIndex) -> None:
    np.testing.assert_array_equal(index.vectors(np.arange(5)), VECTORS)


def clouds(count: int, seed: int = 0) -> np.ndarray:
    """Make vectors that lie in clouds, as those of texts do, the same ones for every seed."""
    centres = np.random.default_rng(99).normal(size=(40, 16))
    random = np.random.default_rng(seed)
    return unit(*(centres[random.integers(40, size=count)] + 0.5 * random.normal(size=(count, 16))).tolist())


@pytest.mark.parametrize("pieces", [1, 7])
def test_standard_scores_are_those_over_all_vectors(pieces: int, tmp_path: Path) -> None:
    vectors = clouds(200)
    cosines = vectors @ vectors[0]
    index = DenseIndex.load(write(tmp_path / "dense", vectors, pieces))
    np.testing.assert_allclose(index.spread(vectors[0]).standardise(cosines), (cosines - cosines.mean()) / cosines.std(), atol=1e-3)


def test_standard_scores_of_few_vectors_stay_finite(tmp_path: Path) -> None:
    index = DenseIndex.load(write(tmp_path / "dense", VECTORS[:1]))
    scores = index.spread(VECTORS[0]).standardise(np.array([1.0, 0.5, -1.0], np.float32))
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() < 1000


@pytest.mark.parametrize("name", ["vectors.npy", "mean.npy", "covariance.npy"])
@pytest.mark.parametrize("content", [b"", b"not an index", None], ids=["empty", "garbage", "missing"])
def test_a_damaged_file_is_told_with_the_cure(folder: Path, name: str, content: bytes | None) -> None:
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(IndexCorrupt, match="clusterbot index build"):
        DenseIndex.load(folder)


def test_a_disk_that_refuses_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        write(tmp_path / "nowhere" / "dense", VECTORS)


SMALL = SearchSettings(most_read=10.0)
ASKED = clouds(200, seed=5)


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray, Approximation]:
    """Write enough vectors for an approximate search by SMALL's measure."""
    vectors, folder = clouds(4000), tmp_path_factory.mktemp("many") / "dense"
    found = approximate(write(folder, vectors), ASKED, SMALL)
    assert found is not None
    return folder, vectors, found


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the graph asked, filter or not, though so few vectors are looked at in no time."""
    monkeypatch.setattr(dense, "FILTERED", 0)


def true_recall(index: DenseIndex, vectors: np.ndarray, queries: np.ndarray, allowed: np.ndarray | None = None) -> float:
    """Return the share of the ten nearest that are found, by a count of its own."""
    left = np.arange(len(vectors)) if allowed is None else allowed
    shares = []
    for query in queries:
        wanted = left[np.argsort(-(vectors[left] @ query), kind="stable")[:10]]
        shares.append(np.isin(wanted, index.search(query, 10, allowed)[0]).mean())
    return float(np.mean(shares))


@pytest.mark.usefixtures("eager")
def test_an_approximate_search_finds_what_it_says(many: tuple[Path, np.ndarray, Approximation]) -> None:
    folder, vectors, found = many
    assert found.recall_10 >= SMALL.least_recall
    assert (found.kind, found.queries) == ("HNSW32,SQ8", len(ASKED))
    assert true_recall(DenseIndex.load(folder, found), vectors, clouds(300, seed=1)) >= 0.98  # of none of its passages
    narrow = DenseIndex.load(folder, found.model_copy(update={"breadth": 1}))
    assert true_recall(narrow, vectors, clouds(300, seed=1)) < 0.98  # so that it is the graph that was asked


@pytest.mark.usefixtures("eager")
def test_cosines_of_an_approximate_search_are_exact_and_in_order(many: tuple[Path, np.ndarray, Approximation]) -> None:
    folder, vectors, found = many
    ids, scores = DenseIndex.load(folder, found).search(vectors[5], 50)
    np.testing.assert_allclose(scores, vectors[ids] @ vectors[5], atol=1e-6)
    assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert (ids[0], len(set(ids.tolist()))) == (5, 50)


@pytest.mark.usefixtures("eager")
@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_a_filter_costs_an_approximate_search_no_recall(many: tuple[Path, np.ndarray, Approximation], share: float) -> None:
    folder, vectors, found = many
    allowed = np.flatnonzero(np.random.default_rng(2).random(len(vectors)) < share)
    index = DenseIndex.load(folder, found)
    assert true_recall(index, vectors, clouds(100, seed=3), allowed) >= 0.98
    assert np.isin(index.search(vectors[0], 10, allowed)[0], allowed).all()


@pytest.mark.usefixtures("eager")
def test_what_a_graph_finds_too_few_of_is_looked_at_one_by_one(many: tuple[Path, np.ndarray, Approximation]) -> None:
    folder, vectors, found = many
    narrow = DenseIndex.load(folder, found.model_copy(update={"breadth": 1}))
    allowed = np.argsort(vectors @ vectors[0])[:60]  # as far from the query as can be
    assert sorted(narrow.search(vectors[0], 60, np.sort(allowed))[0].tolist()) == sorted(allowed.tolist())


def test_the_few_that_a_filter_leaves_are_all_looked_at(many: tuple[Path, np.ndarray, Approximation]) -> None:
    folder, vectors, found = many
    narrow = DenseIndex.load(folder, found.model_copy(update={"breadth": 2}))
    allowed = np.flatnonzero(np.random.default_rng(2).random(len(vectors)) < 0.1)  # 400: at FILTERED, breadth 20 is as quick
    assert true_recall(narrow, vectors, clouds(50, seed=4), allowed) == 1
    assert true_recall(narrow, vectors, clouds(50, seed=4)) < 1


def test_the_same_vectors_make_the_same_graph(many: tuple[Path, np.ndarray, Approximation], tmp_path: Path) -> None:
    folder, vectors, found = many
    again = write(tmp_path / "dense", vectors, 3)
    assert approximate(again, ASKED, SMALL) == found
    assert (again / "graph.faiss").read_bytes() == (folder / "graph.faiss").read_bytes()


@pytest.mark.parametrize(
    ("needed", "most", "found"), [(1, 9999, 150), (150, 9999, 150), (151, 9999, 151), (777, 9999, 777), (777, 500, 500)]
)
def test_the_least_breadth_is_found(needed: int, most: int, found: int) -> None:
    assert least_breadth(lambda breadth: min(breadth / needed, 1.0), most, 1.0) == found


def test_what_cannot_reach_the_recall_stays_exact_and_says_so(
    many: tuple[Path, np.ndarray, Approximation], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = write(tmp_path / "dense", many[1])
    with caplog.at_level(logging.WARNING):
        assert approximate(folder, ASKED, SMALL.model_copy(update={"most_read": 0.05})) is None
    assert "stays exact among 4000 passages: in 0.05 of its time" in caplog.text
    assert not (folder / "graph.faiss").exists()


@pytest.mark.parametrize("content", [b"", b"garbage", None])
@pytest.mark.parametrize("name", ["graph.faiss", "order.npy"])
def test_a_damaged_graph_is_told_with_the_cure(
    many: tuple[Path, np.ndarray, Approximation], tmp_path: Path, name: str, content: bytes | None
) -> None:
    folder = Path(shutil.copytree(many[0], tmp_path / "dense"))
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(IndexCorrupt, match="clusterbot index build"):
        DenseIndex.load(folder, many[2])
