"""Which Discord the bot talks to: its own servers, or a compatible one."""

from __future__ import annotations

import discord
import yarl

from clusterbot.errors import UsageError
from clusterbot.settings import DISCORD_API_URL, DISCORD_GATEWAY_URL


def use_server(api_url: str, gateway_url: str) -> None:
    """Point discord.py at a server, before a client is made; it holds both addresses for the whole process.

    Raises:
        UsageError: one address is Discord's and the other isn't, so that the token would go to a server it isn't of.
    """
    if (api_url == DISCORD_API_URL) != (gateway_url == DISCORD_GATEWAY_URL):
        raise UsageError("CLUSTERBOT_DISCORD_API_URL and CLUSTERBOT_DISCORD_GATEWAY_URL belong together: set both, or neither")
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # nobody misses a voice
    discord.http.Route.BASE = api_url.rstrip("/")
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
