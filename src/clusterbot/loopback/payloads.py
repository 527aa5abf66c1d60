"""The JSON in which Discord tells of users, servers, channels and messages. Ids are text, instants ISO 8601, bits decimal text."""

from __future__ import annotations

import mimetypes
from typing import Any

from clusterbot.loopback.commands import Command
from clusterbot.loopback.world import DIRECT, Channel, File, Guild, Member, Message, Role, User, World, permissions

Json = dict[str, Any]


def user_json(user: User) -> Json:
    """Tell of someone."""
    names = {"username": user.name.lower(), "global_name": user.name, "discriminator": "0"}
    return {"id": str(user.id), **names, "avatar": None, "bot": user.is_bot, "public_flags": 0}


def member_json(member: Member, with_user: bool = True) -> Json:
    """Tell of someone in a server."""
    told: Json = {"roles": [str(role.id) for role in member.roles], "joined_at": member.joined_at.isoformat(), "flags": 0}
    told |= {"nick": None, "avatar": None, "deaf": False, "mute": False, "pending": False}
    return {**told, "user": user_json(member.user)} if with_user else told


def role_json(role: Role) -> Json:
    """Tell of a role."""
    colours = {"primary_color": 0, "secondary_color": None, "tertiary_color": None}
    told: Json = {"id": str(role.id), "name": role.name, "permissions": str(role.permissions), "color": 0, "colors": colours}
    return told | {"hoist": False, "position": 0, "managed": False, "mentionable": role.is_mentionable, "flags": 0}


def channel_json(channel: Channel) -> Json:
    """Tell of a channel, thread or direct conversation."""
    told: Json = {"id": str(channel.id), "type": channel.type, "last_message_id": _last(channel), "flags": 0}
    if channel.type == DIRECT:
        return told | {"recipients": [user_json(user) for user in channel.people]}
    told |= {"name": channel.name, "guild_id": str(channel.guild.id) if channel.guild else None, "rate_limit_per_user": 0}
    if channel.is_thread and channel.parent is not None:
        return told | {"parent_id": str(channel.parent.id)} | _thread_json(channel)
    kinds = {key: 0 if channel.guild and key in channel.guild.roles else 1 for key in channel.overwrites}
    overwrites = [
        {"id": str(key), "type": kinds[key], "allow": str(allow), "deny": str(deny)}
        for key, (allow, deny) in channel.overwrites.items()
    ]
    return told | {"position": 0, "parent_id": None, "topic": None, "nsfw": False, "permission_overwrites": overwrites}


def _last(channel: Channel) -> str | None:
    return str(next(reversed(channel.messages))) if channel.messages else None


def _thread_json(thread: Channel) -> Json:
    state: Json = {"archived": thread.is_archived, "locked": thread.is_locked}
    state["auto_archive_duration"] = thread.archives_after_minutes
    state |= {"archive_timestamp": thread.archived_at.isoformat(), "create_timestamp": thread.archived_at.isoformat()}
    sent = len(thread.messages)
    counts = {"message_count": sent, "total_message_sent": sent, "member_count": len(thread.people)}
    return {"owner_id": str(thread.owner_id), "thread_metadata": state, **counts}


def thread_member_json(thread: Channel, user: User) -> Json:
    """Tell that someone is in a thread."""
    return {"id": str(thread.id), "user_id": str(user.id), "join_timestamp": thread.archived_at.isoformat(), "flags": 0}


def partial_channel_json(channel: Channel, user: User) -> Json:
    """Tell of a channel as an interaction does: with what its user may do there."""
    return {**channel_json(channel), "permissions": str(permissions(user, channel))}


def guild_json(guild: Guild, bot: User, with_members: bool) -> Json:
    """Tell of a server as the gateway does; of its members the bot alone, but for the privileged intent."""
    members = [one for one in guild.members.values() if with_members or one.user is bot]
    plain = [one for one in guild.channels.values() if not one.is_thread and permissions(bot, one)]
    threads = [one for one in guild.channels.values() if one.is_thread and not one.is_archived and permissions(bot, one)]
    return {
        "id": str(guild.id),
        "name": guild.name,
        "owner_id": str(guild.owner_id),
        "preferred_locale": guild.locale,
        "roles": [role_json(role) for role in guild.roles.values()],
        "members": [member_json(member) for member in members],
        "member_count": len(guild.members),
        "channels": [channel_json(channel) for channel in plain],
        "threads": [{**channel_json(one), **_own_membership(one, bot)} for one in threads],
        **{key: [] for key in ("emojis", "stickers", "features", "presences", "voice_states", "stage_instances")},
        **{key: [] for key in ("guild_scheduled_events", "soundboard_sounds")},
        **dict.fromkeys(("verification_level", "default_message_notifications", "explicit_content_filter", "mfa_level"), 0),
        **dict.fromkeys(("nsfw_level", "premium_tier", "system_channel_flags", "afk_timeout"), 0),
        **dict.fromkeys(("icon", "banner", "splash", "description", "vanity_url_code", "afk_channel_id", "system_channel_id")),
        "joined_at": guild.members[bot.id].joined_at.isoformat(),
        "large": False,
        "unavailable": False,
    }


def _own_membership(thread: Channel, bot: User) -> Json:
    return {"member": thread_member_json(thread, bot)} if bot in thread.people else {}


def message_json(message: Message, world: World, reads_content: bool, depth: int = 0) -> Json:
    """Tell of a message; without `reads_content` what is written in it is left out where Discord leaves it out.

    Own messages, direct ones, and those that mention the bot always come whole. Whether the message that a reply refers to is
    left empty by the same rule is not written down; here it is.
    """
    shows = reads_content or is_always_readable(message, world.bot)
    edited = message.edited_at.isoformat() if message.edited_at else None
    told: Json = {
        "id": str(message.id),
        "type": message.type,
        "channel_id": str(message.channel.id),
        "author": user_json(message.author),
        "content": message.content if shows else "",
        "embeds": message.embeds if shows else [],
        "components": message.components if shows else [],
        "attachments": [
            {"id": str(number), "url": f"https://cdn.example/{one['filename']}", "proxy_url": "", **one}
            for number, one in enumerate(message.attachments if shows else [])
        ],
        "timestamp": message.created_at.isoformat(),
        "edited_timestamp": edited,
        "flags": message.flags,
        "tts": False,
        "pinned": False,
        "mention_everyone": bool(message.pings & {"@everyone", "@here"}),
        "mentions": [user_json(user) for user in message.mentions],
        "mention_roles": [str(role.id) for role in message.mention_roles],
    }
    if message.webhook_token is not None:
        told |= {"webhook_id": str(world.application_id), "application_id": str(world.application_id)}
    if message.asked_by is not None:
        told["interaction_metadata"] = message.asked_by
    if message.thread is not None:
        told["thread"] = channel_json(message.thread)
    if message.reference is not None:
        at = message.reference.channel
        place = {"guild_id": str(at.guild.id)} if at.guild else {}
        told["message_reference"] = {"type": 0, "message_id": str(message.reference.id), "channel_id": str(at.id), **place}
        if depth == 0:
            found = not message.reference.is_gone
            told["referenced_message"] = message_json(message.reference, world, reads_content, 1) if found else None
    return told


def file_json(file: File, address: str) -> Json:
    """Tell of a file that was given to a command, and where it can be fetched for a while."""
    kind = mimetypes.guess_type(file.name)[0]
    told = {"filename": file.name, "size": len(file.content), "content_type": kind, "ephemeral": True}
    return {"id": str(file.id), "url": address, "proxy_url": address, **told}


def event_json(message: Message, world: World, reads_content: bool) -> Json:
    """Tell of a message as the gateway does: with server and member, but for an ephemeral one."""
    told = message_json(message, world, reads_content)
    guild = message.channel.guild
    if guild is None or message.is_ephemeral:
        return told
    member = guild.members.get(message.author.id)
    own = {"member": member_json(member, with_user=False)} if member and message.webhook_token is None else {}
    return {**told, "guild_id": str(guild.id), **own}


def is_always_readable(message: Message, bot: User) -> bool:
    """Say whether the bot reads a message without the privileged intent."""
    return message.author is bot or message.channel.guild is None or bot in message.mentions


def command_json(command_id: int, command: Command, world: World, guild_id: int | None) -> Json:
    """Tell of a registered command."""
    ids = {"id": str(command_id), "application_id": str(world.application_id), "version": str(command_id)}
    return {**command.to_json(), **ids, **({"guild_id": str(guild_id)} if guild_id else {})}


def application_json(world: World, flags: int) -> Json:
    """Tell of the application."""
    told: Json = {"id": str(world.application_id), "name": world.bot.name, "description": "", "icon": None, "flags": flags}
    owner = User("owner", id=world.application_id)
    return told | {"bot_public": True, "bot_require_code_grant": False, "verify_key": "", "owner": user_json(owner)}
