"""Clusters side by side: the attributes that their ledgers share, each with its newest sourced value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from clusterbot.clusters import Cluster
from clusterbot.models import Fact, Vocabulary


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute: the newest entry of each cluster, None where its ledger has none."""

    attribute: str
    facts: tuple[Fact | None, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two or three clusters, and what at least two of their ledgers tell."""

    clusters: tuple[Cluster, ...]
    rows: tuple[Row, ...]


def compare(clusters: Sequence[Cluster], vocabulary: Vocabulary) -> Comparison:
    """Put clusters side by side, in the vocabulary's order; what can have many values at once is left to the cards."""
    ledgers = [_newest(next(iter(cluster.profiles.values())).facts) for cluster in clusters]
    rows = [
        Row(attribute, tuple(ledger.get(attribute) for ledger in ledgers))
        for attribute, entry in vocabulary.items()
        if not entry.many and sum(attribute in ledger for ledger in ledgers) > 1
    ]
    return Comparison(tuple(clusters), tuple(rows))


def _newest(facts: Sequence[Fact]) -> Mapping[str, Fact]:
    return {fact.attribute: fact for fact in sorted(facts, key=lambda fact: (fact.as_of or "").rpartition("/")[2])}
