"""`index build | list | use | verify`."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import (
    ClusterbotError,
    IndexCorrupt,
    IndexMismatch,
    IndexMissing,
    IndexRegression,
    StorageError,
    UsageError,
)

if TYPE_CHECKING:
    from clusterbot.embedding import Embedder
    from clusterbot.gaps import Closed
    from clusterbot.golden import Comparison
    from clusterbot.index.build import BuildReport
    from clusterbot.ranking import Ranking
    from clusterbot.settings import Settings

app = typer.Typer(help="Build the index, and choose among its versions.", no_args_is_help=True)

IndexDir = Annotated[Path | None, typer.Option("--index", metavar="DIR", help="Folder of the index, instead of the setting.")]
CorpusDir = Annotated[Path | None, typer.Option("--corpus", metavar="DIR", help="Folder of the corpus, instead of the setting.")]


@app.command()
def build(
    corpus: CorpusDir = None,
    index: IndexDir = None,
    force: Annotated[bool, typer.Option("--force", help="Swap even where golden questions are answered worse.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and build again whenever files of the corpus change.")] = False,
    as_json: console.AsJson = False,
) -> None:
    """Build a version of the index from the corpus and make it the live one.

    A document that can't be read is left out and told, with exit status 1; the index holds all others. Before the swap, the golden
    questions (corpus/golden.jsonl) are asked of both versions: where one whose source is
    still there is no longer answered, the live version stays.
    """
    settings = opening.open_settings(corpus, index)
    builder = Builder(settings, force)
    if watch:
        builder.watch(_changes(settings.corpus_dir), as_json)
    elif not builder.build(as_json):
        raise typer.Exit(1)


class Builder:
    """Builds versions with one model, loaded once."""

    def __init__(self, settings: Settings, force: bool) -> None:
        self._settings, self._force = settings, force
        self._model: tuple[Embedder, Ranking] | None = None
        self._comparison: Comparison | None = None
        self._unread: set[str] = set()

    def _open_model(self) -> tuple[Embedder, Ranking]:
        """Return the model and the fitted numbers; loaded once, after the corpus could be read."""
        from clusterbot.calibrating import calibrated
        from clusterbot.embedding import has_tokens
        from clusterbot.ranking import read_ranking

        if self._model is None:
            embedder = opening.open_model(self._settings)
            ranking = calibrated(read_ranking(has_tokens(embedder)), embedder, self._settings.data_dir)
            if ranking.calibrated_for != (model := f"{embedder.name}@{embedder.revision}"):
                console.tell("index.uncalibrated", model=model, fitted=ranking.calibrated_for)
            self._model = embedder, ranking
        return self._model

    def watch(self, changes: Iterable[object], as_json: bool) -> None:
        """Build now and after each change; what goes wrong is told, and the next change is waited for."""
        from itertools import chain

        for _ in chain([None], changes):
            try:
                self.build(as_json, is_line=True)
            except ClusterbotError as error:
                console.tell_error(error)
            console.tell("index.watching", folder=self._settings.corpus_dir)

    def build(self, as_json: bool, is_line: bool = False) -> bool:
        """Build a version, close gaps and tell; say whether all documents could be read.

        Raises:
            IndexRegression: golden questions are answered worse; the live version stays.
        """
        from clusterbot.assistant import recipe
        from clusterbot.corpus import read_corpus
        from clusterbot.index.build import build_index

        texts, self._comparison = console.reader_texts(), None
        corpus = read_corpus(self._settings.corpus_dir)
        self._unread = {Path(error.file).stem for error in corpus.failed}
        embedder, ranking = self._open_model()
        try:
            with console.progress_bar(texts("progress.embed"), texts("progress.embed")) as advance:
                made = recipe(ranking)
                milvus = opening.open_milvus(self._settings)
                report = build_index(
                    corpus, self._settings.index_dir, embedder, made, advance, approve=self._approve, milvus=milvus
                )
        except IndexRegression:
            self._show_comparison(as_json, is_line)
            raise
        closed = _close_gaps(self._settings, embedder, ranking)
        self._show(report, closed, as_json, is_line)
        for error in report.failed:
            sys.stderr.write(f"{error}\n")
        if report.failed:
            console.tell_problem("build", failed=len(report.failed))
        return not report.failed

    def _approve(self, version: str) -> None:
        """Compare a version with the live one.

        Raises:
            IndexRegression: it no longer answers a golden question, and isn't forced.
        """
        from clusterbot.assistant import Assistant
        from clusterbot.golden import compare, read_golden
        from clusterbot.index import snapshot

        questions = read_golden(self._settings.corpus_dir)
        if not questions:
            return
        texts, index_dir, milvus = console.reader_texts(), self._settings.index_dir, opening.open_milvus(self._settings)
        try:
            live = snapshot.read_manifest(index_dir / snapshot.current_version(index_dir))
            before = Assistant(index_dir, *self._open_model(), milvus=milvus if live.place == "milvus" else None)
        except (IndexMissing, IndexMismatch, IndexCorrupt):
            return  # nothing that could be asked comes before it
        after = Assistant(index_dir, *self._open_model(), version, milvus=milvus)
        with console.progress_bar(texts("progress.golden"), texts("progress.golden")) as advance:
            self._comparison = compare(questions, before, after, self._unread, advance)
        lost = len(self._comparison.regressions)
        if lost and not self._force:
            told = f"the new index no longer answers {lost} of {len(questions)} golden questions, whose sources are still there"
            raise IndexRegression(f"{told}: the live version stays; mend the corpus, or: clusterbot index build --force")

    def _show_comparison(self, as_json: bool, is_line: bool) -> None:
        """Show what made a version refused."""
        from clusterbot.golden import comparison_json, comparison_list
        from clusterbot.index import snapshot

        if self._comparison is None:
            return
        if as_json:
            live = snapshot.current_version(self._settings.index_dir)
            console.write_json({"index": live, "refused": True, "golden": comparison_json(self._comparison)}, is_line)
        else:
            console.show(comparison_list(self._comparison, console.reader_texts()), console.MAX_WIDTH)

    def _show(self, report: BuildReport, closed: list[Closed], as_json: bool, is_line: bool) -> None:
        from clusterbot.gaps import closed_json, closed_list
        from clusterbot.golden import comparison_json, comparison_list
        from clusterbot.i18n import write_number
        from clusterbot.output import build_json

        if as_json:
            golden = None if self._comparison is None else comparison_json(self._comparison)
            values = {"closed_gaps": [closed_json(one) for one in closed], "golden": golden}
            console.write_json(build_json(report) | values, is_line)
            return
        texts = console.reader_texts()
        counts = {key: getattr(report, key) for key in ("version", "documents", "passages", "embedded", "reused", "removed")}
        console.show(texts("index.built", **counts, seconds=f"{report.seconds:.1f}"))
        for lang, found in report.approximate.items():
            recall = write_number(round(100 * found.recall_10, 1), texts.lang)
            console.show(texts("index.approximate", lang=texts(f"name.{lang}"), kind=found.kind, recall=recall))
        if report.token_bytes:
            size = f"{report.token_bytes / 1e6:.1f}", f"{report.token_bytes / 1e3 / report.passages:.0f}"
            console.show(texts("index.tokens", total=size[0], each=size[1]))
        if self._comparison is not None and self._comparison.changes:
            console.show(comparison_list(self._comparison, texts), console.MAX_WIDTH)
        if closed:
            console.show(closed_list(closed, texts), console.MAX_WIDTH)


def _changes(corpus_dir: Path) -> Iterable[object]:
    """Yield whenever documents or tables of a corpus change; locks, records and pending files don't count."""
    from watchfiles import Change, watch

    def counts(_: Change, path: str) -> bool:
        name = Path(path).name
        return not name.startswith(".") and name.endswith((".md", ".yaml", ".jsonl"))

    return watch(corpus_dir, watch_filter=counts)


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
            assistant = Assistant(settings.index_dir, embedder, ranking, milvus=opening.open_milvus(settings))
            return retest(store, assistant, dt.datetime.now(dt.UTC), advance)
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
        from clusterbot.lists import version_list

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

    settings = opening.open_settings(index=index)
    manifest = snapshot.use(settings.index_dir, _checked(name), opening.open_milvus(settings))
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
    """Check every file of a version against what was written, and where a Milvus has the passages, that it has all of them."""
    from clusterbot.index import snapshot

    settings = opening.open_settings(index=index)
    folder = settings.index_dir / (_checked(name) if name is not None else snapshot.current_version(settings.index_dir))
    manifest = snapshot.verify(folder, opening.open_milvus(settings))
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
