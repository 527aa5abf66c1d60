"""Numbers, dates and sentences of two languages, with exact offsets."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusterbot.models import LANGUAGES, Lang
from clusterbot.text import MAX_SENTENCE_CHARS, date_forms, find_numbers, fold, plain_value, split_sentences

NUMBERS: list[tuple[Lang, str, list[str]]] = [
    ("fr", "1 234,5", ["1234.5"]),
    ("fr", "1\u00a0234,5", ["1234.5"]),
    ("fr", "1\u202f234,5", ["1234.5"]),
    ("fr", "1\u2009234,5", ["1234.5"]),
    ("fr", "1 234 567,89", ["1234567.89"]),
    ("fr", "20 000\u00a0000", ["20000000"]),
    ("fr", "2 000 à 3\u202f500", ["2000", "3500"]),
    ("fr", "2,5\u00a0M$", ["2.5"]),
    ("fr", "1,2 G$", ["1.2"]),
    ("fr", "12\u00a0%", ["12"]),
    ("fr", "0,50", ["0.5"]),
    ("fr", "6,0", ["6"]),
    ("fr", "5 000,00 $", ["5000"]),
    ("fr", "100", ["100"]),
    ("fr", "1000", ["1000"]),
    ("fr", "En 2013 120 membres", ["2013", "120"]),
    ("fr", "en 2015 300 entreprises", ["2015", "300"]),
    ("fr", "de 2013 à 2015, 1 200 PME", ["2013", "2015", "1200"]),
    ("fr", "le 15 mai 2013, 8 grappes", ["15", "2013", "8"]),
    ("fr", "12 3456", ["12", "3456"]),
    ("fr", "100-200", ["100", "200"]),
    ("fr", "2013-2014", ["2013", "2014"]),
    ("fr", "7, 8 et 9.", ["7", "8", "9"]),
    ("fr", "12,", ["12"]),
    ("fr", "H2O", ["2"]),
    ("fr", "aucun", []),
    ("en", "1,234.5", ["1234.5"]),
    ("en", "1,234,567", ["1234567"]),
    ("en", "1\u00a0234", ["1234"]),
    ("en", "$2.5M", ["2.5"]),
    ("en", "$1.2B", ["1.2"]),
    ("en", "12%", ["12"]),
    ("en", "0.10", ["0.1"]),
    ("en", "100.0", ["100"]),
    ("en", "10,000 jobs", ["10000"]),
    ("en", "in 2013, 120 members", ["2013", "120"]),
    ("en", "October 21, 2013", ["21", "2013"]),
    ("en", "2013,120", ["2013", "120"]),
    ("en", "in 2013 120 members", ["2013", "120"]),
    ("en", "1 234", ["1", "234"]),
    ("en", "It has 12. Others 13.", ["12", "13"]),
    ("en", "none", []),
]


@pytest.mark.parametrize(("lang", "text", "values"), NUMBERS)
def test_numbers_are_read_in_the_notation_of_the_language(lang: Lang, text: str, values: list[str]) -> None:
    assert [number.value for number in find_numbers(text, lang)] == values


def test_a_number_knows_where_it_stands() -> None:
    text = "En 2013, 1\u00a0234,5 tonnes."
    assert [text[number.start : number.end] for number in find_numbers(text, "fr")] == ["2013", "1\u00a0234,5"]


@given(st.integers(0, 10**9))
def test_a_number_is_the_same_in_both_notations(value: int) -> None:
    english = f"{value:,}"
    assert [one.value for one in find_numbers(english, "en")] == [str(value)]
    assert [one.value for one in find_numbers(english.replace(",", "\u00a0"), "fr")] == [str(value)]


@pytest.mark.parametrize(
    ("value", "plain"),
    [(2.5, "2.5"), (1409, "1409"), (100, "100"), (0, "0"), (4.0, "4"), (1e9, "1000000000"), (0.1, "0.1"), (-3.2, "-3.2")],
)
def test_a_ledger_value_is_written_like_a_number_found(value: float, plain: str) -> None:
    assert plain_value(value) == plain


@pytest.mark.parametrize(
    ("date", "lang", "form"),
    [
        ("2013", "fr", "2013"),
        ("2013-05", "fr", "mai 2013"),
        ("2013-05", "en", "May 2013"),
        ("2013-05-06", "fr", "6 mai 2013"),
        ("2013-05-01", "fr", "1er mai 2013"),
        ("2013-05-06", "en", "May 6, 2013"),
        ("2013-12-31", "fr", "31 décembre 2013"),
        ("2013-08-09", "en", "August 9, 2013"),
    ],
)
def test_a_date_is_written_as_pages_write_it(date: str, lang: Lang, form: str) -> None:
    assert form in date_forms(date, lang)


@pytest.mark.parametrize(
    ("written", "folded"),
    [("Québec", "quebec"), ("ÉCOTECH", "ecotech"), ("cœur", "coeur"), ("l’eau", "l'eau"), ("Straße", "strasse"), ("e\u0301", "e")],
)
def test_fold_forgets_case_accents_and_typography(written: str, folded: str) -> None:
    assert fold(written) == folded


SENTENCES: list[tuple[Lang, str, list[str]]] = [
    ("fr", "Une phrase. Une autre.", ["Une phrase.", "Une autre."]),
    ("fr", "M. Tremblay dirige la grappe. Mme Roy la préside.", ["M. Tremblay dirige la grappe.", "Mme Roy la préside."]),
    ("fr", "Ainsi parla M. Roy. Il partit.", ["Ainsi parla M. Roy.", "Il partit."]),
    ("fr", "Le Dr. Roy et J.-F. Côté. Fin.", ["Le Dr. Roy et J.-F. Côté.", "Fin."]),
    ("fr", "MM. Roy et Côté. Fin.", ["MM. Roy et Côté.", "Fin."]),
    ("fr", "Les PME, p. ex. les scieries, exportent. Oui.", ["Les PME, p. ex. les scieries, exportent.", "Oui."]),
    ("fr", "Le no. 3 et l’art. 5 comptent. Fin.", ["Le no. 3 et l’art. 5 comptent.", "Fin."]),
    ("fr", "Le 3 févr. 2014, tout change. Fin.", ["Le 3 févr. 2014, tout change.", "Fin."]),
    ("fr", "Ubisoft inc. compte 3 000 emplois. CAE aussi.", ["Ubisoft inc. compte 3 000 emplois.", "CAE aussi."]),
    ("fr", "Elle vaut 2,5 M$. Puis 3,5 M$.", ["Elle vaut 2,5 M$.", "Puis 3,5 M$."]),
    ("fr", "Elle date de 2013. 120 membres.", ["Elle date de 2013.", "120 membres."]),
    ("fr", "Elle fait de la R-D. La grappe croît.", ["Elle fait de la R-D.", "La grappe croît."]),
    ("fr", "C’est mmode. mmode croît.", ["C’est mmode.", "mmode croît."]),
    ("fr", "« Nous grandissons. Nous exportons », dit-il. Fin.", ["« Nous grandissons. Nous exportons », dit-il.", "Fin."]),
    ("fr", "Il dit : « C’est fait. » Elle part.", ["Il dit : « C’est fait. »", "Elle part."]),
    ("fr", "Oui ! Non ? Fin.", ["Oui !", "Non ?", "Fin."]),
    ("fr", "**Gras.** Suite.", ["**Gras.** Suite."]),
    ("fr", "Voir https://example.org/a.b?c=d. Puis la suite.", ["Voir https://example.org/a.b?c=d.", "Puis la suite."]),
    (
        "fr",
        "- Un point\n- Deux points. Avec suite.\n1. Premier\n2) Second",
        ["Un point", "Deux points.", "Avec suite.", "Premier", "Second"],
    ),
    ("fr", "Ligne une\nligne deux. Trois\n\nQuatre", ["Ligne une\nligne deux.", "Trois", "Quatre"]),
    ("fr", "2013. Une année.", ["2013.", "Une année."]),
    ("fr", "> Cité.\n> Suite.", ["Cité.", "Suite."]),
    ("fr", "😀 Oui. 𝒳 suit.", ["😀 Oui.", "𝒳 suit."]),
    ("en", "Acme Inc. joined in 2013. It grew.", ["Acme Inc. joined in 2013.", "It grew."]),
    ("en", "The U.S. market grew. No. 3 is next.", ["The U.S. market grew.", "No. 3 is next."]),
    ("en", "It grew 2.5 per cent. Then it fell 1.2%.", ["It grew 2.5 per cent.", "Then it fell 1.2%."]),
    ("en", "Dr. Smith et al. wrote it. J. B. Roy agreed.", ["Dr. Smith et al. wrote it.", "J. B. Roy agreed."]),
    ("en", '"We grow," he said. "We export."', ['"We grow," he said.', '"We export."']),
    ("en", "It cost $2.5M. It paid.", ["It cost $2.5M.", "It paid."]),
    ("en", "She spoke (see above). Then left.", ["She spoke (see above).", "Then left."]),
    ("en", "", []),
    ("en", " \n\t\n ", []),
]


@pytest.mark.parametrize(("lang", "text", "sentences"), SENTENCES)
def test_sentences_end_where_a_reader_ends_them(lang: Lang, text: str, sentences: list[str]) -> None:
    assert [text[one.start : one.end] for one in split_sentences(text, lang)] == sentences


def test_headings_are_told_from_sentences() -> None:
    text = "# Titre. Avec point\nCorps.\n### Suite\n#Pas un titre"
    found = [(text[one.start : one.end], one.is_heading) for one in split_sentences(text, "fr")]
    assert found == [("Titre. Avec point", True), ("Corps.", False), ("Suite", True), ("#Pas un titre", False)]


@pytest.mark.parametrize("text", ["mot " * 1000, "x" * 5000, "mot\n" * 1000])
def test_text_without_punctuation_is_cut_between_words_if_it_has_any(text: str) -> None:
    sentences = split_sentences(text, "fr")
    assert max(one.end - one.start for one in sentences) <= MAX_SENTENCE_CHARS
    words = [word for one in sentences for word in text[one.start : one.end].split()]
    assert words == text.split() or (" " not in text and "".join(words) == text)


@pytest.mark.parametrize(
    "text", ["« Oui. " * 20_000, '"' * 200_000, "a." * 100_000, "- a\n" * 20_000, " " * 200_000, "M. " * 50_000]
)
def test_splitting_takes_a_time_in_proportion_to_the_text(text: str) -> None:
    started = time.process_time()
    split_sentences(text, "fr")
    assert time.process_time() - started < 3


PIECES = st.sampled_from(
    [
        "M. ",
        "p. ex. ",
        "Fin. ",
        "« ",
        " »",
        "\n",
        "\n\n",
        "# ",
        "- ",
        "1. ",
        "> ",
        "|",
        "\u00a0",
        "2,5",
        "a",
        "É",
        "😀",
        " ",
        "! ",
        "\u2028",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(PIECES, max_size=60).map("".join)), st.sampled_from(LANGUAGES))
def test_sentences_are_in_order_and_lose_nothing_but_white_space_and_markers(text: str, lang: Lang) -> None:
    end = 0
    for sentence in split_sentences(text, lang):
        assert end <= sentence.start < sentence.end <= len(text)
        assert text[sentence.start : sentence.end] == text[sentence.start : sentence.end].strip()
        assert re.fullmatch(r"(\s|[#>|*+-]|\d{1,3}[.)])*", text[end : sentence.start])
        end = sentence.end
    assert re.fullmatch(r"(\s|[#>|*+-]|\d{1,3}[.)])*", text[end:])


@given(st.text(max_size=100))
def test_fold_leaves_no_accent_or_capital(text: str) -> None:
    folded = fold(text)
    assert not any(unicodedata.combining(char) for char in folded)
    assert folded == folded.casefold()
