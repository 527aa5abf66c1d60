"""Which people and roles a text mentions, and for whom it makes a sound."""

from __future__ import annotations

import re
from dataclasses import dataclass

from clusterbot.loopback.forms import AllowedMentions
from clusterbot.loopback.world import MENTION_EVERYONE, Channel, Message, Role, User, permissions

_USER, _ROLE, _ALL = re.compile(r"<@!?(\d+)>"), re.compile(r"<@&(\d+)>"), re.compile(r"@(everyone|here)")
ALL = AllowedMentions(parse=["users", "roles", "everyone"], replied_user=True)


@dataclass(frozen=True, slots=True)
class Mentions:
    """Who is named in a message, and whom of them it pings."""

    users: tuple[User, ...]
    roles: tuple[Role, ...]
    pings: frozenset[str]


def find_mentions(
    text: str, author: User, channel: Channel, users: dict[int, User], allowed: AllowedMentions | None, reference: Message | None
) -> Mentions:
    """Return whom a message's content mentions and pings; embeds never ping.

    What stands in code or behind a backslash counts as well: which of these Discord leaves out is not written down, and a test
    that asserts silence is the better for it. Without `allowed` everything pings that the author's permissions let ping.
    """
    allows = ALL if allowed is None else allowed
    parse = allows.parse or []
    may_all = bool(permissions(author, channel) & MENTION_EVERYONE)
    roles = channel.guild.roles if channel.guild else {}
    named = [users[int(one)] for one in dict.fromkeys(_USER.findall(text)) if int(one) in users]
    named_roles = [roles[int(one)] for one in dict.fromkeys(_ROLE.findall(text)) if int(one) in roles]
    pinged = [user for user in named if "users" in parse or user.id in allows.users]
    pinged_roles = [role for role in named_roles if "roles" in parse or role.id in allows.roles]
    pinged_roles = [role for role in pinged_roles if role.is_mentionable or may_all]
    pings = {user.mention for user in pinged} | {role.mention for role in pinged_roles}
    if may_all and "everyone" in parse:
        pings |= {f"@{one}" for one in _ALL.findall(text)}
    if reference is not None and allows.replied_user and reference.author is not author:
        pings.add(reference.author.mention)
        pinged.append(reference.author)
    # `mentions` of a message holds those whom it pings, not all whom its text names.
    return Mentions(tuple(dict.fromkeys(pinged)), tuple(pinged_roles), frozenset(pings))
