"""What each button does. Feedback, proof, citation and more passages are shown to whoever pressed, and to nobody else."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Literal

import discord

from clusterbot.bot.buttons import REASONS, Reason, answer_view, button_view, view_of
from clusterbot.bot.citations import citation_blocks, proof_blocks
from clusterbot.bot.embeds import SURE, UNKNOWN, paged, source_line
from clusterbot.bot.markup import escape, plain, shorten
from clusterbot.bot.replies import THREAD_DAYS, place_of, thread_action
from clusterbot.bot.speech import texts_of
from clusterbot.errors import UsageError
from clusterbot.i18n import Texts, read_texts
from clusterbot.index import snapshot
from clusterbot.models import Document
from clusterbot.store import Conversation, Receipt

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

    Pressed = discord.Interaction[ClusterBot]

MAX_EXPORT_PAGES = 8
ARCHIVE_MINUTES: Literal[1440] = 1440
MAX_THREAD_NAME = 90


async def up(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Keep that the answer helped."""
    await _give(interaction, receipt, True, None)
    await interaction.response.send_message(texts_of(interaction)("bot.thanks"), ephemeral=True)


async def down(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Keep that the answer didn't help, and ask why."""
    texts = texts_of(interaction)
    await _give(interaction, receipt, False, None)
    await interaction.response.send_message(texts("bot.sorry"), view=view_of(Reason(receipt, texts)), ephemeral=True)


async def why(interaction: Pressed, receipt: str, chosen: tuple[str, ...]) -> None:
    """Keep the reason."""
    reason = chosen[0] if chosen and chosen[0] in REASONS else None
    await _give(interaction, receipt, False, reason)
    await interaction.response.edit_message(content=texts_of(interaction)("bot.thanks"), view=None)


async def _give(interaction: Pressed, receipt: str, is_helpful: bool, reason: str | None) -> None:
    bot = interaction.client
    await bot.keep(bot.store.give_feedback, receipt, is_helpful, str(interaction.user.id), reason, dt.datetime.now(dt.UTC))


async def watch(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Keep that someone wants to be told when the corpus answers."""
    bot = interaction.client
    await bot.keep(bot.store.watch, receipt, str(interaction.user.id), dt.datetime.now(dt.UTC))
    await interaction.response.send_message(texts_of(interaction)("bot.watching"), ephemeral=True)


async def verify(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Read the stored documents again and show each quotation among its neighbours."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    kept, documents, index = await _stored(interaction, receipt)
    await show(interaction, paged(proof_blocks(kept.quotes, documents, index, texts_of(interaction)), SURE))


async def cite(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Show the quotations as citations to copy."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    texts = texts_of(interaction)
    kept, documents, _index = await _stored(interaction, receipt)
    today = dt.datetime.now(dt.UTC).date()
    blocks = list(citation_blocks(kept.quotes, documents, today, texts)) or [texts("bot.nothing_to_cite")]
    await show(interaction, paged(blocks, SURE))


async def _stored(interaction: Pressed, receipt: str) -> tuple[Receipt, dict[str, Document], str]:
    """Return a receipt, and the documents that it quotes as the live index holds them on disk, whose checksum is checked anew."""
    bot = interaction.client
    kept = await bot.keep(bot.store.receipt, receipt)
    index, documents = await bot.read(snapshot.read_documents, bot.assistant.index_dir, {one.document_id for one in kept.quotes})
    return kept, documents, index


async def more(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Show the passages that an answer rests on, or the nearest ones, as the live index holds them."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    bot, texts = interaction.client, texts_of(interaction)
    kept = await bot.keep(bot.store.receipt, receipt)
    by_id = bot.assistant.engine.snapshot.passages.find({one.passage_id for one in kept.passages})
    held = [by_id[one.passage_id] for one in kept.passages if one.passage_id in by_id]
    blocks = [f"{escape(one.text)}\n— {source_line(one.document, one.document.url, texts)}" for one in held]
    await show(interaction, paged(blocks or [texts("bot.no_more")], UNKNOWN))


async def publish(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Show a private answer to everyone in the channel; only whoever asked sees this button."""
    await _show_all(interaction, receipt, ())


async def spread(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Show a private answer of several messages to everyone in the channel."""
    earlier = interaction.client.unpublished.take(interaction.message.id) if interaction.message else ()
    await _show_all(interaction, receipt, earlier)


async def _show_all(interaction: Pressed, receipt: str, earlier: Sequence[discord.Embed]) -> None:
    """Send the messages of a private answer again, publicly: those before the one pressed, then that one with its buttons."""
    message = interaction.message
    if message is None or not message.flags.ephemeral:
        raise UsageError("this answer is public already", "already_public")
    await interaction.response.edit_message(view=None)
    embeds, public = message.embeds, discord.utils.MISSING
    if receipt:
        bot = interaction.client
        kept = await bot.keep(bot.store.receipt, receipt)
        public = answer_view(
            receipt, read_texts(kept.lang), kept.outcome == "answered", thread_action(place_of(interaction.channel))
        )
    for embed in earlier:
        await interaction.followup.send(embed=embed)
    await interaction.followup.send(embeds=embeds, view=public)


async def thread(interaction: Pressed, receipt: str, _: tuple[str, ...]) -> None:
    """Open a thread under an answer, in which the conversation goes on."""
    bot, texts, message = interaction.client, texts_of(interaction), interaction.message
    if message is None or not isinstance(interaction.channel, discord.TextChannel) or message.flags.ephemeral:
        raise UsageError("no thread can be opened here: ask in a text channel", "no_thread_here")
    if not interaction.permissions.create_public_threads:
        raise UsageError("you may not open threads in this channel: ask a moderator", "no_thread_for_you")
    await interaction.response.defer(ephemeral=True, thinking=True)
    kept = await bot.keep(bot.store.receipt, receipt)
    name = shorten(kept.question or texts("bot.thread_name"), MAX_THREAD_NAME)
    opened = await message.create_thread(name=name, auto_archive_duration=ARCHIVE_MINUTES)
    now = dt.datetime.now(dt.UTC)
    asked = tuple(one for one in (*(kept.context or ()), kept.question) if one)
    conversation = Conversation(asked, kept.wanted_lang, kept.filters)
    expires = now + dt.timedelta(days=THREAD_DAYS)
    await bot.keep(bot.store.keep_conversation, str(opened.id), conversation, str(interaction.user.id), now, expires)
    await opened.send(thread_greeting(bot, read_texts(kept.lang)))
    await interaction.followup.send(texts("bot.thread_opened", thread=opened.mention), ephemeral=True)


def thread_greeting(bot: ClusterBot, texts: Texts) -> str:
    """Say how to go on in a thread: by writing, or, where the bot may not read messages, by mentioning it."""
    return texts("bot.thread_free") if bot.intents.message_content else texts("bot.thread_mention", name=bot.name)


async def export(interaction: Pressed, _: str, __: tuple[str, ...]) -> None:
    """Show all that is held on whoever pressed."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    bot, texts = interaction.client, texts_of(interaction)
    held = await bot.keep(bot.store.export, str(interaction.user.id))
    blocks = [texts("bot.held", count=sum(len(rows) for rows in held.values()))]
    for kind, rows in held.items():
        if rows:
            written = (json.dumps(row, ensure_ascii=False, indent=1) for row in rows)
            blocks += [f"**{texts(f'privacy.{kind}')}**", *(f"```json\n{plain_code(one)}\n```" for one in written)]
    pages = paged(blocks, UNKNOWN)
    if len(pages) > MAX_EXPORT_PAGES:
        pages = [*pages[: MAX_EXPORT_PAGES - 1], *paged([texts("bot.held_more", id=interaction.user.id)], UNKNOWN)]
    await show(interaction, pages)


def plain_code(text: str) -> str:
    """Return lines for a block of code: without what would end it, each bounded."""
    return "\n".join(plain(line)[:1500] for line in text.replace("`", "ˋ").split("\n"))


async def erase(interaction: Pressed, _: str, __: tuple[str, ...]) -> None:
    """Ask once more before all is erased."""
    texts = texts_of(interaction)
    await interaction.response.send_message(texts("bot.erase_sure"), view=button_view(texts, "sure"), ephemeral=True)


async def sure(interaction: Pressed, _: str, __: tuple[str, ...]) -> None:
    """Erase all that is held on whoever pressed."""
    await interaction.response.defer()
    bot, texts = interaction.client, texts_of(interaction)
    counts = await bot.keep(bot.store.erase, str(interaction.user.id), dt.datetime.now(dt.UTC))
    await interaction.edit_original_response(content=texts("bot.erased", count=sum(counts.values())), view=None)


async def show(interaction: discord.Interaction, embeds: Iterable[discord.Embed]) -> None:
    """Send embeds to whoever acted, one a message."""
    for embed in embeds:
        await interaction.followup.send(embed=embed, ephemeral=True)


ACTIONS: dict[str, Callable[[Pressed, str, tuple[str, ...]], Awaitable[None]]] = {
    one.__name__: one for one in (up, down, why, watch, verify, cite, more, publish, spread, thread, export, erase, sure)
}
