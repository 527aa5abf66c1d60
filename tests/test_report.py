"""The report: its numbers, that it asks for nothing from elsewhere, and that people's words stay words."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import stat
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from clusterbot.i18n import read_texts
from clusterbot.report import answered_share, curves, opinions, questions_by_day
from clusterbot.store import Evaluation, Feedback, Store
from commands import Cli, one_error_line
from test_store import receipt

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
EN, FR = read_texts("en"), read_texts("fr")
HOSTILE = 'Combien <script>alert(1)</script> & "membres" {{ 7 * 7 }} <img src=http://evil.example/x>'


def abstained(data_dir: Path, question: str) -> None:
    """Leave a question without an answer."""
    with Store(data_dir) as store:
        store.record(receipt(dt.datetime.now(dt.UTC), question=question, context=(), outcome="abstained", quotes=()))


def page(cli: Cli, *arguments: str) -> str:
    assert cli("report", "--output", "page.html", *arguments).status == 0
    return Path("page.html").read_text(encoding="utf-8")


def test_days_are_counted_in_utc_and_empty_ones_are_there() -> None:
    receipts = [receipt(NOON), receipt(NOON - DAY, outcome="abstained"), receipt(NOON - DAY), receipt(NOON - 40 * DAY)]
    found = [(one.day.day, one.answered, one.abstained) for one in questions_by_day(receipts, NOON.date(), 3)]
    assert found == [(22, 0, 0), (23, 1, 1), (24, 1, 0)]


def test_the_answered_share_is_by_language_and_leaves_out_a_language_nobody_asked_in() -> None:
    receipts = [receipt(), receipt(), receipt(), receipt(outcome="abstained")]
    assert [(one.label, one.parts, one.told) for one in answered_share(receipts, EN)] == [("French", (0.75, 0.25), "75% of 4")]


def test_opinions_are_counted() -> None:
    given = [Feedback("a", NOON, True, None), Feedback("b", NOON, False, "wrong"), Feedback("c", NOON, True, None)]
    assert [(one.label, one.told) for one in opinions(given, EN)] == [("helpful", "2"), ("not helpful", "1")]
    assert opinions([], EN) == []


def test_a_curve_needs_two_versions_and_leaves_out_what_was_not_measured() -> None:
    one = Evaluation(NOON, "v1", "m", "evaluation", {"answerability.auroc": 0.5})
    assert curves([one], EN) == []
    two = dataclasses.replace(one, index="v2", figures={"answerability.auroc": 0.75, "other": 1.0})
    assert dict(curves([one, two], EN))["answer or not (AUROC)"] == [(0.0, 0.5), (1.0, 0.75)]


def test_the_page_is_whole_by_itself_runs_nothing_and_shows_words_as_words(built: Cli, tmp_path: Path) -> None:
    abstained(tmp_path / "data", HOSTILE)
    written = page(built)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in written
    assert "{{ 7 * 7 }}" in written
    tags = re.findall(r"<[^>]*>", written)
    assert not [tag for tag in tags if re.search(r"<(script|img|link|iframe|object)\b|\s(src|href|on\w+)=", tag)]
    assert not re.search(r"url\(|@import", written)
    assert "default-src 'none'" in written
    for svg in re.findall(r"<svg.*?</svg>", written, re.DOTALL):
        ET.fromstring(svg)


@pytest.mark.parametrize(
    ("lang", "heading"), [("fr", "Lacunes\u00a0: ce qu’on a demandé en vain"), ("en", "Gaps: what was asked in vain")]
)
def test_the_page_is_in_the_readers_language_and_shows_every_part(built: Cli, tmp_path: Path, lang: str, heading: str) -> None:
    receipt_id = built("ask", "Combien de membres compte la GBN ?", "--json").json["receipt"]
    abstained(tmp_path / "data", "Combien d’emplois à Aqua Nord ?")
    with Store(tmp_path / "data") as store:
        store.give_feedback(receipt_id, False, "184405311681986560", "périmé", dt.datetime.now(dt.UTC))
        for index in ("v1", "v2"):
            store.keep_evaluation(Evaluation(NOON, index, "m", "evaluation", {"quotes.first.all": 0.625}))
    written = page(built, "--lang", lang)
    assert f'<html lang="{lang}-CA">' in written
    for part in (heading, "Combien d’emplois à Aqua Nord ?", "périmé", "v2", "polyline", "journal.example.org"):
        assert part in written
    assert ("0,625" if lang == "fr" else "0.625") in written


def test_the_page_is_written_whole_or_not_at_all_and_closed_to_others(built: Cli, tmp_path: Path) -> None:
    assert built("report", "--json").json == {
        "file": "clusterbot-report.html",
        **dict.fromkeys(("questions", "feedback", "open_gaps", "closed_questions"), 0),
    }
    assert stat.S_IMODE(Path("clusterbot-report.html").stat().st_mode) == 0o600
    Path("taken").mkdir()
    one_error_line(built("report", "--output", "taken"), "can't be written", "--output")
    assert sorted(path.name for path in Path().iterdir()) == ["clusterbot-report.html", "taken"]


def test_an_evaluation_is_kept_by_version_and_the_last_of_a_version_counts(tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        for at, index, value in ((NOON, "v1", 0.1), (NOON + DAY, "v2", 0.2), (NOON + 2 * DAY, "v2", 0.3)):
            store.keep_evaluation(Evaluation(at, index, "m", "evaluation", {"x": value}))
        assert [(one.index, one.figures) for one in store.evaluations("evaluation")] == [("v1", {"x": 0.1}), ("v2", {"x": 0.3})]
        assert store.evaluations("other") == []
