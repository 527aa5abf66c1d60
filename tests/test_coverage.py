from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from clusterbot.cli.program import app
from clusterbot.corpus import read_corpus
from clusterbot.coverage import coverage


def test_each_clusters_ledger_is_counted_once_though_it_stands_in_two_twins(corpus_dir: Path) -> None:
    counted = {one.cluster_id: one for one in coverage(read_corpus(corpus_dir)).clusters}
    assert (counted["bois_boreal"].facts, counted["bois_boreal"].dated) == (6, 6)
    assert (counted["bois_boreal"].oldest, counted["bois_boreal"].newest) == ("2012-03", "2022")
    assert counted["aqua_nord"].facts == 2


def test_the_oldest_newest_value_comes_first_and_dates_are_not_refreshed(corpus_dir: Path) -> None:
    stale = [(key, fact.attribute, fact.as_of) for key, fact in coverage(read_corpus(corpus_dir)).stale]
    assert stale == [
        ("bois_boreal", "members", "2020"),
        ("bois_boreal", "plant_cost", "2022"),
        ("aqua_nord", "jobs", "2023"),
    ]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_the_report_is_told_in_the_readers_language(corpus_dir: Path, lang: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", f"{lang}_CA.UTF-8")
    shown = CliRunner().invoke(app, ["corpus", "coverage", "--corpus", str(corpus_dir)]).stdout
    assert {"fr": "ce qu’il faut mettre à jour", "en": "what to refresh next"}[lang] in shown
    assert {"fr": "2,5 M$", "en": "$2.5"}[lang] in shown.replace("\u00a0", " ")


def test_the_report_as_json_takes_as_many_facts_as_were_asked_for(corpus_dir: Path) -> None:
    told = json.loads(
        CliRunner().invoke(app, ["corpus", "coverage", "--corpus", str(corpus_dir), "--oldest", "1", "--json"]).stdout
    )
    assert [one["attribute"] for one in told["oldest"]] == ["members"]
    assert told["attributes"]["members"] == 3
