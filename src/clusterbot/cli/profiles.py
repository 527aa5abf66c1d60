"""`cluster` and `clusters`: what the profiles say, read from the live index without a model."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterbot.cli import console, opening


def cluster(
    name: Annotated[str, typer.Argument(help="A name of a cluster, old or new, or its id.")], as_json: console.AsJson = False
) -> None:
    """Show a cluster's card: its names, and what the sources say of it, with dates."""
    registry, loaded = opening.open_registry(opening.open_settings())
    texts = console.reader_texts()
    found = registry.resolve_one(name, texts.lang)
    vocabulary = loaded.tables.vocabulary
    if as_json:
        from clusterbot.output import card_json

        console.write_json(card_json(found, vocabulary, loaded.manifest.version))
    else:
        from clusterbot.terminal import card

        console.show(card(found, vocabulary, texts), console.MAX_WIDTH)


def clusters(as_json: console.AsJson = False) -> None:
    """List the clusters, with their names in both languages."""
    registry, _ = opening.open_registry(opening.open_settings())
    if as_json:
        from clusterbot.output import cluster_json

        console.write_json([cluster_json(one) for one in registry.clusters.values()])
    else:
        from clusterbot.terminal import cluster_list

        console.show(cluster_list(registry.clusters.values(), console.reader_texts()))
