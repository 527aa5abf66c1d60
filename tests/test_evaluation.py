from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from clusterbot.datasets import Dataset, TestQuery, read_dataset
from clusterbot.evaluation import (
    Asked,
    Quoted,
    ask_all,
    expected_calibration_error,
    holds_answer,
    intervals,
    measure,
    open_dataset,
    ranking_figures,
    reliability,
    risk_coverage,
)
from clusterbot.ranking import read_ranking
from fakes import KeywordEmbedder


def query(id_: str, answerable: bool = True, lang: str = "fr", answers: tuple[str, ...] = ()) -> TestQuery:
    return TestQuery(id_, f"question {id_}", lang, answerable, answers)  # type: ignore[arg-type]


def asked(one: TestQuery, ranking: dict[str, float], feature: float = 0.0, quotes: Quoted | None = None) -> Asked:
    return Asked(one, dict.fromkeys(("lexical", "dense", "hybrid"), ranking), {"dense": feature}, quotes)


def dataset(queries: list[TestQuery], qrels: dict[str, dict[str, float]]) -> Dataset:
    return Dataset("small", (), tuple(queries), qrels, {}, "digest")


def test_figures_of_a_ranking_are_those_done_by_hand() -> None:
    one, other = query("q1"), query("q2")
    judged = dataset([one, other], {"q1": {"a": 2, "b": 1}, "q2": {"c": 1}})
    results = [asked(one, {"x": 3.0, "a": 2.0, "b": 1.0}), asked(other, {})]
    figures = ranking_figures(judged, results)["hybrid"]
    gained = 2 / math.log2(3) + 1 / math.log2(4)
    ideal = 2 / math.log2(2) + 1 / math.log2(3)
    assert figures["ndcg@10"] == pytest.approx(gained / ideal / 2)  # the query without a result counts as 0
    assert figures["recall@10"] == pytest.approx((1 + 0) / 2)
    assert figures["mrr@10"] == pytest.approx((1 / 2 + 0) / 2)


def test_unanswerable_queries_do_not_enter_the_ranking_figures() -> None:
    one, other = query("q1"), query("q2", answerable=False)
    judged = dataset([one, other], {"q1": {"a": 1}})
    assert ranking_figures(judged, [asked(one, {"a": 1.0}), asked(other, {"a": 1.0})])["hybrid"]["ndcg@10"] == 1


def test_reliability_tells_how_often_a_probability_held() -> None:
    truth = np.array([True, True, False, False])
    assert reliability(truth, np.array([0.92, 0.98, 0.94, 0.1])) == [
        [pytest.approx(0.1), 0.0, 1.0],
        [pytest.approx(2.84 / 3), pytest.approx(2 / 3), 3.0],
    ]


def test_expected_calibration_error_by_hand() -> None:
    truth = np.array([True, True, False, False])
    chance = np.array([0.95, 0.95, 0.15, 0.05])
    assert expected_calibration_error(truth, chance) == pytest.approx(0.5 * 0.05 + 0.25 * 0.15 + 0.25 * 0.05)


def test_quotes_are_counted_by_language() -> None:
    french, english = query("q1", answers=("45",)), query("q2", lang="en", answers=("46",))
    quotes = (Quoted(True, True, True, 10.0), Quoted(False, True, True, 30.0))
    results = [asked(one, {"a": 1.0}, quotes=quoted) for one, quoted in zip((french, english), quotes, strict=True)]
    told = measure(dataset([french, english], {"q1": {"a": 1}, "q2": {"a": 1}}), results, {}, {"a": "fr"})
    assert told["quotes"] == {
        "verbatim": 1.0,
        "first": {"all": 0.5, "fr": 1.0, "en": 0.0},
        "any": {"all": 1.0, "fr": 1.0, "en": 1.0},
    }
    assert told["latency_ms"]["p50"] == pytest.approx(20)


@pytest.mark.parametrize(
    ("text", "answer", "held"),
    [("1\u00a0250 membres", "1 250 membres", True), ("l’usine", "L'USINE", True), ("45 membres", "46 membres", False)],
)
def test_an_answer_is_found_whatever_the_spaces_apostrophes_and_case(text: str, answer: str, held: bool) -> None:
    assert holds_answer(text, [answer]) is held


def test_a_set_with_its_own_documents_is_indexed_asked_and_measured(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    documents = [
        {"_id": "d1", "title": "Bois", "text": "La filière du bois compte 45 membres.", "lang": "fr"},
        {"_id": "d2", "title": "Eau", "text": "La filière de l’eau compte 1 250 emplois.", "lang": "fr"},
    ]
    asked_for = {"_id": "q1", "text": "Combien de membres dans le bois ?", "lang": "fr", "answerable": True, "answers": ["45"]}
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)), encoding="utf-8")
    (folder / "queries.jsonl").write_text(json.dumps(asked_for), encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n", encoding="utf-8")
    small = read_dataset(folder)
    engine, report = open_dataset(small, tmp_path / "index", KeywordEmbedder(), read_ranking(with_tokens=False))
    told = measure(small, ask_all(small, engine), {}, {"d1": "fr", "d2": "fr"})
    assert report is not None
    assert report.embedded == 2
    assert told["runs"]["hybrid"] == {"ndcg@10": 1.0, "recall@10": 1.0, "mrr@10": 1.0}
    assert told["quotes"]["first"]["all"] == 1.0


def test_pairs_of_one_language_and_of_two_are_measured_apart() -> None:
    french, english = query("q1"), query("q2", lang="en")
    judged = dataset([french, english], {"q1": {"a": 1, "b": 1}, "q2": {"a": 1, "b": 1}})
    ranking = {"a": 2.0, "x": 1.5, "b": 1.0}
    results = [asked(french, ranking), asked(english, ranking)]
    pairs = measure(judged, results, {}, {"a": "fr", "b": "en", "x": "en"})["by_pair"]
    # In the French question's own language there is a alone; in the other, b stands behind x. In English it is the reverse.
    second = 1 / math.log2(3)
    assert pairs["same"]["hybrid"]["ndcg@10"] == pytest.approx((1 + second) / 2)
    assert pairs["cross"]["hybrid"]["ndcg@10"] == pytest.approx((second + 1) / 2)


def test_an_interval_holds_the_figure_and_narrows_with_agreement() -> None:
    queries = [query(f"q{number}") for number in range(40)]
    judged = dataset(queries, {one.id: {"a": 1} for one in queries})
    runs = [{"a": 1.0} if place % 2 else {"b": 2.0, "a": 1.0} for place in range(40)]
    results = [Asked(one, {"lexical": {}, "dense": run, "hybrid": run}, None, None) for one, run in zip(queries, runs, strict=True)]
    bounds = intervals(judged, results)
    low, high = bounds["hybrid"]["ndcg@10"]
    assert low < ranking_figures(judged, results)["hybrid"]["ndcg@10"] < high
    assert bounds["hybrid-dense"]["ndcg@10"] == [0.0, 0.0]
    assert bounds["hybrid-lexical"]["ndcg@10"] == bounds["hybrid"]["ndcg@10"]
    assert intervals(dataset(queries[:3], judged.qrels), results[:3]) == {}


def test_risk_falls_with_coverage_where_the_surest_are_right() -> None:
    truth = np.array([True] * 6 + [False] * 4)
    curve = risk_coverage(truth, np.linspace(1, 0, 10))
    assert curve[0] == [0.1, 0.0]
    assert curve[5] == [0.6, 0.0]
    assert curve[-1] == [1.0, 0.4]
