"""`data backup | restore`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import UsageError

app = typer.Typer(help="Back up what can't be rebuilt, and put it back.", no_args_is_help=True)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(metavar="DIR", help="Where the backup's folder goes.")],
    as_json: console.AsJson = False,
) -> None:
    """Copy the store and its salt, checked, into a new folder in DIR; the bot may go on meanwhile."""
    from clusterbot.store import back_up

    made = back_up(opening.open_settings().data_dir, target, dt.datetime.now(dt.UTC))
    if as_json:
        console.write_json({"folder": str(made)})
    else:
        console.show(console.reader_texts()("data.backed_up", folder=made))


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder that `data backup` made.")],
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask first.")] = False,
    as_json: console.AsJson = False,
) -> None:
    """Put a backup in the place of the store, which is moved aside; stop the bot first."""
    from clusterbot.store import Store
    from clusterbot.store import restore as put_back

    texts, data_dir = console.reader_texts(), opening.open_settings().data_dir
    needs_word = not yes and Store.is_there(data_dir)
    if needs_word and not (sys.stdin.isatty() and typer.confirm(texts("data.confirm", folder=data_dir), err=True)):
        raise UsageError("nothing was restored: confirm with --yes")
    aside = put_back(source, data_dir, dt.datetime.now(dt.UTC))
    if as_json:
        console.write_json({"folder": str(data_dir), "before": None if aside is None else str(aside)})
        return
    console.show(texts("data.restored", folder=data_dir))
    if aside is not None:
        console.show(texts("data.aside", folder=aside))
