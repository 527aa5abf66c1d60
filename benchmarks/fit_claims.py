"""Fit how `check` decides what the rules leave undecided, and the probability of its verdicts, on labelled claims.

    python benchmarks/fit_claims.py tests/evaluation/other_hand/claims.jsonl tests/evaluation/third_hand/claims.jsonl ... [--write]

Needs the index of `corpus/`. What is printed is of claims that took no part in their fit (ten folds, five times). `--write` stores
both fits in `src/clusterbot/data/claims.json`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict

from clusterbot.assistant import Assistant
from clusterbot.claims import Verdict, features
from clusterbot.evaluation import expected_calibration_error
from clusterbot.settings import read_settings
from clusterbot.undecided import LABELS, Label, Read, ReadingRules, reading_features

DATA = Path(__file__).parent.parent / "src" / "clusterbot" / "data" / "claims.json"
NAMES: dict[str, Label] = {"SUPPORTED": "supported", "REFUTED": "contradicted", "NOT_ENOUGH_INFO": "not_covered"}
RIDGE = 0.1


def main(paths: list[str], is_written: bool) -> None:
    """Check the claims by the rules alone and with the reading, fit both, and print what claims that weren't fitted on get."""
    engine = Assistant.open(read_settings()).engine
    if engine.reading() is None:
        raise SystemExit("nothing reads claims here: use the bundled model, compiled, and CLUSTERBOT_JUDGE=bundled")
    rows = [json.loads(line) for path in paths for line in Path(path).read_text(encoding="utf-8").splitlines()]
    wanted = np.array([LABELS.index(NAMES[row["label"]]) for row in rows])
    reading, engine.reading = engine.reading, lambda: None
    by_rules = [engine.check(row["claim"], (), row["lang"])[0] for row in rows]
    engine.reading = reading
    with_reading = [engine.check(row["claim"], (), row["lang"])[0] for row in rows]
    rules = json.loads(DATA.read_text(encoding="utf-8"))
    told = f"benchmarks/fit_claims.py on {len(rows)} claims of our own, {dt.datetime.now(dt.UTC).date()}"
    rules |= fit_confidence(by_rules, wanted) | {"fitted": told}
    undecided = fit_undecided(by_rules, with_reading, wanted, engine.rules.undecided)
    rules["undecided"] = undecided.model_dump(mode="json") | {"fitted": told}
    if is_written:
        DATA.write_text(json.dumps(rules, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def fit_confidence(verdicts: list[Verdict], wanted: NDArray[np.int64]) -> dict[str, Any]:
    """Fit how likely a verdict by the rules is right."""
    given = np.array([LABELS.index(one.label) for one in verdicts])
    right = given == wanted
    print(f"by the rules: accuracy {right.mean():.3f}, macro F1 {f1_score(wanted, given, average='macro'):.3f}")
    found = [features(one.label, one.evidence) for one in verdicts]
    matrix = np.array([list(one.values()) for one in found])
    model = LogisticRegression(C=0.3)
    unseen = cross_val_predict(model, matrix, right, cv=10, method="predict_proba")[:, 1]
    print(f"their expected calibration error: {expected_calibration_error(right, unseen):.3f}")
    for place, label in enumerate(LABELS):
        mine = given == place
        print(f"  {label}: right {right[mine].mean():.3f} of {mine.sum()}, told {unseen[mine].mean():.3f}")
    model.fit(matrix, right)
    weights = {name: round(float(weight), 4) for name, weight in zip(found[0], model.coef_[0], strict=True)}
    return {"intercept": round(float(model.intercept_[0]), 4), "weights": weights}


def fit_undecided(
    by_rules: list[Verdict], with_reading: list[Verdict], wanted: NDArray[np.int64], rules: ReadingRules
) -> ReadingRules:
    """Fit the verdict on claims that the rules leave undecided."""
    reads = {place: one.read for place, one in enumerate(with_reading) if one.read is not None}
    places = np.array(list(reads))
    given = np.array([LABELS.index(one.label) for one in by_rules])
    for seed in range(5):
        sure = np.ones(len(given))
        for learnt, unseen in StratifiedKFold(10, shuffle=True, random_state=seed).split(places, wanted[places]):
            weights = fitted([reads[place] for place in places[learnt]], wanted[places[learnt]], rules)
            for place in places[unseen]:
                label, sure[place] = weights.decide(reads[place])
                given[place] = LABELS.index(label)
        confused, macro = confusion_matrix(wanted, given), f1_score(wanted, given, average="macro")
        off = expected_calibration_error(given[places] == wanted[places], sure[places])
        print(
            f"with the reading: accuracy {np.mean(given == wanted):.3f}, macro F1 {macro:.3f}; of {confused[1].sum()} contradicted "
            f"{confused[1, 0]} called supported; of {confused[2].sum()} not covered {confused[2, :2].sum()} called otherwise; "
            f"calibration error of the {len(places)} that were read {off:.3f}"
        )
    return fitted(list(reads.values()), wanted[places], rules)


def fitted(reads: Sequence[Read], wanted: NDArray[np.int64], rules: ReadingRules) -> ReadingRules:
    """Fit the logistic function, on features of mean 0 and spread 1; the thresholds stay."""
    found = [reading_features(one) for one in reads]
    matrix = np.array([list(one.values()) for one in found])
    mean, spread = matrix.mean(axis=0), np.maximum(matrix.std(axis=0), 1e-6)
    model = LogisticRegression(C=RIDGE, max_iter=1000).fit((matrix - mean) / spread, wanted)
    weights, intercepts = (model.coef_ / spread).T.round(4), (model.intercept_ - model.coef_ @ (mean / spread)).round(4)
    by_name = dict(zip(found[0], weights.tolist(), strict=True))
    return ReadingRules.model_validate({**rules.model_dump(), "intercepts": intercepts.tolist(), "weights": by_name})


if __name__ == "__main__":
    main([one for one in sys.argv[1:] if one != "--write"], "--write" in sys.argv)
