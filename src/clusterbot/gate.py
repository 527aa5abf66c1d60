"""Figures -> whether they are as good as they were: floors for each data set, and what they were measured with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from clusterbot.errors import EvaluationError

SLACK = 0.01  # between a figure and the floor it sets: what another processor's rounding may cost
EXACT = ("quotes.verbatim", "claims.contradicted_not_supported")
FLOORS = (
    *("runs.hybrid.ndcg@10", "runs.hybrid.recall@10", "by_language.fr.hybrid.ndcg@10", "by_language.en.hybrid.ndcg@10"),
    *("by_pair.cross.hybrid.ndcg@10", "answerability.auroc", "quotes.first.all", "quotes.any.all"),
    *("claims.accuracy", "claims.macro_f1", "claims.by_language.fr.macro_f1", "claims.by_language.en.macro_f1", *EXACT),
)


class SetBaseline(BaseModel):
    """A data set's floors, by the path of a figure in `eval --json`, and the digest of the data that they hold for."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    claims_digest: str = ""
    floors: dict[str, float]


class Baseline(BaseModel):
    """What must not get worse: the model, the passages' size and each set's floors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    max_chars: int
    token_dimension: int
    sets: dict[str, SetBaseline]


class Measured(BaseModel):
    """What an evaluation of one set gave, with what it was made."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str
    digest: str
    claims_digest: str = ""
    model: str
    max_chars: int
    token_dimension: int
    figures: dict[str, float]


def read_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        EvaluationError: there is none, or it can't be read.
    """
    try:
        return Baseline.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise EvaluationError(f"there is no baseline {path}: make one with --update") from None
    except (OSError, ValidationError) as error:
        told = str(error).splitlines()[0]
        raise EvaluationError(f"{path} can't be read as a baseline ({told}): restore it from the repository") from error


def figures_of(result: dict[str, Any]) -> dict[str, float]:
    """Return those figures of a result of `eval --json` that have floors."""
    found = {}
    for path in FLOORS:
        value: Any = result
        for part in path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            found[path] = float(value)
    return found


def failures(baseline: Baseline, measured: Sequence[Measured]) -> Iterator[str]:
    """Yield what is worse than the baseline, or can't be compared with it."""
    for one in measured:
        known = baseline.sets.get(one.dataset)
        if known is None:
            continue
        made = (one.model, one.max_chars, one.token_dimension)
        if made != (baseline.model, baseline.max_chars, baseline.token_dimension):
            yield f"{one.dataset}: measured with {made}, the baseline with another model or index; set it anew with --update"
        elif (one.digest, one.claims_digest) != (known.digest, known.claims_digest):
            yield f"{one.dataset}: the data isn't what the baseline was measured on; set it anew with --update"
        else:
            for path, floor in known.floors.items():
                figure = one.figures.get(path)
                if figure is None:
                    yield f"{one.dataset}: {path} wasn't measured, its floor is {floor:.3f}"
                elif figure < floor:
                    yield f"{one.dataset}: {path} is {figure:.3f}, its floor {floor:.3f}"


def skipped(baseline: Baseline, measured: Sequence[Measured]) -> list[str]:
    """Return the sets of the baseline that weren't measured."""
    return sorted(set(baseline.sets) - {one.dataset for one in measured})


def updated(baseline: Baseline | None, measured: Sequence[Measured], allow_regression: bool) -> Baseline:
    """Return the baseline with the floors that these figures set; sets that weren't measured keep theirs.

    Raises:
        EvaluationError: a floor would fall, and that wasn't allowed; or sets were measured with different models.
    """
    first = measured[0]
    made = (first.model, first.max_chars, first.token_dimension)
    if any((one.model, one.max_chars, one.token_dimension) != made for one in measured):
        raise EvaluationError("the sets were measured with different models or indexes: evaluate them together")
    sets = dict(baseline.sets) if baseline else {}
    fallen = []
    for one in measured:
        floors = {path: round(figure - (0 if path in EXACT else SLACK), 4) for path, figure in one.figures.items()}
        known = sets[one.dataset].floors if one.dataset in sets else {}
        fallen += [f"{one.dataset}: {path}" for path, floor in known.items() if floors.get(path, -1.0) < floor]
        sets[one.dataset] = SetBaseline(digest=one.digest, claims_digest=one.claims_digest, floors=floors)
    if fallen and not allow_regression:
        raise EvaluationError(
            f"these would fall: {', '.join(fallen)}; if that is meant, --allow-regression, with a line in CHANGELOG.md"
        )
    return Baseline(model=first.model, max_chars=first.max_chars, token_dimension=first.token_dimension, sets=sets)
