"""Fits of how sure an answer is: what they learn, what they are worth on questions never seen, and when they are taken up."""

from __future__ import annotations

import datetime as dt
import json
import logging
from pathlib import Path

import numpy as np
import pytest

from clusterbot.answering import EVIDENCE, probability
from clusterbot.assistant import recipe
from clusterbot.calibrating import (
    Fit,
    LeftOut,
    calibrated,
    cross_validate,
    error_of_chance,
    fit,
    fit_calibration,
    fit_languages,
    keep_fit,
    move_odds,
    read_fit,
)
from clusterbot.corpus import read_corpus
from clusterbot.datasets import Dataset, TestQuery
from clusterbot.engine import Engine
from clusterbot.errors import EvaluationError, StorageError
from clusterbot.evaluation import Asked, measure
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.models import Lang
from commands import Cli, one_error_line
from fakes import KeywordEmbedder, flat_ranking

NOW = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)


def asked(id_: str, answerable: bool, feature: float, lang: Lang = "fr") -> Asked:
    found = dict.fromkeys(EVIDENCE, feature)
    return Asked(TestQuery(id_, f"question {id_}", lang, answerable, ()), {}, found, None)


def a_set(shift: float = 0.0, lang: Lang = "fr", count: int = 20) -> list[Asked]:
    """Make answerable questions at 3 to 4 and others at 1 to 2, all moved by `shift`."""
    known = [asked(f"a{number}", True, 3 + shift + number / count, lang) for number in range(count)]
    return known + [asked(f"u{number}", False, 1 + shift + number / count, lang) for number in range(count)]


def test_a_calibration_tells_answerable_from_others() -> None:
    questions = a_set()
    calibration = fit_calibration([("small", questions)], ("dense",))
    assert calibration.weights[0] > 0
    dataset = Dataset("small", (), tuple(one.query for one in questions), {}, {}, "digest")
    figures = measure(dataset, questions, {"fr": calibration}, {})["answerability"]
    assert figures["auroc"] == 1
    assert figures["f1_answerable"] == figures["f1_unanswerable"] == 1


def test_nothing_to_fit_on_is_told() -> None:
    with pytest.raises(EvaluationError, match="both answerable and unanswerable"):
        fit_calibration([("small", [asked("a", True, 0.0)])], ("dense",))


def test_a_set_is_judged_by_the_others_and_not_by_itself() -> None:
    turned = [asked(f"t{number}", not one.query.answerable, (one.evidence or {})["dense"]) for number, one in enumerate(a_set())]
    found = cross_validate({"one": a_set(), "two": a_set(0.1), "turned": turned})
    assert found["turned"].auroc == 0  # were it fitted on itself, 1
    assert found["one"].questions == 40
    assert found["one"].share_answerable == 0.5


def test_a_single_set_is_judged_by_fifths_of_it() -> None:
    mixed = a_set(count=50)
    random = np.random.default_rng(1)
    shuffled = [asked(one.query.id, bool(random.random() < 0.5), (one.evidence or {})["dense"]) for one in mixed]
    found = cross_validate({"only": shuffled})
    assert found["only"].questions == 100
    assert 0.2 < found["only"].auroc < 0.75  # there is nothing to learn; judged on what it was fitted on it would look better
    assert cross_validate({"only": mixed})["only"].auroc == 1


def test_sets_with_one_kind_of_question_are_no_measure() -> None:
    assert set(cross_validate({"one": a_set(), "answerable": [asked("a", True, 1.0)]})) == {"one"}


def test_a_language_without_a_set_takes_the_fit_of_all() -> None:
    calibration, pooled = fit_languages({"french": a_set()})
    assert pooled == ("en",)
    assert calibration["en"] == calibration["fr"]
    both, none = fit_languages({"french": a_set(), "english": a_set(1.0, "en")})
    assert none == ()
    assert both["en"] != both["fr"]


def test_odds_move_with_the_share_of_answerable_questions() -> None:
    assert move_odds(np.array([0.5, 0.9]), 0.5) == pytest.approx([0.5, 0.9])
    assert move_odds(np.array([0.5]), 0.8) == pytest.approx([0.8])
    assert move_odds(np.array([0.2]), 0.8) == pytest.approx([0.5])  # odds of 1 to 4, four times as high


def test_the_error_that_chance_leaves_shrinks_with_the_questions() -> None:
    chance = np.linspace(0.05, 0.95, 1000)
    assert error_of_chance(np.ones(10)) == 0
    assert error_of_chance(chance[::50]) > 3 * error_of_chance(chance) > 0


def test_a_fit_is_kept_for_its_model_alone(tmp_path: Path) -> None:
    model, other = KeywordEmbedder(), KeywordEmbedder(name="other")
    found = fit(model, {"small": a_set()}, {"small": "digest"}, NOW)
    path = keep_fit(found, tmp_path)
    assert read_fit(tmp_path, model.fingerprint) == found
    assert read_fit(tmp_path, other.fingerprint) is None
    shipped = flat_ranking()
    mine = calibrated(shipped, model, tmp_path)
    assert (mine.calibration, mine.calibrated_for) == (found.calibration, "keywords@1")
    assert mine.fusion == shipped.fusion
    assert calibrated(shipped, other, tmp_path) == shipped
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("text", ["", "{}", '{"model": 1}'])
def test_a_damaged_fit_is_told_with_its_cure(tmp_path: Path, text: str) -> None:
    path = keep_fit(fit(KeywordEmbedder(), {"small": a_set()}, {}, NOW), tmp_path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match="--fit"):
        read_fit(tmp_path, KeywordEmbedder().fingerprint)


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    (tmp_path / "calibration").write_text("no folder", encoding="utf-8")
    with pytest.raises(StorageError, match="can't write"):
        keep_fit(fit(KeywordEmbedder(), {"small": a_set()}, {}, NOW), tmp_path)


def test_an_index_whose_confidence_is_another_model_s_says_so(
    tmp_path: Path, corpus_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    model = KeywordEmbedder()
    borrowed = flat_ranking().model_copy(update={"calibrated_for": "bundled@1-int8.1"})
    for ranking, told in ((borrowed, True), (flat_ranking(), False)):
        caplog.clear()
        build_index(read_corpus(corpus_dir), tmp_path / "index", model, recipe(ranking))
        with caplog.at_level(logging.WARNING):
            Engine(snapshot.load(tmp_path / "index"), model, ranking)
        assert ("bundled@1-int8.1" in caplog.text and "eval --fit" in caplog.text) is told


def write_set(folder: Path, unanswerable: bool = True) -> Path:
    """Write a set on wood and water, with questions on what it doesn't hold."""
    folder.mkdir()
    texts = {"d1": "La filière du bois compte 45 membres.", "d2": "L’eau compte 1 250 emplois.", "d3": "L’usine exporte du bois."}
    documents = [{"_id": key, "title": key, "text": text, "lang": "fr"} for key, text in texts.items()]
    questions = ["Combien de membres dans le bois ?", "Combien d’emplois dans l’eau ?", "Que fait l’usine de bois ?"] * 3
    rows = [{"_id": f"q{number}", "text": text, "lang": "fr", "answerable": True} for number, text in enumerate(questions)]
    if unanswerable:
        others = ["Qui a chanté hier soir ?", "Où dort le chat gris ?", "Quand vient le printemps ?"] * 3
        rows += [{"_id": f"n{number}", "text": text, "lang": "fr", "answerable": False} for number, text in enumerate(others)]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)), encoding="utf-8")
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    return folder


def test_eval_fit_is_taken_up_by_the_next_build(cli: Cli, tmp_path: Path) -> None:
    fitted = cli("eval", "--fit", str(write_set(tmp_path / "wood")), "--json")
    assert fitted.status == 0
    found = Fit.model_validate({key: value for key, value in fitted.json.items() if key != "file"})
    assert Path(fitted.json["file"]).is_file()
    assert found.model == "keywords@1"
    assert found.left_out["wood"].auroc > 0.9
    assert set(found.left_out["wood"].model_dump()) == set(LeftOut.model_fields)
    assert cli("index", "build").status == 0
    version = cli("index", "list", "--json").json[0]["index"]
    manifest = snapshot.read_manifest(tmp_path / "index" / version)
    assert manifest.calibration == found.calibration
    assert manifest.calibrated_for == "keywords@1"
    calibration = found.calibration["fr"]
    assert probability(calibration, {"cosine": 1, "dense": 4, "margin": 4, "matched": 1, "answered": 0}) > calibration.threshold


def test_eval_fit_tells_people_what_it_is_worth_and_what_comes_next(cli: Cli, tmp_path: Path) -> None:
    wood, plain = write_set(tmp_path / "wood"), write_set(tmp_path / "plain", unanswerable=False)
    shown = cli("eval", "--fit", str(wood), str(plain))
    assert shown.status == 0
    assert "AUROC" in shown.out
    assert "clusterbot index build" in " ".join(shown.out.split())
    assert "plain" in shown.err  # left aside: all of it can be answered


def test_eval_fit_refuses_what_it_cannot_do(cli: Cli, tmp_path: Path) -> None:
    plain = write_set(tmp_path / "plain", unanswerable=False)
    one_error_line(cli("eval", "--fit"), "--fit needs folders")
    one_error_line(cli("eval", "--fit", str(plain), "--baseline", "b.json"), "--baseline")
    one_error_line(cli("eval", "--fit", str(plain), str(plain)), "same name")
    refused = cli("eval", "--fit", str(plain))
    assert refused.status == 1
    assert "both answerable and unanswerable" in refused.err
    assert not (tmp_path / "data" / "calibration").exists()
