"""People at their screens: what they do goes to the bot, and they can do only what Discord's own application lets them do."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from clusterbot.loopback.board import message_kind
from clusterbot.loopback.commands import MESSAGE, Command, Option, SlashCommand, label, walk
from clusterbot.loopback.forms import LINK, PREMIUM, AllowedMentions, MessageBody
from clusterbot.loopback.interactions import COMMAND, COMPLETION, COMPONENT, SUBMISSION, Interaction
from clusterbot.loopback.payloads import message_json
from clusterbot.loopback.refusals import Json, read_form
from clusterbot.loopback.screen import CannotDo, check_field, check_value, command_data, filled, option_value, sent_value
from clusterbot.loopback.world import (
    ADMINISTRATOR,
    DIRECT,
    SEND_IN_THREADS,
    SEND_MESSAGES,
    USE_COMMANDS,
    Channel,
    File,
    Message,
    User,
    guild_permissions,
    new_id,
    permissions,
)

if TYPE_CHECKING:
    from clusterbot.loopback.server import Server

BUTTON, STRING_SELECT = 2, 3


class Person:
    """Someone who uses Discord."""

    def __init__(self, user: User, server: Server) -> None:
        self.user = user
        self._server = server

    @property
    def mention(self) -> str:
        """Return what mentions them in a text."""
        return self.user.mention

    def direct(self) -> Channel:
        """Return their conversation with the bot."""
        return self._server.world.direct(self.user)

    # Writing and reading

    async def say(self, text: str, channel: Channel | None = None) -> Message:
        """Write into a channel, by default the first."""
        return self._write(text, channel or self._server.channel, None, does_ping=True)

    async def reply(self, message: Message, text: str, does_ping: bool = True) -> Message:
        """Reply to a message, with or without a ping for its author."""
        return self._write(text, message.channel, message, does_ping)

    def _write(self, text: str, channel: Channel, reference: Message | None, does_ping: bool) -> Message:
        self._must(channel, SEND_IN_THREADS if channel.is_thread else SEND_MESSAGES)
        if reference is not None and reference.is_ephemeral:
            raise CannotDo("an ephemeral message takes no reply")
        allowed = AllowedMentions(parse=["users", "roles", "everyone"], replied_user=does_ping)
        body = read_form(MessageBody, {"content": text}).model_copy(update={"allowed_mentions": allowed})
        if channel.is_thread:
            self._server.board.join_thread(channel, self.user)
        return self._server.board.post(channel, self.user, body, kind=message_kind(reference), reference=reference)

    def sees(self, channel: Channel | None = None) -> list[Message]:
        """Return what they see in a channel, oldest first."""
        place = channel or self._server.channel
        if not permissions(self.user, place):
            return []
        return [one for one in place.messages.values() if one.only_for in (None, self.user)]

    async def hears(self, after: Message, within_s: float = 5.0, channel: Channel | None = None) -> Message:
        """Wait for the bot's next message after one, in its channel or another.

        Raises:
            NotSeen: none came.
        """
        bot, place = self._server.bot, channel or after.channel

        def answer() -> Message | None:
            later = (one for one in self.sees(place) if one.id > after.id and one.author is bot and not one.is_thinking)
            return next(later, None)

        found = await self._server.until(answer, within_s, f"an answer to {after.content[:60]!r}")
        if found is None:
            raise CannotDo("the message went away")
        return found

    # Commands

    async def slash(self, name: str, channel: Channel | None = None, /, within_s: float = 10.0, **options: object) -> Interaction:
        """Use a slash command ("ask", "corpus add"), by its own name or the one in their language; wait until it is answered.

        Raises:
            CannotDo: there is no such command for them here, or an option isn't taken.
        """
        place = channel or self._server.channel
        command_id, command, path, taken = self._find(name, place)
        data = command_data(command_id, command, path, self._options(taken, options))
        if files := [one for one in options.values() if isinstance(one, File)]:
            data["resolved"] = {"attachments": {str(one.id): self._server.upload(one) for one in files}}
        return await self._settled(Interaction(COMMAND, self.user, place, data), within_s)

    async def complete(self, name: str, channel: Channel | None = None, /, within_s: float = 10.0, **options: object) -> list[Json]:
        """Type into the last of the options given; return what is proposed: name (in their language) and value."""
        place = channel or self._server.channel
        command_id, command, path, taken = self._find(name, place)
        by_name = {one: option for option in taken for one in (option.name, option.label(self.user.locale))}
        told: list[Json] = []
        for key, value in options.items():
            told.append({"name": by_name[key].name, "type": by_name[key].type, "value": value})
        if not told or not by_name[list(options)[-1]].autocomplete:
            raise CannotDo(f"/{name} proposes nothing for {list(options)}")
        told[-1]["focused"] = True
        done = await self._settled(
            Interaction(COMPLETION, self.user, place, command_data(command_id, command, path, told)), within_s
        )
        locale = self.user.locale
        return [
            {"name": (one.get("name_localizations") or {}).get(locale, one["name"]), "value": one["value"]} for one in done.choices
        ]

    async def menu(self, message: Message, name: str, within_s: float = 10.0) -> Interaction:
        """Choose a command from the menu of a message.

        Raises:
            CannotDo: it isn't there, or the message has no such menu.
        """
        if message not in self.sees(message.channel) or message.is_ephemeral:
            raise CannotDo("that message has no menu for them")
        for command_id, command in self._commands(message.channel):
            if command.type == MESSAGE and name in (command.name, label(command, self.user.locale)):
                # The message in `resolved` always comes whole: choosing the menu is the person's leave.
                told = message_json(message, self._server.world, reads_content=True)
                data: Json = {"id": str(command_id), "name": command.name, "type": MESSAGE, "target_id": str(message.id)}
                data["resolved"] = {"messages": {str(message.id): told}}
                return await self._settled(Interaction(COMMAND, self.user, message.channel, data), within_s)
        raise CannotDo(f"no menu is called {name!r}")

    def commands(self, channel: Channel | None = None) -> list[str]:
        """Return the names of the commands that they see in a channel, in their language."""
        return [label(command, self.user.locale) for _, command in self._commands(channel or self._server.channel)]

    def _commands(self, channel: Channel) -> list[tuple[int, Command]]:
        world, guild = self._server.world, channel.guild
        if guild is not None and not permissions(self.user, channel) & USE_COMMANDS:
            return []
        scopes = [world.commands.get(None, {}), world.commands.get(guild.id, {}) if guild else {}]
        found = [(id_, command) for scope in scopes for id_, command in scope.items()]
        return [(id_, command) for id_, command in found if self._may_use(command, channel)]

    def _may_use(self, command: Command, channel: Channel) -> bool:
        guild = channel.guild
        if guild is None:
            is_for_here = 1 in command.contexts if command.contexts is not None else command.dm_permission is not False
            return channel.type == DIRECT and is_for_here
        if command.contexts is not None and 0 not in command.contexts:
            return False
        needed = command.default_member_permissions
        own = guild_permissions(guild.members[self.user.id], guild)
        if needed is None or own & ADMINISTRATOR:
            return True
        return needed != "0" and own & int(needed) == int(needed)

    def _find(self, name: str, channel: Channel) -> tuple[int, SlashCommand, tuple[Option, ...], list[Option]]:
        locale = self.user.locale
        for command_id, command in self._commands(channel):
            if isinstance(command, SlashCommand):
                for path, taken in walk(command):
                    own = " ".join([command.name, *(one.name for one in path)])
                    local = " ".join([label(command, locale), *(one.label(locale) for one in path)])
                    if name in (own, local):
                        return command_id, command, path, taken
        raise CannotDo(f"{self.user.name} has no command /{name} here, only {', '.join(self.commands(channel)) or 'none'}")

    def _options(self, taken: Sequence[Option], given: dict[str, object]) -> list[Json]:
        """Check what is given against the options of a command, as Discord's application does while one types."""
        by_name = {one: option for option in taken for one in (option.name, option.label(self.user.locale))}
        if strange := [name for name in given if name not in by_name]:
            raise CannotDo(f"no option is called {strange[0]!r}, only {', '.join(option.name for option in taken)}")
        values = {by_name[name].name: (by_name[name], value) for name, value in given.items()}
        for option in taken:
            if option.required and option.name not in values:
                raise CannotDo(f"the option {option.name} is required")
        for option, value in values.values():
            check_value(option, value)
        return [{"name": option.name, "type": option.type, "value": sent_value(value)} for option, value in values.values()]

    # Buttons, selects, modals

    async def press(self, message: Message, button: str, within_s: float = 10.0) -> Interaction:
        """Press a button, by its label, its emoji or its custom id.

        Raises:
            CannotDo: they don't see it, or it can't be pressed.
        """
        part = self._part(message, BUTTON, button)
        if part["style"] in (LINK, PREMIUM):
            raise CannotDo(f"{button!r} is a link")
        return await self._use(message, part, {}, within_s)

    async def choose(self, message: Message, select: str, *values: str, within_s: float = 10.0) -> Interaction:
        """Choose from a select (its custom id or placeholder) by labels or values.

        Raises:
            CannotDo: they don't see it, or may not choose that.
        """
        part = self._part(message, STRING_SELECT, select)
        chosen = [option_value(part, value) for value in values]
        if not part.get("min_values", 1) <= len(chosen) <= part.get("max_values", 1):
            raise CannotDo(f"{select!r} doesn't take {len(chosen)} values")
        return await self._use(message, part, {"values": chosen}, within_s)

    async def submit(self, interaction: Interaction, within_s: float = 10.0, **values: str | list[str]) -> Interaction:
        """Fill in the modal that an interaction opened, by labels or custom ids, and send it.

        Raises:
            CannotDo: there is none, or a field isn't filled in as it must be.
        """
        modal = interaction.modal
        if modal is None or interaction.person is not self.user:
            raise CannotDo("no modal is open")
        by_name = {name: one for text, one in modal.inputs() for name in (text, one.custom_id)}
        if strange := [name for name in values if name not in by_name]:
            raise CannotDo(f"no field is called {strange[0]!r}, only {', '.join(by_name)}")
        given = {by_name[name].custom_id: value for name, value in values.items()}
        for text, one in modal.inputs():
            check_field(text, one, given.get(one.custom_id))
        rows = [filled(row, given) for row in modal.to_json()["components"]]
        data = {"custom_id": modal.custom_id, "components": rows}
        return await self._settled(Interaction(SUBMISSION, self.user, interaction.channel, data, interaction.source), within_s)

    def _part(self, message: Message, kind: int, name: str) -> Json:
        if message.is_gone or message not in self.sees(message.channel):
            raise CannotDo("they don't see that message")
        for part in message.parts:
            names = part.get("label"), part.get("custom_id"), part.get("placeholder"), part.get("emoji", {}).get("name")
            if part["type"] == kind and name in names:
                if part["disabled"]:
                    raise CannotDo(f"{name!r} is disabled")
                return part
        raise CannotDo(f"there is no {name!r}, only {', '.join(message.buttons) or 'nothing'}")

    async def _use(self, message: Message, part: Json, more: Json, within_s: float) -> Interaction:
        data = {"component_type": part["type"], "custom_id": part["custom_id"], **more}
        return await self._settled(Interaction(COMPONENT, self.user, message.channel, data, message), within_s)

    async def _settled(self, interaction: Interaction, within_s: float) -> Interaction:
        """Send an interaction and wait until its person saw something, or that nothing came."""
        self._server.desk.send(interaction, new_id())
        try:
            await asyncio.wait_for(asyncio.shield(interaction.settled), within_s)
        except TimeoutError:
            interaction.failure = f"no answer within {within_s:g} s"
        return interaction

    def _must(self, channel: Channel, permission: int) -> None:
        if not permissions(self.user, channel) & permission:
            raise CannotDo(f"{self.user.name} may not write in {channel.name!r}")
