"""What can go wrong and be mended by a person.

ClusterbotError            someone can act on it; `code` names its message, `str()` tells what happened and the cure
├── UsageError             the question, claim or option itself can't be taken
├── CorpusError            a corpus file can't be read: names file, line and key
├── ClusterUnknown         no cluster of that name; carries the nearest names
├── ModelUnavailable       the embedding model can't be found, read or loaded
├── IndexMissing           there is no index, or not the version that was named
├── IndexMismatch          the index was made with another model, format or set of files
├── IndexCorrupt           a file of the index is not what its manifest says
├── StorageError           the disk is full, read-only or not permitted
└── EvaluationError        an evaluation set can't be read, or a floor was broken

Anything else that is raised is a bug.
"""

from __future__ import annotations


class ClusterbotError(Exception):
    """An error that someone can act on; its text says what happened and what to do."""

    code = "error"

    def __init__(self, message: str = "", key: str | None = None, **values: object) -> None:
        """Take the English message, and where it exists in both languages its key under [error] with what fills it."""
        super().__init__(message)
        self.key = key
        self.values = values


class UsageError(ClusterbotError):
    """The input itself can't be taken: empty, too long, not text."""

    code = "usage"


class CorpusError(ClusterbotError):
    """A corpus file can't be read."""

    code = "corpus"

    def __init__(self, file: str, line: int, problem: str) -> None:
        super().__init__(f"{file}:{line}: {problem}" if line else f"{file}: {problem}")
        self.file = file
        self.line = line
        self.problem = problem


class ClusterUnknown(ClusterbotError):
    """No cluster answers to that name."""

    code = "cluster_unknown"


class ModelUnavailable(ClusterbotError):
    """The embedding model can't be found, read or loaded."""

    code = "model_unavailable"


class IndexMissing(ClusterbotError):
    """There is no index, or not that version of it."""

    code = "index_missing"


class IndexMismatch(ClusterbotError):
    """The index was made with another model, format or settings."""

    code = "index_mismatch"


class IndexCorrupt(ClusterbotError):
    """A file of the index is not what its manifest says."""

    code = "index_corrupt"


class StorageError(ClusterbotError):
    """The disk is full, read-only or not permitted."""

    code = "storage"


class EvaluationError(ClusterbotError):
    """An evaluation set can't be read, or a floor was broken."""

    code = "evaluation"
