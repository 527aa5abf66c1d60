"""`model prepare`."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import ModelUnavailable, StorageError

app = typer.Typer(help="Make the bundled model ready.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Keep `prepare` a command of its own, where Typer would make one command the whole group."""


@app.command()
def prepare(
    into: Annotated[Path | None, typer.Option("--into", metavar="DIR", help="Copy what runs it there, and nothing else.")] = None,
    as_json: console.AsJson = False,
) -> None:
    """Unpack and compile the bundled model now, instead of at the first question.

    The copy of --into answers without torch, with CLUSTERBOT_CACHE_DIR pointing to it.
    """
    from clusterbot import bundled
    from clusterbot.compiled import CompiledEmbedder
    from clusterbot.compiling import find_compiled, verify_compiled
    from clusterbot.pair_compiling import ensure_claim_reader

    settings = opening.open_settings()
    embedder = opening.open_model(settings)
    found = find_compiled(settings.cache_dir)
    if found is None or found[1].refusal:
        raise ModelUnavailable(
            "there is no compiled model to prepare: it was refused on this machine, or the settings want another; "
            "`clusterbot doctor` says which"
        )
    folder = found[0]
    if isinstance(embedder, CompiledEmbedder):
        ensure_claim_reader(embedder, settings.cache_dir)
    if into is not None:
        folder = _copy(folder, into)
    verify_compiled(folder)
    size = sum(path.stat().st_size for path in folder.iterdir())
    if as_json:
        console.write_json({"folder": str(folder), "revision": bundled.revision(folder), "bytes": size})
    else:
        console.show(console.reader_texts()("prepared.model", folder=folder, size=f"{size / 1e6:.0f}"))


def _copy(folder: Path, into: Path) -> Path:
    """Copy a folder whole or not at all, for any account to read: the weights are public, and what answers isn't who copied."""
    pending, final = into / f".copying-{folder.name}", into / folder.name
    try:
        shutil.rmtree(pending, ignore_errors=True)
        shutil.copytree(folder, pending)
        for path in (pending, *pending.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(final, ignore_errors=True)
        pending.rename(final)
    except OSError as error:
        shutil.rmtree(pending, ignore_errors=True)
        raise StorageError(f"can't write the model to {into} ({error.strerror or error}): free 200 MB") from error
    return final
