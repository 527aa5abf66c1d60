"""What the ledgers hold, by cluster, attribute and age: which facts to refresh next."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from clusterbot.corpus import Corpus
from clusterbot.models import Fact, Profile


@dataclass(frozen=True, slots=True)
class ClusterCoverage:
    """How many facts a cluster's ledger holds, how many of them are dated, and between which dates."""

    cluster_id: str
    facts: int
    dated: int
    attributes: int
    oldest: str | None
    newest: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """The ledgers at a glance; `stale` holds each attribute's newest value, the oldest of them first."""

    clusters: tuple[ClusterCoverage, ...]
    attributes: tuple[tuple[str, int], ...]
    stale: tuple[tuple[str, Fact], ...]


def coverage(corpus: Corpus) -> Coverage:
    """Count the ledgers' facts; twins carry the same ledger, so one page a cluster is read."""
    pages = {document.cluster_id: document for document in corpus.documents if isinstance(document, Profile)}
    counted = Counter(fact.attribute for page in pages.values() for fact in page.facts)
    return Coverage(
        clusters=tuple(_of_cluster(pages[key]) for key in sorted(pages)),
        attributes=tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0]))),
        stale=tuple(_stale(corpus, pages)),
    )


def _of_cluster(page: Profile) -> ClusterCoverage:
    dates = sorted(_last_day(fact) for fact in page.facts if fact.as_of)
    oldest, newest = (dates[0], dates[-1]) if dates else (None, None)
    return ClusterCoverage(
        page.cluster_id, len(page.facts), len(dates), len({fact.attribute for fact in page.facts}), oldest, newest
    )


def _stale(corpus: Corpus, pages: dict[str, Profile]) -> list[tuple[str, Fact]]:
    """Return the newest dated value of what can change: a date in the past stays as it is."""
    newest: dict[tuple[str, str], Fact] = {}
    for key, page in pages.items():
        for fact in page.facts:
            attribute = corpus.vocabulary.get(fact.attribute)
            if not fact.as_of or (attribute is not None and (attribute.type == "date" or attribute.many)):
                continue
            known = newest.get((key, fact.attribute))
            if known is None or _last_day(fact) > _last_day(known):
                newest[key, fact.attribute] = fact
    return sorted(
        ((key, fact) for (key, _), fact in newest.items()), key=lambda item: (_last_day(item[1]), item[0], item[1].attribute)
    )


def _last_day(fact: Fact) -> str:
    """Return the end of the period for which a dated fact holds."""
    return (fact.as_of or "").rpartition("/")[2]
