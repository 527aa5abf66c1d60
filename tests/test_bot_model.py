"""The bot with the bundled model and the project's own corpus: a handful of questions as people ask them."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import discord
import pytest
from rich.console import Console

from clusterbot.assistant import Assistant, recipe
from clusterbot.bot import show_demo
from clusterbot.bot.client import ClusterBot
from clusterbot.corpus import read_corpus
from clusterbot.embedding import has_tokens, open_embedder
from clusterbot.index.build import build_index
from clusterbot.ranking import read_ranking
from clusterbot.settings import Settings
from clusterbot.store import Store
from discord_server import Server, play
from test_bot_end_to_end import seen

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory, real_corpus_dir: Path) -> Assistant:
    folder = tmp_path_factory.mktemp("index")
    settings = Settings()
    embedder = open_embedder(settings.model, settings.cache_dir, None, settings.compiled, settings.late_interaction)
    ranking = read_ranking(has_tokens(embedder))
    build_index(read_corpus(real_corpus_dir), folder, embedder, recipe(ranking))
    return Assistant(folder, embedder, ranking)


def test_people_are_answered_in_both_languages_by_name_old_and_new(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        jobs = await ana.slash("demander", question="Combien d’emplois l’aluminium compte-t-il au Québec ?")
        assert "emplois**" in seen(jobs.message) and "lapresse.ca" in seen(jobs.message)
        head = await bob.hears(await bob.say(f"{server.bot.mention} Who was the first head of GIAQ?"))
        assert "**Luc Roby**" in seen(head) and "“GIAQ” was read as AluQuébec" in seen(head)
        lost = await bob.slash("ask", question="What is the boiling point of helium?")
        assert "The corpus doesn't say." in seen(lost.message)
        checked = await ana.slash("vérifier", affirmation="AluQuébec a été fondée en 2009.")
        assert "Contredit par les sources" in seen(checked.message)
        typed = await ana.complete("grappe", nom="giaq")
        assert typed[0]["value"] == "aluquebec"
        people = [server.person(f"Personne {number}", locale="fr") for number in range(20)]
        done = await asyncio.gather(*(one.slash("demander", question="Qui dirige CargoM ?") for one in people))
        assert all(one.failure is None and one.message is not None for one in done)

    settings = Settings(data_dir=tmp_path)
    with Store(tmp_path) as store:
        server = play(monkeypatch, lambda: ClusterBot(assistant, store, settings, is_syncing=True), scenario)
    assert not server.record.refused()


def test_the_demo_plays_its_conversation_and_keeps_nothing(
    assistant: Assistant, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    monkeypatch.setattr(discord.gateway.DiscordWebSocket, "DEFAULT_GATEWAY", discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY)
    shown = io.StringIO()
    show_demo(assistant, Settings(data_dir=tmp_path / "data"), Console(file=shown, width=100))
    text = " ".join(shown.getvalue().split())
    for told in ("30 000 emplois", "Mot pour mot", "Luc Roby", "Contredit par les sources", "Le corpus ne le dit pas", "Law 25"):
        assert told in text, told
    assert not (tmp_path / "data").exists()
