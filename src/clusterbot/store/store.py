"""The store: one object over the file, safe to share between threads; every call is one transaction, durable when it returns.

A person is given as their Discord id and kept as a key (see `people`). StorageError: the disk refuses; UsageError: bad input.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from clusterbot.errors import UsageError
from clusterbot.store import database, retention, rows
from clusterbot.store.people import person_key, read_salt, salt_mark
from clusterbot.store.records import Conversation, Erratum, Evaluation, Feedback, OpenGap, Purged, Receipt, Watcher, check_length
from clusterbot.store.rows import milliseconds

FILE, SALT = "clusterbot.sqlite3", "clusterbot.salt"
BUSY_S = 5.0
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
T = TypeVar("T")
MAX_REASON_CHARS, MAX_NOTE_CHARS, MAX_DETAIL_CHARS = 500, 500, 1000


class Store:
    """Everything that can't be rebuilt; `Store(settings.data_dir)` opens it, and makes it where there is none."""

    def __init__(self, data_dir: Path, busy_s: float = BUSY_S) -> None:
        """Open the store; wait at most `busy_s` seconds for another process.

        Raises:
            StorageError: as its text says, with the cure.
        """
        database.prepare_folder(data_dir)
        self._path = data_dir / FILE
        self._lock = threading.RLock()
        self._connection = database.connect(self._path, busy_s)
        try:
            self._salt = self._open_salt(data_dir / SALT)
        except BaseException:
            self._connection.close()
            raise

    @staticmethod
    def is_there(data_dir: Path) -> bool:
        """Say whether a folder holds a store."""
        return (data_dir / FILE).exists()

    def _open_salt(self, path: Path) -> bytes:
        with self._writing() as connection:
            row = connection.execute("select value from meta where key = 'salt'").fetchone()
            salt = read_salt(path, None if row is None else str(row[0]))
            if row is None:
                connection.execute("insert into meta (key, value) values ('salt', ?)", (salt_mark(salt),))
        return salt

    def close(self) -> None:
        """Close the file; what was written is kept."""
        with self._lock:
            self._connection.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock, database.told(self._path), database.transaction(self._connection):
            yield self._connection

    def _rows(self, read: Callable[[sqlite3.Row], T], statement: str, values: Sequence[object] = ()) -> list[T]:
        with self._lock, database.told(self._path), database.legible(self._path):
            return [read(row) for row in self._connection.execute(statement, values).fetchall()]

    def _key(self, person: str | None) -> str | None:
        return None if person is None else person_key(self._salt, person)

    def verify(self) -> None:
        """Check the whole file; takes seconds where it is large.

        Raises:
            StorageError: it is damaged.
        """
        with self._lock:
            database.check(self._connection, self._path, is_full=True)

    # --- receipts

    def record(self, receipt: Receipt, person: str | None = None) -> None:
        """Keep a receipt, and whose question it was."""
        values = rows.receipt_values(receipt, self._key(person))
        names = ", ".join(rows.RECEIPT_COLUMNS)
        with self._writing() as connection:
            connection.execute(f"insert into receipts ({names}) values ({', '.join('?' * len(values))})", values)

    def receipt(self, receipt_id: str) -> Receipt:
        """Return a receipt.

        Raises:
            UsageError: there is none of that id.
        """
        found = self._rows(rows.read_receipt, "select * from receipts where id = ?", (receipt_id,))
        if not found:
            raise UsageError(f"there is no receipt {receipt_id[:40]!r}: copy the id that stands below an answer", "no_receipt")
        return found[0]

    def receipts(self, since: dt.datetime = EPOCH) -> list[Receipt]:
        """Return the receipts since an instant, oldest first."""
        statement = "select * from receipts where asked_at >= ? order by asked_at, id"
        return self._rows(rows.read_receipt, statement, (milliseconds(since),))

    # --- feedback

    def give_feedback(self, receipt_id: str, is_helpful: bool, person: str, reason: str | None, now: dt.datetime) -> None:
        """Keep what someone thinks of an answer; what they said of it before is replaced.

        Raises:
            UsageError: there is no such receipt, or the reason is too long.
        """
        check_length("the reason", reason or "", MAX_REASON_CHARS)
        self.receipt(receipt_id)
        with self._writing() as connection:
            connection.execute(
                "insert into feedback (receipt_id, person, given_at, is_helpful, reason) values (?, ?, ?, ?, ?) on conflict do"
                " update set given_at = excluded.given_at, is_helpful = excluded.is_helpful, reason = excluded.reason",
                (receipt_id, self._key(person), milliseconds(now), int(is_helpful), reason),
            )

    def feedback(self, since: dt.datetime = EPOCH) -> list[Feedback]:
        """Return the feedback since an instant, oldest first."""
        statement = "select * from feedback where given_at >= ? order by given_at, id"
        return self._rows(rows.read_feedback, statement, (milliseconds(since),))

    # --- conversations

    def keep_conversation(
        self, thread: str, conversation: Conversation, person: str | None, now: dt.datetime, expires_at: dt.datetime
    ) -> None:
        """Keep the state of a thread (its Discord id) until it expires."""
        state = json.dumps(dataclasses.asdict(conversation), ensure_ascii=False)
        with self._writing() as connection:
            connection.execute(
                "insert or replace into conversations (thread, person, state, kept_at, expires_at) values (?, ?, ?, ?, ?)",
                (thread, self._key(person), state, milliseconds(now), milliseconds(expires_at)),
            )

    def conversation(self, thread: str, now: dt.datetime) -> Conversation | None:
        """Return the state of a thread; None where there is none, or no longer."""
        statement = "select state from conversations where thread = ? and expires_at > ?"
        return next(iter(self._rows(rows.read_state, statement, (thread, milliseconds(now)))), None)

    # --- gaps and those who wait for them

    def open_gaps(self) -> list[OpenGap]:
        """Return the kept questions that met an abstention or a thumbs-down and weren't closed, oldest first; not a file's."""
        return self._rows(
            lambda row: OpenGap(rows.read_receipt(row), bool(row["is_unhelpful"])),
            "select receipts.*, exists (select 1 from feedback where receipt_id = receipts.id and not is_helpful) as is_unhelpful"
            " from receipts where question is not null and channel <> 'batch' and closed_at is null"
            " and (outcome = 'abstained' or is_unhelpful) order by asked_at, id",
        )

    def close_gaps(self, receipt_ids: Iterable[str], index: str, now: dt.datetime) -> None:
        """Note that a version of the index answers questions that were gaps."""
        closed = [(milliseconds(now), index, one) for one in receipt_ids]
        with self._writing() as connection:
            connection.executemany("update receipts set closed_at = ?, closed_by = ? where id = ?", closed)

    def closed_gaps(self) -> int:
        """Return how many questions were gaps and are none any more."""
        return self._rows(lambda row: int(row[0]), "select count(*) from receipts where closed_at is not null")[0]

    def watch(self, receipt_id: str, person: str, now: dt.datetime) -> None:
        """Keep that someone wants to be told. Their Discord id is kept as it is, since a key can't be written to.

        Raises:
            UsageError: there is no such receipt.
        """
        self.receipt(receipt_id)
        with self._writing() as connection:
            connection.execute(
                "insert or replace into watchers (receipt_id, person, address, asked_at) values (?, ?, ?, ?)",
                (receipt_id, self._key(person), person, milliseconds(now)),
            )

    def watchers_to_tell(self) -> list[Watcher]:
        """Return who is to be told that a question of theirs is answered now; `forget_watcher` once that is done."""
        return self._rows(
            lambda row: Watcher(*row),
            "select receipt_id, address, question, lang, closed_by from watchers join receipts on receipts.id = receipt_id"
            " where closed_at is not null order by watchers.asked_at, receipt_id, address",
        )

    def forget_watcher(self, receipt_id: str, person: str) -> None:
        """Remove someone who was told, or no longer wants to be."""
        with self._writing() as connection:
            connection.execute("delete from watchers where receipt_id = ? and person = ?", (receipt_id, self._key(person)))

    # --- errata

    def add_erratum(
        self, document_id: str, sentence: str, fr: str, en: str, source: str, now: dt.datetime, person: str | None = None
    ) -> Erratum:
        """Pin a note to a sentence.

        Raises:
            UsageError: a text is empty or too long.
        """
        for name, text in (("the French note", fr), ("the English note", en)):
            check_length(name, text, MAX_NOTE_CHARS, at_least=1)
        with self._writing() as connection:
            row = connection.execute(
                "insert into errata (document_id, sentence, fr, en, source, noted_at, person) values (?, ?, ?, ?, ?, ?, ?)"
                " returning *",
                (document_id, sentence, fr, en, source, milliseconds(now), self._key(person)),
            ).fetchone()
        return rows.read_erratum(row)

    def errata(self) -> list[Erratum]:
        """Return all notes, oldest first."""
        return self._rows(rows.read_erratum, "select * from errata order by id")

    def remove_erratum(self, erratum_id: int) -> None:
        """Remove a note.

        Raises:
            UsageError: there is none of that number.
        """
        with self._writing() as connection:
            if not connection.execute("delete from errata where id = ?", (erratum_id,)).rowcount:
                raise UsageError(f"there is no erratum {erratum_id}: `clusterbot errata list` shows them")

    # --- evaluations

    def keep_evaluation(self, one: Evaluation) -> None:
        """Keep the figures of a data set under a version of the index; those measured before are replaced."""
        values = (milliseconds(one.measured_at), one.index, one.model, one.dataset, json.dumps(one.figures))
        with self._writing() as connection:
            connection.execute("insert or replace into evaluations values (?, ?, ?, ?, ?)", values)

    def evaluations(self, dataset: str) -> list[Evaluation]:
        """Return the figures of a data set by version of the index, oldest first."""
        statement = "select * from evaluations where dataset = ? order by measured_at, index_version"
        return self._rows(rows.read_evaluation, statement, (dataset,))

    # --- audit, retention, people

    def audit(self, action: str, detail: str, now: dt.datetime, person: str | None = None) -> None:
        """Keep who did what; `detail` holds ids and addresses, never a person's words."""
        with self._writing() as connection:
            connection.execute(
                "insert into audit (done_at, person, action, detail) values (?, ?, ?, ?)",
                (milliseconds(now), self._key(person), action, detail[:MAX_DETAIL_CHARS]),
            )

    def purge(self, now: dt.datetime, retention_days: int) -> Purged:
        """Forget what is older than `retention_days`; to be called at least once a day. See `retention` for clocks that jump."""
        with self._writing() as connection:
            purged = retention.purge(connection, milliseconds(now), retention_days * retention.DAY_MS)
        if any(dataclasses.astuple(purged)):
            self._empty_log()
        return purged

    def erase(self, person: str, now: dt.datetime) -> dict[str, int]:
        """Forget a person; return how many rows of each kind were theirs.

        Raises:
            UsageError: that is no Discord id.
        """
        key = person_key(self._salt, person)
        with self._writing() as connection:
            counts = retention.erase(connection, key)
            connection.execute("insert into audit (done_at, action, detail) values (?, 'erase', '')", (milliseconds(now),))
        self._empty_log()
        return counts

    def export(self, person: str) -> dict[str, list[dict[str, Any]]]:
        """Return all that is held on a person, by kind, instants in ISO 8601.

        Raises:
            UsageError: that is no Discord id.
        """
        key = person_key(self._salt, person)
        with self._lock, database.told(self._path), database.legible(self._path):
            found = retention.export(self._connection, key)
            return {kind: [rows.write_row(row) for row in held] for kind, held in found.items()}

    def _empty_log(self) -> None:
        """Write the log back and cut it to nothing, so that what was erased stands in no file; later where someone is reading."""
        with self._lock, database.told(self._path):
            self._connection.execute("pragma wal_checkpoint(truncate)")
