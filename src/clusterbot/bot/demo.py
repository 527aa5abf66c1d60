"""`bot --demo`: a conversation with the bot, played on a Discord of this machine and printed as people would see it."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from clusterbot.assistant import Assistant
from clusterbot.bot.address import use_server
from clusterbot.bot.client import ClusterBot
from clusterbot.loopback import Interaction, Limits, Message, Person, Server
from clusterbot.settings import Settings
from clusterbot.store import Store

WIDTH = 78
_INLINE = re.compile(
    r"\*\*(?P<bold>.+?)\*\*|\[(?P<label>(?:\\.|[^\]\\])+)\]\((?P<address>[^)]+)\)|\\(?P<plain>[^\w\s])|__(?P<line>.+?)__"
)
_ESCAPED = re.compile(r"\\([^\w\s])")


def show_demo(assistant: Assistant, settings: Settings, console: Console) -> None:
    """Play the conversation; what is kept of it is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        asyncio.run(_play(assistant, store, settings, console))


async def _play(assistant: Assistant, store: Store, settings: Settings, console: Console) -> None:
    async with Server(Limits(identify_s=0.0)) as server:
        use_server(server.api_url, server.gateway_url)
        bot = ClusterBot(assistant, store, settings, is_syncing=True)
        running = asyncio.create_task(bot.start(server.token))
        try:
            await asyncio.wait([running, asyncio.create_task(server.connected())], return_when=asyncio.FIRST_COMPLETED)
            await _converse(server, _Screen(console))
        finally:
            await bot.close()
            await running


async def _converse(server: Server, screen: _Screen) -> None:
    """What two people do: one in French, on commands and buttons, one in English, in words."""
    anne, bob = server.person("Anne", locale="fr"), server.person("Bob")
    asked = "Combien d’emplois l’aluminium compte-t-il au Québec ?"
    answer = screen.did(anne, f"/demander question: {asked}", await anne.slash("demander", question=asked))
    screen.did(anne, "[🔎 Vérifier]", await anne.press(answer, "Vérifier"))
    screen.did(anne, "[📋 Citer]", await anne.press(answer, "Citer"))
    screen.did(anne, "[🧵 Poursuivre dans un fil]", await anne.press(answer, "Poursuivre dans un fil"))
    said = await bob.say(f"{server.bot.mention} Who was the first head of GIAQ?")
    first = screen.said(bob, "@clusterbot Who was the first head of GIAQ?", await bob.hears(said))
    follow = await bob.reply(first, "and when was it founded?")
    screen.said(bob, "(replies) and when was it founded?", await bob.hears(follow))
    claim = "AluQuébec a été fondée en 2009."
    screen.did(anne, f"/vérifier affirmation: {claim}", await anne.slash("vérifier", affirmation=claim))
    typed = await anne.complete("grappe", nom="giaq")
    screen.typed(anne, "/grappe nom: giaq", [one["name"] for one in typed])
    screen.did(anne, "/grappe", await anne.slash("grappe", nom=typed[0]["value"]))
    lost = "Quel temps fera-t-il demain à Gaspé ?"
    screen.did(anne, f"/demander question: {lost} privé: oui", await anne.slash("demander", question=lost, privé=True))
    screen.did(bob, "/privacy", await bob.slash("privacy"))


class _Screen:
    """Prints what people do and see."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def did(self, person: Person, action: str, done: Interaction) -> Message:
        """Print an action and what came of it; return the message that came last."""
        self._act(person, action)
        shown = [one for one in (done.message, *done.followups) if one is not None]
        for message in dict.fromkeys(shown):
            self._show(message)
        if done.failure is not None or not shown:
            raise RuntimeError(f"{action}: {done.failure or 'nothing came'}")
        return shown[-1]

    def said(self, person: Person, words: str, answer: Message) -> Message:
        """Print a message and its answer."""
        self._act(person, words)
        self._show(answer)
        return answer

    def typed(self, person: Person, words: str, proposed: list[str]) -> None:
        """Print what is proposed while someone types."""
        self._act(person, f"{words}…")
        self._console.print(Padding(Text(" · ".join(proposed[:5])), (0, 0, 0, 4)))

    def _act(self, person: Person, action: str) -> None:
        self._console.print()
        self._console.print(Text.assemble((person.user.name, "bold cyan"), "  ", action))

    def _show(self, message: Message) -> None:
        note = "  (only they see it)" if message.is_ephemeral else ""
        self._console.print(Text.assemble(("clusterbot", "bold green"), (note, "dim")))
        for line in _lines(message):
            self._console.print(Padding(line, (0, 0, 0, 4)))
        if message.buttons:
            self._console.print(Padding(Text("  ".join(f"[{one}]" for one in message.buttons), style="blue"), (0, 0, 0, 4)))


def _lines(message: Message) -> Iterator[Text]:
    if message.content:
        yield from map(_rendered, message.content.split("\n"))
    for embed in message.embeds:
        yield from _embed_lines(embed)


def _embed_lines(embed: dict[str, Any]) -> Iterator[Text]:
    if "title" in embed:
        yield Text(embed["title"], style="bold")
    yield from map(_rendered, embed.get("description", "").split("\n"))
    for field in embed.get("fields", ()):
        yield Text(field["name"], style="bold")
        yield from map(_rendered, field["value"].split("\n"))
    if "footer" in embed:
        yield Text(embed["footer"]["text"], style="dim")


def _rendered(line: str) -> Text:
    """Return a line of Discord's Markdown as it is seen, an address behind its words."""
    small, quoted = line.startswith("-# "), line.startswith("> ")
    body = line[3:] if small else line[2:] if quoted else line
    shown, at = Text("│ " if quoted else "", style="dim" if small else ""), 0
    for match in _INLINE.finditer(body):
        shown.append(body[at : match.start()])
        style = "blue underline" if match["label"] else "bold" if match["bold"] else ""
        words = match["label"] or match["bold"] or match["plain"] or match["line"]
        shown.append(_ESCAPED.sub(r"\1", words), style=style)
        at = match.end()
    shown.append(body[at:])
    return shown
