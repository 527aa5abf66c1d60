"""The Discord front end; the only package that imports discord."""

from clusterbot.bot.client import run_bot
from clusterbot.bot.demo import show_demo

__all__ = ["run_bot", "show_demo"]
