"""Token vectors of the passages, memory-mapped, and MaxSim over them (ColBERT: Khattab and Zaharia, SIGIR 2020)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import map_array

BLOCK = 256  # tokens whose codes are made floats at once: 128 KB, which stay in the cache of a core
OUTSIDE = -1  # where a token begins that is none of the passage's own text, but of its title or heading


class TokenIndex:
    """The token codes of one language's passages, int8 (tokens, r), where in its passage each begins, and each passage's first."""

    def __init__(self, codes: NDArray[np.int8], begins: NDArray[np.int32], firsts: NDArray[np.int64]) -> None:
        self._codes = codes
        self._begins = begins
        self._firsts = firsts

    @classmethod
    def load(cls, folder: Path) -> TokenIndex:
        """Map an index folder into memory.

        Raises:
            IndexCorrupt: numpy can't read it, or its parts don't fit together.
        """
        try:
            codes, begins, firsts = (map_array(folder / f"{name}.npy") for name in ("codes", "begins", "firsts"))
            if not len(codes) == len(begins) == firsts[-1]:
                raise ValueError("parts of different lengths")
        except (OSError, ValueError, EOFError, IndexError) as error:
            raise IndexCorrupt(f"{folder}: not token vectors that numpy can read; rebuild it: clusterbot index build") from error
        return cls(codes, begins, firsts)

    def __len__(self) -> int:
        return len(self._firsts) - 1

    def begins(self, row: int) -> NDArray[np.int32]:
        """Return where in the passage its tokens begin: int32 (t,), OUTSIDE for those of its title and heading."""
        return self._begins[self._firsts[row] : self._firsts[row + 1]]

    def similarities(self, row: int, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines of a passage's tokens with a query's: float32 (t, m); query float32 (m, r), rows of length 1."""
        return cosines(self._codes[self._firsts[row] : self._firsts[row + 1]], query)

    def maxima(self, rows: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return for each passage and query token the highest cosine with a passage token: float32 (len(rows), m)."""
        sizes = self._firsts[rows + 1] - self._firsts[rows]
        found = np.zeros((len(rows), len(query)), np.float32)
        filled = np.flatnonzero(sizes)
        if len(filled) == 0 or len(query) == 0:
            return found
        codes = np.concatenate([self._codes[self._firsts[row] : self._firsts[row + 1]] for row in rows[filled]])
        starts = np.cumsum(sizes[filled]) - sizes[filled]
        found[filled] = np.maximum.reduceat(cosines(codes, query), starts, axis=0)
        return found


def cosines(codes: NDArray[np.int8], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines of codes (t, r) with rows of length 1 (m, r): float32 (t, m); 0 for a code of nothing."""
    found, squares = np.empty((len(codes), len(query)), np.float32), np.empty(len(codes), np.float32)
    block, columns = np.empty((BLOCK, codes.shape[1]), np.float32), np.ascontiguousarray(query.T)
    for first in range(0, len(codes), BLOCK):
        part = slice(first, min(first + BLOCK, len(codes)))
        vectors = block[: part.stop - first]
        vectors[:] = codes[part]
        np.einsum("ij,ij->i", vectors, vectors, out=squares[part])
        np.matmul(vectors, columns, out=found[part])
    found /= np.maximum(np.sqrt(squares), 1.0)[:, np.newaxis]  # dividing the codes would take longer: they are wider
    return found


def unit(codes: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return codes as float32 rows of length 1; a row of nothing stays so."""
    vectors = codes.astype(np.float32)
    return vectors / np.maximum(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)), 1.0)[:, np.newaxis]
