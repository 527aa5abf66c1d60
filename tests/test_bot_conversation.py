"""Messages: what is meant for the bot is answered, what is not is left alone; follow-ups build on what came before."""

from __future__ import annotations

import asyncio

import pytest

from clusterbot.bot.client import ClusterBot
from clusterbot.loopback.world import SEND_MESSAGES
from discord_server import Message, NotSeen, Server
from stage import Stage
from test_bot_end_to_end import ENGLISH, FRENCH, seen

QUIET_S = 0.4


async def stays_silent(server: Server, person: object, after: Message) -> bool:
    """Say whether the bot writes nothing for a while."""
    try:
        await person.hears(after, within_s=QUIET_S)  # type: ignore[attr-defined]
    except NotSeen:
        return True
    return False


def test_a_mention_is_answered_as_a_reply_that_pings_nobody(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        said = await ana.say(f"{server.bot.mention} {FRENCH}")
        answer = await ana.hears(said)
        assert "emplois**" in seen(answer)
        assert answer.reference is said and not answer.pings
        assert "Poursuivre dans un fil" in answer.buttons

    assert not stage(scenario).record.refused()


@pytest.mark.parametrize("does_ping", [True, False])
def test_a_reply_goes_on_with_the_conversation(stage: Stage, does_ping: bool) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        done = await ana.slash("demander", question=FRENCH)
        assert done.message is not None
        said = await ana.reply(done.message, "et en quelle année a-t-elle été fondée ?", does_ping=does_ping)
        answer = await ana.hears(said)
        assert "Aqua Nord a été fondée en **2018**" in seen(answer)
        assert "repris d’une question précédente" in seen(answer)
        third = await ana.hears(await ana.reply(answer, "combien d’emplois ?"))
        assert "emplois**" in seen(third)

    stage(scenario, prepare=lambda server: server.allow_intents(), message_content=True)


def test_a_reply_without_a_ping_can_t_be_read_without_the_intent_and_is_told_how(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        done = await ana.slash("demander", question=FRENCH)
        assert done.message is not None
        answer = await ana.hears(await ana.reply(done.message, "et depuis quand ?", does_ping=False))
        assert "Écrivez votre question après la mention" in seen(answer)

    stage(scenario)


def test_a_follow_up_keeps_the_cluster_the_language_and_the_date(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        options = {"question": "Combien de membres ?", "grappe": "bois_boreal", "en-date-de": "2017", "langue": "en"}
        done = await ana.slash("demander", **options)
        assert done.message is not None
        answer = await ana.hears(await ana.reply(done.message, "Et en quelle année a-t-elle été fondée ?"))
        text = seen(answer)
        assert "2012" in text and "2018" not in text
        assert "Only documents about Boreal Wood" in text and "Only what was said by 2017" in text

    stage(scenario)


def test_a_direct_message_is_answered_and_followed_up(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        first = await ana.hears(await ana.say(FRENCH, ana.direct()))
        assert "emplois**" in seen(first) and "Poursuivre dans un fil" not in first.buttons
        second = await ana.hears(await ana.say("et en quelle année a-t-elle été fondée ?", ana.direct()))
        assert "2018" in seen(second)

    assert not stage(scenario).record.refused()


def test_in_a_thread_of_the_bot_a_follow_up_needs_no_mention_where_messages_may_be_read(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        done = await ana.slash("demander", question=FRENCH)
        assert done.message is not None
        await ana.press(done.message, "Poursuivre dans un fil")
        thread = await server.until(lambda: done.message and done.message.thread)
        assert thread is not None
        greeting = await server.until(lambda: [one for one in ana.sees(thread) if one.content])
        assert "écrivez simplement" in seen(greeting[-1])
        answer = await ana.hears(await ana.say("et en quelle année a-t-elle été fondée ?", thread))
        assert "2018" in seen(answer)
        assert await stays_silent(server, ana, await ana.say(f"{bob.mention} tu savais ?", thread))

    stage(scenario, prepare=lambda server: server.allow_intents(), message_content=True)


def test_in_a_thread_of_the_bot_a_message_that_can_t_be_read_is_told_how(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr")
        done = await ana.slash("demander", question=FRENCH)
        assert done.message is not None
        await ana.press(done.message, "Poursuivre dans un fil")
        thread = await server.until(lambda: done.message and done.message.thread)
        assert thread is not None
        greeting = await server.until(lambda: [one for one in ana.sees(thread) if one.content])
        assert "mentionnez @" in seen(greeting[-1])
        answer = await ana.hears(await ana.say("et depuis quand ?", thread))
        assert "Écrivez votre question après la mention" in seen(answer)

    stage(scenario)


def test_what_is_not_meant_for_the_bot_is_left_alone(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = server.person("Ana", locale="fr"), server.person("Bob")
        said = await ana.say(FRENCH)
        await bob.reply(said, "bonne question")
        await ana.say(f"{bob.mention} @everyone qui sait ?")
        assert await stays_silent(server, ana, said)

    stage(scenario, prepare=lambda server: server.allow_intents(), message_content=True)


def test_a_mention_without_a_question_is_told_how_to_ask(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        answer = await ana.hears(await ana.say(f"{server.bot.mention} <:salut:123456789012345678>"))
        assert "par exemple" in seen(answer) or "for example" in seen(answer)

    stage(scenario)


def test_what_can_t_be_taken_is_told_in_the_words_language(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        long = await ana.hears(await ana.say(f"{server.bot.mention} {'How many members are there in it? ' * 58}"))
        assert "1,250" not in seen(long)
        signs = await ana.hears(await ana.say(f"{server.bot.mention} 👍👍👍"))
        assert "ne contient aucun mot" in seen(signs)

    stage(scenario)


def test_where_the_bot_may_not_write_the_asker_is_told_in_private(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        server.permit(deny=SEND_MESSAGES, channel=server.channel)
        await ana.say(f"{server.bot.mention} {ENGLISH}")
        told = await server.until(lambda: ana.sees(ana.direct()))
        assert "Send Messages" in seen(told[0])

    stage(scenario)


def test_messages_that_come_while_the_connection_is_lost_are_answered_once(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana")
        for number in range(5):
            server.drop_connection()
            await ana.say(f"{server.bot.mention} {ENGLISH} ({number})")
        answers = await server.until(lambda: [one for one in ana.sees() if one.author is server.bot][4:], 15)
        assert answers
        await asyncio.sleep(0.3)
        assert sum(one.author is server.bot for one in ana.sees()) == 5

    stage(scenario)
