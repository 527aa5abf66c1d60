"""Fit how sure the finder of clusters is: `finding` in src/clusterbot/data/ranking.json.

    python benchmarks/fit_finding.py [DATASET_DIR] [--write]

A set's questions each seek a cluster for an activity; its judgements name the profiles that are right, and a question without any
seeks what isn't there. A logistic regression on the first three clusters of each question, judged in ten folds that keep a
question's three together; both rankings are fitted, with token vectors and without. tests/evaluation/blind_which
is for judging only.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict

from clusterbot.answering import probability
from clusterbot.datasets import Dataset, read_dataset
from clusterbot.embedding import Embedder, open_embedder
from clusterbot.engine import Engine
from clusterbot.evaluation import open_dataset
from clusterbot.index.snapshot import Calibration
from clusterbot.questions import understand
from clusterbot.quoting import MAX_QUOTES
from clusterbot.ranking import read_ranking
from clusterbot.settings import read_settings


class WithoutTokens:
    """An embedder whose queries have no token vectors, for an index that has them."""

    def __init__(self, embedder: Embedder) -> None:
        self.name, self.revision = embedder.name, embedder.revision
        self.dimension, self.fingerprint = embedder.dimension, embedder.fingerprint
        self.embed_queries, self.embed_passages = embedder.embed_queries, embedder.embed_passages


Found = tuple[np.ndarray, np.ndarray, np.ndarray]


def collect(dataset: Dataset, engine: Engine) -> tuple[Found, list[str]]:
    """Return scores, truth and question number of the first three clusters of each question; and what wasn't seen to seek one."""
    rows, missed = [], []
    for number, test in enumerate(dataset.queries):
        question = understand(test.text, engine.registry)
        if question.sought is None:
            missed.append(test.text)
            question = replace(question, sought=test.text)
        right = {id_.rpartition(".")[0] for id_ in dataset.qrels.get(test.id, {})}
        rows += [(one.score, one.cluster_id in right, number) for one in engine.finder.find(question)[0][:MAX_QUOTES]]
    scores, truth, numbers = (np.array(column) for column in zip(*rows, strict=True))
    return (scores, truth, numbers), missed


def show(title: str, dataset: Dataset, found: Found, chance: np.ndarray) -> None:
    """Print what probabilities are worth: at 0.5, unless the calibration says otherwise."""
    _, truth, numbers = found
    first = np.r_[True, np.diff(numbers) != 0]
    shown = chance >= 0.5
    answerable = np.array([test.answerable for test in dataset.queries])
    for lang in ("fr", "en", None):
        own = np.array([lang in (None, test.lang) for test in dataset.queries])
        right_first = {int(n) for n in numbers[first & shown & truth]}
        shown_at_all = {int(n) for n in numbers[shown]}
        asked = np.flatnonzero(own & answerable)
        vain = np.flatnonzero(own & ~answerable)
        print(
            f"{title}, {lang or 'both'}: first right and shown {np.mean([n in right_first for n in asked]):.3f} of {len(asked)}; "
            f"shown in vain {np.mean([n in shown_at_all for n in vain]):.3f} of {len(vain)}; of what is shown "
            f"{truth[shown & own[numbers]].mean():.3f} right"
        )
    areas = [roc_auc_score(truth[which], chance[which]) for which in (slice(None), first)]
    print(f"{title}: AUROC of the three {areas[0]:.3f}, of the first {areas[1]:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", nargs="?", type=Path, default=Path("tests/evaluation/tuning_which"))
    parser.add_argument("--write", action="store_true", help="write data/ranking.json; else judge what ships as well")
    options = parser.parse_args()
    settings, dataset = read_settings(), read_dataset(options.dataset)
    path = Path(str(resources.files("clusterbot").joinpath("data/ranking.json")))
    written = json.loads(path.read_text(encoding="utf-8"))
    for kind in written:
        embedder = open_embedder(settings.model, settings.cache_dir)
        ranking = read_ranking(with_tokens=kind == "late")
        engine = open_dataset(dataset, settings.index_dir, embedder if kind == "late" else WithoutTokens(embedder), ranking)[0]
        found, missed = collect(dataset, engine)
        print(f"{kind}: not seen to seek a cluster: {missed}")
        scores, truth, numbers = found[0][:, np.newaxis], found[1], found[2]
        shipped = np.array([probability(ranking.finding, {"score": score}) for score in found[0]])
        show(f"{kind}, as it ships", dataset, found, shipped)
        model = LogisticRegression(C=10.0)
        folds = cross_val_predict(model, scores, truth, cv=GroupKFold(10), groups=numbers, method="predict_proba")[:, 1]
        show(f"{kind}, in ten folds", dataset, found, folds)
        model.fit(scores, truth)
        weight, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
        fitted = Calibration(features=("score",), weights=(round(weight, 3),), intercept=round(intercept, 3), threshold=0.5)
        written[kind]["finding"] = fitted.model_dump(mode="json")
        print(fitted)
    if options.write:
        path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
