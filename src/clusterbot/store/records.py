"""What the store keeps: frozen rows. Instants are UTC-aware; a person appears only as the store's key of them, never as an id."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from clusterbot.errors import UsageError
from clusterbot.models import EVERYTHING, Citation, Filters, Lang

Channel = Literal["terminal", "batch", "message", "thread", "server"]
"""Where a question came from: the command line, a file, a direct message, a thread, a channel of a server."""

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 o 1 i l: a receipt is read aloud and typed
_ID_CHARS = 12


def new_receipt_id() -> str:
    """Return an id that nobody can guess: 59 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_ID_CHARS))


def quote_digest(text: str) -> str:
    """Return by what a quotation's words are known again: 16 hex digits of the SHA-256 of their UTF-8 bytes."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class QuoteSpan:
    """A quotation by its place, and 16 hex digits of the SHA-256 of its words, which tell whether they still stand there."""

    document_id: str
    start: int
    end: int
    digest: str

    @classmethod
    def of(cls, quote: Citation) -> QuoteSpan:
        return cls(quote.document.id, quote.start, quote.end, quote_digest(quote.text))


@dataclass(frozen=True, slots=True)
class PassageScore:
    """A passage that was shown, and its score in that ranking."""

    passage_id: str
    score: float


@dataclass(frozen=True, slots=True)
class Receipt:
    """What was asked, what came of it, and what made it; `question` and `context` are None once they are no longer kept."""

    id: str
    asked_at: dt.datetime
    channel: Channel
    question: str | None
    context: tuple[str, ...] | None
    wanted_lang: Lang | None
    lang: Lang
    outcome: Literal["answered", "abstained"]
    reason: str | None
    confidence: float
    index: str
    model: str
    elapsed_ms: float
    quotes: tuple[QuoteSpan, ...]
    passages: tuple[PassageScore, ...]
    filters: Filters


@dataclass(frozen=True, slots=True)
class Feedback:
    """What someone thought of an answer; `reason` is their word for it, if any."""

    receipt_id: str
    given_at: dt.datetime
    is_helpful: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a follow-up builds on: the earlier questions, oldest first, and the language and filters that hold in the thread."""

    questions: tuple[str, ...]
    lang: Lang | None = None
    filters: Filters = EVERYTHING

    @classmethod
    def of(cls, state: dict[str, Any]) -> Conversation:
        once = {key: state.get(key) for key in ("cluster_id", "as_of")}  # as states held them before they had filters
        return cls(tuple(state["questions"]), state["lang"], Filters(**state.get("filters", once)))


@dataclass(frozen=True, slots=True)
class OpenGap:
    """A kept question that met an abstention or a thumbs-down, and that no later index has answered."""

    receipt: Receipt
    is_unhelpful: bool


@dataclass(frozen=True, slots=True)
class Watcher:
    """Someone who asked to be told when a question can be answered: where to tell them, and which question that was."""

    receipt_id: str
    address: str
    question: str | None
    lang: Lang
    index: str


@dataclass(frozen=True, slots=True)
class Erratum:
    """A dated note pinned to a sentence of a document, in both languages, with its source."""

    id: int
    document_id: str
    sentence: str
    fr: str
    en: str
    source: str
    noted_at: dt.datetime

    def note(self, lang: Lang) -> str:
        """Return the note in a language."""
        return self.fr if lang == "fr" else self.en


def errata_of(quote: Citation, errata: Iterable[Erratum]) -> list[Erratum]:
    """Return the notes on the sentences that a quotation or its twin overlaps; what changed in the source has lost its notes."""
    places = [quote] if quote.twin is None else [quote, quote.twin]
    return [one for one in errata if any(_is_on(one, place) for place in places)]


def _is_on(erratum: Erratum, quote: Citation) -> bool:
    if erratum.document_id != quote.document.id:
        return False
    start = quote.document.text.find(erratum.sentence)
    while start >= 0 and not (start < quote.end and quote.start < start + len(erratum.sentence)):
        start = quote.document.text.find(erratum.sentence, start + 1)
    return start >= 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Figures measured on a data set with a version of the index, by name (`ndcg@10`)."""

    measured_at: dt.datetime
    index: str
    model: str
    dataset: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows lost what tells of a person, or were removed, because their time was over."""

    questions: int
    feedback: int
    conversations: int
    watchers: int
    audit: int


def check_length(name: str, text: str, at_most: int, at_least: int = 0) -> None:
    """Check a text's length.

    Raises:
        UsageError: it is empty where it may not be, or too long.
    """
    if not at_least <= len(text.strip()) or len(text) > at_most:
        raise UsageError(f"{name} has {len(text):,} characters: write {at_least} to {at_most:,}")
