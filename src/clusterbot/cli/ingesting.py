"""`corpus add | refresh | remove`: what would be done is shown on stderr and confirmed, what was done is told on stdout."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterbot.cli import console, opening
from clusterbot.cli.indexes import CorpusDir
from clusterbot.cli.planning import ask, dead_source_lines, difference_json, document_json, show_plan
from clusterbot.errors import ClusterbotError, PageGone, UsageError

if TYPE_CHECKING:
    from clusterbot.ingest.changes import Library, Plan
    from clusterbot.ingest.compose import Given
    from clusterbot.ingest.parsed import Entry, Listing
    from clusterbot.ingest.reading import Source
    from clusterbot.settings import Settings

MAX_NESTED = 10
SOURCES_PAUSE_S = 1.0  # between two requests to one site, where hundreds of pages are asked for
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing.")]
Text = Annotated[str | None, typer.Option(metavar="TEXT")]


@dataclass(slots=True)
class Outcome:
    """What a command did, as `--json` gives it."""

    added: list[dict[str, Any]] = field(default_factory=list)
    replaced: list[dict[str, Any]] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    back: list[str] = field(default_factory=list)
    declined: list[str] = field(default_factory=list)
    dead_sources: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)

    @contextmanager
    def keeping(self, source: str) -> Iterator[None]:
        """Keep what goes wrong with one source, tell it at once, and let the others go on."""
        try:
            yield
        except ClusterbotError as error:
            self.failed.append({"source": source, "error": str(error), "code": error.code})
            console.tell_error(error)


def add(
    sources: Annotated[list[str], typer.Argument(metavar="URL|FILE...", help="Pages, feeds, sitemaps or files.")],
    yes: Yes = False,
    quote_only: Annotated[bool, typer.Option("--quote-only", help="Keep what is known of the text, and short excerpts.")] = False,
    url: Annotated[str | None, typer.Option("--url", metavar="URL", help="Where the public can read a file.")] = None,
    title: Text = None,
    publisher: Text = None,
    author: Text = None,
    published: Annotated[str | None, typer.Option(metavar="DATE", help="YYYY, YYYY-MM or YYYY-MM-DD.")] = None,
    licence: Text = None,
    cluster: Annotated[list[str] | None, typer.Option(metavar="ID", help="A cluster it is about, instead of those found.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many new pages of a feed or sitemap to take.")] = 20,
    corpus: CorpusDir = None,
    as_json: console.AsJson = False,
) -> None:
    """Add pages and files to the corpus, after showing what was found in them.

    A feed or sitemap gives its new pages, one by one. Adding an address again replaces what is stored. Then: index build.
    """
    from clusterbot.ingest.compose import Given
    from clusterbot.models import read_date

    if len(sources) > 1 and (url or title or published):
        raise typer.BadParameter("--url, --title and --published are of one source: add them one by one")
    clusters = None if cluster is None else tuple(cluster)
    published = None if published is None else read_date(published)
    given = Given(title, publisher, author, published, licence, clusters, quote_only)
    settings = opening.open_settings(corpus)
    outcome = Outcome()
    console.tell("ingest.reminder")
    with _library(settings) as library:
        _check_clusters(library, clusters or ())
        for source in sources:
            with outcome.keeping(source):
                _add_source(library, source, url, given, limit, yes, outcome)
    _end(outcome, as_json)


def _check_clusters(library: Library, clusters: Sequence[str]) -> None:
    for one in clusters:
        if one not in library.cluster_ids:
            raise UsageError(f"--cluster {one!r}: no profile has that id; `clusterbot clusters` lists them")


def _add_source(library: Library, source: str, url: str | None, given: Given, limit: int, yes: bool, outcome: Outcome) -> None:
    from clusterbot.ingest.parsed import Listing
    from clusterbot.ingest.reading import read_file

    console.tell("ingest.reading", source=source)
    is_address = source.lower().startswith(("http://", "https://")) or ("://" in source and not Path(source).exists())
    found = library.read(source) if is_address else read_file(Path(source), url)
    if isinstance(found, Listing):
        _add_listed(library, source, found, given, limit, yes, outcome)
    else:
        _add_page(library, found, given, None, yes, outcome)


def _add_listed(library: Library, source: str, listing: Listing, given: Given, limit: int, yes: bool, outcome: Outcome) -> None:
    """Add the new pages of a feed or sitemap, as far as the limit, and tell how many wait."""
    from clusterbot.ingest.parsed import Listing as Feed

    entries = [*listing.entries, *(entry for one in listing.nested[:MAX_NESTED] for entry in _nested(library, one, outcome))]
    fresh: dict[str, Entry] = {one.address: one for one in entries if not library.is_known(one.address)}
    taken = list(fresh.values())[:limit]
    total = len(entries) + listing.left_out
    console.tell("ingest.listing", source=source, total=total, new=len(fresh), taken=len(taken), left=len(fresh) - len(taken))
    for entry in taken:
        with outcome.keeping(entry.address):
            console.tell("ingest.reading", source=entry.address)
            found = library.read(entry.address)
            if isinstance(found, Feed):
                raise UsageError(f"{entry.address} is a feed or sitemap itself: add it by its own address")
            _add_page(library, found, given, entry.published, yes, outcome)


def _nested(library: Library, address: str, outcome: Outcome) -> list[Entry]:
    """Return the entries of a sitemap that another one names."""
    from clusterbot.ingest.parsed import Listing

    with outcome.keeping(address):
        console.tell("ingest.reading", source=address)
        found = library.read(address)
        if isinstance(found, Listing):
            return list(found.entries)
    return []


def _add_page(library: Library, source: Source, given: Given, listed: str | None, yes: bool, outcome: Outcome) -> None:
    plan = library.plan_add(source, given, listed)
    show_plan(plan)
    if plan.change != "same" and not (yes or ask(f"ingest.ask_{plan.change}")):
        outcome.declined.append(plan.document.id)
        return
    _carry_out(library, plan, outcome)


def _carry_out(library: Library, plan: Plan, outcome: Outcome) -> None:
    done = library.apply(plan)
    document = done.document
    match done.change:
        case "add":
            outcome.added.append(document_json(document))
        case "replace":
            outcome.replaced.append(document_json(document) | difference_json(done))
        case "same":
            outcome.unchanged.append(document.id)
        case "gone":
            outcome.gone.append(document.id)
        case "back":
            outcome.back.append(document.id)


def refresh(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Documents; all if none is given.")] = None,
    yes: Yes = False,
    sources: Annotated[bool, typer.Option("--sources", help="Ask for the sources of their facts too, and list dead ones.")] = False,
    corpus: CorpusDir = None,
    as_json: console.AsJson = False,
) -> None:
    """Ask of each document whether its page has changed or gone; show what changed, sentence by sentence.

    Only texts that `corpus add` fetched are replaced. A page that is gone is marked, and the text kept is still quoted.
    """
    settings = opening.open_settings(corpus)
    outcome = Outcome()
    with _library(settings, SOURCES_PAUSE_S if sources else 0.0) as library:
        wanted = list(dict.fromkeys(ids)) if ids else sorted(library.documents)
        for done, document_id in enumerate(wanted, start=1):
            with outcome.keeping(document_id):
                document = library.find(document_id)
                console.tell("ingest.checking", id=document_id, done=done, total=len(wanted))
                plan = library.plan_refresh(document)
                if plan.change != "same":
                    show_plan(plan)
                if plan.change == "replace" and not (yes or ask("ingest.ask_replace")):
                    outcome.declined.append(document_id)
                    continue
                _carry_out(library, plan, outcome)
        if sources:
            _check_sources(library, wanted, outcome)
    _end(outcome, as_json)


def _check_sources(library: Library, ids: Sequence[str], outcome: Outcome) -> None:
    """List the pages that are gone on which facts lean; a page that can't be asked for is a failure, not a dead one."""
    from clusterbot.ingest.cited import cited_pages

    pages = cited_pages(library.documents[one] for one in ids if one in library.documents)
    for done, page in enumerate(pages, start=1):
        with outcome.keeping(page.address):
            console.tell("ingest.checking", id=page.address, done=done, total=len(pages))
            try:
                library.check_link(page.address)
            except PageGone:
                facts = [{"document_id": document_id, "attribute": attribute} for document_id, attribute in page.facts]
                outcome.dead_sources.append({"address": page.address, "facts": facts})


def remove(
    ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Documents, as `corpus list` shows them.")],
    yes: Yes = False,
    corpus: CorpusDir = None,
    as_json: console.AsJson = False,
) -> None:
    """Remove documents from the corpus. Then: clusterbot index build."""
    settings = opening.open_settings(corpus)
    outcome = Outcome()
    with _library(settings) as library:
        for document_id in dict.fromkeys(ids):
            with outcome.keeping(document_id):
                document = library.find(document_id)
                if yes or ask("ingest.ask_remove", id=document.id, title=document.title):
                    library.remove(document)
                    outcome.removed.append(document.id)
                else:
                    outcome.declined.append(document.id)
    _end(outcome, as_json)


@contextmanager
def _library(settings: Settings, pause_s: float = 0.0) -> Iterator[Library]:
    from importlib import metadata

    from clusterbot.ingest.changes import Library
    from clusterbot.ingest.fetch import Fetcher, Limits

    contact = f" (+{settings.contact})" if settings.contact else ""
    fetcher = Fetcher(
        f"clusterbot/{metadata.version('clusterbot')}{contact}", settings.allow_private_hosts, Limits(pause_s=pause_s)
    )
    try:
        yield Library(settings.corpus_dir, fetcher, dt.datetime.now(dt.UTC).date())
    finally:
        fetcher.close()


def _end(outcome: Outcome, as_json: bool) -> None:
    """Tell what was done; exit status 1 where something failed."""
    values = dataclasses.asdict(outcome)
    if as_json:
        console.write_json(values)
    elif any(value for key, value in values.items() if key != "failed"):
        texts = console.reader_texts()
        for line in dead_source_lines(outcome.dead_sources):
            console.show(line)
        console.show(texts("ingest.done", **{key: len(value) for key, value in values.items()}))
        if outcome.added or outcome.replaced or outcome.removed or outcome.gone or outcome.back:
            console.show(texts("ingest.next"))
    if outcome.failed:
        raise typer.Exit(1)
