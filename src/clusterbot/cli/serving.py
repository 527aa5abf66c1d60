"""`bot`."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterbot.cli import opening
from clusterbot.errors import UsageError


def bot(sync: Annotated[bool, typer.Option("--sync", help="Register the commands with Discord first.")] = False) -> None:
    """Start the Discord bot."""
    settings = opening.open_settings()
    if settings.discord_token is None:
        where = "create an application in Discord's developer portal and put its bot's token into the environment or into .env"
        raise UsageError(f"CLUSTERBOT_DISCORD_TOKEN is not set: {where}")
    assistant = opening.open_assistant(settings)
    from clusterbot.bot import run_bot

    token = settings.discord_token.get_secret_value()
    run_bot(assistant, token, sync, settings.discord_api_url, settings.discord_gateway_url)
