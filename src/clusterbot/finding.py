"""Which clusters are for an activity: the passages with which the profiles open, compared with the words for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clusterbot.answering import TOLD, Answer, probability
from clusterbot.clusters import Cluster
from clusterbot.index.snapshot import Calibration, Snapshot
from clusterbot.ledger import Ledger
from clusterbot.models import LANGUAGES, Profile
from clusterbot.questions import Question
from clusterbot.quoting import MAX_QUOTES
from clusterbot.retrieval import Hit, Retriever

CANDIDATES = 100


@dataclass(frozen=True, slots=True)
class Found:
    """A cluster that may be meant; `score` is a standard score by tokens and by vectors, added up."""

    cluster_id: str
    score: float


class Finder:
    """Finds clusters by what they are for, in one snapshot."""

    def __init__(
        self, snapshot: Snapshot, clusters: Mapping[str, Cluster], retriever: Retriever, ledger: Ledger, calibration: Calibration
    ) -> None:
        self._clusters = clusters
        self._retriever = retriever
        self._ledger = ledger
        self._calibration = calibration
        numbers = [number for number, one in enumerate(snapshot.documents) if isinstance(one, Profile)]
        self._rows = np.searchsorted(snapshot.passages.owners, numbers).astype(np.int64)
        self._langs = np.array([snapshot.documents[number].lang for number in numbers])

    def answer(self, question: Question, k: int) -> Answer | None:
        """Return how the pages of the clusters sought begin, with the k best passages; None where no cluster is sure enough."""
        if question.sought is None or not len(self._rows):
            return None
        found, hits = self.find(question)
        sure = {one.cluster_id: min(TOLD, probability(self._calibration, {"score": one.score})) for one in found[:MAX_QUOTES]}
        if question.cluster_ids and question.sought in {one.matched for one in question.mentions}:
            sure = dict.fromkeys(question.cluster_ids, TOLD)
        chosen = {key: value for key, value in sure.items() if value >= self._calibration.threshold}
        openings = (self._ledger.opening(self._clusters[key].profile(question.lang)) for key in chosen)
        quotes = tuple(self._ledger.with_twin(one) for one in openings if one is not None)
        return Answer(question, max(chosen.values()), quotes, tuple(hits[:k]), ()) if quotes else None

    def find(self, question: Question) -> tuple[list[Found], list[Hit]]:
        """Return the clusters whose pages open nearest to what is sought, best first, ties by id, and the hits for it."""
        query = self._retriever.query(question.sought or question.text, question.lang)
        hits = self._retriever.search(query, CANDIDATES)
        maxsim = self._retriever.late(self._rows, query) if len(query.tokens) else np.zeros(len(self._rows), np.float32)
        late = dict(zip(self._rows.tolist(), self._standardised(maxsim).tolist(), strict=True))
        best: dict[str, float] = {}
        for hit in hits:
            if hit.row in late and isinstance(hit.passage.document, Profile):
                cluster_id = hit.passage.document.cluster_id
                best[cluster_id] = max(hit.dense + late[hit.row], best.get(cluster_id, -np.inf))
        return [Found(key, best[key]) for key in sorted(best, key=lambda key: (-best[key], key))], hits

    def _standardised(self, late: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return MaxSim as standard scores among the openings of a language; 0 where the index has no token vectors."""
        standard = np.zeros_like(late)
        for lang in LANGUAGES:
            own = self._langs == lang
            deviation = float(late[own].std()) if own.any() else 0.0
            if deviation > 0:
                standard[own] = (late[own] - late[own].mean()) / deviation
        return standard
