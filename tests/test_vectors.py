"""The cache of vectors: what was computed once is found again, under the same model alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clusterbot.compiled import Encoding
from clusterbot.errors import StorageError
from clusterbot.index.vectors import VectorCache, vector_key

KEYS = [vector_key("model", f"text {number}") for number in range(1200)]
VECTORS = np.random.default_rng(0).normal(size=(1200, 4)).astype(np.float32)
CODES = np.random.default_rng(1).integers(-127, 127, size=(1200, 3, 2), dtype=np.int8)
ENCODINGS = [
    Encoding(vector, codes[: row % 4], np.arange(row % 4, dtype=np.int32) * 5 - 1)
    for row, (vector, codes) in enumerate(zip(VECTORS, CODES, strict=True))
]


@pytest.fixture
def cache(tmp_path: Path) -> VectorCache:
    cache = VectorCache(tmp_path / "vectors.sqlite3")
    cache.put(zip(KEYS, ENCODINGS, strict=True))
    return cache


def test_what_was_put_is_found_bit_for_bit(cache: VectorCache) -> None:
    found = cache.get(KEYS, 4, 2)
    assert len(found) == 1200
    np.testing.assert_array_equal([found[key].vector for key in KEYS], VECTORS)
    for key, known in zip(KEYS, ENCODINGS, strict=True):
        np.testing.assert_array_equal(found[key].codes, known.codes)
        np.testing.assert_array_equal(found[key].begins, known.begins)


def test_another_text_or_model_is_another_key() -> None:
    assert len({vector_key("a", "bc"), vector_key("ab", "c"), vector_key("a", "bd"), vector_key("b", "bc")}) == 4


def test_what_is_unknown_or_of_another_length_is_left_out(cache: VectorCache) -> None:
    assert cache.get([vector_key("model", "other")], 4, 2) == {}
    assert cache.get(KEYS[1:2], 5, 2) == {}
    assert cache.get(KEYS[1:2], 4, 3) == {}


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert VectorCache(tmp_path / "none").get(KEYS, 4) == {}
    assert list(tmp_path.iterdir()) == []


def test_putting_twice_keeps_the_last(cache: VectorCache) -> None:
    cache.put([(KEYS[0], ENCODINGS[1])])
    np.testing.assert_array_equal(cache.get(KEYS[:1], 4, 2)[KEYS[0]].vector, VECTORS[1])


def test_an_interrupted_put_keeps_nothing(tmp_path: Path) -> None:
    cache = VectorCache(tmp_path / "vectors.sqlite3")

    def interrupted():
        yield KEYS[0], ENCODINGS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.put(interrupted())
    assert cache.get(KEYS, 4, 2) == {}


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 2000])
def test_a_damaged_file_is_told_with_the_cure(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vectors.sqlite3").write_bytes(content)
    with pytest.raises(StorageError, match="delete the file: only a full embedding is lost"):
        VectorCache(tmp_path / "vectors.sqlite3").get(KEYS, 4)
