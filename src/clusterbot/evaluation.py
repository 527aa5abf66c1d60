"""Data sets -> figures: rankings (nDCG, recall, MRR), answerability, quotes and speed, each by language.

ir-measures and scikit-learn do the sums; they are loaded when the first set is evaluated (extra `eval`).
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clusterbot.answering import probability
from clusterbot.assistant import recipe
from clusterbot.corpus import Corpus
from clusterbot.datasets import Dataset, TestQuery
from clusterbot.embedding import Embedder
from clusterbot.engine import BY_RULES, SEARCHED, Engine, Weighing
from clusterbot.errors import ClusterbotError, EvaluationError
from clusterbot.index import snapshot
from clusterbot.index.build import BuildReport, build_index
from clusterbot.index.milvus import MilvusServer
from clusterbot.index.snapshot import Calibration
from clusterbot.models import LANGUAGES, Lang, Passage
from clusterbot.questions import understand
from clusterbot.quoting import choose
from clusterbot.ranking import Ranking
from clusterbot.retrieval import Hit, Query
from clusterbot.text import fold

CUT_OFF = 10
RUNS = ("lexical", "dense", "hybrid")
METRICS = {"nDCG": "ndcg@10", "R": "recall@10", "RR": "mrr@10"}
ECE_BINS = 10
BOOTSTRAPS = 2_000
MIN_BOOTSTRAP = 10  # queries; an interval over fewer says nothing
TIMED = 50  # queries of a set that are answered whole, for their time

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """A query of a set with what came of it: rankings of documents by run, its evidence, and its quotes where they were read."""

    query: TestQuery
    rankings: dict[str, dict[str, float]]
    evidence: dict[str, float] | None
    quotes: Quoted | None


@dataclass(frozen=True, slots=True)
class Quoted:
    """Whether the quotes of a query answer it and are verbatim, and how long the whole question took."""

    first_answers: bool
    any_answers: bool
    are_verbatim: bool
    elapsed_ms: float


def open_dataset(
    dataset: Dataset,
    index_dir: Path,
    embedder: Embedder,
    ranking: Ranking,
    progress: Callable[[int, int], None] | None = None,
    milvus: MilvusServer | None = None,
    weighing: Weighing = BY_RULES,
) -> tuple[Engine, BuildReport | None]:
    """Index a set's own documents, always in files, or take the project's live index for a set that has none.

    Raises:
        EvaluationError: what does the sums isn't installed.
    """
    if any(importlib.util.find_spec(name) is None for name in ("ir_measures", "sklearn")):
        raise EvaluationError("evaluation needs ir-measures and scikit-learn: pip install 'clusterbot[eval]'")
    if not dataset.documents:
        return Engine(snapshot.load(index_dir, milvus=milvus), embedder, ranking, weighing), None
    report = build_index(Corpus(dataset.documents), index_dir, embedder, recipe(ranking), progress)
    return Engine(snapshot.load(index_dir), embedder, ranking, weighing), report


def ask_all(dataset: Dataset, engine: Engine, progress: Callable[[int, int], None] | None = None) -> list[Asked]:
    """Ask each query of a set by itself; quotes are read where the set knows the answer, and for the first few for the time."""
    asked = []
    for done, test in enumerate(dataset.queries, start=1):
        asked.append(_ask(test, dataset.qrels.get(test.id, {}), engine, bool(test.answers) or done <= TIMED))
        if progress:
            progress(done, len(dataset.queries))
    return asked


def _ask(test: TestQuery, relevant: dict[str, float], engine: Engine, is_quoted: bool) -> Asked:
    started = time.perf_counter()
    try:
        question = understand(test.text, engine.registry)
    except ClusterbotError as error:
        raise EvaluationError(f"query {test.id}: {error}") from error
    query = engine.retriever.query(question.query, question.lang, question.cluster_ids, question.words)
    hits = engine.retriever.search(query, SEARCHED)
    sentences = engine.reader.read(question, query, hits)
    found = engine.reader.evidence(question, query, hits, sentences) if hits else None
    quoted = None
    if is_quoted:
        chosen = choose(question, sentences, engine.reader.margin)
        elapsed_ms = 1000 * (time.perf_counter() - started)
        answering = [one.document.id in relevant and holds_answer(one.text, test.answers) for one in chosen]
        are_verbatim = all(one.text == one.document.text[one.start : one.end] for one in chosen)
        quoted = Quoted(bool(answering and answering[0]), any(answering), are_verbatim, elapsed_ms)
    return Asked(test, _rankings(hits, query, engine), found, quoted)


def _rankings(hits: Sequence[Hit], query: Query, engine: Engine) -> dict[str, dict[str, float]]:
    lexical, dense = engine.retriever.parts(query)
    hybrid = [(hit.passage, hit.score) for hit in hits]
    return {name: _by_document(scored) for name, scored in zip(RUNS, (lexical, dense, hybrid), strict=True)}


def _by_document(scored: Sequence[tuple[Passage, float]]) -> dict[str, float]:
    """A document counts by its best passage."""
    best: dict[str, float] = {}
    for passage, score in scored:
        best[passage.document.id] = max(score, best.get(passage.document.id, -np.inf))
    return best


def holds_answer(text: str, answers: Sequence[str]) -> bool:
    """Say whether one of the answers stands in a text, whatever the spaces, apostrophes and case."""
    plain = _plain(text)
    return any(_plain(answer) in plain for answer in answers)


def _plain(text: str) -> str:
    return " ".join(fold(text).split())


def measure(dataset: Dataset, asked: Sequence[Asked], calibration: dict[Lang, Calibration], langs: Mapping[str, Lang]) -> Json:
    """Return the figures of a set: those of INTERFACES `eval --json`, and of quotes where the set knows the answers.

    `langs` tells the language of each document, so that pairs of one language and of two are measured apart.
    """
    languages = [lang for lang in LANGUAGES if any(one.query.lang == lang for one in asked)]
    result: Json = {
        "dataset": dataset.name,
        "queries": len(asked),
        "runs": ranking_figures(dataset, asked),
        "by_language": {lang: ranking_figures(dataset, [one for one in asked if one.query.lang == lang]) for lang in languages},
        "intervals": intervals(dataset, asked),
    }
    pairs = {name: ranking_figures(*_of_pair(dataset, asked, langs, name == "same")) for name in ("same", "cross")}
    if pairs["cross"]:
        result["by_pair"] = pairs
    judged = [one for one in asked if one.evidence is not None and one.query.lang in calibration]
    if len({one.query.answerable for one in judged}) == 2:
        result["answerability"] = answerability(judged, calibration)
    quoted = [one for one in asked if one.quotes is not None]
    known = [one for one in quoted if one.query.answerable and one.query.answers]
    if known:
        result["quotes"] = {
            "verbatim": _share(quoted, "are_verbatim"),
            "first": {"all": _share(known, "first_answers")},
            "any": {"all": _share(known, "any_answers")},
        }
        for lang in languages:
            of_language = [one for one in known if one.query.lang == lang]
            result["quotes"]["first"][lang] = _share(of_language, "first_answers")
            result["quotes"]["any"][lang] = _share(of_language, "any_answers")
    if quoted:
        p50, p95 = np.percentile([one.quotes.elapsed_ms for one in quoted if one.quotes], [50, 95])
        result["latency_ms"] = {"p50": float(p50), "p95": float(p95)}
    return result


def _share(asked: Sequence[Asked], field: str) -> float | None:
    return float(np.mean([getattr(one.quotes, field) for one in asked])) if asked else None


def ranking_figures(dataset: Dataset, asked: Sequence[Asked]) -> Json:
    """Return nDCG@10, recall@10 and MRR@10 of each run over the answerable queries; one without results counts as 0."""
    import ir_measures

    judged = {one.query.id: one for one in asked if one.query.answerable and dataset.qrels.get(one.query.id)}
    if not judged:
        return {}
    measures = [ir_measures.parse_measure(f"{name}@{CUT_OFF}") for name in METRICS]
    qrels = {key: {document: int(score) for document, score in dataset.qrels[key].items()} for key in judged}
    figures: Json = {}
    for name in RUNS:
        # Of equal scores, trec_eval takes the later id first; ours takes the earlier, so ranks are handed over as scores.
        run = {key: _ranked(one.rankings[name]) for key, one in judged.items()}
        values = ir_measures.calc_aggregate(measures, qrels, run)
        figures[name] = {METRICS[str(measure).partition("@")[0]]: float(values[measure]) for measure in measures}
    return figures


def _of_pair(dataset: Dataset, asked: Sequence[Asked], langs: Mapping[str, Lang], is_same: bool) -> tuple[Dataset, list[Asked]]:
    """Return a set as if it held, for each query, only the documents in its language or only those in the other."""

    def kept(scores: Mapping[str, float], lang: Lang) -> dict[str, float]:
        return {key: score for key, score in scores.items() if key in langs and (langs[key] == lang) == is_same}

    qrels = {one.query.id: kept(dataset.qrels.get(one.query.id, {}), one.query.lang) for one in asked}
    rankings = [replace(one, rankings={name: kept(run, one.query.lang) for name, run in one.rankings.items()}) for one in asked]
    return replace(dataset, qrels=qrels), rankings


def intervals(dataset: Dataset, asked: Sequence[Asked]) -> Json:
    """Return 95 % confidence intervals of nDCG@10, and of what the hybrid run gains over each other (paired), by bootstrap.

    Percentiles of the mean over 2,000 samples of the queries (Sakai 2006), from a fixed seed.
    """
    import ir_measures

    judged = [one for one in asked if one.query.answerable and dataset.qrels.get(one.query.id)]
    if len(judged) < MIN_BOOTSTRAP:
        return {}
    measure_ = ir_measures.parse_measure(f"nDCG@{CUT_OFF}")
    qrels = {one.query.id: {key: int(score) for key, score in dataset.qrels[one.query.id].items()} for one in judged}
    values = {}
    for name in RUNS:
        run = {one.query.id: _ranked(one.rankings[name]) for one in judged}
        found = {metric.query_id: float(metric.value) for metric in ir_measures.iter_calc([measure_], qrels, run)}
        values[name] = np.array([found.get(one.query.id, 0.0) for one in judged])
    values |= {f"hybrid-{name}": values["hybrid"] - values[name] for name in ("lexical", "dense")}
    samples = np.random.default_rng(0).integers(len(judged), size=(BOOTSTRAPS, len(judged)))
    bounds = {name: np.percentile(each[samples].mean(axis=1), [2.5, 97.5]) for name, each in values.items()}
    return {name: {"ndcg@10": [float(low), float(high)]} for name, (low, high) in bounds.items()}


def _ranked(scores: dict[str, float]) -> dict[str, float]:
    ordered = sorted(scores, key=lambda document: (-scores[document], document))
    return {document: -float(rank) for rank, document in enumerate(ordered)}


def answerability(asked: Sequence[Asked], calibration: dict[Lang, Calibration]) -> Json:
    """Return how well the calibrated probability tells answerable questions from others."""
    from sklearn.metrics import average_precision_score, f1_score, roc_auc_score

    truth = np.array([one.query.answerable for one in asked])
    chance = np.array([probability(calibration[one.query.lang], one.evidence or {}) for one in asked])
    given = chance >= np.array([calibration[one.query.lang].threshold for one in asked])
    return {
        "auroc": float(roc_auc_score(truth, chance)),
        "average_precision": float(average_precision_score(truth, chance)),
        "f1_answerable": float(f1_score(truth, given)),
        "f1_unanswerable": float(f1_score(~truth, ~given)),
        "ece": expected_calibration_error(truth, chance),
        "risk_coverage": risk_coverage(truth, chance),
        "reliability": reliability(truth, chance),
    }


def risk_coverage(truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> list[list[float]]:
    """Return [coverage, risk] by tenths: of the surest share of questions, how many the corpus doesn't answer.

    After El-Yaniv and Wiener (2010).
    """
    order = np.argsort(-chance, kind="stable")
    counts = [max(1, round(len(order) * tenth / 10)) for tenth in range(1, 11)]
    return [[count / len(order), float((~truth[order[:count]]).mean())] for count in counts]


def reliability(truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> list[list[float]]:
    """Return [mean probability, share that can be answered, questions] of each of ten bins of equal width that holds any."""
    bins = np.minimum((chance * ECE_BINS).astype(int), ECE_BINS - 1)
    held = [bins == one for one in np.unique(bins)]
    return [[float(chance[one].mean()), float(truth[one].mean()), float(one.sum())] for one in held]


def expected_calibration_error(truth: NDArray[np.bool_], chance: NDArray[np.float64]) -> float:
    """Return the mean gap between probability and share of truth over ten bins of equal width (Naeini et al. 2015)."""
    return sum(abs(share - mean) * count for mean, share, count in reliability(truth, chance)) / len(truth)
