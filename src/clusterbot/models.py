"""What the rooms hand to each other: frozen, without input or output.

What crosses a border (corpus files, the index on disk) is a pydantic model that refuses unknown keys; what lives in memory only
is a slotted dataclass. A passage holds its document, a hit its passage and a citation its document: provenance cannot be lost.
"""

from __future__ import annotations

import datetime as dt
import re
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from clusterbot.errors import UsageError

Lang = Literal["fr", "en"]
LANGUAGES: tuple[Lang, ...] = ("fr", "en")
Kind = Literal["article", "digest", "overview", "profile"]

MAX_LINE_CHARS = 500
_PARTIAL_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def _partial_date(value: str) -> str:
    """Check a date at the precision known: YYYY, YYYY-MM or YYYY-MM-DD."""
    if not _PARTIAL_DATE.fullmatch(value):
        raise ValueError(f"{value!r} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD")
    try:
        dt.date.fromisoformat((value + "-01-01")[:10])
    except ValueError as error:
        raise ValueError(f"{value!r} is not a date: {error}") from None
    return value


_DATE: TypeAdapter[str] = TypeAdapter(Annotated[str, AfterValidator(_partial_date)])


def read_date(text: str) -> str:
    """Return a date that a person wrote: YYYY, YYYY-MM or YYYY-MM-DD.

    Raises:
        UsageError: it is none.
    """
    try:
        return _DATE.validate_python(text.strip())
    except ValidationError:
        told = f"{text[:40]!r} is not a date: write YYYY, YYYY-MM or YYYY-MM-DD"
        raise UsageError(told, "not_a_date", text=text[:40]) from None


def _period(value: str) -> str:
    """Check a date or an ISO 8601 interval of two dates, `2015/2017`."""
    first, slash, last = value.partition("/")
    _partial_date(first)
    if slash and _partial_date(last) < first:
        raise ValueError(f"{value!r} ends before it begins")
    return value


def _from_year(value: object) -> object:
    """YAML reads a bare year as a number; dates are text to us."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _fact_value(value: object) -> object:
    """Check a ledger's value here, since the errors of a union name its members instead of the key."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number or a text")
    if isinstance(value, str):
        value = value.strip()
        if not 0 < len(value) <= MAX_LINE_CHARS:
            raise ValueError(f"must have 1 to {MAX_LINE_CHARS} characters")
    elif not abs(value) < 1e15:  # larger ones, and what is not finite, do not survive JSON
        raise ValueError("must be less than 1e15")
    return value


NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE_CHARS)]
FactValue = Annotated[int | float | str, BeforeValidator(_fact_value)]
PartialDate = Annotated[str, BeforeValidator(_from_year), AfterValidator(_partial_date)]
Period = Annotated[str, BeforeValidator(_from_year), AfterValidator(_period)]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$", max_length=2000)]
ClusterId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(_[a-z0-9]+)*$", max_length=60)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Fact(_Frozen):
    """One entry of a profile's ledger: a value with the time it holds for and the page that says so."""

    attribute: ClusterId
    value: FactValue
    unit: NonEmpty | None = None
    as_of: Period | None = None
    source: WebAddress


class Attribute(_Frozen):
    """One word of the vocabulary of ledgers: its type, what a card calls it, and whether several values can hold at once.

    `asked_fr` and `asked_en` are the words by which people ask for it, where these are told apart from what they ask of others.
    """

    type: Literal["number", "money", "share", "date", "name", "text"]
    fr: NonEmpty
    en: NonEmpty
    many: bool = False
    asked_fr: tuple[NonEmpty, ...] = Field(default=(), strict=False)
    asked_en: tuple[NonEmpty, ...] = Field(default=(), strict=False)


Vocabulary = Mapping[str, Attribute]


class FormerName(_Frozen):
    """A name that the cluster no longer uses, and until when it did (at the precision known)."""

    name: NonEmpty
    until: PartialDate | None = None


class Names(_Frozen):
    """What a cluster is called in one language."""

    official: NonEmpty
    short: NonEmpty
    aliases: tuple[NonEmpty, ...] = Field(default=(), strict=False)
    former: tuple[FormerName, ...] = Field(default=(), strict=False)


class Document(_Frozen):
    """One corpus file: where it comes from, and its text, to which every offset refers."""

    id: NonEmpty
    kind: Kind
    title: NonEmpty
    lang: Lang
    url: WebAddress
    publisher: NonEmpty
    author: NonEmpty | None = None
    published: PartialDate | None = None
    retrieved: PartialDate
    gone: PartialDate | None = None
    clusters: tuple[ClusterId, ...] = Field(default=(), strict=False)
    licence: NonEmpty
    text: str


class Profile(Document):
    """A cluster's own page in one language; its twin in the other carries the same ledger."""

    names: Names
    sector: NonEmpty
    region: NonEmpty
    founded: PartialDate | None = None
    website: WebAddress | None = None
    facts: tuple[Fact, ...] = Field(default=(), strict=False)

    @property
    def cluster_id(self) -> str:
        """The cluster that the page is about: `aluquebec` for `aluquebec.fr`."""
        return self.id.rpartition(".")[0]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a question is narrowed to: the documents on one cluster, and what was said up to a date (at the precision known)."""

    cluster_id: str | None = None
    as_of: str | None = None


EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of characters in a document's text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A window of whole sentences of a document, and the heading that it stands under ('' where there is none)."""

    document: Document
    start: int
    end: int
    heading: str = ""

    @property
    def id(self) -> str:
        return f"{self.document.id}:{self.start}-{self.end}"

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Citation:
    """A verbatim range of a document's text, and the ledger entries whose values stand in it.

    `twin` is the sentence of the other language's page that tells the same entries, where there is one.
    """

    document: Document
    start: int
    end: int
    facts: tuple[Fact, ...] = ()
    twin: Citation | None = None

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]

    @property
    def link(self) -> str:
        """The document's address with a text fragment that lands on the words quoted."""
        return text_fragment_link(self.document.url, self.text)


@dataclass(frozen=True, slots=True)
class Reading:
    """How a name in a question was understood; one for each cluster where the name is ambiguous."""

    matched: str
    cluster_id: str
    name: str
    note: str | None


@dataclass(frozen=True, slots=True)
class ToldValue:
    """One of several values that the sources give for one thing, with the sentence that tells it."""

    fact: Fact
    citation: Citation


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Values of one attribute of one cluster that hold for overlapping times and differ."""

    cluster_id: str
    attribute: str
    values: tuple[ToldValue, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    """Dated values of one attribute of one cluster, the oldest first: it changed."""

    cluster_id: str
    attribute: str
    values: tuple[ToldValue, ...]


_FRAGMENT_WORDS = 6


def text_fragment_link(url: str, quote: str) -> str:
    """Return an address that makes a browser scroll to a quotation and mark it.

    `#:~:text=first words,last words` (WICG, Scroll To Text Fragment); a short quotation stands whole.
    """
    words = quote.split()
    if len(words) <= 2 * _FRAGMENT_WORDS:
        parts = [" ".join(words)]
    else:
        parts = [" ".join(words[:_FRAGMENT_WORDS]), " ".join(words[-_FRAGMENT_WORDS:])]
    # A hyphen has a meaning of its own in a fragment, and `quote` leaves it alone.
    encoded = [urllib.parse.quote(part, safe="").replace("-", "%2D") for part in parts]
    return f"{url.partition('#')[0]}#:~:text={','.join(encoded)}"
