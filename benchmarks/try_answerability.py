"""How far scores can tell whether the corpus answers, and what makes the probability travel: what was tried, in one run.

    python benchmarks/try_answerability.py DATASET_DIR... [--json FILE]

Beside the features that ship, three dozen more of a question's hits and of the sentences read in them. Printed, and written for
docs/evaluation.md: the AUROC of each by itself; what is reached left out (fitted on the other sets, each at even odds) by those
that ship, and by those that a forward search adds; what is reached on a set by fitting on the set itself (ten folds), which no fit
elsewhere can be expected to beat; and the expected calibration error left out as it is, by isotonic regression, on features
standardised over the set's unlabelled questions or over sentences of its documents asked with their own document left out, with the
set's share of answerable questions known or estimated (Saerens, Latinne and Decaestecker 2002), and with a scale and offset (Platt
1999) from some of its questions.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from fit_calibration import HOME, OWN
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from clusterbot.analysis import analyse
from clusterbot.answering import EVIDENCE
from clusterbot.calibrating import SET_WEIGHT, error_of_chance, move_odds
from clusterbot.datasets import Dataset, read_dataset
from clusterbot.embedding import open_embedder
from clusterbot.engine import SEARCHED, Engine
from clusterbot.evaluation import expected_calibration_error, open_dataset
from clusterbot.models import Lang
from clusterbot.questions import Question, understand
from clusterbot.quoting import Candidate
from clusterbot.ranking import read_ranking
from clusterbot.retrieval import Hit, Query
from clusterbot.settings import read_settings
from clusterbot.text import split_sentences

ASKED_SENTENCES = 150
OWN_QUESTIONS = (30, 60, 100)
CHOICES = {
    "those that ship": EVIDENCE,
    "without the matched words": ("cosine", "dense", "margin"),
    "the best sentence's lead over the tenth instead of the standard score": (
        "cosine",
        "margin",
        "matched",
        "sentence: lead over the 10.",
    ),
    "the lead over the tenth document and the best sentence's score alone": ("margin", "sentence: score"),
}
"""Features that are compared on the given sets alone, each fitted on the others of them."""
DRAWS = 40

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Features:
    """A set's questions: features (n, f), truth (n,); and of its sentences, asked without their document (m, f)."""

    matrix: Matrix
    truth: NDArray[np.bool_]
    sentences: Matrix


def describe(engine: Engine, question: Question, query: Query, hits: Sequence[Hit]) -> dict[str, float]:
    """Return what might tell whether the hits answer."""
    read = engine.reader.read(question, query, hits)
    late = engine.retriever.late(np.array([hit.row for hit in hits[:50]], np.int64), query)
    best = hits[0].passage.document.lang
    index = engine.snapshot.languages[best]
    tokens = np.sort(index.tokens.maxima(np.array([hits[0].row - index.first_row]), query.tokens)[0])
    sentences = [part for hit in hits[:3] for part in sentence_tokens(engine, query, hit)]
    scores: dict[str, float] = {}
    for hit in hits:
        scores.setdefault(hit.passage.document.id, hit.score)
    lists = {
        "cosine": np.sort([hit.cosine for hit in hits])[::-1],
        "late": np.sort(late)[::-1],
        "lexical": np.sort([hit.lexical for hit in hits])[::-1],
        "score": np.array(list(scores.values())),
    }
    gaps = {
        f"{name}: lead over the {n}.": float(of[0] - of[min(n - 1, len(of) - 1)]) for name, of in lists.items() for n in (2, 5, 10)
    }
    third = max(1, len(tokens) // 3)
    by_words = max(hits, key=lambda hit: hit.lexical).passage.document.id
    by_vector = max(hits, key=lambda hit: hit.cosine).passage.document.id
    return {
        **engine.reader.evidence(question, query, hits, read),
        **of_sentences(question, read),
        **gaps,
        "MaxSim": float(lists["late"][0]),
        "MaxSim as a standard score": float((late.max() - late.mean()) / max(late.std(), 0.01)),
        "MaxSim of the least answered tokens": float(tokens[:third].mean()),
        "MaxSim of the best sentence": max((float(part.mean()) for part in sentences), default=0.0),
        "least answered tokens of the best sentence": max(
            (float(part[: max(1, len(part) // 3)].mean()) for part in sentences), default=0.0
        ),
        "share of BM25": float(lists["lexical"][0]),
        "share of words": max(hit.matched for hit in hits),
        "both rankings agree": float(by_words == by_vector),
        "fused score": float(lists["score"][0]),
        "spread of the fused scores": float(np.std(lists["score"][:20])),
        "words": float(len(analyse(query.text, query.lang))),
    }


def of_sentences(question: Question, read: Sequence[Candidate]) -> dict[str, float]:
    """Return what the sentences that were read tell."""
    best, scores = read[0].parts, np.array([one.score for one in read])
    is_missed = question.asks != "other" and not best.kind
    return {
        "sentence: score": float(scores[0]),
        **{f"sentence: lead over the {n}.": float(scores[0] - scores[min(n, len(scores)) - 1]) for n in (2, 5, 10)},
        "sentence: standard score among those read": float((scores[0] - scores.mean()) / max(scores.std(), 1e-6)),
        "sentence: share by softmax": float(1 / np.exp(scores - scores[0]).sum()),
        "sentence: standard score of its vector": best.dense,
        "sentence: highest standard score of a vector": max(one.parts.dense for one in read),
        "sentence: MaxSim": best.late,
        "sentence: MaxSim of words that narrow the question": best.content,
        "sentence: share of words told": best.told,
        "sentence: share of words told, mean of three": float(np.mean([one.parts.told for one in read[:3]])),
        "sentence: lacks the kind asked for": float(is_missed),
        "sentence: the first three lack the kind asked for": float(is_missed and not any(one.parts.kind for one in read[:3])),
    }


def sentence_tokens(engine: Engine, query: Query, hit: Hit) -> list[NDArray[np.float32]]:
    """Return for each sentence of a hit the question's tokens' best cosines, least first."""
    document = hit.passage.document
    index = engine.snapshot.languages[document.lang]
    row = hit.row - index.first_row
    ranges = np.array([(one.start, one.end) for one in split_sentences(hit.passage.text, document.lang)])
    highest = index.tokens.within(np.array([row]), [ranges], query.tokens)
    return [np.sort(one) for one in highest if (one > -1).any()]


def ask(engine: Engine, text: str, lang: Lang | None = None, without: str | None = None) -> dict[str, float] | None:
    question = understand(text, engine.registry, (), lang)
    query = engine.retriever.query(question.query, question.lang, question.cluster_ids, question.words)
    hits = [hit for hit in engine.retriever.search(query, SEARCHED) if hit.passage.document.id != without]
    return describe(engine, question, query, hits) if hits else None


def read_features(datasets: Sequence[Dataset], engine: Engine) -> tuple[Features, list[str]]:
    tests = [test for dataset in datasets for test in dataset.queries]
    rows = [(found, test.answerable) for test in tests if (found := ask(engine, test.text))]
    random, documents, asked = np.random.default_rng(0), engine.snapshot.documents, []
    for place in random.permutation(len(documents))[:ASKED_SENTENCES]:
        document = documents[place]
        whole = [
            one for one in split_sentences(document.text, document.lang) if 30 <= one.end - one.start <= 200 and not one.is_heading
        ]
        if whole:
            one = whole[random.integers(len(whole))]
            asked.append(ask(engine, document.text[one.start : one.end], document.lang, document.id))
    names = list(rows[0][0])
    matrix = np.array([[found[name] for name in names] for found, _ in rows])
    sentences = np.array([[found[name] for name in names] for found in asked if found])
    return Features(matrix, np.array([truth for _, truth in rows]), sentences), names


def fit(parts: Sequence[tuple[Matrix, NDArray[np.bool_]]]) -> Callable[[Matrix], Matrix]:
    """Fit as `eval --fit` does: each set and each kind of question alike; return what gives log-odds."""
    matrix, truth = np.concatenate([part for part, _ in parts]), np.concatenate([part for _, part in parts])
    weight = np.concatenate([np.where(one, SET_WEIGHT / one.sum(), SET_WEIGHT / (~one).sum()) for _, one in parts])
    scaler = StandardScaler().fit(matrix)
    model = LogisticRegression(C=0.01).fit(scaler.transform(matrix), truth, weight)
    return lambda rows: model.decision_function(scaler.transform(rows))


def sigmoid(log_odds: Matrix) -> Matrix:
    return 1 / (1 + np.exp(-np.clip(log_odds, -50, 50)))


def estimated(chance: Matrix) -> Matrix:
    """Move even odds to the share that expectation-maximisation finds in the unlabelled probabilities themselves."""
    share = 0.5
    for _ in range(200):
        share = float(np.clip(move_odds(chance, share).mean(), 0.02, 0.98))
    return move_odds(chance, share)


def standardised(matrix: Matrix, over: Matrix) -> Matrix:
    return (matrix - over.mean(axis=0)) / (over.std(axis=0) + 1e-6)


def left_out(sets: dict[str, Features], columns: Sequence[int], prepare: Callable[[Features], Matrix]) -> dict[str, Matrix]:
    """Return each set's log-odds by the fit on the others."""
    found = {}
    for name, held in sets.items():
        others = [(prepare(one)[:, columns], one.truth) for other, one in sets.items() if other != name]
        found[name] = fit(others)(prepare(held)[:, columns])
    return found


def auroc(sets: dict[str, Features], log_odds: dict[str, Matrix]) -> dict[str, float]:
    return {name: float(roc_auc_score(sets[name].truth, found)) for name, found in log_odds.items()}


def search_forward(sets: dict[str, Features], names: Sequence[str], start: Sequence[int]) -> list[int]:
    """Add features while the mean left-out AUROC grows by a thousandth; optimistic, since the same sets judge and choose."""
    chosen, best = list(start), float(np.mean(list(auroc(sets, left_out(sets, start, lambda one: one.matrix)).values())))
    while True:
        tried = []
        for column in range(len(names)):
            if column not in chosen:
                reached = auroc(sets, left_out(sets, [*chosen, column], lambda one: one.matrix))
                tried.append((float(np.mean(list(reached.values()))), column))
        value, column = max(tried)
        if value < best + 0.001:
            return chosen
        best = value
        chosen.append(column)


def nested(sets: dict[str, Features], names: Sequence[str], start: Sequence[int]) -> dict[str, float]:
    """Return the AUROC of each set where it took no part in the search either."""
    found = {}
    for name, held in sets.items():
        others = {other: one for other, one in sets.items() if other != name}
        chosen = search_forward(others, names, start)
        odds = fit([(one.matrix[:, chosen], one.truth) for one in others.values()])
        found[name] = float(roc_auc_score(held.truth, odds(held.matrix[:, chosen])))
    return found


def ceiling(one: Features, columns: Sequence[int]) -> dict[str, float]:
    """Return what fits on the set itself reach, in ten folds."""
    folds = StratifiedKFold(10, shuffle=True, random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression(C=0.03))
    ways = {
        "shipped": (linear, one.matrix[:, columns]),
        "all, linear": (linear, one.matrix),
        "all, forest": (RandomForestClassifier(300, min_samples_leaf=5, random_state=0), one.matrix),
    }
    chances = {
        name: cross_val_predict(model, matrix, one.truth, cv=folds, method="predict_proba")[:, 1]
        for name, (model, matrix) in ways.items()
    }
    found = {f"AUROC, {name}": float(roc_auc_score(one.truth, chance)) for name, chance in chances.items()}
    return found | {"ECE, shipped": expected_calibration_error(one.truth, chances["shipped"])}


def errors(sets: dict[str, Features], columns: Sequence[int]) -> dict[str, dict[str, float]]:
    """Return the expected calibration error of each set, left out, by each way of making the probability travel."""
    plain = left_out(sets, columns, lambda one: one.matrix)
    over_questions = left_out(sets, columns, lambda one: standardised(one.matrix, one.matrix))
    over_sentences = left_out(sets, columns, lambda one: standardised(one.matrix, one.sentences))
    found = {}
    for name, held in sets.items():
        share, chance = float(held.truth.mean()), sigmoid(plain[name])
        others = [one for other, one in sets.items() if other != name]
        odds = fit([(one.matrix[:, columns], one.truth) for one in others])
        weight = np.concatenate([np.where(one.truth, 1 / one.truth.sum(), 1 / (~one.truth).sum()) for one in others])
        steps = IsotonicRegression(out_of_bounds="clip", y_min=0.02, y_max=0.98).fit(
            np.concatenate([odds(one.matrix[:, columns]) for one in others]), np.concatenate([one.truth for one in others]), weight
        )
        ways = {
            "as it is": chance,
            "isotonic": steps.predict(plain[name]),
            "share estimated": estimated(chance),
            "share known": move_odds(chance, share),
            "isotonic, share known": move_odds(steps.predict(plain[name]), share),
            "standardised over its questions": sigmoid(over_questions[name]),
            "standardised over its questions, share known": move_odds(sigmoid(over_questions[name]), share),
            "standardised over its sentences": sigmoid(over_sentences[name]),
            "standardised over its sentences, share known": move_odds(sigmoid(over_sentences[name]), share),
        }
        found[name] = {way: expected_calibration_error(held.truth, one) for way, one in ways.items()}
        for count in OWN_QUESTIONS:
            found[name][f"scale and offset from {count} of its own"] = on_own(plain[name], held.truth, count)
        found[name]["what chance leaves"] = error_of_chance(move_odds(chance, share))
    return found


def on_own(log_odds: Matrix, truth: NDArray[np.bool_], count: int) -> float | None:
    """Return the mean error on the rest of a set, of a scale and offset that were fitted on some of its questions."""
    values = []
    for seed in range(DRAWS):
        order = np.random.default_rng(seed).permutation(len(truth))
        some, rest = order[:count], order[count:]
        if len(rest) >= 100 and len(set(truth[some])) == 2:
            model = LogisticRegression(C=1.0).fit(log_odds[some, None], truth[some])
            values.append(expected_calibration_error(truth[rest], model.predict_proba(log_odds[rest, None])[:, 1]))
    return float(np.mean(values)) if values else None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    settings, ranking = read_settings(), read_ranking(with_tokens=True)
    embedder = open_embedder(settings.model, settings.cache_dir)
    sets: dict[str, Features] = {}
    names: list[str] = []
    given = {folder.name: [read_dataset(folder)] for folder in options.datasets}
    given |= {name: [read_dataset(HOME / part) for part in parts] for name, parts in OWN.items()}
    for name, datasets in given.items():
        first = datasets[0]
        own = settings.cache_dir / "evaluation" / f"{first.name}-{first.digest[:12]}"
        engine = open_dataset(first, own if first.documents else settings.index_dir, embedder, ranking)[0]
        sets[name], names = read_features(datasets, engine)
        print(f"{name}: {len(sets[name].truth)} questions", flush=True)
    columns = [names.index(name) for name in EVIDENCE]
    public = {name: one for name, one in sets.items() if name not in OWN}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        chosen = search_forward(sets, names, columns)
        found: dict[str, Any] = {
            "single": {
                name: auroc(sets, {key: one.matrix[:, place] for key, one in sets.items()}) for place, name in enumerate(names)
            },
            "left_out": auroc(sets, left_out(sets, columns, lambda one: one.matrix)),
            "added": [names[column] for column in chosen if column not in columns],
            "left_out_added": auroc(sets, left_out(sets, chosen, lambda one: one.matrix)),
            "left_out_nested": nested(sets, names, columns),
            "given": {
                choice: auroc(public, left_out(public, [names.index(name) for name in wanted], lambda one: one.matrix))
                for choice, wanted in CHOICES.items()
            },
            "ceiling": {name: ceiling(one, columns) for name, one in sets.items()},
            "ece": errors(sets, columns),
        }
    text = json.dumps(found, indent=1)
    print(text)
    if options.json:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
