"""The sentences of passages and their vectors, memory-mapped: what chooses a quotation neither splits nor embeds anything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import map_array


class SentenceIndex:
    """The sentences of one language's passages that can be quoted.

    `vectors`: float16 (n, d), of length 1 but for rounding; `spans`: int32 (n, 2), where in its passage each begins and ends;
    `firsts`: int64, each passage's first sentence, and their number.
    """

    def __init__(self, vectors: NDArray[np.float16], spans: NDArray[np.int32], firsts: NDArray[np.int64]) -> None:
        self._vectors = vectors
        self._spans = spans
        self._firsts = firsts

    @classmethod
    def load(cls, folder: Path) -> SentenceIndex:
        """Map an index folder into memory.

        Raises:
            IndexCorrupt: numpy can't read it, or its parts don't fit together.
        """
        try:
            vectors, spans, firsts = (map_array(folder / f"{name}.npy") for name in ("vectors", "spans", "firsts"))
            if not (len(vectors) == len(spans) == firsts[-1] and spans.shape[1:] == (2,)):
                raise ValueError("parts that don't fit together")
        except (OSError, ValueError, EOFError, IndexError) as error:
            raise IndexCorrupt(f"{folder}: not sentence vectors that numpy can read; rebuild it: clusterbot index build") from error
        return cls(vectors, spans, firsts)

    def __len__(self) -> int:
        return len(self._firsts) - 1

    def spans(self, row: int) -> NDArray[np.int32]:
        """Return where in the passage its sentences begin and end: int32 (s, 2)."""
        return self._spans[self._firsts[row] : self._firsts[row + 1]]

    def vectors(self, row: int) -> NDArray[np.float32]:
        """Return the vectors of a passage's sentences: float32 (s, d)."""
        return self._vectors[self._firsts[row] : self._firsts[row + 1]].astype(np.float32)
