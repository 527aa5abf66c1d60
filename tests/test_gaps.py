"""Gaps: grouped by meaning across languages, and closed by an index that answers them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest

from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import read_corpus
from clusterbot.gaps import GapFit, centred, group, leaders, nearest_hit, read_fit, retest
from clusterbot.index.build import build_index
from clusterbot.settings import Settings
from clusterbot.store import Store
from commands import NEVER, Cli
from fakes import KEYWORDS, KeywordEmbedder, flat_ranking, write_file
from test_store import receipt

NOON = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
ANNE = "184405311681986560"
AXES = (*KEYWORDS, "baleine|whale")
ZERO = (0.0,) * (len(AXES) + 1)
FIT = GapFit(fitted_for="keywords@1", threshold=0.9, means={"fr": ZERO, "en": ZERO}, fitted="by hand")
PORT = {
    "title": "Le port",
    "lang": "fr",
    "url": "https://example.org/port",
    "publisher": "Le Journal",
    "published": "2026-01-05",
    "retrieved": "2026-11-22",
    "clusters": ["aqua_nord"],
    "licence": "CC BY 4.0",
}


def build(corpus_dir: Path, index_dir: Path) -> Assistant:
    ranking, embedder = flat_ranking(), KeywordEmbedder(AXES)
    build_index(read_corpus(corpus_dir), index_dir, embedder, recipe(ranking))
    return Assistant(index_dir, embedder, ranking)


@pytest.fixture
def assistant(corpus_dir: Path, tmp_path: Path) -> Assistant:
    return build(corpus_dir, tmp_path / "index")


def asked(store: Store, question: str, hours: int = 0, **values: object) -> str:
    given = {"context": (), "quotes": (), "outcome": "abstained", **values}
    one = receipt(NOON + hours * HOUR, question=question, **given)
    store.record(one, ANNE)
    return one.id


# --- grouping


def test_rows_join_the_nearest_leader_from_the_threshold_on() -> None:
    angles = np.radians([0, 20, 90, 44, 100])  # 44 is nearer to 90 than 46 off, but 44 off 0: it joins 0
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert leaders(vectors, float(np.cos(np.radians(45)))) == [0, 0, 1, 0, 1]
    assert leaders(vectors[:0], 0.5) == []


def test_centring_takes_the_mean_of_each_language_off() -> None:
    vectors = np.array([[1, 1], [1, -1]], np.float32)
    assert centred(vectors, ["fr", "en"], {"fr": (1.0, 0.0), "en": (0.0, -1.0)}).tolist() == [[0, 1], [1, 0]]


def test_a_question_in_two_languages_is_one_gap_the_most_asked_first(assistant: Assistant, tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        asked(store, "Où est l’usine ?", 3)
        first = asked(store, "Combien d’emplois ?", 0)
        twin = asked(store, "how many jobs are there", 1, lang="en")
        disliked = asked(store, "Combien d’emplois ?", 2, outcome="answered")
        store.give_feedback(disliked, False, ANNE, None, NOON)
        gaps = group(store.open_gaps(), assistant, FIT)
    assert [one.receipt.id for one in gaps[0].members] == [first, twin, disliked]
    assert [len(gap.members) for gap in gaps] == [3, 1]
    assert (gaps[0].unhelpful, gaps[0].last_at) == (1, NOON + 2 * HOUR)
    assert gaps[0].examples == ["Combien d’emplois ?", "how many jobs are there"]
    hit = nearest_hit(gaps[0], assistant)
    assert hit is not None
    assert "emplois" in hit.passage.text


def test_with_another_model_only_the_same_words_are_one_gap(assistant: Assistant, tmp_path: Path) -> None:
    with Store(tmp_path / "data") as store:
        for question in ("Combien d’emplois ?", "combien d'emplois ?", "how many jobs"):
            asked(store, question)
        gaps = group(store.open_gaps(), assistant, FIT.model_copy(update={"fitted_for": "other"}))
    assert sorted(len(gap.members) for gap in gaps) == [1, 2]


@pytest.mark.model
def test_the_shipped_fit_holds_for_the_bundled_model_and_joins_twins_alone() -> None:
    from clusterbot.embedding import open_embedder

    embedder = open_embedder("bundled", Settings().cache_dir)
    fit = read_fit()
    assert fit.fitted_for == f"{embedder.name}@{embedder.revision}"
    questions = ["qui dirige la grappe du vin de l’Estrie", "who runs the Eastern Townships wine cluster", "mila phone number"]
    vectors = centred(embedder.embed_queries(questions), ["fr", "en", "en"], fit.means)
    assert leaders(vectors, fit.threshold) == [0, 0, 1]


# --- closing


def test_a_new_article_closes_the_gaps_that_it_answers(assistant: Assistant, corpus_dir: Path, tmp_path: Path) -> None:
    version = assistant.engine.snapshot.manifest.version
    with Store(tmp_path / "data") as store:
        whales = [asked(store, "Combien de baleines a-t-on vues ?", index=version) for _ in range(2)]
        other = asked(store, "Quel est le prix du homard ?", index=version)
        store.watch(whales[1], ANNE, NOON)
        assert retest(store, assistant, NOON) == [], "nothing is asked again of the same index"
        write_file(corpus_dir / "articles" / "2026-01-05-port.md", PORT, "Aqua Nord a compté 12 baleines en 2025.")
        (closed,) = retest(store, build(corpus_dir, tmp_path / "index"), NOON)
        assert (closed.count, closed.watchers, closed.quote.document.id) == (2, 1, "2026-01-05-port")
        assert [one.receipt.id for one in store.open_gaps()] == [other]
        assert [one.address for one in store.watchers_to_tell()] == [ANNE]


def test_an_unhelpful_answer_stays_a_gap_until_something_else_is_quoted(cli: Cli, corpus_dir: Path, tmp_path: Path) -> None:
    cli("index", "build")
    answer = cli("ask", "Combien d’emplois compte Aqua Nord ?", "--json").json
    with Store(tmp_path / "data") as store:
        store.give_feedback(answer["receipt"], False, ANNE, "périmé", NOON)
    write_file(corpus_dir / "articles" / "2026-01-05-port.md", PORT, "Rien de neuf au port.")
    assert cli("index", "build", "--json").json["closed_gaps"] == []
    (corpus_dir / "articles" / "2026-01-05-port.md").unlink()
    write_file(corpus_dir / "articles" / "2026-01-06-emplois.md", PORT, "En 2026, Aqua Nord comptait 1 400 emplois.")
    closed = cli("index", "build", "--json").json["closed_gaps"]
    assert [(one["question"], one["document_id"]) for one in closed] == [
        ("Combien d’emplois compte Aqua Nord ?", "2026-01-06-emplois")
    ]


# --- the command


def test_gaps_lists_what_was_asked_in_vain_until_an_index_answers_it(cli: Cli, corpus_dir: Path) -> None:
    cli("index", "build", intercept=NEVER)
    assert "no question" in cli("gaps").err
    for _ in range(2):
        cli("ask", "Combien de membres compte la GBN ?", intercept=NEVER)
    (gap,) = cli("gaps", "--json", intercept=NEVER).json
    assert (gap["question"], gap["count"], gap["languages"]) == ("Combien de membres compte la GBN ?", 2, ["fr"])
    assert gap["nearest"]["document_id"]
    assert "asked 2 times" in cli("gaps", intercept=NEVER).out
    write_file(corpus_dir / "articles" / "2026-01-05-port.md", PORT, "Rien de neuf au port.")
    built = cli("index", "build")
    assert "Answered now: « Combien de membres compte la GBN ? »" in built.out.replace("“", "« ").replace("”", " »")
    assert cli("gaps", "--json").json == []


def test_a_store_that_fails_does_not_fail_a_build(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "clusterbot.sqlite3").write_bytes(b"no database" * 1000)
    built = cli("index", "build")
    assert built.status == 0
    assert "weren't asked again" in built.err
