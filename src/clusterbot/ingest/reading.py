"""An address or a file -> what stands there: fetched, told apart by kind, and read in a process of its own."""

from __future__ import annotations

import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from clusterbot.errors import AddressMissing, ContentRefused, SourceTooLarge, UsageError
from clusterbot.ingest.addresses import check_address, without_tracking
from clusterbot.ingest.fetch import Fetcher, Limits, NotModified, Validators
from clusterbot.ingest.parse import parse
from clusterbot.ingest.parsed import MEDIA_TYPES, Listing, Page, source_kind


@dataclass(frozen=True, slots=True)
class Source:
    """A page as it was read, where it is, and what the server said of it; files have no validators."""

    address: str
    page: Page
    validators: Validators | None


def read_address(fetcher: Fetcher, address: str, known: Validators | None = None) -> Source | Listing | NotModified:
    """Fetch and read a page or a feed; with validators, only if it has changed.

    Raises:
        SourceError: one of its kinds.
    """
    fetched = fetcher.get(address, MEDIA_TYPES, known)
    if isinstance(fetched, NotModified):
        return fetched
    suffix = Path(urllib.parse.urlsplit(fetched.address).path).suffix
    found = _parse(fetched.content, fetched.media_type, suffix, fetched.charset, fetched.address)
    if isinstance(found, Listing):
        return found
    return Source(_own_address(found, fetched.address), found, fetched.validators)


def read_file(path: Path, address: str | None) -> Source | Listing:
    """Read a file; its address is the one given, or the one that it names itself.

    Raises:
        SourceError: one of its kinds.
        UsageError: it can't be read.
    """
    limit = Limits().max_bytes
    try:
        if path.stat().st_size > limit:
            raise SourceTooLarge(f"{path} has more than {limit:,} bytes; add the part that matters")
        content = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} can't be read ({error.strerror}): check its name and permissions") from error
    found = _parse(content, "", path.suffix, None, address)
    if isinstance(found, Listing):
        return found
    address = address or found.address
    if address is None:
        raise AddressMissing(f"{path} doesn't say where the public can read it: add --url ADDRESS")
    return Source(check_address(address), found, None)


def _parse(content: bytes, media_type: str, suffix: str, charset: str | None, address: str | None) -> Page | Listing:
    kind = source_kind(content, media_type, suffix)
    if kind is None:
        told = "this is neither a page, a PDF, a Word document, Markdown, text nor a feed: convert it to one of these"
        raise ContentRefused(told)
    return parse(content, kind, charset, address)


def _own_address(page: Page, fetched: str) -> str:
    """Return the address that a page names as its own where that is of the same host; else the one at which it was."""
    if page.address is not None and urllib.parse.urlsplit(page.address).netloc == urllib.parse.urlsplit(fetched).netloc:
        return without_tracking(check_address(page.address))
    return without_tracking(fetched)
