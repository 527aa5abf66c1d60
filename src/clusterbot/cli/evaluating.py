"""`eval`."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clusterbot.cli import console, opening
from clusterbot.errors import StorageError, UsageError

if TYPE_CHECKING:
    from rich.table import Table

    from clusterbot.calibrating import Fit
    from clusterbot.datasets import Dataset
    from clusterbot.embedding import Embedder
    from clusterbot.engine import Engine, Weighing
    from clusterbot.evaluation import Json
    from clusterbot.gate import Measured
    from clusterbot.index.build import BuildReport
    from clusterbot.ranking import Ranking
    from clusterbot.settings import Settings

OWN = Path("tests/evaluation")

Folders = Annotated[
    list[Path] | None, typer.Argument(metavar="[DATASET_DIR]...", help=f"Folders of evaluation data; {OWN} if none is given.")
]


BaselineFile = Annotated[
    Path | None, typer.Option("--baseline", metavar="FILE", help="Floors: a figure below its floor is told, with exit status 1.")
]
Update = Annotated[bool, typer.Option("--update", help="Write the floors that these figures set to the baseline.")]
Fitting = Annotated[
    bool, typer.Option("--fit", help="Fit how sure answers are to the model in use, on these sets, instead of measuring it.")
]
Allow = Annotated[bool, typer.Option("--allow-regression", help="With --update: let floors fall.")]


def evaluate(
    folders: Folders = None,
    baseline: BaselineFile = None,
    is_update: Update = False,
    allow_regression: Allow = False,
    is_fit: Fitting = False,
    as_json: console.AsJson = False,
) -> None:
    """Measure retrieval, answerability, quotes and verdicts on data sets; one result for each, in order.

    A set that brings documents is indexed in the cache directory; one without is asked of the live index.

    With --fit, sets that hold unanswerable questions too teach what a score says about being answered, for the model in use alone;
    the fit is measured on each set by leaving it out, kept in the data directory, and taken up by the next `index build`.
    """
    if is_fit:
        _fit(folders, has_baseline=baseline is not None or is_update or allow_regression, as_json=as_json)
        return
    if (is_update and baseline is None) or (allow_regression and not is_update):
        raise UsageError("--allow-regression goes with --update, and --update with --baseline FILE")
    from clusterbot.assistant import open_weighing
    from clusterbot.calibrating import calibrated
    from clusterbot.datasets import claims_digest, read_dataset
    from clusterbot.embedding import has_tokens
    from clusterbot.ranking import read_ranking

    settings = opening.open_settings()
    datasets = [read_dataset(folder) for folder in folders or [OWN]]
    embedder = opening.open_model(settings)
    ranking = calibrated(read_ranking(has_tokens(embedder)), embedder, settings.data_dir)
    digests = [claims_digest(folder) for folder in folders or [OWN]]
    weighing = open_weighing(settings, embedder)
    results = [_evaluate(*each, settings, embedder, ranking, weighing) for each in zip(datasets, digests, strict=True)]
    _keep(settings, [one for one, dataset in zip(results, datasets, strict=True) if not dataset.documents])
    if as_json:
        console.write_json(results)
    else:
        console.show(_table(results))
        if any("claims" in one for one in results):
            console.show(_claims_table(results))
    if baseline is not None:
        _hold_to(baseline, [_measured(one) for one in results], is_update, allow_regression)


def _keep(settings: Settings, results: list[Json]) -> None:
    """Keep the figures of the live index for the report; a store that fails is told, and the figures are shown all the same."""
    from clusterbot.gate import figures_of
    from clusterbot.store import Evaluation

    try:
        with opening.open_store(settings) as store:
            for one in results:
                figures = figures_of(one)
                store.keep_evaluation(Evaluation(dt.datetime.now(dt.UTC), one["index"], one["model"], one["dataset"], figures))
    except StorageError as error:
        console.tell("report.not_kept", problem=error)


def _measured(result: Json) -> Measured:
    from clusterbot.gate import Measured, figures_of

    made = {key: result[key] for key in ("dataset", "digest", "model", "max_chars", "token_dimension")}
    return Measured(**made, claims_digest=result.get("claims_digest", ""), figures=figures_of(result))


def _hold_to(path: Path, measured: list[Measured], is_update: bool, allow_regression: bool) -> None:
    """Compare with the floors, or set them.

    Raises:
        EvaluationError: the baseline can't be read, or may not fall.
        Exit: a figure is below its floor.
    """
    from clusterbot.gate import failures, read_baseline, skipped, updated

    if is_update:
        known = read_baseline(path) if path.exists() else None
        pending = path.with_suffix(".new")
        pending.write_text(updated(known, measured, allow_regression).model_dump_json(indent=1) + "\n", encoding="utf-8")
        pending.replace(path)
        return
    known = read_baseline(path)
    for name in skipped(known, measured):
        console.tell("eval.skipped", dataset=name)
    if worse := list(failures(known, measured)):
        sys.stderr.write("\n".join(worse) + "\n")
        console.tell_problem("regression", count=len(worse))
        raise typer.Exit(1)


def _fit(folders: list[Path] | None, has_baseline: bool, as_json: bool) -> None:
    """Fit the calibration for the model in use, keep it, and show what it is worth.

    Raises:
        UsageError: no set is named, or something is asked for that isn't measured here.
        EvaluationError: no set holds both kinds of question.
    """
    if not folders or has_baseline:
        raise UsageError("--fit needs folders of evaluation data, and goes without --baseline: clusterbot eval --fit DIR...")
    from clusterbot.calibrating import collect, fit, has_both_kinds, keep_fit
    from clusterbot.datasets import read_dataset
    from clusterbot.embedding import has_tokens
    from clusterbot.engine import BY_RULES
    from clusterbot.ranking import read_ranking

    settings, texts = opening.open_settings(), console.reader_texts()
    datasets = [read_dataset(folder) for folder in folders]
    if len({dataset.name for dataset in datasets}) < len(datasets):
        raise UsageError("two of these folders have the same name, by which sets are told apart: rename one")
    embedder = opening.open_model(settings)
    ranking = read_ranking(has_tokens(embedder))
    asked = {}
    for dataset in datasets:
        engine, _ = _open(dataset, settings, embedder, ranking, BY_RULES)
        with console.progress_bar(texts("progress.evaluate"), texts("progress.evaluate")) as advance:
            asked[dataset.name] = collect(dataset, engine, progress=advance)
        if not has_both_kinds(asked[dataset.name]):
            console.tell("eval.one_kind", dataset=dataset.name)
    found = fit(embedder, asked, {dataset.name: dataset.digest for dataset in datasets}, dt.datetime.now(dt.UTC))
    path = keep_fit(found, settings.data_dir)
    if as_json:
        console.write_json({"file": str(path), **found.model_dump(mode="json")})
    else:
        console.show(_left_out_table(found))
        console.show(texts("eval.fitted", model=found.model, file=path))


def _left_out_table(found: Fit) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("", "AUROC", "F1 +", "F1 −", "ECE", "ECE | p", "ECE min"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, one in found.left_out.items():
        figures = (one.auroc, one.f1_answerable, one.f1_unanswerable, one.ece, one.ece_known_share, one.ece_of_chance)
        table.add_row(name, *[f"{figure:.3f}" for figure in figures])
    return table


def _open(
    dataset: Dataset, settings: Settings, embedder: Embedder, ranking: Ranking, weighing: Weighing
) -> tuple[Engine, BuildReport | None]:
    """Index a set's documents, or take the live index for a set that brings none."""
    from clusterbot.evaluation import open_dataset

    texts = console.reader_texts()
    own_index = settings.cache_dir / "evaluation" / f"{dataset.name}-{dataset.digest[:12]}"
    with console.progress_bar(texts("progress.embed"), texts("progress.embed")) as advance:
        index_dir = own_index if dataset.documents else settings.index_dir
        return open_dataset(dataset, index_dir, embedder, ranking, advance, opening.open_milvus(settings), weighing)


def _evaluate(
    dataset: Dataset, claims_digest: str, settings: Settings, embedder: Embedder, ranking: Ranking, weighing: Weighing
) -> Json:
    from clusterbot.claim_evaluation import measure_claims
    from clusterbot.evaluation import ask_all, measure

    texts = console.reader_texts()
    engine, report = _open(dataset, settings, embedder, ranking, weighing)
    with console.progress_bar(texts("progress.evaluate"), texts("progress.evaluate")) as advance:
        asked = ask_all(dataset, engine, advance)
    told: Json = {}
    if dataset.claims:
        with console.progress_bar(texts("progress.evaluate"), texts("progress.evaluate")) as advance:
            told = {"claims_digest": claims_digest, "claims": measure_claims(dataset, engine, advance)}
    manifest = engine.snapshot.manifest
    fresh = report is not None and report.embedded > 0
    return {
        "index": manifest.version,
        "model": f"{manifest.model}@{manifest.revision}",
        "digest": dataset.digest,
        "max_chars": manifest.max_chars,
        "token_dimension": manifest.token_dimension,
        "passages": sum(manifest.passages.values()),
        **measure(dataset, asked, manifest.calibration, {document.id: document.lang for document in engine.snapshot.documents}),
        **told,
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


def _claims_table(results: list[Json]) -> Table:
    """Show how many verdicts are right by set and language, beside the baselines."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in ("", "", "n", "accuracy", "macro F1", "majority", "overlap"):
        table.add_column(heading, justify="right" if heading else "left")
    for result in results:
        for mode, told in (("", result.get("claims")), ("given", result.get("claims", {}).get("given"))):
            for lang, one in (("", told), *(told or {}).get("by_language", {}).items()):
                if one is None:
                    continue
                beside = [
                    f"{one['baselines'][name]['macro_f1']:.3f}" if "baselines" in one else "" for name in ("majority", "overlap")
                ]
                figures = [f"{one['accuracy']:.3f}", f"{one['macro_f1']:.3f}", *beside]
                table.add_row("" if lang or mode else result["dataset"], lang or mode, str(one["claims"]), *figures)
    return table
