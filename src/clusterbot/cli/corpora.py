"""`corpus lint | list`."""

from __future__ import annotations

import sys

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
