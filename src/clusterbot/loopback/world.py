"""What there is: servers, people, roles, channels, messages, and who may do what. Nothing here sends or receives."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from clusterbot.loopback.commands import Command

EPOCH_MS = 1420070400000
TEXT, DIRECT, NEWS_THREAD, THREAD, PRIVATE_THREAD = 0, 1, 10, 11, 12
THREADS = (NEWS_THREAD, THREAD, PRIVATE_THREAD)
DEFAULT, REPLY, SLASH_REPLY, THREAD_STARTER, MENU_REPLY = 0, 19, 20, 21, 23
HAS_THREAD, LOADING = 1 << 5, 1 << 7

ADMINISTRATOR = 1 << 3
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_COMMANDS = 1 << 31
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
SEND_IN_THREADS = 1 << 38
EVERYTHING = (1 << 53) - 1
BY_DEFAULT = (
    *(VIEW_CHANNEL, SEND_MESSAGES, EMBED_LINKS, READ_MESSAGE_HISTORY, USE_COMMANDS),
    *(CREATE_PUBLIC_THREADS, SEND_IN_THREADS, MENTION_EVERYONE),
)

_counter = itertools.count()


def new_id() -> int:
    """Return an id of now: milliseconds since Discord's epoch, then a counter."""
    return int(time.time() * 1000 - EPOCH_MS) << 22 | next(_counter) & 0x3FFFFF


def now() -> datetime:
    """Return the present instant, in UTC."""
    return datetime.now(UTC)


@dataclass(eq=False, slots=True)
class User:
    """A person or the bot."""

    name: str
    id: int = field(default_factory=new_id)
    locale: str = "en-US"
    is_bot: bool = False
    takes_direct: bool = True

    @property
    def mention(self) -> str:
        """Return what mentions them in a text."""
        return f"<@{self.id}>"


@dataclass(frozen=True, slots=True)
class File:
    """A file that someone gives to a command."""

    name: str
    content: bytes
    id: int = field(default_factory=new_id)


@dataclass(eq=False, slots=True)
class Role:
    """A role; the one with its server's id is everyone's."""

    name: str
    permissions: int = 0
    id: int = field(default_factory=new_id)
    is_mentionable: bool = False

    @property
    def mention(self) -> str:
        """Return what mentions all who have it."""
        return f"<@&{self.id}>"


@dataclass(eq=False, slots=True)
class Member:
    """Someone in a server."""

    user: User
    roles: list[Role] = field(default_factory=list)
    joined_at: datetime = field(default_factory=now)


@dataclass(eq=False, slots=True, repr=False)
class Guild:
    """A server."""

    name: str
    locale: str = "fr"
    id: int = field(default_factory=new_id)
    owner_id: int = 0
    roles: dict[int, Role] = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.roles[self.id] = Role("@everyone", sum(BY_DEFAULT), self.id)


@dataclass(eq=False, slots=True, repr=False)
class Channel:
    """A text channel, a thread or a direct conversation."""

    name: str
    type: int = TEXT
    guild: Guild | None = None
    id: int = field(default_factory=new_id)
    parent: Channel | None = None
    people: list[User] = field(default_factory=list)
    """Of a direct conversation, those who hold it; of a thread, those who joined."""
    overwrites: dict[int, tuple[int, int]] = field(default_factory=dict)
    """By the id of a role or member: the permissions that are allowed, and denied, in this channel."""
    messages: dict[int, Message] = field(default_factory=dict)
    owner_id: int = 0
    is_archived: bool = False
    is_locked: bool = False
    archives_after_minutes: int = 1440
    archived_at: datetime = field(default_factory=now)
    active_at_s: float = 0.0

    def __repr__(self) -> str:
        return f"<Channel {self.name!r}>"

    @property
    def is_thread(self) -> bool:
        """Say whether it is a thread."""
        return self.type in THREADS


@dataclass(eq=False, slots=True, repr=False)
class Message:
    """A message as it stands; `is_gone` once it was deleted."""

    channel: Channel
    author: User
    content: str = ""
    embeds: list[dict[str, Any]] = field(default_factory=list)
    components: list[dict[str, Any]] = field(default_factory=list)
    attachments: list[dict[str, Any]] = field(default_factory=list)
    """Of each file: filename, description, content_type and size in bytes."""
    type: int = DEFAULT
    flags: int = 0
    id: int = field(default_factory=new_id)
    created_at: datetime = field(default_factory=now)
    edited_at: datetime | None = None
    reference: Message | None = None
    mentions: list[User] = field(default_factory=list)
    mention_roles: list[Role] = field(default_factory=list)
    pings: frozenset[str] = frozenset()
    """Whom it made a sound for: "@everyone", "@here", or mentions of people and roles."""
    only_for: User | None = None
    """The one person who sees it, where it is ephemeral."""
    asked_by: dict[str, Any] | None = None
    """The interaction that it answers, as Discord tells it."""
    webhook_token: str | None = None
    thread: Channel | None = None
    is_gone: bool = False

    def __repr__(self) -> str:
        return f"<Message of {self.author.name}: {self.text!r}>"

    @property
    def is_ephemeral(self) -> bool:
        """Say whether one person alone sees it."""
        return self.only_for is not None

    @property
    def is_thinking(self) -> bool:
        """Say whether it only tells that an answer is being made."""
        return bool(self.flags & LOADING)

    @property
    def parts(self) -> list[dict[str, Any]]:
        """Return its buttons and selects, row after row."""
        return [part for row in self.components for part in row["components"]]

    @property
    def buttons(self) -> list[str]:
        """Return the labels of its buttons; the emoji where there is no label."""
        return [part.get("label") or part["emoji"]["name"] for part in self.parts if part["type"] == 2]

    @property
    def text(self) -> str:
        """Return everything that is read in it: content, then each embed from top to bottom."""
        return "\n".join(part for part in [self.content, *map(embed_text, self.embeds)] if part)


def embed_text(embed: dict[str, Any]) -> str:
    """Return everything that is read in an embed, from top to bottom."""
    fields = [text for one in embed.get("fields", ()) for text in (one["name"], one["value"])]
    ends = embed.get("author", {}).get("name"), embed.get("title"), embed.get("description")
    return "\n".join(part for part in [*ends, *fields, embed.get("footer", {}).get("text")] if part)


@dataclass(eq=False, slots=True)
class World:
    """All that one server of the loopback holds."""

    bot: User
    application_id: int
    guilds: dict[int, Guild] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    users: dict[int, User] = field(default_factory=dict)
    commands: dict[int | None, dict[int, Command]] = field(default_factory=dict)
    """By scope (a server's id, or None for all) and by command id."""
    files: dict[int, File] = field(default_factory=dict)

    def direct(self, user: User) -> Channel:
        """Return the conversation of the bot with someone; begin it if need be."""
        for channel in self.channels.values():
            if channel.type == DIRECT and user in channel.people:
                return channel
        channel = Channel("", DIRECT, people=[user])
        self.channels[channel.id] = channel
        return channel

    def threads(self, guild: Guild) -> Iterator[Channel]:
        """Yield the threads of a server that are open."""
        return (one for one in guild.channels.values() if one.is_thread and not one.is_archived)


def permissions(user: User, channel: Channel) -> int:
    """Return what someone may do in a channel, as bits; 0 where they aren't."""
    guild = channel.guild
    if guild is None:
        return EVERYTHING if user.is_bot or user in channel.people else 0
    member = guild.members.get(user.id)
    if member is None:
        return 0
    base = guild_permissions(member, guild)
    if base & ADMINISTRATOR:
        return EVERYTHING
    place = channel.parent if channel.parent is not None else channel
    allowed, denied = place.overwrites.get(guild.id, (0, 0))
    base = base & ~denied | allowed
    by_role = [place.overwrites.get(role.id, (0, 0)) for role in member.roles]
    for _, denied in by_role:
        base &= ~denied
    for allowed, _ in by_role:
        base |= allowed
    allowed, denied = place.overwrites.get(user.id, (0, 0))
    base = base & ~denied | allowed
    if channel.type == PRIVATE_THREAD and user not in channel.people and not base & MANAGE_THREADS:
        return 0
    return base if base & VIEW_CHANNEL else 0


def guild_permissions(member: Member, guild: Guild) -> int:
    """Return what someone may do in a server, as bits."""
    if member.user.id == guild.owner_id:
        return EVERYTHING
    base = guild.roles[guild.id].permissions
    for role in member.roles:
        base |= role.permissions
    return EVERYTHING if base & ADMINISTRATOR else base
