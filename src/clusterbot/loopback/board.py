"""Where messages are put, changed and taken away, and threads opened; each tells the gateway."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from clusterbot.loopback.forms import COMPONENTS_V2, EPHEMERAL, MessageBody
from clusterbot.loopback.gateway import DIRECT_MESSAGES, GUILD_MESSAGES, GUILDS, Build, Gateway
from clusterbot.loopback.mentions import find_mentions
from clusterbot.loopback.payloads import channel_json, event_json, thread_member_json
from clusterbot.loopback.record import Limits
from clusterbot.loopback.refusals import Refusal
from clusterbot.loopback.world import (
    DEFAULT,
    HAS_THREAD,
    LOADING,
    REPLY,
    THREAD,
    THREAD_STARTER,
    Channel,
    Message,
    User,
    World,
    now,
    permissions,
)

MINUTES = (60, 1440, 4320, 10080)


class Board:
    """All channels and what stands in them."""

    def __init__(self, world: World, gateway: Gateway, limits: Limits, changed: Callable[[], None]) -> None:
        self.world = world
        self.gateway = gateway
        self._limits = limits
        self._changed = changed
        self._archiving: dict[int, asyncio.TimerHandle] = {}

    def close(self) -> None:
        """Archive no more threads."""
        for timer in self._archiving.values():
            timer.cancel()

    def post(
        self,
        channel: Channel,
        author: User,
        body: MessageBody,
        *,
        kind: int = DEFAULT,
        reference: Message | None = None,
        only_for: User | None = None,
        asked_by: dict[str, Any] | None = None,
        webhook_token: str | None = None,
        is_thinking: bool = False,
    ) -> Message:
        """Put a message into a channel.

        Raises:
            Refusal: it is empty, or of a kind that isn't played.
        """
        if not is_thinking:
            check_whole(body)
        message = Message(channel, author, type=kind, reference=reference, only_for=only_for)
        message.asked_by, message.webhook_token = asked_by, webhook_token
        message.flags = (body.flags or 0) & ~EPHEMERAL | (EPHEMERAL if only_for else 0) | (LOADING if is_thinking else 0)
        self._write(message, body)
        mentions = find_mentions(message.content, author, channel, self.world.users, body.allowed_mentions, reference)
        message.mentions, message.mention_roles, message.pings = list(mentions.users), list(mentions.roles), mentions.pings
        channel.messages[message.id] = message
        if channel.is_thread:
            self._wake(channel)
        self._tell("MESSAGE_CREATE", message)
        return message

    def edit(self, message: Message, body: MessageBody) -> None:
        """Change what a body names of a message.

        An edit pings no one; but whether the edit that ends a "thinking" does is not written down, so that here it does.

        Raises:
            Refusal: nothing would be left of it, or it is of a kind that isn't played.
        """
        given = body.model_fields_set
        kept = [getattr(message, part) for part in ("content", "embeds", "components", "attachments") if part not in given]
        check_whole(body, is_whole=any(kept))
        self._write(message, body)
        was_thinking, message.flags = message.is_thinking, message.flags & ~LOADING
        mentions = find_mentions(
            message.content, message.author, message.channel, self.world.users, body.allowed_mentions, message.reference
        )
        message.mentions, message.mention_roles = list(mentions.users), list(mentions.roles)
        if was_thinking:
            message.pings = mentions.pings
        message.edited_at = now()
        self._tell("MESSAGE_UPDATE", message)

    def _write(self, message: Message, body: MessageBody) -> None:
        given = body.model_fields_set
        if "content" in given:
            message.content = body.content or ""
        if "embeds" in given:
            message.embeds = [embed.to_json() for embed in body.embeds or ()]
        if "attachments" in given:
            message.attachments = list(body.attachments or ())
        if "components" in given:
            message.components = [row.to_json() for row in body.components or ()]

    def delete(self, message: Message) -> None:
        """Take a message away."""
        message.is_gone = True
        message.channel.messages.pop(message.id, None)
        told = {"id": str(message.id), "channel_id": str(message.channel.id), **_guild_of(message.channel)}
        self._dispatch("MESSAGE_DELETE", message.channel, lambda _: told)

    def open_thread(
        self, parent: Channel, name: str, by: User, minutes: int, starter: Message | None = None, kind: int = THREAD
    ) -> Channel:
        """Open a thread, from a message or without one.

        Raises:
            Refusal: the message has one already.
        """
        if starter is not None and starter.thread is not None:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        thread = Channel(name, kind, parent.guild, parent=parent, people=[by], owner_id=by.id, archives_after_minutes=minutes)
        if starter is not None:
            thread.id, starter.thread, starter.flags = starter.id, thread, starter.flags | HAS_THREAD
        self.world.channels[thread.id] = thread
        if parent.guild is not None:
            parent.guild.channels[thread.id] = thread
        self._wake(thread)
        self._dispatch("THREAD_CREATE", thread, lambda _: {**self.thread_json(thread), "newly_created": True})
        if starter is not None:
            self._tell("MESSAGE_UPDATE", starter)
            first = Message(thread, by, type=THREAD_STARTER, reference=starter)
            thread.messages[first.id] = first
        return thread

    def thread_json(self, thread: Channel) -> dict[str, Any]:
        """Tell of a thread as its owner or member is told."""
        bot = self.world.bot
        return channel_json(thread) | ({"member": thread_member_json(thread, bot)} if bot in thread.people else {})

    def change_thread(
        self, thread: Channel, *, is_archived: bool | None = None, is_locked: bool | None = None, name: str = ""
    ) -> None:
        """Archive, lock or rename a thread, or undo that."""
        if is_archived is not None and is_archived != thread.is_archived:
            thread.is_archived, thread.archived_at = is_archived, now()
        thread.is_locked = thread.is_locked if is_locked is None else is_locked
        thread.name = name or thread.name
        self._dispatch("THREAD_UPDATE", thread, lambda _: channel_json(thread))

    def join_thread(self, thread: Channel, user: User) -> None:
        """Make someone a member of a thread."""
        if user not in thread.people:
            thread.people.append(user)
            told = {"id": str(thread.id), **_guild_of(thread), "member_count": len(thread.people)}
            told["added_members"] = [thread_member_json(thread, user)]
            self._dispatch("THREAD_MEMBERS_UPDATE", thread, lambda _: told)

    def _wake(self, thread: Channel) -> None:
        """Note that something happened in a thread: it opens if it was archived, and archives itself later."""
        thread.active_at_s = time.monotonic()
        if thread.is_archived:
            self.change_thread(thread, is_archived=False)
        if (timer := self._archiving.get(thread.id)) is not None:
            timer.cancel()
        loop, quiet_s = asyncio.get_running_loop(), thread.archives_after_minutes * self._limits.minute_s
        self._archiving[thread.id] = loop.call_later(quiet_s, lambda: self.change_thread(thread, is_archived=True))

    def _tell(self, event: str, message: Message) -> None:
        self._dispatch(event, message.channel, lambda session: event_json(message, self.world, session.reads_content))

    def _dispatch(self, event: str, channel: Channel, build: Build) -> None:
        """Tell of what happened in a channel, where the bot sees it."""
        if permissions(self.world.bot, channel):
            plain = GUILD_MESSAGES if channel.guild else DIRECT_MESSAGES
            self.gateway.dispatch(event, GUILDS if event.startswith("THREAD") else plain, build)
        self._changed()


def check_whole(body: MessageBody, is_whole: bool = False) -> None:
    """Hold a message to what only shows in it as a whole; `is_whole` where something is there already.

    Raises:
        Refusal: it is empty, or of a kind that isn't played.
    """
    if (body.flags or 0) & COMPONENTS_V2:
        raise Refusal(501, 0, "the loopback doesn't play components version 2 in messages")
    if body.is_empty() and not is_whole:
        raise Refusal(400, 50006, "Cannot send an empty message")


def message_kind(reference: Message | None) -> int:
    """Return the kind of a message that may be a reply."""
    return DEFAULT if reference is None else REPLY


def _guild_of(channel: Channel) -> dict[str, Any]:
    return {"guild_id": str(channel.guild.id)} if channel.guild else {}
