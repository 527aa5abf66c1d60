"""What a running bot tells of itself: health and metrics over HTTP while people ask, and a log with nobody's words in it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clusterbot.bot import jobs
from clusterbot.bot.client import ClusterBot
from clusterbot.errors import StorageError
from clusterbot.logs import LogHandler, set_up_logs
from clusterbot.monitoring import HealthServer
from clusterbot.settings import PREFIX
from discord_server import Limits, Server
from stage import Stage

ROOT = Path(__file__).parent.parent
ENGLISH = "How many jobs does Aqua Nord count?"
SECRET_WORDS = "Quelle est la météo chez mon cousin Zéphirin à Gaspé ?"


def value(bot: ClusterBot, name: str, **labels: str) -> float:
    return bot.monitor.registry.get_sample_value(name, labels) or 0.0


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_answers_abstentions_and_times_are_counted_as_people_ask(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        await ana.slash("ask", question=ENGLISH)
        await ana.slash("ask", question=SECRET_WORDS)
        await ana.slash("check", claim="Aqua Nord was founded in 2018.")
        await ana.hears(await ana.say(f"{server.bot.mention} {ENGLISH}"))
        assert value(bot, "clusterbot_answers_total", outcome="answered", language="en") == 2
        assert value(bot, "clusterbot_answers_total", outcome="abstained", language="fr") == 1
        reasons = [one for family in bot.monitor.registry.collect() for one in family.samples if "reason" in one.labels]
        assert sum(one.value for one in reasons if one.name.endswith("_total")) == 1
        assert value(bot, "clusterbot_stage_seconds_count", stage="answer") == 4
        assert value(bot, "clusterbot_stage_seconds_sum", stage="answer") > 0
        assert value(bot, "clusterbot_queue_waiting") == 0 and value(bot, "clusterbot_queue_capacity") > 0

    stage(scenario)


def test_health_and_readiness_over_http_follow_the_connection(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        with HealthServer(bot.monitor, "127.0.0.1:0") as health:
            await server.until(lambda: bot.monitor.readiness().is_good)
            status, body = await asyncio.to_thread(get, health.port, "/readyz")
            assert status == 200 and json.loads(body)["index"] == bot.assistant.engine.snapshot.manifest.version
            server.drop_connection()
            await server.until(lambda: value(bot, "clusterbot_gateway_losses_total") == 1)
            await server.until(lambda: bot.monitor.readiness().is_good)
            assert (await asyncio.to_thread(get, health.port, "/healthz"))[0] == 200
            metrics = (await asyncio.to_thread(get, health.port, "/metrics"))[1]
            assert 'clusterbot_gateway_state{clusterbot_gateway_state="ready"} 1.0' in metrics
            assert "clusterbot_gateway_losses_total 1.0" in metrics

    stage(scenario)


def test_a_new_index_shows_in_the_metrics(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clusterbot.bot.client.JOBS", tuple(jobs.Job(one.work, 0.05) for one in jobs.JOBS[:2]))

    async def scenario(server: Server, bot: ClusterBot) -> None:
        before = bot.assistant.engine.snapshot.manifest.version
        (stage.corpus_dir / "articles" / "2020-11-05-gazette-wood.md").unlink()
        await asyncio.to_thread(stage.build)
        await server.until(lambda: value(bot, "clusterbot_index_swaps_total") == 1)
        after = bot.assistant.engine.snapshot.manifest
        assert after.version != before
        assert value(bot, "clusterbot_index_info", version=after.version, model=f"{after.model}@{after.revision}") == 1
        assert bot.monitor.beat_age_s() < 2

    stage(scenario)


def test_failures_are_counted_by_kind(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        await ana.slash("ask", question="?!")
        monkeypatch.setattr(bot.assistant, "ask", lambda *_: 1 / 0)
        await ana.slash("ask", question=ENGLISH)
        assert value(bot, "clusterbot_failures_total", kind="bug") == 1
        assert value(bot, "clusterbot_failures_total", kind="no_words") == 1

    stage(scenario)


def test_a_store_that_fails_is_counted_and_costs_no_answer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageError("the disk is full: free some space")

    async def scenario(server: Server, bot: ClusterBot) -> None:
        monkeypatch.setattr(bot.store, "record", full)
        done = await server.person("Ana").slash("ask", question=ENGLISH)
        assert done.message is not None and "1,250 jobs" in done.message.text.replace("**", "")
        assert value(bot, "clusterbot_failures_total", kind="storage") == 1

    stage(scenario)


# --- the log


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Return what the log of a service would hold, INFO and above."""
    handler, stream = LogHandler(logging.INFO), io.StringIO()
    handler.setStream(stream)
    root, before = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.mark.parametrize("form", ["plain", "json"])
def test_the_log_holds_receipts_and_nobodys_words_names_or_token(
    stage: Stage, log: io.StringIO, monkeypatch: pytest.MonkeyPatch, form: Any
) -> None:
    receipts: list[str] = []

    async def scenario(server: Server, bot: ClusterBot) -> None:
        set_up_logs(form, [server.token], tells_errors=False)
        ana = server.person("Anastasie", locale="fr")
        await ana.slash("ask", question=SECRET_WORDS)
        await ana.hears(await ana.say(f"{server.bot.mention} {SECRET_WORDS}"))
        receipts.extend(one.id for one in bot.store.receipts())

        def fails(text: str, *_: object) -> None:
            raise ValueError(f"can't take {text}")

        monkeypatch.setattr(bot.assistant, "ask", fails)
        await ana.slash("ask", question=SECRET_WORDS)
        await ana.say(f"{server.bot.mention} {SECRET_WORDS}")
        server.drop_connection()
        await server.until(lambda: value(bot, "clusterbot_failures_total", kind="bug") == 2)
        logging.getLogger("discord.x").error("token %s", server.token)
        assert server.token not in log.getvalue()
        assert str(ana.user.id) not in log.getvalue()

    stage(scenario)
    text = log.getvalue()
    assert len(receipts) == 2 and "ValueError" in text
    for words in ("météo", "Zéphirin", "cousin", "Anastasie", "Gasp"):
        assert words not in text
    if form == "json":
        lines = [json.loads(line) for line in text.splitlines() if line.startswith("{")]  # those before were plain
        assert {line["receipt"] for line in lines if "receipt" in line} == set(receipts)


# --- the whole program


def start(server: Server, folder: Path, *more: str) -> subprocess.Popen[str]:
    """Start the bot as its unit does, with the model of fakes.py."""
    given = {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1"}
    given |= {f"{PREFIX}{name}_DIR": str(folder / name.lower()) for name in ("CORPUS", "INDEX", "DATA", "CACHE")}
    given |= {f"{PREFIX}DISCORD_TOKEN": server.token, f"{PREFIX}DISCORD_API_URL": server.api_url}
    given |= {f"{PREFIX}DISCORD_GATEWAY_URL": server.gateway_url, f"{PREFIX}LOG_FORMAT": "json"}
    command = [sys.executable, str(ROOT / "tests" / "command.py"), "--verbose", "bot", "--sync"]
    environment = {**given, **dict(one.split("=") for one in more)}
    return subprocess.Popen(command, env=environment, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def ended(process: subprocess.Popen[str], within_s: float = 30) -> tuple[int, str]:
    errors = process.communicate(timeout=within_s)[1]
    return process.returncode, errors


def free_port() -> int:
    import socket

    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def test_the_program_is_ready_answers_and_ends_on_sigterm(stage: Stage, tmp_path: Path) -> None:
    port = free_port()

    async def run() -> None:
        async with Server(Limits(identify_s=0.0)) as server:
            process = start(server, tmp_path, f"{PREFIX}HTTP_BIND=127.0.0.1:{port}")
            try:
                await server.connected(60)
                deadline = time.monotonic() + 20
                while (await asyncio.to_thread(get, port, "/readyz"))[0] != 200 and time.monotonic() < deadline:
                    await asyncio.sleep(0.1)
                done = await server.person("Ana").slash("ask", question=ENGLISH)
                assert done.message is not None and "1,250 jobs" in done.message.text.replace("**", "")
                assert 'outcome="answered"} 1.0' in (await asyncio.to_thread(get, port, "/metrics"))[1]
                assert (await asyncio.to_thread(get, port, "/readyz"))[0] == 200
            finally:
                process.send_signal(signal.SIGTERM)
            status, errors = await asyncio.to_thread(ended, process)
            assert status == 0, errors
            assert server.token not in errors and "jobs" not in errors
            assert all(json.loads(line)["level"] for line in errors.splitlines() if line.startswith("{"))

    asyncio.run(run())


def test_a_second_bot_with_the_same_data_is_refused_and_the_first_goes_on(stage: Stage, tmp_path: Path) -> None:
    async def run() -> None:
        async with Server(Limits(identify_s=0.0)) as server:
            first = start(server, tmp_path)
            try:
                await server.connected(60)
                status, errors = await asyncio.to_thread(ended, start(server, tmp_path))
                assert status == 1 and "a bot is running with the data" in errors and "Traceback" not in errors
                done = await server.person("Ana").slash("ask", question=ENGLISH)
                assert done.failure is None
            finally:
                first.kill()
            await asyncio.to_thread(ended, first)
            await server.until(lambda: not any(link.session for link in server.gateway.links), 20)
            again = start(server, tmp_path)  # a killed bot leaves no lock behind
            try:
                await server.connected(60)
            finally:
                again.send_signal(signal.SIGTERM)
            assert (await asyncio.to_thread(ended, again))[0] == 0

    asyncio.run(run())


def test_two_bots_with_one_token_show_each_answer_once(stage: Stage) -> None:
    """On two machines, no lock can know of the other: Discord takes the first acknowledgement and refuses the second."""

    async def scenario(server: Server, bot: ClusterBot) -> None:
        second = ClusterBot(stage.assistant, bot.store, stage.settings())
        running = asyncio.create_task(second.start(server.token))
        try:
            await server.until(lambda: sum(link.session is not None for link in server.gateway.links) == 2, 10)
            ana = server.person("Ana")
            done = await ana.slash("ask", question=ENGLISH)
            assert done.failure is None and done.message is not None and "1,250 jobs" in done.message.text.replace("**", "")
            assert len(ana.sees()) == 1
            refused = value(bot, "clusterbot_failures_total", kind="discord") + value(
                second, "clusterbot_failures_total", kind="discord"
            )
            assert refused == 1
        finally:
            await second.close()
            await asyncio.gather(running, return_exceptions=True)

    stage(scenario)
