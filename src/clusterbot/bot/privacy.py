"""`/privacy`: what is kept of people, for how long, and how they see and erase it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import discord
from discord import app_commands

from clusterbot.bot.buttons import button_view
from clusterbot.bot.embeds import SURE, paged
from clusterbot.bot.speech import Commands, said, texts_of

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot


@app_commands.command(name=said("privacy"), description=said("privacy_description"))
async def privacy(interaction: discord.Interaction[ClusterBot]) -> None:
    """Tell, to whoever asks alone, what is kept; with the buttons that show and erase it."""
    texts, days = texts_of(interaction), interaction.client.settings.retention_days
    blocks = [texts(f"bot.privacy_{part}", days=days) for part in ("kept", "who", "rights")]
    (embed,) = paged(blocks, SURE, texts("bot.privacy_title"))
    await interaction.response.send_message(embed=embed, view=button_view(texts, "export", "erase"), ephemeral=True)


COMMANDS: Commands = (privacy,)
