"""Adding, refreshing and removing documents: what is known, what would change, and the change, under the lock of the corpus."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from clusterbot.clusters import ClusterRegistry, words_of
from clusterbot.corpus import FOLDERS, changing, read_corpus, remove_document, write_document, write_gone
from clusterbot.errors import ContentRefused, DigestInTheWay, PageGone, PageRefused, SourceEdited, UsageError
from clusterbot.ingest.addresses import same_page_key
from clusterbot.ingest.compose import Given, compose
from clusterbot.ingest.fetch import Fetcher, NotModified, Validators
from clusterbot.ingest.parsed import Listing, Page
from clusterbot.ingest.reading import Source, read_address
from clusterbot.ingest.records import Record, State, digest_of, read_record, remove_record, with_state, write_record
from clusterbot.models import Document, Profile
from clusterbot.text import fold, split_sentences

Change = Literal["add", "replace", "same", "gone", "back"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done to one document; `before` is what it is now."""

    change: Change
    document: Document
    before: Document | None
    validators: Validators | None
    quote_only: bool = False


@dataclass(frozen=True, slots=True)
class Difference:
    """Sentences that a new text no longer has, and those that it has now, in order."""

    removed: tuple[str, ...]
    added: tuple[str, ...]


class Library:
    """The corpus as one command sees it; read anew where another process has written meanwhile."""

    def __init__(self, corpus_dir: Path, fetcher: Fetcher, today: dt.date) -> None:
        self._dir = corpus_dir
        self._fetcher = fetcher
        self._today = today
        self._checked: dict[str, Exception | None] = {}
        self._stamp: tuple[int, ...] = ()
        self.documents: dict[str, Document] = {}
        self._read()

    def _read(self) -> None:
        read = read_corpus(self._dir)
        self.documents = {one.id: one for one in read.documents}
        profiles = [one for one in read.documents if isinstance(one, Profile)]
        self._profiles, self._ambiguous = profiles, read.ambiguous
        self._by_page: dict[str, list[str]] = {}
        self._by_text: dict[str, str] = {}
        for one in read.documents:
            self._index(one)
        self._stamp = self._now_stamp()

    def _now_stamp(self) -> tuple[int, ...]:
        return tuple((self._dir / name).stat().st_mtime_ns for name in FOLDERS if (self._dir / name).is_dir())

    @property
    def cluster_ids(self) -> set[str]:
        """The clusters that have a profile."""
        return {one.cluster_id for one in self._profiles}

    def read(self, address: str) -> Source | Listing:
        """Fetch and read a page or a feed.

        Raises:
            SourceError: one of its kinds.
        """
        found = read_address(self._fetcher, address)
        if isinstance(found, NotModified):
            raise PageRefused(f"{address} says that it hasn't changed, though nothing was known of it; try later")
        return found

    def is_known(self, address: str) -> bool:
        """Say whether the corpus holds something of that page."""
        return same_page_key(address) in self._by_page

    def plan_add(self, source: Source, given: Given, listed: str | None = None) -> Plan:
        """Say what adding a page would do.

        Raises:
            SourceError: it can't be taken.
        """
        document = compose(source.page, source.address, self._registry(source.page), self._today, given, listed)
        known = [self.documents[one] for one in self._by_page.get(same_page_key(source.address), [])]
        digest = next((one for one in known if one.kind == "digest"), None)
        if digest is not None:
            told = f"the corpus tells of {source.address} in our own words; remove that first: clusterbot corpus remove {digest.id}"
            raise DigestInTheWay(told)
        before = next((one for one in known if one.kind == "article"), None)
        twin = self._by_text.get(_words_digest(document.text))
        if twin is not None and (before is None or twin != before.id):
            return Plan("same", self.documents[twin], self.documents[twin], None, given.quote_only)
        if before is None:
            return Plan("add", self._with_free_id(document), None, source.validators, given.quote_only)
        document = document.model_copy(update={"id": before.id})
        if document.model_copy(update={"retrieved": before.retrieved, "gone": before.gone}) == before:
            return replace(_plan_there(before), validators=source.validators, quote_only=given.quote_only)
        return Plan("replace", document, before, source.validators, given.quote_only)

    def _registry(self, page: Page) -> ClusterRegistry:
        """Return a registry for reading a page: none of its words is a misspelt name."""
        return ClusterRegistry(self._profiles, words_of([*(one.text for one in page.blocks), page.title or ""]), self._ambiguous)

    def _with_free_id(self, document: Document) -> Document:
        """Return a document with an id that no other has: -2, -3 and so on after its own."""
        number, free = 1, document.id
        while free in self.documents or (self._dir / "articles" / f"{free}.md").exists():
            number += 1
            free = f"{document.id}-{number}"
        return document.model_copy(update={"id": free})

    def plan_refresh(self, document: Document) -> Plan:
        """Ask whether a document's page has changed or gone; only a text that was fetched may be replaced.

        Raises:
            SourceError: it can't be told; the document stays as it is.
            CorpusError: what is known of it can't be read.
        """
        record = read_record(self._dir, document.id) if document.kind == "article" else None
        try:
            if record is None:
                self.check_link(document.url)
                return _plan_there(document)
            return self._plan_text(document, record)
        except PageGone:
            if document.gone is not None:
                return Plan("same", document, document, None)
            return Plan("gone", document.model_copy(update={"gone": self._today.isoformat()}), document, None)

    def check_link(self, address: str) -> None:
        """Ask once in a command whether a page is there.

        Raises:
            SourceError: it is gone, or it can't be told.
        """
        key = same_page_key(address)
        if key not in self._checked:
            try:
                self._fetcher.check(address)
                self._checked[key] = None
            except Exception as error:
                self._checked[key] = error
        found = self._checked[key]
        if found is not None:
            raise found

    def _plan_text(self, document: Document, record: Record) -> Plan:
        state = record.state_of(document.text)
        if state is None:
            told = f"the text of {document.id} was changed by hand; to replace it: clusterbot corpus add {record.address}"
            self.check_link(record.address)
            raise SourceEdited(told)
        known = Validators(state.etag, state.last_modified)
        found = read_address(self._fetcher, record.address, known)
        if isinstance(found, NotModified):
            return _plan_there(document)
        if isinstance(found, Listing):
            raise ContentRefused(f"{record.address} is a feed now: look for the page's new address")
        kept = {key: getattr(document, key) for key in ("title", "publisher", "author", "published", "licence", "clusters")}
        given = Given(**kept, quote_only=record.quote_only)
        made = compose(found.page, document.url, self._registry(found.page), self._today, given)
        made = made.model_copy(update={"id": document.id})
        if made.text == document.text:
            there = _plan_there(document)
            return Plan(there.change, there.document, document, found.validators, record.quote_only)
        return Plan("replace", made, document, found.validators, record.quote_only)

    def apply(self, plan: Plan) -> Plan:
        """Do what was planned; return what was done, since an id may have been taken meanwhile.

        Raises:
            CorpusError, StorageError: the file can't be written; nothing is half-written.
        """
        with changing(self._dir):
            if self._stamp != self._now_stamp():
                self._read()
            if plan.change == "add":
                plan = replace(plan, document=self._with_free_id(plan.document))
            self._keep_record(plan)
            if plan.change in ("gone", "back"):
                write_gone(plan.document, self._dir)
            elif plan.change != "same":
                write_document(plan.document, self._dir)
            self._take(plan.document)
        return plan

    def _keep_record(self, plan: Plan) -> None:
        """Write the record before the document: it knows the text of before and the one to come."""
        if plan.validators is None or plan.document.kind != "article":
            if plan.change == "replace":
                remove_record(self._dir, plan.document.id)  # a file took its place: nothing is known of the page
            return
        document, before = plan.document, plan.before
        state = State(
            digest=digest_of(document.text),
            retrieved=document.retrieved,
            etag=plan.validators.etag,
            last_modified=plan.validators.last_modified,
        )
        known = read_record(self._dir, document.id) if before is not None else None
        if before is not None and known is None:
            known = Record(address=before.url, states=(State(digest=digest_of(before.text), retrieved=before.retrieved),))
        text_before = before.text if before is not None and before.text != document.text else None
        record = with_state(known, state, document.url, plan.quote_only, text_before)
        write_record(self._dir, document.id, record)

    def _index(self, document: Document) -> None:
        ids = self._by_page.setdefault(same_page_key(document.url), [])
        if document.id not in ids:
            ids.append(document.id)
        self._by_text.setdefault(_words_digest(document.text), document.id)

    def _take(self, document: Document) -> None:
        before = self.documents.get(document.id)
        if before is not None and self._by_text.get(_words_digest(before.text)) == document.id:
            del self._by_text[_words_digest(before.text)]
        self.documents[document.id] = document
        self._index(document)
        self._stamp = self._now_stamp()

    def find(self, document_id: str) -> Document:
        """Return a document by its id.

        Raises:
            UsageError: there is none.
        """
        if document_id not in self.documents:
            raise UsageError(f"there is no document {document_id[:100]!r}; `clusterbot corpus list` shows them")
        return self.documents[document_id]

    def remove(self, document: Document) -> None:
        """Remove a document and what is known of its page.

        Raises:
            StorageError: the folder can't be written to.
        """
        with changing(self._dir):
            remove_document(document, self._dir)
            remove_record(self._dir, document.id)
            self._read()


def _plan_there(document: Document) -> Plan:
    if document.gone is None:
        return Plan("same", document, document, None)
    return Plan("back", document.model_copy(update={"gone": None}), document, None)


def _words_digest(text: str) -> str:
    return digest_of(" ".join(re.findall(r"[^\W_]+", fold(text))))


def difference(before: Document, after: Document) -> Difference:
    """Return the sentences that differ between two texts of a document."""
    old, new = ([one.text[s.start : s.end] for s in split_sentences(one.text, one.lang)] for one in (before, after))
    return Difference(tuple(s for s in old if s not in set(new)), tuple(s for s in new if s not in set(old)))
