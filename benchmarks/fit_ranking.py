"""Fit the numbers in src/clusterbot/data/ranking.json, and show by cross-validation over sets what they are worth.

    python benchmarks/fit_ranking.py DATASET_DIR... [--write]

Every set counts alike, whatever its size. The project's own tuning questions (tests/evaluation/tuning) always take
part; its test questions (tests/evaluation) never do. Each set is left out once, so that a figure under "left out" is
of a set that the fit never saw.

Two rankings are fitted: "plain", for indexes without token vectors, and "late", for those with them. Fusion weights: the
listwise softmax cross-entropy (Cao et al. 2007, ListNet) between judgements and scores, by L-BFGS. Calibration: a logistic
regression for each language, on the sets of that language which have unanswerable questions. Sentence weights stay as they are:
fit_sentences.py fits them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
import torch

from clusterbot.calibrating import collect as collect_evidence
from clusterbot.calibrating import cross_validate, fit_languages
from clusterbot.datasets import Dataset, TestQuery, read_dataset
from clusterbot.embedding import open_embedder
from clusterbot.engine import Engine
from clusterbot.evaluation import CUT_OFF, Asked, open_dataset
from clusterbot.index.snapshot import Calibration
from clusterbot.models import Lang
from clusterbot.questions import understand
from clusterbot.ranking import Ranking, read_ranking
from clusterbot.retrieval import RERANKED, FusionWeights, candidates, fuse, late_weight, standardise_late
from clusterbot.settings import read_settings

TUNING = Path("tests/evaluation/tuning")
PENALTY = 1e-3
START = FusionWeights(
    lexical=3.0, lexical_top=-2.0, lexical_dense_top=-0.2, lexical_other=-0.5, other=0.0, cluster=0.5, late=0.0, late_other=0.0
)
NAMES = tuple(FusionWeights.model_fields)


Score = Callable[[FusionWeights], Callable[["Pool"], np.ndarray]]


@dataclass(frozen=True)
class Pool:
    """One language's candidates for a query: cosine and standard score, lexical share, MaxSim, other language, named cluster."""

    cosine: np.ndarray
    dense: np.ndarray
    lexical: np.ndarray
    late: np.ndarray
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
        query = engine.retriever.query(question.query, question.lang, question.cluster_ids, question.words)
        pools = []
        for lang, index in engine.snapshot.languages.items():
            found = candidates(index, query, lang)
            documents = [engine.snapshot.passages[row].document for row in found.rows]
            about = np.array([not query.cluster_ids.isdisjoint(document.clusters) for document in documents], dtype=bool)
            late = index.tokens.maxima(found.rows - index.first_row, query.tokens).mean(axis=1)
            ids = [document.id for document in documents]
            pools.append(Pool(found.cosines, found.dense, found.lexical, late, lang != query.lang, about, ids))
        judged.append(Judged(test, pools, dataset.qrels.get(test.id, {})))
    return judged


def ndcg(one: Judged, score: Callable[[Pool], np.ndarray]) -> float:
    """Return nDCG@10 of the documents by their best passages."""
    best: dict[str, float] = {}
    for pool in one.pools:
        for document, value in zip(pool.documents, score(pool), strict=True):
            best[document] = max(best.get(document, -np.inf), float(value))
    return ndcg_of(best, one.relevant)


def ndcg_of(best: dict[str, float], relevant: dict[str, float]) -> float:
    """Return nDCG@10 of documents by their scores (Järvelin and Kekäläinen 2002, linear gain)."""
    ranked = sorted(best, key=lambda document: (-best[document], document))[:CUT_OFF]
    discount = 1 / np.log2(np.arange(2, CUT_OFF + 2))
    gained = sum(relevant.get(document, 0.0) * weight for document, weight in zip(ranked, discount, strict=False))
    ideal = sum(gain * weight for gain, weight in zip(sorted(relevant.values(), reverse=True), discount, strict=False))
    return gained / ideal if ideal else 0.0


def mean_ndcg(judged: Sequence[Judged], score: Callable[[Pool], np.ndarray]) -> float:
    return float(np.mean([ndcg(one, score) for one in judged if one.query.answerable and one.relevant]))


def plain(weights: FusionWeights) -> Callable[[Pool], np.ndarray]:
    return lambda pool: fuse(pool.dense, pool.lexical, pool.is_other, pool.about, weights)


def with_late(weights: FusionWeights) -> Callable[[Pool], np.ndarray]:
    return lambda pool: plain(weights)(pool) + late_weight(pool.is_other, weights) * pool.late


def standardised(judged: Sequence[Judged], weights: FusionWeights) -> list[Judged]:
    """Return the queries with MaxSim as a search has it: standard scores among the candidates that are best by these weights."""
    found = []
    for one in judged:
        scores = np.concatenate([plain(weights)(pool) for pool in one.pools])
        order = np.argsort(-scores)
        late = np.concatenate([pool.late for pool in one.pools])
        standard = np.empty(len(scores))
        standard[order] = standardise_late(late[order[:RERANKED]], len(scores))
        parts = np.split(standard, np.cumsum([len(pool.documents) for pool in one.pools])[:-1])
        pools = [replace(pool, late=part) for pool, part in zip(one.pools, parts, strict=True)]
        found.append(Judged(one.query, pools, one.relevant))
    return found


def tensors(judged: Sequence[Judged]) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return features (queries, candidates, 7), judgements that sum to 1 and a mask of what is padding."""
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
                    pool.late,
                ]
            )
            for pool in one.pools
        ]
        gain = np.array([one.relevant.get(document, 0.0) for pool in one.pools for document in pool.documents])
        if one.query.answerable and gain.sum() > 0:
            rows.append((np.concatenate(feature), gain / gain.sum()))
    width = max(len(gain) for _, gain in rows)
    features, gains, mask = np.zeros((len(rows), width, 7)), np.zeros((len(rows), width)), np.ones((len(rows), width), bool)
    for place, (feature, gain) in enumerate(rows):
        features[place, : len(gain)], gains[place, : len(gain)], mask[place, : len(gain)] = feature, gain, False
    return torch.tensor(features), torch.tensor(gains), torch.tensor(mask)


def fit_fusion(
    sets: Sequence[tuple[torch.Tensor, torch.Tensor, torch.Tensor]], is_late: bool, zeros: Sequence[str] = ()
) -> FusionWeights:
    """Fit the weights and a common scale, which ranking doesn't need and the cross-entropy does; those in `zeros` stay 0."""
    start = torch.tensor([0.0, *(0.0 if name in zeros else getattr(START, name) for name in NAMES)], dtype=torch.double)
    free = torch.tensor([1.0, *(0.0 if name in zeros else 1.0 for name in NAMES)], dtype=torch.double)
    theta = start.clone().requires_grad_()
    optimiser = torch.optim.LBFGS([theta], lr=0.5, max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        scale, lexical, lexical_top, lexical_dense_top, lexical_other, other, cluster, late, late_other = theta
        total = PENALTY * ((theta - start) ** 2).sum()
        for x, gains, mask in sets:
            weight = torch.exp(lexical + lexical_top * x[..., 2] + lexical_dense_top * x[..., 3] + lexical_other * x[..., 4])
            score = x[..., 0] + weight * x[..., 1] + other * x[..., 4] + cluster * x[..., 5]
            if is_late:
                score = score + torch.exp(late + late_other * x[..., 4]) * x[..., 6]
            shares = torch.log_softmax((torch.exp(scale) * score).masked_fill(mask, -1e9), dim=1)
            total = total - (gains * shares).sum(dim=1).mean() / len(sets)
        total.backward()
        theta.grad *= free
        return total

    optimiser.step(loss)
    fitted = {name: round(float(value), 3) for name, value in zip(NAMES, theta.detach()[1:], strict=True)}
    return FusionWeights(**fitted)


def show_fusion(title: str, judged: dict[str, list[Judged]], score: Score, is_late: bool) -> FusionWeights:
    """Fit on all sets and print what each is worth left out."""
    data = {name: tensors(one) for name, one in judged.items()}
    weights = fit_fusion(list(data.values()), is_late)
    print(f"\n| {title} | lexical | dense | left out | all sets |\n| --- | --- | --- | --- | --- |")
    for name, one in judged.items():
        left_out = fit_fusion([tensor for other, tensor in data.items() if other != name], is_late)
        scores = (lambda pool: pool.lexical, lambda pool: pool.dense, score(left_out), score(weights))
        print(f"| {name} | " + " | ".join(f"{mean_ndcg(one, each):.4f}" for each in scores) + " |", flush=True)
    return weights


def show_calibration(asked: dict[str, list[Asked]]) -> dict[Lang, Calibration]:
    """Fit for each language and print what each set is worth left out."""
    names = ("auroc", "f1_unanswerable", "f1_answerable", "ece", "ece_known_share", "ece_of_chance")
    print(f"\n| left out | {' | '.join(names)} |\n| --- |{' --- |' * len(names)}")
    for name, figures in cross_validate(asked).items():
        print(f"| {name} | " + " | ".join(f"{getattr(figures, key):.3f}" for key in names) + " |", flush=True)
    return fit_languages(asked)[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true", help="write data/ranking.json")
    options = parser.parse_args()
    settings, shipped = read_settings(), {name: read_ranking(with_tokens=name == "late") for name in ("plain", "late")}
    embedder = open_embedder(settings.model, settings.cache_dir)
    datasets = [read_dataset(folder) for folder in [*options.datasets, TUNING]]
    engines: dict[str, Engine] = {}
    for dataset in datasets:
        index_dir = (
            settings.cache_dir / "evaluation" / f"{dataset.name}-{dataset.digest[:12]}" if dataset.documents else settings.index_dir
        )
        engines[dataset.name] = open_dataset(dataset, index_dir, embedder, shipped["late"])[0]

    judged = {dataset.name: collect(dataset, engines[dataset.name]) for dataset in datasets}
    fusion = {"plain": show_fusion("plain", judged, plain, is_late=False)}
    compared = {name: standardised(one, fusion["plain"]) for name, one in judged.items()}
    fusion["late"] = show_fusion("late", compared, with_late, is_late=True)

    snapshots = {name: engine.snapshot for name, engine in engines.items()}
    names = ", ".join(dataset.name for dataset in datasets)
    rankings = {}
    for kind in ("plain", "late"):
        engine_ranking = shipped[kind].model_copy(update={"fusion": fusion[kind]})
        asked = {
            dataset.name: collect_evidence(dataset, Engine(snapshots[dataset.name], embedder, engine_ranking), kind == "late")
            for dataset in datasets
            if {test.answerable for test in dataset.queries} == {True, False}
        }
        rankings[kind] = Ranking(
            fusion=fusion[kind],
            sentence=shipped[kind].sentence,
            finding=shipped[kind].finding,
            calibration=show_calibration(asked),
            calibrated_for=f"{embedder.name}@{embedder.revision}",
            fitted=f"benchmarks/fit_ranking.py on {names}, {dt.datetime.now(dt.UTC):%Y-%m-%d}; sentence: "
            + shipped[kind].fitted.partition("; sentence: ")[2],
        )
    text = json.dumps({kind: ranking.model_dump(mode="json") for kind, ranking in rankings.items()}, indent=2)
    print(f"\n{text}")
    if options.write:
        Path(str(resources.files("clusterbot").joinpath("data/ranking.json"))).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
