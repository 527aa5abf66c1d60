"""Encodings that were once computed, by what they were computed from: an unchanged passage is never embedded again.

Disposable like the index it stands beside: deleting the file costs one full embedding.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from clusterbot.compiled import Encoding
from clusterbot.errors import StorageError

_BATCH = 500  # SQLite's oldest limit on the parameters of one statement is 999


def vector_key(fingerprint: str, text: str) -> bytes:
    """Return the key of a text under a model, prompt and revision (the embedder's fingerprint)."""
    return hashlib.sha256(f"{fingerprint}\0{text}".encode()).digest()


class VectorCache:
    """Encodings by key, in one SQLite file; each `put` is durable when it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, keys: Sequence[bytes], dimension: int, token_dimension: int = 0) -> dict[bytes, Encoding]:
        """Return the encodings that are known, of vectors and tokens of these lengths."""
        if not self._path.exists():
            return {}
        found: dict[bytes, Encoding] = {}
        with self._open() as connection:
            for first in range(0, len(keys), _BATCH):
                batch = keys[first : first + _BATCH]
                marks = ",".join("?" * len(batch))
                query = f"select key, vector, codes, begins from encodings where key in ({marks})"
                for key, vector, codes, begins in connection.execute(query, batch):
                    places = np.frombuffer(begins, np.int32)
                    if len(vector) == 4 * dimension and len(codes) == token_dimension * len(places):
                        tokens = np.frombuffer(codes, np.int8).reshape(len(places), token_dimension)
                        found[key] = Encoding(np.frombuffer(vector, np.float32), tokens, places)
        return found

    def known(self, keys: Sequence[bytes], dimension: int, token_dimension: int = 0) -> set[bytes]:
        """Return which of the keys `get` would find, without reading what they stand for."""
        if not self._path.exists():
            return set()
        found: set[bytes] = set()
        with self._open() as connection:
            for first in range(0, len(keys), _BATCH):
                batch = keys[first : first + _BATCH]
                fitting = "length(vector) = ? and length(codes) = ? * (length(begins) / 4)"
                query = f"select key from encodings where key in ({','.join('?' * len(batch))}) and {fitting}"
                found.update(key for (key,) in connection.execute(query, [*batch, 4 * dimension, token_dimension]))
        return found

    def put(self, items: Iterable[tuple[bytes, Encoding]]) -> None:
        """Keep encodings; all of them or, on an error, none."""
        with self._open() as connection:
            rows = [(key, one.vector.tobytes(), one.codes.tobytes(), one.begins.tobytes()) for key, one in items]
            connection.executemany("insert or replace into encodings (key, vector, codes, begins) values (?, ?, ?, ?)", rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = sqlite3.connect(self._path, timeout=30)
            try:
                with connection:
                    connection.execute("drop table if exists vectors")  # of versions that kept no tokens
                    connection.execute(
                        "create table if not exists encodings "
                        "(key blob primary key, vector blob not null, codes blob not null, begins blob not null)"
                    )
                    yield connection
            finally:
                connection.close()
        except sqlite3.Error as error:
            cure = "free some space, check the folder's permissions, or delete the file: only a full embedding is lost"
            raise StorageError(f"{self._path}: {error}; {cure}") from error
