"""What a sentence says of a claim, by the rules."""

from __future__ import annotations

import pytest

from clusterbot.judging import RuleJudge, Statement, read_rules
from clusterbot.models import Lang

JUDGE = RuleJudge(read_rules())


def said(claim: str, source: str, lang: Lang = "en", source_lang: Lang = "en") -> str:
    subject = JUDGE.subject(["Aqua Nord"], lang)
    return JUDGE.judge(Statement(claim, lang, subject), Statement(source, source_lang, frozenset())).stance


@pytest.mark.parametrize(
    ("claim", "stance"),
    [
        ("Aqua Nord had 50 members in 2020.", "for"),
        ("Aqua Nord had 60 members in 2020.", "against"),
        ("Aqua Nord had about 51 members in 2020.", "for"),
        ("Aqua Nord had more than 60 members in 2020.", "against"),
        ("Aqua Nord had 60 members in 2013.", "neutral"),
        ("Aqua Nord had 50 employees in 2020.", "neutral"),
        ("Aqua Nord had 50 members in Laval in 2020.", "neutral"),
    ],
)
def test_figures_and_years_decide(claim: str, stance: str) -> None:
    assert said(claim, "In 2020, Aqua Nord had 50 members.") == stance


def test_a_source_in_the_other_language_decides_too() -> None:
    assert said("Aqua Nord had fifty members in 2020.", "En 2020, Aqua Nord comptait 50 membres.", "en", "fr") == "for"
    assert said("Aqua Nord had sixty members in 2020.", "En 2020, Aqua Nord comptait 50 membres.", "en", "fr") == "against"


def test_a_sentence_of_two_years_never_supports_a_figure() -> None:
    source = "Aqua Nord went from 27 members in 2012 to 72 in 2023."
    assert said("Aqua Nord had 27 members in 2023.", source) == "neutral"


def test_a_denied_claim_is_against_a_sentence_that_affirms() -> None:
    assert said("Aqua Nord was not founded in 2006.", "Aqua Nord was founded in 2006.") == "against"


def test_a_spelled_out_figure_counts_as_its_digits() -> None:
    assert said("Aqua Nord had fifty members in 2020.", "In 2020, Aqua Nord had 50 members.") == "for"


def test_a_denied_wrong_year_is_never_called_contradicted() -> None:
    assert said("Aqua Nord was not founded in 2009.", "Aqua Nord was founded in 2006.") == "neutral"


def test_what_was_found_is_not_what_was_founded() -> None:
    assert said("Aqua Nord was founded in 2006.", "In 2018, a magazine found fleet managers at Aqua Nord.") == "neutral"
    assert said("Aqua Nord was founded in 2010.", "Aqua Nord dates from 2006.") == "against"
