"""Clusters, comparisons, sources and verdicts -> embeds; pure. Each value stands with its date and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import discord

from clusterbot.assistant import Check
from clusterbot.bot.embeds import DOUBTFUL, MAX_FIELD, MAX_FIELD_NAME, SURE, UNKNOWN, paged, source_line, values_field, whole_lines
from clusterbot.bot.markup import embolden, escape, link, shorten
from clusterbot.claims import Verdict
from clusterbot.clusters import Cluster
from clusterbot.comparison import Comparison
from clusterbot.i18n import Texts, write_date, write_number, write_percent, write_until, write_value
from clusterbot.models import Disagreement, Document, Fact, Profile, Vocabulary
from clusterbot.terminal import host_of, label_of
from clusterbot.verdicts import explain

_MARKS = {"supported": "✅", "contradicted": "❌", "not_covered": "❔"}
_COLOURS = {"supported": SURE, "contradicted": discord.Colour(0xB3261E), "not_covered": UNKNOWN}
_STANCES = ("against", "for", "neutral")
SHOWN_EVIDENCE = 3
SHOWN_PUBLISHERS = 12
FIELDS_A_CARD = 12  # more than that is a scroll on a phone; the rest follows in a second message


def check_embeds(check: Check, texts: Texts) -> list[discord.Embed]:
    """Show each claim with its verdict, why, the evidence for and against, what changed, and what the sources disagree on."""
    embeds = []
    for verdict in check.verdicts:
        title = f"{_MARKS[verdict.label]} {texts(f'check.{verdict.label}')}"
        fields = (values_field(one, check.clusters, check.vocabulary, texts) for one in verdict.side_by_side)
        blocks = [*_verdict(verdict, texts), *(f"**{name}**\n{values}" for name, values in fields)]
        found = paged(blocks, _COLOURS[verdict.label], title)
        if (
            verdict.label != "not_covered"
        ):  # how sure one is of having found nothing, people would take for a judgement of the claim
            found[-1].set_footer(text=texts("bot.sure", percent=write_percent(verdict.confidence, texts)))
        embeds += found
    return embeds


def _verdict(verdict: Verdict, texts: Texts) -> Iterator[str]:
    yield f"> *{escape(verdict.claim).strip()}*"
    yield escape(explain(verdict))
    for one in verdict.evidence[:SHOWN_EVIDENCE]:
        citation = one.citation
        yield (
            f"**{texts(f'check.{one.stance}')}**\n> {embolden(citation.text, ())}\n"
            f"— {source_line(citation.document, citation.link, texts)}"
        )


def cluster_embeds(
    cluster: Cluster, vocabulary: Vocabulary, disagreements: Sequence[Disagreement], texts: Texts
) -> list[discord.Embed]:
    """Show a cluster's card: its names, what it is, its ledger, each value with its own date and source, and what disagrees."""
    profile = cluster.profile(texts.lang)
    described = "\n".join(_identity(cluster, profile, texts))
    embed = discord.Embed(title=shorten(profile.names.short, 256), colour=SURE, description=described)
    if profile.website and len(profile.website) <= 2000:
        embed.url = profile.website
    embeds = [embed]
    differing = (values_field(one, {cluster.id: cluster}, vocabulary, texts) for one in disagreements)
    for name, value in (*_ledger(profile.facts, vocabulary, texts), *differing):
        if len(embeds[-1].fields) >= FIELDS_A_CARD or len(embeds[-1]) + len(name) + len(value) > 5500:
            embeds.append(discord.Embed(colour=SURE))
        embeds[-1].add_field(name=name, value=value, inline=False)
    return embeds


def _identity(cluster: Cluster, profile: Profile, texts: Texts) -> Iterator[str]:
    names = profile.names
    yield f"**{escape(names.official)}**"
    for twin in cluster.profiles.values():
        if twin.lang != profile.lang and twin.names.official != names.official:
            yield _told(texts("cluster.other_language", language=texts(f"name.{twin.lang}")), twin.names.official, texts)
    if names.former:
        former = [f"{one.name} ({write_until(one.until, texts)})" if one.until else one.name for one in names.former]
        yield _told(texts("cluster.former"), texts("list.more").join(former), texts)
    yield _told(texts("cluster.sector"), profile.sector, texts)
    yield _told(texts("cluster.region"), profile.region, texts)
    yield _told(texts("cluster.founded"), write_date(profile.founded, texts) if profile.founded else texts("bot.not_told"), texts)
    if profile.website:
        yield _told(texts("cluster.website"), None, texts) + link(host_of(profile.website), profile.website)
    else:
        yield _told(texts("cluster.website"), texts("bot.not_told"), texts)


def _told(label: str, value: str | None, texts: Texts) -> str:
    return f"**{label}**{texts('report.colon')} " + ("" if value is None else escape(shorten(value, 400)))


def _ledger(facts: Sequence[Fact], vocabulary: Vocabulary, texts: Texts) -> Iterator[tuple[str, str]]:
    """Yield name and value of a field for each attribute, in the vocabulary's order; of each the newest first."""
    order = {key: place for place, key in enumerate(vocabulary)}
    newest = sorted(facts, key=lambda fact: fact.as_of or "", reverse=True)
    ranked = sorted(newest, key=lambda fact: (order.get(fact.attribute, len(order)), fact.attribute))
    for attribute, group in groupby(ranked, key=lambda fact: fact.attribute):
        lines = [_fact(fact, vocabulary, texts) for fact in group]
        yield shorten(label_of(attribute, vocabulary, texts), MAX_FIELD_NAME), whole_lines(lines, MAX_FIELD)


def _fact(fact: Fact, vocabulary: Vocabulary, texts: Texts) -> str:
    value = escape(shorten(write_value(fact, vocabulary.get(fact.attribute), texts), 200))
    return f"**{value}** · {write_date(fact.as_of, texts)} · {link(host_of(fact.source), fact.source)}"


def comparison_embeds(comparison: Comparison, vocabulary: Vocabulary, texts: Texts) -> list[discord.Embed]:
    """Show clusters side by side: for each attribute a block, in which each cluster has its line."""
    blocks = []
    for row in comparison.rows:
        lines = [f"__{escape(label_of(row.attribute, vocabulary, texts))}__"]
        for cluster, fact in zip(comparison.clusters, row.facts, strict=True):
            value = escape(texts("check.no_value")) if fact is None else _fact(fact, vocabulary, texts)
            lines.append(f"{escape(cluster.name(texts.lang))}{texts('report.colon')} {value}")
        blocks.append("\n".join(lines))
    title = " · ".join(cluster.name(texts.lang) for cluster in comparison.clusters)
    return paged(blocks or [texts("bot.nothing_shared")], SURE, title)


def list_embeds(clusters: Iterable[Cluster], texts: Texts) -> list[discord.Embed]:
    """List the clusters by name, each with what it does and where."""
    in_order = sorted(clusters, key=lambda one: one.name(texts.lang).casefold())
    lines = []
    for cluster in in_order:
        profile = cluster.profile(texts.lang)
        lines.append(f"**{escape(cluster.name(texts.lang))}** · {escape(profile.sector)} · {escape(profile.region)}")
    blocks = ["\n".join(lines[at : at + 15]) for at in range(0, len(lines), 15)]
    return paged(blocks, SURE, texts("bot.clusters_title", count=len(in_order)))


def corpus_embeds(documents: Sequence[Document], texts: Texts) -> list[discord.Embed]:
    """Tell what the answers rest on: how many documents, of which kinds, languages, publishers and dates."""
    articles = [one for one in documents if one.kind in ("article", "digest")]
    dates = sorted(one.published for one in articles if one.published)
    by_lang = Counter(one.lang for one in documents)
    by_publisher = Counter(one.publisher for one in articles).most_common(SHOWN_PUBLISHERS)
    told = {lang: write_number(by_lang[lang], texts.lang) for lang in ("fr", "en")}
    blocks = [texts("bot.sources_told", documents=write_number(len(documents), texts.lang), **told)]
    if dates:
        period = write_date(f"{dates[0][:4]}/{dates[-1][:4]}", texts)
        blocks.append(texts("bot.sources_dates", articles=write_number(len(articles), texts.lang), period=period))
    blocks.append("\n".join(f"• {escape(name)} ({write_number(count, texts.lang)})" for name, count in by_publisher))
    blocks.append("-# " + texts("bot.sources_more"))
    return paged([block for block in blocks if block], SURE, texts("bot.sources_title"))


def document_embeds(cluster: Cluster, documents: Sequence[Document], texts: Texts) -> list[discord.Embed]:
    """List the documents on a cluster, the newest first."""
    newest = sorted(documents, key=lambda one: (one.published or "", one.id), reverse=True)
    lines = [f"• {source_line(one, one.url, texts)}" for one in newest]
    title = texts("bot.sources_of", name=cluster.name(texts.lang), count=len(lines))
    return paged(lines or [texts("bot.not_told")], SURE if lines else DOUBTFUL, title)
