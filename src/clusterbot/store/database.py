"""The SQLite file: opened safely, its schema brought up to date, its errors told with their cure."""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from clusterbot.errors import StorageError

Migration = tuple[str, ...]

# Append-only: a file's user_version says how many of these it has had. Instants are whole milliseconds since 1970, UTC.
MIGRATIONS: tuple[Migration, ...] = (
    (
        "create table meta (key text primary key, value text not null) strict, without rowid",
        "create table sightings (seen_at integer primary key) strict",
        """create table receipts (
            id text primary key,
            asked_at integer not null,
            channel text not null,
            person text,
            question text,
            context text,
            wanted_lang text,
            lang text not null,
            outcome text not null check (outcome in ('answered', 'abstained')),
            reason text,
            confidence real not null,
            index_version text not null,
            model text not null,
            elapsed_ms real not null,
            quotes text not null,
            passages text not null,
            closed_at integer,
            closed_by text
        ) strict, without rowid""",
        "create index receipts_by_time on receipts (asked_at)",
        "create index receipts_by_person on receipts (person) where person is not null",
        """create table feedback (
            id integer primary key,
            receipt_id text not null references receipts (id),
            person text,
            given_at integer not null,
            is_helpful integer not null,
            reason text,
            unique (receipt_id, person)
        ) strict""",
        """create table conversations (
            thread text primary key, person text, state text not null, kept_at integer not null, expires_at integer not null
        ) strict, without rowid""",
        """create table watchers (
            receipt_id text not null references receipts (id),
            person text not null,
            address text not null,
            asked_at integer not null,
            primary key (receipt_id, person)
        ) strict, without rowid""",
        """create table errata (
            id integer primary key autoincrement,
            document_id text not null,
            sentence text not null,
            fr text not null,
            en text not null,
            source text not null,
            noted_at integer not null,
            person text
        ) strict""",
        """create table audit (
            id integer primary key autoincrement,
            done_at integer not null,
            person text,
            action text not null,
            detail text not null
        ) strict""",
    ),
    (
        """create table evaluations (
            measured_at integer not null,
            index_version text not null,
            model text not null,
            dataset text not null,
            figures text not null,
            primary key (dataset, index_version)
        ) strict""",
    ),
    ("alter table receipts add column cluster_id text", "alter table receipts add column as_of text"),
)


def prepare_folder(folder: Path) -> None:
    """Make the folder of the data, for its owner alone.

    Raises:
        StorageError: it can't be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        cure = "check its permissions, or choose another with CLUSTERBOT_DATA_DIR"
        raise StorageError(f"the data folder {folder} can't be made ({error.strerror or error}): {cure}") from error


def is_private(path: Path) -> bool:
    """Say whether a file or folder is closed to everyone but its owner."""
    return not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO)


def connect(path: Path, busy_s: float, migrations: Sequence[Migration] = MIGRATIONS) -> sqlite3.Connection:
    """Open the file, made for its owner alone if there is none, check it quickly and bring its schema up to date.

    Raises:
        StorageError: it is damaged, locked, of a newer clusterbot, or the disk refuses.
    """
    with told(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))  # sqlite3 would make it by the umask; its -wal and -shm follow it
        connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            check(connection, path, is_full=False)
            for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "secure_delete = on"):
                connection.execute(f"pragma {pragma}")
            _migrate(connection, path, migrations)
        except BaseException:
            connection.close()
            raise
    return connection


def check(connection: sqlite3.Connection, path: Path, is_full: bool) -> None:
    """Check the file: quickly (pages and rows), or in full (indexes and references too).

    Raises:
        StorageError: it is damaged.
    """
    with told(path):
        found = connection.execute(f"pragma {'integrity_check' if is_full else 'quick_check'}(1)").fetchone()[0]
        strays = connection.execute("pragma foreign_key_check").fetchall() if is_full else []
    if found != "ok" or strays:
        raise StorageError(f"{path} is damaged ({'stray rows' if found == 'ok' else found}): {_RESTORE}")


def _migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Apply what the file hasn't had; each migration and the note that it ran share one transaction."""
    while (version := connection.execute("pragma user_version").fetchone()[0]) != len(migrations):
        if version > len(migrations):
            raise StorageError(f"{path} was written by a newer clusterbot (schema {version}): update clusterbot")
        with transaction(connection):
            if connection.execute("pragma user_version").fetchone()[0] == version:  # another process may have been first
                for statement in migrations[version]:
                    connection.execute(statement)
                connection.execute(f"pragma user_version = {version + 1}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # a full disk makes SQLite roll back by itself
            connection.execute("rollback")
        raise


_RESTORE = "restore it from a backup, or move it away (with its -wal and -shm) to begin anew"
_CURES = {
    sqlite3.SQLITE_BUSY: "another process holds it; wait for it to end, then try again",
    sqlite3.SQLITE_LOCKED: "another process holds it; wait for it to end, then try again",
    sqlite3.SQLITE_FULL: "free some space; nothing that was kept is lost",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable, or choose another with CLUSTERBOT_DATA_DIR",
    sqlite3.SQLITE_CANTOPEN: "check the permissions of its folder, or choose another with CLUSTERBOT_DATA_DIR",
    sqlite3.SQLITE_PERM: "check its permissions, or choose another with CLUSTERBOT_DATA_DIR",
    sqlite3.SQLITE_IOERR: "check the disk and its free space",
    sqlite3.SQLITE_CORRUPT: _RESTORE,
    sqlite3.SQLITE_NOTADB: _RESTORE,
}


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what the disk or SQLite refuses into a StorageError with its cure; what is our own mistake stays a bug."""
    try:
        yield
    except OSError as error:
        remedy = "check its permissions and the free space, or choose another folder with CLUSTERBOT_DATA_DIR"
        raise StorageError(f"{path} can't be used ({error.strerror or error}): {remedy}") from error
    except sqlite3.Error as error:
        cure = _CURES.get(getattr(error, "sqlite_errorcode", -1) & 0xFF)
        if "Could not decode to UTF-8" in str(error):  # which has no code, and quotes what a person wrote
            raise _illegible(path) from None
        if cure is None:
            raise
        raise StorageError(f"{path}: {error}: {cure}") from error


@contextmanager
def legible(path: Path) -> Iterator[None]:
    """Turn rows that hold what was never written there into a StorageError: SQLite checks its pages, not what stands in them."""
    try:
        yield
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise _illegible(path) from error


def _illegible(path: Path) -> StorageError:
    return StorageError(f"{path} is damaged (a row can't be read): {_RESTORE}")
