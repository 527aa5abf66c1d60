"""Vectors of the sentences of passages, memory-mapped: what chooses a quotation embeds nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import map_array


class SentenceIndex:
    """The vectors of one language's sentences, float16 (n, d), where in its passage each begins, and each passage's first."""

    def __init__(self, vectors: NDArray[np.float16], begins: NDArray[np.int32], firsts: NDArray[np.int64]) -> None:
        self._vectors = vectors
        self._begins = begins
        self._firsts = firsts

    @classmethod
    def load(cls, folder: Path) -> SentenceIndex:
        """Map an index folder into memory.

        Raises:
            IndexCorrupt: numpy can't read it, or its parts don't fit together.
        """
        try:
            vectors, begins, firsts = (map_array(folder / f"{name}.npy") for name in ("vectors", "begins", "firsts"))
            if not len(vectors) == len(begins) == firsts[-1]:
                raise ValueError("parts of different lengths")
        except (OSError, ValueError, EOFError, IndexError) as error:
            raise IndexCorrupt(f"{folder}: not sentence vectors that numpy can read; rebuild it: clusterbot index build") from error
        return cls(vectors, begins, firsts)

    def __len__(self) -> int:
        return len(self._firsts) - 1

    def of(self, row: int) -> NDArray[np.float32]:
        """Return the vectors of a passage's sentences, in order: float32 (s, d), rows of length 1 but for rounding."""
        return self._vectors[self._firsts[row] : self._firsts[row + 1]].astype(np.float32)
