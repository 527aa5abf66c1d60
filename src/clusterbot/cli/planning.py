"""What would be done to a document, shown on stderr and confirmed; what was done, as JSON."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from clusterbot.cli import console

if TYPE_CHECKING:
    from clusterbot.ingest.changes import Plan
    from clusterbot.models import Document

SHOWN_SENTENCES = 20


def ask(key: str, **values: Any) -> bool:  # noqa: ANN401
    """Ask on stderr, so that stdout holds the result alone; no answer is a no."""
    texts = console.reader_texts()
    sys.stderr.write(texts(key, **values) + " ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().casefold() in texts("ingest.yes").split()


def show_plan(plan: Plan) -> None:
    """Show on stderr what would be done, and what was found on the page."""
    from clusterbot.corpus import file_of
    from clusterbot.i18n import write_date

    texts, document = console.reader_texts(), plan.document
    console.tell(f"ingest.found_{plan.change}", file=file_of(document), id=document.id, url=document.url)
    if plan.change not in ("add", "replace"):
        return
    start = " ".join(document.text.split()[:25])
    rows = {
        "title": document.title,
        "author": document.author,
        "publisher": document.publisher,
        "published": write_date(document.published, texts),
        "language": texts(f"name.{document.lang}"),
        "clusters": texts("list.more").join(document.clusters) or texts("ingest.none"),
        "licence": document.licence,
        "url": document.url,
        "text": texts("ingest.text", words=len(document.text.split()), start=start),
    }
    _write_lines(texts("ingest.row", label=texts(f"ingest.row_{key}"), value=value) for key, value in rows.items() if value)
    if plan.before is not None:
        _write_lines(_changed_lines(plan))


def _changed_lines(plan: Plan) -> Iterator[str]:
    """Yield the sentences that go and come, as far as anyone reads."""
    from clusterbot.ingest.changes import difference

    texts = console.reader_texts()
    changed = difference(plan.before or plan.document, plan.document)
    for key, sentences in (("removed_line", changed.removed), ("added_line", changed.added)):
        for sentence in sentences[:SHOWN_SENTENCES]:
            yield "  " + texts(f"ingest.{key}", text=" ".join(sentence.split()))
        if len(sentences) > SHOWN_SENTENCES:
            yield "  " + texts("ingest.more_lines", count=len(sentences) - SHOWN_SENTENCES)


def _write_lines(lines: Iterator[str]) -> None:
    for line in lines:
        sys.stderr.write(line + "\n")
    sys.stderr.flush()


def dead_source_lines(dead: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the pages that are gone on which facts lean, and below each the facts, document by document."""
    texts = console.reader_texts()
    for page in dead:
        yield texts("ingest.dead_source", url=page["address"])
        for document_id, facts in groupby(page["facts"], key=itemgetter("document_id")):
            yield texts("ingest.row", label=document_id, value=texts("list.more").join(one["attribute"] for one in facts))


def document_json(document: Document) -> dict[str, Any]:
    from clusterbot.corpus import file_of

    return {
        "document_id": document.id,
        "file": file_of(document),
        "title": document.title,
        "lang": document.lang,
        "published": document.published,
        "clusters": list(document.clusters),
    }


def difference_json(plan: Plan) -> dict[str, Any]:
    from clusterbot.ingest.changes import difference

    changed = difference(plan.before or plan.document, plan.document)
    return {"difference": {"removed": changed.removed[:SHOWN_SENTENCES], "added": changed.added[:SHOWN_SENTENCES]}}
