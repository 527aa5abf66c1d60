"""Notes pinned to sentences: where one goes, and how notes are shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter, ValidationError
from rich.console import Group, RenderableType
from rich.text import Text

from clusterbot.errors import UsageError
from clusterbot.i18n import Texts, write_day
from clusterbot.models import Citation, Document, WebAddress
from clusterbot.store import Erratum, errata_of
from clusterbot.text import split_sentences

_PLACE = re.compile(r"(.+):(\d{1,9})-(\d{1,9})")
_ADDRESS: TypeAdapter[str] = TypeAdapter(WebAddress)


def find_sentence(place: str, documents: Iterable[Document]) -> tuple[Document, str]:
    """Return the document of a place (`document_id:start-end`, such as a passage's id), and the whole sentences there.

    Raises:
        UsageError: there is no such place, or nothing is said there.
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        raise UsageError(f"{place[:80]!r} is no place: write DOCUMENT_ID:START-END, as `ask --json` gives for quotes and passages")
    document = next((one for one in documents if one.id == match[1]), None)
    if document is None:
        raise UsageError(f"the index holds no document {match[1][:80]!r}: `clusterbot corpus list` shows them")
    start, end = int(match[2]), int(match[3])
    held = [one for one in split_sentences(document.text, document.lang) if one.start < end and start < one.end]
    if not held or end > len(document.text):
        raise UsageError(f"{document.id} has no sentence at {start}-{end}: take the offsets of a quote of `ask --json`")
    return document, document.text[held[0].start : held[-1].end]


def check_address(source: str) -> str:
    """Return the address of a source.

    Raises:
        UsageError: it is none.
    """
    try:
        return _ADDRESS.validate_python(source)
    except ValidationError:
        raise UsageError(f"{source[:80]!r} is no web address: give the page that says so, https://...") from None


def erratum_notes(quote: Citation, errata: Sequence[Erratum], texts: Texts) -> list[str]:
    """Return the notes on a quotation, in the reader's language, each with its date and source."""
    return [
        texts("errata.note", note=one.note(texts.lang), date=write_day(one.noted_at, texts), source=one.source)
        for one in errata_of(quote, errata)
    ]


def errata_list(errata: Sequence[Erratum], documents: Iterable[Document], texts: Texts) -> RenderableType:
    """List all notes; those whose sentence has changed in the source are marked, since they are shown no more."""
    by_id = {one.id: one.text for one in documents}
    parts: list[RenderableType] = []
    for one in errata:
        parts.append(Text(f"{one.id}  {one.document_id}, {write_day(one.noted_at, texts)}", style="bold"))
        if one.sentence not in by_id.get(one.document_id, ""):
            parts.append(Text("   " + texts("errata.outdated"), style="yellow"))
        for line in (texts("list.quoted", text=" ".join(one.sentence.split())), one.fr, one.en, one.source):
            parts.append(Text(f"   {line}"))
    return Group(*parts)
