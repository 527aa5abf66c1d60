"""Which language the bot speaks, and to whom: names of commands in both, errors in the reader's."""

from __future__ import annotations

import logging
import secrets
from typing import Any

import discord
from discord import app_commands

from clusterbot.analysis import detect_language
from clusterbot.errors import ClusterbotError
from clusterbot.i18n import Texts, read_texts, write_error
from clusterbot.models import Lang

logger = logging.getLogger(__name__)

Commands = tuple[app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | app_commands.Group, ...]


def said(key: str) -> app_commands.locale_str:
    """Return the name or description of a command: English, and marked for its French."""
    return app_commands.locale_str(read_texts("en")(f"command.{key}"), key=key)


class Translator(app_commands.Translator):
    """Answers with the French of what `said` marked; Discord shows the English to all others."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        """Return a text in a locale, None where the English stands."""
        key = string.extras.get("key")
        return read_texts("fr")(f"command.{key}") if locale is discord.Locale.french and key is not None else None


def reader_lang(interaction: discord.Interaction) -> Lang:
    """Return the language of whoever acts: French for Discord's French, English else."""
    return "fr" if interaction.locale is discord.Locale.french else "en"


def texts_of(interaction: discord.Interaction) -> Texts:
    """Return the texts in the language of whoever acts."""
    return read_texts(reader_lang(interaction))


def lang_of_words(text: str) -> Lang:
    """Return the likelier language of a message, French where it has no words: messages come without their author's locale."""
    return detect_language(text)[0] if any(char.isalpha() for char in text) else "fr"


def kind_of(error: BaseException) -> str:
    """Return what an error counts as: its code, `discord` where Discord refused, `bug`."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(cause, ClusterbotError):
        return cause.key or cause.code
    return "discord" if isinstance(cause, discord.DiscordException | OSError) else "bug"


def told(error: BaseException, texts: Texts) -> str:
    """Return the one sentence that tells an error; a bug is logged, and told by its reference."""
    cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
    if isinstance(cause, ClusterbotError):
        sentence = write_error(cause, texts)
        return discord.utils.escape_mentions(sentence[:1].upper() + sentence[1:])[:2000]
    if isinstance(cause, discord.Forbidden):
        return texts("bot.forbidden")
    if isinstance(cause, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
        return texts("bot.outdated_command")
    reference = secrets.token_hex(3)
    logger.error("bug %s", reference, exc_info=cause)
    return texts("bot.bug", reference=reference)
