"""Verdicts measured against labels: sums worked out by hand, and what is judged on which evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusterbot.assistant import recipe
from clusterbot.claim_evaluation import Judged, baselines, figures, measure_claims, overlap
from clusterbot.corpus import read_corpus
from clusterbot.datasets import Dataset, TestClaim
from clusterbot.engine import Engine
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.undecided import Label
from fakes import KeywordEmbedder, TokenKeywordEmbedder, flat_ranking


def claim(text: str, label: Label, **more: Any) -> TestClaim:
    return TestClaim(**{"id": text, "text": text, "lang": "en", "label": label, "kind": "", "given": (), "cited": (), **more})


def judged(label: Label, given: Label, overlap: float = 0.0, **more: Any) -> Judged:
    return Judged(claim("X", label, **more), given, overlap)


MIXED = (
    judged("supported", "supported", 0.9, kind="figure"),
    judged("supported", "not_covered", 0.8, kind="figure"),
    judged("contradicted", "contradicted", 0.9, kind="date"),
    judged("contradicted", "supported", 0.7, kind="date", lang="fr"),
    judged("not_covered", "not_covered", 0.1, lang="fr"),
)


def test_accuracy_and_macro_f1_are_those_worked_out_by_hand() -> None:
    told = figures(MIXED)
    assert told["accuracy"] == pytest.approx(3 / 5)
    assert told["by_label"]["supported"]["f1"] == pytest.approx(1 / 2)  # precision 1/2, recall 1/2
    assert told["by_label"]["contradicted"]["f1"] == pytest.approx(2 / 3)  # 1 and 1/2
    assert told["by_label"]["not_covered"]["f1"] == pytest.approx(2 / 3)  # 1/2 and 1
    assert told["macro_f1"] == pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3)
    assert told["contradicted_not_supported"] == pytest.approx(1 / 2)
    assert {kind: one["accuracy"] for kind, one in told["by_kind"].items()} == {"figure": 0.5, "date": 0.5}
    assert told["by_language"]["fr"]["accuracy"] == pytest.approx(1 / 2)


def test_the_baselines_say_the_commonest_label_and_count_shared_words() -> None:
    told = baselines(MIXED)
    assert told["majority"]["accuracy"] == pytest.approx(2 / 5)
    assert told["overlap"]["accuracy"] == pytest.approx(3 / 5)  # supported from 0.75 on: two right, the last one too
    assert overlap("Aqua Nord had 45 members.", "It had 45 members.", "en") == pytest.approx(2 / 4)


@pytest.fixture
def engine(tmp_path: Path, corpus_dir: Path) -> Engine:
    embedder, ranking = KeywordEmbedder(), flat_ranking()
    build_index(read_corpus(corpus_dir), tmp_path / "index", embedder, recipe(ranking))
    return Engine(snapshot.load(tmp_path / "index"), embedder, ranking)


def measured(engine: Engine, *claims: TestClaim) -> dict[str, Any]:
    return measure_claims(Dataset("small", (), (), {}, {}, "digest", claims), engine)


def test_claims_with_texts_of_their_own_are_judged_on_these_alone(engine: Engine) -> None:
    given = ("In 2016, Boreal Wood had 99 members.",)
    told = measured(engine, claim("In 2016, Boreal Wood had 99 members.", "supported", given=given))
    assert (told["mode"], told["accuracy"]) == ("given", 1.0)


def test_texts_that_come_with_a_claim_are_compared_with_it_as_those_of_the_index_are(tmp_path: Path, corpus_dir: Path) -> None:
    embedder, ranking = TokenKeywordEmbedder(), flat_ranking()
    build_index(read_corpus(corpus_dir), tmp_path / "index", embedder, recipe(ranking))
    engine = Engine(snapshot.load(tmp_path / "index"), embedder, ranking)
    before = len(embedder.passages)
    near, far = "In 2016, Boreal Wood had 45 members.", "In 2016, Boreal Wood had 45 chairs."
    told = measured(engine, claim("In 2016, Boreal Wood had 45 members.", "supported", given=(near, far)))
    assert told["accuracy"] == 1.0
    assert embedder.passages[before:] == [near, far]


def test_claims_on_the_corpus_are_searched_for_and_judged_on_their_quotations_too(engine: Engine) -> None:
    quote = "In 2016, Boreal Wood had 45 members."
    told = measured(
        engine,
        claim("In 2016, Boreal Wood had 45 members.", "supported", given=(quote,), cited=("bois_boreal.en",)),
        claim("In 2016, Boreal Wood had 54 members.", "contradicted", given=(quote,), cited=("bois_boreal.en",)),
        claim("In 2016, Boreal Wood had a dog.", "not_covered"),
    )
    assert (told["mode"], told["accuracy"], told["contradicted_not_supported"]) == ("end_to_end", 1.0, 1.0)
    assert "given" not in told  # one label has no given evidence, so its figures would not compare
