"""A bot on the loopback Discord: the small corpus of fakes.py, a store of its own, and what a test lets people do."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from clusterbot.assistant import Assistant, Check, Reply, recipe
from clusterbot.bot.client import ClusterBot
from clusterbot.corpus import read_corpus
from clusterbot.index.build import build_index
from clusterbot.settings import Settings
from clusterbot.store import Store
from discord_server import QUICK, Limits, Server, play
from fakes import KeywordEmbedder, flat_ranking

Scenario = Callable[[Server, ClusterBot], Awaitable[None]]


class PausedAssistant(Assistant):
    """Answers after a pause, as a model would that takes its time."""

    pause_s = 0.0

    def ask(self, *given: Any, **more: Any) -> Reply:
        time.sleep(self.pause_s)
        return super().ask(*given, **more)

    def check(self, *given: Any, **more: Any) -> Check:
        time.sleep(self.pause_s)
        return super().check(*given, **more)


class Stage:
    """Builds the index once, and runs scenarios with a bot that keeps its store between them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path, corpus_dir: Path) -> None:
        self.monkeypatch = monkeypatch
        self.corpus_dir = corpus_dir
        self.index_dir = folder / "index"
        self.data_dir = folder / "data"
        self.build()
        self.assistant = PausedAssistant(self.index_dir, KeywordEmbedder(), flat_ranking())

    def build(self) -> None:
        """Index the corpus as it is now."""
        build_index(read_corpus(self.corpus_dir), self.index_dir, KeywordEmbedder(), recipe(flat_ranking()))

    def settings(self, **values: Any) -> Settings:
        """Make settings of this stage."""
        folders = {"index_dir": self.index_dir, "data_dir": self.data_dir, "corpus_dir": self.corpus_dir}
        return Settings(**{**folders, **values})

    def __call__(
        self, scenario: Scenario, limits: Limits = QUICK, prepare: Callable[[Server], object] = id, **values: Any
    ) -> Server:
        """Run a scenario with a bot; `values` are settings."""
        with Store(self.data_dir) as store:

            def make_bot() -> ClusterBot:
                return ClusterBot(self.assistant, store, self.settings(**values), is_syncing=True)

            return play(self.monkeypatch, make_bot, scenario, limits, prepare)
