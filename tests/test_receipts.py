"""Receipts, errata and privacy as a person meets them on the command line."""

from __future__ import annotations

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from clusterbot.store import Feedback, Store
from commands import Cli, one_error_line

QUESTION = "Combien de membres comptait Bois Boréal en 2020 ?"
ANNE = "184405311681986560"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def profile_file(corpus_dir: Path) -> Path:
    return corpus_dir / "clusters" / "bois_boreal.fr.md"


# --- receipts


def test_every_answer_leaves_a_receipt_that_is_reproduced(built: Cli, data_dir: Path) -> None:
    answer = built("ask", QUESTION, "--json").json
    found = built("receipt", answer["receipt"], "--json").json
    assert (found["question"], found["lang"], found["outcome"]) == (QUESTION, "fr", "answered")
    assert (found["index"], found["model"]) == (answer["index"], answer["model"])
    assert [one["passage_id"] for one in found["passages"]] == [one["passage_id"] for one in answer["passages"]]
    assert [(one["document_id"], one["start"], one["end"]) for one in found["quotes"]] == [
        (one["document_id"], one["start"], one["end"]) for one in answer["quotes"]
    ]
    assert found["reproduced"] is True
    assert found["rerun"]["differences"] == []
    assert found["rerun_live"] is None


def test_the_terminal_shows_the_receipt_and_what_came_of_asking_again(built: Cli) -> None:
    shown = built("ask", QUESTION).out.splitlines()[-1]
    assert shown.startswith("Reçu ")
    told = built("receipt", shown.split()[1])
    assert told.status == 0
    assert QUESTION in told.out
    assert "the same answer" in told.out


def test_each_line_of_a_batch_and_each_turn_of_a_chat_has_a_receipt_of_its_own(built: Cli, data_dir: Path) -> None:
    lines = b'{"id": 1, "question": "membres ?", "context": ["Bois Boreal"]}\n{"id": 2, "question": "emplois ?"}\n'
    ids = [one["receipt"] for one in built("ask", "--batch", "-", stdin=lines).lines]
    ids += [one["receipt"] for one in built("chat", "--json", stdin="Bois Boréal\nCombien de membres ?\n".encode()).lines]
    with Store(data_dir) as store:
        found = [store.receipt(one) for one in ids]
    assert [one.channel for one in found] == ["batch", "batch", "terminal", "terminal"]
    assert [one.context for one in found] == [("Bois Boreal",), (), (), ("Bois Boréal",)]


def test_after_a_change_of_the_corpus_the_receipt_says_what_differs(built: Cli, corpus_dir: Path) -> None:
    answer = built("ask", QUESTION, "--json").json
    file = profile_file(corpus_dir)
    file.write_text(file.read_text(encoding="utf-8").replace("comptait 120 membres", "comptait 121 membres"), encoding="utf-8")
    live = built("index", "build", "--json").json["index"]
    found = built("receipt", answer["receipt"], "--json").json
    assert found["reproduced"] is True, "its own version of the index is still kept"
    assert found["rerun_live"]["index"] == live
    assert "quotes" in [one["what"] for one in found["rerun_live"]["differences"]]


def test_a_receipt_whose_index_is_gone_is_asked_of_the_live_one(built: Cli, tmp_path: Path, corpus_dir: Path) -> None:
    answer = built("ask", QUESTION, "--json").json
    file = profile_file(corpus_dir)
    file.write_text(file.read_text(encoding="utf-8") + "\nEn 2024, Bois Boréal a fêté ses douze ans.\n", encoding="utf-8")
    built("index", "build")
    (tmp_path / "index" / answer["index"] / "manifest.json").unlink()
    found = built("receipt", answer["receipt"], "--json").json
    assert (found["reproduced"], found["rerun"]) == (None, None)
    assert found["rerun_live"] is not None


def test_an_answer_that_is_not_reproduced_is_told(built: Cli, data_dir: Path) -> None:
    answer = built("ask", QUESTION, "--json").json
    with sqlite3.connect(data_dir / "clusterbot.sqlite3") as connection:
        connection.execute("update receipts set confidence = 0.1, outcome = 'abstained', passages = '[[\"x:0-1\", 1.0]]'")
    connection.close()
    found = built("receipt", answer["receipt"], "--json").json
    assert found["reproduced"] is False
    assert {one["what"] for one in found["rerun"]["differences"]} == {"outcome", "confidence", "passages"}
    assert "another answer" in built("receipt", answer["receipt"]).out


def test_a_receipt_whose_question_is_no_longer_kept_shows_the_rest(built: Cli, data_dir: Path) -> None:
    answer = built("ask", QUESTION, "--json").json
    with sqlite3.connect(data_dir / "clusterbot.sqlite3") as connection:
        connection.execute("update receipts set question = null, context = null")
    connection.close()
    told = built("receipt", answer["receipt"])
    assert "no longer kept" in told.out
    assert answer["index"] in told.out


def test_an_unknown_receipt_is_one_line(built: Cli) -> None:
    one_error_line(built("receipt", "nope"), "no receipt 'nope'")


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
def test_a_store_that_fails_costs_a_warning_and_never_the_answer(built: Cli, data_dir: Path, json_flag: tuple[str, ...]) -> None:
    data_dir.mkdir(exist_ok=True)
    (data_dir / "clusterbot.sqlite3").write_bytes(b"no database" * 1000)
    ended = built("ask", QUESTION, *json_flag)
    assert ended.status == 0
    assert "120 membres" in ended.out
    assert ended.err.startswith("warning: no receipt")
    assert ended.err.count("\n") == 1
    if json_flag:
        assert ended.json["receipt"] is None


# --- errata


def pin(call: Cli, place: str, **values: str) -> object:
    given = {"fr": "142 membres depuis 2024.", "en": "142 members since 2024.", "source": "https://example.org/avis", **values}
    return call("errata", "add", place, *(part for key, value in given.items() for part in (f"--{key}", value)), "--json")


def test_a_note_is_shown_with_its_sentence_in_the_readers_language_until_the_source_changes(built: Cli, corpus_dir: Path) -> None:
    quote = built("ask", QUESTION, "--json").json["quotes"][0]
    noted = pin(built, f"{quote['document_id']}:{quote['start'] + 3}-{quote['end'] - 3}").json
    assert noted["sentence"] == quote["text"]
    assert built("ask", QUESTION, "--json").json["quotes"][0]["errata"] == [noted]
    assert "142 membres depuis 2024." in built("ask", QUESTION).out
    assert "142 members since 2024." in built("ask", QUESTION, "--lang", "en").out
    file = profile_file(corpus_dir)
    file.write_text(file.read_text(encoding="utf-8").replace(quote["text"], quote["text"].replace("comptait", "avait")), "utf-8")
    built("index", "build")
    assert "142" not in built("ask", QUESTION).out
    assert "no longer shown" in built("errata", "list").out
    assert built("errata", "remove", str(noted["id"]), "--json").json == {"removed": noted["id"]}
    assert built("errata", "list", "--json").json == []
    assert "clusterbot errata add" in built("errata", "list").err


@pytest.mark.parametrize(
    ("place", "values", "cure"),
    [
        ("bois_boreal.fr", {}, "DOCUMENT_ID:START-END"),
        ("nothing:0-5", {}, "clusterbot corpus list"),
        ("bois_boreal.fr:90000-90010", {}, "no sentence"),
        ("bois_boreal.fr:0-900000", {}, "no sentence"),
        ("bois_boreal.fr:0-20", {"source": "javascript:alert(1)"}, "no web address"),
        ("bois_boreal.fr:0-20", {"fr": " "}, "the French note"),
        ("bois_boreal.fr:0-20", {"en": "x" * 501}, "the English note"),
    ],
)
def test_a_note_that_cannot_be_pinned_is_one_line(built: Cli, place: str, values: dict[str, str], cure: str) -> None:
    one_error_line(pin(built, place, **values), cure)  # type: ignore[arg-type]


# --- privacy


def test_export_and_erase_by_discord_id(built: Cli, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    receipt = built("ask", QUESTION, "--json").json["receipt"]
    with Store(data_dir) as store:
        store.give_feedback(receipt, False, ANNE, "périmé", dt.datetime(2026, 11, 24, tzinfo=dt.UTC))
    assert built("privacy", "export", ANNE).json["feedback"][0]["reason"] == "périmé"
    one_error_line(built("privacy", "erase", ANNE), "--yes")
    assert built("privacy", "erase", ANNE, "--yes", "--json").json["feedback"] == 1
    assert not any(built("privacy", "export", ANNE).json.values())
    with Store(data_dir) as store:
        assert [type(one) for one in store.feedback()] == [Feedback]
    one_error_line(built("privacy", "export", "anne"), "no Discord id")


def test_purge_tells_what_was_forgotten(built: Cli, data_dir: Path) -> None:
    old = dt.datetime.now(dt.UTC) - dt.timedelta(days=200)
    built("ask", QUESTION)
    with sqlite3.connect(data_dir / "clusterbot.sqlite3") as connection:
        connection.execute("update receipts set asked_at = ?", (round(old.timestamp() * 1000),))
        connection.execute("update sightings set seen_at = seen_at - 90000000")
    connection.close()
    assert built("privacy", "purge", "--json").json == {"questions": 1} | dict.fromkeys(
        ("feedback", "conversations", "watchers", "audit"), 0
    )
    assert "questions 0" in built("privacy", "purge").out


# --- doctor


def test_the_doctor_finds_a_damaged_store_and_an_open_folder(built: Cli, data_dir: Path) -> None:
    def found() -> dict[str, str]:
        return {one["name"]: one["severity"] for one in built("doctor", "--json").json["checks"]}

    assert found()["store"] == "info"
    built("ask", QUESTION)
    assert found()["store"] == "ok"
    data_dir.chmod(0o755)
    assert found()["store"] == "warn"
    (data_dir / "clusterbot.salt").unlink()
    assert found()["store"] == "fail"
