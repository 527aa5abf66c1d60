"""Messages: which are meant for the bot, what they ask, and what they follow up."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

import discord

from clusterbot.bot.replies import MESSAGE_DAYS, THREAD_DAYS, Asked, answer, follow, follow_answer, place_of, remember
from clusterbot.bot.speech import kind_of, lang_of_words, told
from clusterbot.i18n import read_texts
from clusterbot.store import Conversation

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

logger = logging.getLogger(__name__)

_SIGNS = re.compile(r"<(?:@[!&]?|#|a?:\w{2,32}:|/[^:>]{1,80}:|t:)[\d:RrtTdDfF-]*>")  # mentions, emojis, commands, times


async def hear(bot: ClusterBot, message: discord.Message) -> None:
    """Answer a message that is meant for the bot; say nothing to all others."""
    if not is_meant(bot, message):
        return
    text = " ".join(_SIGNS.sub(" ", message.content).split())
    texts = read_texts(lang_of_words(text))
    try:
        with bot.at_work():
            bot.cooldowns.count(message.author.id, message.guild.id if message.guild else None)
            if text:
                await _answer(bot, message, text)
            else:
                await message.reply(texts("bot.ask_me", name=bot.name), mention_author=False)
    except discord.Forbidden as error:
        bot.monitor.failed(kind_of(error))
        await _tell_forbidden(message, error)
    except Exception as error:
        bot.monitor.failed(kind_of(error))
        try:
            await message.reply(told(error, texts), mention_author=False)
        except discord.HTTPException as failure:
            logger.warning("an error could not be told: %s", failure)


def is_meant(bot: ClusterBot, message: discord.Message) -> bool:
    """Say whether a message is meant for the bot: a mention, a reply, a direct message, or a follow-up in a thread that it opened.

    In such a thread, people also talk to each other: what mentions or answers someone else is not meant for the bot. Without the
    message content intent, Discord hands out the words of mentions and direct messages alone.
    """
    if message.author.bot or message.type not in (discord.MessageType.default, discord.MessageType.reply):
        return False
    if message.guild is None or bot.user in message.mentions:
        return True
    answered = message.reference.resolved if message.reference else None
    if isinstance(answered, discord.Message):
        return answered.author == bot.user
    is_own_thread = isinstance(message.channel, discord.Thread) and message.channel.owner_id == bot.application_id
    if not is_own_thread or message.mentions or message.role_mentions or message.mention_everyone:
        return False
    return bool(message.content) or not (message.attachments or message.stickers or message.embeds)


async def _answer(bot: ClusterBot, message: discord.Message, text: str) -> None:
    """Answer a question as a reply; in a thread or a direct channel the conversation goes on, elsewhere from answer to answer."""
    place = place_of(message.channel)
    answered = message.reference.resolved if message.reference else None
    if place != "server":
        earlier = await follow(bot, message.channel.id)
    else:
        earlier = await follow_answer(bot, answered) if isinstance(answered, discord.Message) else Conversation(())
    asked = Asked(text, message.author.id, place, None, earlier.lang, earlier.filters, earlier.questions)
    async with message.channel.typing():
        found = await answer(bot, asked)
    *first, last = found.embeds
    for embed in first:
        await message.reply(embed=embed, mention_author=False)
    await message.reply(embed=last, view=found.view or discord.utils.MISSING, mention_author=False)
    if place != "server":
        await remember(bot, message.channel.id, asked, THREAD_DAYS if place == "thread" else MESSAGE_DAYS)


async def _tell_forbidden(message: discord.Message, error: discord.Forbidden) -> None:
    """Tell, in private, that the bot may not write where it was asked, and what is missing."""
    logger.warning("can't answer in channel %s: %s", message.channel.id, error)
    texts = read_texts(lang_of_words(message.content))
    try:
        await message.author.send(texts("bot.forbidden_there", channel=f"<#{message.channel.id}>"))
    except discord.HTTPException as failure:
        logger.warning("that could not be told to its author: %s", failure)
