"""The client: starts and ends, keeps what takes time off the event loop, and turns errors into sentences."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from typing import TypeVar

import discord
from discord import app_commands

from clusterbot.assistant import Assistant
from clusterbot.bot import asking, curating, listening, looking, noting, privacy
from clusterbot.bot.address import use_server
from clusterbot.bot.buttons import Press, Reason
from clusterbot.bot.jobs import JOBS, Job, beat
from clusterbot.bot.limits import Cooldowns
from clusterbot.bot.presses import ACTIONS
from clusterbot.bot.replies import Unpublished
from clusterbot.bot.speech import Translator, kind_of, texts_of, told
from clusterbot.errors import ClusterbotError, UsageError
from clusterbot.monitoring import GatewayState, HealthServer, Monitor
from clusterbot.settings import Settings
from clusterbot.store import Store

logger = logging.getLogger(__name__)

MAX_WAITING = 100  # questions: two seconds of answers on two cores
DRAIN_S = 20.0  # at the end, for answers in flight
COMMANDS = (*asking.COMMANDS, *looking.COMMANDS, *privacy.COMMANDS, *noting.COMMANDS, *curating.COMMANDS)
GATEWAY: dict[str, GatewayState] = {"ready": "ready", "resumed": "ready", "disconnect": "lost"}
T = TypeVar("T")


class Tree(app_commands.CommandTree["ClusterBot"]):
    """The commands; what goes wrong in one becomes a sentence here."""

    async def on_error(self, interaction: discord.Interaction[ClusterBot], error: app_commands.AppCommandError, /) -> None:
        """Tell an error to whoever used the command."""
        await self.client.tell(interaction, error)


class ClusterBot(discord.Client):
    """Answers in Discord from one assistant; needs no privileged intent."""

    def __init__(
        self, assistant: Assistant, store: Store, settings: Settings, is_syncing: bool = False, monitor: Monitor | None = None
    ) -> None:
        intents = discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=settings.message_content)
        super().__init__(intents=intents, allowed_mentions=discord.AllowedMentions.none(), max_messages=None)
        self.assistant = assistant
        self.store = store
        self.settings = settings
        self.monitor = monitor or Monitor()
        self.cooldowns = Cooldowns(settings.person_per_minute, settings.server_per_minute)
        self.unpublished = Unpublished()
        self.working = asyncio.Lock()
        self.tree = Tree(self)
        for command in COMMANDS:
            self.tree.add_command(command)
        self._is_syncing = is_syncing
        self._model_thread, self._store_thread, self._file_thread = (
            ThreadPoolExecutor(max_workers=1, thread_name_prefix=name) for name in ("model", "store", "files")
        )
        self._waiting = 0
        self._in_flight = 0
        self._is_ending = False
        self._jobs: list[asyncio.Task[None]] = []

    async def setup_hook(self) -> None:
        """Register the commands where that was asked for, take up earlier buttons, and begin what is done again and again."""
        self.add_dynamic_items(Press, Reason)
        await self.tree.set_translator(Translator())
        if self._is_syncing:
            await self.tree.sync()
        await beat(self)
        self._jobs = [asyncio.create_task(self._repeat(job)) for job in JOBS]

    @property
    def name(self) -> str:
        """What people call the bot."""
        return self.user.display_name if self.user else "clusterbot"

    async def close(self) -> None:
        """End: nothing new is taken, answers in flight are finished."""
        self._is_ending = True
        for job in self._jobs:
            job.cancel()
        deadline = time.monotonic() + DRAIN_S
        while self._in_flight and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await super().close()
        for thread in (self._model_thread, self._store_thread, self._file_thread):
            thread.shutdown(cancel_futures=True)

    async def _repeat(self, job: Job) -> None:
        """Do a job again and again; one that fails is logged and done again."""
        while True:
            await asyncio.sleep(job.every_s)
            try:
                await job.work(self)
            except (ClusterbotError, discord.HTTPException, OSError) as error:
                self.monitor.failed(kind_of(error))
                logger.warning("%s: %s", job.work.__name__, error)
            except Exception as error:
                self.monitor.failed(kind_of(error))
                logger.exception("bug in %s", job.work.__name__)

    # The three doors through which a coroutine leaves the event loop, each on a thread of its own

    async def compute(self, function: Callable[..., T], /, *args: object) -> T:
        """Run what needs the model; one call uses all cores, so they wait for each other.

        Raises:
            UsageError: too many wait already.
        """
        if self._waiting >= MAX_WAITING:
            raise UsageError("many questions are being answered just now: ask again in a minute", "busy")
        self._waiting += 1
        self.monitor.queued(self._waiting, MAX_WAITING)
        work = self.monitor.timed("wait", "answer", lambda: function(*args))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._model_thread, work)
        finally:
            self._waiting -= 1
            self.monitor.queued(self._waiting, MAX_WAITING)

    async def keep(self, function: Callable[..., T], /, *args: object) -> T:
        """Run what reads or writes the store; it never waits behind a question."""
        return await asyncio.get_running_loop().run_in_executor(self._store_thread, function, *args)

    async def read(self, function: Callable[..., T], /, *args: object) -> T:
        """Run what reads the index's files."""
        return await asyncio.get_running_loop().run_in_executor(self._file_thread, function, *args)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Count what must be finished before the bot ends.

        Raises:
            UsageError: the bot is ending.
        """
        if self._is_ending:
            raise UsageError("the bot is being restarted: ask again in a minute", "restarting")
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1

    # What comes from Discord beside commands

    def dispatch(self, event: str, /, *args: object, **values: object) -> None:
        """Note at once how the connection stands, then hand an event on; a handler would be a task that may outlive the loop."""
        if event in GATEWAY and not self._is_ending:
            self.monitor.gateway(GATEWAY[event])
        super().dispatch(event, *args, **values)

    async def press(self, interaction: discord.Interaction[ClusterBot], action: str, receipt: str, chosen: tuple[str, ...]) -> None:
        """Do what a button says; discord.py only logs what a button raises, so it is told here."""
        try:
            with self.at_work():
                self.cooldowns.count(interaction.user.id, None)
                if action not in ACTIONS:
                    raise UsageError("this button is of another version of the bot", "unknown_button")
                await ACTIONS[action](interaction, receipt, chosen)
        except Exception as error:
            await self.tell(interaction, error)

    async def on_message(self, message: discord.Message) -> None:
        """Answer a message that is meant for the bot."""
        await listening.hear(self, message)

    async def tell(self, interaction: discord.Interaction[ClusterBot], error: BaseException) -> None:
        """Tell an error to whoever acted, and to nobody else."""
        self.monitor.failed(kind_of(error))
        sentence = told(error, texts_of(interaction))
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                logger.warning("nothing was proposed: %s", error)
            elif interaction.response.is_done():
                await interaction.followup.send(sentence, ephemeral=True)
            else:
                await interaction.response.send_message(sentence, ephemeral=True)
        except discord.HTTPException as failure:
            logger.warning("an error could not be told: %s", failure)


def run_bot(assistant: Assistant, store: Store, settings: Settings, token: str, is_syncing: bool) -> None:
    """Run the bot until it is told to end.

    Raises:
        UsageError: Discord refuses the token or an intent, or can't be reached; or the addresses don't belong together.
    """
    use_server(settings.discord_api_url, settings.discord_gateway_url)
    monitor = Monitor()
    try:
        with HealthServer(monitor, settings.http_bind) if settings.http_bind else nullcontext():
            asyncio.run(_serve(lambda: ClusterBot(assistant, store, settings, is_syncing, monitor), token))
    except discord.LoginFailure as error:
        cure = "copy it anew from the Bot page of your application in Discord's developer portal into CLUSTERBOT_DISCORD_TOKEN"
        raise UsageError(f"Discord refuses the token: {cure}") from error
    except discord.PrivilegedIntentsRequired as error:
        cure = "switch it on on the Bot page of your application in Discord's developer portal, or unset the setting"
        raise UsageError(f"CLUSTERBOT_MESSAGE_CONTENT needs the Message Content Intent: {cure}") from error
    except OSError as error:
        raise UsageError(f"Discord can't be reached ({error}): check the network, then start the bot again") from error


async def _serve(make_bot: Callable[[], ClusterBot], token: str) -> None:
    """Run a bot until SIGTERM or SIGINT, or until it fails."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    with suppress(NotImplementedError, RuntimeError, ValueError):  # not on Windows, and not beside the main thread
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
    bot = make_bot()
    running, stopping = asyncio.create_task(bot.start(token)), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        await bot.close()
    await running
