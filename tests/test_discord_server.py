"""The loopback Discord against unmodified discord.py: it does what Discord does, and refuses what Discord refuses."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands
from discord.http import Route

from clusterbot.loopback.world import (
    ADMINISTRATOR,
    CREATE_PUBLIC_THREADS,
    EMBED_LINKS,
    READ_MESSAGE_HISTORY,
    SEND_IN_THREADS,
    SEND_MESSAGES,
    VIEW_CHANNEL,
)
from discord_server import QUICK, CannotDo, Limits, NotSeen, Server, play

Scenario = Callable[[Server, "LittleBot"], Awaitable[None]]


class Why(discord.ui.Modal, title="Pourquoi ?"):
    said: discord.ui.TextInput[Why] = discord.ui.TextInput(label="Raison", max_length=20)

    async def on_submit(self, interaction: discord.Interaction) -> None:
        await interaction.response.send_message(f"noté : {self.said.value}", ephemeral=True)


class Buttons(discord.ui.View):
    @discord.ui.button(label="Encore", custom_id="again")
    async def again(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.edit_message(content="changé")

    @discord.ui.button(label="Plus tard", custom_id="later")
    async def later(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.defer()
        await interaction.edit_original_response(content="plus tard")

    @discord.ui.button(label="Pourquoi", custom_id="why")
    async def why(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        await interaction.response.send_modal(Why())

    @discord.ui.button(label="Éteint", disabled=True, custom_id="off")
    async def off(self, interaction: discord.Interaction, button: discord.ui.Button[Buttons]) -> None:
        raise AssertionError("a disabled button was pressed")

    @discord.ui.select(
        placeholder="Choisissez", options=[discord.SelectOption(label="Bois", value="b"), discord.SelectOption(label="Eau")]
    )
    async def chosen(self, interaction: discord.Interaction, select: discord.ui.Select[Buttons]) -> None:
        await interaction.response.send_message(",".join(select.values))


class LittleBot(discord.Client):
    """A bot that does a little of everything; what it was told stands in `heard`, what went wrong in `errors`."""

    def __init__(self, intents: discord.Intents | None = None) -> None:
        super().__init__(intents=intents or discord.Intents.default(), allowed_mentions=None, guild_ready_timeout=0.05)
        self.tree = app_commands.CommandTree(self)
        self.heard: list[discord.Message] = []
        self.happened: list[str] = []
        self.errors: list[BaseException] = []
        self.reactions: dict[str, Callable[[discord.Interaction], Awaitable[object]]] = {}
        add_commands(self)

    async def setup_hook(self) -> None:
        await self.tree.sync()

    async def on_message(self, message: discord.Message) -> None:
        self.heard.append(message)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Identify at once, where discord.py would wait five seconds before the second time."""

    async def on_resumed(self) -> None:
        self.happened.append("resumed")


def add_commands(bot: LittleBot) -> None:
    @bot.tree.command(name="do", description="Do what the test says")
    async def do(interaction: discord.Interaction, what: str) -> None:
        try:
            await bot.reactions[what](interaction)
        except discord.HTTPException as error:
            bot.errors.append(error)

    @bot.tree.command(name="echo", description="Say it again")
    @app_commands.choices(tone=[app_commands.Choice(name="low", value=1), app_commands.Choice(name="high", value=2)])
    async def echo(interaction: discord.Interaction, text: app_commands.Range[str, 2, 10], tone: int = 1) -> None:
        await interaction.response.send_message(f"{text} {tone}", view=Buttons())

    @bot.tree.command(name="cluster", description="Show a cluster")
    async def cluster(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(name)

    @cluster.autocomplete("name")
    async def names(interaction: discord.Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=one, value=one.lower()) for one in ("AluQuébec", "Aéro") if one.lower().startswith(current)
        ]

    group = app_commands.Group(name="corpus", description="Staff", default_permissions=discord.Permissions(manage_guild=True))

    @group.command(name="add", description="Add a page")
    async def add(interaction: discord.Interaction, url: str) -> None:
        await interaction.response.send_message(url, ephemeral=True)

    bot.tree.add_command(group)

    @bot.tree.context_menu(name="Count words")
    async def count(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(str(len(message.content.split())))


@pytest.fixture
def act(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Server]:
    """Run a scenario with the little bot."""

    def run(scenario: Scenario, limits: Limits = QUICK, make: Callable[[], LittleBot] = LittleBot, **more: Any) -> Server:
        return play(monkeypatch, make, scenario, limits, **more)

    return run


async def refused(request: Awaitable[Any]) -> tuple[int, int, str]:
    """Return status, code and text of the refusal of a request."""
    with pytest.raises(discord.HTTPException) as caught:
        await request
    return caught.value.status, caught.value.code, caught.value.text


def place(bot: discord.Client, server: Server) -> discord.TextChannel:
    """Return the server's channel as the bot knows it."""
    found = bot.get_channel(server.channel.id)
    assert isinstance(found, discord.TextChannel)
    return found


# Commands and what comes after them


def test_a_command_is_answered_in_its_channel(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana = server.person("Ana")
        done = await ana.slash("echo", text="salut", tone=2)
        assert done.message is not None
        assert (done.message.text, done.message.is_ephemeral, done.failure) == ("salut 2", False, None)
        assert done.message.buttons == ["Encore", "Plus tard", "Pourquoi", "Éteint"]
        assert done.acknowledged_after_s is not None and done.acknowledged_after_s < 1
        assert server.person("Bob").sees() == [done.message]

    act(scenario)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "text is required"),
        ({"text": "x"}, "2 to 10 characters"),
        ({"text": "x" * 11}, "2 to 10 characters"),
        ({"text": 5}, "doesn't take 5"),
        ({"text": "salut", "tone": 3}, "one of"),
        ({"text": "salut", "loud": True}, "no option is called 'loud'"),
    ],
)
def test_a_person_can_give_only_what_the_command_takes(act: Callable[..., Server], options: dict[str, Any], told: str) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        with pytest.raises(CannotDo, match=told.replace(".", r"\.") if told != "text is required" else "text is required"):
            await server.person("Ana").slash("echo", **options)

    act(scenario)


def test_staff_commands_show_to_staff_alone(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        staff = server.add_role("Équipe", permissions=discord.Permissions(manage_guild=True).value)
        chief = server.add_role("Chef", permissions=ADMINISTRATOR)
        ana, bob, eve = server.person("Ana"), server.person("Bob", roles=[staff]), server.person("Eve", roles=[chief])
        assert "corpus" not in ana.commands()
        assert "corpus" in bob.commands() and "corpus" in eve.commands()
        with pytest.raises(CannotDo, match="no command /corpus add"):
            await ana.slash("corpus add", url="x")
        done = await bob.slash("corpus add", url="https://example.org")
        assert done.message in bob.sees() and done.message not in ana.sees()

    act(scenario)


def test_what_is_typed_brings_proposals(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana = server.person("Ana")
        assert await ana.complete("cluster", name="al") == [{"name": "AluQuébec", "value": "aluquébec"}]
        with pytest.raises(CannotDo, match="proposes nothing"):
            await ana.complete("echo", text="al")

    act(scenario)


def test_buttons_selects_and_modals(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana, bob = server.person("Ana"), server.person("Bob")
        shown = (await ana.slash("echo", text="salut")).message
        assert shown is not None
        chosen = await bob.choose(shown, "Choisissez", "Bois")
        assert chosen.message is not None and chosen.message.text == "b"
        with pytest.raises(CannotDo, match="doesn't take 0"):
            await ana.choose(shown, "Choisissez")
        with pytest.raises(CannotDo, match="to choose, only Bois, Eau"):
            await ana.choose(shown, "Choisissez", "Fer")
        with pytest.raises(CannotDo, match="disabled"):
            await ana.press(shown, "Éteint")
        with pytest.raises(CannotDo, match="no 'Non', only"):
            await ana.press(shown, "Non")
        opened = await ana.press(shown, "why")
        assert opened.modal is not None and opened.modal.title == "Pourquoi ?"
        with pytest.raises(CannotDo, match="'Raison' is required"):
            await ana.submit(opened)
        with pytest.raises(CannotDo, match="0 to 20 characters"):
            await ana.submit(opened, Raison="x" * 21)
        with pytest.raises(CannotDo, match="no modal"):
            await bob.submit(opened, Raison="moi")
        told = await ana.submit(opened, Raison="parce que")
        assert told.message is not None and told.message.text == "noté : parce que"
        assert told.message in ana.sees() and told.message not in bob.sees()
        await ana.press(shown, "Plus tard")
        await server.until(lambda: shown.text == "plus tard")
        await ana.press(shown, "Encore")
        assert shown.text == "changé" and shown.edited_at is not None

    act(scenario)


def test_the_menu_of_a_message_gives_its_content_without_the_intent(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana = server.person("Ana")
        said = await ana.say("un deux trois")
        done = await ana.menu(said, "Count words")
        assert done.message is not None and done.message.text == "3"
        with pytest.raises(CannotDo):
            await ana.menu(said, "Burn")

    act(scenario)


def test_a_deferred_answer_fills_in_the_thinking_and_keeps_its_privacy(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        seen: list[bool] = []

        async def think(interaction: discord.Interaction) -> None:
            await interaction.response.defer(thinking=True, ephemeral=True)
            seen.append(ana.sees()[-1].is_thinking)
            await interaction.followup.send("fini")
            await interaction.followup.send("et puis", ephemeral=False)

        bot.reactions["think"] = think
        ana, bob = server.person("Ana"), server.person("Bob")
        done = await ana.slash("do", what="think")
        assert seen == [True]
        assert done.message is not None and done.message.text == "fini" and done.message.is_ephemeral
        await server.until(lambda: done.followups)
        assert [one.text for one in bob.sees()] == ["et puis"]

    act(scenario)


def test_the_original_answer_can_be_read_changed_and_deleted(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        async def live(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("un")
            assert (await interaction.original_response()).content == "un"
            await interaction.edit_original_response(content="deux")
            await interaction.delete_original_response()
            await interaction.edit_original_response(content="trois")

        bot.reactions["live"] = live
        done = await server.person("Ana").slash("do", what="live")
        await server.until(lambda: bot.errors)
        assert done.message is not None and done.message.is_gone and done.message.text == "deux"
        assert isinstance(bot.errors[0], discord.NotFound) and bot.errors[0].code == 10008

    act(scenario)


def test_past_three_seconds_an_interaction_is_unknown(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        async def late(interaction: discord.Interaction) -> None:
            await asyncio.sleep(0.2)
            await interaction.response.send_message("trop tard")

        bot.reactions["late"] = late
        done = await server.person("Ana").slash("do", what="late")
        assert done.failure == "the application did not respond" and done.message is None
        await server.until(lambda: bot.errors)
        error = bot.errors[0]
        assert isinstance(error, discord.NotFound) and error.code == 10062

    act(scenario, Limits(acknowledge_s=0.1))


def test_an_interaction_is_acknowledged_once_and_followed_up_only_then(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        told: list[int] = []

        async def twice(interaction: discord.Interaction) -> None:
            path = f"/interactions/{interaction.id}/{interaction.token}/callback"
            hook = f"/webhooks/{interaction.application_id}/{interaction.token}"
            told.append((await refused(bot.http.request(Route("POST", hook), json={"content": "trop tôt"})))[1])
            told.append((await refused(bot.http.request(Route("POST", path), json={"type": 8, "data": {"choices": []}})))[1])
            await interaction.response.send_message("un")
            told.append((await refused(bot.http.request(Route("POST", path), json={"type": 4, "data": {"content": "2"}})))[1])

        bot.reactions["twice"] = twice
        await server.person("Ana").slash("do", what="twice")
        await server.until(lambda: len(told) == 3)
        assert told == [10015, 50035, 40060]

    act(scenario)


def test_a_token_is_over_after_its_time(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        async def old(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("un")
            await asyncio.sleep(0.15)
            await interaction.followup.send("deux")

        bot.reactions["old"] = old
        await server.person("Ana").slash("do", what="old")
        await server.until(lambda: bot.errors)
        error = bot.errors[0]
        assert isinstance(error, discord.HTTPException) and (error.status, error.code) == (401, 50027)

    act(scenario, Limits(token_s=0.1))


# Forms


LONG = "x" * 4097


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ({"content": "x" * 2001}, 50035, "In content: Must be 2000 or fewer in length."),
        ({}, 50006, "Cannot send an empty message"),
        ({"content": "  \n "}, 50006, "Cannot send an empty message"),
        ({"embeds": [{"description": LONG}]}, 50035, "In embeds.0.description: Must be 4096 or fewer in length."),
        ({"embeds": [{"title": "x" * 257}]}, 50035, "In embeds.0.title: Must be 256 or fewer in length."),
        ({"embeds": [{"fields": [{"name": "x", "value": " "}]}]}, 50035, "In embeds.0.fields.0.value: This field is required"),
        ({"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]}, 50035, "In embeds.0.fields: Must be 25 or fewer in length."),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, 50035, "In embeds.0.footer.text: Must be 2048 or fewer in length."),
        ({"embeds": [{"title": "a", "url": "javascript:x"}]}, 50035, "In embeds.0.url: Scheme must be one of"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, 50035, "Embed size exceeds maximum size of 6000"),
        ({"embeds": [{"title": "x"}] * 11}, 50035, "In embeds: Must be 10 or fewer in length."),
        ({"embeds": [{}]}, 50035, "In embeds.0: This field is required"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 50035, "mutually exclusive"),
        ({"content": "x", "message_reference": {"message_id": "1"}}, 50035, "Unknown message"),
    ],
)
def test_a_message_beyond_a_limit_is_refused_at_its_place(
    act: Callable[..., Server], body: dict[str, Any], code: int, where: str
) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=server.channel.id)
        with pytest.raises(discord.HTTPException) as caught:
            await bot.http.request(route, json=body)
        assert (caught.value.status, caught.value.code) == (400, code)
        assert where in caught.value.text
        assert server.channel.messages == {}

    act(scenario)


def button(**values: Any) -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": "a", "custom_id": "a", **values}


def select(**values: Any) -> dict[str, Any]:
    return {"type": 3, "custom_id": "s", "options": [{"label": "a", "value": "a"}], **values}


@pytest.mark.parametrize(
    ("rows", "where"),
    [
        ([[button(custom_id="x" * 101)]], "components.0.components.0.custom_id: Must be 100 or fewer"),
        ([[button(label="x" * 81)]], "components.0.components.0.label: Must be 80 or fewer"),
        ([[button(), button()]], "Component custom id cannot be duplicated"),
        ([[button(custom_id=str(n)) for n in range(6)]], "components.0.components: Must be 5 or fewer"),
        ([[button(custom_id=str(n))] for n in range(6)], "components: Must be 5 or fewer"),
        ([[button(style=5)]], "A link button needs a url"),
        ([[button(label="")]], "needs a label or an emoji"),
        ([[button(), select()]], "exceeds the maximum width"),
        ([[select(options=[])]], "components.0.components.0.options: This field is required"),
        ([[select(options=[{"label": str(n), "value": str(n)} for n in range(26)])]], "Must be 25 or fewer"),
        ([[select(options=[{"label": "a", "value": "a"}, {"label": "b", "value": "a"}])]], "value is already used"),
        ([[select(min_values=2)]], "max_values must be at least min_values"),
        ([[{"type": 4, "custom_id": "t", "style": 1}]], "components.0.components.0: Value must be one of"),
    ],
)
def test_components_beyond_a_limit_are_refused(act: Callable[..., Server], rows: list[list[dict[str, Any]]], where: str) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=server.channel.id)
        body = {"content": "x", "components": [{"type": 1, "components": row} for row in rows]}
        status, code, text = await refused(bot.http.request(route, json=body))
        assert (status, code) == (400, 50035)
        assert where in text

    act(scenario)


@pytest.mark.parametrize(
    ("modal", "where"),
    [
        ({"title": "x" * 46}, "data.title: Must be 45 or fewer"),
        ({"components": []}, "data.components: This field is required"),
        ({"components": [{"type": 1, "components": [button()]}]}, "Value must be one of"),
        ({"components": [{"type": 18, "label": "x" * 46, "component": select()}]}, "label: Must be 45 or fewer"),
        ({"components": [{"type": 1, "components": [{"type": 4, "custom_id": "t", "style": 1}]}]}, "This field is required"),
    ],
)
def test_a_modal_beyond_a_limit_is_refused(act: Callable[..., Server], modal: dict[str, Any], where: str) -> None:
    good = {"title": "t", "custom_id": "m", "components": [{"type": 18, "label": "l", "component": select()}]}

    async def scenario(server: Server, bot: LittleBot) -> None:
        told: list[str] = []

        async def open_it(interaction: discord.Interaction) -> None:
            route = Route("POST", f"/interactions/{interaction.id}/{interaction.token}/callback")
            told.append((await refused(bot.http.request(route, json={"type": 9, "data": {**good, **modal}})))[2])
            await bot.http.request(route, json={"type": 9, "data": good})

        bot.reactions["open"] = open_it
        done = await server.person("Ana").slash("do", what="open")
        assert where in told[0]
        assert done.modal is not None and done.modal.title == "t"

    act(scenario)


def option(**values: Any) -> dict[str, Any]:
    return {"type": 3, "name": "a", "description": "b", **values}


@pytest.mark.parametrize(
    ("command", "where"),
    [
        ({"name": "Ask"}, "name: Command name is invalid"),
        ({"name": "two words"}, "name: Command name is invalid"),
        ({"name": "x" * 33}, "name: Must be 32 or fewer"),
        ({"name_localizations": {"fr": "Demander"}}, "name_localizations.fr: Command name is invalid"),
        ({"name_localizations": {"fr-CA": "demander"}}, 'Value "fr-CA" is not a valid enum value'),
        ({"description": ""}, "description: This field is required"),
        ({"description": "x" * 101}, "description: Must be 100 or fewer"),
        ({"description_localizations": {"fr": "x" * 101}}, "description_localizations.fr: Must be 100 or fewer"),
        ({"options": [option(name=f"o{n}") for n in range(26)]}, "options: Must be 25 or fewer"),
        ({"options": [option(), option()]}, "Names must be unique"),
        ({"options": [option(), option(name="b", required=True)]}, "Required options must be placed before"),
        ({"options": [option(choices=[{"name": str(n), "value": "v"} for n in range(26)])]}, "choices: Must be 25 or fewer"),
        ({"options": [option(choices=[{"name": "n", "value": "x" * 101}])]}, "Must be 100 or fewer"),
        ({"options": [option(choices=[{"name": "n", "value": "v"}], autocomplete=True)]}, "exclude each other"),
        ({"options": [option(type=1), option(name="b")]}, "mutually exclusive"),
        ({"options": [option(max_length=6001)]}, "less than or equal to 6000"),
        (
            {
                "options": [
                    option(name=f"o{n}", choices=[{"name": "n" * 99 + f"{m:x}", "value": "v" * 100} for m in range(16)])
                    for n in range(3)
                ]
            },
            "Command exceeds maximum size (8000)",
        ),
        ({"type": 3, "name": "Count words", "description": "no"}, "description: Value must be one of ''"),
    ],
)
def test_a_command_beyond_a_limit_is_refused(act: Callable[..., Server], command: dict[str, Any], where: str) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        before = server.person("Ana").commands()
        good = {"name": "ask", "description": "d"}
        request = bot.http.bulk_upsert_global_commands(server.bot.id, [good, {**good, "name": "b", **command}])  # type: ignore[list-item, misc]
        status, code, text = await refused(request)
        assert (status, code) == (400, 50035)
        assert f"In 1.{where}" in text or where in text
        assert server.person("Bob").commands() == before

    act(scenario)


def test_commands_have_one_name_each_and_are_not_too_many(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        def menus(count: int) -> list[Any]:
            return [{"type": 3, "name": f"Menu {n}"} for n in range(count)]

        assert (await refused(bot.http.bulk_upsert_global_commands(server.bot.id, menus(16))))[1] == 30032
        assert (await refused(bot.http.bulk_upsert_global_commands(server.bot.id, menus(1) * 2)))[1] == 40041
        assert len(await bot.http.bulk_upsert_guild_commands(server.bot.id, server.guild.id, menus(15))) == 15
        assert (await refused(bot.http.bulk_upsert_global_commands(1, [])))[0] == 403

    act(scenario)


def test_names_are_shown_in_the_language_of_who_reads(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        told = {"name": "ask", "description": "d", "name_localizations": {"fr": "demander"}}
        await bot.http.bulk_upsert_global_commands(server.bot.id, [told])  # type: ignore[list-item]
        assert server.person("Ana", locale="fr").commands() == ["demander"]
        assert server.person("Bob").commands() == ["ask"]

    act(scenario)


# Permissions, pings, content


@pytest.mark.parametrize(
    ("denied", "body", "code"),
    [
        (VIEW_CHANNEL, {"content": "x"}, 50001),
        (SEND_MESSAGES, {"content": "x"}, 50013),
        (EMBED_LINKS, {"embeds": [{"title": "x"}]}, 50013),
        (READ_MESSAGE_HISTORY, {"content": "x", "message_reference": {"message_id": "1"}}, 160002),
    ],
)
def test_what_the_bot_may_not_do_is_refused(act: Callable[..., Server], denied: int, body: dict[str, Any], code: int) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        server.permit(deny=denied, channel=server.channel)
        route = Route("POST", "/channels/{channel_id}/messages", channel_id=server.channel.id)
        assert (await refused(bot.http.request(route, json=body)))[1] == code

    act(scenario)


def test_what_is_not_there_and_what_is_not_ones_own(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        said = await server.person("Ana").say("bonjour")
        channel = place(bot, server)
        assert (await refused(channel.fetch_message(1)))[1] == 10008
        assert (await refused(bot.fetch_channel(1)))[1] == 10003
        assert (await refused(channel.get_partial_message(said.id).edit(content="x")))[1] == 50005
        assert (await refused(channel.get_partial_message(said.id).delete()))[1] == 50013
        assert (await refused(bot.http.request(Route("GET", "/nowhere"))))[0] == 404
        assert {request.path for request in server.record.refused()} >= {"/nowhere"}
        own = await channel.send("à moi")
        await own.edit(content="encore à moi")
        assert server.channel.messages[own.id].text == "encore à moi"
        await own.delete()
        assert own.id not in server.channel.messages

    act(scenario)


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, {"@everyone", "ana", "role"}),
        (discord.AllowedMentions.none(), set()),
        (discord.AllowedMentions(everyone=False, users=True, roles=False), {"ana"}),
        (discord.AllowedMentions(everyone=False, users=False, roles=True), {"role"}),
    ],
)
def test_a_message_pings_whom_it_is_allowed_to(
    act: Callable[..., Server], allowed: discord.AllowedMentions | None, pinged: set[str]
) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        ana, role = server.person("Ana"), server.add_role("Tous", is_mentionable=True)
        told = {"@everyone": "@everyone", "ana": ana.mention, "role": role.mention}
        text = "@everyone " + ana.mention + role.mention
        embed = discord.Embed(description="@here")
        sent = await (
            place(bot, server).send(text, embed=embed, allowed_mentions=allowed) if allowed else place(bot, server).send(text)
        )
        assert server.channel.messages[sent.id].pings == {told[one] for one in pinged}

    act(scenario)


def test_a_reply_pings_its_author_unless_told_not_to(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        ana = server.person("Ana")
        said = await ana.say(f"{server.bot.mention} bonjour")
        await server.until(lambda: bot.heard)
        await bot.heard[0].reply("oui")
        await bot.heard[0].reply("oui", mention_author=False)
        first, second = (one for one in ana.sees() if one.author is server.bot)
        assert (first.reference, first.pings, second.pings) == (said, {ana.mention}, frozenset())

    act(scenario)


def test_without_the_intent_content_comes_only_where_the_bot_is_meant(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        ana = server.person("Ana")
        own = await place(bot, server).send("de moi")
        mine = server.channel.messages[own.id]
        await ana.say("secret")
        await ana.say(f"{server.bot.mention} mention")
        await ana.reply(mine, "réponse")
        await ana.reply(mine, "sans bruit", does_ping=False)
        await ana.say("direct", ana.direct())
        await server.until(lambda: len(bot.heard) == 6)
        said = [one.content for one in bot.heard]
        assert said == ["de moi", "", f"{server.bot.mention} mention", "réponse", "", "direct"]
        assert bot.heard[3].reference is not None and bot.heard[3].reference.message_id == own.id
        assert bot.heard[5].guild is None
        assert [one.content async for one in place(bot, server).history(limit=2)] == ["", "réponse"]

    act(scenario)


def test_with_the_intent_all_content_comes(act: Callable[..., Server]) -> None:
    intents = discord.Intents.default()
    intents.message_content = True

    async def scenario(server: Server, bot: LittleBot) -> None:
        await server.person("Ana").say("secret")
        await server.until(lambda: bot.heard)
        assert bot.heard[0].content == "secret"

    act(scenario, make=lambda: LittleBot(intents), prepare=lambda server: server.allow_intents())


def test_events_come_only_with_their_intent(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana = server.person("Ana")
        await ana.say(f"{server.bot.mention} ici")
        await ana.say("direct", ana.direct())
        await server.until(lambda: bot.heard)
        assert [one.content for one in bot.heard] == ["direct"]

    act(scenario, make=lambda: LittleBot(discord.Intents(guilds=True, dm_messages=True)))


def test_members_come_with_the_privileged_intent(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        ana = bot.guilds[0].get_member_named("Ana")
        assert ana is not None and [role.name for role in ana.roles] == ["@everyone", "Équipe"]

    def prepare(server: Server) -> None:
        server.allow_intents()
        server.person("Ana", roles=[server.add_role("Équipe")])

    act(scenario, make=lambda: LittleBot(discord.Intents.all()), prepare=prepare)


# Threads and direct messages


def test_a_thread_from_a_message(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        ana = server.person("Ana")
        said = await ana.say(f"{server.bot.mention} un fil ?")
        await server.until(lambda: bot.heard)
        thread = await bot.heard[0].create_thread(name="Aluminium", auto_archive_duration=60)
        await thread.send("ici")
        assert said.thread is not None and said.thread.id == said.id == thread.id
        assert [one.text for one in ana.sees(said.thread)] == ["", "ici"]
        assert (await refused(bot.heard[0].create_thread(name="encore")))[1] == 160004
        assert (await refused(bot.http.request(Route("POST", f"/channels/{server.channel.id}/threads"), json={"name": ""})))[
            1
        ] == 50035
        heard = await ana.say(f"{server.bot.mention} et là ?", said.thread)
        await server.until(lambda: bot.heard[-1].id == heard.id)
        assert isinstance(bot.heard[-1].channel, discord.Thread)
        server.permit(deny=SEND_IN_THREADS | CREATE_PUBLIC_THREADS, channel=server.channel)
        assert (await refused(thread.send("non")))[1] == 50013
        assert (await refused(place(bot, server).get_partial_message(heard.id).create_thread(name="x")))[1] == 10008

    act(scenario)


def test_a_quiet_thread_archives_itself_and_wakes_when_someone_writes(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        thread = await place(bot, server).create_thread(
            name="fil", type=discord.ChannelType.public_thread, auto_archive_duration=60
        )
        here = server.world.channels[thread.id]
        await server.until(lambda: here.is_archived)
        await thread.send("encore là")
        assert not here.is_archived
        await server.until(lambda: here.is_archived)
        server.board.change_thread(here, is_locked=True)
        assert (await refused(thread.send("fermé")))[1] == 50083
        told = [one["thread_metadata"] for one in server.record.events("THREAD_UPDATE")]
        assert [(one["archived"], one["locked"]) for one in told] == [(True, False), (False, False), (True, False), (True, True)]

    act(scenario, Limits(minute_s=0.002))


def test_direct_messages_go_both_ways_where_they_are_taken(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana, bob = server.person("Ana"), server.person("Bob", takes_direct=False)
        user = await bot.fetch_user(ana.user.id)
        await user.send("bonjour")
        assert [one.text for one in ana.sees(ana.direct())] == ["bonjour"]
        assert bob.sees(ana.direct()) == []
        assert (await refused((await bot.fetch_user(bob.user.id)).send("bonjour")))[1] == 50007
        done = await ana.slash("echo", ana.direct(), text="salut")
        assert done.message is not None and done.message.channel is ana.direct()

    act(scenario)


def test_who_sees_no_channel_sees_nothing_in_it(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        hidden = server.add_channel("direction", overwrites={server.guild.id: (0, VIEW_CHANNEL)})
        ana = server.person("Ana")
        assert ana.sees(hidden) == [] and ana.commands(hidden) == []
        with pytest.raises(CannotDo, match="may not write"):
            await ana.say("coucou", hidden)

    act(scenario)


# Limits of rate, failures


def test_a_channel_takes_five_messages_and_then_makes_wait(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        started = time.monotonic()
        for number in range(7):
            await place(bot, server).send(str(number))
        assert time.monotonic() - started >= 0.2
        assert [one.text for one in server.channel.messages.values()] == list("0123456")

    act(scenario, Limits(messages_s=0.3))


@pytest.mark.parametrize("is_global", [False, True])
def test_too_many_requests_are_told_so_that_the_library_waits(act: Callable[..., Server], is_global: bool) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        await bot.wait_until_ready()
        server.fail("POST /channels/{channel_id}/messages", 429, times=2, retry_after_s=0.05, is_global=is_global)
        await place(bot, server).send("enfin")
        sent = [one for one in server.record.requests if one.route.startswith("POST /channels")]
        assert [one.status for one in sent] == [429, 429, 200]
        assert sent[0].answer["global"] is is_global

    act(scenario)


def test_a_global_limit_holds_for_all_but_interactions(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana = server.person("Ana")
        await asyncio.sleep(1.0)
        done = await asyncio.gather(*(ana.slash("echo", text="salut") for _ in range(12)))
        assert not [one for one in done if one.failure]
        assert not server.record.refused()
        await asyncio.gather(*(bot.fetch_user(ana.user.id) for _ in range(8)))
        assert {one.status for one in server.record.refused()} == {429}

    act(scenario, Limits(requests_per_s=6))


def test_a_route_can_be_made_to_fail(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        server.fail("GET /users/{user_id}", 503)
        ana = server.person("Ana")
        assert (await refused(bot.fetch_user(ana.user.id)))[0] == 503
        assert (await bot.fetch_user(ana.user.id)).name == "ana"

    act(scenario)


def test_another_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(LittleBot):
        async def start(self, token: str, *, reconnect: bool = True) -> None:
            await super().start(f"{token}x", reconnect=reconnect)

    async def scenario(server: Server, bot: LittleBot) -> None:
        raise AssertionError("it was let in")

    with pytest.raises(discord.LoginFailure):
        play(monkeypatch, Wrong, scenario)


# The gateway


def test_a_lost_connection_is_resumed_and_nothing_is_lost(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        ana = server.person("Ana")
        for number in range(5):
            server.drop_connection()
            await ana.say(f"{server.bot.mention} {number}")
            await server.connected()
        await server.until(lambda: len(bot.heard) == 5)
        await asyncio.sleep(0.1)
        assert [one.content.split()[1] for one in bot.heard] == list("01234")
        assert bot.happened == ["resumed"] * 5
        assert len(server.record.events("READY")) == 1

    act(scenario)


def test_a_person_is_answered_over_a_resumed_connection(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        server.drop_connection()
        done = await server.person("Ana").slash("echo", text="salut")
        assert done.failure is None and done.message is not None

    act(scenario)


@pytest.mark.parametrize(
    ("disturb", "has_new_session"),
    [
        (lambda server: server.ask_to_reconnect(), False),
        (lambda server: server.invalidate(is_resumable=True), False),
        (lambda server: server.close_connection(4000), False),
        (lambda server: server.invalidate(), True),
    ],
    ids=["reconnect", "interrupted", "closed", "invalid"],
)
def test_the_bot_comes_back(act: Callable[..., Server], disturb: Callable[[Server], None], has_new_session: bool) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        links = {link.number for link in server.gateway.links}
        disturb(server)
        await server.until(lambda: any(link.session and link.number not in links for link in server.gateway.links))
        assert len(server.record.events("READY")) == 1 + has_new_session
        assert (await server.person("Ana").slash("echo", text="salut")).failure is None

    act(scenario)


def test_a_session_that_is_too_old_begins_anew(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        server.drop_connection()
        await server.until(lambda: len(server.record.events("READY")) == 2)
        assert "resumed" not in bot.happened

    act(scenario, Limits(resume_s=0.0, identify_s=0.0))


def test_heartbeats_are_asked_for_acknowledged_and_measured(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        server.ask_for_heartbeat()
        await server.until(lambda: len(server.record.heartbeat_gaps_s()) >= 4)
        assert max(server.record.heartbeat_gaps_s()) < 0.5
        assert bot.latency < 0.5

    act(scenario, Limits(heartbeat_s=0.1))


def test_without_heartbeats_the_connection_ends() -> None:
    async def run() -> None:
        async with Server(Limits(heartbeat_s=0.1)) as server:
            assert await close_code(server, [], "10") == 4009

    asyncio.run(run())


@pytest.mark.parametrize("name", ["members", "presences", "message_content"])
def test_a_privileged_intent_that_is_off_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    intents = discord.Intents(guilds=True, **{name: True})

    async def scenario(server: Server, bot: LittleBot) -> None:
        raise AssertionError("it was let in")

    with pytest.raises(discord.PrivilegedIntentsRequired):
        play(monkeypatch, lambda: LittleBot(intents), scenario)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        (["{"], 4002),
        (['{"op": 99}'], 4001),
        (['{"op": 3, "d": {}}'], 4003),
        (['{"op": 2, "d": {"token": "x", "intents": 1}}'], 4004),
        (['{"op": 2, "d": {"token": "TOKEN", "intents": 1}}'] * 2, 4005),
        (['{"op": 2, "d": {"token": "TOKEN", "intents": 1, "shard": [2, 1]}}'], 4010),
        (['{"op": 2, "d": {"token": "TOKEN", "intents": 4194304}}'], 4013),
        (['{"op": 1, "d": null}'] * 121, 4008),
        (['{"op": 1, "d": "' + "x" * 4096 + '"}'], 4002),
    ],
)
def test_what_the_gateway_does_not_take_closes_the_connection(frames: list[str], code: int) -> None:
    async def run() -> None:
        async with Server(QUICK) as server:
            assert await close_code(server, [frame.replace("TOKEN", server.token) for frame in frames], "10") == code

    asyncio.run(run())


def test_an_old_version_of_the_gateway_is_refused() -> None:
    async def run() -> None:
        async with Server() as server:
            assert await close_code(server, [], "6") == 4012

    asyncio.run(run())


async def close_code(server: Server, frames: list[str], version: str) -> int | None:
    """Send frames, and return the code with which the gateway closes the connection."""
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{server.gateway_url}?v={version}") as socket:
        for frame in frames:
            await socket.send_str(frame)
        async for _ in socket:
            pass
        return socket.close_code


def test_identifies_are_counted_spaced_and_end_the_token_when_there_are_too_many() -> None:
    async def run() -> None:
        async with Server(Limits(identifies=2, identify_s=60)) as server, aiohttp.ClientSession() as session:
            old = server.token

            async def identify() -> tuple[int, int | None]:
                async with session.ws_connect(f"{server.gateway_url}?v=10") as socket:
                    await socket.receive_json()
                    await socket.send_json({"op": 2, "d": {"token": old, "intents": 1}})
                    frame = await socket.receive()
                    return (
                        (frame.json()["op"], None)
                        if frame.data is not None and isinstance(frame.data, str)
                        else (-1, socket.close_code)
                    )

            async def left() -> int:
                async with session.get(f"{server.api_url}/gateway/bot", headers={"Authorization": f"Bot {server.token}"}) as answer:
                    told = await answer.json()
                    assert told["url"] == server.gateway_url
                    return int(told["session_start_limit"]["remaining"])

            assert await left() == 2
            assert await identify() == (0, None)
            assert await identify() == (9, None)
            assert await left() == 0
            assert await identify() == (-1, 4004)
            assert server.token != old

    asyncio.run(run())


def test_what_does_not_come_is_told(act: Callable[..., Server]) -> None:
    async def scenario(server: Server, bot: LittleBot) -> None:
        said = await server.person("Ana").say("bonjour ?")
        with pytest.raises(NotSeen, match=r"an answer to 'bonjour \?' didn't come within 0.1 s"):
            await server.person("Ana").hears(said, within_s=0.1)

    act(scenario)


def test_a_bug_of_the_server_itself_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        async with Server() as server, aiohttp.ClientSession(headers={"Authorization": f"Bot {server.token}"}) as session:
            monkeypatch.setattr(server.board, "post", lambda *_, **__: 1 / 0)
            async with session.post(f"{server.api_url}/channels/{server.channel.id}/messages", json={"content": "x"}) as answer:
                assert answer.status == 500

    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())
