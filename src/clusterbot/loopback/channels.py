"""The routes of channels: messages, threads, direct conversations. What the bot may do there is decided here."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import Field, StringConstraints

from clusterbot.loopback.board import Board, message_kind
from clusterbot.loopback.forms import Body, MessageBody, Reference
from clusterbot.loopback.payloads import channel_json, is_always_readable, message_json
from clusterbot.loopback.refusals import Json, Refusal, bad_form, missing_access, missing_permissions, read_form, unknown
from clusterbot.loopback.requests import NOTHING, Table, read_id, read_json
from clusterbot.loopback.sessions import CONTENT
from clusterbot.loopback.world import (
    CREATE_PRIVATE_THREADS,
    CREATE_PUBLIC_THREADS,
    DIRECT,
    EMBED_LINKS,
    MANAGE_MESSAGES,
    MANAGE_THREADS,
    PRIVATE_THREAD,
    READ_MESSAGE_HISTORY,
    SEND_IN_THREADS,
    SEND_MESSAGES,
    THREAD,
    Channel,
    Message,
    new_id,
    permissions,
)


class RecipientBody(Body):
    recipient_id: int


class ThreadBody(Body):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    auto_archive_duration: int = 1440
    type: int = PRIVATE_THREAD


class ChannelBody(Body):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] | None = None
    archived: bool | None = None
    locked: bool | None = None


class ListQuery(Body):
    limit: int = Field(50, ge=1, le=100)
    before: int | None = None
    after: int | None = None


class ChannelRoutes:
    """The handlers."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._world = board.world

    def table(self) -> Table:
        """Return the routes."""
        here = "/channels/{channel_id}"
        messages, one = f"{here}/messages", f"{here}/messages/{{message_id}}"
        return [
            ("POST", "/users/@me/channels", self.open_direct),
            ("GET", here, self.channel),
            ("PATCH", here, self.change_channel),
            ("POST", f"{here}/typing", self.type),
            ("GET", messages, self.list_messages),
            ("POST", messages, self.send_message),
            ("GET", one, self.get_message),
            ("PATCH", one, self.edit_message),
            ("DELETE", one, self.delete_message),
            ("POST", f"{one}/threads", self.thread_from_message),
            ("POST", f"{here}/threads", self.thread_alone),
            ("PUT", f"{here}/thread-members/@me", self.join_thread),
            ("PUT", f"{here}/thread-members/{{user_id}}", self.join_thread),
        ]

    async def open_direct(self, request: web.Request) -> Json:
        user = self._world.users.get(read_form(RecipientBody, await read_json(request)).recipient_id)
        if user is None:
            raise unknown("User")
        return channel_json(self._world.direct(user))

    async def channel(self, request: web.Request) -> Json:
        return channel_json(self._channel(request))

    async def change_channel(self, request: web.Request) -> Json:
        thread, body = self._channel(request), read_form(ChannelBody, await read_json(request))
        may = permissions(self._world.bot, thread)
        if not thread.is_thread or not (may & MANAGE_THREADS or (thread.owner_id == self._world.bot.id and body.locked is None)):
            raise missing_permissions()
        if thread.is_archived and body.archived is not False:
            raise _archived()
        self._board.change_thread(thread, is_archived=body.archived, is_locked=body.locked, name=body.name or "")
        return channel_json(thread)

    async def type(self, request: web.Request) -> object:
        self._may(self._channel(request), SEND_MESSAGES)
        return NOTHING

    async def list_messages(self, request: web.Request) -> list[Json]:
        channel, query = self._channel(request), read_form(ListQuery, dict(request.query))
        if not permissions(self._world.bot, channel) & READ_MESSAGE_HISTORY:
            return []
        low, high = query.after or 0, query.before or new_id()
        found = [one for one in channel.messages.values() if low < one.id < high and not one.is_ephemeral]
        kept = found[: query.limit] if query.after else found[-query.limit :]
        return [self._told(one) for one in reversed(kept)]

    async def get_message(self, request: web.Request) -> Json:
        return self._told(self._message(request))

    async def send_message(self, request: web.Request) -> Json:
        channel, body = self._channel(request), read_form(MessageBody, await read_json(request))
        self._may(channel, SEND_MESSAGES)
        if body.embeds:
            self._may(channel, EMBED_LINKS)
        if channel.type == DIRECT and not all(user.takes_direct for user in channel.people):
            raise Refusal(403, 50007, "Cannot send messages to this user")
        reference = None if body.message_reference is None else self._reference(channel, body.message_reference)
        message = self._board.post(channel, self._world.bot, body, kind=message_kind(reference), reference=reference)
        return self._told(message)

    def _reference(self, channel: Channel, wanted: Reference) -> Message | None:
        if not permissions(self._world.bot, channel) & READ_MESSAGE_HISTORY:
            raise Refusal(400, 160002, "Cannot reply without permission to read message history")
        found = channel.messages.get(wanted.message_id)
        if (found is None or found.is_ephemeral) and wanted.fail_if_not_exists:
            raise bad_form({("message_reference",): ("MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")})
        return found

    async def edit_message(self, request: web.Request) -> Json:
        message = self._message(request)
        if message.author is not self._world.bot:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        if message.channel.is_archived:
            raise _archived()
        self._board.edit(message, read_form(MessageBody, await read_json(request)))
        return self._told(message)

    async def delete_message(self, request: web.Request) -> object:
        message = self._message(request)
        if message.author is not self._world.bot:
            self._may(message.channel, MANAGE_MESSAGES)
        self._board.delete(message)
        return NOTHING

    async def thread_from_message(self, request: web.Request) -> Json:
        message, body = self._message(request), read_form(ThreadBody, await read_json(request))
        return self._open(message.channel, body, THREAD, message)

    async def thread_alone(self, request: web.Request) -> Json:
        channel, body = self._channel(request), read_form(ThreadBody, await read_json(request))
        return self._open(channel, body, body.type, None)

    def _open(self, channel: Channel, body: ThreadBody, kind: int, starter: Message | None) -> Json:
        if channel.guild is None or channel.is_thread:
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        self._may(channel, CREATE_PRIVATE_THREADS if kind == PRIVATE_THREAD else CREATE_PUBLIC_THREADS)
        thread = self._board.open_thread(channel, body.name, self._world.bot, body.auto_archive_duration, starter, kind)
        return self._board.thread_json(thread)

    async def join_thread(self, request: web.Request) -> object:
        thread = self._channel(request)
        user = self._world.users.get(read_id(request, "user_id")) if "user_id" in request.match_info else self._world.bot
        if user is None or (thread.guild is not None and user.id not in thread.guild.members):
            raise unknown("User")
        if not thread.is_thread or thread.is_archived:
            raise _archived()
        self._may(thread, SEND_IN_THREADS)
        self._board.join_thread(thread, user)
        return NOTHING

    def _channel(self, request: web.Request) -> Channel:
        """Return the channel of a request, if the bot sees it."""
        found = self._world.channels.get(read_id(request, "channel_id"))
        if found is None:
            raise unknown("Channel")
        if not permissions(self._world.bot, found):
            raise missing_access()
        return found

    def _message(self, request: web.Request) -> Message:
        """Return the message of a request; an ephemeral one is there for its webhook alone."""
        channel = self._channel(request)
        found = channel.messages.get(read_id(request, "message_id"))
        if found is None or found.is_ephemeral:
            raise unknown("Message")
        return found

    def _may(self, channel: Channel, permission: int) -> None:
        """Hold the bot to its permissions in a channel; a locked thread takes nothing."""
        if channel.is_thread and permission == SEND_MESSAGES:
            permission = SEND_IN_THREADS
            if channel.is_archived and channel.is_locked:
                raise _archived()
        if not permissions(self._world.bot, channel) & permission:
            raise missing_permissions()

    def _told(self, message: Message) -> Json:
        """Tell of a message over HTTP, where what is written in it follows the application's setting."""
        reads = bool(self._board.gateway.allowed_intents & CONTENT) or is_always_readable(message, self._world.bot)
        return message_json(message, self._world, reads)


def _archived() -> Refusal:
    return Refusal(400, 50083, "Thread is archived")
