"""Fit how sure answers are, alone: the calibrations in src/clusterbot/data/ranking.json, with the ranking as it ships.

    python benchmarks/fit_calibration.py [DATASET_DIR...] [--write]

Fitted on our own tuning questions, and on other sets if they are named; our test and blind questions never take part. Both rankings
are fitted, that of indexes without token vectors ("plain") and that of those with them ("late"). Each set is left out once, by
which the fit is judged: with all features of EVIDENCE, and with each of them taken away.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path

from clusterbot.answering import EVIDENCE
from clusterbot.calibrating import collect, cross_validate, fit_languages
from clusterbot.datasets import Dataset, read_dataset
from clusterbot.embedding import open_embedder
from clusterbot.engine import Engine
from clusterbot.evaluation import Asked, open_dataset
from clusterbot.ranking import read_ranking
from clusterbot.settings import read_settings

OWN = {
    "tuning": ("tuning",),
    "tuning, more": ("tuning_more", "tuning_unanswerable"),
    "by a third hand": ("blind_2",),
}
HOME = Path("tests/evaluation")
FIGURES = ("auroc", "f1_unanswerable", "f1_answerable", "ece", "ece_known_share", "ece_of_chance")


def show(asked: Mapping[str, Sequence[Asked]], title: str) -> None:
    """Print what each set is worth left out."""
    print(f"\n| {title} | {' | '.join(FIGURES)} |\n| --- |{' --- |' * len(FIGURES)}")
    for name, figures in cross_validate(asked).items():
        print(f"| {name} | " + " | ".join(f"{getattr(figures, key):.3f}" for key in FIGURES) + " |", flush=True)


def without(asked: Mapping[str, Sequence[Asked]], feature: str) -> dict[str, list[Asked]]:
    """Return questions whose evidence has nothing to tell under one name."""
    return {
        name: [one if one.evidence is None else replace(one, evidence={**one.evidence, feature: 0.0}) for one in each]
        for name, each in asked.items()
    }


def open_engine(dataset: Dataset, kind: str) -> Engine:
    """Return what answers a set by one of the two rankings, its index built in the cache directory if need be."""
    settings = read_settings()
    embedder = open_embedder(settings.model, settings.cache_dir)
    in_cache = settings.cache_dir / "evaluation" / f"{dataset.name}-{dataset.digest[:12]}"
    return open_dataset(dataset, in_cache if dataset.documents else settings.index_dir, embedder, read_ranking(kind == "late"))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true", help="write data/ranking.json")
    options = parser.parse_args()
    sets = {folder.name: [read_dataset(folder)] for folder in options.datasets}
    sets |= {name: [read_dataset(HOME / part) for part in parts] for name, parts in OWN.items()}
    path = Path(str(resources.files("clusterbot").joinpath("data/ranking.json")))
    written = json.loads(path.read_text(encoding="utf-8"))
    for kind in written:
        engines = {name: open_engine(parts[0], kind) for name, parts in sets.items()}
        asked = {
            name: [one for part in parts for one in collect(part, engines[name], kind == "late")] for name, parts in sets.items()
        }
        show(asked, f"{kind}, left out")
        for feature in EVIDENCE if kind == "late" else ():
            show(without(asked, feature), f"{kind} without {feature}, left out")
        calibration = fit_languages(asked)[0]
        written[kind]["calibration"] = {lang: one.model_dump(mode="json") for lang, one in calibration.items()}
        manifest = next(iter(engines.values())).snapshot.manifest
        written[kind]["calibrated_for"] = f"{manifest.model}@{manifest.revision}"
        fitted = written[kind]["fitted"].partition("; calibration: ")[0]
        written[kind]["fitted"] = f"{fitted}; calibration: benchmarks/fit_calibration.py on {', '.join(asked)}"
    print(json.dumps({kind: one["calibration"] for kind, one in written.items()}, indent=2))
    if options.write:
        path.write_text(json.dumps(written, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
