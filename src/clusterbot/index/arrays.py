"""Arrays on disk, written slice by slice: what a build makes of a corpus needn't fit into memory."""

from __future__ import annotations

from collections.abc import Mapping
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
    """Writes an index folder of what passages have several of, passage by passage; what is held is where each passage begins.

    `<name>.npy`: one of its columns, the rows of all passages; `firsts.npy`: each passage's first row, and their number, int64.
    """

    def __init__(self, folder: Path, columns: Mapping[str, tuple[DTypeLike, tuple[int, ...]]]) -> None:
        """Take the columns by their names: the type and the shape of a row."""
        self._folder = folder
        self._columns = [ArrayWriter(folder / f"{name}.npy", *column) for name, column in columns.items()]
        self._firsts = [0]

    def append(self, *columns: NDArray[Any]) -> None:
        """Add a passage's rows, as many in each column, in the order of the columns."""
        for file, rows in zip(self._columns, columns, strict=True):
            file.append(rows)
        self._firsts.append(self._firsts[-1] + len(columns[0]))

    def __enter__(self) -> Self:
        self._folder.mkdir()
        with ExitStack() as opened:
            for file in self._columns:
                opened.enter_context(file)
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
