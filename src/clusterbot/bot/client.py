"""The client: starts, keeps the model on a thread of its own, answers `/ask`, and takes up a new index by itself."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import discord
from discord import app_commands

from clusterbot.assistant import Assistant, Reply
from clusterbot.bot.address import use_server
from clusterbot.bot.embeds import reply_embed
from clusterbot.errors import ClusterbotError, UsageError
from clusterbot.i18n import Texts, read_texts
from clusterbot.models import Lang
from clusterbot.output import readings

logger = logging.getLogger(__name__)

MAX_WAITING = 20
RELOAD_SECONDS = 5
T = TypeVar("T")


class Translator(app_commands.Translator):
    """Answers with the French text of a command's name or description; English is what stands in the code."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        key = f"bot.{string.extras.get('key')}"
        french = read_texts("fr")
        return french(key) if locale is discord.Locale.french and key in french else None


class Tree(app_commands.CommandTree["ClusterBot"]):
    """The one place where an error becomes a sentence."""

    async def on_error(self, interaction: discord.Interaction[ClusterBot], error: app_commands.AppCommandError, /) -> None:
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        texts = texts_of(interaction)
        if isinstance(cause, ClusterbotError):
            message = texts(f"error.{cause.code}") if texts.lang == "fr" else str(cause)
        else:
            reference = secrets.token_hex(3)
            logger.error("bug %s", reference, exc_info=cause)
            message = texts("bot.bug", reference=reference)
        send = interaction.followup.send if interaction.response.is_done() else interaction.response.send_message
        await send(message[:2000], ephemeral=True)


class ClusterBot(discord.Client):
    """Answers in Discord from one assistant; needs no privileged intent."""

    def __init__(self, assistant: Assistant, is_syncing: bool) -> None:
        super().__init__(intents=discord.Intents.default(), allowed_mentions=discord.AllowedMentions.none())
        self.assistant = assistant
        self.tree = Tree(self)
        self.tree.add_command(ask)
        self._is_syncing = is_syncing
        self._model_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="model")
        self._waiting = 0

    async def setup_hook(self) -> None:
        """Sync the commands where that was asked for, and begin to look for new versions of the index."""
        await self.tree.set_translator(Translator())
        if self._is_syncing:
            await self.tree.sync()
        self._reloading = asyncio.create_task(self._reload())

    async def close(self) -> None:
        """End: what is being computed is finished, what waits is dropped."""
        if hasattr(self, "_reloading"):
            self._reloading.cancel()
        await super().close()
        self._model_thread.shutdown(cancel_futures=True)

    async def compute(self, function: Callable[..., T], /, *args: object) -> T:
        """Run what needs the model on its thread; one call uses all cores, so they wait for each other.

        Raises:
            UsageError: too many wait already.
        """
        if self._waiting >= MAX_WAITING:
            raise UsageError("many questions are being answered just now: ask again in a minute")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._model_thread, function, *args)
        finally:
            self._waiting -= 1

    async def _reload(self) -> None:
        while True:
            await asyncio.sleep(RELOAD_SECONDS)
            try:
                if await self.compute(self.assistant.reload):
                    logger.info("took up a new version of the index")
            except ClusterbotError as error:
                logger.warning("the new version of the index can't be used: %s", error)


def texts_of(interaction: discord.Interaction[ClusterBot]) -> Texts:
    """Return the texts in the reader's language."""
    return read_texts("fr" if interaction.locale is discord.Locale.french else "en")


@app_commands.command(
    name=app_commands.locale_str("ask", key="ask"),
    description=app_commands.locale_str("Ask about Québec's clusters", key="ask_description"),
)
@app_commands.describe(question=app_commands.locale_str("Your question, in French or English", key="question_description"))
@app_commands.rename(question=app_commands.locale_str("question", key="question"))
async def ask(interaction: discord.Interaction[ClusterBot], question: app_commands.Range[str, 3, 300]) -> None:
    """Answer a question with its sources."""
    await interaction.response.defer(thinking=True)
    reply = await interaction.client.compute(interaction.client.assistant.ask, question)
    await interaction.followup.send(embed=embed_of(reply, interaction.client.assistant))


def embed_of(reply: Reply, assistant: Assistant) -> discord.Embed:
    """Show a reply in its question's language."""
    lang: Lang = reply.result.question.lang
    texts = read_texts(lang)
    return reply_embed(reply, readings(reply.result.question, assistant.engine.registry.clusters, texts), texts)


def run_bot(assistant: Assistant, token: str, is_syncing: bool, api_url: str, gateway_url: str) -> None:
    """Run the bot until it is told to end.

    Raises:
        UsageError: Discord refuses the token, or can't be reached; or the addresses don't belong together.
    """
    use_server(api_url, gateway_url)
    try:
        ClusterBot(assistant, is_syncing).run(token, log_handler=None)
    except discord.LoginFailure as error:
        cure = "copy it anew from the Bot page of your application in Discord's developer portal into CLUSTERBOT_DISCORD_TOKEN"
        raise UsageError(f"Discord refuses the token: {cure}") from error
    except OSError as error:
        raise UsageError(f"Discord can't be reached ({error}): check the network, then start the bot again") from error
