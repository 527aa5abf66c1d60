"""How sure an answer is, fitted for a model: evidence -> probability, what the fit is worth on sets left out, where it is kept.

DATA_DIR/calibration/<fingerprint>.json     one for each model and way of running it; beats the shipped one for that model
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from clusterbot.answering import EVIDENCE, probability
from clusterbot.datasets import Dataset
from clusterbot.embedding import Embedder
from clusterbot.engine import SEARCHED, Engine
from clusterbot.errors import EvaluationError, StorageError
from clusterbot.evaluation import Asked, answerability, expected_calibration_error, reliability, risk_coverage
from clusterbot.index.snapshot import Calibration
from clusterbot.models import LANGUAGES, Lang
from clusterbot.questions import understand
from clusterbot.ranking import Ranking

SET_WEIGHT = 250.0  # of each kind of question of a set, as if it had that many
THRESHOLDS = tuple(round(0.2 + 0.01 * step, 2) for step in range(61))
FOLDS = 5  # of a single set, where there is no other to leave out
DRAWS = 200  # by which the error is estimated that chance alone leaves


class LeftOut(BaseModel):
    """What a fit is worth on a set that it never saw.

    `ece` is for even odds, as shown to people. `ece_known_share` is what is left of it once the odds are moved to the set's own
    share of answerable questions (label shift: Saerens, Latinne and Decaestecker 2002). `ece_of_chance` is what probabilities that
    are right would show on as many questions: a figure near it can't be told from none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    questions: int
    share_answerable: float
    auroc: float
    f1_answerable: float
    f1_unanswerable: float
    ece: float
    ece_known_share: float
    ece_of_chance: float
    reliability: list[list[float]]
    risk_coverage: list[list[float]]


class Fit(BaseModel):
    """A calibration for one model, what it was fitted on (digests by set), and what it is worth there when a set is left out.

    `pooled` are the languages of which no set was given: they take the fit of all sets.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    fingerprint: str
    calibration: dict[Lang, Calibration]
    pooled: tuple[Lang, ...]
    sets: dict[str, str]
    left_out: dict[str, LeftOut]
    fitted_at: str


def collect(
    dataset: Dataset, engine: Engine, with_tokens: bool = True, progress: Callable[[int, int], None] | None = None
) -> list[Asked]:
    """Return each query with its evidence, without rankings and quotes; without tokens as a ranking that has none would find it."""
    asked = []
    for done, test in enumerate(dataset.queries, start=1):
        question = understand(test.text, engine.registry)
        query = engine.retriever.query(question.query, question.lang, question.cluster_ids, question.words)
        query = query if with_tokens else replace(query, tokens=query.tokens[:0])
        hits = engine.retriever.search(query, SEARCHED)
        asked.append(Asked(test, {}, engine.reader.evidence(question, query, hits) if hits else None, None))
        if progress:
            progress(done, len(dataset.queries))
    return asked


def has_both_kinds(asked: Sequence[Asked]) -> bool:
    """Say whether some of the questions can be answered and some can't: only then there is something to fit."""
    return {one.query.answerable for one in asked if one.evidence is not None} == {True, False}


def fit_languages(asked: Mapping[str, Sequence[Asked]]) -> tuple[dict[Lang, Calibration], tuple[Lang, ...]]:
    """Fit each language on the questions in it, and a language without any on all; return which those are.

    Raises:
        EvaluationError: no set holds both kinds of question.
    """
    pool = fit_calibration(list(asked.items()), EVIDENCE)
    calibration: dict[Lang, Calibration] = {}
    pooled: list[Lang] = []
    for lang in LANGUAGES:
        of_lang = [(name, [one for one in each if one.query.lang == lang]) for name, each in asked.items()]
        if any(has_both_kinds(each) for _, each in of_lang):
            calibration[lang] = fit_calibration(of_lang, EVIDENCE)
        else:
            calibration[lang] = pool
            pooled.append(lang)
    return calibration, tuple(pooled)


def cross_validate(asked: Mapping[str, Sequence[Asked]]) -> dict[str, LeftOut]:
    """Return what the fit on all other sets is worth on each; on a single set, what the fit on four fifths is worth on one."""
    kept = {name: each for name, each in asked.items() if has_both_kinds(each)}
    found = {}
    for name, held in kept.items():
        others = [(other, each) for other, each in kept.items() if other != name]
        parts = [(others, list(held))] if others else list(_folds(name, held))
        found[name] = _left_out([(fit_calibration(fitted, EVIDENCE), part) for fitted, part in parts])
    return found


def _folds(name: str, asked: Sequence[Asked]) -> list[tuple[list[tuple[str, Sequence[Asked]]], list[Asked]]]:
    """Return pairs of what is fitted on and what is left out; each fifth holds its share of both kinds."""
    ordered = sorted((one for one in asked if one.evidence is not None), key=lambda one: (one.query.answerable, one.query.id))
    parts = [ordered[number::FOLDS] for number in range(FOLDS)]
    return [
        ([(name, [one for place, part in enumerate(parts) if place != number for one in part])], held)
        for number, held in enumerate(parts)
    ]


def _left_out(parts: Sequence[tuple[Calibration, Sequence[Asked]]]) -> LeftOut:
    """Measure probabilities that were fitted on other questions than those they are for."""
    truth, chance, figures = [], [], []
    for calibration, held in parts:
        judged = [one for one in held if one.evidence is not None]
        truth += [one.query.answerable for one in judged]
        chance += [probability(calibration, one.evidence or {}) for one in judged]
        figures.append(answerability(judged, dict.fromkeys(LANGUAGES, calibration)))
    answerable, shown = np.array(truth), np.array(chance)
    moved = move_odds(shown, float(answerable.mean()))
    mean = {name: float(np.mean([one[name] for one in figures])) for name in ("auroc", "f1_answerable", "f1_unanswerable")}
    return LeftOut(
        questions=len(answerable),
        share_answerable=float(answerable.mean()),
        ece=expected_calibration_error(answerable, shown),
        ece_known_share=expected_calibration_error(answerable, moved),
        ece_of_chance=error_of_chance(moved),
        reliability=reliability(answerable, shown),
        risk_coverage=risk_coverage(answerable, shown),
        **mean,
    )


def move_odds(chance: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return probabilities for even odds as they are where this share of all questions can be answered."""
    odds = chance / np.maximum(1 - chance, 1e-9) * share / max(1 - share, 1e-9)
    moved: NDArray[np.float64] = odds / (1 + odds)
    return moved


def error_of_chance(chance: NDArray[np.float64]) -> float:
    """Return the expected calibration error that these probabilities would show if they were right, by draws from a fixed seed."""
    random = np.random.default_rng(0)
    return float(np.mean([expected_calibration_error(random.random(len(chance)) < chance, chance) for _ in range(DRAWS)]))


def fit_calibration(sets: Sequence[tuple[str, Sequence[Asked]]], features: Sequence[str], penalty: float = 0.01) -> Calibration:
    """Fit a logistic regression from evidence to answerability, on named sets.

    Each set counts alike, and within it its answerable questions as much as its others: the probability is for even odds, since
    nobody knows how many of the questions to come the corpus will answer. The threshold is where the F1 of answering and that of
    abstaining are highest on average over the sets. `penalty` is scikit-learn's C, features standardised.

    Raises:
        EvaluationError: no set holds both kinds of question.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score
    from sklearn.preprocessing import StandardScaler

    parts = []
    for _, asked in sets:
        judged = [one for one in asked if one.evidence is not None]
        truth = np.array([one.query.answerable for one in judged], dtype=bool)
        if len(set(truth)) == 2:
            matrix = np.array([[(one.evidence or {})[name] for name in features] for one in judged])
            parts.append((matrix, truth, np.where(truth, SET_WEIGHT / truth.sum(), SET_WEIGHT / (~truth).sum())))
    if not parts:
        raise EvaluationError("no set holds both answerable and unanswerable questions: nothing to fit a calibration on")
    matrix, truth, weight = (np.concatenate(column) for column in zip(*parts, strict=True))
    scaler = StandardScaler().fit(matrix)
    model = LogisticRegression(C=penalty).fit(scaler.transform(matrix), truth, weight)
    weights = model.coef_[0] / scaler.scale_
    intercept = float(model.intercept_[0] - weights @ scaler.mean_)

    def mean_f1(threshold: float) -> float:
        given = [(truth, 1 / (1 + np.exp(-(matrix @ weights + intercept))) >= threshold) for matrix, truth, _ in parts]
        return float(np.mean([f1_score(truth, one) + f1_score(~truth, ~one) for truth, one in given]))

    threshold = max(THRESHOLDS, key=mean_f1)
    return Calibration(features=tuple(features), weights=tuple(map(float, weights)), intercept=intercept, threshold=threshold)


def fit(model: Embedder, asked: Mapping[str, Sequence[Asked]], digests: Mapping[str, str], now: dt.datetime) -> Fit:
    """Fit how sure answers are, and measure the fit on each set by leaving it out.

    Raises:
        EvaluationError: no set holds both kinds of question.
    """
    calibration, pooled = fit_languages(asked)
    return Fit(
        model=f"{model.name}@{model.revision}",
        fingerprint=model.fingerprint,
        calibration=calibration,
        pooled=pooled,
        sets=dict(digests),
        left_out=cross_validate(asked),
        fitted_at=now.isoformat(timespec="seconds"),
    )


def keep_fit(found: Fit, data_dir: Path) -> Path:
    """Write a fit where `index build` finds it, over an earlier one of that model.

    Raises:
        StorageError: the disk refuses.
    """
    path = _path(data_dir, found.fingerprint)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pending = path.with_suffix(".new")
        pending.write_text(found.model_dump_json(indent=1) + "\n", encoding="utf-8")
        pending.replace(path)
    except OSError as error:
        raise StorageError(f"can't write {path} ({error.strerror or error}): free some space or check the permissions") from error
    return path


def read_fit(data_dir: Path, fingerprint: str) -> Fit | None:
    """Return the fit for a model, if one was made here.

    Raises:
        EvaluationError: it can't be read.
    """
    path = _path(data_dir, fingerprint)
    try:
        return Fit.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        cure = "remove it, or fit it anew: clusterbot eval --fit DATASET_DIR..."
        raise EvaluationError(f"{path} can't be read as a calibration ({str(error).splitlines()[0]}): {cure}") from error


def calibrated(ranking: Ranking, model: Embedder, data_dir: Path) -> Ranking:
    """Return a ranking with the calibration that was fitted here for a model; the shipped one where none was."""
    found = read_fit(data_dir, model.fingerprint)
    if found is None:
        return ranking
    return ranking.model_copy(update={"calibration": found.calibration, "calibrated_for": found.model})


def _path(data_dir: Path, fingerprint: str) -> Path:
    return data_dir / "calibration" / f"{fingerprint[:16]}.json"
