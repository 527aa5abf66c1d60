"""An answer or an abstention -> embeds; pure. The quote first, its words in bold, then numbered sources, dates and doubts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import discord

from clusterbot.answering import Abstention, Answer
from clusterbot.assistant import Reply
from clusterbot.bot.markup import embolden, escape, link, pages, shorten
from clusterbot.clusters import Cluster
from clusterbot.emphasis import telling_words
from clusterbot.errata import erratum_notes
from clusterbot.i18n import Texts, write_choice, write_confidence, write_date, write_percent, write_value
from clusterbot.models import Citation, Disagreement, Document, Filters, Reading, Timeline, Vocabulary
from clusterbot.output import readings
from clusterbot.store import Erratum
from clusterbot.terminal import excerpt, host_of, one_a_document, values_title

MAX_FIELD_NAME, MAX_FIELD, MAX_FOOTER, MAX_TOTAL = 256, 1024, 2048, 6000
PAGE = 3600  # of a description: what is left of MAX_TOTAL holds the fields and the footer
MAX_TITLE_SHOWN = 120
MAX_NAMED_SOURCES = 3
SURE, DOUBTFUL, UNKNOWN = discord.Colour(0x1F7A5C), discord.Colour(0xC27C0E), discord.Colour(0x607D8B)


def paged(blocks: Iterable[str], colour: discord.Colour, title: str | None = None) -> list[discord.Embed]:
    """Return as many embeds as blocks of text need, each to be sent in a message of its own."""
    found = [discord.Embed(description=page, colour=colour) for page in pages(blocks, PAGE)]
    if title is not None and found:
        found[0].title = shorten(title, 256)
    return found


def reply_embeds(
    reply: Reply, filters: Filters, errata: Sequence[Erratum], receipt: str | None, texts: Texts
) -> list[discord.Embed]:
    """Show a reply in the texts' language."""
    result = reply.result
    understood = readings(result.question, reply.clusters, texts)
    if isinstance(result, Answer):
        embeds = _answer(result, reply, understood, errata, texts)
        told = [write_confidence(result.confidence, texts)]
    else:
        embeds = paged(_abstention(result, reply, understood, texts), UNKNOWN, texts("abstention.title"))
        told = []
    told += _narrowed(filters, reply, texts)
    if receipt is not None:
        told.append(texts("receipt.shown", id=receipt))
    if told:
        embeds[-1].set_footer(text=shorten(" · ".join(told), MAX_FOOTER))
    return embeds


def _narrowed(filters: Filters, reply: Reply, texts: Texts) -> Iterator[str]:
    if filters.cluster_id is not None:
        yield texts("bot.only_cluster", name=reply.clusters[filters.cluster_id].name(texts.lang))
    if filters.as_of is not None:
        yield texts("bot.only_until", date=write_date(filters.as_of, texts))


def _answer(
    answer: Answer, reply: Reply, understood: Sequence[Reading], errata: Sequence[Erratum], texts: Texts
) -> list[discord.Embed]:
    is_one = len(answer.quotes) == 1
    question = answer.question
    blocks = []
    for number, quote in enumerate(answer.quotes, start=1):
        words = telling_words(quote.text, quote.document.lang, question.asks, question.text)
        blocks.append(f"> {embolden(quote.text, words)}" + ("" if is_one else f" **[{number}]**"))
    for number, quote in enumerate(answer.quotes, start=1):
        mark = "— " if is_one else f"**{number}.** "
        notes = [f"📝 {escape(note)}" for note in erratum_notes(quote, errata, texts)]
        if quote.document.gone is not None:
            notes.append("🕳️ " + texts("answer.gone", date=write_date(quote.document.gone, texts)))
        blocks.append("\n".join([mark + source_line(quote.document, quote.link, texts), *_according_to(quote, texts), *notes]))
    blocks += _understood(understood, texts)
    embeds = paged(blocks, DOUBTFUL if answer.disagreements else SURE)
    for disagreement in answer.disagreements[:2]:
        name, value = values_field(disagreement, reply.clusters, reply.vocabulary, texts)
        embeds[-1].add_field(name=name, value=value, inline=False)
    return embeds


def source_line(document: Document, address: str, texts: Texts) -> str:
    """Return a document's title, which leads to it, its publisher and date; and its language where that isn't the reader's."""
    title = link(shorten(document.title, MAX_TITLE_SHOWN), address if len(address) < 512 else document.url)
    told = {"title": title, "publisher": escape(document.publisher), "date": write_date(document.published, texts)}
    key = "answer.source" if document.lang == texts.lang else "answer.source_marked"
    return texts(key, language=texts(f"name.{document.lang}_mark"), **told)


def _according_to(quote: Citation, texts: Texts) -> list[str]:
    """Name the pages on which a profile's sentence rests; an article is its own source."""
    dates: dict[str, list[str]] = {}
    for fact in quote.facts:
        if fact.source != quote.document.url:
            dates.setdefault(fact.source, []).append(write_date(fact.as_of, texts))
    return [
        "-# ↳ " + texts("answer.according_to", host=link(host_of(source), source), date=", ".join(dict.fromkeys(told)))
        for source, told in list(dates.items())[:MAX_NAMED_SOURCES]
    ]


def values_field(
    told: Disagreement | Timeline, clusters: Mapping[str, Cluster], vocabulary: Vocabulary, texts: Texts
) -> tuple[str, str]:
    """Put values that differ, or that changed, side by side, each with its date and the page that says so: a title, and lines."""
    lines = []
    for one in told.values:
        value = escape(write_value(one.fact, vocabulary.get(one.fact.attribute), texts))
        lines.append(f"**{value}** · {write_date(one.fact.as_of, texts)} · {link(host_of(one.fact.source), one.fact.source)}")
    mark = "⚠️" if isinstance(told, Disagreement) else "🕒"
    title = f"{mark} {escape(values_title(told, clusters, vocabulary, texts))}"
    return shorten(title, MAX_FIELD_NAME), whole_lines(lines, MAX_FIELD)


def whole_lines(lines: Iterable[str], limit: int) -> str:
    """Join lines as far as they fit whole."""
    told = ""
    for line in lines:
        if len(told) + len(line) + 1 > limit:
            break
        told += f"{line}\n"
    return told.rstrip("\n")


def _understood(understood: Sequence[Reading], texts: Texts) -> Iterator[str]:
    """Tell how names were taken where that was not plain."""
    for matched, group in groupby(understood, key=lambda one: one.matched):
        taken = list(group)
        quoted = texts("list.quoted", text=escape(shorten(matched, 100)))
        if len(taken) > 1:
            yield "⚠️ " + texts("reading.choose", matched=quoted, names=write_choice([escape(one.name) for one in taken], texts))
        elif taken[0].note:
            yield "-# " + texts("reading.told", matched=quoted, name=escape(taken[0].name), note=escape(taken[0].note))


def _abstention(abstention: Abstention, reply: Reply, understood: Sequence[Reading], texts: Texts) -> Iterator[str]:
    yield texts(f"abstention.{abstention.reason}", percent=write_percent(abstention.confidence, texts))
    yield from _understood(understood, texts)
    leads = one_a_document(abstention.hits)
    if leads:
        told = [texts("abstention.leads")]
        for hit in leads:
            document = hit.passage.document
            told.append(f"• {source_line(document, document.url, texts)}\n-# {escape(excerpt(hit.passage.text))}")
        yield "\n".join(told)
    yield from _contacts(abstention, reply, texts)


def _contacts(abstention: Abstention, reply: Reply, texts: Texts) -> Iterator[str]:
    """Name whom to ask: the clusters that the question names, or else the one that several of the nearest leads are about."""
    about = Counter(key for hit in one_a_document(abstention.hits) for key in set(hit.passage.document.clusters))
    shared = tuple(key for key, count in about.most_common(1) if count > 1)
    for key in (abstention.question.cluster_ids or shared)[:2]:
        if key in reply.clusters and (website := reply.clusters[key].profile(texts.lang).website):
            yield "➡️ " + texts("bot.contact", name=link(reply.clusters[key].name(texts.lang), website))
