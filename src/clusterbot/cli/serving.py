"""`bot`."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import UsageError


def bot(
    sync: Annotated[bool, typer.Option("--sync", help="Register the commands with Discord first.")] = False,
    demo: Annotated[bool, typer.Option("--demo", help="Play a conversation on this machine; needs no account.")] = False,
) -> None:
    """Start the Discord bot."""
    settings = opening.open_settings()
    if demo:
        from rich.console import Console

        assistant = opening.open_assistant(settings)
        from clusterbot.bot import show_demo

        show_demo(assistant, settings, Console(highlight=False, width=console.MAX_WIDTH))
        return
    if settings.discord_token is None:
        where = "create an application in Discord's developer portal and put its bot's token into the environment or into .env"
        raise UsageError(f"CLUSTERBOT_DISCORD_TOKEN is not set: {where}")
    token = settings.discord_token.get_secret_value()
    from clusterbot.store import only_bot

    with only_bot(settings.data_dir), opening.open_store(settings) as store:
        assistant = opening.open_assistant(settings)
        assistant.warm()
        from clusterbot.bot import run_bot
        from clusterbot.logs import set_up_logs

        set_up_logs(settings.log_format, settings.secrets, tells_errors=False)  # a service's log is kept, and read by others
        run_bot(assistant, store, settings, token, sync)
