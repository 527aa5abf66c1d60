"""`receipt`, `errata add | list | remove` and `privacy export | erase | purge`; and what `ask` keeps of an answer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import StorageError, UsageError

if TYPE_CHECKING:
    from clusterbot.assistant import Reply
    from clusterbot.models import Filters, Lang
    from clusterbot.settings import Settings
    from clusterbot.store import Channel, Erratum, Store

errata_app = typer.Typer(help="Pin dated notes to sentences of the sources.", no_args_is_help=True)
privacy_app = typer.Typer(help="Show, erase and forget what is held on people.", no_args_is_help=True)

Person = Annotated[str, typer.Argument(metavar="PERSON", help="A Discord user id: digits.")]


@dataclass(frozen=True, slots=True)
class Kept:
    """The id of an answer's receipt, where one was kept, and the notes on the sources."""

    receipt: str | None
    errata: Sequence[Erratum]


class Keeper:
    """Keeps receipts as long as the store can be used; a failing store is told on stderr and never costs an answer."""

    def __init__(self, settings: Settings) -> None:
        self._retention_days = settings.retention_days
        self._store: Store | None = None
        try:
            self._store = opening.open_store(settings)
            self._store.purge(_now(), self._retention_days)
        except StorageError as error:
            console.tell("receipt.not_kept", problem=error)

    def keep(self, reply: Reply, asked: str, context: Sequence[str], lang: Lang | None, channel: Channel, filters: Filters) -> Kept:
        """Keep a receipt of a reply."""
        from clusterbot.receipts import receipt_of

        if self._store is None:
            return Kept(None, ())
        receipt = receipt_of(reply, asked, context, lang, channel, _now(), filters)
        try:
            self._store.record(receipt)
            return Kept(receipt.id, self._store.errata())
        except StorageError as error:
            console.tell("receipt.not_kept", problem=error)
            return Kept(None, ())


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def receipt(
    receipt_id: Annotated[str, typer.Argument(metavar="ID", help="The id below an answer.")], as_json: console.AsJson = False
) -> None:
    """Show what made an answer, and ask again to see whether it is reproduced."""
    from clusterbot import receipts
    from clusterbot.receipts import Reproduction

    settings = opening.open_settings()
    with opening.open_store(settings) as store:
        found = store.receipt(receipt_id)
    again = Reproduction(None, None) if found.question is None else receipts.reproduce(found, opening.open_assistant(settings))
    if as_json:
        console.write_json(receipts.receipt_json(found, again))
    else:
        console.show(receipts.receipt_text(found, again, console.reader_texts()))


@errata_app.command()
def add(
    place: Annotated[str, typer.Argument(metavar="PLACE", help="DOCUMENT_ID:START-END: a quote's offsets, or a passage's id.")],
    fr: Annotated[str, typer.Option("--fr", help="The note in French.")],
    en: Annotated[str, typer.Option("--en", help="The note in English.")],
    source: Annotated[str, typer.Option("--source", metavar="URL", help="The page that says so.")],
    as_json: console.AsJson = False,
) -> None:
    """Pin a note to a sentence; it is shown with it until the source's text changes."""
    from clusterbot import errata

    settings = opening.open_settings()
    address = errata.check_address(source)
    _, loaded = opening.open_registry(settings)
    document, sentence = errata.find_sentence(place, loaded.documents)
    with opening.open_store(settings) as store:
        noted = store.add_erratum(document.id, sentence, fr.strip(), en.strip(), address, _now())
        store.audit("errata add", f"{noted.id} {document.id}", _now())
    if as_json:
        from clusterbot.output import erratum_json

        console.write_json(erratum_json(noted))
    else:
        console.show(errata.errata_list([noted], loaded.documents, console.reader_texts()))


@errata_app.command("list")
def show_all(as_json: console.AsJson = False) -> None:
    """List the notes; those whose sentence has changed in the source are marked."""
    settings = opening.open_settings()
    with opening.open_store(settings) as store:
        noted = store.errata()
    if as_json:
        from clusterbot.output import erratum_json

        console.write_json([erratum_json(one) for one in noted])
    elif noted:
        from clusterbot.errata import errata_list

        _, loaded = opening.open_registry(settings)
        console.show(errata_list(noted, loaded.documents, console.reader_texts()))
    else:
        console.tell("errata.none")


@errata_app.command()
def remove(
    erratum_id: Annotated[int, typer.Argument(metavar="ID", help="The number that `errata list` shows.")],
    as_json: console.AsJson = False,
) -> None:
    """Remove a note."""
    with opening.open_store(opening.open_settings()) as store:
        store.remove_erratum(erratum_id)
        store.audit("errata remove", str(erratum_id), _now())
    if as_json:
        console.write_json({"removed": erratum_id})
    else:
        console.show(console.reader_texts()("errata.removed", id=erratum_id))


@privacy_app.command()
def export(person: Person, as_json: console.AsJson = True) -> None:
    """Print all that is held on a person, as JSON."""
    del as_json  # there is no other form
    with opening.open_store(opening.open_settings()) as store:
        console.write_json(store.export(person))


@privacy_app.command()
def erase(
    person: Person,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask first.")] = False,
    as_json: console.AsJson = False,
) -> None:
    """Erase all that is held on a person; it can't be undone."""
    from clusterbot.store import check_person

    texts = console.reader_texts()
    check_person(person)
    if not yes and not (sys.stdin.isatty() and typer.confirm(texts("privacy.confirm", person=person), err=True)):
        raise UsageError("nothing was erased: confirm with --yes")
    with opening.open_store(opening.open_settings()) as store:
        counts = store.erase(person, _now())
    _show_counts("privacy.erased", counts, as_json)


@privacy_app.command()
def purge(as_json: console.AsJson = False) -> None:
    """Forget what is older than CLUSTERBOT_RETENTION_DAYS; `ask` and the bot do so by themselves."""
    settings = opening.open_settings()
    with opening.open_store(settings) as store:
        purged = store.purge(_now(), settings.retention_days)
    _show_counts("privacy.purged", dataclasses.asdict(purged), as_json)


def _show_counts(key: str, counts: dict[str, int], as_json: bool) -> None:
    if as_json:
        console.write_json(counts)
        return
    texts = console.reader_texts()
    told = texts("list.more").join(texts("privacy.count", kind=texts(f"privacy.{kind}"), count=n) for kind, n in counts.items())
    console.show(texts(key, counts=told))
