"""The ledgers of all profiles: which sourced facts a quotation carries, and where the sources disagree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlsplit

from clusterbot.analysis import terms_of
from clusterbot.dates import find_periods
from clusterbot.disagreements import disagree, in_conflict, overlap
from clusterbot.models import Attribute, Citation, Disagreement, Document, Fact, FormerName, Lang, Profile, ToldValue, Vocabulary
from clusterbot.questions import Asks
from clusterbot.text import date_forms, find_numbers, fold, plain_value, split_sentences

_ASKED_BY_TYPE: dict[str, Asks] = {"date": "date", "number": "number", "money": "money", "name": "person"}
_GENERAL: dict[Lang, str] = {  # words that narrow no question
    "fr": "qui que quoi quel quelle quand combien depuis est été était a-t-elle a-t-il compte comptent avoir y ça déjà donc année "
    "an date grappe organisme organisation secteur nombre total actuel actuelle actuellement présentement aujourd’hui maintenant",
    "en": "who what which when how many much since is was were has have had does do did there it the "
    "year date cluster organization sector number total current currently now today",
}
_REACHING = "site web internet contact contacter joindre url website reach"  # few words, so that they don't tell the language
_AROUND_REACHING = "comment où trouver adresse page officiel how where find address official de du des la le les of the"
MIN_TELLING_NUMBER = 10  # a smaller one stands in many sentences, so its attribute must be named beside it


REMEMBERED_TEXTS = 4096


@lru_cache(maxsize=REMEMBERED_TEXTS)
def _read(text: str, lang: Lang) -> tuple[str, frozenset[str]]:
    """Return a text folded, with single spaces, and the values of its numbers: read once, and not for each fact of its page."""
    return " ".join(fold(text).split()), frozenset(number.value for number in find_numbers(text, lang))


class Ledger:
    """The facts of every cluster, by cluster."""

    def __init__(self, profiles: Iterable[Profile], vocabulary: Vocabulary) -> None:
        self._profiles: dict[str, dict[Lang, Profile]] = defaultdict(dict)
        for profile in profiles:
            self._profiles[profile.cluster_id][profile.lang] = profile
        self._vocabulary = vocabulary
        self._told: dict[str, tuple[Citation, ...]] = {}

    def warm(self) -> None:
        """Work out what the sentences of all pages tell, which is otherwise done for each when it is first asked about."""
        for pages in self._profiles.values():
            for page in pages.values():
                self._sentences(page)

    def cite(self, document: Document, start: int, end: int) -> Citation:
        """Cite a range of a document with the ledger entries whose value and date stand in it."""
        text = document.text[start:end]
        facts = [fact for _, fact in self._facts_about(document) if self._is_told(fact, text, document.lang)]
        return Citation(document, start, end, tuple(dict.fromkeys(facts)))

    def facts_of(self, cluster_id: str) -> tuple[Fact, ...]:
        """Return the entries of a cluster, each once, and the founding that its page tells."""
        pages = list(self._profiles.get(cluster_id, {}).values())[:1]
        told = [fact for page in pages for fact in page.facts]
        if pages and pages[0].founded and all(fact.attribute != "founded" for fact in told):
            told.append(Fact(attribute="founded", value=pages[0].founded, as_of=pages[0].founded, source=pages[0].url))
        return tuple(dict.fromkeys(told))

    def names(self, cluster_id: str) -> tuple[str, ...]:
        """Return what a cluster is called now, in both languages."""
        pages = self._profiles.get(cluster_id, {}).values()
        told = (name for page in pages for name in (page.names.short, page.names.official, *page.names.aliases))
        return tuple(dict.fromkeys(told))

    def former_names(self, cluster_id: str) -> tuple[FormerName, ...]:
        """Return what a cluster was called, in both languages."""
        return tuple(dict.fromkeys(one for page in self._profiles.get(cluster_id, {}).values() for one in page.names.former))

    def sentences(self, cluster_id: str, lang: Lang) -> Iterator[Citation]:
        """Yield the sentences of a cluster's pages, those in a language first."""
        for page in sorted(self._profiles.get(cluster_id, {}).values(), key=lambda page: page.lang != lang):
            yield from self._sentences(page)

    def attribute(self, name: str) -> Attribute | None:
        """Return a word of the vocabulary."""
        return self._vocabulary.get(name)

    def stating(self, cluster_id: str, fact: Fact, lang: Lang) -> Iterator[Citation]:
        """Yield the sentences of a cluster's pages that tell an entry, those in a language first."""
        for one in self.sentences(cluster_id, lang):
            if self._is_told(fact, one.text, one.document.lang):
                yield Citation(one.document, one.start, one.end, (fact,))

    def disagreements(self, lang: Lang, quote: Citation) -> tuple[Disagreement, ...]:
        """Return where sources give other values, for the same time, for what is quoted; shown in a language where it has them."""
        found: dict[tuple[str, str], Disagreement] = {}
        for cluster_id, fact in self._facts_about(quote.document):
            if fact in quote.facts and (cluster_id, fact.attribute) not in found and not self._is_many(fact.attribute):
                rivals = self._rivals(cluster_id, fact)
                values = [self._value(cluster_id, one, lang) for one in (fact, *rivals)] if rivals else []
                told = tuple(value for value in values if value is not None)
                if len({(value.fact.value, value.fact.unit) for value in told}) > 1:
                    found[cluster_id, fact.attribute] = Disagreement(cluster_id, fact.attribute, told)
        return tuple(found.values())

    def asked(self, words: str, lang: Lang, asks: Asks, cluster_id: str, as_of: str | None = None) -> list[Citation]:
        """Return the sentences of a cluster's page that tell what is asked for, by the words that the vocabulary has for asking.

        Where the question names years, those of facts of these years; else, of what can change, the newest, and all that hold for
        its time.
        """
        pages = self._profiles.get(cluster_id, {})
        page = pages.get(lang) or next(iter(pages.values()), None)
        facts = [] if page is None else [fact for fact in page.facts if self._is_asked(fact.attribute, words, lang, asks)]
        if as_of is not None:
            facts = [fact for fact in facts if fact.as_of is not None and fact.as_of <= as_of.ljust(10, "~")]
        if not facts or page is None:
            return []
        years = {str(year) for one in find_periods(words, lang) for year in range(one.first.year, one.last.year + 1)}
        if years:
            facts = [fact for fact in facts if any(overlap(fact.as_of, year) for year in years)]
        elif asks != "date":
            newest = max(fact.as_of or "" for fact in facts)
            facts = [fact for fact in facts if (fact.as_of or "") == newest]
        order = {attribute: place for place, attribute in enumerate(self._vocabulary)}
        told: list[Citation] = []
        for fact in sorted(facts, key=lambda one: order[one.attribute]):
            found = [one for one in self._sentences(page) if fact in one.facts and self._tells_the_rest(one, fact, words, lang)]
            told += sorted(found, key=lambda one: (len(one.facts), one.end - one.start, one.start))[:1]
        return list(dict.fromkeys(told))

    def reaching(self, words: str, lang: Lang, cluster_id: str) -> list[Citation]:
        """Return the sentences of a cluster's page that tell its website, shortest first, where that is all that is asked for."""
        pages = self._profiles.get(cluster_id, {})
        page = pages.get(lang) or next(iter(pages.values()), None)
        asked = terms_of(words, lang)
        if page is None or page.website is None or asked.isdisjoint(terms_of(_REACHING, lang)):
            return []
        if not asked <= terms_of(f"{_REACHING} {_AROUND_REACHING} {_GENERAL['fr']} {_GENERAL['en']}", lang):
            return []
        host = (urlsplit(page.website).hostname or "").removeprefix("www.")
        return sorted((one for one in self._sentences(page) if host in one.text), key=lambda one: (one.end - one.start, one.start))

    def _tells_the_rest(self, told: Citation, fact: Fact, words: str, lang: Lang) -> bool:
        """Say whether what a question has beside the words for asking stands in a sentence: "first chair" isn't any chair."""
        attribute = self._vocabulary[fact.attribute]
        ways = attribute.asked_fr if lang == "fr" else attribute.asked_en
        known = frozenset[str]().union(*(terms_of(text, told.document.lang) for text in (*ways, _GENERAL[lang], told.text)))
        return terms_of(words, lang) <= known

    def _is_asked(self, attribute: str, words: str, lang: Lang, asks: Asks) -> bool:
        known = self._vocabulary.get(attribute)
        if known is None or _ASKED_BY_TYPE.get(known.type) != asks:
            return False
        ways = known.asked_fr if lang == "fr" else known.asked_en
        asked = terms_of(words, lang)
        return any(terms and terms <= asked for terms in (terms_of(way, lang) for way in ways))

    def twin(self, quote: Citation, lang: Lang) -> Citation | None:
        """Return the sentence of a profile's page in another language that tells all the facts of a quotation, and least beside."""
        document = quote.document
        if not isinstance(document, Profile) or not quote.facts:
            return None
        page = self._profiles[document.cluster_id].get(lang)
        found = [one for one in self._sentences(page) if set(quote.facts) <= set(one.facts)] if page is not None else []
        return min(found, key=lambda one: (len(one.facts), one.end - one.start, one.start), default=None)

    def with_twin(self, quote: Citation) -> Citation:
        """Return a quotation with the sentence that tells the same in the other language, where there is one."""
        return replace(quote, twin=self.twin(quote, "en" if quote.document.lang == "fr" else "fr"))

    def opening(self, page: Profile) -> Citation | None:
        """Return the sentence with which a page begins; None where it has none."""
        return next(iter(self._sentences(page)), None)

    def _sentences(self, page: Profile) -> tuple[Citation, ...]:
        """Return the sentences of a page with the facts that each tells; worked out once."""
        if page.id not in self._told:
            sentences = [one for one in split_sentences(page.text, page.lang) if not one.is_heading]
            self._told[page.id] = tuple(self.cite(page, one.start, one.end) for one in sentences)
        return self._told[page.id]

    def disagreements_of(self, cluster_id: str, lang: Lang) -> tuple[Disagreement, ...]:
        """Return all that the sources disagree on for a cluster, each value with a sentence that tells it, by attribute."""
        facts: dict[str, list[Fact]] = defaultdict(list)
        for page in list(self._profiles.get(cluster_id, {}).values())[:1]:
            for fact in page.facts:
                facts[fact.attribute].append(fact)
        found = []
        for name, entries in facts.items():
            rivals = [] if self._is_many(name) else in_conflict(entries, self._vocabulary.get(name))
            told = tuple(value for one in rivals if (value := self._value(cluster_id, one, lang)) is not None)
            if len({(value.fact.value, value.fact.unit) for value in told}) > 1:
                found.append(Disagreement(cluster_id, name, told))
        return tuple(found)

    def _facts_about(self, document: Document) -> Iterator[tuple[str, Fact]]:
        """Yield the entries that a document can carry: of a profile its own, of an article those that name it as their source."""
        if isinstance(document, Profile):
            yield from ((document.cluster_id, fact) for fact in document.facts)
            return
        for cluster_id in document.clusters:
            for profile in list(self._profiles.get(cluster_id, {}).values())[:1]:
                yield from ((cluster_id, fact) for fact in profile.facts if fact.source == document.url)

    def _is_told(self, fact: Fact, text: str, lang: Lang) -> bool:
        attribute = self._vocabulary.get(fact.attribute)
        folded, numbers = _read(text, lang)
        if fact.as_of is not None and fact.as_of[:4] not in folded:
            return False
        if attribute is not None and attribute.type == "date":
            return any(fold(form) in folded for form in date_forms(str(fact.value), lang))
        if isinstance(fact.value, str):
            return fold(fact.value) in folded
        if plain_value(abs(fact.value)) not in numbers:
            return False
        telling = abs(fact.value) >= MIN_TELLING_NUMBER or fact.value != int(fact.value)
        return telling or (attribute is not None and self._is_named(attribute, text, lang))

    def _is_named(self, attribute: Attribute, text: str, lang: Lang) -> bool:
        label = attribute.fr if lang == "fr" else attribute.en
        return not terms_of(label, lang).isdisjoint(terms_of(text, lang))

    def _is_many(self, attribute: str) -> bool:
        return attribute in self._vocabulary and self._vocabulary[attribute].many

    def _rivals(self, cluster_id: str, fact: Fact) -> list[Fact]:
        """Return the other values of an attribute that can't be right if this one is."""
        facts = next(iter(self._profiles[cluster_id].values())).facts
        attribute = self._vocabulary.get(fact.attribute)
        return [one for one in facts if one.attribute == fact.attribute and disagree(one, fact, attribute)]

    def _value(self, cluster_id: str, fact: Fact, lang: Lang) -> ToldValue | None:
        """Return a value with the sentence of the cluster's page that gives it."""
        pages = self._profiles[cluster_id]
        page = pages.get(lang) or next(iter(pages.values()))
        told = next((one for one in self._sentences(page) if self._is_told(fact, one.text, page.lang)), None)
        return ToldValue(fact, told) if told else None
