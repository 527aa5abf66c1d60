"""The passages of a version as rows of numbers, so that a million of them are an array and not a million objects."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import overload

import numpy as np
from numpy.typing import NDArray

from clusterbot.index.arrays import ArrayWriter, map_array
from clusterbot.models import Document, Passage
from clusterbot.passages import PassageSettings, split_passages

SLICE = 1024  # documents that are split between two writes


class PassageTable(Sequence[Passage]):
    """The passages of some documents, in the documents' order; each is made when it is asked for.

    `rows`: int32 (n, 5): the document's place, the passage's start and end in its text, and its heading's; equal where it has none.
    """

    def __init__(self, documents: Sequence[Document], rows: NDArray[np.int32]) -> None:
        self._documents = documents
        self._rows = rows

    @classmethod
    def load(cls, path: Path, documents: Sequence[Document]) -> PassageTable:
        """Map a file of rows into memory.

        Raises:
            OSError, ValueError, EOFError: it can't be read, or is of other documents.
        """
        rows = map_array(path)
        if rows.ndim != 2 or rows.shape[1] != 5 or rows[:, 0].max(initial=-1) >= len(documents):
            raise ValueError("rows of other documents")
        return cls(documents, rows)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, place: int) -> Passage: ...
    @overload
    def __getitem__(self, place: slice) -> PassageTable: ...
    def __getitem__(self, place: int | slice) -> Passage | PassageTable:
        if isinstance(place, slice):
            return PassageTable(self._documents, self._rows[place])
        return self.at(np.array([place]))[0]

    def at(self, places: NDArray[np.int64]) -> list[Passage]:
        """Return the passages at some places, in their order."""
        return [
            Passage(document := self._documents[number], start, end, document.text[first:last])
            for number, start, end, first, last in self._rows[places].tolist()
        ]

    @property
    def owners(self) -> NDArray[np.int32]:
        """Return the place of each passage's document: int32 (n,), never falling."""
        return self._rows[:, 0]

    def find(self, ids: Collection[str]) -> dict[str, Passage]:
        """Return those passages that are there, by their ids."""
        wanted = {id_.rpartition(":")[0] for id_ in ids}
        numbers = [number for number, document in enumerate(self._documents) if document.id in wanted]
        found = (passage for number in numbers for passage in self._of(number))
        return {passage.id: passage for passage in found if passage.id in ids}

    def _of(self, number: int) -> PassageTable:
        first, last = np.searchsorted(self.owners, [number, number + 1])
        return self[first:last]


def write_table(path: Path, documents: Sequence[Document], settings: PassageSettings) -> None:
    """Split documents into passages and write their rows.

    Raises:
        OSError: the disk refuses.
    """
    with ArrayWriter(path, np.int32, (5,)) as file:
        for first in range(0, len(documents), SLICE):
            numbers = range(first, min(first + SLICE, len(documents)))
            rows = [row for number in numbers for row in _rows(documents[number], number, settings)]
            file.append(np.array(rows, np.int32).reshape(-1, 5))


def _rows(document: Document, number: int, settings: PassageSettings) -> Iterator[tuple[int, int, int, int, int]]:
    for passage in split_passages(document, settings):
        first = document.text.index(passage.heading)
        yield number, passage.start, passage.end, first, first + len(passage.heading)
