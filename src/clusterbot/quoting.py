"""Hits -> their sentences, scored by how likely each answers; and the few of them that are quoted."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from operator import attrgetter, mul

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from clusterbot.analysis import REMEMBERED_TEXTS, distinct_terms, terms_of
from clusterbot.embedding import Embedder
from clusterbot.emphasis import holds
from clusterbot.index.snapshot import LanguageIndex, Snapshot
from clusterbot.index.tokens import OUTSIDE
from clusterbot.models import Document, Lang, Passage, Span
from clusterbot.passages import quotable
from clusterbot.questions import Question
from clusterbot.retrieval import Hit, Query
from clusterbot.text import find_numbers
from clusterbot.wording import asked_words, read_meanings, told_share

MAX_QUOTES = 3
READ_HITS = 6  # passages in which the answering sentence is looked for
READ_SENTENCES = 18  # of their sentences, those that are embedded where the index holds no vectors of sentences
REMEMBERED_SENTENCES = 20_000


class SentenceWeights(BaseModel):
    """How a sentence's parts add up to the score by which it is quoted: the weights of `Parts`, fitted, see docs/evaluation.md.

    `margin` is how far below the best sentence a further quote may score; `answered` weighs the log odds of those read together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense: float
    late: float
    content: float
    matched: float
    told: float
    passage: float
    kind: float
    opening: float
    other: float
    margin: float
    answered: float


@dataclass(frozen=True, slots=True)
class Parts:
    """What speaks for a sentence.

    `dense`: the standard score of its cosine with the question. `late`: MaxSim of its tokens and those of its title and heading
    with the question's. `content`: MaxSim of its own tokens alone, with those of the question that are no stop words and name no
    cluster. `matched`: the share of the question's idf mass in title and sentence. `told`: the share of its words, names of
    clusters aside, that the sentence tells in these words or in others. `passage`: its passage's score less the best one's.
    `kind`: 1 if it holds the kind of thing that is asked for. `opening`: 1 if the question asks what something is, and the sentence
    begins its page. `other`: 1 if it isn't in the question's language.
    """

    dense: float = 0.0
    late: float = 0.0
    content: float = 0.0
    matched: float = 0.0
    told: float = 0.0
    passage: float = 0.0
    kind: float = 0.0
    opening: float = 0.0
    other: float = 0.0

    def score(self, weights: SentenceWeights) -> float:
        """Return the weighted sum."""
        return float(sum(map(mul, _values(weights), _values(self))))


PARTS = tuple(field.name for field in fields(Parts))
_values = attrgetter(*PARTS)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer: what speaks for it, cosine with the question, passage's row, log odds of answering."""

    document: Document
    start: int
    end: int
    parts: Parts = Parts()
    score: float = 0.0
    cosine: float | None = None
    row: int | None = None
    answered: float | None = None

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]


class SentenceReader:
    """Finds the sentences that may answer in the passages of one snapshot."""

    def __init__(self, snapshot: Snapshot, embedder: Embedder, weights: SentenceWeights) -> None:
        self._snapshot = snapshot
        self._embedder = embedder
        self._weights = weights
        self._meanings = read_meanings()
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    def warm(self) -> None:
        """Read the terms of as many sentences as are remembered, which is otherwise done for each when it is first read."""
        passages = enumerate(self._snapshot.passages)
        sentences = ((passage.document, span) for row, passage in passages for span in self._spans(row, passage))
        for document, span in islice(sentences, REMEMBERED_TEXTS):
            terms_of(document.text[span.start : span.end], document.lang)

    def read(self, question: Question, query: Query, hits: Sequence[Hit]) -> list[Candidate]:
        """Return the sentences of the best hits, scored, best first, ties by place."""
        found = self._sentences(question, query, hits[:READ_HITS])
        if not len(query.tokens):
            found.sort(key=lambda one: (-one.parts.matched - one.parts.passage, one.document.id, one.start))
            found = self._standardised(found[:READ_SENTENCES], query)
        return sorted(found, key=lambda one: (-one.score, one.document.id, one.start))

    def codes(self, sentence: Candidate) -> NDArray[np.int8]:
        """Return the codes of a sentence's tokens (t, r); none where the index holds none."""
        index = self._snapshot.languages[sentence.document.lang]
        if index.tokens is None or sentence.row is None:
            return np.empty((0, 0), np.int8)
        before = self._snapshot.passages[sentence.row].start
        return index.tokens.codes(sentence.row - index.first_row, sentence.start - before, sentence.end - before)

    def _sentences(self, question: Question, query: Query, hits: Sequence[Hit]) -> list[Candidate]:
        """Return the sentences of hits with all their parts, but for `dense` where the index holds no vectors of sentences."""
        indexes = self._snapshot.languages
        asked = asked_words(question.words, question.lang, indexes[question.lang].store.idf, self._meanings)
        matched = {lang: _matched(query.text, lang, index) for lang, index in indexes.items()}
        spans = [self._spans(hit.row, hit.passage) for hit in hits]
        late = self._late(hits, spans, query, telling(question, query))
        asks_what_it_is = question.asks_what_it_is
        found: dict[tuple[str, int], Candidate] = {}
        for hit, own, compared in zip(hits, spans, late, strict=True):
            document, lang = hit.passage.document, hit.passage.document.lang
            is_opening = asks_what_it_is and _opens(hit.passage)
            in_title = terms_of(document.title, lang)
            for span, (maxsim, content), (cosine, dense) in zip(own, compared, self._dense(hit, own, query), strict=True):
                if (document.id, span.start) in found:
                    continue
                text = document.text[span.start : span.end]
                held = terms_of(text, lang)
                parts = Parts(
                    dense=dense,
                    late=maxsim,
                    content=content,
                    matched=matched[lang](in_title | held),
                    told=told_share(asked, held, lang),
                    passage=hit.score - hits[0].score,
                    kind=holds(text, lang, question.asks),
                    opening=is_opening,
                    other=lang != question.lang,
                )
                score = parts.score(self._weights)
                found[document.id, span.start] = Candidate(document, span.start, span.end, parts, score, cosine, hit.row)
        return list(found.values())

    def _spans(self, row: int, passage: Passage) -> list[Span]:
        """Return the sentences of a passage that can be quoted."""
        index = self._snapshot.languages[passage.document.lang]
        if index.sentences is None:
            return quotable(passage)
        return [Span(*span) for span in (index.sentences.spans(row - index.first_row) + passage.start).tolist()]

    def _late(
        self, hits: Sequence[Hit], spans: Sequence[Sequence[Span]], query: Query, tells: NDArray[np.bool_]
    ) -> list[list[tuple[float, float]]]:
        """Return `late` and `content` of each hit's sentences: 0 where the index holds no token vectors."""
        found = [[(0.0, 0.0)] * len(own) for own in spans]
        for lang, index in self._snapshot.languages.items():
            places = [place for place, hit in enumerate(hits) if hit.passage.document.lang == lang]
            if index.tokens is None or not places or not len(query.tokens):
                continue
            rows = np.array([hits[place].row for place in places]) - index.first_row
            ranges = [_ranges(hits[place].passage, spans[place]) for place in places]
            highest = index.tokens.within(rows, ranges, query.tokens)
            sizes = [len(one) for one in ranges]
            around = np.repeat(highest[np.cumsum(sizes) - sizes], sizes, axis=0)
            content = highest[:, tells].mean(axis=1) if tells.any() else np.zeros(len(highest))
            pairs = zip(np.maximum(highest, around).mean(axis=1).tolist(), content.tolist(), strict=True)
            for place, size in zip(places, sizes, strict=True):
                found[place] = list(islice(pairs, size))[1:]
        return found

    def _dense(self, hit: Hit, spans: Sequence[Span], query: Query) -> list[tuple[float | None, float]]:
        """Return the cosines of a hit's sentences and their standard scores: None and 0 where the index holds no such vectors."""
        lang = hit.passage.document.lang
        index = self._snapshot.languages[lang]
        if index.sentences is None:
            return [(None, 0.0)] * len(spans)
        cosines = index.sentences.vectors(hit.row - index.first_row) @ query.vector
        return list(zip(cosines.tolist(), query.spreads[lang].standardise(cosines).tolist(), strict=True))

    def _standardised(self, found: Sequence[Candidate], query: Query) -> list[Candidate]:
        """Return sentences with their standard scores, by vectors made for them."""
        cosines = self._embed([one.text for one in found]) @ query.vector
        dense = [float(query.spreads[one.document.lang].standardise(cosine)) for one, cosine in zip(found, cosines, strict=True)]
        parts = [replace(one.parts, dense=score) for one, score in zip(found, dense, strict=True)]
        return [replace(one, parts=each, score=each.score(self._weights)) for one, each in zip(found, parts, strict=True)]

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of sentences, remembering them: the same few answer most questions."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._vectors]
        for text, vector in zip(missing, self._embedder.embed_passages(missing), strict=True):
            self._vectors[text] = vector
        for text in texts:
            self._vectors.move_to_end(text)
        vectors = np.array([self._vectors[text] for text in texts], np.float32).reshape(len(texts), self._embedder.dimension)
        while len(self._vectors) > REMEMBERED_SENTENCES:
            self._vectors.popitem(last=False)
        return vectors


def _matched(asked: str, lang: Lang, index: LanguageIndex) -> Callable[[frozenset[str]], float]:
    """Return what gives the share of a question's idf mass that terms of a language make up."""
    terms = distinct_terms(asked, lang)
    idf = index.store.idf(terms)
    mass = float(idf.sum()) or 1.0
    weighted: list[tuple[str, float]] = list(zip(terms, idf.tolist(), strict=True))

    def share(held: frozenset[str]) -> float:
        return sum(weight for term, weight in weighted if term in held) / mass

    return share


def _ranges(passage: Passage, spans: Sequence[Span]) -> NDArray[np.int64]:
    """Return where tokens begin: those of a passage's title and heading, then those of each of its sentences: int64 (1 + s, 2)."""
    return np.array([(OUTSIDE, 0), *((span.start - passage.start, span.end - passage.start) for span in spans)])


def _opens(passage: Passage) -> bool:
    """Say whether a passage begins its document: nothing before it but its own heading."""
    return passage.document.text[: passage.start].strip("# \n") in ("", passage.heading)


def telling(question: Question, query: Query) -> NDArray[np.bool_]:
    """Say which tokens of a query are of words that narrow the question: no stop words, no names of clusters: bool (m,)."""
    wanted = np.zeros(len(query.text) + 1, bool)
    for word in _QUERY_WORD.finditer(question.text):
        wanted[word.start() : word.end()] = bool(terms_of(word.group(), question.lang))
    for mention in question.mentions:
        if question.text[mention.start : mention.end] == mention.matched:  # not a name of an earlier turn
            wanted[mention.start : mention.end] = False
    return wanted[query.begins]


_QUERY_WORD = re.compile(r"[\w$%-]+")
_NAME = re.compile(r"(?<=\s)(?:[dl][’'])?([A-ZÀ-Ý][\w’'-]+)")  # a capital that doesn't begin the sentence


def choose(question: Question, sentences: Sequence[Candidate], margin: float) -> list[Candidate]:
    """Pick the quotes: the best sentence, then those nearly as good that say something else.

    Of sentences that say the same, the one in the question's language, then the newest, is kept. Sentences
    with other figures do not say the same, so that an older value is never hidden. For a list, quotes come from several documents.
    """
    chosen: list[Candidate] = []
    for one in sentences:
        if chosen and one.score < chosen[0].score - margin * (2 if question.is_list else 1):
            break
        same = next((place for place, other in enumerate(chosen) if say_the_same(one, other)), None)
        if same is not None:
            chosen[same] = max(
                chosen[same], one, key=lambda candidate: (not candidate.parts.other, candidate.document.published or "")
            )
        elif question.is_list and any(one.document.id == other.document.id for other in chosen) and len(chosen) == MAX_QUOTES - 1:
            continue
        elif len(chosen) < MAX_QUOTES:
            chosen.append(one)
    return chosen


def say_the_same(one: Candidate, other: Candidate) -> bool:
    """Say whether two sentences make the same statement: the same figures, no differing names, and mostly the same words.

    Sentences in two languages share few words: of the same cluster and with the same figures, they count as twins.
    """
    figures = [{number.value for number in find_numbers(each.text, each.document.lang)} for each in (one, other)]
    if figures[0] != figures[1]:
        return False
    if one.document.lang != other.document.lang:
        return bool(figures[0]) and not set(one.document.clusters).isdisjoint(other.document.clusters)
    names = [set(_NAME.findall(each.text)) for each in (one, other)]
    if not (names[0] <= names[1] or names[1] <= names[0]):
        return False
    words = [terms_of(each.text, each.document.lang) for each in (one, other)]
    return len(words[0] & words[1]) >= 0.5 * len(words[0] | words[1])
