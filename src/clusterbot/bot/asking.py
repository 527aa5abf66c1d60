"""`/ask` and `/check`, and both from the menu of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from clusterbot.bot.buttons import button_view, publishing
from clusterbot.bot.cards import check_embeds
from clusterbot.bot.looking import complete_cluster, find_cluster
from clusterbot.bot.replies import Asked, Told, answer, place_of, send
from clusterbot.bot.speech import Commands, reader_lang, said
from clusterbot.errors import UsageError
from clusterbot.i18n import read_texts
from clusterbot.models import Filters, Lang, read_date

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

    Used = discord.Interaction[ClusterBot]

MAX_QUESTION, MAX_CLAIM = 300, 1500
LANGUAGE_CHOICES = [
    app_commands.Choice(name=said("choice_fr"), value="fr"),
    app_commands.Choice(name=said("choice_en"), value="en"),
]


@app_commands.command(name=said("ask"), description=said("ask_description"))
@app_commands.rename(
    question=said("question"), language=said("language"), cluster=said("cluster"), as_of=said("as_of"), private=said("private")
)
@app_commands.describe(
    question=said("question_description"),
    language=said("language_description"),
    cluster=said("cluster_filter_description"),
    as_of=said("as_of_description"),
    private=said("private_description"),
)
@app_commands.choices(language=LANGUAGE_CHOICES)
@app_commands.autocomplete(cluster=complete_cluster)
async def ask(
    interaction: Used,
    question: app_commands.Range[str, 1, MAX_QUESTION],
    language: app_commands.Choice[str] | None = None,
    cluster: app_commands.Range[str, 1, 100] | None = None,
    as_of: app_commands.Range[str, 4, 10] | None = None,
    private: bool = False,
) -> None:
    """Answer a question with its sources."""
    cluster_id = None if cluster is None else find_cluster(interaction, cluster).id
    filters = Filters(cluster_id, None if as_of is None else read_date(as_of))
    await answer_here(interaction, question, None if language is None else _lang(language.value), filters, private)


def _lang(value: str) -> Lang:
    return "fr" if value == "fr" else "en"


async def answer_here(interaction: Used, question: str, lang: Lang | None, filters: Filters, is_private: bool) -> None:
    """Answer a question where it was asked, or to its asker alone."""
    bot, channel = interaction.client, interaction.channel
    with bot.at_work():
        bot.cooldowns.count(interaction.user.id, interaction.guild_id)
        await interaction.response.defer(thinking=True, ephemeral=is_private)
        asked = Asked(question, interaction.user.id, place_of(channel), reader_lang(interaction), lang, filters)
        await send(interaction, await answer(bot, asked, is_private), is_private)


@app_commands.command(name=said("check"), description=said("check_description"))
@app_commands.rename(claim=said("claim"), private=said("private"))
@app_commands.describe(claim=said("claim_description"), private=said("private_description"))
async def check(interaction: Used, claim: app_commands.Range[str, 3, MAX_CLAIM], private: bool = False) -> None:
    """Weigh a claim against the sources."""
    await check_here(interaction, claim, private)


async def check_here(interaction: Used, claim: str, is_private: bool) -> None:
    """Show what the sources say for and against a claim."""
    bot, lang = interaction.client, reader_lang(interaction)
    with bot.at_work():
        bot.cooldowns.count(interaction.user.id, interaction.guild_id)
        await interaction.response.defer(thinking=True, ephemeral=is_private)
        checked = await bot.compute(bot.assistant.check, claim, (), None, lang)
        texts = read_texts(checked.lang)
        embeds = check_embeds(checked, texts)
        view = button_view(texts, publishing(len(embeds))) if is_private else None
        await send(interaction, Told(embeds, view), is_private)


@app_commands.context_menu(name=said("menu_ask"))
async def menu_ask(interaction: Used, message: discord.Message) -> None:
    """Answer what a message asks, to whoever chose the menu."""
    await answer_here(interaction, words_of(message), None, Filters(), is_private=True)


@app_commands.context_menu(name=said("menu_check"))
async def menu_check(interaction: Used, message: discord.Message) -> None:
    """Weigh what a message claims, for whoever chose the menu."""
    await check_here(interaction, words_of(message)[:MAX_CLAIM], is_private=True)


def words_of(message: discord.Message) -> str:
    """Return the words of a message, those of its embeds where it has no others.

    Raises:
        UsageError: it has none.
    """
    texts = [message.content, *(embed.description or "" for embed in message.embeds)]
    words = next((text.strip() for text in texts if text.strip()), "")
    if not words:
        raise UsageError("that message has no words", "no_words_there")
    return words


COMMANDS: Commands = (ask, check, menu_ask, menu_check)
