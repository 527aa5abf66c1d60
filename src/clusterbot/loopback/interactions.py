"""Interactions: what a person does with a command, button, select, modal or menu, and the bot's three seconds to react."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import Field

from clusterbot.loopback.board import Board
from clusterbot.loopback.commands import CHAT_INPUT, Choice
from clusterbot.loopback.forms import EPHEMERAL, Body, MessageBody, Modal
from clusterbot.loopback.payloads import member_json, message_json, partial_channel_json, user_json
from clusterbot.loopback.record import Limits, Record
from clusterbot.loopback.refusals import Json, Refusal, read_form, unknown
from clusterbot.loopback.world import MENU_REPLY, REPLY, SLASH_REPLY, Channel, Message, User, permissions

COMMAND, COMPONENT, COMPLETION, SUBMISSION = 2, 3, 4, 5
ANSWER, THINK, LATER, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
ALLOWED = {COMMAND: (ANSWER, THINK, MODAL), COMPONENT: (ANSWER, THINK, LATER, UPDATE, MODAL), COMPLETION: (CHOICES,)}
NO_ANSWER = "the application did not respond"


@dataclass(eq=False, slots=True, repr=False)
class Interaction:
    """Something that a person did and what came of it."""

    kind: int
    person: User
    channel: Channel
    data: Json
    source: Message | None = None
    """The message whose button or select was used, or whose modal was filled in."""
    id: int = 0
    token: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    sent_at_s: float = field(default_factory=time.monotonic)
    acknowledged_after_s: float | None = None
    settled_after_s: float | None = None
    """When a person saw what they had waited for; None while "thinking" shows."""
    reaction: int | None = None
    """The type of the bot's first answer: ANSWER, THINK, LATER, UPDATE, CHOICES or MODAL."""
    message: Message | None = None
    """The message that shows the answer; the source where that one is changed."""
    followups: list[Message] = field(default_factory=list)
    modal: Modal | None = None
    choices: list[Json] = field(default_factory=list)
    failure: str | None = None
    settled: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def __repr__(self) -> str:
        return f"<Interaction of {self.person.name}: {self.failure or self.message or self.modal or self.choices}>"


class CallbackBody(Body):
    """The first answer to an interaction; what `data` holds depends on its type."""

    type: Literal[4, 5, 6, 7, 8, 9]
    data: dict[str, Any] = Field(default_factory=dict)


class ChoicesBody(Body):
    """What is proposed while a person types."""

    choices: list[Choice] = Field(max_length=25)


class Desk:
    """Sends interactions to the bot and takes its answers."""

    def __init__(self, board: Board, limits: Limits, record: Record, changed: Callable[[], None]) -> None:
        self.all: list[Interaction] = []
        self._board = board
        self._limits = limits
        self._record = record
        self._changed = changed
        self._by_id: dict[int, Interaction] = {}
        self._by_token: dict[str, Interaction] = {}
        self._timers: list[asyncio.TimerHandle] = []

    def close(self) -> None:
        """Wait for no more answers."""
        for timer in self._timers:
            timer.cancel()

    def send(self, interaction: Interaction, new_id: int) -> Interaction:
        """Hand an interaction to the bot; its three seconds begin."""
        interaction.id = new_id
        self.all.append(interaction)
        self._by_id[new_id] = self._by_token[interaction.token] = interaction
        payload = self._payload(interaction)
        self._board.gateway.dispatch("INTERACTION_CREATE", 0, lambda _: payload)
        loop = asyncio.get_running_loop()
        self._timers.append(loop.call_later(self._limits.acknowledge_s, self._give_up, interaction))
        return interaction

    def _give_up(self, interaction: Interaction) -> None:
        if interaction.reaction is None:
            interaction.failure = NO_ANSWER
            self._settle(interaction)

    def _settle(self, interaction: Interaction) -> None:
        if not interaction.settled.done():
            interaction.settled_after_s = time.monotonic() - interaction.sent_at_s
            interaction.settled.set_result(None)
        self._changed()

    def _payload(self, interaction: Interaction) -> Json:
        world, channel, person = self._board.world, interaction.channel, interaction.person
        told: Json = {
            "id": str(interaction.id),
            "application_id": str(world.application_id),
            "type": interaction.kind,
            "data": interaction.data,
            "token": interaction.token,
            "version": 1,
            "locale": person.locale,
            "channel": partial_channel_json(channel, person),
            "channel_id": str(channel.id),
            "app_permissions": str(permissions(world.bot, channel)),
            "entitlements": [],
            "attachment_size_limit": 10 << 20,
            "context": 0 if channel.guild else 1,
            "authorizing_integration_owners": {"0": str(channel.guild.id if channel.guild else 0)},
        }
        if interaction.source is not None:
            told["message"] = message_json(interaction.source, world, reads_content=True)
        if channel.guild is None:
            return told | {"user": user_json(person)}
        guild = {"id": str(channel.guild.id), "locale": channel.guild.locale, "features": []}
        member = member_json(channel.guild.members[person.id]) | {"permissions": str(permissions(person, channel))}
        return told | {"guild": guild, "guild_id": guild["id"], "guild_locale": channel.guild.locale, "member": member}

    def answer(self, id_: int, token: str, raw: Json) -> Json:
        """Take the bot's first answer; return what Discord tells of it.

        Raises:
            Refusal: it is too late, the second one, not fit for this interaction, or against a limit.
        """
        interaction = self._by_id.get(id_)
        if interaction is None or interaction.token != token or interaction.failure is not None:
            raise unknown("Interaction")
        waited_s = time.monotonic() - interaction.sent_at_s
        if interaction.reaction is None and waited_s > self._limits.acknowledge_s:
            raise unknown("Interaction")
        if interaction.reaction is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        body = read_form(CallbackBody, raw)
        allowed = ALLOWED.get(interaction.kind, (ANSWER, THINK, *((LATER, UPDATE) if interaction.source else ())))
        if body.type not in allowed:
            # With which code Discord refuses a type that doesn't fit is not written down; these are a form's.
            nested = {"type": {"_errors": [{"code": "BASE_TYPE_CHOICES", "message": f"Value must be one of {allowed}."}]}}
            raise Refusal(400, 50035, "Invalid Form Body", nested)
        self._react(interaction, body)
        interaction.reaction, interaction.acknowledged_after_s = body.type, waited_s
        self._record.acknowledgements_s.append(waited_s)
        if body.type != THINK:
            self._settle(interaction)
        self._changed()
        return self._told(interaction)

    def _react(self, interaction: Interaction, body: CallbackBody) -> None:
        match body.type:
            case 4 | 5:
                message = read_form(MessageBody, body.data, ("data",))
                interaction.message = self._post(interaction, message, self._kind(interaction), body.type == THINK)
            case 6:
                interaction.message = interaction.source
            case 7 if interaction.source is not None:
                self._board.edit(interaction.source, read_form(MessageBody, body.data, ("data",)))
                interaction.message = interaction.source
            case 8:
                choices = read_form(ChoicesBody, body.data, ("data",)).choices
                interaction.choices = [choice.to_json() for choice in choices]
            case 9:
                interaction.modal = read_form(Modal, body.data, ("data",))

    def _kind(self, interaction: Interaction) -> int:
        """Return the kind of message that answers: which one after a button or modal is not written down; a reply fits both."""
        if interaction.kind != COMMAND:
            return REPLY
        return SLASH_REPLY if interaction.data.get("type") == CHAT_INPUT else MENU_REPLY

    def _post(
        self, interaction: Interaction, body: MessageBody, kind: int, is_thinking: bool = False, reference: Message | None = None
    ) -> Message:
        asked_by = {"id": str(interaction.id), "type": interaction.kind, "user": user_json(interaction.person)}
        asked_by["authorizing_integration_owners"] = {}
        return self._board.post(
            interaction.channel,
            self._board.world.bot,
            body,
            kind=kind,
            reference=reference,
            only_for=interaction.person if (body.flags or 0) & EPHEMERAL else None,
            asked_by=asked_by,
            webhook_token=interaction.token,
            is_thinking=is_thinking,
        )

    def _told(self, interaction: Interaction) -> Json:
        told: Json = {"id": str(interaction.id), "type": interaction.kind}
        message = interaction.message
        if message is None:
            return {"interaction": told}
        told |= {"response_message_id": str(message.id), "response_message_loading": message.is_thinking}
        told |= {"response_message_ephemeral": message.is_ephemeral}
        if interaction.reaction not in (ANSWER, UPDATE):
            return {"interaction": told}
        world = self._board.world
        return {"interaction": told, "resource": {"type": interaction.reaction, "message": message_json(message, world, True)}}

    def by_token(self, token: str) -> Interaction:
        """Return the interaction whose token a follow-up comes with.

        Raises:
            Refusal: the token is none, or 15 minutes old, or the interaction was not answered yet.
        """
        interaction = self._by_token.get(token)
        if interaction is None or time.monotonic() - interaction.sent_at_s > self._limits.token_s:
            raise Refusal(401, 50027, "Invalid Webhook Token")
        if interaction.reaction is None or interaction.reaction == CHOICES:
            raise unknown("Webhook")
        return interaction

    def follow_up(self, interaction: Interaction, body: MessageBody) -> Message:
        """Send another message; right after a "thinking" it is that one which is filled in, as private as it was.

        Raises:
            Refusal: it is empty.
        """
        original = interaction.message
        if interaction.reaction == THINK and original is not None and original.is_thinking and not original.is_gone:
            self.edit(interaction, original, body)
            return original
        message = self._post(interaction, body, REPLY, reference=original)
        interaction.followups.append(message)
        self._settle(interaction)
        return message

    def find(self, interaction: Interaction, id_: str) -> Message:
        """Return the original answer or a follow-up.

        Raises:
            Refusal: there is none of that id, or no longer.
        """
        mine = [interaction.message, *interaction.followups]
        wanted = [one for one in mine if one is not None and (str(one.id) == id_ or (id_ == "@original" and one is mine[0]))]
        if not wanted or wanted[0].is_gone:
            raise unknown("Message")
        return wanted[0]

    def edit(self, interaction: Interaction, message: Message, body: MessageBody) -> None:
        """Change an answer; what a person waited for has come.

        Raises:
            Refusal: nothing would be left of it.
        """
        self._board.edit(message, body)
        self._settle(interaction)

    def delete(self, interaction: Interaction, message: Message) -> None:
        """Take an answer away."""
        self._board.delete(message)
        self._settle(interaction)
