"""Retrieval: two rankings, fused by hand-made numbers, filtered, in a total order."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest

from clusterbot.corpus import Corpus
from clusterbot.index import snapshot
from clusterbot.index.build import Recipe, build_index
from clusterbot.models import Document
from clusterbot.passages import PassageSettings
from clusterbot.retrieval import FusionWeights, Hit, Retriever, fuse
from fakes import KeywordEmbedder, document, flat_fusion

DOCUMENTS = (
    document("bois", "Le bois du Nord.", title="A", clusters=("bois_boreal",)),
    document("eau", "L’eau du lac.", title="B", clusters=("aqua_nord",)),
    document("bois-et-eau", "Du bois et de l’eau.", title="C", clusters=("bois_boreal", "aqua_nord")),
    document("rien", "Un sujet tout autre.", title="D"),
    document("wood", "Wood from the North.", "en", title="E", clusters=("bois_boreal",)),
    document("water", "Water of the lake.", "en", title="F", clusters=("aqua_nord",)),
)


def retriever(folder: Path, documents: tuple[Document, ...] = DOCUMENTS, weights: FusionWeights | None = None) -> Retriever:
    build_index(Corpus(documents), folder, KeywordEmbedder(), Recipe(PassageSettings(), {}, ""))
    return Retriever(snapshot.load(folder), KeywordEmbedder(), weights or flat_fusion())


def ids(hits: list[Hit]) -> list[str]:
    return [hit.passage.document.id for hit in hits]


@pytest.fixture
def plain(tmp_path: Path) -> Retriever:
    return retriever(tmp_path)


def test_what_shares_most_keywords_comes_first_in_both_languages(plain: Retriever) -> None:
    hits = plain.search(plain.query("bois", "fr"), 10)
    assert ids(hits) == ["bois", "bois-et-eau", "wood", "eau", "rien", "water"]
    assert [round(hit.cosine**2, 3) for hit in hits] == [1, 0.5, 1, 0, 0, 0]
    assert [hit.rank for hit in hits] == list(range(1, 7))
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_k_cuts_the_ranking(plain: Retriever) -> None:
    query = plain.query("bois", "fr")
    assert ids(plain.search(query, 2)) == ids(plain.search(query, 10))[:2]
    assert plain.search(query, 0) == []


def test_passages_that_score_alike_stand_by_their_ids(tmp_path: Path) -> None:
    alike = retriever(tmp_path, (document("eau", "L’eau coule au Nord. " * 600),))
    hits = alike.search(alike.query("eau", "fr"), 20)
    found = [hit.passage.id for hit in hits if hit.score == hits[0].score]
    assert len(found) > 5
    assert found == sorted(found) != sorted(found, key=lambda one: int(one.split(":")[1].split("-")[0]))


@pytest.mark.parametrize(
    ("langs", "clusters", "found"),
    [
        (("fr",), None, {"bois", "eau", "bois-et-eau", "rien"}),
        (("en",), None, {"wood", "water"}),
        ((), None, set()),
        (("fr", "en"), ["aqua_nord"], {"eau", "bois-et-eau", "water"}),
        (("en",), ["aqua_nord"], {"water"}),
        (("fr", "en"), ["aqua_nord", "bois_boreal"], {"bois", "eau", "bois-et-eau", "wood", "water"}),
        (("fr", "en"), ["nobody"], set()),
        (("fr", "en"), [], set()),
    ],
)
def test_filters_leave_only_what_was_asked_for(
    plain: Retriever, langs: tuple[str, ...], clusters: list[str] | None, found: set[str]
) -> None:
    hits = plain.search(plain.query("bois", "fr"), 10, langs, clusters)  # type: ignore[arg-type]
    assert set(ids(hits)) == found


def test_the_order_does_not_depend_on_that_of_the_corpus(tmp_path: Path) -> None:
    orders = set()
    for seed in range(5):
        shuffled = list(DOCUMENTS)
        random.Random(seed).shuffle(shuffled)
        one = retriever(tmp_path / str(seed), tuple(shuffled))
        orders.add(tuple(ids(one.search(one.query("bois et eau", "fr"), 10))))
    assert len(orders) == 1


def test_equal_scores_are_in_order_of_passage_ids(tmp_path: Path) -> None:
    same = tuple(document(name, "Du bois.", title="T") for name in ("c", "a", "e", "b", "d"))
    one = retriever(tmp_path, same)
    hits = one.search(one.query("bois", "fr"), 10)
    assert len({hit.score for hit in hits}) == 1
    assert ids(hits) == ["a", "b", "c", "d", "e"]


def test_equal_scores_of_two_languages_are_in_order_of_passage_ids(tmp_path: Path) -> None:
    one = retriever(tmp_path, (document("b", "Bois.", title="T"), document("a", "Wood.", "en", title="T")))
    assert ids(one.search(one.query("usine", "fr"), 10)) == ["a", "b"]


def test_what_only_the_words_find_and_what_only_the_vectors_find_are_both_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clusterbot.retrieval.CANDIDATES", 2)
    others = tuple(document(f"n{number}", f"Note {number}.", title="T") for number in range(9))
    told = (document("words", "La sylviculture boréale.", title="T"), document("vector", "Usine pilote.", title="T"))
    one = retriever(tmp_path, (*others, *told))
    found = {hit.passage.document.id: hit for hit in one.search(one.query("sylviculture plant", "fr"), 20)}
    assert found["words"].lexical > 0 == found["words"].cosine
    assert found["vector"].cosine > 0 == found["vector"].lexical
    assert len(found) <= 4


def test_matched_is_the_share_of_the_idf_mass_that_a_passage_holds(plain: Retriever) -> None:
    hits = {hit.passage.document.id: hit for hit in plain.search(plain.query("bois lac inconnu", "fr"), 10)}

    def idf(frequency: int) -> float:
        return math.log(1 + (4 - frequency + 0.5) / (frequency + 0.5))

    mass = idf(2) + idf(1) + idf(0)
    assert hits["bois"].matched == pytest.approx(idf(2) / mass)
    assert hits["eau"].matched == pytest.approx(idf(1) / mass)
    assert hits["rien"].matched == 0


def test_a_cluster_that_is_named_lifts_its_passages(tmp_path: Path) -> None:
    one = retriever(tmp_path, weights=flat_fusion(cluster=5.0))
    named = one.search(one.query("sujet", "fr", ["aqua_nord"]), 10)
    assert set(ids(named)[:3]) == {"eau", "bois-et-eau", "water"}
    unnamed = {hit.passage.id: hit.score for hit in one.search(one.query("sujet", "fr"), 10)}
    lifted = {hit.passage.id: round(hit.score - unnamed[hit.passage.id], 3) for hit in named}
    assert set(lifted.values()) == {0.0, 5.0}


def test_the_other_language_is_weighed_apart(tmp_path: Path) -> None:
    one = retriever(tmp_path, weights=flat_fusion(other=-100.0))
    assert set(ids(one.search(one.query("wood", "fr"), 10))[-2:]) == {"wood", "water"}
    assert set(ids(one.search(one.query("wood", "en"), 10))[:2]) == {"wood", "water"}


def test_a_query_without_any_known_word_still_ranks(plain: Retriever) -> None:
    assert len(plain.search(plain.query("???", "fr"), 10)) == 6


def test_an_index_of_one_passage_is_searched(tmp_path: Path) -> None:
    one = retriever(tmp_path, (document("a", "Du bois."),))
    for text in ("bois", "eau", "?"):
        (hit,) = one.search(one.query(text, "en"), 5)
        assert np.isfinite([hit.score, hit.dense]).all()


def test_fuse_worked_out_by_hand() -> None:
    dense, lexical, about = np.array([2.0, 1.0], np.float32), np.array([0.0, 0.5]), np.array([False, True])
    weights = flat_fusion(lexical=1.0, lexical_top=2.0, lexical_dense_top=0.5, lexical_other=-3.0, other=-0.25, cluster=0.75)
    # exponent: 1 + 2 * 0.5 + 0.5 * 2 = 3, and 3 less for the other language
    np.testing.assert_allclose(fuse(dense, lexical, False, about, weights), [2, 1 + math.exp(3) * 0.5 + 0.75])
    np.testing.assert_allclose(fuse(dense, lexical, True, about, weights), [2 - 0.25, 1 + math.exp(0) * 0.5 - 0.25 + 0.75])


def test_nothing_fuses_to_nothing() -> None:
    none = np.empty(0)
    assert fuse(none.astype(np.float32), none, False, none.astype(bool), flat_fusion()).tolist() == []
