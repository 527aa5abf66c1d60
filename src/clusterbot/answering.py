"""(question, hits) -> the sentences that answer, verbatim, with how sure we are; or an abstention with its reason."""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from clusterbot.analysis import analyse, terms_of
from clusterbot.embedding import Embedder
from clusterbot.emphasis import holds
from clusterbot.index.snapshot import Calibration, Snapshot
from clusterbot.index.tokens import OUTSIDE
from clusterbot.ledger import Ledger
from clusterbot.models import EVERYTHING, Citation, Disagreement, Document, Filters, Lang
from clusterbot.questions import Question
from clusterbot.retrieval import Hit, Query, was_said_by
from clusterbot.text import find_numbers, split_sentences

MAX_QUOTES = 3
TOLD = 0.95
"""How sure an answer is that the ledger knows to tell all that is asked: benchmarks/staple_questions.py finds 228 of 228 right, so
that the rule of three (Hanley and Lippman-Hand 1983) bounds the errors of such plain questions by 2 %."""
MAX_TOLD = 2  # quotations, where the ledger knows the sentences that tell what is asked for
READ_HITS = 6  # passages in which the answering sentence is looked for
READ_SENTENCES = 18  # of their sentences, those that are embedded
REMEMBERED_SENTENCES = 20_000
Reason = Literal["not_in_corpus", "nothing_found"]


class SentenceWeights(BaseModel):
    """How a sentence's parts add up to the score by which it is quoted; fitted, see docs/evaluation.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dense: float
    late: float
    matched: float
    passage: float
    kind: float
    other: float
    margin: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer, and its parts: standard score, MaxSim, share of the idf mass, passage score, kind of answer.

    Where there are token vectors, sentences are judged by them; else each gets a vector of its own, and a standard score.
    """

    document: Document
    start: int
    end: int
    dense: float
    late: float
    matched: float
    passage: float
    kind: bool
    is_other: bool
    score: float

    @property
    def text(self) -> str:
        return self.document.text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class Answer:
    """Quotes that answer, best first, and what a reader needs to judge them."""

    question: Question
    confidence: float
    quotes: tuple[Citation, ...]
    hits: tuple[Hit, ...]
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class Abstention:
    """The corpus doesn't say: why, and the nearest leads."""

    question: Question
    confidence: float
    reason: Reason
    hits: tuple[Hit, ...]


class Reader:
    """Finds the sentences that answer in the passages of one snapshot."""

    def __init__(self, snapshot: Snapshot, embedder: Embedder, ledger: Ledger, weights: SentenceWeights) -> None:
        self._snapshot = snapshot
        self._embedder = embedder
        self._ledger = ledger
        self._weights = weights
        self._vectors: OrderedDict[str, NDArray[np.float32]] = OrderedDict()

    @property
    def margin(self) -> float:
        """How far below the best sentence a quote may score."""
        return self._weights.margin

    def answer(
        self,
        question: Question,
        query: Query,
        hits: Sequence[Hit],
        judged: Sequence[Hit],
        shown: int,
        filters: Filters = EVERYTHING,
    ) -> Answer | Abstention:
        """Answer from the hits, or abstain; `shown` is how many passages go with it.

        How sure the answer is comes from the hits `judged`, those of the whole corpus, as it was fitted.
        """
        as_of = filters.as_of
        leads = tuple(hit for hit in hits if was_said_by(hit.passage.document, hit.passage.text, as_of))[:shown]
        sentences = [one for one in self.read(question, query, hits) if was_said_by(one.document, one.text, as_of)]
        if not sentences:
            return Abstention(question, 0.0, "nothing_found", leads)
        calibration = self._snapshot.manifest.calibration.get(question.lang)
        confidence = probability(calibration, evidence(judged)) if calibration else 0.0
        told = self._told(question, filters) if calibration else []
        if told:
            confidence = max(confidence, TOLD)
        elif calibration is None or confidence < calibration.threshold:
            return Abstention(question, confidence, "not_in_corpus", leads)
        chosen = (self._ledger.cite(one.document, one.start, one.end) for one in choose(question, sentences, self.margin))
        near = (self._in_language(quote, question.lang, as_of) for quote in chosen)
        quotes = tuple(self._ledger.with_twin(quote) for quote in told or dict.fromkeys(near))
        return Answer(question, confidence, quotes, leads, self._ledger.disagreements(question.lang, quotes[0]))

    def _told(self, question: Question, filters: Filters) -> list[Citation]:
        """Return the sentences that tell a fact of the ledger, where that is all that is asked of one cluster."""
        about = {*question.cluster_ids, *([filters.cluster_id] if filters.cluster_id else [])}
        if len(about) != 1:
            return []
        told = self._ledger.asked(question.words, question.lang, question.asks, about.pop(), filters.as_of)
        return [one for one in told if was_said_by(one.document, one.text, filters.as_of)][:MAX_TOLD]

    def _in_language(self, quote: Citation, lang: Lang, as_of: str | None) -> Citation:
        """Return a quotation in the asker's language, where the twin of its page tells the same facts; else as it is."""
        twin = None if quote.document.lang == lang else self._ledger.twin(quote, lang)
        return twin if twin is not None and was_said_by(twin.document, twin.text, as_of) else quote

    def read(self, question: Question, query: Query, hits: Sequence[Hit]) -> list[Candidate]:
        """Return the sentences of the best hits, scored, best first, ties by place."""
        found = self._sentences(question, query, hits[:READ_HITS])
        if not len(query.tokens):
            found.sort(key=lambda one: (-one.matched - one.passage, one.document.id, one.start))
            found = self._standardised(found[:READ_SENTENCES], query)
        scored = [replace(one, score=self._score(one)) for one in found]
        return sorted(scored, key=lambda one: (-one.score, one.document.id, one.start))

    def _sentences(self, question: Question, query: Query, hits: Sequence[Hit]) -> list[Candidate]:
        terms = {lang: list(dict.fromkeys(analyse(query.text, lang))) for lang in self._snapshot.languages}
        idf = {lang: index.store.idf(terms[lang]) for lang, index in self._snapshot.languages.items()}
        best = hits[0].score if hits else 0.0
        found: dict[tuple[str, int], Candidate] = {}
        for hit in hits:
            document = hit.passage.document
            lang = document.lang
            late = self._late(hit, query)
            for sentence in split_sentences(hit.passage.text, lang):
                start, end = hit.passage.start + sentence.start, hit.passage.start + sentence.end
                text = document.text[start:end]
                if (document.id, start) in found or sentence.is_heading or not any(char.isalpha() for char in text):
                    continue
                held = terms_of(f"{document.title} {text}", lang)
                mass = float(idf[lang].sum()) or 1.0
                matched = float(sum(weight for term, weight in zip(terms[lang], idf[lang], strict=True) if term in held)) / mass
                other = lang != question.lang
                kind = holds(text, lang, question.asks)
                maxsim = late(sentence.start, sentence.end)
                found[document.id, start] = Candidate(
                    document, start, end, 0.0, maxsim, matched, hit.score - best, kind, other, 0.0
                )
        return list(found.values())

    def _late(self, hit: Hit, query: Query) -> Callable[[int, int], float]:
        """Return MaxSim for ranges of a hit's passage, each read with the passage's title and heading."""
        index = self._snapshot.languages[hit.passage.document.lang]
        if index.tokens is None or not len(query.tokens):
            return lambda start, end: 0.0
        begins = index.tokens.begins(hit.row - index.first_row)
        cosines = index.tokens.similarities(hit.row - index.first_row, query.tokens)

        def maxsim(start: int, end: int) -> float:
            read = cosines[((begins >= start) & (begins < end)) | (begins == OUTSIDE)]
            return float(read.max(axis=0).mean()) if len(read) else 0.0

        return maxsim

    def _standardised(self, found: Sequence[Candidate], query: Query) -> list[Candidate]:
        vectors = self._embed([one.text for one in found])
        cosines = vectors @ query.vector
        dense = [
            self._snapshot.languages[one.document.lang].store.standardise(query.vector, cosines[place : place + 1])[0]
            for place, one in enumerate(found)
        ]
        return [replace(one, dense=float(score)) for one, score in zip(found, dense, strict=True)]

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

    def _score(self, one: Candidate) -> float:
        weights = self._weights
        score = weights.dense * one.dense + weights.late * one.late + weights.matched * one.matched
        return score + weights.passage * one.passage + weights.kind * one.kind + weights.other * one.is_other


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
                chosen[same], one, key=lambda candidate: (not candidate.is_other, candidate.document.published or "")
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


EVIDENCE = ("cosine", "dense", "margin", "matched")
MATCHED_HITS = 3
MARGIN_RANK = 10
MAX_LOG_ODDS = 50.0  # beyond it, a float no longer tells the probability from 0 or 1


def evidence(hits: Sequence[Hit]) -> dict[str, float]:
    """Return what speaks for the corpus holding an answer, by the names in EVIDENCE.

    The highest cosine, the highest standard score, by how much the best document leads the tenth (where many are equally near, none
    is about the question), and the largest share of the asking words that one of the best passages holds.
    """
    scores: dict[str, float] = {}
    for hit in hits:
        scores.setdefault(hit.passage.document.id, hit.score)
    best_documents = list(scores.values())[:MARGIN_RANK]
    return {
        "cosine": max(hit.cosine for hit in hits),
        "dense": max(hit.dense for hit in hits),
        "margin": best_documents[0] - best_documents[-1],
        "matched": max(hit.matched for hit in hits[:MATCHED_HITS]),
    }


def probability(calibration: Calibration, features: dict[str, float]) -> float:
    """Return the calibrated probability that the corpus answers: a logistic function of the features."""
    weighted = zip(calibration.features, calibration.weights, strict=True)
    log_odds = calibration.intercept + sum(weight * features[name] for name, weight in weighted)
    return 1 / (1 + math.exp(-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds))))
