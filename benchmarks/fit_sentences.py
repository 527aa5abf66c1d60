"""Fit the weights by which a sentence is quoted (data/ranking.json, "late", "sentence"), and show what they are worth left out.

    python benchmarks/fit_sentences.py [PIAF_DIR] [--without PART,...] [--write]

Fitted on our tuning questions (tests/evaluation/tuning and tuning_more) and on every other question of PIAF; our test questions
(tests/evaluation, tests/evaluation/blind) never take part. Each set counts alike. A figure "ten folds" is of questions that the
fit never saw, "left out" of a set that it never saw; the other half of PIAF is never fitted.

The loss is the negative log of the share that a softmax over a question's sentences gives to those that answer it (listwise, after
Cao et al. 2007; the marginal likelihood where several answer), with a ridge on the weights of parts of unit variance.
`--without` fits without some parts, to see what each is worth. `margin`, which lets a second and third quotation stand beside the
first, is shown for a grid and chosen by hand: where more of them would be beside the point than are not.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from clusterbot.datasets import Dataset, read_dataset
from clusterbot.embedding import open_embedder
from clusterbot.engine import SEARCHED, Engine
from clusterbot.evaluation import holds_answer, open_dataset
from clusterbot.models import LANGUAGES
from clusterbot.questions import Question, understand
from clusterbot.quoting import PARTS, Candidate, SentenceWeights, choose
from clusterbot.ranking import read_ranking
from clusterbot.settings import read_settings

OWN = (Path("tests/evaluation/tuning"), Path("tests/evaluation/tuning_more"))
PENALTY = 1e-2
FOLDS = 10
SEEDS = 3  # ways of cutting the folds, of which the mean is shown
UNUSED = ("matched",)  # parts of the plain ranking alone: `told` says the same and more
MARGINS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Read:
    """A question with its sentences, which of them answer it, and their parts: float64 (sentences, parts)."""

    dataset: str
    question: Question
    candidates: list[Candidate]
    answers: NDArray[np.bool_]
    parts: Floats


def read_all(dataset: Dataset, engine: Engine) -> list[Read]:
    """Read each question of a set that knows its answers."""
    found = []
    for test in dataset.queries:
        if test.answerable and test.answers:
            question = understand(test.text, engine.registry)
            candidates = engine.find(question, SEARCHED)[1]
            relevant = dataset.qrels.get(test.id, {})
            answers = [one.document.id in relevant and holds_answer(one.text, test.answers) for one in candidates]
            parts = [[float(getattr(one.parts, name)) for name in PARTS] for one in candidates]
            found.append(Read(dataset.name, question, candidates, np.array(answers), np.array(parts)))
    return found


def fit(questions: Sequence[Read], free: NDArray[np.bool_]) -> Floats:
    """Return the weights of the parts: float64 (parts,); those that aren't free are 0."""
    known = [one for one in questions if one.answers.any()]
    sizes = {name: sum(one.dataset == name for one in known) for name in {one.dataset for one in known}}
    share = np.array([1 / sizes[one.dataset] / len(sizes) for one in known])
    parts = np.concatenate([one.parts for one in known])[:, free]
    scale = parts.std(axis=0) + 1e-9
    parts = parts / scale
    answers = np.concatenate([one.answers for one in known])
    starts = np.cumsum([0, *(len(one.answers) for one in known[:-1])])
    owner = np.repeat(np.arange(len(known)), [len(one.answers) for one in known])

    def loss(theta: Floats) -> tuple[float, Floats]:
        scores = parts @ theta
        exp = np.exp(scores - np.maximum.reduceat(scores, starts)[owner])
        whole, right = np.add.reduceat(exp, starts), np.add.reduceat(exp * answers, starts)
        slope = ((exp / whole[owner] - exp * answers / right[owner]) * share[owner]) @ parts
        return float((share * np.log(whole / right)).sum() + PENALTY * theta @ theta), slope + 2 * PENALTY * theta

    weights = np.zeros(len(free))
    weights[free] = minimize(loss, np.zeros(int(free.sum())), jac=True, method="L-BFGS-B").x / scale
    return weights


def chosen(one: Read, weights: Floats, margin: float) -> list[bool]:
    """Return of each quotation whether it answers."""
    scores = one.parts @ weights
    places = {(each.document.id, each.start): place for place, each in enumerate(one.candidates)}
    scored = [replace(each, score=float(score)) for each, score in zip(one.candidates, scores, strict=True)]
    scored.sort(key=lambda each: (-each.score, each.document.id, each.start))
    return [bool(one.answers[places[each.document.id, each.start]]) for each in choose(one.question, scored, margin)]


def by_folds(questions: Sequence[Read], free: NDArray[np.bool_], margin: float) -> list[list[list[bool]]]:
    """Return for each way of cutting the folds, of each question, whether its quotations answer; the fit never saw it."""
    ways = []
    for seed in range(SEEDS):
        fold = np.random.default_rng(seed).integers(FOLDS, size=len(questions))
        found: list[list[bool]] = [[] for _ in questions]
        for number in range(FOLDS):
            weights = fit([one for one, place in zip(questions, fold, strict=True) if place != number], free)
            for place in np.flatnonzero(fold == number):
                found[place] = chosen(questions[place], weights, margin)
        ways.append(found)
    return ways


def show(title: str, questions: Sequence[Read], ways: Sequence[list[list[bool]]]) -> None:
    """Print by set and language the share of questions that the first and that one of up to three quotations answers."""
    for name in dict.fromkeys(one.dataset for one in questions):
        for lang in LANGUAGES:
            own = [place for place, one in enumerate(questions) if one.dataset == name and one.question.lang == lang]
            if own:
                told = [way[place] for way in ways for place in own]
                first, any_ = np.mean([one[:1] == [True] for one in told]), np.mean([any(one) for one in told])
                quotes = np.mean([len(one) for one in told])
                print(f"| {title} | {name} | {lang} | {first:.3f} | {any_:.3f} | {quotes:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("piaf", nargs="?", type=Path)
    parser.add_argument("--without", default="", help="parts to leave out, with commas between")
    parser.add_argument("--margin", type=float, help="the margin to ship; else as it is")
    parser.add_argument("--write", action="store_true", help="write data/ranking.json")
    options = parser.parse_args()
    settings, ranking = read_settings(), read_ranking(with_tokens=True)
    embedder = open_embedder(settings.model, settings.cache_dir)
    read: list[Read] = []
    for folder in [*OWN, *([options.piaf] if options.piaf else [])]:
        dataset = read_dataset(folder)
        own = settings.cache_dir / "evaluation" / f"{dataset.name}-{dataset.digest[:12]}"
        read += read_all(dataset, open_dataset(dataset, own if dataset.documents else settings.index_dir, embedder, ranking)[0])
    public = [one for one in read if options.piaf and one.dataset == options.piaf.name]
    ours = [one for one in read if one not in public]
    fitted, held = [*ours, *public[::2]], public[1::2]
    free = np.array([name not in (*UNUSED, *options.without.split(",")) for name in PARTS])
    margin = ranking.sentence.margin if options.margin is None else options.margin

    print("| weights | set | language | first answers | one of three | quotes |\n| --- | --- | --- | --- | --- | --- |")
    shipped = np.array([getattr(ranking.sentence, name) for name in PARTS])
    show("as shipped", read, [[chosen(one, shipped, ranking.sentence.margin) for one in read]])
    show("ten folds", fitted, by_folds(fitted, free, margin))
    for name in dict.fromkeys(one.dataset for one in fitted):
        left_out = fit([one for one in fitted if one.dataset != name], free)
        own = [one for one in fitted if one.dataset == name]
        show("left out", own, [[chosen(one, left_out, margin) for one in own]])
    weights = fit(fitted, free)
    show("never fitted", held, [[chosen(one, weights, margin) for one in held]])

    print("\n| margin | one of three | quotes | of second and third ones, that answer |\n| --- | --- | --- | --- |")
    for each in MARGINS:
        told = [quotes for way in by_folds(ours, free, each) for quotes in way]
        more = [answers for quotes in told for answers in quotes[1:]]
        share = f"{np.mean(more):.3f}" if more else ""
        print(f"| {each} | {np.mean([any(one) for one in told]):.3f} | {np.mean([len(one) for one in told]):.2f} | {share} |")

    found = {name: round(float(weight), 3) for name, weight in zip(PARTS, weights, strict=True)}
    sentence = SentenceWeights(margin=margin, answered=ranking.sentence.answered, **found)
    print(f"\n{sentence.model_dump_json(indent=1)}")
    if options.write:
        path = Path(str(resources.files("clusterbot").joinpath("data/ranking.json")))
        rankings = json.loads(path.read_text(encoding="utf-8"))
        rankings["late"]["sentence"] = sentence.model_dump()
        names = ", ".join([folder.name for folder in OWN] + [f"half of {one.name}" for one in [options.piaf] if one])
        before = rankings["late"]["fitted"].partition("; sentence: ")[0]
        rankings["late"]["fitted"] = (
            f"{before}; sentence: benchmarks/fit_sentences.py on {names}, {dt.datetime.now(dt.UTC):%Y-%m-%d}"
        )
        path.write_text(json.dumps(rankings, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
