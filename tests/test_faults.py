"""What goes wrong on a machine, made to happen: each fault has a defined outcome, and nothing that was acknowledged is lost.

docs/reliability.md lists them. Faults that one part meets alone are tested with that part.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import read_corpus
from clusterbot.errors import ClusterbotError, IndexCorrupt, StorageError
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.settings import PREFIX
from clusterbot.store import Store
from clusterbot.store.store import FILE
from fakes import KeywordEmbedder, flat_ranking, write_corpus
from test_store import receipt

ROOT = Path(__file__).parent.parent
QUESTION = "Combien d’emplois compte Aqua Nord ?"
NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)


def has_namespaces() -> bool:
    """Say whether this account may make a file system of its own to fill up."""
    made = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True)
    return made.returncode == 0


own_disk = pytest.mark.skipif(shutil.which("unshare") is None or not has_namespaces(), reason="no file system can be made here")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a corpus and an index."""
    build_index(read_corpus(write_corpus(tmp_path / "corpus")), tmp_path / "index", KeywordEmbedder(), recipe(flat_ranking()))
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    folders = {name: str(folder / name.lower()) for name in ("CORPUS", "INDEX", "DATA", "CACHE")}
    given = {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"]}
    return given | {f"{PREFIX}{name}_DIR": path for name, path in folders.items()}


def command(folder: Path, *arguments: str, disk: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own; `disk` is what is mounted first, in a namespace that ends with the process."""
    run = [sys.executable, str(ROOT / "tests" / "command.py"), *arguments]
    if disk:
        run = ["unshare", "-rm", "sh", "-c", f'{disk} && exec "$@"', "sh", *run]
    ended = subprocess.run(run, capture_output=True, text=True, env=environment(folder), cwd=folder, timeout=120)
    assert "Traceback" not in ended.stdout + ended.stderr, ended.stderr
    return ended


# --- disks


@own_disk
def test_a_full_disk_of_the_data_costs_the_receipt_and_not_the_answer(folder: Path) -> None:
    (folder / "data").mkdir()
    ended = command(folder, "ask", "--json", QUESTION, disk=f"mount -t tmpfs -o size=8k tmpfs {folder}/data")
    reply = json.loads(ended.stdout)
    assert ended.returncode == 0 and reply["status"] == "answered" and reply["receipt"] is None
    assert "free" in ended.stderr and ended.stderr.count("\n") <= 3


@own_disk
def test_a_full_disk_of_the_index_fails_the_build_in_one_line_and_leaves_the_live_version(folder: Path) -> None:
    live = snapshot.current_version(folder / "index")
    (folder / "corpus" / "articles" / "2020-11-05-gazette-wood.md").unlink()
    size = sum(4 * -(-path.stat().st_size // 4096) for path in (folder / "index").rglob("*") if path.is_file()) + 40
    fill = f"mount -t tmpfs -o size={size}k tmpfs /mnt && cp -r {folder}/index/. /mnt && mount --bind /mnt {folder}/index"
    ended = command(folder, "index", "build", disk=fill)
    assert ended.returncode == 1 and "free some space" in ended.stderr and ended.stderr.count("error: ") == 1
    assert snapshot.load(folder / "index").manifest.version == live


@own_disk
def test_a_read_only_disk_costs_the_receipt_and_not_the_answer(folder: Path) -> None:
    read_only = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
    ended = command(folder, "ask", "--json", QUESTION, disk=read_only)
    reply = json.loads(ended.stdout)
    assert ended.returncode == 0 and reply["status"] == "answered" and reply["receipt"] is None
    assert "Read-only file system" in ended.stderr
    ended = command(folder, "index", "build", disk=read_only)
    assert ended.returncode == 1 and "the live index is untouched" in ended.stderr


# --- clocks


@pytest.mark.parametrize("jump", [dt.timedelta(days=-400), dt.timedelta(days=400)], ids=["back", "ahead"])
def test_a_clock_that_jumps_between_builds_leaves_the_latest_build_live_and_kept(folder: Path, jump: dt.timedelta) -> None:
    index_dir, corpus = folder / "index", folder / "corpus"
    for number in range(5):
        path = corpus / "articles" / "2020-11-05-gazette-wood.md"
        path.write_text(path.read_text(encoding="utf-8") + f"\nIn 20{number + 10}, it grew.\n", encoding="utf-8")
        at = NOW + (jump if number % 2 else dt.timedelta(0)) + dt.timedelta(minutes=number)
        made = build_index(read_corpus(corpus), index_dir, KeywordEmbedder(), recipe(flat_ranking()), now=lambda at=at: at)
        assert snapshot.current_version(index_dir) == made.version
        assert snapshot.load(index_dir).manifest.version == made.version
    assert len(snapshot.versions(index_dir)) == snapshot.KEPT_VERSIONS


def test_a_clock_that_jumps_leaves_every_receipt_where_it_can_be_found(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        ids = []
        for days in (0, 4000, -4000, 1):
            one = receipt(NOW + dt.timedelta(days=days))
            store.record(one)
            store.purge(NOW + dt.timedelta(days=days), 90)
            ids.append(one.id)
        assert {store.receipt(one).question for one in ids} == {"Combien de membres ?"}


# --- killed


WRITER = """
import sys
from pathlib import Path
from clusterbot.store import Store
from test_store import receipt
with Store(Path(sys.argv[1])) as store:
    while True:
        one = receipt()
        store.record(one, "184405311681986560")
        print(one.id, flush=True)
"""


def test_a_process_killed_at_random_loses_no_receipt_that_was_acknowledged(tmp_path: Path) -> None:
    chance, acknowledged = random.Random(7), []
    paths = os.pathsep.join((str(ROOT / "src"), str(ROOT / "tests")))
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "data")], stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": paths}
        )
        assert writer.stdout is not None
        acknowledged.append(writer.stdout.readline().strip())
        time.sleep(chance.uniform(0, 0.2))
        writer.send_signal(signal.SIGKILL)
        acknowledged += writer.stdout.read().split()
        writer.wait()
        writer.stdout.close()
    with Store(tmp_path / "data") as store:
        store.verify()
        kept = {one.id for one in store.receipts()}
    assert len(acknowledged) > 20
    assert [one for one in acknowledged if one not in kept] == []


def test_an_answer_goes_on_while_the_index_is_built_and_the_builder_killed(folder: Path) -> None:
    assistant = Assistant(folder / "index", KeywordEmbedder(), flat_ranking())
    before = assistant.ask(QUESTION)
    path = folder / "corpus" / "clusters" / "aqua_nord.fr.md"
    path.write_text(path.read_text(encoding="utf-8").replace("1 250", "1 300"), encoding="utf-8")
    builder = subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "command.py"), "index", "build"],
        **{"env": environment(folder), "cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL},
    )
    while builder.poll() is None and not list((folder / "index").glob(".building-*")):
        assert assistant.ask(QUESTION).index == before.index
    builder.kill()
    builder.wait()
    with contextlib.suppress(ClusterbotError):
        assistant.reload()
    assert isinstance(assistant.ask(QUESTION).result, Answer)
    assert command(folder, "index", "build").returncode == 0
    assert assistant.reload() or assistant.ask(QUESTION).index != before.index


# --- damage


def harms(content: bytes, chance: random.Random) -> bytes:
    """Damage a file as disks and hands do: a flipped bit, a hole, a lost end, another's bytes."""
    kind, at = chance.randrange(5), chance.randrange(max(1, len(content)))
    if kind == 0 and content:
        return content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :]
    if kind == 1:
        return content[:at] + bytes(min(4096, len(content) - at)) + content[at + 4096 :]
    if kind == 2:
        return content[:at]
    if kind == 3:
        return content[:at] + chance.randbytes(64) + content[at + 64 :]
    return b""


def test_an_index_damaged_anywhere_is_refused_with_its_cure_and_the_old_version_goes_on_answering(folder: Path) -> None:
    index_dir, chance = folder / "index", random.Random(3)
    assistant = Assistant(index_dir, KeywordEmbedder(), flat_ranking())
    before = assistant.ask(QUESTION)
    (folder / "corpus" / "articles" / "2020-11-05-gazette-wood.md").unlink()
    build_index(read_corpus(folder / "corpus"), index_dir, KeywordEmbedder(), recipe(flat_ranking()))
    files = sorted(path for path in (index_dir / snapshot.current_version(index_dir)).rglob("*") if path.is_file())
    refused = 0
    for _ in range(150):
        path = chance.choice(files)
        content = path.read_bytes()
        damaged = harms(content, chance)
        path.write_bytes(damaged)
        if damaged != content:
            with pytest.raises(ClusterbotError, match="clusterbot index build"):
                assistant.reload()
            refused += 1
        path.write_bytes(content)
        assert assistant.ask(QUESTION).index == before.index
    assert refused > 100
    assert assistant.reload()


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    """Return a store with rows of every kind, closed."""
    with Store(tmp_path / "data") as store:
        for number in range(40):
            one = receipt(NOW + dt.timedelta(minutes=number), question=f"Question {number} " + "é" * 200)
            store.record(one, "184405311681986560")
            store.give_feedback(one.id, number % 2 == 0, "184405311681986560", "outdated", NOW)
            store.audit("test", str(number), NOW)
    return tmp_path / "data"


def use_everything(data_dir: Path) -> int:
    """Open a store and do with it what the bot, `gaps`, `report`, `receipt` and `privacy` do; return how many receipts it has."""
    with Store(data_dir, busy_s=0.1) as store:
        found = store.receipts()
        store.feedback(), store.open_gaps(), store.errata(), store.evaluations("x"), store.watchers_to_tell()
        store.export("184405311681986560")
        store.record(receipt(NOW), "184405311681986560")
        store.purge(NOW + dt.timedelta(days=200), 90)
        return len(found)


def test_a_store_damaged_anywhere_is_used_or_refused_with_its_cure_and_never_crashes(filled: Path, tmp_path: Path) -> None:
    chance, refused = random.Random(5), 0
    content = (filled / FILE).read_bytes()
    assert use_everything(Path(shutil.copytree(filled, tmp_path / "whole"))) == 40
    for number in range(150):
        damaged = Path(shutil.copytree(filled, tmp_path / f"damaged-{number}"))
        (damaged / FILE).write_bytes(harms(content, chance))
        try:
            use_everything(damaged)
        except StorageError as error:
            assert any(cure in str(error) for cure in ("backup", "newer clusterbot", "salt")), error
            refused += 1
        shutil.rmtree(damaged)
    assert refused > 50


def test_a_damaged_store_costs_the_receipt_and_not_the_answer(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / FILE).write_bytes(b"SQLite format 3\0" + bytes(5000))
    ended = command(folder, "ask", "--json", QUESTION)
    assert ended.returncode == 0 and json.loads(ended.stdout)["status"] == "answered"
    assert "restore it from a backup" in ended.stderr


def test_a_locked_store_costs_the_receipt_and_not_the_answer(folder: Path) -> None:
    with Store(folder / "data"):
        pass
    holder = sqlite3.connect(folder / "data" / FILE, isolation_level=None)
    holder.execute("begin immediate")
    started = time.monotonic()
    ended = command(folder, "ask", "--json", QUESTION)
    holder.close()
    assert ended.returncode == 0 and json.loads(ended.stdout)["status"] == "answered"
    assert "another process holds it" in ended.stderr
    assert time.monotonic() - started < 30


# --- several at once


def test_two_builds_at_once_one_is_refused_in_one_line_and_the_index_is_whole(folder: Path) -> None:
    with snapshot.writing(folder / "index"):
        ended = command(folder, "index", "build")
    assert ended.returncode == 1 and "another process is building" in ended.stderr
    assert command(folder, "index", "verify").returncode == 0


def test_many_processes_share_a_store_and_lose_nothing(folder: Path) -> None:
    run = [sys.executable, str(ROOT / "tests" / "command.py"), "ask", "--json", QUESTION]
    given = {"env": environment(folder), "cwd": folder, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    asking = [subprocess.Popen(run, **given) for _ in range(4)]  # type: ignore[call-overload]
    replies = [json.loads(process.communicate(timeout=120)[0]) for process in asking]
    with Store(folder / "data") as store:
        assert {one.id for one in store.receipts()} == {reply["receipt"] for reply in replies}
        store.verify()


# --- memory


@pytest.fixture
def starved() -> Iterator[Callable[[], None]]:
    """Return what a child calls before it runs: it gets too little memory for what it is to do."""
    import resource

    yield lambda: resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000))


def test_a_corpus_file_too_large_is_refused_before_it_is_read(folder: Path, starved: Callable[[], None]) -> None:
    huge = folder / "corpus" / "articles" / "2020-huge.md"
    with huge.open("wb") as file:
        file.truncate(3_000_000_000)
    run = [sys.executable, str(ROOT / "tests" / "command.py"), "corpus", "lint"]
    ended = subprocess.run(run, capture_output=True, text=True, env=environment(folder), cwd=folder, preexec_fn=starved)
    huge.unlink()
    assert ended.returncode == 1 and "articles/2020-huge.md:1: larger than" in ended.stdout + ended.stderr


def test_an_index_whose_pointer_is_lost_names_the_cure(folder: Path) -> None:
    (folder / "index" / "CURRENT").write_bytes(b"\0" * 30)
    with pytest.raises(IndexCorrupt, match="clusterbot index build"):
        Assistant(folder / "index", KeywordEmbedder(), flat_ranking())
    assert command(folder, "index", "build").returncode == 0
    assert command(folder, "ask", QUESTION).returncode == 0
