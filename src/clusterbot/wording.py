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
Alike = Mapping[Lang, frozenset[str]]
Meanings = Mapping[Lang, Mapping[str, Alike]]


@dataclass(frozen=True, slots=True)
class AskedWord:
    """A word of a question that isn't a stop word: the terms that tell it in each language, and its weight."""

    told_by: Alike
    weight: float


@cache
def read_meanings() -> Meanings:
    """Read the words that mean the same: for each language, the terms of both that a term can mean."""
    text = resources.files("clusterbot").joinpath("data/synonyms.json").read_text(encoding="utf-8")
    return meanings_of(json.loads(text))


def meanings_of(rows: Sequence[Mapping[Lang, str]]) -> Meanings:
    """Put together what means the same; a row holds the words for one thing, by language, between spaces."""
    found: dict[Lang, dict[str, Alike]] = {lang: {} for lang in LANGUAGES}
    for row in rows:
        alike = {lang: frozenset(analyse(row.get(lang, ""), lang)) for lang in LANGUAGES}
        for lang, terms in alike.items():
            found[lang] |= {term: _joined([alike, found[lang].get(term, {})]) for term in terms}
    return found


def _joined(several: Sequence[Alike]) -> Alike:
    return {lang: frozenset[str]().union(*(one.get(lang, ()) for one in several)) for lang in LANGUAGES}


def asked_words(words: str, lang: Lang, weigh: Callable[[Sequence[str]], Iterable[float]], meanings: Meanings) -> list[AskedWord]:
    """Return the words of a question, each once, but for stop words; `weigh` gives the weights of terms of its language.

    A word of several terms weighs as much as the heaviest.
    """
    asked = []
    for word in dict.fromkeys(_WORD.findall(words)):
        terms = {each: terms_of(word, each) for each in LANGUAGES}
        if own := sorted(terms[lang]):
            told_by = _joined([terms, *(meanings[lang].get(term, {}) for term in own)])
            asked.append(AskedWord(told_by, float(max(weigh(own)))))
    return asked


def told_share(asked: Sequence[AskedWord], held: frozenset[str], lang: Lang) -> float:
    """Return the share of a question's weight whose words a sentence tells by its terms, 0 to 1; 0 where it has no words."""
    whole = sum(one.weight for one in asked)
    told = sum(one.weight for one in asked if not held.isdisjoint(one.told_by[lang]))
    return told / whole if whole else 0.0
