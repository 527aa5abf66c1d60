"""The routes of the application: itself, its commands, and its answers to interactions."""

from __future__ import annotations

from aiohttp import web

from clusterbot.loopback.board import Board
from clusterbot.loopback.commands import Command, read_command, read_commands
from clusterbot.loopback.forms import MessageBody
from clusterbot.loopback.interactions import Desk
from clusterbot.loopback.payloads import application_json, command_json, guild_json, member_json, message_json, user_json
from clusterbot.loopback.refusals import Json, Refusal, read_form, unknown
from clusterbot.loopback.requests import NOTHING, Table, read_id, read_json
from clusterbot.loopback.world import Guild, new_id


class Routes:
    """The handlers."""

    def __init__(self, board: Board, desk: Desk) -> None:
        self._board = board
        self._desk = desk
        self._world = board.world

    def table(self) -> Table:
        """Return the routes."""
        webhook = "/webhooks/{application_id}/{token}"
        answer = f"{webhook}/messages/{{message_id}}"
        commands: Table = [
            (method, f"/applications/{{application_id}}{scope}/commands{tail}", handler)
            for scope in ("", "/guilds/{guild_id}")
            for method, tail, handler in (
                ("GET", "", self.list_commands),
                ("PUT", "", self.put_commands),
                ("POST", "", self.add_command),
                ("GET", "/{command_id}", self.get_command),
                ("DELETE", "/{command_id}", self.delete_command),
            )
        ]
        return [
            *commands,
            ("GET", "/gateway", self.gateway),
            ("GET", "/gateway/bot", self.gateway_for_bots),
            ("GET", "/users/@me", self.me),
            ("GET", "/users/{user_id}", self.user),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/applications/@me", self.application),
            ("GET", "/guilds/{guild_id}", self.guild),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self.member),
            ("POST", "/interactions/{interaction_id}/{token}/callback", self.answer),
            ("POST", webhook, self.follow_up),
            ("GET", answer, self.get_answer),
            ("PATCH", answer, self.edit_answer),
            ("DELETE", answer, self.delete_answer),
        ]

    async def gateway(self, request: web.Request) -> Json:
        return {"url": self._board.gateway.address}

    async def gateway_for_bots(self, request: web.Request) -> Json:
        gateway = self._board.gateway
        left = {"total": gateway.limits.identifies, "remaining": gateway.identifies_left, "reset_after": 86_400_000}
        return {"url": gateway.address, "shards": 1, "session_start_limit": {**left, "max_concurrency": 1}}

    async def me(self, request: web.Request) -> Json:
        return user_json(self._world.bot)

    async def user(self, request: web.Request) -> Json:
        found = self._world.users.get(read_id(request, "user_id"))
        if found is None:
            raise unknown("User")
        return user_json(found)

    async def application(self, request: web.Request) -> Json:
        return application_json(self._world, self._board.gateway.application_flags())

    async def guild(self, request: web.Request) -> Json:
        return guild_json(self._guild(request), self._world.bot, with_members=False)

    async def member(self, request: web.Request) -> Json:
        found = self._guild(request).members.get(read_id(request, "user_id"))
        if found is None:
            raise unknown("User")
        return member_json(found)

    async def list_commands(self, request: web.Request) -> list[Json]:
        scope = self._scope(request)
        return [command_json(id_, one, self._world, scope) for id_, one in self._world.commands.get(scope, {}).items()]

    async def put_commands(self, request: web.Request) -> list[Json]:
        scope, commands = self._scope(request), read_commands(await read_json(request))
        before = {(one.type, one.name): id_ for id_, one in self._world.commands.get(scope, {}).items()}
        self._world.commands[scope] = {before.get((one.type, one.name)) or new_id(): one for one in commands}
        return await self.list_commands(request)

    async def add_command(self, request: web.Request) -> Json:
        scope, command = self._scope(request), read_command(await read_json(request))
        here = self._world.commands.setdefault(scope, {})
        same = [id_ for id_, one in here.items() if (one.type, one.name) == (command.type, command.name)]
        id_ = same[0] if same else new_id()
        here[id_] = command
        return command_json(id_, command, self._world, scope)

    async def get_command(self, request: web.Request) -> Json:
        scope, id_ = self._scope(request), read_id(request, "command_id")
        return command_json(id_, self._command(scope, id_), self._world, scope)

    async def delete_command(self, request: web.Request) -> object:
        scope, id_ = self._scope(request), read_id(request, "command_id")
        self._command(scope, id_)
        del self._world.commands[scope][id_]
        return NOTHING

    def _command(self, scope: int | None, id_: int) -> Command:
        found = self._world.commands.get(scope, {}).get(id_)
        if found is None:
            raise unknown("Application Command")
        return found

    def _scope(self, request: web.Request) -> int | None:
        if read_id(request, "application_id") != self._world.application_id:
            raise Refusal(403, 20012, "You are not authorized to perform this action on this application")
        return self._guild(request).id if "guild_id" in request.match_info else None

    async def answer(self, request: web.Request) -> object:
        told = self._desk.answer(read_id(request, "interaction_id"), request.match_info["token"], await read_json(request))
        return told if request.query.get("with_response", "").lower() in ("1", "true") else NOTHING

    async def follow_up(self, request: web.Request) -> Json:
        interaction = self._desk.by_token(request.match_info["token"])
        message = self._desk.follow_up(interaction, read_form(MessageBody, await read_json(request)))
        return message_json(message, self._world, reads_content=True)

    async def get_answer(self, request: web.Request) -> Json:
        interaction = self._desk.by_token(request.match_info["token"])
        return message_json(self._desk.find(interaction, request.match_info["message_id"]), self._world, reads_content=True)

    async def edit_answer(self, request: web.Request) -> Json:
        interaction = self._desk.by_token(request.match_info["token"])
        message = self._desk.find(interaction, request.match_info["message_id"])
        self._desk.edit(interaction, message, read_form(MessageBody, await read_json(request)))
        return message_json(message, self._world, reads_content=True)

    async def delete_answer(self, request: web.Request) -> object:
        interaction = self._desk.by_token(request.match_info["token"])
        self._desk.delete(interaction, self._desk.find(interaction, request.match_info["message_id"]))
        return NOTHING

    def _guild(self, request: web.Request) -> Guild:
        found = self._world.guilds.get(read_id(request, "guild_id"))
        if found is None or self._world.bot.id not in found.members:
            raise unknown("Guild")
        return found
