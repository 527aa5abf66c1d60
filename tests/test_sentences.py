"""Sentence vectors: what was written is found passage by passage, and an index says where it is damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import GroupedWriter
from clusterbot.index.sentences import SentenceIndex

# Three passages: two sentences, none, one.
VECTORS = [np.eye(2, dtype=np.float32), np.empty((0, 2), np.float32), np.array([[0.6, 0.8]], np.float32)]
SPANS = [np.array([[0, 28], [30, 50]], np.int32), np.empty((0, 2), np.int32), np.array([[7, 9]], np.int32)]
COLUMNS = {"vectors": (np.float16, (2,)), "spans": (np.int32, (2,))}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with GroupedWriter(tmp_path / "sentences", COLUMNS) as file:
        for vectors, spans in zip(VECTORS, SPANS, strict=True):
            file.append(vectors, spans)
    return tmp_path / "sentences"


def test_a_passage_has_its_own_sentences_in_order(folder: Path) -> None:
    index = SentenceIndex.load(folder)
    assert len(index) == 3
    for row, (vectors, spans) in enumerate(zip(VECTORS, SPANS, strict=True)):
        np.testing.assert_allclose(index.vectors(row), vectors, atol=5e-4)
        np.testing.assert_array_equal(index.spans(row), spans)


def test_no_passages_are_no_trouble(tmp_path: Path) -> None:
    with GroupedWriter(tmp_path / "sentences", COLUMNS):
        pass
    assert len(SentenceIndex.load(tmp_path / "sentences")) == 0


@pytest.mark.parametrize("name", ["vectors", "spans", "firsts"])
def test_a_damaged_or_missing_part_is_told(folder: Path, name: str) -> None:
    (folder / f"{name}.npy").write_bytes(b"")
    with pytest.raises(IndexCorrupt, match="rebuild"):
        SentenceIndex.load(folder)
    (folder / f"{name}.npy").unlink()
    with pytest.raises(IndexCorrupt, match="rebuild"):
        SentenceIndex.load(folder)


def test_parts_that_do_not_fit_together_are_told(folder: Path) -> None:
    np.save(folder / "spans.npy", np.zeros((2, 2), np.int32))
    with pytest.raises(IndexCorrupt, match="rebuild"):
        SentenceIndex.load(folder)
