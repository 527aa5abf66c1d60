"""(question, hits) -> the sentences that answer, verbatim, with how sure we are; or an abstention with its reason."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from clusterbot.embedding import Embedder
from clusterbot.index.snapshot import Calibration, Snapshot
from clusterbot.ledger import Ledger
from clusterbot.models import EVERYTHING, Citation, Disagreement, Filters, Lang
from clusterbot.pair_reader import LABELS, PairReader
from clusterbot.questions import Question
from clusterbot.quoting import Candidate, SentenceReader, SentenceWeights, choose
from clusterbot.retrieval import Hit, Query, was_said_by

TOLD = 0.95
"""How sure an answer is that the ledger knows to tell all that is asked: benchmarks/staple_questions.py finds 228 of 228 right, so
that the rule of three (Hanley and Lippman-Hand 1983) bounds the errors of such plain questions by 2 %."""
MAX_TOLD = 2  # quotations, where the ledger knows the sentences that tell what is asked for
Reason = Literal["not_in_corpus", "nothing_found"]


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

    def __init__(
        self, snapshot: Snapshot, embedder: Embedder, ledger: Ledger, weights: SentenceWeights, pairs: PairReader | None = None
    ) -> None:
        """Read with an embedder and fitted weights; `pairs` reads questions and sentences together, where the model has one."""
        self._snapshot = snapshot
        self._pairs = pairs
        self._ledger = ledger
        self._sentences = SentenceReader(snapshot, embedder, weights)
        self.margin = weights.margin
        self._weight = weights.answered

    def warm(self) -> None:
        """Read beforehand what is otherwise read at the first questions."""
        self._ledger.warm()
        self._sentences.warm()

    def read(self, question: Question, query: Query, hits: Sequence[Hit]) -> list[Candidate]:
        """Return the sentences of the best hits, scored, best first; the first few are read together with the question for that."""
        found = self._sentences.read(question, query, hits)
        pairs, best = self._pairs_for(query), found[:READ_TOGETHER]
        codes = [self._sentences.codes(one) for one in best] if pairs else []
        if pairs is None or not best or not all(map(len, codes)):
            return found
        scores = pairs.read(query.tokens, codes)
        odds = (scores[:, LABELS.index("answered")] - scores[:, LABELS.index("unanswered")]).tolist()
        order = sorted(range(len(best)), key=lambda place: -(best[place].score + self._weight * odds[place]))
        return [*(replace(best[place], answered=odds[place]) for place in order), *found[READ_TOGETHER:]]

    def _pairs_for(self, query: Query) -> PairReader | None:
        return self._pairs if len(query.tokens) else None

    def evidence(
        self, question: Question, query: Query, hits: Sequence[Hit], sentences: Sequence[Candidate] | None = None
    ) -> dict[str, float]:
        """Return what speaks for the corpus holding an answer, by the names in EVIDENCE; `sentences` if the hits' are read already.

        The highest cosine, the highest standard score, by how much the best document leads the tenth (where many are equally near,
        none is about the question), the largest share of the asking words that one of the best passages holds, and the highest log
        odds that one of the best sentences answers: 0 where nothing reads them.
        """
        if sentences is None:  # without what reads them together, they would be read for nothing
            sentences = self.read(question, query, hits) if self._pairs_for(query) else ()
        scores: dict[str, float] = {}
        for hit in hits:
            scores.setdefault(hit.passage.document.id, hit.score)
        best_documents = list(scores.values())[:MARGIN_RANK]
        return {
            "cosine": max(hit.cosine for hit in hits),
            "dense": max(hit.dense for hit in hits),
            "margin": best_documents[0] - best_documents[-1],
            "matched": max(hit.matched for hit in hits[:MATCHED_HITS]),
            "answered": max((one.answered for one in sentences if one.answered is not None), default=0.0),
        }

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
        leads = tuple(islice((hit for hit in hits if was_said_by(hit.passage.document, hit.passage.text, as_of)), shown))
        read = self.read(question, query, hits)
        sentences = [one for one in read if was_said_by(one.document, one.text, as_of)]
        if not sentences:
            return Abstention(question, 0.0, "nothing_found", leads)
        calibration = self._snapshot.manifest.calibration.get(question.lang)
        found = self.evidence(question, query, judged, read if judged is hits else None) if calibration else {}
        confidence = probability(calibration, found) if calibration else 0.0
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
        """Return the sentences that tell a fact of the ledger or the website, where that is all that is asked of one cluster."""
        about = {*question.cluster_ids, *([filters.cluster_id] if filters.cluster_id else [])}
        if len(about) != 1:
            return []
        cluster_id = about.pop()
        told = self._ledger.asked(question.words, question.lang, question.asks, cluster_id, filters.as_of)
        told = told or self._ledger.reaching(question.words, question.lang, cluster_id)[:1]
        return [one for one in told if was_said_by(one.document, one.text, filters.as_of)][:MAX_TOLD]

    def _in_language(self, quote: Citation, lang: Lang, as_of: str | None) -> Citation:
        """Return a quotation in the asker's language, where the twin of its page tells the same facts; else as it is."""
        twin = None if quote.document.lang == lang else self._ledger.twin(quote, lang)
        return twin if twin is not None and was_said_by(twin.document, twin.text, as_of) else quote


EVIDENCE = ("cosine", "dense", "margin", "matched", "answered")
MATCHED_HITS = 3
MARGIN_RANK = 10
READ_TOGETHER = 3  # sentences that are read beside the question
MAX_LOG_ODDS = 50.0  # beyond it, a float no longer tells the probability from 0 or 1


def probability(calibration: Calibration, features: dict[str, float]) -> float:
    """Return the calibrated probability that the corpus answers: a logistic function of the features."""
    weighted = zip(calibration.features, calibration.weights, strict=True)
    log_odds = calibration.intercept + sum(weight * features[name] for name, weight in weighted)
    return 1 / (1 + math.exp(-max(-MAX_LOG_ODDS, min(MAX_LOG_ODDS, log_odds))))
