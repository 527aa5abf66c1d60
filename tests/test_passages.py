"""Passages: whole sentences of one section, verbatim, the same at every build."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbot.models import Passage
from clusterbot.passages import PassageSettings, context_of, split_passages
from clusterbot.text import split_sentences
from fakes import BOIS_FR, document, profile


def texts(text: str, max_chars: int, overlap: int) -> list[str]:
    return [passage.text for passage in split_passages(document(text=text), PassageSettings(max_chars, overlap))]


def test_a_passage_holds_as_many_whole_sentences_as_fit() -> None:
    assert texts("Une un. Deux. Trois. Quatre.", 14, 0) == ["Une un. Deux.", "Trois. Quatre."]


def test_neighbours_share_sentences() -> None:
    assert texts("Un. Deux. Trois. Quatre.", 17, 1) == ["Un. Deux. Trois.", "Trois. Quatre."]
    assert texts("Un. Deux. Trois. Quatre.", 17, 2) == ["Un. Deux. Trois.", "Deux. Trois.", "Trois. Quatre."]


def test_the_last_passage_is_no_repetition_of_the_overlap() -> None:
    assert texts("Un. Deux.", 100, 1) == ["Un. Deux."]


def test_a_long_sentence_is_a_passage_of_its_own() -> None:
    long = "Voici une phrase bien plus longue que la limite."
    assert texts(f"Un. {long} Deux.", 20, 1) == ["Un.", long, "Deux."]


def test_a_passage_stays_inside_its_section_and_knows_its_heading() -> None:
    found = split_passages(
        document(text="Avant.\n\n## Un titre\n\nUn. Deux.\n\n## Vide\n\n## Autre\n\nTrois."), PassageSettings(500, 1)
    )
    assert [(passage.heading, passage.text) for passage in found] == [
        ("", "Avant."),
        ("Un titre", "Un. Deux."),
        ("Autre", "Trois."),
    ]


@pytest.mark.parametrize("text", ["", "## Titre", "\n\n"])
def test_a_document_without_sentences_has_no_passage(text: str) -> None:
    assert texts(text, 100, 1) == []


def test_splitting_twice_gives_the_same_ids() -> None:
    one, other = (split_passages(document("a", BOIS_FR), PassageSettings()) for _ in range(2))
    assert [passage.id for passage in one] == [passage.id for passage in other]
    assert len({passage.id for passage in one}) == len(one)


PROSE = st.lists(
    st.sampled_from(
        ["Un mot. ", "Une phrase plus longue que les autres, assurément. ", "\n\n", "\n## Titre\n", "- item\n", "x" * 90, "! "]
    ),
    max_size=40,
).map("".join)


@settings(max_examples=100, deadline=None)
@given(PROSE, st.integers(10, 200), st.integers(0, 3))
def test_every_sentence_is_in_a_passage_and_every_passage_is_sentences(text: str, max_chars: int, overlap: int) -> None:
    source = document(text=text)
    sentences = [one for one in split_sentences(text, "fr") if not one.is_heading]
    passages = split_passages(source, PassageSettings(max_chars, overlap))
    starts, ends = {one.start for one in sentences}, {one.end for one in sentences}
    assert all(passage.start in starts and passage.end in ends for passage in passages)
    assert all(any(passage.start <= one.start and one.end <= passage.end for passage in passages) for one in sentences)
    assert [passage.start for passage in passages] == sorted({passage.start for passage in passages})
    for passage in passages:
        assert passage.text == text[passage.start : passage.end]
        inside = [one for one in sentences if passage.start <= one.start < passage.end]
        assert len(passage.text) <= max_chars or len(inside) == 1


def test_the_context_names_title_heading_and_clusters() -> None:
    passage = Passage(document("a", "Texte.", clusters=("x", "y", "z"), title="Un titre"), 0, 6, "Une section")
    assert context_of(passage, {"x": "Xylo", "z": "Zeta"}) == "Un titre · Une section · Xylo · Zeta"


def test_the_context_repeats_nothing() -> None:
    page = profile("x", text="Xylo : profil. Suite.", title="Xylo : profil")
    assert context_of(Passage(page, 0, 5), {"x": "Xylo"}) == ""
