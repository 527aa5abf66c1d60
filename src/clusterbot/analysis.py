"""Text -> index terms, for French and English: the analysers of the lexical index, and the language of a question.

Terms of both languages meet where the words are not a matter of language: numbers in one notation, orders of magnitude, per cent.
"""

from __future__ import annotations

import re
import runpy
import unicodedata
from functools import cache, lru_cache
from importlib import metadata

import Stemmer
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from clusterbot.models import LANGUAGES, Lang
from clusterbot.text import find_numbers, fold

REMEMBERED_TEXTS = 8192
REMEMBERED_QUESTIONS = 64  # those being answered: what people ask isn't kept for longer than that takes


def _stop_words() -> dict[Lang, tuple[str, ...]]:
    # The module by itself: its package imports SciPy, a tenth of a second of every start, to score with, which we do ourselves.
    lists = runpy.run_path(str(metadata.distribution("bm25s").locate_file("bm25s/stopwords.py")))
    return {"fr": lists["STOPWORDS_FRENCH"], "en": lists["STOPWORDS_EN_PLUS"]}


_ELISIONS = ("l", "d", "j", "m", "t", "s", "n", "c", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu")
_SHORTENED: dict[Lang, tuple[str, ...]] = {"fr": _ELISIONS, "en": ("s", "t")}
_STOP = {lang: frozenset([*map(fold, words), *_SHORTENED[lang]]) for lang, words in _stop_words().items()}
_STEMMERS = {"fr": Stemmer.Stemmer("french"), "en": Stemmer.Stemmer("english")}
_WORD = re.compile(r"[^\W_]+(?:\.\d+)?")
_JOINED_LETTERS = re.compile(r"\b([a-z])[-&.]([a-z])\b(?!')")  # R-D and R&D are one word
_JOINT = re.compile(r"[-&.](?<=\b[a-z].)[a-z]\b(?!')")  # what joins them: looked for first, since texts hardly ever have any
# What is written in several ways becomes one term. Each pattern begins with a character to which `re` can jump: ten times as fast.
_PER_CENT = re.compile(r"%|p(?<=\bp)(?:our cent|er ?cent)\b"), " percent "
_MILLIONS = re.compile(r"m(?<=\bm)illions?\b"), " 1e6 "
_ONE_TERM: dict[Lang, tuple[tuple[re.Pattern[str], str], ...]] = {
    "fr": (
        _PER_CENT,
        (re.compile(r"(\d)\s*g ?\$"), r"\1 1e9 "),
        (re.compile(r"m(?<=\bm)illiards?\b"), " 1e9 "),
        (re.compile(r"(\d)\s*m ?\$"), r"\1 1e6 "),
        _MILLIONS,
    ),
    "en": (
        _PER_CENT,
        (re.compile(r"(\d)\s*(?:bn?|g)\b"), r"\1 1e9 "),
        (re.compile(r"b(?<=\bb)illions?\b"), " 1e9 "),
        (re.compile(r"(\d)\s*m\b"), r"\1 1e6 "),
        _MILLIONS,
    ),
}


def analyse(text: str, lang: Lang) -> list[str]:
    """Return the index terms of a text in order: folded, elided, stemmed, numbers whole, stop words left out."""
    text = unicodedata.normalize("NFKC", text)
    pieces: list[str] = []
    position = 0
    for number in find_numbers(text, lang):
        pieces += [text[position : number.start], number.value]
        position = number.end
    folded = fold("".join([*pieces, text[position:]]))
    if _JOINT.search(folded):
        folded = _JOINED_LETTERS.sub(r"\1\2", folded)
    for pattern, term in _ONE_TERM[lang]:
        folded = pattern.sub(term, folded)
    words = [word for word in _WORD.findall(folded) if word not in _STOP[lang]]
    return list(_STEMMERS[lang].stemWords(words))


@lru_cache(maxsize=REMEMBERED_QUESTIONS)
def distinct_terms(text: str, lang: Lang) -> tuple[str, ...]:
    """Return a question's index terms, each once, in order; remembered, since the stages of an answer all ask for them."""
    return tuple(dict.fromkeys(analyse(text, lang)))


@lru_cache(maxsize=REMEMBERED_TEXTS)
def terms_of(text: str, lang: Lang) -> frozenset[str]:
    """Return which index terms a sentence holds; remembered, since the same few thousand sentences answer most questions."""
    return frozenset(analyse(text, lang))


@cache
def load_identifier() -> LanguageIdentifier:
    """Return what tells French from English; loaded once, in 0.4 s."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(LANGUAGES))
    return identifier


@cache
def _load_whole_identifier() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def identify_language(text: str) -> str:
    """Return the likeliest of all languages that the identifier knows, as an ISO 639-1 code."""
    return str(_load_whole_identifier().classify(text.casefold())[0])


def detect_language(text: str) -> tuple[Lang, float]:
    """Return the likelier of the two languages and its probability (0.5 says that the text doesn't tell)."""
    lang, probability = load_identifier().classify(text.casefold())
    return lang, float(probability)
