"""What the bot does by itself, again and again: takes up a new index, forgets in time, tells those who wait for an answer."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord

from clusterbot.answering import Answer
from clusterbot.bot.embeds import reply_embeds
from clusterbot.bot.markup import escape, shorten
from clusterbot.i18n import read_texts

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """Something done again and again, with a pause in seconds."""

    work: Callable[[ClusterBot], Awaitable[None]]
    every_s: float


async def take_up_index(bot: ClusterBot) -> None:
    """Take up a new version of the index; what is being answered ends with the one it began with."""
    if await bot.read(bot.assistant.reload):
        logger.info("took up a new version of the index")


async def beat(bot: ClusterBot) -> None:
    """Show that the event loop lives, which version answers, and how far away Discord is."""
    manifest = bot.assistant.engine.snapshot.manifest
    bot.monitor.beat()
    bot.monitor.serves(manifest.version, f"{manifest.model}@{manifest.revision}", dt.datetime.fromisoformat(manifest.created_at))
    if bot.is_ready() and bot.monitor.is_connected:
        bot.monitor.gateway("ready", bot.latency)


async def forget(bot: ClusterBot) -> None:
    """Forget what is older than it may be kept."""
    await bot.keep(bot.store.purge, dt.datetime.now(dt.UTC), bot.settings.retention_days)


async def tell_watchers(bot: ClusterBot) -> None:
    """Tell those who asked to be told that their question is answered now; each once, or not at all where they take no messages."""
    for one in await bot.keep(bot.store.watchers_to_tell):
        texts = read_texts(one.lang)
        if one.question is not None:
            receipt = await bot.keep(bot.store.receipt, one.receipt_id)
            reply = await bot.compute(bot.assistant.ask, one.question, receipt.context or (), one.lang, receipt.filters)
            if isinstance(reply.result, Answer):
                told = texts("bot.answered_now", question=escape(shorten(one.question, 300)))
                embeds = reply_embeds(reply, receipt.filters, await bot.keep(bot.store.errata), None, texts)
                await _write(bot, int(one.address), told, embeds[0])
        await bot.keep(bot.store.forget_watcher, one.receipt_id, one.address)


async def _write(bot: ClusterBot, person: int, told: str, embed: discord.Embed) -> None:
    try:
        await (await bot.create_dm(discord.Object(person))).send(told, embed=embed)
    except (discord.Forbidden, discord.NotFound) as error:
        logger.warning("someone who waited for an answer takes no messages: %s", error)


JOBS = (Job(beat, 5.0), Job(take_up_index, 5.0), Job(forget, 3600.0), Job(tell_watchers, 60.0))
