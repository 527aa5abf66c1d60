"""`corpus lint | list | coverage`; `add | refresh | remove` are in ingesting.py."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.cli.indexes import CorpusDir

if TYPE_CHECKING:
    from clusterbot.corpus import Corpus
    from clusterbot.models import Disagreement

app = typer.Typer(help="Look after the corpus.", no_args_is_help=True)


@app.command()
def lint(corpus: CorpusDir = None, as_json: console.AsJson = False) -> None:
    """Check every corpus file; exit status 1 where something should be mended."""
    from clusterbot.corpus import read_corpus
    from clusterbot.lint import lint as find_problems

    folder = opening.open_settings(corpus).corpus_dir
    read = read_corpus(folder)
    problems = find_problems(read, folder)
    if as_json:
        from clusterbot.output import lint_json

        console.write_json(lint_json(len(read.documents), problems, _disagreements(read)))
    else:
        for problem in problems:
            sys.stdout.write(f"{problem}\n")
        _show_disagreements(read)
    if problems:
        console.tell_problem("lint", problems=len(problems), files=len({problem.file for problem in problems}))
        raise typer.Exit(1)
    if not as_json:
        console.show(console.reader_texts()("corpus.clean", documents=len(read.documents)))


def _disagreements(read: Corpus) -> list[Disagreement]:
    """Return what the sources of each cluster disagree on: nothing to mend, but to know of."""
    from clusterbot.ledger import Ledger
    from clusterbot.models import Profile

    ledger = Ledger([one for one in read.documents if isinstance(one, Profile)], read.vocabulary)
    lang, ids = console.reader_texts().lang, dict.fromkeys(one.cluster_id for one in read.documents if isinstance(one, Profile))
    return [found for one in ids for found in ledger.disagreements_of(one, lang)]


def _show_disagreements(read: Corpus) -> None:
    from rich.console import Group

    from clusterbot.clusters import ClusterRegistry
    from clusterbot.models import Profile
    from clusterbot.terminal import values_lines

    registry = ClusterRegistry([one for one in read.documents if isinstance(one, Profile)])
    for one in _disagreements(read):
        console.show(Group(*values_lines(one, registry.clusters, read.vocabulary, console.reader_texts())), console.MAX_WIDTH)


@app.command("list")
def show_all(corpus: CorpusDir = None, as_json: console.AsJson = False) -> None:
    """List the documents; those that can't be read are told, with exit status 1."""
    from clusterbot.corpus import read_corpus

    read = read_corpus(opening.open_settings(corpus).corpus_dir)
    if as_json:
        from clusterbot.output import document_json

        console.write_json([document_json(one) for one in read.documents])
    else:
        from clusterbot.lists import document_list

        console.show(document_list(read.documents, console.reader_texts()))
    for error in read.failed:
        sys.stderr.write(f"{error}\n")
    if read.failed:
        console.tell_problem("unread", failed=len(read.failed))
        raise typer.Exit(1)


@app.command()
def coverage(
    corpus: CorpusDir = None,
    oldest: Annotated[int, typer.Option(min=0, max=10_000, help="How many of the oldest facts to show.")] = 20,
    as_json: console.AsJson = False,
) -> None:
    """Show what the ledgers hold by cluster, and the oldest facts first: what to refresh next."""
    from clusterbot.corpus import read_corpus
    from clusterbot.coverage import coverage as measure

    read = read_corpus(opening.open_settings(corpus).corpus_dir)
    found = measure(read)
    if as_json:
        from clusterbot.output import coverage_json

        console.write_json(coverage_json(found, oldest))
    else:
        from clusterbot.lists import coverage_tables

        console.show(coverage_tables(found, oldest, read.vocabulary, console.reader_texts()))
