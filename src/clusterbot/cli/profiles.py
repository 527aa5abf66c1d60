"""`cluster` and `clusters`: what the profiles say, read from the live index without a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import UsageError

if TYPE_CHECKING:
    from clusterbot.pictures import Picture


PictureFile = Annotated[Path | None, typer.Option("--picture", metavar="FILE", help="Write a picture (PNG) to this file as well.")]
Drawn = Annotated[str, typer.Option("--attribute", help="What the picture shows over time, by its name in the ledgers.")]


def cluster(
    name: Annotated[str, typer.Argument(help="A name of a cluster, old or new, or its id.")],
    picture: PictureFile = None,
    attribute: Drawn = "members",
    as_json: console.AsJson = False,
) -> None:
    """Show a cluster's card: its names, and what the sources say of it, with dates; and draw a figure of it over time."""
    from rich.console import Group

    from clusterbot.ledger import Ledger
    from clusterbot.models import Profile

    registry, loaded = opening.open_registry(opening.open_settings())
    texts = console.reader_texts()
    found = registry.resolve_one(name, texts.lang)
    vocabulary = loaded.tables.vocabulary
    ledger = Ledger([one for one in loaded.documents if isinstance(one, Profile)], vocabulary)
    disagreements = ledger.disagreements_of(found.id, texts.lang)
    if picture is not None:
        from clusterbot.pictures import over_time

        write_picture(picture, over_time([found], attribute, vocabulary, texts))
    if as_json:
        from clusterbot.output import card_json

        console.write_json(card_json(found, vocabulary, disagreements, loaded.manifest.version))
    else:
        from clusterbot.terminal import card, values_lines

        console.show(card(found, vocabulary, texts), console.MAX_WIDTH)
        for one in disagreements:
            console.show(Group(*values_lines(one, registry.clusters, vocabulary, texts)), console.MAX_WIDTH)


def write_picture(file: Path, drawn: Picture | None) -> None:
    """Write a picture.

    Raises:
        UsageError: there is nothing to draw, or the file can't be written.
    """
    if drawn is None:
        raise UsageError(console.reader_texts()("picture.nothing"))
    try:
        file.write_bytes(drawn.png)
    except OSError as error:
        raise UsageError(f"{file} can't be written ({error.strerror}): name a file in a folder that is there") from error


def clusters(picture: PictureFile = None, as_json: console.AsJson = False) -> None:
    """List the clusters, with their names in both languages; and draw when they were founded."""
    registry, _ = opening.open_registry(opening.open_settings())
    if picture is not None:
        from clusterbot.pictures import foundings

        write_picture(picture, foundings(list(registry.clusters.values()), console.reader_texts()))
    if as_json:
        from clusterbot.output import cluster_json

        console.write_json([cluster_json(one) for one in registry.clusters.values()])
    else:
        from clusterbot.lists import cluster_list

        console.show(cluster_list(registry.clusters.values(), console.reader_texts()))
