"""Lists on a terminal: clusters, versions, documents, what the doctor found, what the ledgers hold; nothing is boxed."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from clusterbot.clusters import Cluster
from clusterbot.coverage import Coverage
from clusterbot.doctor import Check
from clusterbot.i18n import Texts, write_date, write_value
from clusterbot.index.snapshot import Manifest
from clusterbot.models import Document, Vocabulary
from clusterbot.terminal import other_language

_COLOURS = {"ok": "green", "info": "blue", "warn": "yellow", "fail": "red"}


def cluster_list(clusters: Iterable[Cluster], texts: Texts) -> Table:
    """List clusters: what each is called, here and in the other language, what it does, where and since when."""
    language = texts(f"name.{other_language(texts)}")
    table = _table(
        *(texts(f"cluster.{key}", language=language) for key in ("name", "other_language", "sector", "region", "founded"))
    )
    for cluster in sorted(clusters, key=lambda one: one.name(texts.lang).casefold()):
        profile = cluster.profile(texts.lang)
        others = {twin.names.short for twin in cluster.profiles.values()} - {profile.names.short}
        founded = write_date(profile.founded, texts) if profile.founded else ""
        table.add_row(profile.names.short, *(others or {""}), profile.sector, profile.region, founded)
    return table


def version_list(manifests: Iterable[Manifest], live: str | None, texts: Texts) -> Table:
    """List versions of the index, newest first."""
    table = _table(*(texts(f"index.{key}") for key in ("version", "documents", "passages", "model")), "")
    for one in manifests:
        count, passages = str(one.documents), str(sum(one.passages.values()))
        table.add_row(one.version, count, passages, one.model, texts("index.live") if one.version == live else "")
    return table


def document_list(documents: Iterable[Document], texts: Texts) -> Table:
    """List the documents of a corpus."""
    table = _table(*(texts(f"corpus.{key}") for key in ("id", "language", "kind", "date", "title")))
    for one in documents:
        table.add_row(one.id, one.lang, one.kind, one.published or "", one.title)
    return table


def _table(*headings: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table


def check_list(checks: Iterable[Check], texts: Texts) -> RenderableType:
    """List what the doctor found, each with its remedy."""
    table = Table.grid(padding=(0, 2, 0, 0))
    for check in checks:
        told = Text(check.message)
        if check.remedy:
            told.append("\n" + texts("doctor.remedy", remedy=check.remedy), style="bold")
        severity = Text(texts(f"doctor.{check.severity}"), style=_COLOURS[check.severity])
        table.add_row(severity, texts(f"doctor.check_{check.name}"), told)
    return table


def coverage_tables(coverage: Coverage, oldest: int, vocabulary: Vocabulary, texts: Texts) -> RenderableType:
    """Show what the ledgers hold by cluster, then the oldest facts."""
    clusters = _table(*(texts(f"coverage.{key}") for key in ("cluster", "facts", "dated", "attributes", "oldest", "newest")))
    for one in coverage.clusters:
        dates = (write_date(date, texts) if date else "" for date in (one.oldest, one.newest))
        clusters.add_row(one.cluster_id, str(one.facts), str(one.dated), str(one.attributes), *dates)
    stale = _table(*(texts(f"coverage.{key}") for key in ("cluster", "attribute", "value", "as_of")))
    for key, fact in coverage.stale[:oldest]:
        known = vocabulary.get(fact.attribute)
        label = fact.attribute if known is None else getattr(known, texts.lang)
        stale.add_row(key, label, write_value(fact, known, texts), write_date(fact.as_of, texts))
    return Group(clusters, Text(), Text(texts("coverage.refresh"), style="bold"), stale)
