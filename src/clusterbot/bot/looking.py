"""`/cluster`, `/compare`, `/clusters`, `/sources`, `/about`: what the live index holds, shown without the model."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Sequence
from importlib import metadata
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from clusterbot.bot.cards import cluster_embeds, comparison_embeds, corpus_embeds, document_embeds, list_embeds
from clusterbot.bot.embeds import SURE, paged
from clusterbot.bot.markup import escape, shorten
from clusterbot.bot.speech import Commands, reader_lang, said, texts_of
from clusterbot.clusters import Cluster
from clusterbot.comparison import compare as put_side_by_side
from clusterbot.i18n import Texts
from clusterbot.models import Vocabulary
from clusterbot.pictures import Picture, foundings, over_time

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

    Used = discord.Interaction[ClusterBot]

MAX_CHOICES = 25
MAX_CHOICE = 100
MAX_DESCRIBED = 1024
PICTURE = "chart.png"
DRAWN = ("members", "jobs", "firms")
Name = app_commands.Range[str, 1, MAX_CHOICE]


async def complete_cluster(interaction: Used, current: str) -> list[app_commands.Choice[str]]:
    """Propose clusters while a name is typed, each with the name that fits what was typed."""
    lang = reader_lang(interaction)
    found = interaction.client.assistant.engine.registry.complete(current[:MAX_CHOICE], lang, MAX_CHOICES)
    return [app_commands.Choice(name=_offered(cluster.name(lang), name), value=cluster.id) for cluster, name in found]


def _offered(name: str, fitting: str) -> str:
    return shorten(name if name == fitting else f"{name} ({fitting})", MAX_CHOICE)


def find_cluster(interaction: Used, name: str) -> Cluster:
    """Return the cluster that was chosen, or whose name was typed.

    Raises:
        ClusterUnknown, UsageError: none is called so, or several are.
    """
    return interaction.client.assistant.engine.registry.resolve_one(name, reader_lang(interaction))


async def show(interaction: Used, embeds: Iterable[discord.Embed], draw: Callable[[], Picture | None] | None = None) -> None:
    """Send embeds where they were asked for, one a message; a picture comes with the first, described for who can't see it."""
    interaction.client.cooldowns.count(interaction.user.id, interaction.guild_id)
    first, *others = embeds
    if draw is None:
        await interaction.response.send_message(embed=first)
    else:
        await interaction.response.defer(thinking=True)
        await interaction.followup.send(**_illustrated(first, await interaction.client.read(draw)))
    for embed in others:
        await interaction.followup.send(embed=embed)


def _illustrated(embed: discord.Embed, picture: Picture | None) -> dict[str, Any]:
    if picture is None:
        return {"embed": embed}
    file = discord.File(io.BytesIO(picture.png), PICTURE, description=picture.description[:MAX_DESCRIBED])
    return {"embed": embed.copy().set_image(url=f"attachment://{PICTURE}"), "file": file}


def _figures(clusters: Sequence[Cluster], vocabulary: Vocabulary, texts: Texts) -> Callable[[], Picture | None]:
    """Return what draws the first of the figures that people ask for of which there are several dated values."""

    def draw() -> Picture | None:
        drawn = (over_time(clusters, attribute, vocabulary, texts) for attribute in DRAWN)
        return next((one for one in drawn if one is not None), None)

    return draw


@app_commands.command(name=said("cluster_command"), description=said("cluster_command_description"))
@app_commands.rename(name=said("name"))
@app_commands.describe(name=said("name_description"))
@app_commands.autocomplete(name=complete_cluster)
async def cluster(interaction: Used, name: Name) -> None:
    """Show a cluster's card."""
    engine, texts = interaction.client.assistant.engine, texts_of(interaction)
    found, vocabulary = find_cluster(interaction, name), engine.snapshot.tables.vocabulary
    disagreements = await interaction.client.read(engine.ledger.disagreements_of, found.id, texts.lang)
    await show(interaction, cluster_embeds(found, vocabulary, disagreements, texts), _figures([found], vocabulary, texts))


@app_commands.command(name=said("compare"), description=said("compare_description"))
@app_commands.rename(first=said("first"), second=said("second"), third=said("third"))
@app_commands.describe(first=said("name_description"), second=said("name_description"), third=said("name_description"))
@app_commands.autocomplete(first=complete_cluster, second=complete_cluster, third=complete_cluster)
async def compare(interaction: Used, first: Name, second: Name, third: Name | None = None) -> None:
    """Put clusters side by side."""
    found = {one.id: one for one in (find_cluster(interaction, name) for name in (first, second, third) if name is not None)}
    vocabulary = interaction.client.assistant.engine.snapshot.tables.vocabulary
    compared, texts = put_side_by_side(list(found.values()), vocabulary), texts_of(interaction)
    await show(interaction, comparison_embeds(compared, vocabulary, texts), _figures(compared.clusters, vocabulary, texts))


@app_commands.command(name=said("clusters"), description=said("clusters_description"))
async def clusters(interaction: Used) -> None:
    """List the clusters."""
    known, texts = list(interaction.client.assistant.engine.registry.clusters.values()), texts_of(interaction)
    await show(interaction, list_embeds(known, texts), lambda: foundings(known, texts))


@app_commands.command(name=said("sources"), description=said("sources_description"))
@app_commands.rename(cluster=said("cluster"))
@app_commands.describe(cluster=said("sources_cluster_description"))
@app_commands.autocomplete(cluster=complete_cluster)
async def sources(interaction: Used, cluster: Name | None = None) -> None:
    """Tell what the answers rest on: as a whole, or for one cluster."""
    documents, texts = interaction.client.assistant.engine.snapshot.documents, texts_of(interaction)
    if cluster is None:
        await show(interaction, corpus_embeds(documents, texts))
        return
    found = find_cluster(interaction, cluster)
    await show(interaction, document_embeds(found, [one for one in documents if found.id in one.clusters], texts))


@app_commands.command(name=said("about"), description=said("about_description"))
async def about(interaction: Used) -> None:
    """Say what the bot is, what it answers from, and how to ask."""
    bot, texts = interaction.client, texts_of(interaction)
    manifest = bot.assistant.engine.snapshot.manifest
    made = texts(
        "bot.about_made",
        version=metadata.version("clusterbot"),
        index=manifest.version,
        documents=manifest.documents,
        model=escape(bot.assistant.model.partition("@")[0]),
    )
    ways = texts("bot.about_ways", name=bot.name)
    await show(interaction, paged([texts("bot.about"), ways, f"-# {made}"], SURE, "clusterbot"))


COMMANDS: Commands = (cluster, compare, clusters, sources, about)
