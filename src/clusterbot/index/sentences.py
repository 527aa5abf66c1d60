"""Vectors of the sentences of passages, memory-mapped: what chooses a quotation embeds nothing."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import IndexCorrupt
from clusterbot.index.arrays import ArrayWriter, map_array


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

    def of(self, row: int) -> dict[int, NDArray[np.float32]]:
        """Return the vectors of a passage's sentences, float32 (d,), of length 1 but for rounding, by where in it each begins."""
        own = slice(self._firsts[row], self._firsts[row + 1])
        return dict(zip(self._begins[own].tolist(), self._vectors[own].astype(np.float32), strict=True))


class SentenceWriter:
    """Writes an index folder passage by passage; what is held is where each begins."""

    def __init__(self, folder: Path, dimension: int) -> None:
        self._folder = folder
        self._dimension = dimension
        self._firsts = [0]

    def __enter__(self) -> Self:
        self._folder.mkdir()
        with ExitStack() as opened:
            self._vectors = opened.enter_context(ArrayWriter(self._folder / "vectors.npy", np.float16, (self._dimension,)))
            self._begins = opened.enter_context(ArrayWriter(self._folder / "begins.npy", np.int32))
            self._files = opened.pop_all()
        return self

    def append(self, vectors: NDArray[np.float32], begins: NDArray[np.int32]) -> None:
        """Add a passage: vectors float32 (s, dimension), begins int32 (s,)."""
        self._vectors.append(vectors)
        self._begins.append(begins)
        self._firsts.append(self._firsts[-1] + len(begins))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._files.__exit__(kind, error, trace)
        if kind is None:
            np.save(self._folder / "firsts.npy", np.array(self._firsts, np.int64))
