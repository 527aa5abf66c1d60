"""Fit the probability of `check`'s verdicts on labelled claims, and tell how many verdicts are right.

    python benchmarks/fit_claims.py tests/evaluation/tuning/claims.jsonl tests/evaluation/claims.jsonl ... [--write]

Needs the index of `corpus/`. The expected calibration error is that of probabilities for claims that took no part in their fit (ten
folds). `--write` stores the fit in `src/clusterbot/data/claims.json`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import cross_val_predict

from clusterbot.assistant import Assistant
from clusterbot.claims import Label, features
from clusterbot.evaluation import expected_calibration_error
from clusterbot.settings import read_settings

DATA = Path(__file__).parent.parent / "src" / "clusterbot" / "data" / "claims.json"
LABELS: dict[str, Label] = {"SUPPORTED": "supported", "REFUTED": "contradicted", "NOT_ENOUGH_INFO": "not_covered"}


def main(paths: list[str], is_written: bool) -> None:
    """Check the claims, print what is wrong, fit."""
    assistant = Assistant.open(read_settings())
    rows = [json.loads(line) for path in paths for line in Path(path).read_text(encoding="utf-8").splitlines()]
    wanted, given, found = [], [], []
    for row in rows:
        verdict = assistant.check(row["claim"], lang=row["lang"]).verdicts[0]
        wanted.append(LABELS[row["label"]])
        given.append(verdict.label)
        found.append(features(verdict.label, verdict.evidence))
        if wanted[-1] != verdict.label:
            print(f"{wanted[-1]} -> {verdict.label}: {row['claim']}")
    right = np.array([one == other for one, other in zip(wanted, given, strict=True)])
    print("accuracy", right.mean(), "macro F1", f1_score(wanted, given, average="macro"))
    names = list(found[0])
    matrix = np.array([[one[name] for name in names] for one in found])
    model = LogisticRegression(C=0.3)
    unseen = cross_val_predict(model, matrix, right, cv=10, method="predict_proba")[:, 1]
    print("expected calibration error, ten folds:", round(expected_calibration_error(right, unseen), 3))
    for label in LABELS.values():
        mine = np.array([one == label for one in given])
        print(f"{label}: right {right[mine].mean():.3f} of {mine.sum()}, told {unseen[mine].mean():.3f}")
    model.fit(matrix, right)
    rules = json.loads(DATA.read_text(encoding="utf-8"))
    told = f"benchmarks/fit_claims.py on {len(rows)} claims of our own, {dt.datetime.now(dt.UTC).date()}"
    weights = {name: round(float(weight), 4) for name, weight in zip(names, model.coef_[0], strict=True)}
    rules |= {"intercept": round(float(model.intercept_[0]), 4), "weights": weights, "fitted": told}
    print(rules["intercept"], rules["weights"])
    if is_written:
        DATA.write_text(json.dumps(rules, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main([one for one in sys.argv[1:] if one != "--write"], "--write" in sys.argv)
