from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace

import discord
import pytest
from typer.testing import CliRunner

from clusterbot.assistant import Assistant, recipe
from clusterbot.bot import client
from clusterbot.bot.client import ClusterBot, embed_of
from clusterbot.bot.embeds import MAX_DESCRIPTION, escape, plain, reply_embed
from clusterbot.cli.program import app
from clusterbot.corpus import Corpus, read_corpus
from clusterbot.errors import UsageError
from clusterbot.i18n import read_texts
from clusterbot.index.build import build_index
from fakes import KeywordEmbedder, document, flat_ranking


@pytest.fixture
def assistant(tmp_path: Path, corpus_dir: Path) -> Assistant:
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(flat_ranking()))
    return Assistant(tmp_path / "index", KeywordEmbedder(), flat_ranking())


def test_an_answer_shows_the_quote_first_then_its_source(assistant: Assistant) -> None:
    embed = embed_of(assistant.ask("Combien d’emplois compte Aqua Nord ?"), assistant)
    first, second = (embed.description or "").split("\n")[:2]
    assert first.startswith("> ")
    assert "1\u00a0250 emplois" in first or "1 250 emplois" in first
    assert "Aqua Nord : profil" in second
    assert "aqua.example.org" in second


def test_a_hostile_document_pings_no_one_and_fits(tmp_path: Path) -> None:
    text = "@everyone <@123456789012345678> [ici](https://evil.example) ```code``` \u202etourné " + "membres du bois " * 400 + "."
    build_index(Corpus((document(text=text),)), tmp_path / "index", KeywordEmbedder(), recipe(flat_ranking()))
    assistant = Assistant(tmp_path / "index", KeywordEmbedder(), flat_ranking())
    description = embed_of(assistant.ask("Combien de membres dans le bois ?"), assistant).description or ""
    assert len(description) <= MAX_DESCRIPTION
    assert "@everyone" not in description
    assert "<@123456789012345678>" not in description
    assert "](https://evil" not in description
    assert "\u202e" not in description


@pytest.mark.parametrize("text", ["@here", "**gras**", "[a](https://b.example)", "`code`"])
def test_what_people_write_is_shown_and_not_carried_out(text: str) -> None:
    assert escape(text) != text


def test_signs_that_hide_text_are_gone() -> None:
    assert plain("a\u200bb\u202ec\n d") == "abc d"


def test_an_abstention_says_so_in_the_questions_language(assistant: Assistant) -> None:
    reply = assistant.ask("Quel temps fera-t-il demain à Gaspé ?")
    shown = reply_embed(reply, (), read_texts("fr"))
    assert shown.footer.text


def test_past_the_queue_people_are_asked_to_come_back(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_WAITING", 0)

    async def ask_one() -> None:
        bot = ClusterBot(assistant, is_syncing=False)
        with pytest.raises(UsageError, match="ask again"):
            await bot.compute(len, "abc")
        await bot.close()

    asyncio.run(ask_one())


def test_a_question_is_acknowledged_before_it_is_answered(assistant: Assistant) -> None:
    told: list[object] = []

    async def run() -> None:
        bot = ClusterBot(assistant, is_syncing=False)

        async def defer(thinking: bool) -> None:
            told.append("deferred")

        async def send(embed: discord.Embed) -> None:
            told.append(embed)

        interaction = SimpleNamespace(
            client=bot, response=SimpleNamespace(defer=defer), followup=SimpleNamespace(send=send), locale=discord.Locale.french
        )
        await client.ask.callback(interaction, "Combien d’emplois compte Aqua Nord ?")  # type: ignore[call-arg, arg-type]
        await bot.close()

    asyncio.run(run())
    assert told[0] == "deferred"
    assert isinstance(told[1], discord.Embed)


def test_without_a_token_one_sentence_names_what_is_missing(empty_folder: Path) -> None:
    result = CliRunner().invoke(app, ["bot"])
    assert isinstance(result.exception, UsageError)
    assert "CLUSTERBOT_DISCORD_TOKEN" in str(result.exception)
