"""From a question to an answer that is kept and sent; follow-ups build on what was kept."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import discord

from clusterbot.answering import Answer
from clusterbot.bot.buttons import answer_view, publishing, receipt_under
from clusterbot.bot.embeds import reply_embeds
from clusterbot.errors import StorageError, UsageError
from clusterbot.i18n import read_texts
from clusterbot.models import EVERYTHING, Filters, Lang
from clusterbot.receipts import receipt_of
from clusterbot.store import Channel, Conversation, Erratum, Receipt

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

logger = logging.getLogger(__name__)

KEPT_QUESTIONS = 10
MAX_UNPUBLISHED = 500
THREAD_DAYS, MESSAGE_DAYS = 7, 1


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, and all that decides its answer; `reader_lang` is the asker's, `lang` their explicit choice."""

    text: str
    person: int
    channel: Channel
    reader_lang: Lang | None
    lang: Lang | None = None
    filters: Filters = EVERYTHING
    earlier: tuple[str, ...] = ()

    @property
    def conversation(self) -> Conversation:
        """What a follow-up to this question builds on."""
        return Conversation((*self.earlier, self.text)[-KEPT_QUESTIONS:], self.lang, self.filters)


@dataclass(frozen=True, slots=True)
class Told:
    """An answer as it is sent: its embeds, one a message, and the buttons under the last."""

    embeds: Sequence[discord.Embed]
    view: discord.ui.View | None


class Unpublished:
    """The first messages of private answers by their last: Discord lets a bot read no private message again but the one pressed."""

    def __init__(self) -> None:
        self._earlier: dict[int, Sequence[discord.Embed]] = {}

    def keep(self, last: int, earlier: Sequence[discord.Embed]) -> None:
        """Keep them, for so many answers at once that nobody who still reads one has to miss it."""
        self._earlier[last] = earlier
        if len(self._earlier) > MAX_UNPUBLISHED:
            del self._earlier[next(iter(self._earlier))]

    def take(self, last: int) -> Sequence[discord.Embed]:
        """Return them.

        Raises:
            UsageError: they aren't kept any longer.
        """
        if last not in self._earlier:
            raise UsageError("the first part of this answer is no longer kept: ask again, and publish that answer", "publish_lost")
        return self._earlier.pop(last)


async def answer(bot: ClusterBot, asked: Asked, is_private: bool = False) -> Told:
    """Answer a question and keep its receipt, without which there are no buttons.

    Raises:
        UsageError: the question can't be taken, or too many wait.
    """
    reply = await bot.compute(bot.assistant.ask, asked.text, asked.earlier, asked.lang, asked.filters, asked.reader_lang)
    lang = reply.result.question.lang
    receipt = receipt_of(reply, asked.text, asked.earlier, asked.lang, asked.channel, dt.datetime.now(dt.UTC), asked.filters)
    bot.monitor.answered(receipt.outcome, lang, receipt.reason)
    kept, errata = await _keep(bot, receipt, asked.person)
    logger.info("%s in %.0f ms", receipt.outcome, reply.elapsed_ms, extra={"receipt": receipt.id})
    texts = read_texts(lang)
    embeds = reply_embeds(reply, asked.filters, errata, kept, texts)
    is_answered = isinstance(reply.result, Answer)
    own = publishing(len(embeds)) if is_private else thread_action(asked.channel)
    return Told(embeds, None if kept is None else answer_view(kept, texts, is_answered, own))


def thread_action(place: Channel) -> str | None:
    """Return the action that opens a thread under a public answer, where there can be one."""
    return "thread" if place == "server" else None


async def _keep(bot: ClusterBot, receipt: Receipt, person: int) -> tuple[str | None, Sequence[Erratum]]:
    """Keep a receipt and return its id with the notes on the sources; a store that fails never costs an answer."""
    try:
        await bot.keep(bot.store.record, receipt, str(person))
        return receipt.id, await bot.keep(bot.store.errata)
    except StorageError as error:
        bot.monitor.failed(error.code)
        logger.warning("no receipt of the answer was kept: %s", error)
        return None, ()


async def follow_answer(bot: ClusterBot, answered: discord.Message) -> Conversation:
    """Return what a reply to an answer builds on: the receipt that its buttons name; nothing where they name none."""
    found = receipt_under(answered)
    try:
        kept = None if found is None else await bot.keep(bot.store.receipt, found)
    except (StorageError, UsageError) as error:
        logger.warning("an answer that was replied to can't be followed up: %s", error)
        kept = None
    if kept is None:
        return Conversation(())
    questions = tuple(one for one in (*(kept.context or ()), kept.question) if one is not None)
    return Conversation(questions, kept.wanted_lang, kept.filters)


async def follow(bot: ClusterBot, place: int) -> Conversation:
    """Return the conversation of a thread or a direct channel; an empty one where there is none."""
    try:
        return await bot.keep(bot.store.conversation, str(place), dt.datetime.now(dt.UTC)) or Conversation(())
    except StorageError as error:
        logger.warning("a conversation can't be read: %s", error)
        return Conversation(())


async def remember(bot: ClusterBot, place: int, asked: Asked, days: int) -> None:
    """Keep what a follow-up in a place builds on."""
    now = dt.datetime.now(dt.UTC)
    try:
        await bot.keep(
            bot.store.keep_conversation, str(place), asked.conversation, str(asked.person), now, now + dt.timedelta(days=days)
        )
    except StorageError as error:
        logger.warning("a conversation can't be kept: %s", error)


async def send(interaction: discord.Interaction[ClusterBot], told: Told, is_private: bool) -> None:
    """Send an answer to an interaction that was deferred; of a private one, keep what publishing it will need."""
    *first, last = told.embeds
    for embed in first:
        await interaction.followup.send(embed=embed, ephemeral=is_private)
    sent = await interaction.followup.send(embed=last, view=told.view or discord.utils.MISSING, ephemeral=is_private, wait=True)
    if is_private and first:
        interaction.client.unpublished.keep(sent.id, first)


def place_of(channel: object) -> Channel:
    """Return the kind of place in which something is asked."""
    if isinstance(channel, discord.Thread):
        return "thread"
    return "server" if isinstance(channel, discord.abc.GuildChannel) else "message"
