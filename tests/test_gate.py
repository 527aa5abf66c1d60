"""The gate: what got worse is told, what can't be compared too, and a floor falls only where that is meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusterbot.errors import EvaluationError
from clusterbot.gate import SLACK, Baseline, Measured, failures, figures_of, read_baseline, skipped, updated

NDCG = "runs.hybrid.ndcg@10"


def measured(ndcg: float = 0.8, **values: Any) -> Measured:
    given = {"dataset": "own", "digest": "d", "model": "m@1", "max_chars": 1000, "token_dimension": 128}
    return Measured(**{**given, "figures": {NDCG: ndcg, "quotes.verbatim": 1.0}, **values})


@pytest.fixture
def baseline() -> Baseline:
    return updated(None, [measured()], allow_regression=False)


def test_the_same_figures_and_better_ones_pass(baseline: Baseline) -> None:
    assert list(failures(baseline, [measured(), measured(0.8 - SLACK / 2), measured(0.95)])) == []


def test_a_figure_below_its_floor_is_told(baseline: Baseline) -> None:
    (told,) = failures(baseline, [measured(0.7)])
    assert "own" in told
    assert NDCG in told
    assert "0.700" in told
    assert "0.790" in told


def test_a_single_quote_that_is_not_verbatim_fails(baseline: Baseline) -> None:
    worse = {NDCG: 0.8, "quotes.verbatim": 0.9999}
    assert "quotes.verbatim" in " ".join(failures(baseline, [measured(figures=worse)]))


def test_a_single_contradicted_claim_that_is_called_supported_fails() -> None:
    told = {"claims": {"contradicted_not_supported": 1.0, "macro_f1": 0.9}}
    baseline = updated(None, [measured(figures=figures_of(told))], allow_regression=False)
    told["claims"]["contradicted_not_supported"] = 0.999
    (worse,) = failures(baseline, [measured(figures=figures_of(told))])
    assert "claims.contradicted_not_supported" in worse


def test_a_figure_that_was_not_measured_fails(baseline: Baseline) -> None:
    assert "wasn't measured" in " ".join(failures(baseline, [measured(figures={NDCG: 0.9})]))


@pytest.mark.parametrize(
    "change", [{"digest": "other"}, {"claims_digest": "other"}, {"model": "m@2"}, {"max_chars": 500}, {"token_dimension": 0}]
)
def test_what_was_made_otherwise_cannot_pass(baseline: Baseline, change: dict[str, Any]) -> None:
    (told,) = failures(baseline, [measured(0.99, **change)])
    assert "--update" in told


def test_sets_that_were_not_measured_are_named(baseline: Baseline) -> None:
    assert skipped(baseline, [measured(dataset="other")]) == ["own"]
    assert list(failures(baseline, [measured(0.1, dataset="other")])) == []


def test_floors_rise_freely_and_fall_only_where_it_is_meant(baseline: Baseline) -> None:
    assert updated(baseline, [measured(0.9)], allow_regression=False).sets["own"].floors[NDCG] == pytest.approx(0.89)
    with pytest.raises(EvaluationError, match=r"--allow-regression.*CHANGELOG"):
        updated(baseline, [measured(0.7)], allow_regression=False)
    with pytest.raises(EvaluationError, match=r"quotes\.verbatim"):
        updated(baseline, [measured(figures={NDCG: 0.8})], allow_regression=False)
    assert updated(baseline, [measured(0.7)], allow_regression=True).sets["own"].floors[NDCG] == pytest.approx(0.69)


def test_sets_that_were_not_measured_keep_their_floors(baseline: Baseline) -> None:
    both = updated(baseline, [measured(0.5, dataset="other")], allow_regression=False)
    assert set(both.sets) == {"own", "other"}
    assert both.sets["own"] == baseline.sets["own"]


def test_sets_measured_with_two_models_make_no_baseline() -> None:
    with pytest.raises(EvaluationError, match="together"):
        updated(None, [measured(), measured(dataset="other", model="m@2")], allow_regression=False)


def test_figures_are_found_by_their_paths() -> None:
    result = {"runs": {"hybrid": {"ndcg@10": 0.5}}, "quotes": {"first": {"all": 0.4}}, "answerability": None}
    assert figures_of(result) == {NDCG: 0.5, "quotes.first.all": 0.4}


@pytest.mark.parametrize("text", ["", "{}", '{"model": 1}'])
def test_a_baseline_that_is_none_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match="can't be read"):
        read_baseline(tmp_path / "b.json")
    with pytest.raises(EvaluationError, match="--update"):
        read_baseline(tmp_path / "none.json")


ROOT = Path(__file__).parent.parent
PUBLIC = ROOT.parent / "shared/eval/cnil-faq-fr"
"""The public set that costs least: a minute of processor time where its passages were never embedded, a few seconds afterwards."""


def hold_to_baseline(folder: Path, monkeypatch: pytest.MonkeyPatch) -> int | str | None:
    """Run the gate as `make eval` does, on one set; return how it ended."""
    from clusterbot.cli import main

    monkeypatch.setattr("sys.argv", ["clusterbot", "eval", str(folder), "--baseline", str(ROOT / "tests/evaluation/baseline.json")])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code


@pytest.mark.model
def test_our_own_questions_are_answered_as_well_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate itself, as `make eval` runs it."""
    from clusterbot.cli import main

    monkeypatch.setenv("CLUSTERBOT_INDEX_DIR", str(tmp_path / "index"))
    monkeypatch.setenv("CLUSTERBOT_CORPUS_DIR", str(ROOT / "corpus"))
    monkeypatch.setattr("sys.argv", ["clusterbot", "index", "build"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert hold_to_baseline(ROOT / "tests/evaluation", monkeypatch) == 0


@pytest.mark.model
def test_a_public_set_is_answered_as_well_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    if not any(PUBLIC.glob("queries.jsonl*")):
        pytest.skip(
            f"no {PUBLIC.name} in ../shared/eval: public sets don't come with the repository, their licences differ; "
            "put its folder there, or measure it where it lies: make eval EVAL_DIRS=DIR"
        )
    assert hold_to_baseline(PUBLIC, monkeypatch) == 0
