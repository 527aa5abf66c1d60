"""What a quotation can be held to: its words in their surroundings, and a citation ready to be copied; pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from clusterbot.bot.embeds import source_line
from clusterbot.bot.markup import embolden, escape, plain
from clusterbot.i18n import Texts, read_texts, write_date, write_day
from clusterbot.models import LANGUAGES, Document, Span
from clusterbot.store import QuoteSpan, quote_digest
from clusterbot.text import split_sentences


def find_quote(quote: QuoteSpan, document: Document | None) -> Span | None:
    """Return where a quotation stands in a document: at its place, or, after a change, where the same words are a sentence."""
    if document is None:
        return None
    if quote_digest(document.text[quote.start : quote.end]) == quote.digest:
        return Span(quote.start, quote.end)
    sentences = (Span(one.start, one.end) for one in split_sentences(document.text, document.lang))
    return next((one for one in sentences if quote_digest(document.text[one.start : one.end]) == quote.digest), None)


def proof_blocks(quotes: Sequence[QuoteSpan], documents: Mapping[str, Document], index: str, texts: Texts) -> Iterator[str]:
    """Tell of each quotation whether its words stand in the stored document, and show them between the sentences beside them."""
    for number, quote in enumerate(quotes, start=1):
        document = documents.get(quote.document_id)
        place = find_quote(quote, document)
        if document is None or place is None:
            yield f"**{number}.** ⚠️ " + texts("bot.no_longer_there", document=escape(quote.document_id))
            continue
        start, end = _surroundings(document, place)
        marked = embolden(document.text[start:end], [Span(place.start - start, place.end - start)])
        where = {"first": place.start, "last": place.end, "document": escape(document.id), "index": index}
        told = texts("bot.verbatim", digest=quote.digest, **where)
        yield f"**{number}.** ✅ {told}\n> {marked}\n— {source_line(document, document.url, texts)}"


def _surroundings(document: Document, place: Span) -> tuple[int, int]:
    """Return the range of the sentences from the one before a place to the one after it."""
    sentences = [one for one in split_sentences(document.text, document.lang) if not one.is_heading]
    touched = [row for row, one in enumerate(sentences) if one.start < place.end and place.start < one.end]
    if not touched:
        return place.start, place.end
    before, after = sentences[max(touched[0] - 1, 0)], sentences[min(touched[-1] + 1, len(sentences) - 1)]
    return min(before.start, place.start), max(after.end, place.end)


def citation_blocks(quotes: Sequence[QuoteSpan], documents: Mapping[str, Document], today: dt.date, texts: Texts) -> Iterator[str]:
    """Write each quotation as a citation to be copied, in the reader's typography first, then in the other language's."""
    for lang in sorted(LANGUAGES, key=lambda one: one != texts.lang):
        form = read_texts(lang)
        found = []
        for quote in quotes:
            document = documents.get(quote.document_id)
            place = find_quote(quote, document)
            if document is not None and place is not None:
                found.append(cite(document, place, today, form))
        if found:
            yield f"**{form(f'name.{lang}').capitalize()}**"
            yield from (f"```\n{one.replace('`', 'ˋ')}\n```" for one in found)


def cite(document: Document, place: Span, today: dt.date, form: Texts) -> str:
    """Return a citation in the typography of a language: words, title, publisher, date, address, and when it was looked at."""
    day = write_day(dt.datetime.combine(today, dt.time(tzinfo=dt.UTC)), form)
    return form(
        "bot.citation",
        text=plain(document.text[place.start : place.end]).strip(),
        title=document.title,
        publisher=document.publisher,
        date=write_date(document.published, form),
        url=document.url,
        day=day,
    )
