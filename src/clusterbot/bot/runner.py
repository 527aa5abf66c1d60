"""Runs a command of ours in a process of its own: what hangs is ended, what is hostile hurts only itself."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from clusterbot.errors import UsageError

TIMEOUT_S = 1800.0
MAX_LINE_BYTES = 1_000_000


async def run_command(
    arguments: Sequence[str], on_line: Callable[[str], Awaitable[None]], timeout_s: float = TIMEOUT_S
) -> dict[str, Any]:
    """Run `clusterbot ARGUMENTS`, hand each line of its stderr on, and return the JSON document that it prints.

    Raises:
        UsageError: it failed, with its own words, or took longer than `timeout_s` seconds, and was ended with all that it began.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "clusterbot", *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=MAX_LINE_BYTES,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, last = await asyncio.gather(_all(process.stdout), _lines(process.stderr, on_line))
            status = await process.wait()
    except TimeoutError:
        raise UsageError(f"it took longer than {timeout_s:g} s and was ended", "too_slow", seconds=round(timeout_s)) from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    try:
        found = json.loads(out)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise UsageError(f"clusterbot {arguments[0]} failed (status {status}): {last}", "command_failed", problem=last[:500])
    return found


async def _all(stream: asyncio.StreamReader | None) -> bytes:
    return b"" if stream is None else await stream.read()


async def _lines(stream: asyncio.StreamReader | None, on_line: Callable[[str], Awaitable[None]]) -> str:
    """Hand on each line; return the last."""
    last = ""
    while stream is not None and (line := await stream.readline()):
        last = line.decode(errors="replace").strip() or last
        await on_line(last)
    return last
