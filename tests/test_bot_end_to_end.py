"""The bot from end to end: unmodified discord.py, the loopback Discord, the small corpus of fakes.py."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import discord
import pytest

from clusterbot.assistant import Assistant, Reply, recipe
from clusterbot.bot import client
from clusterbot.bot.address import use_server
from clusterbot.bot.client import ClusterBot, run_bot
from clusterbot.corpus import read_corpus
from clusterbot.errors import UsageError
from clusterbot.index.build import build_index
from clusterbot.settings import DISCORD_API_URL, DISCORD_GATEWAY_URL
from discord_server import QUICK, Limits, Server, play, pointed_at
from fakes import KeywordEmbedder, flat_ranking

FRENCH = "Combien d’emplois compte Aqua Nord ?"
ENGLISH = "How many jobs does Aqua Nord count?"


class PausedAssistant(Assistant):
    """Answers after a pause, as a model would that takes its time."""

    pause_s = 0.0

    def ask(self, *given: object, **more: object) -> Reply:
        time.sleep(self.pause_s)
        return super().ask(*given, **more)  # type: ignore[arg-type]


@pytest.fixture
def assistant(tmp_path: Path, corpus_dir: Path) -> PausedAssistant:
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(flat_ranking()))
    return PausedAssistant(tmp_path / "index", KeywordEmbedder(), flat_ranking())


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch, assistant: PausedAssistant) -> Callable[..., Server]:
    """Run a scenario with the bot."""

    def run(scenario: Callable[[Server, ClusterBot], Awaitable[None]], limits: Limits = QUICK) -> Server:
        return play(monkeypatch, lambda: ClusterBot(assistant, is_syncing=True), scenario, limits)

    return run


@pytest.mark.parametrize(
    ("locale", "name", "question", "expected"),
    [("fr", "demander", FRENCH, "1\u00a0250 emplois"), ("en-US", "ask", ENGLISH, "1,250 jobs")],
)
def test_a_question_is_answered_with_its_source(
    act: Callable[..., Server], locale: str, name: str, question: str, expected: str
) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale=locale), server.person("Bob")
        assert name in ana.commands()
        done = await ana.slash(name, question=question)
        assert done.message is not None
        text = done.message.text.replace("\u202f", "\u00a0").replace("1 250", "1\u00a0250")
        assert expected in text
        assert "aqua.example.org" in text
        assert done.message in bob.sees() and not done.message.pings

    server = act(scenario)
    assert not server.record.refused()


def test_what_the_corpus_does_not_say_is_said(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana", locale="fr").slash("ask", question="Quel temps fera-t-il demain à Gaspé ?")
        assert done.message is not None and done.message.text.startswith("Le corpus ne le dit pas.")

    act(scenario)


def test_a_slow_answer_is_acknowledged_at_once(act: Callable[..., Server], assistant: PausedAssistant) -> None:
    assistant.pause_s = 0.6

    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana").slash("ask", question=ENGLISH)
        assert done.failure is None
        assert done.acknowledged_after_s is not None and done.acknowledged_after_s < 0.3
        assert done.settled_after_s is not None and done.settled_after_s > 0.5

    act(scenario, Limits(acknowledge_s=0.4))


def test_the_gateway_is_kept_alive_while_the_model_works(act: Callable[..., Server], assistant: PausedAssistant) -> None:
    assistant.pause_s = 0.2

    async def scenario(server: Server, bot: ClusterBot) -> None:
        people = [server.person(f"Person {number}") for number in range(5)]
        done = await asyncio.gather(*(one.slash("ask", question=ENGLISH) for one in people))
        assert [one.failure for one in done] == [None] * 5
        await server.until(lambda: len(server.record.heartbeat_gaps_s()) > 5)
        assert max(server.record.heartbeat_gaps_s()) < 0.5

    act(scenario, Limits(heartbeat_s=0.1))


def test_past_the_queue_a_person_is_told_so_privately(
    act: Callable[..., Server], monkeypatch: pytest.MonkeyPatch, assistant: PausedAssistant
) -> None:
    monkeypatch.setattr(client, "MAX_WAITING", 1)
    assistant.pause_s = 0.3

    async def scenario(server: Server, bot: ClusterBot) -> None:
        people = [server.person("Ana"), server.person("Bob")]
        first, second = await asyncio.gather(*(one.slash("ask", question=ENGLISH) for one in people))
        assert first.message is not None and "1,250 jobs" in first.message.text
        assert second.message is not None and "ask again" in second.message.text

    act(scenario)


def test_a_question_asked_while_the_connection_is_lost_is_answered(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        for _ in range(3):
            server.drop_connection()
            done = await ana.slash("ask", question=ENGLISH)
            assert done.failure is None and done.message is not None and "1,250 jobs" in done.message.text
        assert len(ana.sees()) == 3

    act(scenario)


def test_an_answer_survives_a_server_error_of_discord(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        server.fail("POST /webhooks/{application_id}/{token}", 503)
        done = await server.person("Ana").slash("ask", question=ENGLISH)
        assert done.message is not None and "1,250 jobs" in done.message.text

    act(scenario)


def test_a_token_that_is_refused_is_told_with_its_cure(monkeypatch: pytest.MonkeyPatch, assistant: PausedAssistant) -> None:
    async def run() -> None:
        async with Server() as server:
            with pointed_at(server, monkeypatch), pytest.raises(UsageError, match="CLUSTERBOT_DISCORD_TOKEN"):
                await asyncio.to_thread(run_bot, assistant, "wrong", False, server.api_url, server.gateway_url)

    asyncio.run(run())


def test_a_server_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch, assistant: PausedAssistant) -> None:
    async def run() -> None:
        async with Server() as server:
            gone = server.api_url, server.gateway_url
        with pointed_at(server, monkeypatch), pytest.raises(UsageError, match="can't be reached"):
            await asyncio.to_thread(run_bot, assistant, "any", False, *gone)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("api", "gateway"), [("http://127.0.0.1:1/api/v10", DISCORD_GATEWAY_URL), (DISCORD_API_URL, "ws://127.0.0.1:1/")]
)
def test_one_address_without_the_other_is_refused(api: str, gateway: str) -> None:
    before = discord.http.Route.BASE
    with pytest.raises(UsageError, match="set both, or neither"):
        use_server(api, gateway)
    assert before == discord.http.Route.BASE
