"""Arrays on disk, written slice by slice: what a build makes of a corpus needn't fit into memory."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.lib import format as npy
from numpy.typing import DTypeLike, NDArray


class ArrayWriter:
    """A `.npy` file that grows by rows; nothing is held but the number of rows.

    Written from front to back rather than through a memory map, in which a full disk would end the process.
    """

    def __init__(self, path: Path, dtype: DTypeLike, row_shape: tuple[int, ...] = ()) -> None:
        self._dtype = np.dtype(dtype)
        self._row_shape = row_shape
        self._rows = 0
        self._path = path

    def append(self, rows: NDArray[Any]) -> None:
        """Add rows at the end."""
        self._file.write(np.ascontiguousarray(rows, self._dtype).data)
        self._rows += len(rows)

    def __enter__(self) -> Self:
        with ExitStack() as opened:
            self._file = opened.enter_context(self._path.open("wb"))
            self._write_header()
            opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._file:
            if kind is None:
                self._file.seek(0)
                self._write_header()

    def _write_header(self) -> None:
        """Write the header; numpy leaves room in it for the first axis to grow."""
        shape = (self._rows, *self._row_shape)
        npy.write_array_header_1_0(self._file, {"descr": npy.dtype_to_descr(self._dtype), "fortran_order": False, "shape": shape})


class GroupedWriter:
    """Writes an index folder of vectors passage by passage; what is held is where each passage begins.

    `<name>.npy`: the vectors of all passages (n, dimension); `begins.npy`: where in its passage each begins, int32 (n,);
    `firsts.npy`: each passage's first, and their number, int64.
    """

    def __init__(self, folder: Path, name: str, dtype: DTypeLike, dimension: int) -> None:
        self._folder = folder
        self._vectors = ArrayWriter(folder / f"{name}.npy", dtype, (dimension,))
        self._begins = ArrayWriter(folder / "begins.npy", np.int32)
        self._firsts = [0]

    def append(self, vectors: NDArray[Any], begins: NDArray[np.int32]) -> None:
        """Add a passage: vectors (m, dimension), begins int32 (m,)."""
        self._vectors.append(vectors)
        self._begins.append(begins)
        self._firsts.append(self._firsts[-1] + len(begins))

    def __enter__(self) -> Self:
        self._folder.mkdir()
        with ExitStack() as opened:
            opened.enter_context(self._vectors)
            opened.enter_context(self._begins)
            self._files = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._files.__exit__(kind, error, trace)
        if kind is None:
            np.save(self._folder / "firsts.npy", np.array(self._firsts, np.int64))


def map_array(path: Path) -> NDArray[Any]:
    """Map an array file into memory, as a plain array: a slice of a memmap object costs several times what it holds.

    Raises:
        OSError, ValueError, EOFError: it isn't one.
    """
    return np.asarray(np.load(path, mmap_mode="r"))
