"""Fit how much nearness in meaning adds to the words that a sentence shares with a claim (`nearness` of `data/claims.json`).

    python benchmarks/fit_nearness.py [--lists FILE]... [--odd CLAIMS]... CLAIMS...

Needs the index of `corpus/`. Prints the best settings, and the figures of claims in ten folds, each judged by what was best for the
other nine. `--lists FILE`: weigh the claims by the word lists of another version of `data/claims.json` as well, to which they were
new (`git show REVISION:PATH > FILE`): with lists that were tuned on them there is little left to fit. `--odd`: take only the claims
of odd number of the file that follows.
"""

from __future__ import annotations

import json
import random
import sys
from functools import cache
from itertools import product
from pathlib import Path

from sklearn.metrics import f1_score

from clusterbot.assistant import Assistant
from clusterbot.claim_rules import ClaimRules
from clusterbot.engine import Engine
from clusterbot.facts import FactJudge
from clusterbot.judging import RuleJudge
from clusterbot.naming import NameJudge
from clusterbot.settings import read_settings

LABELS = {"SUPPORTED": "supported", "REFUTED": "contradicted", "NOT_ENOUGH_INFO": "not_covered"}
LISTS = ("concepts", "light", "phrases")
CONTENT, COSINE, USUAL_COSINE = (0.0, 2.0, 3.0), (0.0, 5.0, 10.0), (0.865,)
WRONG = 0.05  # macro F1 that one contradicted claim called supported costs
FOLDS = 10
Verdicts = dict[tuple[float, float, float], list[str]]


def main(arguments: list[str]) -> None:
    """Judge the claims at each point of the grid, by each set of lists; print the best points and the figures in folds."""
    engine = Assistant.open(read_settings()).engine
    rows, lists = read(arguments)
    wanted = [LABELS[row["label"]] for row in rows]
    found = {name: judge_all(engine, rows, wording) for name, wording in lists.items()}

    def value(point: tuple[float, float, float], places: list[int]) -> float:
        return sum(scored([wanted[i] for i in places], [each[point][i] for i in places]) for each in found.values())

    everything = list(range(len(rows)))
    points = list(next(iter(found.values())))
    for point in sorted(points, key=lambda one: -value(one, everything))[:10]:
        print(point, {name: round(scored(wanted, each[point]), 3) for name, each in found.items()})
    random.Random(0).shuffle(everything)
    judged: dict[str, dict[int, str]] = {name: {} for name in found}
    for fold in range(FOLDS):
        mine = set(everything[fold::FOLDS])
        best = max(points, key=lambda one: value(one, [i for i in everything if i not in mine]))
        for name, each in found.items():
            judged[name].update({i: each[best][i] for i in mine})
    for name, each in judged.items():
        given = [each[i] for i in range(len(rows))]
        wrong = sum(one == "contradicted" and other == "supported" for one, other in zip(wanted, given, strict=True))
        print(name, "in ten folds: macro F1", round(f1_score(wanted, given, average="macro"), 3), "contradicted, supported:", wrong)


def read(arguments: list[str]) -> tuple[list[dict[str, str]], dict[str, dict[str, object]]]:
    """Return the claims, and the word lists by the name of their file."""
    rows: list[dict[str, str]] = []
    lists: dict[str, dict[str, object]] = {"as shipped": {}}
    words = iter(arguments)
    for word in words:
        if word == "--lists":
            path = Path(next(words))
            wording = json.loads(path.read_text(encoding="utf-8"))["wording"]
            lists[path.name] = {name: wording[name] for name in LISTS}
            continue
        lines = Path(next(words) if word == "--odd" else word).read_text(encoding="utf-8").splitlines()
        rows += [json.loads(line) for line in (lines[::2] if word == "--odd" else lines)]
    return rows, lists


def judge_all(engine: Engine, rows: list[dict[str, str]], wording: dict[str, object]) -> Verdicts:
    """Return the verdicts at each point of the grid; sentences are searched for once."""
    shipped = engine.rules.model_dump(mode="json")
    told: Verdicts = {}
    search = engine.find
    engine.find = cache(search)  # type: ignore[method-assign]
    for content, cosine, usual in product(CONTENT, COSINE, USUAL_COSINE):
        nearness = {**shipped["nearness"], "content": content, "cosine": cosine, "usual_cosine": usual}
        rules = ClaimRules.model_validate({**shipped, "nearness": nearness, "wording": {**shipped["wording"], **wording}})
        use(engine, rules)
        told[content, cosine, usual] = [engine.check(row["claim"], (), row["lang"])[0].label for row in rows]
        print(content, cosine, usual, file=sys.stderr)
    engine.find = search  # type: ignore[method-assign]
    use(engine, ClaimRules.model_validate(shipped))
    return told


def use(engine: Engine, rules: ClaimRules) -> None:
    """Let an engine weigh claims by other rules."""
    engine.rules, engine.judge, engine._rule_judge = rules, RuleJudge(rules), RuleJudge(rules)
    engine.facts, engine.names = FactJudge(engine.ledger, rules), NameJudge(engine.ledger, rules)


def scored(wanted: list[str], given: list[str]) -> float:
    """Return macro F1, less what contradicted claims called supported cost."""
    wrong = sum(one == "contradicted" and other == "supported" for one, other in zip(wanted, given, strict=True))
    return float(f1_score(wanted, given, average="macro", zero_division=0)) - WRONG * wrong


if __name__ == "__main__":
    main(sys.argv[1:])
