"""Index terms: what a reader takes for one word is one term, in either language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbot.analysis import analyse, detect_language
from clusterbot.models import LANGUAGES, Lang

SAME: list[tuple[Lang, str, Lang, str]] = [
    ("fr", "Québec", "fr", "QUEBEC"),
    ("fr", "l’aluminium", "fr", "aluminium"),
    ("fr", "l'aluminium", "fr", "aluminiums"),
    ("fr", "qu’exportent", "fr", "exportent"),
    ("fr", "jusqu’en d’octobre", "fr", "octobre"),
    ("fr", "grappes industrielles", "fr", "grappe industrielle"),
    ("fr", "cœur", "fr", "coeur"),
    ("fr", "\ufb01nance", "fr", "finance"),
    ("fr", "R-D", "fr", "R&D"),
    ("fr", "la R-D de la grappe", "fr", "R&D, grappe"),
    ("fr", "2,5 M$", "fr", "2,5 millions"),
    ("fr", "1,2 G$", "fr", "1,2 milliard"),
    ("fr", "12\u00a0%", "fr", "12 pour cent"),
    ("fr", "1 409", "fr", "1\u00a0409"),
    ("en", "clusters", "en", "cluster"),
    ("en", "the cluster’s members", "en", "cluster members"),
    ("en", "R&D", "en", "R-D"),
    ("en", "$2.5M", "en", "$2.5 million"),
    ("en", "$1.2B", "en", "$1.2 billion"),
    ("en", "12%", "en", "12 per cent"),
    ("en", "12 percent", "en", "12 per cent"),
    ("fr", "R-D", "en", "R&D"),
    ("fr", "2,5 M$", "en", "$2.5M"),
    ("fr", "1,2 G$", "en", "$1.2B"),
    ("fr", "12\u00a0%", "en", "12%"),
    ("fr", "1\u00a0234,5", "en", "1,234.5"),
    ("fr", "AluQuébec", "en", "AluQuebec"),
]


@pytest.mark.parametrize(("lang", "one", "other_lang", "other"), SAME)
def test_two_ways_to_write_a_thing_are_the_same_terms(lang: Lang, one: str, other_lang: Lang, other: str) -> None:
    assert analyse(one, lang) == analyse(other, other_lang) != []


@pytest.mark.parametrize(
    ("lang", "one", "other"),
    [
        ("fr", "1,5", "15"),
        ("fr", "2,5 M$", "2,5 G$"),
        ("fr", "C2MI", "C2"),
        ("fr", "12 %", "12"),
        ("en", "1.5", "15"),
        ("en", "$3M", "$3B"),
    ],
)
def test_what_differs_stays_different(lang: Lang, one: str, other: str) -> None:
    assert analyse(one, lang) != analyse(other, lang)


@pytest.mark.parametrize(
    ("lang", "text"), [("fr", "le la les de n’est qu’il"), ("en", "the of and it's"), ("fr", ""), ("en", " ?! ")]
)
def test_words_without_meaning_are_no_terms(lang: Lang, text: str) -> None:
    assert analyse(text, lang) == []


@settings(deadline=None)
@given(st.text(max_size=200), st.sampled_from(LANGUAGES))
def test_any_text_has_terms_of_letters_and_digits(text: str, lang: Lang) -> None:
    assert all(term and not any(char.isspace() for char in term) for term in analyse(text, lang))


@pytest.mark.parametrize(
    ("question", "lang"),
    [
        ("Combien de membres ?", "fr"),
        ("How many members?", "en"),
        ("Qui dirige la grappe ?", "fr"),
        ("Who runs the cluster?", "en"),
        ("Quand fut-elle fondée ?", "fr"),
        ("When was it founded?", "en"),
        ("C'est quoi ?", "fr"),
        ("What is it?", "en"),
        ("Où est Technum ?", "fr"),
        ("Where is Technum?", "en"),
        ("combien d'emplois", "fr"),
        ("how many jobs", "en"),
        ("Quelles sont les grappes ?", "fr"),
        ("Which clusters are there?", "en"),
        ("Et en 2018 ?", "fr"),
        ("And in 2018?", "en"),
        ("membres ?", "fr"),
        ("members?", "en"),
        ("liste des grappes", "fr"),
        ("list the clusters", "en"),
    ],
)
def test_the_language_of_a_short_question_is_known(question: str, lang: Lang) -> None:
    found, probability = detect_language(question)
    assert found == lang
    assert probability > 0.6


def test_a_name_alone_tells_no_language() -> None:
    assert detect_language("CargoM")[1] < 0.6
