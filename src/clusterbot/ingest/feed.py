"""RSS, Atom and sitemaps -> the pages that they name, newest first."""

from __future__ import annotations

import io
import re
import time
from typing import Any

import feedparser
from lxml import etree

from clusterbot.errors import NoText, SourceDamaged
from clusterbot.ingest.parsed import MAX_ENTRIES, Entry, Listing

_MAX_ADDRESS = 2000
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")


def read_listing(content: bytes) -> Listing:
    """Read a feed or a sitemap.

    Raises:
        SourceError: it is neither, or names no page.
    """
    head = content[:4096]
    is_sitemap = re.search(rb"<(?:\w+:)?(?:urlset|sitemapindex)[\s>]", head) is not None
    entries, nested = _sitemap(content) if is_sitemap else (_feed(content), [])
    unique = list({entry.address: entry for entry in reversed(entries)}.values())[::-1]
    dated = sorted(unique, key=lambda entry: entry.published or "", reverse=True)
    if not dated and not nested:
        raise NoText("the feed names no page: give the address of a page instead")
    return Listing(
        entries=tuple(dated[:MAX_ENTRIES]), nested=tuple(nested[:MAX_ENTRIES]), left_out=max(0, len(dated) - MAX_ENTRIES)
    )


def _feed(content: bytes) -> list[Entry]:
    try:
        found: Any = feedparser.parse(io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False)
    except ValueError as error:  # a declaration of the encoding that is no text
        raise SourceDamaged("the feed can't be read: give the address of a page instead") from error
    if found.bozo and not found.entries:
        raise SourceDamaged(
            f"the feed can't be read ({str(found.get('bozo_exception'))[:100]}): give the address of a page instead"
        )
    entries = []
    for one in found.entries:
        address = str(one.get("link") or one.get("id") or "").strip()
        if _ADDRESS.fullmatch(address) and len(address) <= _MAX_ADDRESS:
            published = one.get("published_parsed") or one.get("updated_parsed")
            day = time.strftime("%Y-%m-%d", published) if published else None
            entries.append(Entry(address=address, title=str(one.get("title") or ""), published=day))
    return entries


def _sitemap(content: bytes) -> tuple[list[Entry], list[str]]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False, recover=True, load_dtd=False)
    root = etree.fromstring(content, parser)
    if root is None:
        raise SourceDamaged("the sitemap can't be read: give the address of a page instead")
    entries, nested = [], []
    for element in root:
        if not isinstance(element.tag, str):
            continue
        address = (element.findtext("{*}loc") or "").strip()
        if not _ADDRESS.fullmatch(address) or len(address) > _MAX_ADDRESS:
            continue
        if etree.QName(element).localname == "sitemap":
            nested.append(address)
        else:
            day = re.match(r"\d{4}(-\d{2}(-\d{2})?)?", (element.findtext("{*}lastmod") or "").strip())
            entries.append(Entry(address=address, published=day[0] if day else None))
    return entries, nested
