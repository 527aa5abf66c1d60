"""A person's words -> Question: checked, its language and clusters known, and what kind of answer it asks for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from clusterbot.analysis import analyse, detect_language
from clusterbot.clusters import ClusterRegistry, Mention
from clusterbot.errors import UsageError
from clusterbot.models import Lang
from clusterbot.seeking import sought
from clusterbot.text import fold

MAX_CHARS = 2000
MAX_WHAT_TERMS = 2  # index terms of a question that asks what something is: more would ask for something about it
SURE = 0.6  # of a language; below it the conversation decides
MAX_CONTEXT = 10  # earlier questions that can still matter
Asks = Literal["number", "money", "date", "person", "other"]

_ASKS: tuple[tuple[Asks, re.Pattern[str]], ...] = (
    (
        "money",
        re.compile(
            r"\b(combien (d'argent|de dollars|ca coute|coute|a recu|recoit|vaut)|budget|montants?|financements?|subventions?"
            r"|finance[er]?|investi\w*"
            r"|chiffre d'affaires|exportations?|how much|funding|funded|grants?|invest\w*|revenues?|exports?|cost)\b"
        ),
    ),
    (
        "number",
        re.compile(r"\b(combien|nombre|cmb|cb|nb|how many|number of|count|pourcentage|percent\w*|share|part d[eu'])\b"),
    ),
    ("person", re.compile(r"^\W*(?:(?:c'est|par|avec|by) )?(?:qui|who|whom)\b(?!.*\b(?:quand|when|annee|year)\b)")),
    (
        "date",
        re.compile(
            r"\b(quand|depuis|annee|date|when|since|year"
            r"|what day|fond[ee]e?s?|founded|lance[er]?e?s?|launched|cree[er]?e?s?|started)\b"
        ),
    ),
    (
        "person",
        re.compile(
            r"\b(qui|who|whom|pdg|ceo|patron\w*|boss|dirige\w*|direct\w+|presid\w+|chair\w*"
            r"|runs?|leads?|head(ed|s)?( of)?|ministres?|minister)\b"
        ),
    ),
)
_LIST = re.compile(
    r"\b(quel(le)?s sont|lesquel(le)?s|liste[rz]?|nomme[rz]?|enumere[rz]?|toutes les|tous les"
    r"|which (clusters|are|of)|what are|what clusters"
    r"|list|name (the|all)|all the|quelles grappes|quels organismes)\b"
)
_WHAT_IS = re.compile(
    r"\b(c'est quoi|c quoi|qu'est[- ]ce qu(e|i)|fait quoi|que fait|a quoi sert|definition|mission"
    r"|what( is|'s| are| was| were| does| did| do)|whats)\b"
)
_ALL_CLUSTERS = re.compile(
    r"\b(grappes|clusters|creneaux|niches|zones d'innovation|innovation zones|consortiums?|consortia|poles)\b"
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question, and what is understood of it; `sought` is the activity for which it seeks a cluster, in its words, if it does."""

    text: str
    lang: Lang
    mentions: tuple[Mention, ...]
    asks: Asks
    is_list: bool
    names: tuple[str, ...]
    sought: str | None = None

    @property
    def cluster_ids(self) -> tuple[str, ...]:
        """The clusters it means beyond doubt, in order."""
        return tuple(dict.fromkeys(mention.cluster_ids[0] for mention in self.mentions if not mention.is_ambiguous))

    @property
    def words(self) -> str:
        """Its words but for the clusters' names."""
        return _without([one for one in self.mentions if self.text[one.start : one.end] == one.matched], self.text)

    @property
    def asks_what_it_is(self) -> bool:
        """Whether it asks what a thing is or does, and no more than that; a name by itself does, too."""
        if not any(char.isalnum() for char in self.words):
            return bool(self.mentions)
        is_short = len(analyse(self.words, self.lang)) <= MAX_WHAT_TERMS
        return self.asks == "other" and is_short and bool(_WHAT_IS.search(fold(self.words)))

    @property
    def query(self) -> str:
        """What is searched: the words, and the present names of clusters that were named otherwise."""
        return f"{self.text} ({', '.join(self.names)})" if self.names else self.text


def understand(
    text: str, registry: ClusterRegistry, context: Sequence[str] = (), lang: Lang | None = None, default_lang: Lang | None = None
) -> Question:
    """Read a question; `context` holds the earlier questions of a conversation, oldest first.

    Its language is `lang`; else that of its words; where these don't tell, the conversation's, then `default_lang`.

    Raises:
        UsageError: empty, too long, or not text in French or English.
    """
    text = clean(text)
    mentions = registry.mentions(text)
    activity = sought(text, mentions)
    earlier = _readable(context)
    words = _without(mentions, text)
    lang = lang or _language(words, earlier, default_lang)
    folded = fold(text)
    if not mentions and not _ALL_CLUSTERS.search(folded):
        mentions = next((found for turn in earlier if (found := registry.mentions(turn))), ())
    asks: Asks = next((kind for kind, pattern in _ASKS if pattern.search(fold(words))), "other")
    names = [registry.clusters[mention.cluster_ids[0]].name(lang) for mention in mentions if not mention.is_ambiguous]
    added = tuple(dict.fromkeys(name for name in names if fold(name) not in folded))
    return Question(text, lang, mentions, asks, bool(_LIST.search(folded)), added, activity if asks == "other" else None)


def clean(text: str) -> str:
    """Return a question in normal form: NFKC, no control or formatting characters, single spaces.

    Raises:
        UsageError: empty, too long, or not text in French or English.
    """
    if len(text) > MAX_CHARS:
        told = f"the question has {len(text):,} characters; ask in at most {MAX_CHARS:,}"
        raise UsageError(told, "too_long", limit=MAX_CHARS)
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UsageError("the question is not valid UTF-8: send it in UTF-8", "not_utf8")
    normal = unicodedata.normalize("NFKC", text)
    if len(normal) > 2 * MAX_CHARS:
        raise UsageError("the question holds signs that stand for whole words: write it in plain letters", "signs")
    kept = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in normal)
    kept = " ".join("".join(char for char in kept if unicodedata.category(char) != "Cf").split())
    letters = [char for char in kept if char.isalpha()]
    if not letters and not any(char.isdigit() for char in kept):
        told = "the question has no words: ask in French or English, for example « Combien de membres compte CargoM ? »"
        raise UsageError(told, "no_words")
    latin = sum(unicodedata.name(char, "").startswith("LATIN") for char in letters)
    if latin * 2 < len(letters):
        raise UsageError("the question is in another script: ask in French or English", "other_script")
    return kept


def _readable(context: Sequence[str]) -> list[str]:
    """Return the earlier questions that could be read, newest first."""
    turns = []
    for turn in reversed(context[-MAX_CONTEXT:]):
        with suppress(UsageError):
            turns.append(clean(turn))
    return turns


def _without(mentions: Sequence[Mention], text: str) -> str:
    """Return a text without clusters' names: French whatever the question's language, and full of words that ask for things."""
    for mention in reversed(mentions):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    return text


def _language(words: str, earlier: Sequence[str], default: Lang | None) -> Lang:
    """Detect the language; where the words don't tell, that of the conversation, then the default, then the likelier one."""
    guesses = [detect_language(one) for one in (words, *earlier) if any(char.isalpha() for char in one)]
    sure = next((lang for lang, probability in guesses if probability >= SURE), None)
    return sure or default or (guesses[0][0] if guesses and not earlier else "fr")
