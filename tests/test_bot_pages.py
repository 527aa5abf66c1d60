"""Embeds: golden files in both languages, Discord's limits, and what hostile documents and people can't do."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant, recipe
from clusterbot.bot import client, curating
from clusterbot.bot.cards import check_embeds, cluster_embeds, comparison_embeds, corpus_embeds, document_embeds, list_embeds
from clusterbot.bot.client import ClusterBot
from clusterbot.bot.embeds import MAX_TOTAL, paged, reply_embeds
from clusterbot.bot.markup import embolden, escape, link, pages, plain, shorten, split
from clusterbot.comparison import compare
from clusterbot.corpus import Corpus
from clusterbot.emphasis import telling_words
from clusterbot.i18n import read_texts
from clusterbot.index.build import build_index
from clusterbot.models import EVERYTHING, LANGUAGES, Filters, Lang, Span
from clusterbot.questions import Asks
from discord_server import Server
from fakes import KeywordEmbedder, document, flat_ranking
from stage import Stage

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = (
    "@everyone @here <@123456789012345678> <@&123456789012345678> <#1> </ask:1> <t:1:R> [ici](https://evil.example/a) "
    "https://evil.example/b <https://evil.example/c> `code` ```bloc``` ||caché|| ~~rayé~~ **gras** "
    "\u202etourné\u202c\u200b # titre "
    "MTIzNDU2Nzg5MDEyMzQ1Njc4.GabcdE.abcdefghijklmnopqrstuvwxyz0123456789AB"
)
MENTION = re.compile(r"(?<!\\)<(?:[@#/t]|https?:)|@(?:everyone|here)\b(?<!\u200b)")
MASKED = re.compile(r"(?<!\\)\]\((?!https://(?:aqua|bois|example|journal|gazette)\b)")
ADDRESS = re.compile(r"https?://evil")


def embeds_of(stage: Stage, name: str, lang: Lang) -> list[discord.Embed]:
    """Return the embeds that a golden file holds."""
    texts, assistant = read_texts(lang), stage.assistant
    registry, loaded = assistant.engine.registry, assistant.engine.snapshot
    vocabulary = loaded.tables.vocabulary
    asked = {
        "answer": {"fr": "Combien d’emplois compte Aqua Nord ?", "en": "How many jobs does Aqua Nord count?"},
        "disagreement": {
            "fr": "Combien de membres comptait la GBN en 2020 ?",
            "en": "How many members did the Northern Wood Cluster have in 2020?",
        },
        "abstention": {"fr": "Quel temps fera-t-il à Gaspé ?", "en": "What is the weather in Gaspé?"},
        "narrowed": {"fr": "Combien de membres ?", "en": "How many members?"},
    }
    claimed = {
        "fr": "En 2023, Aqua Nord comptait 900 emplois dans le secteur de l’eau.",
        "en": "In 2023, Aqua Nord counted 900 jobs in the water sector.",
    }
    undated = {"fr": "Bois Boréal compte 45 membres.", "en": "Boreal Wood has 45 members."}
    if name in asked:
        filters = Filters("bois_boreal", "2017") if name == "narrowed" else EVERYTHING
        return reply_embeds(assistant.ask(asked[name][lang], filters=filters), filters, (), "abcdefghjkmn", texts)
    both = [registry.clusters["aqua_nord"], registry.clusters["bois_boreal"]]
    return {
        "check": lambda: check_embeds(assistant.check(claimed[lang]), texts),
        "changed": lambda: check_embeds(assistant.check(undated[lang]), texts),
        "cluster": lambda: cluster_embeds(
            both[1], vocabulary, assistant.engine.ledger.disagreements_of("bois_boreal", lang), texts
        ),
        "compare": lambda: comparison_embeds(compare(both, vocabulary), vocabulary, texts),
        "clusters": lambda: list_embeds(both, texts),
        "sources": lambda: corpus_embeds(loaded.documents, texts),
        "documents": lambda: document_embeds(both[1], loaded.documents, texts),
    }[name]()


NAMES = (
    *("answer", "disagreement", "abstention", "narrowed", "check", "changed"),
    *("cluster", "compare", "clusters", "sources", "documents"),
)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_embeds_look_as_they_did(stage: Stage, name: str, lang: Lang) -> None:
    shown = [one.to_dict() for one in embeds_of(stage, name, lang)]
    path = GOLDEN / f"{name}.{lang}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(shown, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    assert shown == json.loads(path.read_text(encoding="utf-8"))


def test_an_answer_says_that_its_page_is_gone(stage: Stage) -> None:
    shown = stage.assistant.ask("Combien d’emplois compte Aqua Nord ?")
    assert isinstance(shown.result, Answer)
    quotes = tuple(replace(one, document=one.document.model_copy(update={"gone": "2026-11-24"})) for one in shown.result.quotes)
    gone = replace(shown, result=replace(shown.result, quotes=quotes))
    told = reply_embeds(gone, EVERYTHING, (), "abcdefghjkmn", read_texts("fr"))[0].description or ""
    assert "La page n’est plus en ligne (constaté le 24 novembre 2026)" in told
    assert "plus en ligne" not in (reply_embeds(shown, EVERYTHING, (), "abcdefghjkmn", read_texts("fr"))[0].description or "")


# --- the words that tell


@pytest.mark.parametrize(
    ("text", "lang", "asks", "question", "told"),
    [
        ("En 2023, Aqua Nord comptait 1 250 emplois.", "fr", "number", "Combien d’emplois en 2023 ?", ["1 250 emplois"]),
        (
            "En juin 2012, l’aérospatiale comptait 42 500 emplois et 215 entreprises, soit 98 % du total.",
            *("fr", "number", "Combien d’emplois ?", ["42 500 emplois"]),
        ),
        ("On June 1, 2023, 72 of them were members.", "en", "number", "How many firms?", ["72"]),
        ("L’usine a coûté 2,5 M$ en 2022.", "fr", "money", "Combien a-t-elle coûté ?", ["2,5 M$"]),
        ("Bois Boréal a été fondé en mars 2012.", "fr", "date", "Quand ?", ["mars 2012"]),
        ("It was launched on October 21, 2013.", "en", "date", "When?", ["October 21, 2013"]),
        ("En 2021, Jeanne Tremblay est directrice.", "fr", "person", "Qui dirige ?", ["Jeanne Tremblay"]),
        ("En 2021, Jeanne Tremblay est directrice.", "fr", "date", "Qui dirigeait en 2021 ?", []),
        ("Aqua Nord est la grappe de l’eau.", "fr", "other", "Que fait Aqua Nord ?", []),
    ],
)
def test_the_words_that_tell_what_is_asked_for_are_found(text: str, lang: Lang, asks: Asks, question: str, told: list[str]) -> None:
    assert [text[one.start : one.end] for one in telling_words(text, lang, asks, question)] == told


def test_bold_words_are_escaped_like_the_others() -> None:
    assert embolden("a *b* [c](https://d.example) e", [Span(2, 5)]).startswith("a **\\*b\\*** ")


# --- limits


def test_a_long_text_is_split_at_sentences_and_never_within_a_word() -> None:
    sentence = "La grappe compte des membres partout au Québec. "
    parts = split(sentence * 100, 500)
    assert all(len(part) <= 500 and part.endswith("Québec.") for part in parts)
    words = split("anticonstitutionnellement " * 100, 500)
    assert {word for part in words for word in part.split()} == {"anticonstitutionnellement"}
    assert "".join(split("x" * 1200, 500)) == "x" * 1200


def test_blocks_are_kept_whole_and_fill_pages_in_order() -> None:
    found = pages(["a" * 60, "b" * 60, "c" * 10], 100)
    assert found == ["a" * 60, "b" * 60 + "\n\n" + "c" * 10]


def test_no_embed_is_larger_than_discord_takes() -> None:
    for embed in paged(["mot " * 3000, "x" * 9000], discord.Colour(0), "t" * 400):
        assert len(embed) <= MAX_TOTAL and len(embed.description or "") <= 4096 and len(embed.title or "") <= 256


def test_a_very_long_document_is_answered_within_the_limits(tmp_path: Path) -> None:
    long = "Le bois compte 1200 membres " + "*_~`>|[](<@1> " * 60 + "."
    build_index(
        Corpus((document(text=f"{long} {long} {long}", title="[t](https://evil.example) " * 15),)),
        tmp_path,
        KeywordEmbedder(),
        recipe(flat_ranking()),
    )
    assistant = Assistant(tmp_path, KeywordEmbedder(), flat_ranking())
    reply = assistant.ask("Combien de membres compte le bois ?")
    embeds = reply_embeds(reply, EVERYTHING, (), "abcdefghjkmn", read_texts("fr"))
    assert isinstance(reply.result, Answer)
    assert all(len(one) <= MAX_TOTAL and len(one.description or "") <= 4096 for one in embeds)


# --- hostile text


def test_a_hostile_text_is_shown_and_not_obeyed() -> None:
    shown = escape(HOSTILE)
    assert not MENTION.search(shown), MENTION.search(shown)
    assert not ADDRESS.search(shown)
    assert "\u202e" not in shown and "\u200b" not in shown.replace("@\u200b", "")
    for sign in ("`", "||", "~~", "**", "["):
        assert not re.search(rf"(?<!\\){re.escape(sign)}", shown.replace(f"\\{sign[0]}" * len(sign), "")), sign


@pytest.mark.parametrize(
    "text", ["@here", "**gras**", "[a](https://b.example)", "`code`", "# titre", "> cité", "- point", "-# petit"]
)
def test_what_people_write_is_shown_and_not_carried_out(text: str) -> None:
    assert escape(text) != text


def test_signs_that_hide_text_are_gone_and_no_break_spaces_stay() -> None:
    assert plain("a\u200bb\u202ec\n d") == "abc d"
    assert plain("1\u00a0250") == "1\u00a0250"


def test_an_address_can_t_leave_its_brackets() -> None:
    assert link("a](b", "https://example.org/a_(b)") == "[a\\](b](https://example.org/a_%28b%29)"
    assert link("a", "https://example.org/" + "x" * 600) == "a"


def test_a_shortened_text_ends_between_words() -> None:
    assert shorten("un deux trois quatre", 12) == "un deux\u00a0…"


def test_a_hostile_document_and_a_hostile_person_ping_nobody_and_lead_nowhere(stage: Stage, tmp_path: Path) -> None:
    text = f"Le bois compte 12 membres. {HOSTILE} membres du bois."
    corpus = Corpus((document(text=text, title=f"Titre {HOSTILE}"[:300], publisher="@everyone [x](https://evil.example)"),))
    build_index(corpus, stage.index_dir, KeywordEmbedder(), recipe(flat_ranking()))
    stage.assistant.reload()

    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        questions = [
            "Combien de membres compte le bois ?",
            f"Combien de membres compte le bois ? {HOSTILE}"[:300],
            "\ufdfa" * 150 + " membres du bois",
            "membres " + "‮" * 100 + " bois ?",
        ]
        for question in questions:
            await ana.slash("demander", question=question)
        await ana.say(f"{server.bot.mention} {HOSTILE} combien de membres ?")
        await ana.say(f"{server.bot.mention} " + "\ufdfa" * 1900)
        await ana.slash("vérifier", affirmation=f"Le bois compte 12 membres. {HOSTILE}")
        await server.until(lambda: sum(one.author is server.bot for one in ana.sees()) >= 7, 20)
        for message in ana.sees():
            if message.author is server.bot:
                assert not message.pings
                for part in [message.content, *(embed.get("description", "") for embed in message.embeds)]:
                    assert not ADDRESS.search(part) and not MASKED.search(part), part
                assert "GabcdE.abcdefghijklmnop" not in message.content

    assert not stage(scenario, person_per_minute=100).record.refused()


def test_four_thousand_ligatures_cost_no_time(stage: Stage) -> None:
    started = time.perf_counter()
    assert escape("\ufdfa" * 4000)
    assert shorten("\ufdfa" * 4000, 300)
    assert time.perf_counter() - started < 0.5


# --- every command, in both languages


def commands() -> list[Any]:
    return [*client.COMMANDS]


def test_every_command_and_option_is_described_in_both_languages() -> None:
    french = read_texts("fr")
    for command in commands():
        for one in [command, *getattr(command, "commands", ())]:
            told = [one._locale_name, getattr(one, "_locale_description", one._locale_name)]
            for parameter in getattr(one, "parameters", ()):
                told += [parameter.locale_name, parameter.locale_description]
            for text in told:
                assert isinstance(text, discord.app_commands.locale_str), (one.name, text)
                assert f"command.{text.extras['key']}" in french


def test_all_commands_of_the_interface_are_there() -> None:
    names = {one.name for one in commands()}
    assert {"ask", "check", "cluster", "compare", "clusters", "sources", "about", "privacy", "corpus", "gaps"} <= names
    assert {"Ask clusterbot", "Check this claim"} <= names
    assert {one.name for one in curating.corpus.commands} == {"add", "refresh", "status", "rollback", "note"}
