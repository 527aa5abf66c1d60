"""The words of a question that a sentence tells: its own, others that mean the same, those of the other language."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clusterbot.analysis import terms_of
from clusterbot.models import LANGUAGES, Lang
from clusterbot.wording import asked_words, meanings_of, read_meanings, told_share

MEANINGS = meanings_of([{"fr": "patron dirige directeur", "en": "boss head runs"}, {"fr": "membres", "en": "members"}])


def alike(terms: Sequence[str]) -> list[float]:
    return [1.0] * len(terms)


def share(asked: str, text: str, lang: Lang = "fr", of: Lang = "fr") -> float:
    return told_share(asked_words(asked, of, alike, MEANINGS), terms_of(text, lang), lang)


@pytest.mark.parametrize(
    ("asked", "text", "lang", "expected"),
    [
        ("Qui est le patron ?", "Anne Roy dirige Bois Boréal.", "fr", 1.0),
        ("Qui est le patron ?", "Anne Roy is the head of Bois Boréal.", "en", 1.0),
        ("Qui est le patron ?", "Bois Boréal compte 45 membres.", "fr", 0.0),
        ("les membres de Toronto", "Its members meet in Montréal.", "en", 0.5),
        ("les membres de Toronto", "Les membres se réunissent à Toronto.", "fr", 1.0),
        ("le budget 2016", "In 2016, nothing was spent.", "en", 0.5),
        ("Qui est-ce ?", "Anne Roy.", "fr", 0.0),
        ("", "Anne Roy.", "fr", 0.0),
    ],
)
def test_a_word_is_told_by_itself_by_its_like_and_by_its_translation(asked: str, text: str, lang: Lang, expected: float) -> None:
    assert share(asked, text, lang) == pytest.approx(expected)


def test_a_rare_word_weighs_more() -> None:
    weights = {"membr": 1.0, "toronto": 3.0}
    asked = asked_words("membres Toronto", "fr", lambda terms: [weights[term] for term in terms], MEANINGS)
    assert told_share(asked, terms_of("Toronto.", "fr"), "fr") == pytest.approx(0.75)


def test_every_meaning_that_ships_has_words_in_both_languages() -> None:
    meanings = read_meanings()
    assert all(alike["fr"] and alike["en"] for lang in LANGUAGES for alike in meanings[lang].values())
    assert len(meanings["fr"]) > 100
