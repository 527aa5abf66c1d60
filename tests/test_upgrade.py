"""What an earlier clusterbot left on disk opens in this one, or is made anew after one clear sentence."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
import tarfile
from pathlib import Path

import pytest

from clusterbot.errors import StorageError
from clusterbot.index.snapshot import FORMAT
from clusterbot.store import Store
from clusterbot.store.database import MIGRATIONS
from commands import Cli, one_error_line

OLDER = sorted((Path(__file__).parent / "older").glob("*.tar.gz"))
ANNE = "184405311681986560"
NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


@pytest.fixture(params=OLDER, ids=lambda path: path.name.removesuffix(".tar.gz"))
def older(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Put an earlier data directory and index where the settings of `cli` point."""
    with tarfile.open(request.param) as archive:
        archive.extractall(tmp_path, filter="data")
    return tmp_path


def test_a_store_of_an_earlier_clusterbot_opens_with_all_it_held(older: Path) -> None:
    with Store(older / "data") as store:
        store.verify()
        assert [one.question for one in store.receipts()] == [f"Combien de membres en {year} ?" for year in (2019, 2020, 2021)]
        assert [one.reason for one in store.feedback()] == ["outdated"]
        conversation = store.conversation("123", NOON)
        assert conversation is not None and conversation.questions == ("Qui ?",)
        assert [one.fr for one in store.errata()] == ["Note."]
        assert [gap.receipt.outcome for gap in store.open_gaps()] == ["answered", "abstained"]
        assert {kind: len(rows) for kind, rows in store.export(ANNE).items()} == {
            **{"questions": 3, "feedback": 1, "conversations": 1, "watchers": 1, "errata": 0, "audit": 1}
        }
        assert store.evaluations("any") == []  # a table that came later
        assert store._connection.execute("pragma user_version").fetchone()[0] == len(MIGRATIONS)


def test_an_index_of_an_earlier_clusterbot_is_rebuilt_after_one_clear_sentence(older: Path, cli: Cli) -> None:
    old = (older / "index" / "CURRENT").read_text(encoding="utf-8").strip()
    one_error_line(
        cli("ask", "Combien d’emplois compte Aqua Nord ?"), "has format 1, this clusterbot reads", "clusterbot index build"
    )
    built = cli("index", "build", "--json")
    assert built.status == 0 and built.json["index"] != old
    assert "1 250 emplois" in cli("ask", "Combien d’emplois compte Aqua Nord ?").out


@pytest.mark.parametrize("number", [*range(1, FORMAT), FORMAT + 1])
def test_an_index_of_any_other_format_costs_one_clear_sentence_and_a_build(built: Cli, tmp_path: Path, number: int) -> None:
    version = (tmp_path / "index" / "CURRENT").read_text(encoding="utf-8").strip()
    manifest = tmp_path / "index" / version / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text(encoding="utf-8")) | {"format": number}), encoding="utf-8")
    told = f"{version} has format {number}, this clusterbot reads {FORMAT}; "
    one_error_line(built("ask", "Combien d’emplois compte Aqua Nord ?"), told, "clusterbot index build")
    again = built("index", "build", "--json")
    assert again.status == 0 and again.json["embedded"] == 0
    assert "1 250 emplois" in built("ask", "Combien d’emplois compte Aqua Nord ?").out


def test_receipts_of_an_earlier_index_are_shown_and_asked_of_the_new_one(older: Path, cli: Cli) -> None:
    cli("index", "build")
    shown = cli("receipt", "receipt02345", "--json")
    assert shown.status == 0
    assert shown.json["question"] == "Combien de membres en 2019 ?" and shown.json["rerun"] is None
    assert shown.json["rerun_live"]["index"] != "v1"


def test_nothing_of_an_earlier_store_is_lost_where_its_migration_cannot_be_written(older: Path) -> None:
    path = older / "data" / "clusterbot.sqlite3"
    before = path.read_bytes()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("begin immediate")
    with pytest.raises(StorageError, match="another process holds it"):
        Store(older / "data", busy_s=0.05)
    holder.execute("rollback")
    holder.close()
    assert path.read_bytes()[100:] == before[100:]
    with Store(older / "data") as store:
        assert len(store.receipts()) == 3
