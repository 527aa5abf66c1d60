"""The Discord front end; the only package that imports discord."""

from clusterbot.bot.client import run_bot

__all__ = ["run_bot"]
