"""Token vectors of the passages, memory-mapped, and MaxSim over them (ColBERT: Khattab and Zaharia, SIGIR 2020)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import map_array

OUTSIDE = -1  # where a token begins that is none of the passage's own text, but of its title or heading


class TokenIndex:
    """The token codes of one language's passages.

    `codes`: int8 (tokens, r); `lengths`: float32 (tokens,), theirs; `begins`: int32 (tokens,), where in its passage each begins;
    `firsts`: int64, each passage's first token, and their number.
    """

    def __init__(
        self, codes: NDArray[np.int8], lengths: NDArray[np.float32], begins: NDArray[np.int32], firsts: NDArray[np.int64]
    ) -> None:
        self._codes = codes
        self._lengths = lengths
        self._begins = begins
        self._firsts = firsts

    @classmethod
    def load(cls, folder: Path) -> TokenIndex:
        """Map an index folder into memory.

        Raises:
            IndexCorrupt: numpy can't read it, or its parts don't fit together.
        """
        try:
            codes, lengths, begins, firsts = (
                map_array(folder / f"{name}.npy") for name in ("codes", "lengths", "begins", "firsts")
            )
            if not len(codes) == len(lengths) == len(begins) == firsts[-1]:
                raise ValueError("parts of different lengths")
        except (OSError, ValueError, EOFError, IndexError) as error:
            raise IndexCorrupt(f"{folder}: not token vectors that numpy can read; rebuild it: clusterbot index build") from error
        return cls(codes, lengths, begins, firsts)

    def __len__(self) -> int:
        return len(self._firsts) - 1

    def codes(self, row: int, start: int, end: int) -> NDArray[np.int8]:
        """Return the codes of a passage's tokens that begin in a range of its text: int8 (t, r)."""
        begin, stop = self._firsts[row : row + 2]
        first, last = np.searchsorted(self._begins[begin:stop], (start, end)) + begin
        return self._codes[first:last]

    def within(
        self, rows: NDArray[np.int64], ranges: Sequence[NDArray[np.int64]], query: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Return for ranges of each passage's text, (k, 2), the highest cosines with tokens that begin in them.

        float32 (all ranges, m), one passage after the other; -1 where none begins. Tokens of title and heading begin at OUTSIDE.
        """
        firsts, sizes = self._firsts[rows], self._firsts[rows + 1] - self._firsts[rows]
        parts = zip(firsts.tolist(), sizes.tolist(), (np.cumsum(sizes) - sizes).tolist(), ranges, strict=True)
        found = [np.searchsorted(self._begins[first : first + size], own) + place for first, size, place, own in parts]
        bounds = np.concatenate(found)
        nothing = np.full((1, len(query)), -1, np.float32)  # a range at the very end begins at no token
        highest = np.maximum.reduceat(np.concatenate([self._cosines(rows, query), nothing]), bounds.ravel(), axis=0)[::2]
        highest[bounds[:, 0] == bounds[:, 1]] = nothing
        return highest

    def maxima(self, rows: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return for each passage and query token the highest cosine with a passage token: float32 (len(rows), m)."""
        sizes = self._firsts[rows + 1] - self._firsts[rows]
        found = np.zeros((len(rows), len(query)), np.float32)
        filled = np.flatnonzero(sizes)
        if len(filled) == 0 or len(query) == 0:
            return found
        starts = np.cumsum(sizes[filled]) - sizes[filled]
        found[filled] = np.maximum.reduceat(self._cosines(rows[filled], query), starts, axis=0)
        return found

    def _cosines(self, rows: NDArray[np.int64], query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the cosines of some passages' tokens, one passage after the other, with a query's."""
        firsts, ends = self._firsts[rows], self._firsts[rows + 1]
        places = np.cumsum(ends - firsts).tolist()
        found, lengths = np.empty((places[-1], len(query)), np.float32), np.empty((places[-1], 1), np.float32)
        # One passage's codes at a time are made floats, always in the same place, which thus stays in the cache of a core.
        floats, columns = np.empty((int((ends - firsts).max()), self._codes.shape[1]), np.float32), np.ascontiguousarray(query.T)
        for first, end, place in zip(firsts.tolist(), ends.tolist(), places, strict=True):
            own, vectors = slice(place - (end - first), place), floats[: end - first]
            vectors[:] = self._codes[first:end]
            np.matmul(vectors, columns, out=found[own])
            lengths[own, 0] = self._lengths[first:end]
        found /= lengths  # dividing the codes would take longer: they are wider
        return found


def cosines(codes: NDArray[np.int8], query: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the cosines of codes (t, r) with rows of length 1 (m, r): float32 (t, m); 0 for a code of nothing."""
    found: NDArray[np.float32] = (codes.astype(np.float32) @ query.T) / lengths_of(codes)[:, np.newaxis]
    return found


def unit(codes: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return codes as float32 rows of length 1; a row of nothing stays so."""
    return codes.astype(np.float32) / lengths_of(codes)[:, np.newaxis]


def lengths_of(codes: NDArray[np.int8]) -> NDArray[np.float32]:
    """Return the lengths of codes (t, r): float32 (t,); 1 for a code of nothing."""
    vectors = codes.astype(np.float32)
    found: NDArray[np.float32] = np.maximum(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)), 1.0)
    return found
