"""`eval`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clusterbot.cli import console, opening

if TYPE_CHECKING:
    from rich.table import Table

    from clusterbot.datasets import Dataset
    from clusterbot.embedding import Embedder
    from clusterbot.evaluation import Json
    from clusterbot.ranking import Ranking
    from clusterbot.settings import Settings

OWN = Path("tests/evaluation")

Folders = Annotated[
    list[Path] | None, typer.Argument(metavar="[DATASET_DIR]...", help=f"Folders of evaluation data; {OWN} if none is given.")
]


def evaluate(folders: Folders = None, as_json: console.AsJson = False) -> None:
    """Measure retrieval, answerability and quotes on data sets; one result for each, in order.

    A set that brings documents is indexed in the cache directory; one without is asked of the live index.
    """
    from clusterbot.datasets import read_dataset
    from clusterbot.embedding import has_tokens
    from clusterbot.ranking import read_ranking

    settings = opening.open_settings()
    datasets = [read_dataset(folder) for folder in folders or [OWN]]
    embedder = opening.open_model(settings)
    ranking = read_ranking(has_tokens(embedder))
    results = [_evaluate(dataset, settings, embedder, ranking) for dataset in datasets]
    if as_json:
        console.write_json(results)
    else:
        console.show(_table(results))


def _evaluate(dataset: Dataset, settings: Settings, embedder: Embedder, ranking: Ranking) -> Json:
    from clusterbot.evaluation import ask_all, measure, open_dataset

    texts = console.reader_texts()
    own_index = settings.cache_dir / "evaluation" / f"{dataset.name}-{dataset.digest[:12]}"
    index_dir = own_index if dataset.documents else settings.index_dir
    with console.progress_bar(texts("progress.embed"), texts("progress.embed")) as advance:
        engine, report = open_dataset(dataset, index_dir, embedder, ranking, advance)
    with console.progress_bar(texts("progress.evaluate"), texts("progress.evaluate")) as advance:
        asked = ask_all(dataset, engine, advance)
    manifest = engine.snapshot.manifest
    fresh = report is not None and report.embedded > 0
    return {
        "model": f"{manifest.model}@{manifest.revision}",
        "passages": sum(manifest.passages.values()),
        **measure(dataset, asked, manifest.calibration),
        "passages_per_s": report.embedded / report.seconds if report is not None and fresh else None,
    }


def _table(results: list[Json]) -> Table:
    """Show the rankings' figures by set and language; nDCG, recall and the names of sets are the same word in both languages."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("", "", "lexical", "dense", "hybrid", "recall@10", "MRR@10", "AUROC", "ECE", "p50 ms"):
        table.add_column(heading, justify="right" if heading else "left")
    for result in results:
        for lang, runs in (("", result["runs"]), *result["by_language"].items()):
            if not runs:
                continue
            ranked = [f"{runs[name]['ndcg@10']:.3f}" for name in ("lexical", "dense", "hybrid")]
            ranked += [f"{runs['hybrid'][metric]:.3f}" for metric in ("recall@10", "mrr@10")]
            judged = result.get("answerability") if not lang else None
            told = [f"{judged['auroc']:.3f}", f"{judged['ece']:.3f}"] if judged else ["", ""]
            speed = "" if lang or "latency_ms" not in result else f"{result['latency_ms']['p50']:.0f}"
            table.add_row("" if lang else result["dataset"], lang, *ranked, *told, speed)
    return table
