"""For staff: `/corpus note` pins a dated note to a sentence that an answer quotes."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from clusterbot.bot.curating import check_address, check_staff, corpus
from clusterbot.bot.markup import escape, shorten
from clusterbot.bot.speech import Commands, said, texts_of
from clusterbot.errata import find_sentence
from clusterbot.errors import UsageError
from clusterbot.models import Document
from clusterbot.store import QuoteSpan, quote_digest

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

    Used = discord.Interaction[ClusterBot]

MAX_NOTE = 500
Note = app_commands.Range[str, 1, MAX_NOTE]


@corpus.command(name=said("note"), description=said("note_description"))
@app_commands.rename(answer=said("answer"), fr=said("note_fr"), en=said("note_en"), source=said("source"), quote=said("quote"))
@app_commands.describe(
    answer=said("answer_description"),
    fr=said("note_fr_description"),
    en=said("note_en_description"),
    source=said("source_description"),
    quote=said("quote_description"),
)
async def note(
    interaction: Used,
    answer: app_commands.Range[str, 12, 12],
    fr: Note,
    en: Note,
    source: app_commands.Range[str, 10, 1000],
    quote: app_commands.Range[int, 1, 3] = 1,
) -> None:
    """Pin a note to a sentence that an answer quotes; it is shown with it until the source's text changes."""
    check_staff(interaction)
    check_address(source)
    bot, texts, now = interaction.client, texts_of(interaction), dt.datetime.now(dt.UTC)
    with bot.at_work():
        await interaction.response.defer(thinking=True, ephemeral=True)
        quotes = (await bot.keep(bot.store.receipt, answer.lower())).quotes
        if quote > len(quotes):
            raise UsageError(f"that answer quotes {len(quotes)} sentences", "no_such_quote", count=len(quotes))
        document, sentence = await bot.read(_sentence, quotes[quote - 1], bot.assistant.engine.snapshot.documents)
        person = str(interaction.user.id)
        noted = await bot.keep(bot.store.add_erratum, document.id, sentence, fr.strip(), en.strip(), source, now, person)
        await bot.keep(bot.store.audit, "corpus note", f"{noted.id} {document.id}", now, person)
        told = texts("bot.noted", id=noted.id, document=escape(document.id), sentence=escape(shorten(sentence, 1000)))
        await interaction.followup.send(told, ephemeral=True)


def _sentence(quote: QuoteSpan, documents: tuple[Document, ...]) -> tuple[Document, str]:
    """Return the document of a quotation and the whole sentence, as the live index holds them.

    Raises:
        UsageError: the words no longer stand there.
    """
    held = next((one for one in documents if one.id == quote.document_id), None)
    if held is None or quote_digest(held.text[quote.start : quote.end]) != quote.digest:
        raise UsageError("the source has changed since that answer: ask again, and note the new answer", "quote_gone")
    return find_sentence(f"{held.id}:{quote.start}-{quote.end}", [held])


COMMANDS: Commands = (corpus,)
