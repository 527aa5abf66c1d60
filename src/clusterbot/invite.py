"""The address that invites the bot into a server, with the least that it needs."""

from __future__ import annotations

import base64
import binascii

PERMISSIONS = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}
SCOPES = ("bot", "applications.commands")


def application_id(token: str) -> int | None:
    """Return the id of the application that a bot's token is of: its first part, in base64; None where it is no such token."""
    first = token.partition(".")[0]
    try:
        digits = base64.b64decode(first + "=" * (-len(first) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    return int(digits) if digits.isdecimal() and 17 <= len(digits) <= 20 else None


def invite_address(application: int) -> str:
    """Return the address at which an administrator adds the bot to a server."""
    scopes, permissions = "+".join(SCOPES), sum(PERMISSIONS.values())
    return f"https://discord.com/oauth2/authorize?client_id={application}&scope={scopes}&permissions={permissions}"
