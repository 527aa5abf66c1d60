"""Text for Discord. What documents and people write is data: shown as it stands, bounded, cut between sentences, not obeyed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

import discord

from clusterbot.models import Lang, Span
from clusterbot.text import split_sentences

MAX_ADDRESS = 512  # a longer one would fill a message with what nobody reads
_BLANKS = re.compile(r"[^\S\u00a0\u202f]+")  # no-break spaces stay: they hold figures together
_INVISIBLE = frozenset(["Cf", "Cc", "Co", "Cs"])
_ELLIPSIS = "…"


def plain(text: str) -> str:
    """Return a text on one line, without the signs that turn, hide or imitate what follows them."""
    kept = (char for char in text if unicodedata.category(char) not in _INVISIBLE or char.isspace())
    return _BLANKS.sub(" ", "".join(kept))


def escape(text: str) -> str:
    """Return a text that Discord shows as it is: no mention, link, address, time stamp, heading, spoiler or code."""
    shown = discord.utils.escape_markdown(plain(text), ignore_links=False)
    shown = re.sub(r"(?<!\\)([<\[\]#])", r"\\\1", shown)  # <@1>, <#1>, <t:1>, </ask:1>, <https://...>, [words](address)
    return discord.utils.escape_mentions(shown.replace("://", ":\\//"))


def embolden(text: str, spans: Sequence[Span]) -> str:
    """Return a text escaped, with some of its words in bold; spans are in order and don't overlap."""
    parts, at = [], 0
    for span in spans:
        parts += [escape(text[at : span.start]), f"**{escape(text[span.start : span.end])}**"]
        at = span.end
    return "".join([*parts, escape(text[at:])]).strip()


def shorten(text: str, limit: int) -> str:
    """Return a text on one line, cut between words where it is longer than a number of characters."""
    line = plain(text).strip()
    return line if len(line) <= limit else line[: limit - 1].rpartition(" ")[0] + "\u00a0" + _ELLIPSIS


def link(label: str, address: str) -> str:
    """Return words that lead to an address of the corpus; the words alone where the address is too long to be shown."""
    if len(address) > MAX_ADDRESS:
        return escape(label)
    return f"[{escape(label)}]({address.replace('(', '%28').replace(')', '%29')})"


def pages(blocks: Iterable[str], limit: int) -> list[str]:
    """Join blocks by empty lines to texts of at most `limit` characters; one that is longer is split at its sentences."""
    found: list[str] = []
    for block in blocks:
        for part in [block] if len(block) <= limit else split(block, limit):
            if found and len(found[-1]) + len(part) + 2 <= limit:
                found[-1] += f"\n\n{part}"
            else:
                found.append(part)
    return found


def split(text: str, limit: int, lang: Lang = "fr") -> list[str]:
    """Split a text at its sentences into parts of at most `limit` characters; a sentence that is longer, between its words."""
    parts = [""]
    for sentence in split_sentences(text, lang):
        for piece in _pieces(text[sentence.start : sentence.end], limit):
            if parts[-1] and len(parts[-1]) + len(piece) + 1 > limit:
                parts.append("")
            parts[-1] = f"{parts[-1]} {piece}".strip()
    return [part for part in parts if part]


def _pieces(text: str, limit: int) -> Iterable[str]:
    while len(text) > limit:
        cut = text.rfind(" ", 1, limit)
        cut = cut if cut > 0 else limit
        yield text[:cut]
        text = text[cut:].lstrip()
    yield text
