"""What each idea of the ranking is worth, by taking it away: printed, and with --json FILE written for docs/evaluation.md.

    python benchmarks/ablate_ranking.py DATASET_DIR... [--json FILE]

Ideas with weights of their own: the fusion is fitted anew without the idea, each set left out in turn, beside the whole fusion
fitted in the same way; a gain is what the left-out nDCG@10 loses. Ideas without: the shipped ranking with and without, on the sets
and on the project's own tuning and test questions; nothing is fitted there. Sets as in fit_ranking.py.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from fit_ranking import TUNING, Judged, Pool, collect, fit_fusion, mean_ndcg, ndcg_of, plain, standardised, tensors, with_late

from clusterbot.assistant import recipe
from clusterbot.corpus import Corpus, read_corpus
from clusterbot.datasets import Dataset, TestQuery, read_dataset
from clusterbot.embedding import Embedder, open_embedder
from clusterbot.engine import SEARCHED, Engine
from clusterbot.evaluation import open_dataset
from clusterbot.index import encodings, snapshot
from clusterbot.index.build import build_index
from clusterbot.questions import Question, understand
from clusterbot.ranking import read_ranking
from clusterbot.retrieval import FusionWeights, Hit
from clusterbot.settings import read_settings

TEST = Path("tests/evaluation")
SAME = 0.98  # cosine at which a passage counts as a near-duplicate of a better one
FROZEN = {
    "the weight of BM25 depends on the query": ("lexical_top", "lexical_dense_top"),
    "numbers of their own for the other language": ("lexical_other", "other", "late_other"),
    "a bonus for the clusters that are named": ("cluster",),
}

Gains = dict[str, Any]


def left_out(judged: dict[str, list[Judged]], is_late: bool, frozen: Sequence[str] = ()) -> dict[str, float]:
    """Return nDCG@10 of each set by the weights that were fitted on the others."""
    data = {name: tensors(one) for name, one in judged.items()}
    score = with_late if is_late else plain
    found = {}
    for name, one in judged.items():
        weights = fit_fusion([tensor for other, tensor in data.items() if other != name], is_late, frozen)
        found[name] = mean_ndcg(one, score(weights))
    return found


def raw(judged: list[Judged], mean: float, deviation: float) -> list[Judged]:
    """Return the queries with plain cosines, on one scale for both languages, where the standard scores were."""

    def plain_cosines(pool: Pool) -> Pool:
        return replace(pool, dense=(pool.cosine - mean) / deviation)

    return [Judged(one.query, [plain_cosines(pool) for pool in one.pools], one.relevant) for one in judged]


def fitted_ideas(judged: dict[str, list[Judged]], fusion: FusionWeights) -> Gains:
    """Return the gains of the ideas that have weights."""
    late = {name: standardised(one, fusion) for name, one in judged.items()}
    whole = left_out(late, is_late=True)
    without = {idea: left_out(late, True, names) for idea, names in FROZEN.items()}
    without["late interaction"] = left_out(judged, is_late=False)
    cosines = np.concatenate([pool.cosine for each in judged.values() for one in each for pool in one.pools])
    flat = {name: raw(one, float(cosines.mean()), float(cosines.std())) for name, one in late.items()}
    without["cosines as standard scores of each language"] = left_out(flat, is_late=True)
    return {"whole": whole, "without": without}


Search = Callable[[Question], list[Hit]]


def shipped_ndcg(dataset: Dataset, engine: Engine, search: Search) -> float:
    """Return nDCG@10 of documents over the answerable queries."""

    def one(test: TestQuery) -> float:
        best: dict[str, float] = {}
        for hit in search(understand(test.text, engine.registry)):
            key = hit.passage.document.id
            best[key] = max(hit.score, best.get(key, -np.inf))
        return ndcg_of(best, dataset.qrels[test.id])

    return float(np.mean([one(test) for test in dataset.queries if test.answerable and dataset.qrels.get(test.id)]))


def searches(engine: Engine) -> dict[str, Search]:
    """Return the shipped search, and what it is without each idea that has no weight."""

    def find(question: Question, text: str, clusters: Sequence[str]) -> list[Hit]:
        return engine.retriever.search(engine.retriever.query(text, question.lang, clusters), SEARCHED)

    def whole(question: Question) -> list[Hit]:
        return find(question, question.query, question.cluster_ids)

    def distinct(question: Question) -> list[Hit]:
        hits = whole(question)
        kept: list[tuple[Hit, np.ndarray]] = []
        for hit in hits:
            index = engine.snapshot.languages[hit.passage.document.lang]
            vector = index.store.dense.vectors(np.array([hit.row - index.first_row]))[0]
            if all(hit.passage.document.lang != other.passage.document.lang or vector @ known < SAME for other, known in kept):
                kept.append((hit, vector))
        return [hit for hit, _ in kept]

    return {
        "whole": whole,
        "without: names of the registry added to the question": lambda one: find(one, one.text, one.cluster_ids),
        "without: the registry at all": lambda one: find(one, one.text, ()),
        "with: near-duplicates of a better passage left out": distinct,
    }


def without_context(dataset: Dataset, embedder: Embedder, corpus_dir: Path) -> float:
    """Return nDCG@10 where passages are embedded and indexed without title, heading and clusters' names."""
    corpus = Corpus(dataset.documents) if dataset.documents else read_corpus(corpus_dir)
    ranking = read_ranking(with_tokens=True)
    known = encodings.context_of
    encodings.context_of = lambda *_: ""
    try:
        with tempfile.TemporaryDirectory() as folder:
            build_index(corpus, Path(folder), embedder, recipe(ranking))
            bare = Engine(snapshot.load(Path(folder)), embedder, ranking)
            return shipped_ndcg(dataset, bare, searches(bare)["whole"])
    finally:
        encodings.context_of = known


def keep(found: Gains, path: Path | None) -> None:
    """Write what was found so far: each part takes long."""
    if path:
        path.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--bare", nargs="*", default=["evaluation", "tuning"], help="sets that are embedded without context too")
    parser.add_argument("--part", choices=["fitted", "shipped", "all"], default="all", help="which ideas, where time is short")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    settings, ranking = read_settings(), read_ranking(with_tokens=True)
    embedder = open_embedder(settings.model, settings.cache_dir)
    engines, sets = {}, {}
    for folder in [*options.datasets, TUNING, TEST]:
        dataset = read_dataset(folder)
        own = settings.cache_dir / "evaluation" / f"{dataset.name}-{dataset.digest[:12]}"
        sets[dataset.name] = dataset
        engines[dataset.name] = open_dataset(dataset, own if dataset.documents else settings.index_dir, embedder, ranking)[0]
    found: Gains = json.loads(options.json.read_text(encoding="utf-8")) if options.json and options.json.exists() else {}
    if options.part != "shipped":
        judged = {name: collect(dataset, engines[name]) for name, dataset in sets.items() if name != TEST.name}
        found["fitted"] = fitted_ideas(judged, read_ranking(with_tokens=False).fusion)
        for idea, values in found["fitted"]["without"].items():
            gains = {name: found["fitted"]["whole"][name] - value for name, value in values.items()}
            told = ", ".join(f"{name} {gain:+.4f}" for name, gain in gains.items())
            print(f"{idea}: {np.mean(list(gains.values())):+.4f} ({told})", flush=True)
        keep(found, options.json)
    if options.part != "fitted":
        found["shipped"] = {}
        for name, dataset in sets.items():
            values = {idea: shipped_ndcg(dataset, engines[name], search) for idea, search in searches(engines[name]).items()}
            if name in options.bare:
                values["without: title, heading and clusters' names in what is indexed"] = without_context(
                    dataset, embedder, settings.corpus_dir
                )
            found["shipped"][name] = values
            print(name, {idea: round(value, 4) for idea, value in values.items()}, flush=True)
        keep(found, options.json)


if __name__ == "__main__":
    main()
