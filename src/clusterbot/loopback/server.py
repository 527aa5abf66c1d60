"""The server: puts the parts together behind one address, checks each request, and records it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
import urllib.parse
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from aiohttp import web

from clusterbot.loopback.board import Board
from clusterbot.loopback.channels import ChannelRoutes
from clusterbot.loopback.door import FILES, PREFIX, Door, Failure
from clusterbot.loopback.gateway import GUILD_MEMBERS, GUILDS, INVALID, PRIVILEGED, RECONNECT, Gateway
from clusterbot.loopback.interactions import Desk
from clusterbot.loopback.payloads import channel_json, file_json, guild_json, member_json
from clusterbot.loopback.people import Person
from clusterbot.loopback.record import HEARTBEAT, Limits, Record
from clusterbot.loopback.refusals import Json
from clusterbot.loopback.rest import Routes
from clusterbot.loopback.world import BY_DEFAULT, Channel, File, Guild, Member, Role, User, World

POLL_S = 0.02
T = TypeVar("T")


class NotSeen(AssertionError):
    """What was waited for didn't come."""


class Server:
    """A Discord on 127.0.0.1. `async with Server() as server` starts and stops it; it has one server (guild) and one channel."""

    def __init__(self, limits: Limits | None = None, bot_name: str = "clusterbot") -> None:
        self.limits = limits or Limits()
        self.record = Record()
        self.bot = User(bot_name, is_bot=True)
        self.world = World(self.bot, self.bot.id, users={self.bot.id: self.bot})
        self.gateway = Gateway(self.world, secrets.token_urlsafe(24), self.limits, self.record, self._changed)
        self.board = Board(self.world, self.gateway, self.limits, self._changed)
        self.desk = Desk(self.board, self.limits, self.record, self._changed)
        self.guild = self.add_guild("Atelier")
        self.channel = self.add_channel("général")
        self._news = asyncio.Event()
        self._door = Door(lambda: self.token, self.limits, self.record, self._changed)
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def token(self) -> str:
        """Return the bot's token; another one once too many identifies have reset it."""
        return self.gateway.token

    @property
    def api_url(self) -> str:
        """Return the address of the HTTP routes."""
        return f"http://127.0.0.1:{self._port}{PREFIX}"

    @property
    def gateway_url(self) -> str:
        """Return the address of the gateway."""
        return f"ws://127.0.0.1:{self._port}/"

    async def __aenter__(self) -> Self:
        """Start on a free port."""
        application = web.Application(middlewares=[self._door.take])
        application.router.add_get("/", self.gateway.serve)
        application.router.add_get(f"{FILES}{{id}}/{{name}}", self._send_file)
        for method, path, handler in [*Routes(self.board, self.desk).table(), *ChannelRoutes(self.board).table()]:
            application.router.add_route(method, PREFIX + path, self._door.sent(handler))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        self.gateway.address = self.gateway_url
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Cut what is connected and stop; a bug of the server itself comes out here."""
        self.gateway.drop_all()
        self.desk.close()
        self.board.close()
        if self._runner is not None:
            await self._runner.cleanup()
        if self._door.bugs and error is None:
            raise self._door.bugs[0]

    def upload(self, file: File) -> Json:
        """Keep a file that someone gives to a command; return how the bot is told of it."""
        self.world.files[file.id] = file
        address = f"http://127.0.0.1:{self._port}{FILES}{file.id}/{urllib.parse.quote(file.name, safe='')}"
        return file_json(file, address)

    async def _send_file(self, request: web.Request) -> web.Response:
        """Give a file to whoever has its address, as the network does that stands beside Discord."""
        file = self.world.files.get(int(request.match_info["id"])) if request.match_info["id"].isdigit() else None
        return web.Response(status=404) if file is None else web.Response(body=file.content)

    # What there is

    def add_guild(self, name: str, locale: str = "fr") -> Guild:
        """Add a server, with the bot in it; a bot that is connected is told."""
        guild = Guild(name, locale)
        guild.members[self.bot.id] = Member(self.bot, [])
        self.world.guilds[guild.id] = guild
        self.gateway.dispatch("GUILD_CREATE", GUILDS, lambda _: guild_json(guild, self.bot, with_members=False))
        return guild

    def add_channel(self, name: str, guild: Guild | None = None, overwrites: dict[int, tuple[int, int]] | None = None) -> Channel:
        """Add a text channel; `overwrites` are allowed and denied permissions by the id of a role or member."""
        home = guild or self.guild
        channel = Channel(name, guild=home, overwrites=overwrites or {})
        home.channels[channel.id] = self.world.channels[channel.id] = channel
        self.gateway.dispatch("CHANNEL_CREATE", GUILDS, lambda _: channel_json(channel))
        return channel

    def add_role(self, name: str, permissions: int = 0, guild: Guild | None = None, is_mentionable: bool = False) -> Role:
        """Add a role."""
        home = guild or self.guild
        role = Role(name, permissions, is_mentionable=is_mentionable)
        home.roles[role.id] = role
        return role

    def person(
        self,
        name: str,
        locale: str = "en-US",
        roles: list[Role] | None = None,
        guilds: list[Guild] | None = None,
        takes_direct: bool = True,
    ) -> Person:
        """Let someone join; `guilds` are the servers they are in, by default the first."""
        user = User(name, locale=locale, takes_direct=takes_direct)
        self.world.users[user.id] = user
        for guild in [self.guild] if guilds is None else guilds:
            member = Member(user, list(roles or ()))
            guild.members[user.id] = member
            self._tell_of(member, guild)
        return Person(user, self)

    def _tell_of(self, member: Member, guild: Guild) -> None:
        told = {**member_json(member), "guild_id": str(guild.id)}
        self.gateway.dispatch("GUILD_MEMBER_ADD", GUILD_MEMBERS, lambda _: told)

    def allow_intents(self, intents: int = PRIVILEGED) -> None:
        """Switch privileged intents on, as in the developer portal; all are off at first."""
        self.gateway.allowed_intents = intents

    def permit(self, *, allow: int = 0, deny: int = 0, channel: Channel | None = None) -> None:
        """Change what the bot may do: in a channel, or what everyone may in the first server."""
        if channel is not None:
            channel.overwrites[self.bot.id] = (allow, deny)
            self.gateway.dispatch("CHANNEL_UPDATE", GUILDS, lambda _: channel_json(channel))
            return
        role = self.guild.roles[self.guild.id]
        role.permissions = (sum(BY_DEFAULT) | allow) & ~deny

    # What goes wrong

    def drop_connection(self) -> None:
        """Cut the gateway's connections without a word."""
        self.gateway.drop_all()

    def close_connection(self, code: int) -> None:
        """Close the gateway's connections with a code."""
        self.gateway.close_all(code)

    def ask_to_reconnect(self) -> None:
        """Send the operation that tells a bot to connect anew and resume."""
        self.gateway.tell_all(RECONNECT, None)

    def invalidate(self, is_resumable: bool = False) -> None:
        """Send the operation that ends a session, or, resumable, interrupts it."""
        self.gateway.tell_all(INVALID, is_resumable)

    def ask_for_heartbeat(self) -> None:
        """Send the operation that asks for a heartbeat at once."""
        self.gateway.tell_all(HEARTBEAT, None)

    def fail(self, route: str, status: int, times: int = 1, retry_after_s: float = 0.05, is_global: bool = False) -> None:
        """Let a route ("POST /channels/{channel_id}/messages") answer with a status: 429 with its headers, 5xx, anything."""
        self._door.failures.append(Failure(route, status, times, retry_after_s, is_global))

    # What came

    async def until(self, check: Callable[[], T], within_s: float = 5.0, told: str = "what was waited for") -> T:
        """Wait until a check holds, of the server or of anything else, and return what it returns.

        Raises:
            NotSeen: it didn't hold in time.
        """
        deadline = time.monotonic() + within_s
        while not (found := check()):
            if time.monotonic() > deadline:
                raise NotSeen(f"{told} didn't come within {within_s:g} s")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), POLL_S)
        return found

    async def connected(self, within_s: float = 10.0) -> None:
        """Wait until a bot is there."""
        await self.until(lambda: any(link.session for link in self.gateway.links), within_s, "a bot")

    def _changed(self) -> None:
        if hasattr(self, "_news"):
            self._news.set()
            self._news = asyncio.Event()
