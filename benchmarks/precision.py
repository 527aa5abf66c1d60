"""Measure what int8 costs in ranking: nDCG@10 by the compiled encoder beside the same weights in fp32.

    python benchmarks/precision.py [DATASET_DIR...] [--queries N] [--documents N] [--json FILE]

Of each set and of our own test questions: the dense ranking alone, and lexical and dense fused as they ship without token vectors,
which sentence-transformers doesn't give. Nothing else differs: same passages, same questions, same numbers of the fusion. The
difference has a 95 % interval (paired bootstrap over the questions). `--queries` and `--documents` thin a set as
benchmarks/rivals/run.py does.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np
from numpy.typing import NDArray
from rivals.run import thinned

from clusterbot.assistant import recipe
from clusterbot.corpus import Corpus, read_corpus
from clusterbot.datasets import Dataset, read_dataset
from clusterbot.embedding import Embedder, open_embedder
from clusterbot.engine import SEARCHED, Engine
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.questions import understand
from clusterbot.ranking import read_ranking
from clusterbot.settings import Settings, read_settings

OWN = Path("tests/evaluation")
BOOTSTRAPS = 2_000
NDCG = ir_measures.parse_measure("nDCG@10")

Figures = dict[str, NDArray[np.float64]]


def open_plain(dataset: Dataset, embedder: Embedder, folder: Path, settings: Settings) -> Engine:
    """Index a set, or our corpus, and return what ranks it without token vectors."""
    ranking = read_ranking(with_tokens=False)
    corpus = Corpus(dataset.documents) if dataset.documents else read_corpus(settings.corpus_dir)
    build_index(corpus, folder, embedder, recipe(ranking))
    return Engine(snapshot.load(folder), embedder, ranking)


def measure(dataset: Dataset, engine: Engine) -> Figures:
    """Return nDCG@10 of each query that can be answered: of the dense ranking, and of the fused one."""
    runs: dict[str, dict[str, dict[str, float]]] = {"dense": {}, "fused": {}}
    judged = [one for one in dataset.queries if one.answerable and dataset.qrels.get(one.id)]
    for test in judged:
        question = understand(test.text, engine.registry)
        query = engine.retriever.query(question.query, question.lang, question.cluster_ids, question.words)
        query = replace(query, tokens=query.tokens[:0])
        scored = {
            "dense": engine.retriever.parts(query)[1],
            "fused": [(hit.passage, hit.score) for hit in engine.retriever.search(query, SEARCHED)],
        }
        for name, passages in scored.items():
            best: dict[str, float] = {}
            for passage, score in passages:
                best[passage.document.id] = max(score, best.get(passage.document.id, -np.inf))
            runs[name][test.id] = best
    qrels = {one.id: {key: int(score) for key, score in dataset.qrels[one.id].items()} for one in judged}
    found = {}
    for name, run in runs.items():
        values = {one.query_id: float(one.value) for one in ir_measures.iter_calc([NDCG], qrels, run)}
        found[name] = np.array([values.get(one.id, 0.0) for one in judged])
    return found


def compare(dataset: Dataset, settings: Settings, queries: int | None, documents: int | None) -> dict[str, Any]:
    """Return what both encoders are worth on a set."""
    if dataset.documents:
        dataset = thinned(dataset, queries, documents)
    told: dict[str, Any] = {"queries": len(dataset.queries), "documents": len(dataset.documents)}
    found = {}
    for name in ("fp32", "int8"):
        embedder = open_embedder(settings.model, settings.cache_dir, use_compiled=name == "int8", with_tokens=False)
        folder = settings.cache_dir / "precision" / f"{dataset.name}-{dataset.digest[:12]}-{len(dataset.documents)}-{name}"
        found[name] = measure(dataset, open_plain(dataset, embedder, folder, settings))
    for run in ("dense", "fused"):
        difference = found["int8"][run] - found["fp32"][run]
        samples = np.random.default_rng(0).integers(len(difference), size=(BOOTSTRAPS, len(difference)))
        told[run] = {name: float(each[run].mean()) for name, each in found.items()}
        told[run]["difference"] = float(difference.mean())
        told[run]["interval"] = [float(bound) for bound in np.percentile(difference[samples].mean(axis=1), [2.5, 97.5])]
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--queries", type=int)
    parser.add_argument("--documents", type=int)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    settings = read_settings()
    print("| set | queries | documents | dense fp32 | int8 | difference, 95 % | fused fp32 | int8 | difference, 95 % |")
    print("| --- |" + " --- |" * 8)
    results = json.loads(options.json.read_text(encoding="utf-8")) if options.json and options.json.exists() else {}
    for folder in options.datasets or [OWN]:
        dataset = read_dataset(folder)
        told = results[dataset.name] = compare(dataset, settings, options.queries, options.documents)
        cells = []
        for run in ("dense", "fused"):
            low, high = told[run]["interval"]
            shown = f"{told[run]['difference']:+.4f} ({low:+.4f} to {high:+.4f})"
            cells += [f"{told[run]['fp32']:.4f}", f"{told[run]['int8']:.4f}", shown]
        print(f"| {dataset.name} | {told['queries']} | {told['documents']} | {' | '.join(cells)} |", flush=True)
        if options.json:
            options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
