"""Buttons that survive a restart: what one does and for which answer stands in its custom id, and the rest in the receipt."""

from __future__ import annotations

import re
from typing import Any

import discord

from clusterbot.i18n import Texts, read_texts

_RECEIPT = "(?P<receipt>[2-9a-z]{12})"
REASONS = ("beside", "wrong", "outdated", "incomplete", "unclear")
_STYLE = discord.ButtonStyle.secondary
_EMOJI = {
    **{"up": "👍", "down": "👎", "verify": "🔎", "cite": "📋", "more": "📚", "thread": "🧵", "watch": "🔔"},
    **{"publish": "📣", "spread": "📣", "export": "📄", "erase": "🗑️", "sure": "⚠️"},
}


class Press(discord.ui.DynamicItem[discord.ui.Button[Any]], template=rf"cb:(?P<action>[a-z]+)(?::{_RECEIPT})?"):
    """A button: `cb:<action>` or `cb:<action>:<receipt>`."""

    def __init__(self, action: str, receipt: str | None, label: str | None = None) -> None:
        custom_id = f"cb:{action}:{receipt}" if receipt else f"cb:{action}"
        super().__init__(discord.ui.Button(style=_STYLE, emoji=_EMOJI.get(action), label=label or None, custom_id=custom_id))
        self.action = action
        self.receipt = receipt

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /) -> Press:
        """Make the button anew of its custom id."""
        return cls(match["action"], match["receipt"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do what the button says."""
        await interaction.client.press(interaction, self.action, self.receipt or "", ())


class Reason(discord.ui.DynamicItem[discord.ui.Select[Any]], template=rf"cb-why:{_RECEIPT}"):
    """The select that asks why an answer didn't help."""

    def __init__(self, receipt: str, texts: Texts) -> None:
        options = [discord.SelectOption(label=texts(f"bot.reason_{one}"), value=one) for one in REASONS]
        super().__init__(discord.ui.Select(custom_id=f"cb-why:{receipt}", placeholder=texts("bot.why"), options=options))
        self.receipt = receipt

    @classmethod
    async def from_custom_id(cls, interaction: discord.Interaction, item: discord.ui.Item[Any], match: re.Match[str], /) -> Reason:
        """Make the select anew of its custom id; its texts are no longer needed."""
        return cls(match["receipt"], read_texts("en"))

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Keep the reason."""
        await interaction.client.press(interaction, "why", self.receipt, tuple(self.item.values))


def receipt_under(message: discord.Message) -> str | None:
    """Return the receipt that the buttons under an answer name; None where there are none."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    named = (re.fullmatch(rf"cb:[a-z]+:{_RECEIPT}", getattr(one, "custom_id", None) or "") for row in rows for one in row.children)
    return next((one["receipt"] for one in named if one is not None), None)


def answer_view(receipt: str, texts: Texts, is_answered: bool, own: str | None) -> discord.ui.View:
    """Return the buttons under an answer or an abstention; `own` is the action that its place allows beside those of all."""
    actions = ["up", "down", "verify", "cite", "more"] if is_answered else ["watch", "more"]
    actions += [] if own is None else [own]
    return view_of(*(Press(action, receipt, _label(action, texts)) for action in actions))


def _label(action: str, texts: Texts) -> str | None:
    return None if action in ("up", "down") else texts(f"bot.press_{action}")


def publishing(messages: int) -> str:
    """Return the action that publishes a private answer of so many messages, of which the last bears the button."""
    return "publish" if messages == 1 else "spread"


def button_view(texts: Texts, *actions: str) -> discord.ui.View:
    """Return buttons that are about no answer."""
    return view_of(*(Press(action, None, _label(action, texts)) for action in actions))


def view_of(*items: discord.ui.Item[Any]) -> discord.ui.View:
    """Return a view that never ends."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    return view
