"""Fit the probability of `check`'s verdicts on labelled claims, and tell how many verdicts are right.

    python benchmarks/fit_claims.py tests/evaluation/tuning/claims.jsonl [--write]

Needs the index of `corpus/`. `--write` stores the fit in `src/clusterbot/data/claims.json`.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from pathlib import Path

from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from clusterbot.assistant import Assistant
from clusterbot.claims import Label, coverage_feature
from clusterbot.settings import read_settings

DATA = Path(__file__).parent.parent / "src" / "clusterbot" / "data" / "claims.json"
LABELS: dict[str, Label] = {"SUPPORTED": "supported", "REFUTED": "contradicted", "NOT_ENOUGH_INFO": "not_covered"}


def main(path: str, is_written: bool) -> None:
    """Check the claims, print the confusion, fit."""
    assistant = Assistant.open(read_settings())
    rows = [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]
    wanted, given, features = [], [], []
    for row in rows:
        verdict = assistant.check(row["claim"], lang=row["lang"]).verdicts[0]
        wanted.append(LABELS[row["label"]])
        given.append(verdict.label)
        features.append([coverage_feature(verdict.label, verdict.evidence)])
        if wanted[-1] != verdict.label:
            print(f"{wanted[-1]} -> {verdict.label}: {row['claim']}")
    right = [one == other for one, other in zip(wanted, given, strict=True)]
    print(Counter(zip(wanted, given, strict=True)))
    for lang in ("fr", "en"):
        mine = [place for place, row in enumerate(rows) if row["lang"] == lang]
        print(lang, f1_score([wanted[place] for place in mine], [given[place] for place in mine], average="macro"))
    print("accuracy", sum(right) / len(right), "macro F1", f1_score(wanted, given, average="macro"))
    fit = LogisticRegression().fit(features, right)
    rules = json.loads(DATA.read_text(encoding="utf-8"))
    told = f"benchmarks/fit_claims.py on {len(rows)} tuning claims, {dt.datetime.now(dt.UTC).date()}"
    rules |= {"intercept": round(float(fit.intercept_[0]), 4), "coverage_weight": round(float(fit.coef_[0][0]), 4), "fitted": told}
    print(rules["intercept"], rules["coverage_weight"])
    if is_written:
        DATA.write_text(json.dumps(rules, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], "--write" in sys.argv)
