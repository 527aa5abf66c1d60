"""Which words of a question a sentence tells: the word itself, or one that means the same, in either language.

A sentence says "headed" or « présidait » where people ask for the boss. The words that mean the same are data, `synonyms.json`:
about fifty things that people ask of an organisation, each with its words in both languages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from clusterbot.analysis import analyse, terms_of
from clusterbot.models import LANGUAGES, Lang

_WORD = re.compile(r"[\w$%-]+")
Meanings = Mapping[Lang, Mapping[str, frozenset[int]]]


@dataclass(frozen=True, slots=True)
class AskedWord:
    """A word of a question that isn't a stop word: its terms in each language, what it can mean, and its weight."""

    terms: Mapping[Lang, frozenset[str]]
    meanings: frozenset[int]
    weight: float


@cache
def read_meanings() -> Meanings:
    """Read the words that mean the same: for each language, the numbers of what a term can mean."""
    text = resources.files("clusterbot").joinpath("data/synonyms.json").read_text(encoding="utf-8")
    return meanings_of(json.loads(text))


def meanings_of(rows: Sequence[Mapping[Lang, str]]) -> Meanings:
    """Number what words mean; a row holds the words for one thing, by language, between spaces."""
    found: dict[Lang, dict[str, frozenset[int]]] = {lang: {} for lang in LANGUAGES}
    for number, row in enumerate(rows):
        for lang, words in row.items():
            for term in analyse(words, lang):
                found[lang][term] = found[lang].get(term, frozenset()) | {number}
    return found


def asked_words(words: str, lang: Lang, weigh: Callable[[Sequence[str]], Iterable[float]], meanings: Meanings) -> list[AskedWord]:
    """Return the words of a question, each once, but for stop words; `weigh` gives the weights of terms of its language.

    A word of several terms weighs as much as the heaviest.
    """
    asked = []
    for word in dict.fromkeys(_WORD.findall(words)):
        terms = {each: terms_of(word, each) for each in LANGUAGES}
        if own := sorted(terms[lang]):
            known = frozenset[int]().union(*(meanings[lang].get(term, frozenset()) for term in own))
            asked.append(AskedWord(terms, known, float(max(weigh(own)))))
    return asked


def told_share(asked: Sequence[AskedWord], text: str, lang: Lang, meanings: Meanings) -> float:
    """Return the share of a question's weight whose words a sentence tells, 0 to 1; 0 where the question has no words."""
    held = terms_of(text, lang)
    meant = frozenset[int]().union(*(meanings[lang].get(term, frozenset()) for term in held))
    whole = sum(one.weight for one in asked)
    told = sum(one.weight for one in asked if not held.isdisjoint(one.terms[lang]) or not meant.isdisjoint(one.meanings))
    return told / whole if whole else 0.0
