"""What stands under an answer: what it does, for whom, and after a restart."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from clusterbot.bot.client import ClusterBot
from clusterbot.bot.jobs import tell_watchers
from clusterbot.gaps import retest
from clusterbot.loopback.world import CREATE_PUBLIC_THREADS
from clusterbot.store import Store
from discord_server import Message, Person, Server, pointed_at
from fakes import write_file
from stage import Stage
from test_bot_end_to_end import ENGLISH, FRENCH, seen


async def answered(person: Person, question: str = FRENCH) -> Message:
    done = await person.slash("ask", question=question)
    assert done.message is not None
    return done.message


def test_an_opinion_is_kept_with_its_reason_and_the_last_one_counts(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        answer = await answered(ana)
        thanks = await bob.press(answer, "👍")
        assert thanks.message is not None and thanks.message.is_ephemeral
        sorry = await ana.press(answer, "👎")
        assert sorry.message is not None and "dites ce qui n’allait pas" in seen(sorry.message)
        await ana.choose(sorry.message, "Qu’est-ce qui n’allait pas\u00a0?", "Périmé")
        assert "c’est noté" in seen(sorry.message)
        kept = sorted((one.is_helpful, one.reason) for one in bot.store.feedback())
        assert kept == [(False, "outdated"), (True, None)]
        await ana.press(answer, "👍")
        assert [one.is_helpful for one in bot.store.feedback()] == [True, True]

    assert not stage(scenario).record.refused()


def test_a_quotation_is_verified_against_the_stored_document(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        answer = await answered(ana)
        proof = await bob.press(answer, "Vérifier")
        assert proof.message is not None and proof.message.is_ephemeral
        text = seen(proof.message)
        assert "✅ Verbatim" in text and "aqua\\_nord.fr" in text
        assert "a été fondée en 2018. **En 2023" in text, "the sentence before it"

    assert not stage(scenario).record.refused()


def test_a_quotation_that_moved_is_found_and_one_that_is_gone_is_said_to_be(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        answer = await answered(ana)
        page = stage.corpus_dir / "clusters" / "aqua_nord.fr.md"
        text = page.read_text(encoding="utf-8")
        page.write_text(
            text.replace("Aqua Nord a été fondée en 2018.", "Aqua Nord a été fondée en 2018, à Val-d’Or."), encoding="utf-8"
        )
        await asyncio.to_thread(stage.build)
        assert "✅ Mot pour mot" in seen((await ana.press(answer, "Vérifier")).message)
        page.write_text(text.replace("1 250 emplois", "1 300 emplois"), encoding="utf-8")
        await asyncio.to_thread(stage.build)
        assert "ces mots n’y figurent plus" in seen((await ana.press(answer, "Vérifier")).message)
        assert "plus rien à citer" in seen((await ana.press(answer, "Citer")).message)

    stage(scenario)


def test_a_citation_is_ready_to_copy_in_both_typographies(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        answer = await answered(ana)
        french = seen((await ana.press(answer, "Citer")).message)
        english = seen((await bob.press(answer, "Citer")).message)
        assert french.index("«\u00a0En 2023") < french.index("“En 2023")
        assert english.index("“En 2023") < english.index("«\u00a0En 2023")
        assert "Aqua Nord\u00a0: profil, clusterbot" in french.replace(" : profil", "\u00a0: profil")
        assert "https://aqua.example.org (consulté le" in french

    stage(scenario)


def test_more_passages_are_shown_to_whoever_asks_for_them(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        answer = await answered(ana)
        more = await bob.press(answer, "Plus de passages")
        assert more.message is not None and more.message.is_ephemeral
        assert "Aqua Nord" in seen(more.message)
        assert bob.sees() != ana.sees()

    stage(scenario)


def test_a_thread_goes_on_with_the_conversation(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        answer = await answered(ana)
        opened = await ana.press(answer, "Poursuivre dans un fil")
        assert opened.failure is None and answer.thread is not None
        assert answer.thread.name.startswith("Combien d’emplois")
        said = await ana.say(f"{server.bot.mention} et en quelle année a-t-elle été fondée ?", answer.thread)
        follow = await ana.hears(said)
        assert "2018" in seen(follow)
        again = await ana.press(answer, "Poursuivre dans un fil")
        assert again.message is not None and again.message.is_ephemeral, "there is one already"

    stage(scenario)


def test_who_may_not_open_threads_is_told_so(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        answer = await answered(ana)
        server.permit(deny=CREATE_PUBLIC_THREADS)
        refused = await ana.press(answer, "Poursuivre dans un fil")
        assert "vous ne pouvez pas ouvrir de fil" in seen(refused.message).lower()
        assert answer.thread is None

    stage(scenario)


def test_who_asked_to_be_told_is_told_once_when_the_corpus_answers(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        done = await ana.slash("demander", question="Quel temps fera-t-il demain à Gaspé ?")
        assert done.message is not None
        watching = await ana.press(done.message, "Prévenez-moi")
        assert "Je vous écrirai" in seen(watching.message)
        await tell_watchers(bot)
        assert not ana.sees(ana.direct()), "nothing answers it yet"
        front = {
            "title": "Le temps",
            "lang": "fr",
            "url": "https://temps.example.org",
            "publisher": "Le Journal",
            "published": "2026",
        }
        front |= {"retrieved": "2026", "clusters": [], "licence": "CC BY 4.0"}
        write_file(stage.corpus_dir / "articles" / "2026-temps.md", front, "Demain, le temps sera doux à Gaspé.")
        await asyncio.to_thread(stage.build)
        await bot.read(bot.assistant.reload)
        await bot.compute(retest, bot.store, bot.assistant, dt.datetime.now(dt.UTC))
        await tell_watchers(bot)
        await tell_watchers(bot)
        (told,) = ana.sees(ana.direct())
        assert "Vous aviez demandé" in seen(told) and "sera doux" in seen(told)

    stage(scenario)


def test_buttons_outlive_the_process(stage: Stage) -> None:
    async def run() -> None:
        async with Server() as server:
            with pointed_at(server, stage.monkeypatch), Store(stage.data_dir) as store:
                ana = server.person("Ana", locale="fr")
                answer: Message | None = None
                for _ in range(2):
                    bot = ClusterBot(stage.assistant, store, stage.settings(), is_syncing=True)
                    running = asyncio.create_task(bot.start(server.token))
                    await server.connected()
                    if answer is None:
                        answer = await answered(ana)
                    else:
                        assert "✅ Mot pour mot" in seen((await ana.press(answer, "Vérifier")).message)
                        assert "c’est noté" in seen((await ana.press(answer, "👍")).message)
                    await bot.close()
                    await running
                    await server.until(lambda: not server.gateway.links)

    asyncio.run(run())


@pytest.mark.parametrize("custom_id", ["cb:nonsense", "cb:nonsense:abcdefghjkmn", "cb:verify:zzzzzzzzzzzz", "cb:up:zzzzzzzzzzzz"])
def test_a_button_that_was_tampered_with_is_told_in_one_sentence(stage: Stage, custom_id: str) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        answer = await answered(ana, ENGLISH)
        answer.components[0]["components"][0]["custom_id"] = custom_id
        done = await ana.press(answer, custom_id)
        assert done.failure is None and done.message is not None and done.message.is_ephemeral
        assert "reposez la question" in seen(done.message) or "cette demande" in seen(done.message).lower()

    stage(scenario)
