"""`index build | list | use | verify`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import IndexMissing, StorageError, UsageError

if TYPE_CHECKING:
    from clusterbot.embedding import Embedder
    from clusterbot.gaps import Closed
    from clusterbot.index.build import BuildReport
    from clusterbot.ranking import Ranking
    from clusterbot.settings import Settings

app = typer.Typer(help="Build the index, and choose among its versions.", no_args_is_help=True)

IndexDir = Annotated[Path | None, typer.Option("--index", metavar="DIR", help="Folder of the index, instead of the setting.")]
CorpusDir = Annotated[Path | None, typer.Option("--corpus", metavar="DIR", help="Folder of the corpus, instead of the setting.")]


@app.command()
def build(corpus: CorpusDir = None, index: IndexDir = None, as_json: console.AsJson = False) -> None:
    """Build a version of the index from the corpus and make it the live one.

    A document that can't be read is left out and told, with exit status 1; the index holds all others.
    """
    settings = opening.open_settings(corpus, index)
    report, embedder, ranking = _build(settings)
    closed = _close_gaps(settings, embedder, ranking)
    if as_json:
        from clusterbot.gaps import closed_json
        from clusterbot.output import build_json

        console.write_json(build_json(report) | {"closed_gaps": [closed_json(one) for one in closed]})
    else:
        counts = {key: getattr(report, key) for key in ("version", "documents", "passages", "embedded", "reused", "removed")}
        console.show(console.reader_texts()("index.built", **counts, seconds=f"{report.seconds:.1f}"))
        if report.token_bytes:
            size = f"{report.token_bytes / 1e6:.1f}", f"{report.token_bytes / 1e3 / report.passages:.0f}"
            console.show(console.reader_texts()("index.tokens", total=size[0], each=size[1]))
        if closed:
            from clusterbot.gaps import closed_list

            console.show(closed_list(closed, console.reader_texts()), console.MAX_WIDTH)
    for error in report.failed:
        sys.stderr.write(f"{error}\n")
    if report.failed:
        console.tell_problem("build", failed=len(report.failed))
        raise typer.Exit(1)


def _build(settings: Settings) -> tuple[BuildReport, Embedder, Ranking]:
    from clusterbot.assistant import recipe
    from clusterbot.calibrating import calibrated
    from clusterbot.corpus import read_corpus
    from clusterbot.embedding import has_tokens
    from clusterbot.index.build import build_index
    from clusterbot.ranking import read_ranking

    texts = console.reader_texts()
    corpus = read_corpus(settings.corpus_dir)
    embedder = opening.open_model(settings)
    ranking = calibrated(read_ranking(has_tokens(embedder)), embedder, settings.data_dir)
    if ranking.calibrated_for != (model := f"{embedder.name}@{embedder.revision}"):
        console.tell("index.uncalibrated", model=model, fitted=ranking.calibrated_for)
    with console.progress_bar(texts("progress.embed"), texts("progress.embed")) as advance:
        return build_index(corpus, settings.index_dir, embedder, recipe(ranking), advance), embedder, ranking


def _close_gaps(settings: Settings, embedder: Embedder, ranking: Ranking) -> list[Closed]:
    """Ask again what was asked in vain; a store that fails is told, and the index stands."""
    from clusterbot.assistant import Assistant
    from clusterbot.gaps import retest
    from clusterbot.store import Store

    if not Store.is_there(settings.data_dir):
        return []
    texts = console.reader_texts()
    try:
        with opening.open_store(settings) as store, console.progress_bar(texts("progress.gaps"), texts("progress.gaps")) as advance:
            return retest(store, Assistant(settings.index_dir, embedder, ranking), dt.datetime.now(dt.UTC), advance)
    except StorageError as error:
        console.tell("gaps.not_closed", problem=error)
        return []


@app.command("list")
def show_all(index: IndexDir = None, as_json: console.AsJson = False) -> None:
    """List the versions of the index, newest first."""
    from clusterbot.index import snapshot

    index_dir = opening.open_settings(index=index).index_dir
    manifests = snapshot.versions(index_dir)
    try:
        live = snapshot.current_version(index_dir)
    except IndexMissing:
        live = None
    if as_json:
        from clusterbot.output import version_json

        console.write_json([version_json(one, live) for one in manifests])
    elif manifests:
        from clusterbot.terminal import version_list

        console.show(version_list(manifests, live, console.reader_texts()))
    else:
        console.tell("index.none")


@app.command()
def use(
    name: Annotated[str, typer.Argument(help="A version, as `index list` shows it.")],
    index: IndexDir = None,
    as_json: console.AsJson = False,
) -> None:
    """Make a version the live one, after checking it."""
    from clusterbot.index import snapshot

    manifest = snapshot.use(opening.open_settings(index=index).index_dir, _checked(name))
    if as_json:
        console.write_json({"index": manifest.version})
    else:
        console.show(console.reader_texts()("index.used", version=manifest.version))


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="A version; the live one if not given.")] = None,
    index: IndexDir = None,
    as_json: console.AsJson = False,
) -> None:
    """Check every file of a version against what was written."""
    from clusterbot.index import snapshot

    index_dir = opening.open_settings(index=index).index_dir
    manifest = snapshot.verify(index_dir / (_checked(name) if name is not None else snapshot.current_version(index_dir)))
    if as_json:
        console.write_json({"index": manifest.version, "files": len(manifest.files), "ok": True})
    else:
        console.show(console.reader_texts()("index.verified", version=manifest.version, files=len(manifest.files)))


def _checked(name: str) -> str:
    """Return a version's name; a path is none.

    Raises:
        UsageError: it leads out of the folder of the index.
    """
    if name in ("", ".", "..") or "\0" in name or Path(name).name != name:
        raise UsageError(f"{name!r} is no version's name; `clusterbot index list` shows them")
    return name
