"""How the bot holds up: many people at once, a thousand questions, lost connections; the loopback Discord plays the other side.

    python benchmarks/discord_load.py [--people 50] [--asks 1000] [--drops 20]

The bot runs in a process of its own, with the live index and the bundled model; people and Discord run in this one, on the same
processors. The questions are those of our own sets, 380 different ones. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from clusterbot.loopback import Interaction, Limits, Person, Server

ROOT = Path(__file__).parent.parent
SETS = ("tests/evaluation/queries.jsonl", "tests/evaluation/tuning/queries.jsonl", "tests/evaluation/tuning_more/queries.jsonl")
QUESTIONS = tuple(json.loads(line)["text"] for name in SETS for line in (ROOT / name).read_text(encoding="utf-8").splitlines())
STARTS_WITHIN_S = 60.0


def start_bot(server: Server, folder: str) -> subprocess.Popen[bytes]:
    """Start `clusterbot bot --sync` against a server."""
    told = {"DATA_DIR": folder, "DISCORD_TOKEN": server.token, "DISCORD_API_URL": server.api_url}
    told |= {"DISCORD_GATEWAY_URL": server.gateway_url, "PERSON_PER_MINUTE": "10000", "SERVER_PER_MINUTE": "100000"}
    environ = {**os.environ, **{f"CLUSTERBOT_{key}": value for key, value in told.items()}}
    return subprocess.Popen([sys.executable, "-m", "clusterbot", "bot", "--sync"], env=environ)


def percentiles(values: list[float]) -> dict[str, float]:
    """Return median, 95th percentile and maximum, in ms."""
    ms = 1000 * np.array(values)
    return {"p50": round(float(np.median(ms)), 1), "p95": round(float(np.percentile(ms, 95)), 1), "max": round(float(ms.max()), 1)}


def counted(done: list[Interaction]) -> dict[str, Any]:
    """Count what was lost or refused, and how long people waited."""
    shown = [one for one in done if one.failure is None and one.message is not None and not one.message.is_thinking]
    return {
        "asked": len(done),
        "answered": sum(bool(one.message and one.message.embeds) for one in shown),
        "told_busy": sum(not (one.message and one.message.embeds) for one in shown),
        "lost": len(done) - len(shown),
        "answered_twice": sum(bool(one.followups) for one in done),
        "acknowledged_ms": percentiles([one.acknowledged_after_s for one in done if one.acknowledged_after_s is not None]),
        "answered_ms": percentiles([one.settled_after_s for one in shown if one.settled_after_s is not None]),
    }


async def measure(people: int, asks: int, drops: int) -> dict[str, Any]:
    """Run everything once."""
    found: dict[str, Any] = {}
    async with Server(Limits(identify_s=0.0, heartbeat_s=1.0)) as server:
        with tempfile.TemporaryDirectory() as folder:
            process = start_bot(server, folder)
            try:
                await server.connected(STARTS_WITHIN_S)
                crowd = [server.person(f"Person {number}") for number in range(people)]
                await asyncio.gather(*(ask(one, number) for number, one in enumerate(crowd[:10])))
                bursts = [
                    await asyncio.gather(*(ask(one, number + people * turn) for number, one in enumerate(crowd)))
                    for turn in range(5)
                ]
                found["at_once"] = {"people": people, "bursts": len(bursts), **counted([one for burst in bursts for one in burst])}
                found["thousand"] = await stream(crowd, asks, None, server)
                found["with_drops"] = {"drops": drops, **await stream(crowd, 10 * drops, drops, server)}
                found["longest_gap_between_heartbeats_s"] = round(max(server.record.heartbeat_gaps_s()), 2)
                found["heartbeat_interval_s"] = 1.0
                found["refused_by_discord"] = len(server.record.refused())
            finally:
                process.terminate()
                found["ended_with_status"] = await asyncio.to_thread(process.wait, 30)
    return found


async def ask(person: Person, number: int) -> Interaction:
    """Ask one of the questions."""
    return await person.slash("ask", question=QUESTIONS[number % len(QUESTIONS)], within_s=60.0)


async def stream(crowd: list[Person], asks: int, drops: int | None, server: Server) -> dict[str, Any]:
    """Let people ask one after another, eight at a time; cut the connection evenly where that is asked for."""
    places, started = asyncio.Semaphore(8), time.perf_counter()

    async def one(number: int) -> Interaction:
        async with places:
            if drops and number % max(asks // drops, 1) == 0:
                server.drop_connection()
            return await ask(crowd[number % len(crowd)], number)

    done = await asyncio.gather(*(one(number) for number in range(asks)))
    seconds = time.perf_counter() - started
    return {**counted(list(done)), "questions_per_s": round(asks / seconds, 1)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--asks", type=int, default=1000)
    parser.add_argument("--drops", type=int, default=20)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(measure(given.people, given.asks, given.drops)), indent=1))


if __name__ == "__main__":
    main()
