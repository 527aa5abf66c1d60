"""The invitation asks for what the bot needs, by name, and for no more."""

from __future__ import annotations

import base64

import discord
import pytest

from clusterbot.invite import PERMISSIONS, application_id, invite_address

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    embed_links=True,
    read_message_history=True,
    create_public_threads=True,
    send_messages_in_threads=True,
)


def test_the_invitation_grants_what_is_named_and_nothing_that_rules() -> None:
    address = invite_address(123456789012345678)
    assert f"permissions={NEEDED.value}" in address and "client_id=123456789012345678" in address
    assert "scope=bot+applications.commands" in address
    assert not discord.Permissions(sum(PERMISSIONS.values())) & discord.Permissions(
        administrator=True, manage_guild=True, manage_messages=True, mention_everyone=True
    )


def test_the_application_is_read_from_its_bots_token() -> None:
    token = base64.b64encode(b"123456789012345678").decode().rstrip("=") + ".Gabcde.rest"
    assert application_id(token) == 123456789012345678


@pytest.mark.parametrize("token", ["", "abc", "not base64!.x.y", base64.b64encode(b"12").decode() + ".x.y", "é.x"])
def test_what_is_no_token_names_no_application(token: str) -> None:
    assert application_id(token) is None
