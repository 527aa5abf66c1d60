"""Claims weighed by ledger entries: which entry bears on a claim, and the sentence that states it."""

from __future__ import annotations

from typing import Any

import pytest

from clusterbot.claim_rules import read_rules
from clusterbot.facts import FactJudge
from clusterbot.judging import RuleJudge
from clusterbot.ledger import Ledger
from clusterbot.models import Attribute, Timeline
from clusterbot.statements import Statement
from fakes import profile

RULES = read_rules()
VOCABULARY = {
    "founded": Attribute(type="date", fr="Fondation", en="Founded"),
    "members": Attribute(type="number", fr="Membres", en="Members"),
    "funding": Attribute(type="money", fr="Financement", en="Funding"),
    "first_chief_executive": Attribute(type="name", fr="Première direction générale", en="First chief executive"),
    "chair": Attribute(type="name", fr="Présidence", en="Chair"),
    "partner": Attribute(type="name", fr="Partenaire", en="Partner", many=True),
}
TEXT = (
    "Bois Boréal a été fondé en 2012. En 2016, Bois Boréal comptait 45 membres. En 2020, Bois Boréal comptait 120 membres."
    " En 2020, Bois Boréal a obtenu un financement de 2,5 M$. Son partenaire est Hydro."
)


def fact(attribute: str, value: object, as_of: str | None, **more: Any) -> dict[str, Any]:
    return {"attribute": attribute, "value": value, "as_of": as_of, "source": "https://example.org/a", **more}


FACTS = [
    fact("founded", "2012", "2012"),
    fact("members", 45, "2016"),
    fact("members", 120, "2020"),
    fact("funding", 2.5, "2020", unit="M CAD"),
    fact("partner", "Hydro", None),
]


def weighed(claim: str) -> list[tuple[str, str]]:
    pages = [profile(text=TEXT, facts=FACTS, short="Bois Boréal")]
    judge = FactJudge(Ledger(pages, VOCABULARY), RULES)
    statement = Statement(claim, "fr", RuleJudge(RULES).subject(["Bois Boréal"], "fr"))
    return sorted((one.judgement.stance, one.citation.text) for one in judge.weigh(statement, ["bois_boreal"]))


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("Bois Boréal a été fondé en 2012.", [("for", "Bois Boréal a été fondé en 2012.")]),
        ("Bois Boréal a été créé en 2009.", [("against", "Bois Boréal a été fondé en 2012.")]),
        ("En 2020, Bois Boréal comptait 120 membres.", [("for", "En 2020, Bois Boréal comptait 120 membres.")]),
        ("En 2020, Bois Boréal comptait 45 membres.", [("against", "En 2020, Bois Boréal comptait 120 membres.")]),
        ("En 2018, Bois Boréal comptait 80 membres.", []),
        ("Bois Boréal n’a pas été fondé en 2012.", []),
        ("Le partenaire de Bois Boréal est Logistec.", []),
        ("En 2020, le financement de Bois Boréal était de 25 M$.", [("against", TEXT.split(". ")[3] + ".")]),
    ],
)
def test_an_entry_of_the_claims_time_decides_with_the_sentence_that_states_it(claim: str, found: list[tuple[str, str]]) -> None:
    assert weighed(claim) == found


def test_without_a_date_older_entries_stand_beside_the_newest() -> None:
    assert weighed("Bois Boréal compte 120 membres.") == [("for", "En 2020, Bois Boréal comptait 120 membres.")]
    stances = [stance for stance, _ in weighed("Bois Boréal compte 45 membres.")]
    assert stances == ["against", "for"]


def test_a_page_that_tells_its_founding_in_front_matter_alone_decides_nothing_it_cannot_quote() -> None:
    page = profile(text="Bois Boréal réunit la filière du bois.", founded="2012", short="Bois Boréal")
    judge = FactJudge(Ledger([page], VOCABULARY), RULES)
    statement = Statement("Bois Boréal a été fondé en 2009.", "fr", frozenset())
    assert judge.weigh(statement, ["bois_boreal"]) == []


# --- what changed


def timelines(claim: str, *more: dict[str, Any]) -> tuple[Timeline, ...]:
    text = TEXT + " En 2021, Bois Boréal était présidé par Ana Roy. En 2023, Bois Boréal était présidé par Luc Cyr."
    judge = FactJudge(Ledger([profile(text=text, facts=[*FACTS, *more], short="Bois Boréal")], VOCABULARY), RULES)
    return judge.timelines(Statement(claim, "fr", RuleJudge(RULES).subject(["Bois Boréal"], "fr")), ["bois_boreal"])


def values(found: tuple[Timeline, ...]) -> list[list[object]]:
    return [[value.fact.value for value in one.values] for one in found]


def test_a_claim_without_a_date_comes_with_the_dated_values_of_what_it_tells_the_oldest_first() -> None:
    (members,) = timelines("Bois Boréal compte 80 membres.", fact("members", 99, None))
    assert [(one.fact.as_of, one.fact.value) for one in members.values] == [("2016", 45), ("2020", 120)]
    assert [one.citation.text for one in members.values] == [f"{told}." for told in TEXT.split(". ")[1:3]]


def test_who_held_a_post_is_told_with_who_did_before() -> None:
    chairs = (fact("chair", "Luc Cyr", "2023"), fact("chair", "Ana Roy", "2021"))
    assert values(timelines("Bois Boréal est présidé par Eva Cyr.", *chairs)) == [["Ana Roy", "Luc Cyr"]]


@pytest.mark.parametrize(
    "claim",
    [
        "En 2020, Bois Boréal comptait 80 membres.",  # tells its time
        "Bois Boréal a un financement de 3 M$.",  # one value alone
        "Bois Boréal a été fondé par 80 PME.",  # what happens once
        "Bois Boréal veut des membres.",  # gives no figure
        "Bois Boréal verse 80 M$ aux membres.",  # a figure of another kind
    ],
)
def test_where_nothing_changed_or_the_claim_tells_its_time_there_is_no_timeline(claim: str) -> None:
    assert timelines(claim) == ()
