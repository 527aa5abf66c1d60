"""A file that someone attached to a command, for as long as a process of ours reads it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import discord

from clusterbot.errors import UsageError

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

MAX_FILE_BYTES = 10 << 20  # what Discord takes from people who pay nothing
MAX_STEM = 60


def check_size(file: discord.Attachment) -> None:
    """Refuse a file that is too large, before it is fetched.

    Raises:
        UsageError: it is; the message names the limit.
    """
    if file.size > MAX_FILE_BYTES:
        limit = MAX_FILE_BYTES >> 20
        raise UsageError(f"the file has more than {limit} MB: attach the part that matters", "attached_too_large", limit=limit)


def safe_name(name: str) -> str:
    """Return the name of a file on our disk for one that a stranger named: letters, digits, dots and hyphens, never hidden."""
    given = PurePosixPath(name.replace("\\", "/").rpartition("/")[2])
    stem = re.sub(r"[^\w.-]+", "-", given.stem)[:MAX_STEM].strip(".-")
    suffix = given.suffix.lower()
    return (stem or "file") + (suffix if re.fullmatch(r"\.[a-z0-9]{1,8}", suffix) else "")


@asynccontextmanager
async def saved(bot: ClusterBot, file: discord.Attachment) -> AsyncIterator[Path]:
    """Fetch an attached file and yield where it lies, in a folder of its own that only we can read, until it has been read.

    Raises:
        UsageError: Discord doesn't give it.
    """
    try:
        content = await file.read()
    except discord.HTTPException as error:
        raise UsageError(f"Discord doesn't give the file ({error}): attach it again", "attached_lost") from error
    folder = Path(await bot.read(tempfile.mkdtemp, "", "clusterbot-"))
    try:
        path = folder / safe_name(file.filename)
        await bot.read(path.write_bytes, content)
        yield path
    finally:
        await bot.read(shutil.rmtree, folder, True)
