"""The cache of vectors: what was computed once is found again, under the same model alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clusterbot.errors import StorageError
from clusterbot.index.vectors import VectorCache, vector_key

KEYS = [vector_key("model", f"text {number}") for number in range(1200)]
VECTORS = np.random.default_rng(0).normal(size=(1200, 4)).astype(np.float32)


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    cache = VectorCache(tmp_path / "vectors.sqlite3")
    cache.put(zip(KEYS, VECTORS, strict=True))
    return cache


def test_what_was_put_is_found_bit_for_bit(cache: VectorCache) -> None:
    found = cache.get(KEYS, 4)
    assert len(found) == 1200
    np.testing.assert_array_equal([found[key] for key in KEYS], VECTORS)


def test_another_text_or_model_is_another_key() -> None:
    assert len({vector_key("a", "bc"), vector_key("ab", "c"), vector_key("a", "bd"), vector_key("b", "bc")}) == 4


def test_what_is_unknown_or_of_another_length_is_left_out(cache: VectorCache) -> None:
    assert cache.get([vector_key("model", "other")], 4) == {}
    assert cache.get(KEYS[:1], 5) == {}


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert VectorCache(tmp_path / "none").get(KEYS, 4) == {}
    assert list(tmp_path.iterdir()) == []


def test_putting_twice_keeps_the_last(cache: VectorCache) -> None:
    cache.put([(KEYS[0], VECTORS[1])])
    np.testing.assert_array_equal(cache.get(KEYS[:1], 4)[KEYS[0]], VECTORS[1])


def test_an_interrupted_put_keeps_nothing(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.sqlite3")

    def interrupted():
        yield KEYS[0], VECTORS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.put(interrupted())
    assert cache.get(KEYS, 4) == {}


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 2000])
def test_a_damaged_file_is_told_with_the_cure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vectors.sqlite3").write_bytes(content)
    with pytest.raises(StorageError, match="delete the file: only a full embedding is lost"):
        VectorCache(tmp_path / "vectors.sqlite3").get(KEYS, 4)
