"""What was fetched for each document: `corpus/fetched/<document id>.json`, beside the documents that it is about.

A record is written before its document and holds the state of the text before and after, each with what the server said of it. So
whenever a process dies, the text on disk is one that the record knows, with its own validators.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clusterbot.errors import CorpusError, StorageError
from clusterbot.models import PartialDate, WebAddress

FOLDER = "fetched"
KEPT_STATES = 4


class State(BaseModel):
    """One text that a document had: what the server said of it, and the words themselves once others have taken their place."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    retrieved: PartialDate
    etag: str | None = None
    last_modified: str | None = None
    text: str | None = None


class Record(BaseModel):
    """Where a document was fetched, whether only excerpts are kept, and its texts, newest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: WebAddress
    quote_only: bool = False
    states: tuple[State, ...] = Field(min_length=1)

    def state_of(self, text: str) -> State | None:
        """Return the state with that text; None where someone has changed the text by hand."""
        wanted = digest_of(text)
        return next((state for state in self.states if state.digest == wanted), None)


def digest_of(text: str) -> str:
    """Return what tells one text from another."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def with_state(record: Record | None, state: State, address: str, quote_only: bool, text_before: str | None) -> Record:
    """Return a record with one more text; the one before it is kept in words, since answers have quoted it."""
    before = record.states if record else ()
    kept = [one.model_copy(update={"text": text_before}) if _is_text(one, text_before) else one for one in before]
    others = [one for one in kept if one.digest != state.digest]
    return Record(address=address, quote_only=quote_only, states=(state, *others)[:KEPT_STATES])


def _is_text(state: State, text: str | None) -> bool:
    return text is not None and state.digest == digest_of(text)


def read_record(corpus_dir: Path, document_id: str) -> Record | None:
    """Return the record of a document; None for one that wasn't fetched.

    Raises:
        CorpusError: it is damaged.
    """
    path = _path(corpus_dir, document_id)
    try:
        return Record.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValidationError, UnicodeDecodeError) as error:
        file = f"{FOLDER}/{path.name}"
        raise CorpusError(file, 0, "can't be read; remove it, then add the page again: clusterbot corpus add ADDRESS") from error


def write_record(corpus_dir: Path, document_id: str, record: Record) -> None:
    """Write a record whole or not at all.

    Raises:
        StorageError: the folder can't be written to.
    """
    path = _path(corpus_dir, document_id)
    pending = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with pending.open("w", encoding="utf-8") as file:
            file.write(record.model_dump_json(indent=1, exclude_none=True) + "\n")
            file.flush()
            os.fsync(file.fileno())
        pending.replace(path)
    except OSError as error:
        raise StorageError(f"can't write {path}: {error.strerror}; free some space or check the folder's permissions") from error


def remove_record(corpus_dir: Path, document_id: str) -> None:
    """Forget what was fetched for a document."""
    _path(corpus_dir, document_id).unlink(missing_ok=True)


def _path(corpus_dir: Path, document_id: str) -> Path:
    return corpus_dir / FOLDER / f"{document_id}.json"
