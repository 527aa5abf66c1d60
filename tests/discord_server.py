"""The loopback Discord for tests: a real HTTP and WebSocket server to which unmodified discord.py connects.

It lives in the package, since `clusterbot bot --demo` runs on it too. docs/loopback.md has the whole driving API; in short:

    def test_it(monkeypatch):
        async def scenario(server, bot):
            ana = server.person("Ana", locale="fr")
            done = await ana.slash("ask", question="...")       # waits until Ana sees an answer, or `done.failure` says why not
            done.message.text, .embeds, .buttons, .pings, .is_ephemeral; done.followups, .modal, .acknowledged_after_s
            await ana.press(done.message, "label, emoji or custom id")
            await ana.choose(message, "custom id or placeholder", "value", ...)
            await ana.submit(done, **{"label or custom id": "..."})       # the modal that `done` opened
            await ana.menu(message, "Ask clusterbot")
            await ana.complete("cluster", name="alu")           # -> [{"name", "value"}]
            said = await ana.say(f"{server.bot.mention} ...", channel); await ana.reply(message, "...", does_ping=False)
            answer = await ana.hears(said); ana.sees(channel); ana.direct()
            server.drop_connection(); server.fail("POST /channels/{channel_id}/messages", 429, times=2)
            server.permit(deny=SEND_MESSAGES, channel=server.channel); server.allow_intents()
            server.record.requests, .frames, .refused(), .events("..."), .acknowledgements_s, .heartbeat_gaps_s()
            await server.until(lambda: ..., within_s=2)
        play(monkeypatch, MyClient, scenario, Limits(acknowledge_s=0.2))
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import discord
import pytest

from clusterbot.bot.address import use_server
from clusterbot.loopback import CannotDo, Interaction, Limits, Message, NotSeen, Person, Server

__all__ = ["CannotDo", "Interaction", "Limits", "Message", "NotSeen", "Person", "Server", "play", "pointed_at"]

Bot = TypeVar("Bot", bound=discord.Client)
QUICK = Limits(identify_s=0.0)


@contextmanager
def pointed_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Point discord.py of this process at a server, and back at Discord."""
    with monkeypatch.context() as patch:
        patch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
        patch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY)
        patch.setattr(discord.VoiceClient, "warn_nacl", False)
        patch.setattr(discord.VoiceClient, "warn_dave", False)
        use_server(server.api_url, server.gateway_url)
        yield


def play(
    monkeypatch: pytest.MonkeyPatch,
    make_bot: Callable[[], Bot],
    scenario: Callable[[Server, Bot], Awaitable[None]],
    limits: Limits = QUICK,
    prepare: Callable[[Server], object] = id,
) -> Server:
    """Run a scenario with a bot on a fresh server; `prepare` is called before the bot connects."""

    async def run() -> Server:
        async with Server(limits) as server:
            prepare(server)
            with pointed_at(server, monkeypatch):
                bot = make_bot()
                running = asyncio.create_task(bot.start(server.token))
                connected = asyncio.create_task(server.connected())
                try:
                    await asyncio.wait([running, connected], return_when=asyncio.FIRST_COMPLETED)
                    if running.done():
                        running.result()
                    await connected
                    await scenario(server, bot)
                finally:
                    connected.cancel()
                    await bot.close()
                    await asyncio.gather(running, return_exceptions=True)
            return server

    return asyncio.run(run())
