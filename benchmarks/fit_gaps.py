"""Fit src/clusterbot/data/gaps.json: from which cosine on two questions ask the same, in one language or two.

    python benchmarks/fit_gaps.py            needs an index: clusterbot index build

benchmarks/gap_twins.jsonl has, for each of our own unanswerable questions, the same question in the other language. Every other
pair counts as different, among them pairs about one cluster, or the same thing of two clusters. Fitted on the tuning questions,
measured on tests/evaluation, by pairs: precision and recall of "in one group".
"""

from __future__ import annotations

import itertools
import json
from importlib import resources
from pathlib import Path

import numpy as np

from clusterbot.assistant import Assistant
from clusterbot.gaps import GapFit, centred, leaders
from clusterbot.models import LANGUAGES
from clusterbot.questions import understand
from clusterbot.settings import read_settings

TUNING, TEST = Path("tests/evaluation/tuning/queries.jsonl"), Path("tests/evaluation/queries.jsonl")
TWINS = Path("benchmarks/gap_twins.jsonl")


def rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pair_figures(ids: list[str], labels: list[int]) -> tuple[float, float, float]:
    """Return precision, recall and F1 over all pairs."""
    pairs = [(ids[i] == ids[j], labels[i] == labels[j]) for i, j in itertools.combinations(range(len(ids)), 2)]
    both = sum(same and grouped for same, grouped in pairs)
    precision = both / max(1, sum(grouped for _, grouped in pairs))
    recall = both / sum(same for same, _ in pairs)
    return precision, recall, 2 * precision * recall / max(1e-9, precision + recall)


def main() -> None:
    assistant = Assistant.open(read_settings())
    twins = {row["_id"]: row["text"] for row in rows(TWINS)}

    def lang_of(text: str) -> str:
        return understand(text, assistant.engine.registry).lang

    seen = [row["text"] for row in rows(TUNING)]
    langs = np.array([lang_of(text) for text in seen])
    vectors = assistant.question_vectors(seen)
    means = {lang: tuple(round(float(one), 4) for one in vectors[langs == lang].mean(axis=0)) for lang in LANGUAGES}

    def set_of(path: Path) -> tuple[list[str], np.ndarray]:
        asked = [row for row in rows(path) if not row["answerable"]]
        texts = [row["text"] for row in asked] + [twins[row["_id"]] for row in asked]
        moved = centred(assistant.question_vectors(texts), [lang_of(text) for text in texts], means)
        return [row["_id"] for row in asked] * 2, moved

    ids, moved = set_of(TUNING)
    threshold = max(np.arange(0.2, 0.99, 0.005), key=lambda one: pair_figures(ids, leaders(moved, one))[2])
    told = []
    for name, (keys, rows_of) in {"tuning": (ids, moved), "test": set_of(TEST)}.items():
        precision, recall, _ = pair_figures(keys, leaders(rows_of, threshold))
        told.append(f"{name} ({len(set(keys))} pairs of twins): precision {precision:.3f}, recall {recall:.3f}")
    fit = GapFit(fitted_for=assistant.model, threshold=round(float(threshold), 3), means=means, fitted="; ".join(told))
    path = Path(str(resources.files("clusterbot").joinpath("data/gaps.json")))
    path.write_text(fit.model_dump_json() + "\n", encoding="utf-8")
    print(fit.threshold, fit.fitted)


if __name__ == "__main__":
    main()
