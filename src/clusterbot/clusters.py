"""The cluster registry: what each cluster is and was called, and which one a question means."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from clusterbot.errors import ClusterUnknown, UsageError
from clusterbot.models import Lang, Names, Profile
from clusterbot.text import fold

MAX_NAME_WORDS = 12
MIN_LIKENESS = 70.0  # of what is typed and a name, for it to be proposed
MIN_FUZZY_CHARS = 6  # shorter names are acronyms, in which one letter makes another organisation
Kind = Literal["current", "former", "alias"]
_KIND_ORDER: tuple[Kind, ...] = ("current", "former", "alias")
_ORDINARY = frozenset(["prompt", "in vivo"])  # names that are words too: without a capital they mean no cluster
_WORD = re.compile(r"[^\W_]+\+?")
_ARTICLES = frozenset(["l", "la", "le", "les", "d", "de", "du", "des", "the", "of", "a", "an", "et", "and", "&", "qu"])


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster as its profiles present it; a language without a profile is missing from the mappings."""

    id: str
    profiles: Mapping[Lang, Profile]

    def profile(self, lang: Lang) -> Profile:
        """Return the page in a language, or its twin where there is none."""
        return self.profiles.get(lang) or next(iter(self.profiles.values()))

    def name(self, lang: Lang) -> str:
        return self.profile(lang).names.short


@dataclass(frozen=True, slots=True)
class Mention:
    """A name found in a text; several clusters where the name is ambiguous."""

    start: int
    end: int
    matched: str
    name: str
    cluster_ids: tuple[str, ...]
    kind: Kind
    until: str | None
    distance: int

    @property
    def is_ambiguous(self) -> bool:
        return len(self.cluster_ids) > 1


@dataclass(frozen=True, slots=True)
class _Known:
    name: str
    cluster_id: str
    kind: Kind
    until: str | None


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    text: str
    is_article: bool


class ClusterRegistry:
    """All clusters, and the names by which people mean them."""

    def __init__(
        self,
        profiles: Iterable[Profile],
        known_words: frozenset[str] = frozenset(),
        ambiguous: Mapping[str, Sequence[str]] = MappingProxyType({}),
    ) -> None:
        """Take the profiles, the corpus's words (one that stands there is no misspelt name), and names known to be shared."""
        pages: dict[str, dict[Lang, Profile]] = defaultdict(dict)
        for profile in profiles:
            pages[profile.cluster_id][profile.lang] = profile
        self.clusters = {key: Cluster(key, pages[key]) for key in sorted(pages)}
        self._known_words = known_words
        self._by_key: dict[str, list[_Known]] = defaultdict(list)
        for key, cluster in self.clusters.items():
            for profile in cluster.profiles.values():
                for known in _names_of(profile.names, key):
                    if known not in self._by_key[_key(_words(known.name))]:
                        self._by_key[_key(_words(known.name))].append(known)
        for name, ids in ambiguous.items():
            self._by_key[_key(_words(name))] += [_Known(name, key, "alias", None) for key in ids if key in self.clusters]
        self._long_keys: dict[str, list[str]] = defaultdict(list)
        for key in self._by_key:
            if len(key) >= MIN_FUZZY_CHARS:
                self._long_keys[key[0]].append(key)

    def mentions(self, text: str) -> tuple[Mention, ...]:
        """Find the clusters that a text names, in order; longer and exacter matches win over what they overlap."""
        found = sorted(self._candidates(text), key=lambda mention: (mention.distance > 0, mention.start - mention.end))
        kept: list[Mention] = []
        for mention in found:
            if all(mention.end <= other.start or mention.start >= other.end for other in kept):
                kept.append(mention)
        return tuple(sorted(kept, key=lambda mention: mention.start))

    def known(self, cluster_id: str) -> Cluster:
        """Return a cluster by its id.

        Raises:
            ClusterUnknown: there is none.
        """
        if cluster_id not in self.clusters:
            raise ClusterUnknown(f"no cluster has the id {cluster_id[:60]!r}: `clusterbot clusters` lists all")
        return self.clusters[cluster_id]

    def complete(self, typed: str, lang: Lang, limit: int) -> list[tuple[Cluster, str]]:
        """Return the clusters that someone may be typing, best first, each with the name that fits; all by name before a letter.

        Names of both languages, aliases and former names count, accents and case don't; a beginning beats a likeness.
        """
        in_order = sorted(self.clusters.values(), key=lambda one: fold(one.name(lang)))
        wanted = fold(typed).strip()
        if not wanted:
            return [(one, one.name(lang)) for one in in_order[:limit]]
        found = []
        for cluster in in_order:
            names = (one.name for profile in cluster.profiles.values() for one in _names_of(profile.names, cluster.id))
            each = dict.fromkeys([cluster.name(lang), *names])
            scored = [(_likeness(wanted, fold(name)), -place, name) for place, name in enumerate(each)]
            likeness, _, name = max(scored)
            if likeness >= MIN_LIKENESS:
                found.append((likeness, cluster, name))
        found.sort(key=lambda one: -one[0])
        return [(cluster, name) for _, cluster, name in found[:limit]]

    def resolve(self, name: str) -> tuple[Cluster, ...]:
        """Return the cluster that a name means, or all that share it.

        Raises:
            ClusterUnknown: none does; the message offers the nearest names.
        """
        if name in self.clusters:
            return (self.clusters[name],)
        mentions = self.mentions(name)
        if mentions:
            return tuple(self.clusters[key] for key in mentions[0].cluster_ids)
        near = process.extract(_key(_words(name)), list(self._by_key), scorer=OSA.normalized_similarity, limit=3)
        offered = ", ".join(dict.fromkeys(self._by_key[key][0].name for key, _, _ in near))
        told = f"no cluster is called {name!r}" + (f"; the nearest names are {offered}" if offered else "")
        raise ClusterUnknown(f"{told}. `clusterbot clusters` lists all", "cluster_near", name=name, near=offered)

    def resolve_one(self, name: str, lang: Lang = "fr") -> Cluster:
        """Return the one cluster that a name means.

        Raises:
            ClusterUnknown: none does.
            UsageError: several share it; the message lists them.
        """
        found = self.resolve(name)
        if len(found) > 1:
            choices = ", ".join(f"{one.name(lang)} ({one.id})" for one in found)
            told = f"{name!r} may mean {choices}; name one of them, for example: {found[0].id}"
            raise UsageError(told, "ambiguous", name=name, choices=choices, id=found[0].id)
        return found[0]

    def _candidates(self, text: str) -> Iterator[Mention]:
        words = _words(text)
        are_known = [word.is_article or word.text in self._known_words for word in words]
        for first in range(len(words)):
            for last in range(first, min(first + MAX_NAME_WORDS, len(words))):
                window = words[first : last + 1]
                if len(window) > 1 and (window[-1].is_article or (window[0].is_article and len(window) > 2)):
                    continue
                key = _key(window)
                matched = text[window[0].start : window[-1].end]
                if matched in _ORDINARY:
                    continue
                if key in self._by_key:
                    yield self._mention(window, matched, key, 0)
                elif not all(are_known[first : last + 1]) and (near := self._misspelt(key)):
                    yield self._mention(window, matched, *near)

    def _misspelt(self, key: str) -> tuple[str, int] | None:
        """Return the nearest name that words misspell, and by how many letters; nobody misspells the first."""
        if len(key) < MIN_FUZZY_CHARS - 1:
            return None
        allowed = 1 if len(key) < 9 else 2
        near = process.extractOne(key, self._long_keys.get(key[0], ()), scorer=OSA.distance, score_cutoff=allowed)
        return (near[0], int(near[1])) if near else None

    def _mention(self, window: list[_Word], matched: str, key: str, distance: int) -> Mention:
        known = self._by_key[key]
        ids = tuple(sorted({entry.cluster_id for entry in known}))
        best = min(known, key=lambda entry: (_KIND_ORDER.index(entry.kind), entry.name))
        return Mention(window[0].start, window[-1].end, matched, best.name, ids, best.kind, best.until, distance)


def _likeness(typed: str, name: str) -> float:
    """Return how well what is typed fits a name: 0 to 100, more where the name or one of its words begins so."""
    if name.startswith(typed):
        return 102.0
    if any(word.startswith(typed) for word in name.split()):
        return 101.0
    return fuzz.WRatio(typed, name)


def words_of(texts: Iterable[str]) -> frozenset[str]:
    """Return the words of a corpus as the registry compares them; each word is folded once, however often it stands."""
    return frozenset(_singular(fold(word)) for word in {word for text in texts for word in _WORD.findall(text)})


def _names_of(names: Names, cluster_id: str) -> Iterator[_Known]:
    yield _Known(names.official, cluster_id, "current", None)
    yield _Known(names.short, cluster_id, "current", None)
    yield from (_Known(former.name, cluster_id, "former", former.until) for former in names.former)
    yield from (_Known(alias, cluster_id, "alias", None) for alias in names.aliases)


def _words(text: str) -> list[_Word]:
    singular = ((match, _singular(fold(match.group()))) for match in _WORD.finditer(text))
    return [_Word(match.start(), match.end(), word, word in _ARTICLES) for match, word in singular]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 4 and word[-1] in "sx" and word[-2] != "s" else word


def _key(words: list[_Word]) -> str:
    """Join words so that spaces, hyphens and articles make no difference; a one-word name keeps its article (`Le Pôle`)."""
    content = [word.text for word in words if not word.is_article]
    return "".join(content if len(content) > 1 else [word.text for word in words])
