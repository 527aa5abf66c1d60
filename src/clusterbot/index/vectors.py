"""Vectors that were once computed, by what they were computed from: an unchanged passage is never embedded again.

Disposable like the index it stands beside: deleting the file costs one full embedding.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import StorageError

_BATCH = 500  # SQLite's oldest limit on the parameters of one statement is 999


def vector_key(fingerprint: str, text: str) -> bytes:
    """Return the key of a text under a model, prompt and revision (the embedder's fingerprint)."""
    return hashlib.sha256(f"{fingerprint}\0{text}".encode()).digest()


class VectorCache:
    """float32 vectors by key, in one SQLite file; each `put` is durable when it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, keys: Sequence[bytes], dimension: int) -> dict[bytes, NDArray[np.float32]]:
        """Return the vectors that are known: float32 (dimension,) by key."""
        if not self._path.exists():
            return {}
        found: dict[bytes, NDArray[np.float32]] = {}
        with self._open() as connection:
            for first in range(0, len(keys), _BATCH):
                batch = keys[first : first + _BATCH]
                marks = ",".join("?" * len(batch))
                for key, blob in connection.execute(f"select key, vector from vectors where key in ({marks})", batch):
                    vector = np.frombuffer(blob, np.float32)
                    if vector.shape == (dimension,):
                        found[key] = vector
        return found

    def put(self, items: Iterable[tuple[bytes, NDArray[np.float32]]]) -> None:
        """Keep vectors; all of them or, on an error, none."""
        with self._open() as connection:
            rows = [(key, vector.astype(np.float32).tobytes()) for key, vector in items]
            connection.executemany("insert or replace into vectors (key, vector) values (?, ?)", rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self._path, timeout=30)
            try:
                with connection:
                    connection.execute(
                        "create table if not exists vectors (key blob primary key, vector blob not null) without rowid"
                    )
                    yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            cure = "free some space, check the folder's permissions, or delete the file: only a full embedding is lost"
            raise StorageError(f"{self._path}: {error}; {cure}") from error
