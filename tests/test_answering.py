"""Answers: verbatim sentences with their sources, each said once; abstentions with leads."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from clusterbot.answering import Abstention, Answer, Reader, probability
from clusterbot.assistant import recipe
from clusterbot.corpus import Corpus, read_corpus
from clusterbot.emphasis import holds
from clusterbot.engine import Engine
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.index.snapshot import Calibration
from clusterbot.models import Lang
from clusterbot.questions import Asks, Question
from clusterbot.quoting import MAX_QUOTES, Candidate, Parts, choose, say_the_same
from clusterbot.ranking import Ranking
from fakes import KeywordEmbedder, document, flat_ranking, write_corpus


def engine(folder: Path, corpus: Corpus, ranking: Ranking | None = None) -> Engine:
    ranking = ranking or flat_ranking()
    build_index(corpus, folder, KeywordEmbedder(), recipe(ranking))
    return Engine(snapshot.load(folder), KeywordEmbedder(), ranking)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder = tmp_path_factory.mktemp("answering")
    return engine(folder / "index", read_corpus(write_corpus(folder / "corpus")))


def answer(small: Engine, text: str) -> Answer:
    result = small.ask(text, (), None)
    assert isinstance(result, Answer)
    return result


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("Combien de membres comptait Bois Boréal en 2016 ?", "En 2016, Bois Boréal comptait 45 membres."),
        ("How many members did Boreal Wood have in 2016?", "In 2016, Boreal Wood had 45 members."),
        ("Qui est la directrice de Bois Boréal ?", "En 2021, Jeanne Tremblay est directrice générale de Bois Boréal."),
        ("Combien d’emplois compte Aqua Nord ?", "En 2023, Aqua Nord comptait 1 250 emplois dans le secteur de l’eau."),
        ("How many jobs does Aqua Nord count?", "In 2023, Aqua Nord counted 1,250 jobs in the water sector."),
        ("Combien a coûté l’usine de GBN ?", "En 2022, l’usine pilote de Bois Boréal a coûté 2,5 M$."),
    ],
)
def test_the_first_quote_is_the_sentence_that_answers(small: Engine, text: str, quoted: str) -> None:
    assert answer(small, text).quotes[0].text == quoted


def test_a_quote_carries_its_source_and_link(small: Engine) -> None:
    quote = answer(small, "How many jobs does Aqua Nord count?").quotes[0]
    assert quote.document.url == "https://aqua.example.org"
    assert quote.link.startswith("https://aqua.example.org#:~:text=In%202023%2C%20Aqua")
    assert [fact.attribute for fact in quote.facts] == ["jobs"]


def test_figures_that_differ_are_both_quoted_and_told_to_disagree(small: Engine) -> None:
    result = answer(small, "Combien de membres comptait Bois Boréal en 2020 ?")
    together = " ".join(quote.text for quote in result.quotes)
    assert "120 membres" in together
    assert "140 membres" in together
    (disagreement,) = result.disagreements
    assert (disagreement.cluster_id, disagreement.attribute) == ("bois_boreal", "members")
    assert {value.fact.value for value in disagreement.values} == {120, 140}
    for value in disagreement.values:
        assert str(value.fact.value) in value.citation.text


def test_what_all_sources_say_alike_is_no_disagreement(small: Engine) -> None:
    assert answer(small, "How many jobs does Aqua Nord count?").disagreements == ()


@pytest.mark.parametrize("text", ["Quelle heure est-il ?", "What is the weather?", "Zork ?"])
def test_what_the_corpus_does_not_say_is_abstained_from_with_leads(small: Engine, text: str) -> None:
    result = small.ask(text, (), None)
    assert isinstance(result, Abstention)
    assert result.reason == "not_in_corpus"
    assert 3 <= len(result.hits) <= 5
    assert result.confidence < 0.5


def test_the_threshold_decides(tmp_path: Path, corpus_dir: Path) -> None:
    text = "Combien d’emplois compte Aqua Nord ?"
    corpus = read_corpus(corpus_dir)
    low = engine(tmp_path / "low", corpus, flat_ranking(threshold=0.01)).ask(text, (), None)
    high = engine(tmp_path / "high", corpus, flat_ranking(threshold=0.999999)).ask(text, (), None)
    assert isinstance(low, Answer)
    assert isinstance(high, Abstention)
    assert low.confidence == high.confidence


def test_without_a_calibration_there_is_no_answer(tmp_path: Path, corpus_dir: Path) -> None:
    ranking = flat_ranking().model_copy(update={"calibration": {}})
    result = engine(tmp_path / "index", read_corpus(corpus_dir), ranking).ask("Combien de membres ?", (), None)
    assert isinstance(result, Abstention)
    assert result.confidence == 0


@pytest.mark.parametrize("text", ["## Titre", "***\n\n1, 2."])
def test_a_corpus_without_sentences_has_nothing_found(text: str, tmp_path: Path) -> None:
    result = engine(tmp_path / "index", Corpus((document("a", text),))).ask("Combien ?", (), None)
    assert isinstance(result, Abstention)
    assert result.reason == "nothing_found"


def test_a_corpus_of_one_document_is_asked(tmp_path: Path) -> None:
    one = engine(tmp_path / "index", Corpus((document("a", "Le bois pousse. L’eau coule."),)))
    for text in ("Le bois pousse-t-il ?", "The wood?", "Rien ?"):
        one.ask(text, (), None)


SUBJECTS = ("Bois Boréal", "boreal wood", "GBN", "Aqua Nord", "la grappe verte", "aqua-nord", "the North", "", "Bois Boréla")
FRENCH = (
    "Combien de membres compte {} ?",
    "Quand {} a-t-elle été fondée ?",
    "Qui dirige {} ?",
    "Que fait {} ?",
    "{} : emplois, exportations ?",
)
ENGLISH = (
    "How many members does {} have?",
    "When was {} founded?",
    "Who runs {}?",
    "List the jobs of {}",
    "What plant did {} build in 2022?",
)
WHEN = ("", " 2016", " 2020", " en 2021", " in 2023", " 2,5 M$")
GENERATED = [template.format(subject) + when for template, subject, when in itertools.product(FRENCH + ENGLISH, SUBJECTS, WHEN)]


def test_every_quote_of_500_questions_is_verbatim_and_says_something_else(small: Engine) -> None:
    assert len(GENERATED) >= 500
    answered = 0
    for text in GENERATED:
        result = small.ask(text, (), None)
        for hit in result.hits:
            assert hit.passage.text == hit.passage.document.text[hit.passage.start : hit.passage.end] != ""
        if isinstance(result, Answer):
            answered += 1
            assert 1 <= len(result.quotes) <= MAX_QUOTES
            for quote in (*result.quotes, *(value.citation for one in result.disagreements for value in one.values)):
                assert quote.text == quote.document.text[quote.start : quote.end]
                assert quote.text == quote.text.strip() != ""
            assert len({quote.text for quote in result.quotes}) == len(result.quotes)
    assert answered > 100


def test_the_same_question_has_the_same_answer(small: Engine) -> None:
    one, other = (small.ask("Combien de membres ?", (), None) for _ in range(2))
    assert one == other


def test_a_sentence_is_embedded_once(tmp_path: Path, corpus_dir: Path) -> None:
    ranking, embedder = flat_ranking(), KeywordEmbedder()
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(ranking))
    one = Engine(snapshot.load(tmp_path / "index"), embedder, ranking)
    for _ in range(3):
        one.ask("Combien de membres compte Bois Boréal ?", (), None)
    assert len(embedder.passages) == len(set(embedder.passages))
    assert len(embedder.queries) == 3


def candidate(text: str, score: float = 1.0, lang: Lang = "fr", asked: Lang = "fr", **values: object) -> Candidate:
    source = document(values.pop("id_", f"d{abs(hash(text))}"), text, lang, **{"clusters": ("a",), **values})  # type: ignore[arg-type]
    return Candidate(source, 0, len(text), Parts(other=lang != asked), score)


def question(is_list: bool = False) -> Question:
    return Question("?", "fr", (), "other", is_list, ())


def chosen(*sentences: Candidate, is_list: bool = False, margin: float = 1.0) -> list[str]:
    return [one.text for one in choose(question(is_list), sorted(sentences, key=lambda one: -one.score), margin)]


def test_at_most_three_are_quoted_and_none_far_below_the_best() -> None:
    sentences = [candidate(f"Le fait numéro {number} compte.", 9 - number / 10) for number in range(6)]
    assert chosen(*sentences) == [f"Le fait numéro {number} compte." for number in range(3)]
    assert chosen(candidate("Le bois pousse.", 3), candidate("L’eau coule vite.", 1.5)) == ["Le bois pousse."]
    assert chosen() == []


def test_near_duplicates_are_quoted_once_the_newest_one() -> None:
    old = candidate("La grappe compte 45 membres.", 2, published="2016", id_="old")
    new = candidate("La grappe compte maintenant 45 membres.", 1.5, published="2020-05", id_="new")
    assert chosen(old, new) == [new.text]
    assert chosen(candidate(old.text, 1, published="2016"), candidate(new.text, 2, published="2020-05")) == [new.text]


def test_of_a_dated_and_an_undated_one_the_dated_is_quoted() -> None:
    dated, undated = candidate("La grappe compte 45 membres.", 1, published="2016"), candidate("La grappe compte 45 membres !", 2)
    assert chosen(dated, undated) == [dated.text]


def test_an_older_figure_that_differs_is_not_hidden() -> None:
    old = candidate("La grappe compte 45 membres.", 2, published="2016")
    new = candidate("La grappe compte 46 membres.", 1.5, published="2020")
    assert chosen(old, new) == [old.text, new.text]


def test_twins_are_quoted_once_in_the_language_of_the_question() -> None:
    french = candidate("En 2020, la grappe comptait 1 250 membres.", 1.5, published="2019")
    english = candidate("In 2020, the cluster had 1,250 members.", 2, "en", published="2021")
    assert chosen(french, english) == [french.text]


def test_a_list_is_quoted_from_several_documents() -> None:
    said = {"Le bois pousse au nord.": 3.0, "Une scierie ouvre en ville.": 2.9, "Des écoles forment aux métiers.": 2.8}
    same = [candidate(text, score, id_="one") for text, score in said.items()]
    other = candidate("Ailleurs se trouve une quatrième organisation.", 2.0, id_="two")
    assert chosen(*same, other, is_list=True) == [same[0].text, same[1].text, other.text]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (candidate("La grappe compte 45 membres."), candidate("La grappe comptait 45 membres en tout."), True),
        (candidate("La grappe compte 45 membres."), candidate("La grappe compte 46 membres."), False),
        (candidate("La grappe compte 45 membres."), candidate("Elle a planté 45 arbres."), False),
        (candidate("La grappe a 1 250 membres."), candidate("The cluster has 1,250 members.", lang="en"), True),
        (candidate("La grappe a 45 membres."), candidate("Has 45 members.", lang="en", clusters=("b",)), False),
        (candidate("La grappe croît."), candidate("The cluster grows.", lang="en"), False),
        (
            candidate("Jeanne Tremblay dirige la grappe du bois du Nord et son usine pilote."),
            candidate("Paul Roy dirige la grappe du bois du Nord et son usine pilote."),
            False,
        ),
    ],
)
def test_sentences_say_the_same_if_figures_and_most_words_agree(one: Candidate, other: Candidate, same: bool) -> None:
    assert say_the_same(one, other) == say_the_same(other, one) == same


@pytest.mark.parametrize(
    ("text", "lang", "asks", "held"),
    [
        ("Elle compte 45 membres.", "fr", "number", True),
        ("Fondée en 2013.", "fr", "number", False),
        ("Elle a reçu 2,5 M$.", "fr", "money", True),
        ("It got 2 million dollars.", "en", "money", True),
        ("Elle compte 45 membres.", "fr", "money", False),
        ("Le dollar monte.", "fr", "money", False),
        ("Fondée en 2013.", "fr", "date", True),
        ("Founded in March.", "en", "date", False),
        ("Jeanne Tremblay dirige.", "fr", "person", True),
        ("Le bois pousse.", "fr", "person", False),
        ("Elle compte 45 membres.", "fr", "other", False),
    ],
)
def test_a_sentence_holds_what_is_asked_for_or_not(text: str, lang: Lang, asks: Asks, held: bool) -> None:
    assert holds(text, lang, asks) == held


def test_probability_worked_out_by_hand() -> None:
    calibration = Calibration(features=("a", "b"), weights=(2.0, -1.0), intercept=0.5, threshold=0.5)
    assert probability(calibration, {"a": 1.0, "b": 0.5, "c": 9.0}) == pytest.approx(1 / (1 + math.exp(-2.0)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1e6, 1.0), (-1e6, 0.0)],
)
def test_a_probability_stays_one_at_any_distance(value: float, expected: float) -> None:
    calibration = Calibration(features=("a",), weights=(1.0,), intercept=0.0, threshold=0.5)
    assert probability(calibration, {"a": value}) == pytest.approx(expected)


def test_reading_no_hits_gives_no_sentences(small: Engine) -> None:
    query = small.retriever.query("bois", "fr")
    assert isinstance(small.reader, Reader)
    assert small.reader.read(question(), query, []) == []


def test_sentences_come_best_first_and_each_once(small: Engine) -> None:
    asked = Question("Combien de membres ?", "fr", (), "number", False, ())
    query = small.retriever.query(asked.text, "fr")
    sentences = small.reader.read(asked, query, small.retriever.search(query, 10))
    assert [one.score for one in sentences] == sorted((one.score for one in sentences), reverse=True)
    places = [(one.document.id, one.start) for one in sentences]
    assert len(set(places)) == len(places)
    assert all(np.isfinite(one.score) for one in sentences)


def test_a_sourced_fact_is_quoted_in_the_askers_language_where_the_twin_page_tells_it(small: Engine) -> None:
    english = next(one for one in small.snapshot.documents if one.id == "bois_boreal.en")
    start = english.text.index("In 2016, Boreal Wood had 45 members.")
    quote = small.ledger.cite(english, start, start + len("In 2016, Boreal Wood had 45 members."))
    twin = small.ledger.twin(quote, "fr")
    assert twin is not None and twin.text == "En 2016, Bois Boréal comptait 45 membres."
    assert twin.facts == quote.facts
    other = small.ledger.cite(english, 0, english.text.index("\n"))
    assert small.ledger.twin(other, "fr") is None, "it tells no fact of the ledger"


@pytest.mark.parametrize(
    ("lang", "text"), [("fr", "En 2016, Bois Boréal comptait 45 membres."), ("en", "In 2016, Boreal Wood had 45 members.")]
)
def test_an_answer_is_quoted_in_the_language_that_is_asked_for(small: Engine, lang: Lang, text: str) -> None:
    for question in ("Combien de membres comptait Bois Boréal en 2016 ?", "How many members did Boreal Wood have in 2016?"):
        result = small.ask(question, (), lang)
        assert isinstance(result, Answer)
        assert result.quotes[0].text == text
        assert len(set(result.quotes)) == len(result.quotes)
