"""What is forgotten: by time (`purge`), and by request (`erase`). Both work inside the caller's transaction.

Time is over for a row only once two sightings of the clock, a day apart, agree that it is. A clock that jumps ahead for less than
a day therefore deletes nothing early: when it comes back, sightings that lie in its future are known to be false and dropped. A row
goes between `retention` and a day (or the time for which the store was not used) after that.
"""

from __future__ import annotations

import sqlite3

from clusterbot.store.records import Purged

DAY_MS = 24 * 3600 * 1000
SIGHTING_MS = 3600 * 1000  # one an hour is enough


def see(connection: sqlite3.Connection, now_ms: int) -> int | None:
    """Note the time; return the latest instant that a sighting a day ago vouches for, None where there is none."""
    connection.execute("delete from sightings where seen_at > ?", (now_ms,))
    row = connection.execute("select max(seen_at) from sightings where seen_at <= ?", (now_ms - DAY_MS,)).fetchone()
    vouched: int | None = row[0]
    if vouched is not None:
        connection.execute("delete from sightings where seen_at < ?", (vouched,))
    latest = connection.execute("select max(seen_at) from sightings").fetchone()[0]
    if latest is None or now_ms - latest >= SIGHTING_MS:
        connection.execute("insert into sightings (seen_at) values (?)", (now_ms,))
    return vouched


_TIMES = (
    ("receipts", "asked_at"),
    ("feedback", "given_at"),
    ("conversations", "kept_at"),
    ("watchers", "asked_at"),
    ("audit", "done_at"),
    ("errata", "noted_at"),
)


def purge(connection: sqlite3.Connection, now_ms: int, retention_ms: int) -> Purged:
    """Take off what tells of a person from rows whose time is over; figures, which tell of nobody, stay."""
    vouched = see(connection, now_ms)
    if vouched is None:
        return Purged(0, 0, 0, 0, 0)
    for table, column in _TIMES:  # written while the clock was ahead: their time begins now, else they would stay too long
        connection.execute(f"update {table} set {column} = ? where {column} > ?", (now_ms, now_ms + DAY_MS))
    connection.execute(
        "update conversations set expires_at = ? where expires_at > ?", (now_ms + retention_ms, now_ms + retention_ms)
    )
    limit = (vouched - retention_ms,)

    def count(statement: str, values: tuple[int, ...] = limit) -> int:
        return connection.execute(statement, values).rowcount

    purged = Purged(
        questions=count(
            "update receipts set question = null, context = null, person = null"
            " where asked_at < ? and (question is not null or context is not null or person is not null)"
        ),
        feedback=count(
            "update feedback set person = null, reason = null where given_at < ? and (person is not null or reason is not null)"
        ),
        conversations=count("delete from conversations where expires_at < ?", (vouched,)),
        watchers=count("delete from watchers where asked_at < ?"),
        audit=count("update audit set person = null where done_at < ? and person is not null"),
    )
    connection.execute("update errata set person = null where noted_at < ? and person is not null", limit)
    return purged


def erase(connection: sqlite3.Connection, key: str) -> dict[str, int]:
    """Take a person out of every table; return how many rows of each were theirs.

    What staff did stays on record, without who did it: no row can be led back to the person afterwards.
    """
    statements = {
        "questions": "update receipts set question = null, context = null, person = null where person = ?",
        "feedback": "update feedback set person = null, reason = null where person = ?",
        "conversations": "delete from conversations where person = ?",
        "watchers": "delete from watchers where person = ?",
        "errata": "update errata set person = null where person = ?",
        "audit": "update audit set person = null where person = ?",
    }
    return {name: connection.execute(statement, (key,)).rowcount for name, statement in statements.items()}


def export(connection: sqlite3.Connection, key: str) -> dict[str, list[dict[str, object]]]:
    """Return every row that is a person's, by table, without the key."""
    columns = {
        "questions": "id, asked_at, channel, question, context, lang, outcome, confidence, index_version from receipts",
        "feedback": "receipt_id, given_at, is_helpful, reason from feedback",
        "conversations": "thread, kept_at, expires_at, state from conversations",
        "watchers": "receipt_id, asked_at, address from watchers",
        "errata": "id, noted_at, document_id, fr, en, source from errata",
        "audit": "done_at, action, detail from audit",
    }
    return {
        name: [dict(row) for row in connection.execute(f"select {selected} where person = ? order by 2", (key,))]
        for name, selected in columns.items()
    }
