"""What people read on a terminal: domain -> rich renderables, in the texts' language. Nothing is boxed, so all can be copied."""

from __future__ import annotations

import re
import textwrap
import urllib.parse
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from clusterbot.answering import Abstention, Answer
from clusterbot.assistant import Reply
from clusterbot.clusters import Cluster
from clusterbot.errata import erratum_notes
from clusterbot.i18n import Texts, write_choice, write_confidence, write_date, write_percent, write_until, write_value
from clusterbot.models import LANGUAGES, Citation, Disagreement, Document, Fact, Profile, Reading, Timeline, Vocabulary
from clusterbot.retrieval import Hit
from clusterbot.store import Erratum

SHOWN_LEADS = 3
LEAD_CHARS = 200


@dataclass(frozen=True, slots=True)
class Prose:
    """Text whose lines break at plain blanks only; rich would also break before a French colon or within `20 000`."""

    text: str
    style: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in textwrap.wrap(self.text, options.max_width, break_long_words=False, break_on_hyphens=False):
            yield Text(line, style=self.style, no_wrap=True, overflow="ignore")


def reply(
    shown: Reply,
    understood: Sequence[Reading],
    texts: Texts,
    has_hyperlinks: bool,
    errata: Sequence[Erratum] = (),
) -> RenderableType:
    """Show an answer or an abstention; where there are hyperlinks, the long address of a quotation hides behind the short one."""
    match shown.result:
        case Answer() as answer:
            parts = _answer(answer, understood, shown.clusters, shown.vocabulary, texts, has_hyperlinks, errata)
        case Abstention() as abstention:
            parts = _abstention(abstention, understood, texts)
    return Group(*parts)


def _answer(
    answer: Answer,
    understood: Sequence[Reading],
    clusters: Mapping[str, Cluster],
    vocabulary: Vocabulary,
    texts: Texts,
    has_hyperlinks: bool,
    errata: Sequence[Erratum],
) -> Iterator[RenderableType]:
    for quote in answer.quotes:
        yield Prose(texts("list.quoted", text=_one_line(quote.text)), "bold")
        yield _source(quote.document, texts)
        is_there = quote.document.kind == "article"  # our own summaries stand here alone, so no browser finds their words there
        shown = quote.link if is_there and not has_hyperlinks else quote.document.url
        yield _unwrapped(shown, Style(color="blue", link=quote.link if has_hyperlinks else None))
        yield from _according_to(quote, texts)
        if quote.document.gone is not None:
            yield Prose(texts("answer.gone", date=write_date(quote.document.gone, texts)), "yellow")
        yield from (Prose(note, "yellow") for note in erratum_notes(quote, errata, texts))
        yield Text()
    for disagreement in answer.disagreements:
        yield from values_lines(disagreement, clusters, vocabulary, texts)
        yield Text()
    yield from _understood(understood, texts)
    yield Prose(write_confidence(answer.confidence, texts), "dim")


def _abstention(abstention: Abstention, understood: Sequence[Reading], texts: Texts) -> Iterator[RenderableType]:
    yield Text(texts("abstention.title"), style="bold")
    key = f"abstention.{abstention.reason}"
    yield Prose(texts(key if key in texts else "abstention.other", percent=write_percent(abstention.confidence, texts)))
    yield from _understood(understood, texts)
    if abstention.hits:
        yield Text("\n" + texts("abstention.leads"))
    for hit in one_a_document(abstention.hits):
        yield Text()
        yield Prose(excerpt(hit.passage.text))
        yield _source(hit.passage.document, texts)
        yield _unwrapped(hit.passage.document.url, Style(color="blue"))


def one_a_document(hits: Iterable[Hit]) -> list[Hit]:
    """Return the best hit of each document, the first few."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.passage.document.id, hit)
    return list(best.values())[:SHOWN_LEADS]


def excerpt(text: str) -> str:
    """Return the beginning of a passage on one line, without the marks of lists and headings, cut between words."""
    plain = _one_line(re.sub(r"^[ \t]*(#{1,6}|[-*+])[ \t]+", "", text, flags=re.MULTILINE))
    return plain if len(plain) <= LEAD_CHARS else plain[:LEAD_CHARS].rpartition(" ")[0] + " …"


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", text)


def _source(document: Document, texts: Texts) -> Prose:
    key = "answer.source" if document.lang == texts.lang else "answer.source_marked"
    language, date = texts(f"name.{document.lang}_mark"), write_date(document.published, texts)
    return Prose(texts(key, title=document.title, publisher=document.publisher, date=date, language=language), "dim")


def _unwrapped(address: str, style: Style) -> Text:
    """An address that is broken over two lines can be neither clicked nor copied."""
    return Text(address, style=style, no_wrap=True, overflow="ignore")


def _according_to(quote: Citation, texts: Texts) -> Iterator[Text]:
    """Name the pages that a profile's sentence rests on; an article is its own source."""
    dates: dict[str, list[str]] = {}
    for fact in quote.facts:
        if fact.source != quote.document.url:
            dates.setdefault(fact.source, []).append(write_date(fact.as_of, texts))
    for source, told in dates.items():
        date = texts("list.more").join(dict.fromkeys(told))
        line = texts("answer.according_to", host=host_of(source), date=date)
        yield Text.assemble((f"  {line} ", "dim"), (source, "blue"), no_wrap=True, overflow="ignore")


def host_of(address: str) -> str:
    """Return the site of an address: `lapresse.ca`."""
    return (urllib.parse.urlsplit(address).hostname or address).removeprefix("www.")


def values_title(told: Disagreement | Timeline, clusters: Mapping[str, Cluster], vocabulary: Vocabulary, texts: Texts) -> str:
    """Say what several values are values of, and what they mean."""
    name, label = clusters[told.cluster_id].name(texts.lang), label_of(told.attribute, vocabulary, texts)
    return texts("answer.disagree" if isinstance(told, Disagreement) else "check.timeline", label=label, name=name)


def values_lines(
    told: Disagreement | Timeline, clusters: Mapping[str, Cluster], vocabulary: Vocabulary, texts: Texts
) -> Iterator[RenderableType]:
    """Show values that disagree, or that changed, each with its date and its site."""
    yield Text(values_title(told, clusters, vocabulary, texts), style="yellow" if isinstance(told, Disagreement) else "dim")
    table = Table.grid(padding=(0, 3, 0, 0))
    for one in told.values:
        fact = one.fact
        value = write_value(fact, vocabulary.get(fact.attribute), texts)
        table.add_row(Text(value, style="bold"), write_date(fact.as_of, texts), host_of(fact.source))
    yield Padding(table, (0, 0, 0, 2))


def _understood(understood: Sequence[Reading], texts: Texts) -> Iterator[Prose]:
    """Tell how names were taken where that was not plain."""
    for matched, group in groupby(understood, key=lambda one: one.matched):
        taken = list(group)
        quoted = texts("list.quoted", text=matched)
        if len(taken) > 1:
            names = write_choice([one.name for one in taken], texts)
            yield Prose(texts("reading.choose", matched=quoted, names=names), "yellow")
        elif taken[0].note:
            yield Prose(texts("reading.told", matched=quoted, name=taken[0].name, note=taken[0].note), "dim")


def label_of(attribute: str, vocabulary: Vocabulary, texts: Texts) -> str:
    """Return what a card calls an attribute."""
    known = vocabulary.get(attribute)
    return attribute.replace("_", " ") if known is None else known.fr if texts.lang == "fr" else known.en


def card(cluster: Cluster, vocabulary: Vocabulary, texts: Texts) -> RenderableType:
    """Show a cluster: its names, what it is, and its ledger by attribute, each value with its date and source."""
    profile = cluster.profile(texts.lang)
    table = Table.grid(padding=(0, 2, 0, 0))
    for key, value in _identity(cluster, profile, texts):
        table.add_row(Text(texts(f"cluster.{key}", language=texts(f"name.{other_language(texts)}")), style="dim"), value)
    parts: list[RenderableType] = [Text(profile.names.short, style="bold"), table]
    if profile.website:
        parts.append(_unwrapped(profile.website, Style(color="blue")))
    if profile.facts:
        parts += [Text("\n" + texts("cluster.facts"), style="bold"), _ledger(profile.facts, vocabulary, texts)]
    return Group(*parts)


def other_language(texts: Texts) -> str:
    return next(lang for lang in LANGUAGES if lang != texts.lang)


def _identity(cluster: Cluster, profile: Profile, texts: Texts) -> Iterator[tuple[str, str]]:
    names = profile.names
    yield "official", names.official
    if names.aliases:
        yield "aliases", texts("list.more").join(names.aliases)
    if names.former:
        former = [f"{one.name} ({write_until(one.until, texts)})" if one.until else one.name for one in names.former]
        yield "former", texts("list.more").join(former)
    for twin in cluster.profiles.values():
        if twin.lang != profile.lang and twin.names.official != names.official:
            yield "other_language", twin.names.official
    yield "sector", profile.sector
    yield "region", profile.region
    if profile.founded:
        yield "founded", write_date(profile.founded, texts)


def _ledger(facts: Sequence[Fact], vocabulary: Vocabulary, texts: Texts) -> Table:
    """List the facts by attribute in the vocabulary's order, of each attribute the newest first."""
    order = {key: place for place, key in enumerate(vocabulary)}
    newest = sorted(facts, key=lambda fact: fact.as_of or "", reverse=True)
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("", ratio=3)
    for key in ("value", "as_of", "source"):
        table.add_column(texts(f"cluster.{key}"), ratio=2, overflow="fold")
    ranked = sorted(newest, key=lambda fact: (order.get(fact.attribute, len(order)), fact.attribute))
    for attribute, group in groupby(ranked, key=lambda fact: fact.attribute):
        label = label_of(attribute, vocabulary, texts)
        for fact in group:
            value = write_value(fact, vocabulary.get(attribute), texts)
            table.add_row(Text(label), Text(value), write_date(fact.as_of, texts), host_of(fact.source))
            label = ""
    return table
