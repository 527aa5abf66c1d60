"""The bot's commands from end to end: unmodified discord.py, the loopback Discord, the small corpus of fakes.py."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import discord
import pytest

from clusterbot.bot import client, embeds
from clusterbot.bot.address import use_server
from clusterbot.bot.client import ClusterBot, run_bot
from clusterbot.bot.jobs import Job, take_up_index
from clusterbot.bot.replies import Unpublished
from clusterbot.errors import StorageError, UsageError
from clusterbot.index import snapshot
from clusterbot.settings import DISCORD_API_URL, DISCORD_GATEWAY_URL
from clusterbot.store import Store, quote_digest
from discord_server import Limits, Message, Server, pointed_at
from stage import Stage

FRENCH = "Combien d’emplois compte Aqua Nord ?"
ENGLISH = "How many jobs does Aqua Nord count?"
CLAIM = "En 2023, Aqua Nord comptait 1 250 emplois dans le secteur de l’eau."
LOST = "Quel temps fera-t-il demain à Gaspé ?"


def seen(message: Message | None) -> str:
    """Return what is read in a message, figures with plain no-break spaces."""
    assert message is not None
    return message.text.replace("\u202f", "\u00a0")


def colour(message: Message | None) -> int:
    assert message is not None
    return int(message.embeds[0]["color"])


# --- /ask


@pytest.mark.parametrize(
    ("locale", "name", "question", "expected"),
    [("fr", "demander", FRENCH, "**1\u00a0250 emplois**"), ("en-US", "ask", ENGLISH, "**1,250 jobs**")],
)
def test_a_question_is_answered_with_its_words_in_bold_and_its_source(
    stage: Stage, locale: str, name: str, question: str, expected: str
) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale=locale), server.person("Bob")
        assert name in ana.commands()
        done = await ana.slash(name, question=question)
        text = seen(done.message).replace("1 250", "1\u00a0250")
        assert text.startswith("> ")
        assert expected in text
        assert "](https://aqua.example.org" in text
        assert done.message in bob.sees() and not done.message.pings

    assert not stage(scenario).record.refused()


def test_what_the_corpus_does_not_say_is_said_with_leads(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana", locale="fr").slash("ask", question=LOST)
        assert seen(done.message).startswith("Le corpus ne le dit pas.")
        assert "Les pistes les plus proches" in seen(done.message)
        assert done.message is not None and done.message.buttons[0] == "Prévenez-moi"

    stage(scenario)


def test_an_abstention_on_a_named_cluster_says_whom_to_ask(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana", locale="fr").slash("ask", question="Quel temps fera-t-il chez Aqua Nord ?")
        assert "Le corpus ne le dit pas" in seen(done.message)

    stage(scenario)


def test_sources_that_disagree_stand_side_by_side_with_dates(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana", locale="fr").slash("ask", question="Combien de membres comptait Bois Boréal en 2020 ?")
        text = seen(done.message)
        assert "Les sources ne concordent pas" in text
        assert "**120** · 2020 · [journal.example.org](https://journal.example.org/bois)" in text
        assert "**140** · 2020 · [gazette.example.org](https://gazette.example.org/bois)" in text
        assert "**[1]**" in text and "**[2]**" in text

    stage(scenario)


def test_an_old_name_is_understood_and_told(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana", locale="fr").slash("ask", question="Qui est la directrice de la GBN ?")
        assert "a été compris comme Bois Boréal (ancien nom, jusqu’en 2015)" in seen(done.message)
        assert "**Jeanne Tremblay**" in seen(done.message)

    stage(scenario)


def test_the_answers_language_is_the_questions_unless_another_is_chosen(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        assert "Confidence" in seen((await ana.slash("demander", question=ENGLISH)).message)
        assert "Confidence" in seen((await ana.slash("demander", question=FRENCH, langue="en")).message)
        unclear = await ana.slash("demander", question="Aqua Nord 2023")
        assert "Confiance" in seen(unclear.message) or "Le corpus" in seen(unclear.message)

    stage(scenario)


def test_a_question_is_narrowed_to_a_cluster_and_a_date(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        offered = await ana.complete("demander", question="Combien de membres ?", grappe="gbn")
        assert offered == [{"name": "Bois Boréal (GBN)", "value": "bois_boreal"}]
        options = {"question": "Combien de membres ?", "grappe": "bois_boreal", "en-date-de": "2017"}
        done = await ana.slash("demander", **options)
        text = seen(done.message)
        assert "**45 membres**" in text and "120" not in text and "140" not in text
        assert "Seulement les documents sur Bois Boréal" in text and "en date de 2017" in text
        bad = await ana.slash("demander", question="Combien de membres ?", **{"en-date-de": "hier"})
        assert bad.message is not None and bad.message.is_ephemeral and "AAAA-MM" in seen(bad.message)

    stage(scenario)


def test_a_private_answer_is_seen_by_its_asker_alone_until_it_is_published(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        done = await ana.slash("demander", question=FRENCH, privé=True)
        assert done.message is not None and done.message.is_ephemeral and not bob.sees()
        published = await ana.press(done.message, "Publier")
        assert published.failure is None
        (public,) = await server.until(bob.sees)
        assert "emplois**" in seen(public)
        assert "Poursuivre dans un fil" in public.buttons
        assert not done.message.buttons

    assert not stage(scenario).record.refused()


@pytest.mark.parametrize(("command", "option", "words"), [("demander", "question", FRENCH), ("vérifier", "affirmation", CLAIM)])
def test_a_private_answer_of_several_messages_is_published_whole(stage: Stage, command: str, option: str, words: str) -> None:
    stage.monkeypatch.setattr(embeds, "PAGE", 90)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        done = await ana.slash(command, **{option: words, "privé": True})
        pages = await server.until(lambda: done.followups and done.followups[-1].buttons and [done.message, *done.followups])
        told = [seen(one) for one in pages]
        await ana.press(pages[-1], "Publier")
        await server.until(lambda: len(bob.sees()) == len(pages))
        assert [seen(one) for one in bob.sees()] == told

    assert not stage(scenario).record.refused()


def test_who_publishes_an_answer_whose_beginning_a_restart_took_is_told_so(stage: Stage) -> None:
    stage.monkeypatch.setattr(embeds, "PAGE", 90)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        done = await ana.slash("demander", question=FRENCH, privé=True)
        last = await server.until(lambda: done.followups and done.followups[-1].buttons and done.followups[-1])
        bot.unpublished = Unpublished()
        lost = await ana.press(last, "Publier")
        assert "reposez la question" in seen(lost.message)
        assert not bob.sees() and "Publier" in last.buttons

    stage(scenario)


# --- /check, and both menus


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        (CLAIM, "✅ Appuyé par les sources"),
        ("En 2023, Aqua Nord comptait 900 emplois dans le secteur de l’eau.", "❌ Contredit par les sources"),
        ("In 2023, Aqua Nord counted 1,250 jobs in the water sector.", "✅ Supported by the sources"),
    ],
)
def test_a_claim_is_weighed_with_evidence(stage: Stage, claim: str, verdict: str) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana", locale="fr").slash("vérifier", affirmation=claim)
        assert seen(done.message).startswith(verdict)
        assert "](https://aqua.example.org" in seen(done.message)

    assert not stage(scenario).record.refused()


@pytest.mark.parametrize(
    ("claim", "changed", "differ"),
    [
        ("Bois Boréal compte 45 membres.", "Membres (Bois Boréal) au fil du temps", "Les sources ne concordent pas\u00a0: Membres"),
        ("Boreal Wood has 45 members.", "Members (Boreal Wood) over time", "Sources disagree: Members"),
    ],
)
def test_a_claim_comes_with_what_changed_and_what_the_sources_disagree_on(
    stage: Stage, claim: str, changed: str, differ: str
) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        said = await ana.say(claim)
        for done in (await ana.slash("vérifier", affirmation=claim), await ana.menu(said, "Vérifier cette affirmation")):
            timeline, _, rivals = seen(done.message).partition(changed)[2].partition(differ)
            for told in ("**45** · 2016 · [journal.example.org]", "**140** · 2020 · [gazette.example.org]"):
                assert told in timeline
            assert "**120** · 2020" in rivals and "**140** · 2020" in rivals and "2016" not in rivals

    assert not stage(scenario).record.refused()


def test_a_message_can_be_asked_and_checked_from_its_menu(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        said = await bob.say(FRENCH)
        asked = await ana.menu(said, "Demander à clusterbot")
        assert asked.message is not None and asked.message.is_ephemeral
        assert "emplois**" in seen(asked.message)
        claimed = await bob.say("En 2023, Aqua Nord comptait 900 emplois dans le secteur de l’eau.")
        checked = await ana.menu(claimed, "Vérifier cette affirmation")
        assert "Contredit" in seen(checked.message)
        assert bob.sees() == [said, claimed]
        await ana.press(checked.message, "Publier")  # type: ignore[arg-type]
        shown = await server.until(lambda: bob.sees()[2:])
        assert "Contredit" in seen(shown[0])

    assert not stage(scenario).record.refused()


# --- what the index holds


def test_a_clusters_card_gives_each_fact_its_date_and_source(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        done = await ana.slash("grappe", nom="GBN")
        text = seen(done.message)
        assert text.startswith("Bois Boréal\n")
        assert "Grappe du bois du Nord (jusqu’en 2015)" in text
        assert "**140** · 2020 · [gazette.example.org](https://gazette.example.org/bois)" in text
        assert "**2,5\u00a0M$** · 2022" in text
        assert "**Site** : les sources ne le disent pas" in text.replace("\u00a0:", " :")
        english = await server.person("Bob").slash("cluster", name="bois_boreal")
        assert seen(english.message).startswith("Boreal Wood\n")

    assert not stage(scenario).record.refused()


def test_a_name_that_is_none_or_several_is_told_with_the_nearest(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        none = await ana.slash("grappe", nom="Aqva Sud")
        assert none.message is not None and none.message.is_ephemeral
        assert "les noms les plus proches sont" in seen(none.message) and "Aqua Nord" in seen(none.message)
        several = await ana.slash("grappe", nom="grappe verte")
        assert "peut désigner" in seen(several.message)

    stage(scenario)


def test_a_picture_comes_with_the_card_where_figures_have_dates_and_is_described(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        card = (await ana.slash("grappe", nom="bois_boreal")).message
        assert card is not None and len(card.attachments) == 1
        (picture,) = card.attachments
        assert picture["content_type"] == "image/png" and 1_000 < picture["size"] < 300_000
        assert "45 (2016)" in picture["description"]
        assert card.embeds[0]["image"]["url"] == f"attachment://{picture['filename']}"
        without = (await ana.slash("grappe", nom="aqua_nord")).message
        assert without is not None and not without.attachments
        every = (await ana.slash("grappes")).message
        assert every is not None and "Bois Boréal (2012)" in every.attachments[0]["description"]

    assert not stage(scenario).record.refused()


def test_clusters_are_compared_listed_and_their_sources_shown(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        compared = await ana.slash("comparer", première="aqua_nord", deuxième="bois_boreal")
        assert "__Fondation__" in seen(compared.message)
        assert "**mars 2012**" in seen(compared.message) and "**2018**" in seen(compared.message)
        listed = await ana.slash("grappes")
        assert "2 grappes" in seen(listed.message) and "**Bois Boréal** · ressources · Nord" in seen(listed.message)
        sources = await ana.slash("sources")
        assert "6 documents" in seen(sources.message).replace("\u00a0", " ")
        of_one = await ana.slash("sources", grappe="bois_boreal")
        assert seen(of_one.message).index("A wood cluster that grows") < seen(of_one.message).index("Le bois du Nord recrute")
        about = await ana.slash("à-propos")
        assert "Je ne rédige rien" in seen(about.message)

    assert not stage(scenario).record.refused()


# --- /privacy


def test_people_see_and_erase_what_is_held_on_them(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        await ana.slash("demander", question=FRENCH)
        page = (await ana.slash("vie-privée")).message
        assert page is not None and page.is_ephemeral and "90 jours" in seen(page)
        held = await ana.press(page, "Qu’avez-vous sur moi\u00a0?")
        assert "Combien d’emplois" in "".join(seen(one) for one in (held.message, *held.followups))
        ask = await ana.press(page, "Effacer")
        assert ask.message is not None
        await ana.press(ask.message, "Oui, tout effacer")
        await server.until(lambda: "Plus rien n’est conservé sur vous" in seen(ask.message))
        again = await ana.press(page, "Qu’avez-vous sur moi\u00a0?")
        assert "0 éléments" in seen(again.message)

    assert not stage(scenario).record.refused()


# --- in Discord's ways


def test_a_slow_answer_is_acknowledged_at_once(stage: Stage) -> None:
    stage.assistant.pause_s = 0.6

    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana").slash("ask", question=ENGLISH)
        assert done.failure is None
        assert done.acknowledged_after_s is not None and done.acknowledged_after_s < 0.3
        assert done.settled_after_s is not None and done.settled_after_s > 0.5

    stage(scenario, Limits(acknowledge_s=0.4))


def test_the_gateway_is_kept_alive_while_the_model_works(stage: Stage) -> None:
    stage.assistant.pause_s = 0.2

    async def scenario(server: Server, bot: ClusterBot) -> None:
        people = [server.person(f"Person {number}") for number in range(5)]
        done = await asyncio.gather(*(one.slash("ask", question=ENGLISH) for one in people))
        assert [one.failure for one in done] == [None] * 5
        await server.until(lambda: len(server.record.heartbeat_gaps_s()) > 5)
        assert max(server.record.heartbeat_gaps_s()) < 0.5

    stage(scenario, Limits(heartbeat_s=0.1))


def test_past_the_queue_a_person_is_told_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "MAX_WAITING", 1)
    stage.assistant.pause_s = 0.3

    async def scenario(server: Server, bot: ClusterBot) -> None:
        people = [server.person("Ana"), server.person("Bob")]
        first, second = await asyncio.gather(*(one.slash("ask", question=ENGLISH) for one in people))
        assert "1,250 jobs" in seen(first.message)
        assert "ask again" in seen(second.message)

    stage(scenario)


def test_who_asks_too_often_is_told_when_to_ask_again(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        for _ in range(2):
            assert (await ana.slash("demander", question=FRENCH)).message is not None
        third = await ana.slash("demander", question=FRENCH)
        assert third.message is not None and third.message.is_ephemeral
        assert "reposez celle-ci dans" in seen(third.message)
        assert "1,250 jobs" in seen((await bob.slash("ask", question=ENGLISH)).message)
        assert "This server has asked a lot" in seen((await bob.slash("ask", question=ENGLISH)).message)

    stage(scenario, person_per_minute=2, server_per_minute=3)


def test_a_question_asked_while_the_connection_is_lost_is_answered_once(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        for _ in range(20):
            server.drop_connection()
            done = await ana.slash("ask", question=ENGLISH)
            assert done.failure is None and "1,250 jobs" in seen(done.message)
        assert len(ana.sees()) == 20

    stage(scenario, person_per_minute=100)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_answer_survives_what_discord_refuses_for_a_moment(stage: Stage, status: int) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        server.fail("POST /webhooks/{application_id}/{token}", status)
        done = await server.person("Ana").slash("ask", question=ENGLISH)
        assert "1,250 jobs" in seen(done.message)

    stage(scenario)


def test_at_the_end_what_is_being_answered_is_finished_and_nothing_new_is_taken(stage: Stage) -> None:
    stage.assistant.pause_s = 0.4

    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana"), server.person("Bob", locale="fr")
        asking = asyncio.create_task(ana.slash("ask", question=ENGLISH))
        await asyncio.sleep(0.15)
        closing = asyncio.create_task(bot.close())
        await asyncio.sleep(0.05)
        late = await bob.slash("demander", question=FRENCH)
        assert "Je redémarre" in seen(late.message)
        assert "1,250 jobs" in seen((await asking).message)
        await closing

    stage(scenario)


def test_a_new_index_is_taken_up_without_a_restart(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        page = stage.corpus_dir / "clusters" / "aqua_nord.fr.md"
        page.write_text(page.read_text(encoding="utf-8").replace("1 250 emplois", "1 300 emplois"), encoding="utf-8")
        await asyncio.to_thread(stage.build)
        await bot.read(bot.assistant.reload)
        assert "1 300 emplois" in seen((await ana.slash("demander", question=FRENCH)).message).replace("\u00a0", " ")

    stage(scenario)


def test_a_full_disk_costs_the_buttons_and_never_the_answer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("the disk is full: free some space")

    monkeypatch.setattr(Store, "record", refuse)
    monkeypatch.setattr(Store, "keep_conversation", refuse)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        done = await server.person("Ana").slash("ask", question=ENGLISH)
        assert done.message is not None and "1,250 jobs" in seen(done.message) and not done.message.buttons

    stage(scenario)


def test_a_token_that_is_refused_is_told_with_its_cure(stage: Stage) -> None:
    async def run() -> None:
        async with Server() as server:
            with pointed_at(server, stage.monkeypatch), pytest.raises(UsageError, match="CLUSTERBOT_DISCORD_TOKEN"):
                await asyncio.to_thread(_run, stage, server.api_url, server.gateway_url)

    asyncio.run(run())


def _run(stage: Stage, api_url: str, gateway_url: str, token: str = "wrong", **values: object) -> None:
    settings = stage.settings(discord_api_url=api_url, discord_gateway_url=gateway_url, **values)
    with Store(stage.data_dir) as store:
        run_bot(stage.assistant, store, settings, token, False)


def test_an_intent_that_is_refused_is_told_with_its_cure(stage: Stage) -> None:
    async def run() -> None:
        async with Server() as server:
            with pointed_at(server, stage.monkeypatch), pytest.raises(UsageError, match="Message Content Intent"):
                await asyncio.to_thread(lambda: _run(stage, server.api_url, server.gateway_url, server.token, message_content=True))

    asyncio.run(run())


def test_a_server_that_is_not_there_is_told(stage: Stage) -> None:
    async def run() -> None:
        async with Server() as server:
            gone = server.api_url, server.gateway_url
        with pointed_at(server, stage.monkeypatch), pytest.raises(UsageError, match="can't be reached"):
            await asyncio.to_thread(_run, stage, *gone, "any")

    asyncio.run(run())


@pytest.mark.parametrize(
    ("api", "gateway"), [("http://127.0.0.1:1/api/v10", DISCORD_GATEWAY_URL), (DISCORD_API_URL, "ws://127.0.0.1:1/")]
)
def test_one_address_without_the_other_is_refused(api: str, gateway: str) -> None:
    before = discord.http.Route.BASE
    with pytest.raises(UsageError, match="set both, or neither"):
        use_server(api, gateway)
    assert before == discord.http.Route.BASE


BOT_PROCESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from clusterbot.assistant import Assistant
from clusterbot.bot import run_bot
from clusterbot.settings import Settings
from clusterbot.store import Store, quote_digest
from fakes import KeywordEmbedder, flat_ranking
settings = Settings()
with Store(settings.data_dir) as store:
    assistant = Assistant(settings.index_dir, KeywordEmbedder(), flat_ranking())
    run_bot(assistant, store, settings, settings.discord_token.get_secret_value(), True)
print("ended")
"""


def test_the_process_ends_by_itself_at_sigterm(stage: Stage) -> None:
    async def run() -> None:
        async with Server() as server:
            told = {"INDEX_DIR": stage.index_dir, "DATA_DIR": stage.data_dir, "DISCORD_TOKEN": server.token}
            told |= {"DISCORD_API_URL": server.api_url, "DISCORD_GATEWAY_URL": server.gateway_url}
            environ = {**os.environ, **{f"CLUSTERBOT_{key}": str(value) for key, value in told.items()}}
            command = [sys.executable, "-c", BOT_PROCESS, str(Path(__file__).parent)]
            process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)
            try:
                await server.connected(30)
                done = await server.person("Ana").slash("ask", question=ENGLISH)
                assert "1,250 jobs" in seen(done.message)
                process.send_signal(signal.SIGTERM)
                out, _ = await asyncio.to_thread(process.communicate, timeout=20)
                assert (process.returncode, out.strip()) == (0, "ended")
            finally:
                process.kill()

    asyncio.run(run())


def test_through_twenty_swaps_no_question_fails_or_is_answered_from_two_versions(stage: Stage) -> None:
    stage.monkeypatch.setattr(client, "JOBS", (Job(take_up_index, 0.02),))
    page = stage.corpus_dir / "clusters" / "aqua_nord.fr.md"
    written = page.read_text(encoding="utf-8")
    jobs_of: dict[str, str] = {snapshot.current_version(stage.index_dir): "1 250"}

    async def swap(server: Server) -> None:
        for number in range(20):
            page.write_text(written.replace("1 250 emplois", f"2 {number:03d} emplois"), encoding="utf-8")
            await asyncio.to_thread(stage.build)
            built = snapshot.current_version(stage.index_dir)
            jobs_of[built] = f"2 {number:03d}"
            await server.until(lambda built=built: stage.assistant.engine.snapshot.manifest.version == built, 20)
            await asyncio.sleep(0.1)  # some questions meet this version

    async def scenario(server: Server, bot: ClusterBot) -> None:
        people = [server.person(f"Personne {number}", locale="fr") for number in range(3)]
        swapping = asyncio.create_task(swap(server))
        asked = 0
        while not swapping.done() or asked < 30:
            done = await asyncio.gather(*(one.slash("demander", question=FRENCH) for one in people))
            asked += len(done)
            assert all(one.failure is None and "emplois**" in seen(one.message) for one in done)
        await swapping
        receipts = bot.store.receipts()
        assert len(receipts) == asked
        assert len({one.index for one in receipts}) > 10
        for receipt in receipts:
            sentence = f"En 2023, Aqua Nord comptait {jobs_of[receipt.index]} emplois dans le secteur de l’eau."
            assert receipt.quotes[0].digest == quote_digest(sentence), receipt.index

    stage(scenario, person_per_minute=10_000, server_per_minute=100_000)


def test_a_note_that_staff_pinned_stands_under_the_quotation(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        note = (
            "Corrigé : 1 300 emplois depuis mars 2024.",
            "Corrected: 1,300 jobs since March 2024.",
            "https://aqua.example.org/2024",
        )
        sentence = "En 2023, Aqua Nord comptait 1 250 emplois dans le secteur de l’eau."
        assert sentence in (stage.corpus_dir / "clusters" / "aqua_nord.fr.md").read_text(encoding="utf-8")
        bot.store.add_erratum("aqua_nord.fr", sentence, *note, dt.datetime.now(dt.UTC))
        done = await server.person("Ana", locale="fr").slash("demander", question=FRENCH)
        assert "📝" in seen(done.message) and "1 300 emplois depuis mars 2024" in seen(done.message).replace("\u00a0", " ")

    stage(scenario)
