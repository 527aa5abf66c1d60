"""The ledgers: which facts a quotation tells, and where sources disagree for the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusterbot.corpus import read_corpus
from clusterbot.disagreements import disagree, in_conflict, overlap
from clusterbot.ledger import Ledger
from clusterbot.models import Attribute, Citation, Document, Fact, Lang, Profile
from clusterbot.questions import Asks
from fakes import ATTRIBUTES, document, profile

VOCABULARY = {name: Attribute.model_validate(attribute) for name, attribute in ATTRIBUTES.items()}


def fact(
    attribute: str, value: object, as_of: str | None = None, source: str = "https://example.org/a", **more: Any
) -> dict[str, Any]:
    return {"attribute": attribute, "value": value, "as_of": as_of, "source": source, **more}


def cite(ledger: Ledger, source: Document, words: str) -> Citation:
    start = source.text.index(words)
    return ledger.cite(source, start, start + len(words))


@pytest.mark.parametrize(
    ("sentence", "lang", "entry", "told"),
    [
        ("En 2020, elle comptait 120 membres.", "fr", fact("members", 120, "2020"), True),
        ("En 2021, elle comptait 120 membres.", "fr", fact("members", 120, "2020"), False),
        ("Elle comptait 120 membres.", "fr", fact("members", 120), True),
        ("Elle comptait 1 250 emplois.", "fr", fact("jobs", 1250), True),
        ("It counted 1,250 jobs.", "en", fact("jobs", 1250), True),
        ("It counted 11,250 jobs.", "en", fact("jobs", 1250), False),
        ("L’usine a coûté 2,5 M$.", "fr", fact("plant_cost", 2.5, unit="M CAD"), True),
        ("L’usine a coûté 25 M$.", "fr", fact("plant_cost", 2.5, unit="M CAD"), False),
        ("Elle comptait 3 membres.", "fr", fact("members", 3), True),
        ("Elle comptait 3 usines.", "fr", fact("members", 3), False),
        ("Elle comptait 3 usines.", "fr", fact("unknown", 3), False),
        ("Elle naît en mars 2012.", "fr", fact("founded", "2012-03", "2012-03"), True),
        ("Elle naît le 1er mars 2012.", "fr", fact("founded", "2012-03-01", "2012-03-01"), True),
        ("Elle naît en 2012.", "fr", fact("founded", "2012-03", "2012-03"), False),
        ("It began in March 2012.", "en", fact("founded", "2012-03", "2012-03"), True),
        ("En 2021, JEANNE  TREMBLAY dirige.", "fr", fact("director", "Jeanne Tremblay", "2021"), True),
        ("En 2021, Jean Tremblay dirige.", "fr", fact("director", "Jeanne Tremblay", "2021"), False),
        ("Une baisse de 3,2 % en 2020.", "fr", fact("growth", -3.2, "2020", unit="%"), True),
    ],
)
def test_a_quotation_tells_a_fact_if_value_and_date_stand_in_it(
    sentence: str, lang: Lang, entry: dict[str, Any], told: bool
) -> None:
    page = profile("bois_boreal", lang, sentence, facts=[entry])
    assert bool(Ledger([page], VOCABULARY).cite(page, 0, len(sentence)).facts) == told


def test_an_article_tells_the_facts_that_name_it_as_their_source() -> None:
    facts = [fact("members", 120, "2020", "https://journal.org"), fact("members", 120, "2020", "https://elsewhere.org")]
    ledger = Ledger([profile(facts=facts), profile(lang="en", facts=facts)], VOCABULARY)
    text = "En 2020, elle comptait 120 membres."
    told = cite(ledger, document("a", text, url="https://journal.org", clusters=("bois_boreal",)), text)
    assert [one.source for one in told.facts] == ["https://journal.org"]
    assert cite(ledger, document("a", text, url="https://journal.org"), text).facts == ()


PAGE = "En 2020, elle comptait 120 membres. En 2020, elle comptait 140 membres. En 2016, elle comptait 45 membres."


def pages(*facts: dict[str, Any], text: str = PAGE) -> list[Profile]:
    english = text.replace("elle comptait", "it counted").replace("En", "In").replace("membres", "members")
    return [profile(text=text, facts=facts), profile(lang="en", text=english, facts=facts)]


def disagreeing(
    found: list[Profile], words: str, lang: Lang = "fr", vocabulary: dict[str, Attribute] = VOCABULARY
) -> list[set[object]]:
    ledger = Ledger(found, vocabulary)
    told = ledger.disagreements(lang, cite(ledger, found[0], words))
    return [{value.fact.value for value in one.values} for one in told]


def test_values_of_one_time_that_differ_disagree() -> None:
    found = pages(fact("members", 120, "2020"), fact("members", 140, "2020-05"), fact("members", 45, "2016"))
    assert disagreeing(found, "En 2020, elle comptait 120 membres.") == [{120, 140}]
    assert disagreeing(found, "En 2020, elle comptait 140 membres.") == [{120, 140}]
    assert disagreeing(found, "En 2016, elle comptait 45 membres.") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (fact("members", 120, "2020"), fact("members", 120, "2020", "https://elsewhere.org")),
        (fact("members", 120, "2020"), fact("members", 140, "2019")),
        (fact("members", 120, "2020-06"), fact("members", 140, "2020-01")),
        (fact("members", 120, "2020"), fact("members", 140)),
        (fact("members", 120, "2020"), fact("jobs", 140, "2020")),
        (fact("members", 120, "2020", unit="%"), fact("members", 140, "2020")),
        (fact("members", 120, "2020"), fact("members", 999, "2020")),
    ],
    ids=[
        "same value",
        "other time",
        "little change in a year",
        "one undated",
        "other attribute",
        "other unit",
        "nowhere in the text",
    ],
)
def test_what_is_merely_different_does_not_disagree(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert disagreeing(pages(one, other), "En 2020, elle comptait 120 membres.") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (fact("members", 120), fact("members", 140)),
        (fact("members", 120, "2020-06-01"), fact("members", 140, "2020-06-20")),
        (fact("members", 45, "2016-01"), fact("members", 140, "2016-09")),
        (fact("founded", "2012-03", "2012"), fact("founded", "2014", "2020")),
        (fact("plant_cost", 2.5, "2022", unit="M CAD"), fact("plant_cost", 2.5, "2022", unit="M USD")),
    ],
    ids=["both undated", "a month apart", "far apart within a year", "one event, told at two times", "another currency"],
)
def test_what_cannot_be_right_together_disagrees(one: dict[str, Any], other: dict[str, Any]) -> None:
    attribute = VOCABULARY.get(one["attribute"])
    assert disagree(Fact(**one), Fact(**other), attribute) and disagree(Fact(**other), Fact(**one), attribute)


def test_a_date_that_is_told_less_exactly_agrees() -> None:
    told = [Fact(**fact("founded", value, None)) for value in ("2012", "2012-03", "2012-03-01")]
    assert in_conflict(told, VOCABULARY["founded"]) == []


def test_all_that_a_cluster_s_sources_disagree_on_is_listed_by_attribute() -> None:
    found = pages(fact("members", 120, "2020"), fact("members", 140, "2020"), fact("members", 45, "2016"))
    (members,) = Ledger(found, VOCABULARY).disagreements_of("bois_boreal", "en")
    assert (members.attribute, [value.fact.value for value in members.values]) == ("members", [120, 140])
    assert members.values[1].citation.text == "In 2020, it counted 140 members."


def test_an_attribute_of_many_values_never_disagrees() -> None:
    many = {**VOCABULARY, "members": VOCABULARY["members"].model_copy(update={"many": True})}
    found = pages(fact("members", 120, "2020"), fact("members", 140, "2020"))
    assert disagreeing(found, "En 2020, elle comptait 120 membres.", vocabulary=many) == []


def test_a_disagreement_is_shown_in_the_language_of_the_question() -> None:
    found = pages(fact("members", 120, "2020"), fact("members", 140, "2020"))
    ledger = Ledger(found, VOCABULARY)
    quote = cite(ledger, found[0], "En 2020, elle comptait 120 membres.")
    (english,) = ledger.disagreements("en", quote)
    assert [value.citation.text for value in english.values] == [
        "In 2020, it counted 120 members.",
        "In 2020, it counted 140 members.",
    ]
    (lonely,) = Ledger(found[:1], VOCABULARY).disagreements("en", quote)
    assert lonely.values[0].citation.document.lang == "fr"


@pytest.mark.parametrize(
    ("one", "other", "shared"),
    [
        ("2013", "2013", True),
        ("2013", "2013-10", True),
        ("2013", "2013-10-21", True),
        ("2013-10", "2013-10-21", True),
        ("2013-10-21", "2013-10-21", True),
        ("2015/2017", "2016", True),
        ("2015/2017", "2017-12-31", True),
        ("2015/2017", "2017/2019", True),
        ("2015-03/2015-04", "2015-04-30", True),
        ("2013", "2014", False),
        ("2013-10", "2013-11", False),
        ("2013-10-21", "2013-10-22", False),
        ("2015/2017", "2018", False),
        ("2015/2017", "2014-12-31", False),
        ("2013-12-31", "2014-01-01", False),
        ("2013", None, False),
        (None, None, False),
    ],
)
def test_periods_overlap_if_they_share_a_day(one: str | None, other: str | None, shared: bool) -> None:
    assert overlap(one, other) == overlap(other, one) == shared


ASKED = {
    "founded": Attribute(type="date", fr="Fondation", en="Founded", asked_fr=("fondée", "créé"), asked_en=("founded",)),
    "members": Attribute(type="number", fr="Membres", en="Members", asked_fr=("membres",), asked_en=("members",)),
    "director": Attribute(type="name", fr="Direction", en="Director", asked_fr=("dirige", "patron"), asked_en=("runs",)),
}


@pytest.fixture
def asked(corpus_dir: Path) -> Ledger:
    return Ledger([one for one in read_corpus(corpus_dir).documents if isinstance(one, Profile)], ASKED)


@pytest.mark.parametrize(
    ("words", "lang", "asks", "as_of", "told"),
    [
        ("Quand   a-t-elle été fondée ?", "fr", "date", None, ["Bois Boréal a été fondé en mars 2012."]),
        ("En quelle année   a-t-il été créé ?", "fr", "date", None, ["Bois Boréal a été fondé en mars 2012."]),
        ("When was   founded?", "en", "date", None, ["Boreal Wood was founded in March 2012."]),
        ("Qui dirige   ?", "fr", "person", None, ["En 2021, Jeanne Tremblay est directrice générale de Bois Boréal."]),
        ("Combien de membres en 2016 ?", "fr", "number", None, ["En 2016, Bois Boréal comptait 45 membres."]),
        ("Combien de membres ?", "fr", "number", "2017", ["En 2016, Bois Boréal comptait 45 membres."]),
        ("Qui a été le premier patron ?", "fr", "person", None, []),
        ("Quels chantiers le patron a-t-il ouverts ?", "fr", "person", None, []),
        ("Combien de membres en 1999 ?", "fr", "number", None, []),
        ("Quand   a-t-elle été fondée ?", "fr", "number", None, []),
    ],
)
def test_what_is_asked_of_a_cluster_and_nothing_else_is_told_by_its_ledger(
    asked: Ledger, words: str, lang: Lang, asks: Asks, as_of: str | None, told: list[str]
) -> None:
    assert [one.text for one in asked.asked(words, lang, asks, "bois_boreal", as_of)] == told


def test_of_what_changes_the_newest_is_told_and_all_that_differ(asked: Ledger) -> None:
    told = [one.text for one in asked.asked("Combien de membres   compte ?", "fr", "number", "bois_boreal")]
    assert len(told) == 2 and all("En 2020" in text for text in told)
    assert asked.asked("Combien de membres ?", "fr", "number", "nulle_part") == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("Site web de   ?", True),
        ("Comment joindre   ?", True),
        ("Quel est le site ?", True),
        ("Sur quel site l’usine est-elle bâtie ?", False),
        ("Où est   ?", False),
        ("", False),
    ],
)
def test_the_website_is_told_where_nothing_else_is_asked_for(words: str, told: bool) -> None:
    text = "Le site de Bois Boréal est bois.example.org. Bois Boréal a un site sur le fleuve."
    ledger = Ledger([profile("bois_boreal", "fr", text, website="https://www.bois.example.org/accueil")], VOCABULARY)
    expected = ["Le site de Bois Boréal est bois.example.org."] if told else []
    assert [one.text for one in ledger.reaching(words, "fr", "bois_boreal")] == expected
    assert ledger.reaching(words, "fr", "nulle_part") == []
