"""Claims on former names: weighed by the registry, and told with a sentence that holds the name."""

from __future__ import annotations

import pytest

from clusterbot.claim_rules import read_rules
from clusterbot.clusters import ClusterRegistry
from clusterbot.judging import RuleJudge
from clusterbot.ledger import Ledger
from clusterbot.models import Citation, Lang
from clusterbot.naming import NameJudge
from clusterbot.statements import Statement
from fakes import document, profile

RULES = read_rules()
FORMER = [{"name": "Grappe du bois du Nord", "until": "2015-03"}, {"name": "GBN"}, {"name": "Réseau Sapin"}]
RENAMED = "La Grappe du bois du Nord (GBN) a pris le nom de Bois Boréal en mars 2015."
TEXT = f"En 2012, la Grappe du bois du Nord comptait 45 membres. {RENAMED}"
PAGES = [
    profile(text=TEXT, short="Bois Boréal", aliases=["Boreal Wood"], former=FORMER),
    profile("aqua_nord", text="Aqua Nord est jeune.", short="Aqua Nord"),
]
REGISTRY = ClusterRegistry(PAGES)


def weighed(claim: str, lang: Lang = "fr", read: tuple[Citation, ...] = ()) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    statement = Statement(claim, lang, RuleJudge(RULES).subject(["Bois Boréal"], lang))
    found = NameJudge(Ledger(PAGES, {}), RULES).weigh(statement, REGISTRY.mentions(claim), read)
    return [
        (one.judgement.stance, one.citation.text, [(each.kind, each.claim, each.source) for each in one.judgement.differences])
        for one in found
    ]


@pytest.mark.parametrize(
    ("claim", "lang"),
    [
        ("Bois Boréal s’appelait auparavant la GBN.", "fr"),
        ("Bois Boréal (anciennement GBN) est une grappe.", "fr"),
        ("L’ancien nom de Bois Boréal est GBN.", "fr"),
        ("La GBN a été rebaptisée Bois Boréal.", "fr"),
        ("La Grappe du bois du Nord est devenue Bois Boréal en 2015.", "fr"),
        ("Jusqu’en 2015, Bois Boréal portait le nom de Grappe du bois du Nord.", "fr"),
        ("En 2013, Bois Boréal s’appelait la Grappe du bois du Nord.", "fr"),
        ("Bois Boréal a changé de nom en 2015.", "fr"),
        ("Boreal Wood was formerly known as GBN.", "en"),
        ("Formerly known as the GBN, Boreal Wood is a cluster.", "en"),
        ("GBN is the former name of Boreal Wood.", "en"),
        ("The Grappe du bois du Nord was renamed Boreal Wood in March 2015.", "en"),
        ("Boreal Wood went by the name of GBN.", "en"),
    ],
)
def test_a_registered_name_is_borne_out_by_the_sentence_that_tells_the_change(claim: str, lang: Lang) -> None:
    assert weighed(claim, lang) == [("for", RENAMED, [])]


@pytest.mark.parametrize(
    ("claim", "lang", "difference"),
    [
        ("Bois Boréal s’appelait auparavant Alpha Bois.", "fr", ("name", "Alpha Bois", "Grappe du bois du Nord")),
        ("Alpha Bois is the former name of Boreal Wood.", "en", ("name", "Alpha Bois", "Grappe du bois du Nord")),
        ("Bois Boréal est l’ancien nom de la GBN.", "fr", ("name", "Bois Boréal", "Grappe du bois du Nord")),
        ("La Grappe du bois du Nord a été rebaptisée Bois Boréal en 2019.", "fr", ("date", "en 2019", "mars 2015")),
        ("The Grappe du bois du Nord was renamed Boreal Wood in 2013.", "en", ("date", "2013", "mars 2015")),
        ("En 2018, Bois Boréal s’appelait la Grappe du bois du Nord.", "fr", ("date", "2018", "mars 2015")),
        ("Bois Boréal a changé de nom en 2011.", "fr", ("date", "2011", "mars 2015")),
        ("Bois Boréal n’a jamais porté le nom de GBN.", "fr", ("negation", "n’a jamais", "GBN")),
        ("Boreal Wood was never called GBN.", "en", ("negation", "never", "GBN")),
    ],
)
def test_another_name_or_day_or_a_denial_is_contradicted(claim: str, lang: Lang, difference: tuple[str, str, str]) -> None:
    ((stance, text, differences),) = weighed(claim, lang)
    kind, told, source = differences[0]
    assert (stance, text, kind, source) == ("against", RENAMED, difference[0], difference[2])
    assert told in difference[1]


@pytest.mark.parametrize(
    "claim",
    [
        "Bois Boréal s’appelait auparavant le Réseau Sapin.",  # no sentence holds it
        "La GBN a été rebaptisée Bois Boréal en 2019.",  # when it was given up isn't known
        "Bois Boréal n’a jamais porté le nom d’Alpha Bois.",  # what it was called tells nothing of that
        "Bois Boréal est devenue un chef de file en 2019.",
        "La GBN est devenue Alpha Bois.",
        "Aqua Nord s’appelait auparavant Alpha Bois.",  # no former name is registered
        "Bois Boréal compte 45 membres.",
    ],
)
def test_what_the_registry_cannot_tell_or_quote_is_left_to_the_sentences(claim: str) -> None:
    assert weighed(claim) == []


def test_a_sentence_of_an_article_comes_before_the_profiles() -> None:
    article = document(text="Le Réseau Sapin s’appelle désormais Bois Boréal.", clusters=("bois_boreal",))
    read = (Citation(article, 0, len(article.text)),)
    assert weighed("Bois Boréal s’appelait auparavant le Réseau Sapin.", read=read) == [("for", article.text, [])]
