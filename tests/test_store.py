"""The store: what is kept comes back, what must go goes, and a failing disk or file is told with its cure."""

from __future__ import annotations

import datetime as dt
import sqlite3
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusterbot.errors import StorageError, UsageError
from clusterbot.models import Citation, Filters
from clusterbot.store import (
    Conversation,
    Erratum,
    Feedback,
    PassageScore,
    Purged,
    QuoteSpan,
    Receipt,
    Store,
    Watcher,
    errata_of,
    new_receipt_id,
)
from clusterbot.store.database import MIGRATIONS, connect
from clusterbot.store.store import FILE, SALT
from fakes import document

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
ANNE, BEN = "184405311681986560", "80351110224678912"
NOTHING = Purged(0, 0, 0, 0, 0)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def store(data_dir: Path) -> Iterator[Store]:
    with Store(data_dir) as opened:
        yield opened


def receipt(asked_at: dt.datetime = NOON, **values: Any) -> Receipt:
    """Make a receipt; `values` override its fields."""
    given: dict[str, Any] = {
        "id": new_receipt_id(),
        "asked_at": asked_at,
        "channel": "server",
        "question": "Combien de membres ?",
        "context": ("Qu’est-ce que la GBN ?",),
        "wanted_lang": None,
        "lang": "fr",
        "outcome": "answered",
        "reason": None,
        "confidence": 0.75,
        "index": "v1",
        "model": "keywords@1",
        "elapsed_ms": 12.5,
        "quotes": (QuoteSpan("bois.fr", 3, 9, "0123456789abcdef"),),
        "passages": (PassageScore("bois.fr:0-20", 1.25),),
        "filters": Filters(),
    }
    return Receipt(**{**given, **values})


def kept(store: Store, *, person: str | None = ANNE, **values: Any) -> str:
    """Record a receipt; return its id."""
    one = receipt(**values)
    store.record(one, person)
    return one.id


def everything(data_dir: Path) -> bytes:
    """Return all bytes that the store has on disk."""
    return b"".join(path.read_bytes() for path in data_dir.iterdir())


# --- rows come back


def test_a_receipt_comes_back_as_it_was_also_after_reopening(store: Store, data_dir: Path) -> None:
    one = receipt()
    store.record(one, ANNE)
    assert store.receipt(one.id) == one
    with Store(data_dir) as again:
        assert again.receipts() == [one]


def test_what_a_question_was_narrowed_to_is_kept(store: Store) -> None:
    narrowed = Filters("bois_boreal", "2020")
    assert store.receipt(kept(store, filters=narrowed)).filters == narrowed


def test_an_unknown_receipt_is_a_usage_error(store: Store) -> None:
    with pytest.raises(UsageError, match="no receipt 'nope'"):
        store.receipt("nope")


def test_receipts_are_returned_since_an_instant_oldest_first(store: Store) -> None:
    ids = [kept(store, asked_at=NOON - days * DAY) for days in (0, 2, 1)]
    assert [one.id for one in store.receipts(NOON - 1.5 * DAY)] == [ids[2], ids[0]]


def test_a_second_opinion_of_the_same_person_replaces_the_first(store: Store) -> None:
    one = kept(store)
    store.give_feedback(one, True, ANNE, None, NOON)
    store.give_feedback(one, False, ANNE, "outdated", NOON + HOUR)
    store.give_feedback(one, True, BEN, None, NOON + 2 * HOUR)
    assert store.feedback() == [Feedback(one, NOON + HOUR, False, "outdated"), Feedback(one, NOON + 2 * HOUR, True, None)]


def test_feedback_needs_a_receipt_and_a_reason_of_bounded_length(store: Store) -> None:
    with pytest.raises(UsageError, match="no receipt"):
        store.give_feedback("unknown", True, ANNE, None, NOON)
    with pytest.raises(UsageError, match="write 0 to 500"):
        store.give_feedback(kept(store), False, ANNE, "x" * 501, NOON)


def test_a_conversation_ends_when_it_expires(store: Store) -> None:
    state = Conversation(("Et en 2020 ?",), "fr", Filters("bois_boreal", "2020"))
    store.keep_conversation("99", state, ANNE, NOON, NOON + HOUR)
    assert store.conversation("99", NOON) == state
    assert store.conversation("99", NOON + HOUR) is None
    assert store.conversation("98", NOON) is None


def test_open_gaps_are_abstentions_and_thumbs_down_but_not_questions_of_files(store: Store) -> None:
    abstained = kept(store, outcome="abstained")
    kept(store, asked_at=NOON + HOUR)
    kept(store, outcome="abstained", channel="batch")
    disliked = kept(store, asked_at=NOON + 2 * HOUR)
    store.give_feedback(disliked, False, BEN, None, NOON)
    assert [(one.receipt.id, one.is_unhelpful) for one in store.open_gaps()] == [(abstained, False), (disliked, True)]
    store.close_gaps([abstained], "v2", NOON)
    assert [one.receipt.id for one in store.open_gaps()] == [disliked]
    assert store.closed_gaps() == 1


def test_who_asked_is_told_once_when_the_gap_is_closed(store: Store) -> None:
    one = kept(store, outcome="abstained")
    store.watch(one, ANNE, NOON)
    assert store.watchers_to_tell() == []
    store.close_gaps([one], "v2", NOON)
    assert store.watchers_to_tell() == [Watcher(one, ANNE, "Combien de membres ?", "fr", "v2")]
    store.forget_watcher(one, ANNE)
    assert store.watchers_to_tell() == []


# --- errata


def erratum(sentence: str, document_id: str = "note") -> Erratum:
    return Erratum(1, document_id, sentence, "fr", "en", "https://example.org", NOON)


@pytest.mark.parametrize(
    ("text", "start", "end", "is_shown"),
    [
        ("Un. Deux membres. Trois.", 4, 17, True),
        ("Un. Deux membres. Trois.", 0, 24, True),
        ("Un. Deux membres. Trois.", 18, 24, False),
        ("Un ajout ailleurs. Un. Deux membres.", 23, 36, True),
        ("Un. Trois membres. Trois.", 4, 18, False),
        ("Deux membres. Un. Deux membres.", 18, 31, True),
    ],
)
def test_a_note_stays_with_its_sentence_until_that_changes(text: str, start: int, end: int, is_shown: bool) -> None:
    quote = Citation(document("note", text), start, end)
    assert bool(errata_of(quote, [erratum("Deux membres."), erratum("Deux membres.", "other")])) is is_shown


def test_errata_are_added_listed_and_removed(store: Store) -> None:
    noted = store.add_erratum("note", "Deux membres.", "142 membres", "142 members", "https://example.org", NOON, BEN)
    assert store.errata() == [noted]
    store.remove_erratum(noted.id)
    assert store.errata() == []
    with pytest.raises(UsageError, match="no erratum"):
        store.remove_erratum(noted.id)
    with pytest.raises(UsageError, match="the French note has 1 characters"):
        store.add_erratum("note", "Deux membres.", " ", "142 members", "https://example.org", NOON)


# --- people


def fill(store: Store, person: str) -> None:
    """Leave a trace of a person in every table."""
    one = kept(store, person=person, question=f"question de {person}x")
    store.give_feedback(one, False, person, f"raison de {person}x", NOON)
    store.keep_conversation(f"thread{person}", Conversation((f"suite de {person}x",)), person, NOON, NOON + HOUR)
    store.watch(one, person, NOON)
    store.add_erratum("note", "Deux.", "Trois.", "Three.", "https://example.org", NOON, person)
    store.audit("corpus add", "2020-note", NOON, person)


def test_export_holds_every_row_of_the_person_and_of_nobody_else(store: Store) -> None:
    for person in (ANNE, BEN):
        fill(store, person)
    found = store.export(ANNE)
    assert {kind: len(rows) for kind, rows in found.items()} == dict.fromkeys(
        ("questions", "feedback", "conversations", "watchers", "errata", "audit"), 1
    )
    assert found["questions"][0]["question"] == f"question de {ANNE}x"
    assert found["questions"][0]["asked_at"] == "2026-11-24T12:00:00+00:00"
    assert found["conversations"][0]["state"]["questions"] == [f"suite de {ANNE}x"]
    assert BEN not in str(found)


def test_nothing_of_the_person_is_left_on_disk_after_erase_and_the_others_rows_are(store: Store, data_dir: Path) -> None:
    for person in (ANNE, BEN):
        fill(store, person)
    assert ANNE.encode() in everything(data_dir)
    assert set(store.erase(ANNE, NOON).values()) == {1}
    assert {kind: rows for kind, rows in store.export(ANNE).items() if rows} == {}
    assert ANNE.encode() not in everything(data_dir)
    assert all(store.export(BEN).values())
    assert f"question de {BEN}x" in [one.question for one in store.receipts()]
    assert [one.confidence for one in store.receipts()] == [0.75, 0.75], "figures stay"


def test_a_person_is_no_id_but_a_key_that_differs_by_store(store: Store, data_dir: Path, tmp_path: Path) -> None:
    kept(store)
    store.give_feedback(kept(store), True, ANNE, None, NOON)
    assert ANNE.encode() not in everything(data_dir)
    with Store(tmp_path / "other") as other:
        kept(other)
        keys = [
            sqlite3.connect(folder / FILE).execute("select person from receipts").fetchone()[0]
            for folder in (data_dir, tmp_path / "other")
        ]
    assert keys[0] != keys[1]


@pytest.mark.parametrize("person", ["", "anne", "12 34", "1" * 21, "１２３"])
def test_what_is_no_discord_id_is_refused(store: Store, person: str) -> None:
    with pytest.raises(UsageError, match="no Discord id"):
        store.erase(person, NOON)


@pytest.mark.parametrize("change", ["removed", "cut", "another"])
def test_a_store_without_its_salt_is_refused_rather_than_given_a_new_one(store: Store, data_dir: Path, change: str) -> None:
    salt = data_dir / SALT
    match change:
        case "removed":
            salt.unlink()
        case "cut":
            salt.write_bytes(salt.read_bytes()[:-1])
        case "another":
            salt.write_bytes(bytes(32))
    with pytest.raises(StorageError, match="same backup"):
        Store(data_dir)


# --- retention


def run_days(store: Store, first: dt.datetime, days: int) -> None:
    """Purge once a day, as a running bot does."""
    for day in range(days + 1):
        store.purge(first + day * DAY, 90)


def questions(store: Store) -> list[str | None]:
    return [one.question for one in store.receipts()]


def test_words_and_people_are_forgotten_after_the_retention_and_figures_stay(store: Store) -> None:
    fill(store, ANNE)
    run_days(store, NOON, 90)
    assert len(store.export(ANNE)["questions"]) == 1
    run_days(store, NOON + 91 * DAY, 1)
    assert {kind: rows for kind, rows in store.export(ANNE).items() if rows} == {}
    (left,) = store.receipts()
    assert (left.question, left.context, left.confidence) == (None, None, 0.75)
    assert [(one.is_helpful, one.reason) for one in store.feedback()] == [(False, None)]


def test_a_clock_that_jumps_ahead_for_less_than_a_day_forgets_nothing(store: Store) -> None:
    kept(store)
    run_days(store, NOON, 3)
    now = NOON + 3 * DAY
    for hours in range(23):
        assert store.purge(now + 4000 * DAY + hours * HOUR, 90) == NOTHING
    assert store.purge(now + DAY, 90) == NOTHING
    assert questions(store) == ["Combien de membres ?"]
    assert store.purge(now + 4000 * DAY + 10 * HOUR, 90) == NOTHING, "a second jump isn't vouched for by the first"
    run_days(store, now + DAY, 90)
    assert questions(store) == [None], "and the true time still counts"


def test_a_clock_that_falls_back_forgets_nothing_and_delays_by_a_day(store: Store) -> None:
    kept(store)
    run_days(store, NOON, 89)
    assert store.purge(dt.datetime(1970, 1, 2, tzinfo=dt.UTC), 90) == NOTHING
    run_days(store, NOON + 91 * DAY, 1)
    assert questions(store) == [None]


def test_what_was_written_while_the_clock_was_ahead_is_kept_no_longer_than_the_rest(store: Store) -> None:
    kept(store, asked_at=NOON + 4000 * DAY)
    run_days(store, NOON, 93)
    assert questions(store) == [None]


def test_a_store_that_was_left_alone_for_long_forgets_a_day_after_it_is_used_again(store: Store) -> None:
    kept(store)
    store.purge(NOON, 90)
    assert store.purge(NOON + 300 * DAY, 90) == NOTHING
    assert store.purge(NOON + 301 * DAY, 90).questions == 1


# --- a failing disk, file or neighbour


def test_file_and_folder_are_closed_to_others(store: Store, data_dir: Path) -> None:
    kept(store)
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in data_dir.iterdir()} == {0o600}


def test_a_locked_file_is_told_and_the_store_goes_on_afterwards(store: Store, data_dir: Path) -> None:
    with Store(data_dir, busy_s=0.05) as waiting:
        other = sqlite3.connect(data_dir / FILE, isolation_level=None)
        other.execute("begin immediate")
        with pytest.raises(StorageError, match="another process holds it"):
            kept(waiting)
        other.execute("rollback")
        other.close()
        kept(waiting)
        assert len(waiting.receipts()) == 1


def test_a_full_disk_is_told_and_loses_nothing_that_was_kept(store: Store, data_dir: Path) -> None:
    one = kept(store)
    pages = store._connection.execute("pragma page_count").fetchone()[0]
    store._connection.execute(f"pragma max_page_count = {pages}")
    with pytest.raises(StorageError, match="free some space"):
        kept(store, question="x" * 100_000)
    with Store(data_dir) as again:
        assert [left.id for left in again.receipts()] == [one]


def test_a_read_only_file_is_told(store: Store) -> None:
    store._connection.execute("pragma query_only = 1")
    with pytest.raises(StorageError, match="writable"):
        kept(store)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="CLUSTERBOT_DATA_DIR"):
        Store(tmp_path / "file" / "data")


def test_a_file_that_is_no_database_is_told(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / FILE).write_bytes(b"not a database at all, but long enough to look at" * 100)
    with pytest.raises(StorageError, match="restore it from a backup"):
        Store(data_dir)


def test_a_damaged_page_is_told_at_the_next_opening(data_dir: Path) -> None:
    with Store(data_dir) as store:
        for _ in range(50):
            kept(store, question="y" * 500)
    file = data_dir / FILE
    raw = bytearray(file.read_bytes())
    raw[-8 * 4096 : -4 * 4096] = b"\xff" * (4 * 4096)
    file.write_bytes(raw)
    with pytest.raises(StorageError, match="backup"):
        Store(data_dir)


def test_what_a_killed_process_had_not_committed_is_gone_and_the_rest_is_whole(
    store: Store, data_dir: Path, tmp_path: Path
) -> None:
    one = kept(store)
    store._connection.execute("begin immediate")
    store._connection.execute("update receipts set question = 'half'")
    copied = tmp_path / "after the kill"
    copied.mkdir()
    for path in data_dir.iterdir():
        (copied / path.name).write_bytes(path.read_bytes())
    store._connection.execute("rollback")
    with Store(copied) as left:
        left.verify()
        assert left.receipt(one).question == "Combien de membres ?"


def test_many_threads_share_a_store(store: Store) -> None:
    def work() -> None:
        for _ in range(20):
            store.give_feedback(kept(store), True, ANNE, None, NOON)

    threads = [threading.Thread(target=work) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(store.receipts()), len(store.feedback())) == (100, 100)


# --- the schema


def test_an_older_file_is_brought_up_to_date_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    old = (("create table notes (text text) strict",),)
    connection = connect(path, 1, old)
    connection.execute("insert into notes values ('kept')")
    connection.close()
    newer = (*old, ("alter table notes add column lang text", "update notes set lang = 'fr'"))
    connection = connect(path, 1, newer)
    assert [tuple(row) for row in connection.execute("select * from notes")] == [("kept", "fr")]
    assert connection.execute("pragma user_version").fetchone()[0] == 2
    connection.close()


def test_a_migration_that_fails_leaves_the_older_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    old = (("create table notes (text text) strict",),)
    connect(path, 1, old).close()
    with pytest.raises(sqlite3.OperationalError):
        connect(path, 1, (*old, ("alter table notes add column lang text", "no sql")))
    connection = connect(path, 1, old)
    assert [row["name"] for row in connection.execute("pragma table_info(notes)")] == ["text"]
    connection.close()


def test_a_file_of_a_newer_clusterbot_is_refused(store: Store, data_dir: Path) -> None:
    store._connection.execute(f"pragma user_version = {len(MIGRATIONS) + 1}")
    with pytest.raises(StorageError, match="update clusterbot"):
        Store(data_dir)


def test_a_store_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "clusterbot.sqlite3"
    connection = connect(path, 1.0, MIGRATIONS[:2])
    connection.execute(
        "insert into receipts"
        " (id, asked_at, channel, lang, outcome, confidence, index_version, model, elapsed_ms, quotes, passages)"
        " values ('abc', 0, 'terminal', 'fr', 'answered', 0.5, 'v1', 'm', 1.0, '[]', '[]')"
    )
    connection.close()
    with Store(tmp_path) as store:
        assert store.receipt("abc").filters == Filters()
