"""Fit the numbers in src/clusterbot/data/ranking.json, and show by cross-validation over sets what they are worth.

    python benchmarks/fit_ranking.py DATASET_DIR... [--write]

Every set counts alike, whatever its size. The project's own tuning questions (tests/evaluation/tuning) always take
part; its test questions (tests/evaluation) never do. Each set is left out once, so that a figure under "left out" is
of a set that the fit never saw.

Fusion: the listwise softmax cross-entropy (Cao et al. 2007, ListNet) between judgements and fused scores of the
candidates, by L-BFGS. Calibration: a logistic regression for each language, on the sets of that language which have
unanswerable questions.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from clusterbot.analysis import analyse
from clusterbot.answering import EVIDENCE, evidence
from clusterbot.assistant import SEARCHED, Engine
from clusterbot.datasets import Dataset, TestQuery, read_dataset
from clusterbot.embedding import open_embedder
from clusterbot.evaluation import CUT_OFF, Asked, answerability, fit_calibration, open_dataset
from clusterbot.models import LANGUAGES
from clusterbot.questions import understand
from clusterbot.ranking import Ranking, read_ranking
from clusterbot.retrieval import FusionWeights, candidates, fuse
from clusterbot.settings import read_settings

TUNING = Path("tests/evaluation/tuning")
PENALTY = 1e-3
START = FusionWeights(lexical=3.0, lexical_top=-2.0, lexical_dense_top=-0.2, lexical_other=-0.5, other=0.0, cluster=0.5)
NAMES = tuple(FusionWeights.model_fields)


@dataclass(frozen=True)
class Pool:
    """One language's candidates for a query: standard score, lexical share, other language, named cluster; and their documents."""

    dense: np.ndarray
    lexical: np.ndarray
    is_other: bool
    about: np.ndarray
    documents: list[str]


@dataclass(frozen=True)
class Judged:
    """A query with its candidates and judgements."""

    query: TestQuery
    pools: list[Pool]
    relevant: dict[str, float]


def collect(dataset: Dataset, engine: Engine) -> list[Judged]:
    """Return each query's candidates in both languages."""
    judged = []
    for test in dataset.queries:
        question = understand(test.text, engine.registry)
        query = engine.retriever.query(question.query, question.lang, question.cluster_ids)
        pools = []
        for lang, index in engine.snapshot.languages.items():
            found = candidates(index, query, analyse(query.text, lang))
            documents = [engine.snapshot.passages[row].document for row in found.rows]
            about = np.array([not query.cluster_ids.isdisjoint(document.clusters) for document in documents], dtype=bool)
            pools.append(Pool(found.dense, found.lexical, lang != query.lang, about, [document.id for document in documents]))
        judged.append(Judged(test, pools, dataset.qrels.get(test.id, {})))
    return judged


def ndcg(one: Judged, score: Callable[[Pool], np.ndarray]) -> float:
    """Return nDCG@10 of the documents by their best passages (Järvelin and Kekäläinen 2002, linear gain)."""
    best: dict[str, float] = {}
    for pool in one.pools:
        for document, value in zip(pool.documents, score(pool), strict=True):
            best[document] = max(best.get(document, -np.inf), float(value))
    ranked = sorted(best, key=lambda document: (-best[document], document))[:CUT_OFF]
    discount = 1 / np.log2(np.arange(2, CUT_OFF + 2))
    gained = sum(one.relevant.get(document, 0.0) * weight for document, weight in zip(ranked, discount, strict=False))
    ideal = sum(gain * weight for gain, weight in zip(sorted(one.relevant.values(), reverse=True), discount, strict=False))
    return gained / ideal if ideal else 0.0


def mean_ndcg(judged: Sequence[Judged], score: Callable[[Pool], np.ndarray]) -> float:
    return float(np.mean([ndcg(one, score) for one in judged if one.query.answerable and one.relevant]))


def by(weights: FusionWeights) -> Callable[[Pool], np.ndarray]:
    return lambda pool: fuse(pool.dense, pool.lexical, pool.is_other, pool.about, weights)


def tensors(judged: Sequence[Judged]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return features (queries, candidates, 6), judgements that sum to 1 and a mask of what is padding."""
    rows = []
    for one in judged:
        feature = [
            np.column_stack(
                [
                    pool.dense,
                    pool.lexical,
                    np.full(len(pool.documents), pool.lexical.max(initial=0.0)),
                    np.full(len(pool.documents), pool.dense.max(initial=0.0)),
                    np.full(len(pool.documents), float(pool.is_other)),
                    pool.about,
                ]
            )
            for pool in one.pools
        ]
        gain = np.array([one.relevant.get(document, 0.0) for pool in one.pools for document in pool.documents])
        if one.query.answerable and gain.sum() > 0:
            rows.append((np.concatenate(feature), gain / gain.sum()))
    width = max(len(gain) for _, gain in rows)
    features, gains, mask = np.zeros((len(rows), width, 6)), np.zeros((len(rows), width)), np.ones((len(rows), width), bool)
    for place, (feature, gain) in enumerate(rows):
        features[place, : len(gain)], gains[place, : len(gain)], mask[place, : len(gain)] = feature, gain, False
    return torch.tensor(features), torch.tensor(gains), torch.tensor(mask)


def fit_fusion(sets: Sequence[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]) -> FusionWeights:
    """Fit the weights and a common scale, which ranking doesn't need and the cross-entropy does."""
    start = torch.tensor([0.0, *(getattr(START, name) for name in NAMES)], dtype=torch.double)
    theta = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([theta], lr=0.5, max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scale, lexical, lexical_top, lexical_dense_top, lexical_other, other, cluster = theta
        total = PENALTY * ((theta - start) ** 2).sum()
        for x, gains, mask in sets:
            weight = torch.exp(lexical + lexical_top * x[..., 2] + lexical_dense_top * x[..., 3] + lexical_other * x[..., 4])
            score = torch.exp(scale) * (x[..., 0] + weight * x[..., 1] + other * x[..., 4] + cluster * x[..., 5])
            shares = torch.log_softmax(score.masked_fill(mask, -1e9), dim=1)
            total = total - (gains * shares).sum(dim=1).mean() / len(sets)
        total.backward()
        return total

    optimiser.step(loss)
    fitted = {name: round(float(value), 3) for name, value in zip(NAMES, theta.detach()[1:], strict=True)}
    return FusionWeights(**fitted)


def evidence_of(dataset: Dataset, engine: Engine) -> list[Asked]:
    """Return each query's evidence, without rankings and quotes."""
    asked = []
    for test in dataset.queries:
        question = understand(test.text, engine.registry)
        query = engine.retriever.query(question.query, question.lang, question.cluster_ids)
        hits = engine.retriever.search(query, SEARCHED)
        asked.append(Asked(test, {}, evidence(hits), None))
    return asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true", help="write data/ranking.json")
    options = parser.parse_args()
    settings, ranking = read_settings(), read_ranking()
    embedder = open_embedder(settings.model, settings.cache_dir, use_compiled=settings.compiled)
    datasets = [read_dataset(folder) for folder in [*options.datasets, TUNING]]
    engines: dict[str, Engine] = {}
    for dataset in datasets:
        index_dir = (
            settings.cache_dir / "evaluation" / f"{dataset.name}-{dataset.digest[:12]}" if dataset.documents else settings.index_dir
        )
        engines[dataset.name] = open_dataset(dataset, index_dir, embedder, ranking)[0]

    judged = {dataset.name: collect(dataset, engines[dataset.name]) for dataset in datasets}
    data = {name: tensors(one) for name, one in judged.items()}
    weights = fit_fusion(list(data.values()))
    print("| set | lexical | dense | left out | all sets |\n| --- | --- | --- | --- | --- |")
    for name, one in judged.items():
        left_out = fit_fusion([tensor for other, tensor in data.items() if other != name])
        figures = [
            mean_ndcg(one, score) for score in (lambda pool: pool.lexical, lambda pool: pool.dense, by(left_out), by(weights))
        ]
        print(f"| {name} | " + " | ".join(f"{figure:.4f}" for figure in figures) + " |", flush=True)

    fitted = ranking.model_copy(update={"fusion": weights})
    asked = {
        dataset.name: evidence_of(dataset, Engine(engines[dataset.name].snapshot, embedder, fitted))
        for dataset in datasets
        if {test.answerable for test in dataset.queries} == {True, False}
    }
    print("\n| left out | AUROC | F1 unanswerable | F1 answerable | ECE |\n| --- | --- | --- | --- | --- |")
    for name, held in asked.items():
        calibration = fit_calibration([one for one in asked.items() if one[0] != name], EVIDENCE)
        figures = answerability(held, dict.fromkeys(LANGUAGES, calibration))
        told = [f"{figures[key]:.3f}" for key in ("auroc", "f1_unanswerable", "f1_answerable", "ece")]
        print(f"| {name} | " + " | ".join(told) + " |")

    calibrations = {
        lang: fit_calibration([(name, [one for one in held if one.query.lang == lang]) for name, held in asked.items()], EVIDENCE)
        for lang in LANGUAGES
    }
    names = ", ".join(dataset.name for dataset in datasets)
    result = Ranking(
        fusion=weights,
        sentence=ranking.sentence,
        calibration=calibrations,
        calibrated_for=f"{embedder.name}@{embedder.revision}",
        fitted=f"benchmarks/fit_ranking.py on {names}, {dt.datetime.now(dt.UTC):%Y-%m-%d}",
    )
    text = json.dumps(result.model_dump(mode="json"), indent=2)
    print(f"\n{text}")
    if options.write:
        Path(str(resources.files("clusterbot").joinpath("data/ranking.json"))).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
