"""`gaps` and `report`."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import StorageError

PAGE = Path("clusterbot-report.html")


def gaps(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many to show.")] = 50, as_json: console.AsJson = False
) -> None:
    """List what people asked and didn't get, the most asked first: what to write next."""
    from clusterbot.gaps import gap_json, gap_list, group, nearest_hit, read_fit

    settings = opening.open_settings()
    with opening.open_store(settings) as store:
        asked = store.open_gaps()
    assistant = opening.open_assistant(settings)
    fit = read_fit()
    if asked and assistant.model != fit.fitted_for:
        console.tell("gaps.unfitted", model=assistant.model, fitted=fit.fitted_for)
    found = [(gap, nearest_hit(gap, assistant)) for gap in group(asked, assistant, fit)[:limit]]
    if as_json:
        console.write_json([gap_json(gap, nearest) for gap, nearest in found])
    elif found:
        console.show(gap_list(found, console.reader_texts()), console.MAX_WIDTH)
    else:
        console.tell("gaps.none")


def report(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Where to write the page.")] = Path(
        "clusterbot-report.html"
    ),
    days: Annotated[int, typer.Option(min=1, max=366, help="How many days of questions to show.")] = 30,
    lang: Annotated[Literal["fr", "en"] | None, typer.Option("--lang", help="Language of the page; else the reader's.")] = None,
    as_json: console.AsJson = False,
) -> None:
    """Write one HTML page with pictures: the corpus, what was asked and what is missing. It holds people's questions."""
    from clusterbot.corpus import read_corpus
    from clusterbot.gaps import group, nearest_hit, read_fit
    from clusterbot.i18n import read_texts
    from clusterbot.report import SHOWN_GAPS, Usage, render

    settings, now = opening.open_settings(), dt.datetime.now(dt.UTC)
    corpus = read_corpus(settings.corpus_dir)
    since = dt.datetime.combine(now.date() - dt.timedelta(days=days - 1), dt.time(), dt.UTC)
    with opening.open_store(settings) as store:
        receipts = [one for one in store.receipts(since) if one.channel != "batch"]
        feedback, asked, closed = store.feedback(since), store.open_gaps(), store.closed_gaps()
        measured = store.evaluations("evaluation")
    assistant = opening.open_assistant(settings)
    found = group(asked, assistant, read_fit())
    shown = [(gap, nearest_hit(gap, assistant)) for gap in found[:SHOWN_GAPS]]
    engine, texts = assistant.engine, read_texts(lang) if lang else console.reader_texts()
    usage = Usage(receipts, feedback, shown, len(found), closed)
    page = render(corpus, engine.registry, usage, measured, engine.snapshot.manifest.version, days, now, texts)
    _write(output, page)
    if as_json:
        counts = {"questions": len(receipts), "feedback": len(feedback), "open_gaps": len(found), "closed_questions": closed}
        console.write_json({"file": str(output), **counts})
    else:
        console.show(console.reader_texts()("report.written", file=output))


def _write(output: Path, page: str) -> None:
    """Write the page whole or not at all, closed to others, since it holds people's words.

    Raises:
        StorageError: the disk refuses.
    """
    pending = output.with_name(f".{output.name}-{os.getpid()}")
    try:
        with os.fdopen(os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(page)
        pending.replace(output)
    except OSError as error:
        pending.unlink(missing_ok=True)
        cure = "free some space, check the folder's permissions, or name another with --output"
        raise StorageError(f"{output} can't be written ({error.strerror or error}): {cure}") from error
