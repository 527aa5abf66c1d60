"""What holds for every test: no network, and no settings of the person who runs them."""

from __future__ import annotations

import io
import ipaddress
import os
import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from clusterbot import assistant, embedding
from clusterbot import ranking as ranking_module
from clusterbot.cli import run
from commands import ALWAYS, Cli, Ended, ranking
from fakes import KeywordEmbedder, write_corpus
from stage import Stage

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and not _is_loopback(address[0]):
            raise AssertionError(f"a test opened a connection to {address!r}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("CLUSTERBOT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder without a `.env`."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def corpus_dir(tmp_path: Path) -> Path:
    """Return the folder of the small corpus of fakes.py."""
    return write_corpus(tmp_path / "corpus")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, corpus_dir: Path) -> Stage:
    """Return what runs a scenario with a bot on the loopback Discord."""
    return Stage(monkeypatch, tmp_path, corpus_dir)


@pytest.fixture(scope="session")
def real_corpus_dir() -> Path:
    """Return the corpus that the project ships."""
    return REPOSITORY / "corpus"


@pytest.fixture
def embedders(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return the list whose last item is what opening the model gives; an exception is raised."""
    models: list[Any] = [KeywordEmbedder()]

    def opened(*_: object) -> Any:
        if isinstance(models[-1], BaseException):
            raise models[-1]
        return models[-1]

    monkeypatch.setattr(assistant, "open_embedder", opened)
    monkeypatch.setattr(embedding, "open_embedder", opened)
    return models


@pytest.fixture
def cli(
    tmp_path: Path,
    empty_folder: Path,
    corpus_dir: Path,
    embedders: list[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Cli:
    """Return what runs a command in a folder of its own, with the small corpus."""
    for name in ("LC_MESSAGES", "LANG", "COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LC_ALL", "C")
    for name, folder in {"CORPUS": corpus_dir, "INDEX": tmp_path / "index", "DATA": tmp_path / "data", "CACHE": tmp_path}.items():
        monkeypatch.setenv(f"CLUSTERBOT_{name}_DIR", str(folder))
    answering_ranking = ranking(ALWAYS)
    monkeypatch.setattr(ranking_module, "read_ranking", lambda _: answering_ranking)

    def call(*arguments: str, stdin: bytes = b"", intercept: float = ALWAYS) -> Ended:
        chosen = ranking(intercept) if intercept != ALWAYS else answering_ranking
        monkeypatch.setattr(ranking_module, "read_ranking", lambda _: chosen)
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
        capsys.readouterr()
        status = run(arguments)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ended(status, out, err)

    return call


@pytest.fixture
def built(cli: Cli) -> Cli:
    assert cli("index", "build").status == 0
    return cli
