"""What reading a page or a feed gives: plain data, bounded, since it comes from a process that read what no one vouches for."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from clusterbot.models import MAX_LINE_CHARS

MAX_BLOCKS = 200_000
MAX_ENTRIES = 20_000
MAX_TEXT_CHARS = 4_000_000

BlockKind = Literal["heading", "paragraph", "item", "quote", "row"]
SourceKind = Literal["html", "pdf", "docx", "markdown", "text", "listing"]

MEDIA_TYPES: dict[str, SourceKind] = {
    "text/html": "html",
    "application/xhtml+xml": "html",
    "application/pdf": "pdf",
    "application/x-pdf": "pdf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/markdown": "markdown",
    "text/x-markdown": "markdown",
    "text/plain": "text",
    "application/rss+xml": "listing",
    "application/atom+xml": "listing",
    "application/rdf+xml": "listing",
    "application/xml": "listing",
    "text/xml": "listing",
    "application/octet-stream": "text",
    "binary/octet-stream": "text",
}
SUFFIXES: dict[str, SourceKind] = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".pdf": "pdf",
    ".docx": "docx",
    ".md": "markdown",
    ".markdown": "markdown",
    ".txt": "text",
    ".text": "text",
    ".xml": "listing",
    ".rss": "listing",
    ".atom": "listing",
}
_LISTING = re.compile(rb"<(?:\w+:)?(?:rss|feed|rdf|urlset|sitemapindex)[\s>]", re.I)


def _line(value: object) -> object:
    """Return a foreign line as one that may be stored: without control signs, on one line, bounded; None where nothing is left."""
    if not isinstance(value, str):
        return value
    bare = " ".join(plain(value).split())[:MAX_LINE_CHARS].strip()
    return bare or None


Line = Annotated[str | None, BeforeValidator(_line)]


class _Foreign(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Block(_Foreign):
    """A heading, paragraph, list item, quotation or table row, on one line."""

    kind: BlockKind
    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARS)


class Page(_Foreign):
    """What stands on a page, and what it says of itself."""

    kind: Literal["page"] = "page"
    title: Line = None
    author: Line = None
    publisher: Line = None
    published: Line = None
    licence: Line = None
    address: Line = None
    is_closed: bool = False
    blocks: tuple[Block, ...] = Field(default=(), max_length=MAX_BLOCKS, strict=False)


class Entry(_Foreign):
    """An entry of a feed or sitemap."""

    address: str = Field(min_length=1, max_length=2000)
    title: Line = None
    published: Line = None


class Listing(_Foreign):
    """A feed or sitemap: its entries, newest first where it dates them, and the sitemaps that it names."""

    kind: Literal["listing"] = "listing"
    entries: tuple[Entry, ...] = Field(default=(), max_length=MAX_ENTRIES, strict=False)
    nested: tuple[str, ...] = Field(default=(), max_length=MAX_ENTRIES, strict=False)
    left_out: int = 0


class Failure(_Foreign):
    """Why nothing could be read: the code of an error, and its text."""

    kind: Literal["failure"] = "failure"
    code: str
    message: str = Field(max_length=2000)


Reading = Annotated[Page | Listing | Failure, Field(discriminator="kind")]


def source_kind(content: bytes, media_type: str, suffix: str) -> SourceKind | None:
    """Return what a source is: by its first bytes where they tell, else by what the server or its name says."""
    start = content[:1024]
    if b"%PDF-" in start:
        return "pdf"
    if start.startswith(b"PK\x03\x04"):
        return "docx"
    told = SUFFIXES.get(suffix.lower()) if media_type in ("", "application/octet-stream", "binary/octet-stream") else None
    told = told or MEDIA_TYPES.get(media_type)
    if told == "listing" and not _LISTING.search(content[:4096]):
        return "html" if b"<html" in content[:4096].lower() else None
    if told == "html" and _LISTING.match(re.sub(rb"^\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*", b"", content[:4096], flags=re.S)):
        return "listing"
    return told


def plain(text: str) -> str:
    """Return a text without control, formatting and private signs; line ends and tabs become blanks."""
    kept = (char if not unicodedata.category(char).startswith("C") else (" " if char.isspace() else "") for char in text)
    return "".join(kept)


def block(kind: BlockKind, text: str) -> Block | None:
    """Return a block of a foreign text on one line, or None where nothing is in it; no-break spaces stay."""
    line = re.sub(r"[ \t\r\n\f\v\u2028\u2029\x85]+", " ", plain(unicodedata.normalize("NFC", text))).strip()
    if kind == "paragraph":
        line = re.sub(r"^(?:#{1,6}|[-*+>])\s+", "", line)  # else Markdown would read a heading or list item there
    return Block(kind=kind, text=line[:MAX_TEXT_CHARS]) if any(char.isalnum() for char in line) else None


def markdown_of(page: Page) -> str:
    """Return the text of a page as a corpus file holds it: headings, paragraphs, lists; nothing else is marked."""
    parts: list[str] = []
    before: BlockKind | None = None
    for one in page.blocks:
        mark = {"heading": "## ", "item": "- "}.get(one.kind, "")
        joined = one.kind == before == "item"
        parts += ["" if not parts else "\n" if joined else "\n\n", mark, one.text]
        before = one.kind
    return "".join(parts).strip()
