"""Domain -> embed; pure. Text of documents and people is data: escaped, bounded, never a ping."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

import discord

from clusterbot.answering import Answer
from clusterbot.assistant import Reply
from clusterbot.i18n import Texts, write_date, write_percent
from clusterbot.models import Citation, Document, Reading
from clusterbot.retrieval import Hit

MAX_DESCRIPTION = 4096
MAX_QUOTE = 900
SHOWN_LEADS = 3


def reply_embed(reply: Reply, understood: Sequence[Reading], texts: Texts) -> discord.Embed:
    """Show an answer, quotes first, or an abstention with its nearest leads."""
    result = reply.result
    if isinstance(result, Answer):
        parts = [_quoted(quote, texts) for quote in result.quotes]
        told = texts("bot.confidence", percent=write_percent(result.confidence, texts))
    else:
        parts = [texts("abstention.title"), *(_lead(hit, texts) for hit in result.hits[:SHOWN_LEADS])]
        told = texts(f"abstention.{result.reason}", percent=write_percent(result.confidence, texts))
    notes = [f"{plain(one.matched)} → {plain(one.name)} ({one.note})" for one in understood if one.note]
    embed = discord.Embed(description=_fit(parts))
    embed.set_footer(text=" · ".join([*notes, told])[:2048])
    return embed


def _fit(parts: Sequence[str]) -> str:
    """Join parts as far as a description holds them; none is cut."""
    kept: list[str] = []
    for part in parts:
        if len("\n\n".join([*kept, part])) <= MAX_DESCRIPTION:
            kept.append(part)
    return "\n\n".join(kept)


def _quoted(quote: Citation, texts: Texts) -> str:
    return f"> {escape(_bounded(quote.text))}\n{_source(quote.document, quote.link, texts)}"


def _lead(hit: Hit, texts: Texts) -> str:
    return f"{escape(_bounded(hit.passage.text, 200))}\n{_source(hit.passage.document, hit.passage.document.url, texts)}"


def _source(document: Document, link: str, texts: Texts) -> str:
    address = link if len(link) <= 600 else document.url
    told = texts("answer.source", title=document.title, publisher=document.publisher, date=write_date(document.published, texts))
    return f"{escape(told)} [↗](<{address}>)" if len(address) <= 600 and ")" not in address else escape(told)


def _bounded(text: str, limit: int = MAX_QUOTE) -> str:
    """Return a text on one line, cut between words where it is too long."""
    line = plain(text)
    return line if len(line) <= limit else line[:limit].rpartition(" ")[0] + " …"


def plain(text: str) -> str:
    """Return a text on one line, without the signs that turn or hide what follows them."""
    return " ".join("".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc") or char.isspace()).split())


def escape(text: str) -> str:
    """Return a text that Discord shows as it is: no mention, link, heading or code."""
    shown = discord.utils.escape_mentions(discord.utils.escape_markdown(text))
    return shown.replace("[", "\\[").replace("](", "]\\(")
