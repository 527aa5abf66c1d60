"""The pages that facts of ledgers name as their sources, each once, and what leans on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clusterbot.ingest.addresses import same_page_key
from clusterbot.models import Document, Profile


@dataclass(frozen=True, slots=True)
class CitedPage:
    """A page, and the facts that it bears: document and attribute of each, none twice."""

    address: str
    facts: tuple[tuple[str, str], ...]


def cited_pages(documents: Iterable[Document]) -> list[CitedPage]:
    """Return the sources of all ledgers by address, so that the pages of one site come one after another."""
    pages: dict[str, tuple[str, dict[tuple[str, str], None]]] = {}
    for document in documents:
        for fact in document.facts if isinstance(document, Profile) else ():
            _, facts = pages.setdefault(same_page_key(fact.source), (fact.source, {}))
            facts[document.id, fact.attribute] = None
    return sorted((CitedPage(address, tuple(facts)) for address, facts in pages.values()), key=lambda page: page.address)
