"""`corpus lint | list | coverage`; `add | refresh | remove` are in ingesting.py."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.cli.indexes import CorpusDir

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

        console.write_json(lint_json(len(read.documents), problems))
    else:
        for problem in problems:
            sys.stdout.write(f"{problem}\n")
    if problems:
        console.tell_problem("lint", problems=len(problems), files=len({problem.file for problem in problems}))
        raise typer.Exit(1)
    if not as_json:
        console.show(console.reader_texts()("corpus.clean", documents=len(read.documents)))


@app.command("list")
def show_all(corpus: CorpusDir = None, as_json: console.AsJson = False) -> None:
    """List the documents; those that can't be read are told, with exit status 1."""
    from clusterbot.corpus import read_corpus

    read = read_corpus(opening.open_settings(corpus).corpus_dir)
    if as_json:
        from clusterbot.output import document_json

        console.write_json([document_json(one) for one in read.documents])
    else:
        from clusterbot.terminal import document_list

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
        from clusterbot.terminal import coverage_tables

        console.show(coverage_tables(found, oldest, read.vocabulary, console.reader_texts()))
