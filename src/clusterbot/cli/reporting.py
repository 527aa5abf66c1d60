"""`gaps`."""

from __future__ import annotations

from typing import Annotated

import typer

from clusterbot.cli import console, opening


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
