"""What a sentence says of a claim, by the rules."""

from __future__ import annotations

import pytest

from clusterbot.claim_rules import read_rules
from clusterbot.judging import Judgement, RuleJudge
from clusterbot.models import Lang
from clusterbot.statements import Statement, written_on

JUDGE = RuleJudge(read_rules())


def judged(claim: str, source: str, lang: Lang = "en", source_lang: Lang = "en", published: str | None = None) -> Judgement:
    subject = JUDGE.subject(["Aqua Nord"], lang)
    return JUDGE.judge(Statement(claim, lang, subject), Statement(source, source_lang, frozenset(), written_on(published)))


def said(claim: str, source: str, lang: Lang = "en", source_lang: Lang = "en", published: str | None = None) -> str:
    return judged(claim, source, lang, source_lang, published).stance


@pytest.mark.parametrize(
    ("claim", "stance"),
    [
        ("Aqua Nord had 50 members in 2020.", "for"),
        ("Aqua Nord had 60 members in 2020.", "against"),
        ("Aqua Nord had about 51 members in 2020.", "for"),
        ("Aqua Nord had more than 40 members in 2020.", "for"),
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


@pytest.mark.parametrize(
    ("claim", "stance"),
    [
        ("Aqua Nord had 27 members in 2012.", "for"),
        ("Aqua Nord had 72 members in 2023.", "for"),
        ("Aqua Nord had 27 members in 2023.", "against"),
        ("Aqua Nord had 72 members in 2012.", "against"),
        ("Aqua Nord had 72 members in 2018.", "neutral"),
    ],
)
def test_of_several_years_each_figure_goes_with_its_own(claim: str, stance: str) -> None:
    assert said(claim, "Aqua Nord went from 27 members in 2012 to 72 in 2023.") == stance


def test_the_year_of_the_page_that_reports_is_not_that_of_the_event() -> None:
    source = "Aqua Nord was founded in 2006, Le Journal reported in 2018."
    assert said("Aqua Nord was founded in 2006.", source) == "for"
    assert said("Aqua Nord was founded in 2018.", source) == "against"


def test_a_figure_without_a_date_holds_for_the_day_of_its_article() -> None:
    source = "Aqua Nord compte 50 membres."
    assert said("Aqua Nord comptait 60 membres en mai 2020.", source, "fr", "fr", "2020-05-12") == "against"
    assert said("Aqua Nord comptait 60 membres en mai 2021.", source, "fr", "fr", "2020-05-12") == "neutral"
    assert said("Aqua Nord a été fondée en mai 2024.", "Aqua Nord a vu le jour en mai dernier.", "fr", "fr", "2024-09-12") == "for"


@pytest.mark.parametrize(
    ("claim", "difference"),
    [
        ("Aqua Nord received $25M over 3 years.", ("number", "$25M", "$2.5M")),
        ("Aqua Nord received US$2.5M over 3 years.", ("unit", "US$2.5M", "$2.5M")),
    ],
)
def test_amounts_differ_by_figure_or_by_currency(claim: str, difference: tuple[str, str, str]) -> None:
    found = judged(claim, "Aqua Nord received $2.5M over 3 years.")
    assert found.stance == "against"
    assert difference in [(one.kind, one.claim, one.source) for one in found.differences]


def test_figures_of_other_things_never_contradict() -> None:
    source = "Aqua Nord took in 8 start-ups with its first cohort and 12 with its second."
    assert said("Aqua Nord's fifth cohort had twenty start-ups.", source) == "neutral"
    assert said("Aqua Nord had 9,500 direct jobs.", "Aqua Nord had 20,000 indirect jobs.") == "neutral"


@pytest.mark.parametrize(
    ("claim", "stance"),
    [
        ("Aqua Nord was not founded in 2006.", "against"),
        ("Aqua Nord was not founded in 2009.", "neutral"),
        ("Aqua Nord was founded in 2009.", "against"),
    ],
)
def test_a_denial_contradicts_only_what_the_source_says(claim: str, stance: str) -> None:
    assert said(claim, "Aqua Nord was founded in 2006.") == stance


def test_a_source_that_denies_contradicts() -> None:
    found = judged("Aqua Nord est encore un organisme distinct.", "Aqua Nord n’est plus un organisme distinct.", "fr", "fr")
    assert found.stance == "against"
    assert [(one.kind, one.claim, one.source) for one in found.differences] == [("negation", "–", "n’est plus")]
    assert said("Aqua Nord takes a share of its companies.", "Aqua Nord takes no share of its companies.") == "against"
    assert said("Aqua Nord est née d’une fusion.", "Aqua Nord est née d’une fusion.", "fr", "fr") == "for"


@pytest.mark.parametrize(
    ("claim", "stance"),
    [
        ("Aqua Nord is a non-profit.", "for"),
        ("Aqua Nord is a for-profit company.", "against"),
        ("Aqua Nord is not a non-profit.", "against"),
    ],
)
def test_for_profit_and_non_profit_are_opposites(claim: str, stance: str) -> None:
    assert said(claim, "Aqua Nord is a non-profit.") == stance


@pytest.mark.parametrize(
    ("claim", "stance"),
    [
        ("Jeanne Tremblay was the first head of Aqua Nord.", "for"),
        ("Paul Roy was the first head of Aqua Nord.", "against"),
        ("Paul Roy was the head of Aqua Nord.", "against"),
        ("Jeanne Tremblay chaired the board of Aqua Nord.", "neutral"),
        ("Paul Roy was a partner of Aqua Nord.", "neutral"),
    ],
)
def test_another_name_contradicts_where_only_one_can_be_right(claim: str, stance: str) -> None:
    assert said(claim, "Jeanne Tremblay was the first head of Aqua Nord.") == stance


def test_a_superlative_is_only_borne_out_by_its_own_kind() -> None:
    assert said("Aqua Nord is the largest cluster in Laval.", "Aqua Nord is the first cluster in Laval.") == "neutral"


def test_the_years_that_come_first_are_no_superlative() -> None:
    source = "For its 10 years, in 2022, Aqua Nord tallied 1,795 jobs."
    assert said("Aqua Nord's tally for its first ten years includes 1,795 jobs.", source) == "for"
    assert said("Aqua Nord's tally for its first ten years includes 2,795 jobs.", source) == "against"


def test_a_figure_that_few_things_have_needs_half_of_the_other_words() -> None:
    source = "In 2020, a pilot at Aqua Nord cost $2.45M."
    assert said("In 2020, Aqua Nord spent $2.45M on a pilot hangar.", source) == "neutral"
    assert said("In 2020, Aqua Nord had a $2.45M pilot hangar.", source) == "for"
    assert said("In 2020, Aqua Nord had 3 pilot hangars.", "In 2020, a pilot at Aqua Nord had 3 floors.") == "neutral"


@pytest.mark.parametrize(
    ("claim", "source", "lang"),
    [
        ("Aqua Nord's name for DistriQ's Espace Un is old.", "Espace Un, at DistriQ, is the old name of Aqua Nord.", "en"),
        ("Aqua Nord put up $190,000 for a lake.", "Aqua Nord invested $190,000 in a lake.", "en"),
        ("Le fonds a mis 190 000 $ dans Aqua Nord.", "Aqua Nord a reçu 190 000 $ du fonds.", "fr"),
        ("Aqua Nord représente 47 p. cent de la population.", "Aqua Nord représente 47 % de la population.", "fr"),
        ("Jeanne Tremblay est à la barre d’Aqua Nord.", "Aqua Nord, dont Jeanne Tremblay a la direction, est jeune.", "fr"),
        ("Luc Roy was in charge of Aqua Nord.", "Luc Roy headed Aqua Nord.", "en"),
        ("Aqua Nord traces its beginnings to 2006.", "Aqua Nord was set up in 2006.", "en"),
        ("Aqua Nord existe depuis 2006.", "Aqua Nord a été mise sur pied en 2006.", "fr"),
        ("Some 600 students took part in Aqua Nord's day.", "Aqua Nord’s day was attended by almost 600 students.", "en"),
        ("Aqua Nord is not the same organization as Aqua Sud.", "Aqua Sud and Aqua Nord are separate organizations.", "en"),
        ("Aqua Nord n’est pas le même organisme qu’Aqua Sud.", "Aqua Sud et Aqua Nord sont des organismes distincts.", "fr"),
    ],
)
def test_what_is_told_in_other_words_is_borne_out(claim: str, source: str, lang: Lang) -> None:
    assert said(claim, source, lang, lang) == "for"


def test_a_date_contradicts_only_beside_the_same_event() -> None:
    announced = "In November 2023, three ministers gave $900,000 for an innovation hub of Aqua Nord in the east end."
    assert said("Aqua Nord's innovation hub in the east end opened its doors in June 2025.", announced) == "neutral"
    assert said("Aqua Nord was formed in 2018.", "Aqua Nord came into being in 2020, when two guilds united.") == "against"
    assert said("Aqua Nord was renamed Aqua Sud in 2015.", "In April 2018, Aqua Nord took the name Aqua Sud.") == "against"


def test_what_a_claim_is_about_takes_place_once() -> None:
    source = "Aqua Nord took place in Laval on May 6, 2013."
    assert said("Aqua Nord was held on June 6, 2013.", source) == "against"
    assert said("Aqua Nord held a workshop on June 6, 2013.", "Aqua Nord held a workshop on May 6, 2013.") == "neutral"


def test_a_claim_without_figure_date_or_name_needs_more_of_its_words() -> None:
    source = "Eight firms are in the building that once housed Aqua Nord."
    assert said("Aqua Nord's building houses a daycare.", source) == "neutral"
    assert said("Aqua Nord's building houses firms.", source) == "for"


@pytest.mark.parametrize(
    ("claim", "source", "lang"),
    [
        ("In 2020, Aqua Nord's niches numbered 63.", "In 2020 there were 36 niches under Aqua Nord.", "en"),
        ("En 2012, Hydro Sud a cédé 15 M$ à Aqua Nord.", "En 2012, Hydro Sud a cédé à Aqua Nord un site, 3 lacs et 5 M$.", "fr"),
        ("Aqua Nord a été réunie à Hydro Sud en 2016.", "Aqua Nord joined forces with Hydro Sud in 2019.", "fr"),
        ("Aqua Nord est la zone d’innovation de Bromont.", "Aqua Nord est la zone d’innovation de Sherbrooke.", "fr"),
        ("Aqua Nord is the innovation zone of Bromont.", "Aqua Nord est la zone d’innovation de Sherbrooke.", "en"),
    ],
)
def test_what_is_told_in_other_words_is_contradicted(claim: str, source: str, lang: Lang) -> None:
    assert said(claim, source, lang, "en" if " joined " in source or " niches " in source else "fr") == "against"


@pytest.mark.parametrize(
    ("claim", "source", "stance"),
    [
        (
            "Aqua Nord gave more than $15M to 14 projects.",
            "Aqua Nord gave more than $5M to 14 projects worth $20M.",
            "against",
        ),
        ("Aqua Nord gave more than $5M to 14 projects.", "Aqua Nord gave more than $5M to 14 projects worth $20M.", "for"),
        ("Aqua Nord has more than 40 members.", "Aqua Nord has more than 5,000 members.", "neutral"),
        ("Aqua Nord gave up to $510,000 to projects.", "Aqua Nord gave up to $150,000 to projects.", "against"),
        ("Aqua Nord has 140 employees.", "Aqua Nord trained some of the city's 125,000 employees.", "neutral"),
        ("Aqua Nord received 230 million in aid.", "Aqua Nord received aid of $230M.", "for"),
        ("In 2023, Espace Un hosted 82 firms, members of Aqua Nord.", "In 2023, Espace Un, at Aqua Nord, had 28 firms.", "against"),
    ],
)
def test_bounds_amounts_and_orders_of_magnitude(claim: str, source: str, stance: str) -> None:
    assert said(claim, source) == stance


@pytest.mark.parametrize(
    ("claim", "source", "stance"),
    [
        ("Aqua Nord lost 245 members.", "Aqua Nord counted 245 members.", "neutral"),
        ("Aqua Nord lost 245 members.", "Aqua Nord lost 245 members.", "for"),
        ("Aqua Nord counted 245 members.", "Aqua Nord counted 245 members after a year of losses.", "for"),
        ("Québec refused $600,000 to Aqua Nord.", "Québec awarded Aqua Nord $600,000.", "neutral"),
    ],
)
def test_what_turns_a_claim_around_must_be_told_too(claim: str, source: str, stance: str) -> None:
    assert said(claim, source) == stance


def test_each_name_has_the_post_beside_it() -> None:
    source = "En 2016, Sylvain Roy présidait Aqua Nord, à la tête de laquelle était Pierre Cyr."
    assert said("En 2016, Pierre Cyr dirigeait Aqua Nord, que présidait Sylvain Roy.", source, "fr", "fr") == "for"
    assert said("En 2016, Pierre Cyr présidait Aqua Nord, que dirigeait Sylvain Roy.", source, "fr", "fr") != "for"


def test_another_founder_contradicts_and_another_place_does_not() -> None:
    source = "Aqua Nord was founded by Max Roy in Laval."
    assert said("Aqua Nord was founded by Jean Cyr.", source) == "against"
    assert said("Jean Cyr founded Aqua Nord.", source) == "against"
    assert said("Aqua Nord was founded in Gaspé Nord.", source) == "neutral"


def test_what_comes_first_does_so_once() -> None:
    source = "The first annual meeting of Aqua Nord was held in April 2016."
    assert said("Aqua Nord's first annual meeting took place in April 2018.", source) == "against"
    assert said("Aqua Nord's annual meeting took place in April 2018.", source) == "neutral"


def test_names_that_stand_together_are_read_one_by_one() -> None:
    source = "Hydro Sud a signé une entente avec l’organisme Aqua Nord en mai 2024."
    assert said("Aqua Nord et Hydro Sud ont conclu une entente en mai 2024.", source, "fr", "fr") == "for"
    assert (
        said("L’initiative MACH d’Aqua Nord a démarré en 2015.", "L’initiative MACH est née en 2011 à Aqua Nord.", "fr", "fr")
        == "against"
    )


def test_what_comes_again_every_year_has_no_one_date() -> None:
    source = "Aqua Nord was launched at its annual meeting, held in 2020."
    assert said("Aqua Nord held its annual meeting in 2022.", source) == "neutral"


def test_what_was_found_is_not_what_was_founded() -> None:
    assert said("Aqua Nord was founded in 2006.", "In 2018, a magazine found fleet managers at Aqua Nord.") == "neutral"
    assert said("Aqua Nord was founded in 2010.", "Aqua Nord dates from 2006.") == "against"


@pytest.mark.parametrize(
    ("claim", "source", "lang"),
    [
        ("Aqua Nord gave Hydro Sud $600,000.", "In 2019, Hydro Sud awarded Aqua Nord $600,000.", "en"),
        ("Hydro Sud received $600,000 from Aqua Nord.", "Aqua Nord received $600,000 from Hydro Sud in 2019.", "en"),
        ("Aqua Nord a versé 600 000 $ à Hydro Sud.", "En 2019, Hydro Sud a accordé à Aqua Nord 600 000 $.", "fr"),
    ],
)
def test_who_gave_did_not_get(claim: str, source: str, lang: Lang) -> None:
    told = judged(claim, source, lang, lang)
    assert (told.stance, [one.kind for one in told.differences]) == ("against", ["name"])


def test_who_gives_is_found_in_other_words_too() -> None:
    source = "In 2019, Hydro Sud awarded Aqua Nord $600,000."
    assert said("Aqua Nord received $600,000 from Hydro Sud.", source) == "for"
    assert said("Aqua Nord a reçu 600 000 $ de Hydro Sud.", source, "fr") == "for"


def near(claim: str, source: str, added: float) -> str:
    subject = JUDGE.subject(["Aqua Nord"], "en")
    return JUDGE.judge(Statement(claim, "en", subject), Statement(source, "en", frozenset(), near=added)).stance


def test_nearness_counts_beside_the_words_that_are_shared() -> None:
    claim, source = "Aqua Nord occupies 25,000 square feet.", "Aqua Nord spreads over some 25,000 square feet."
    assert [near(claim, source, added) for added in (0.0, 0.6)] == ["neutral", "for"]
    assert near("Aqua Nord had 50 members.", "Aqua Nord had 50 members.", -0.8) == "neutral"


def test_distance_takes_nothing_from_a_denial() -> None:
    assert near("Aqua Nord is not an incubator.", "Aqua Nord is an incubator.", -0.8) == "against"
    assert near("Aqua Nord is an incubator.", "Aqua Nord is not an incubator.", -0.8) == "against"


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("Aqua Nord occupies 25,000 square feet.", "Aqua Nord spreads over 26,000 square metres."),
        ("Aqua Nord occupies 25,000 square feet in Laval.", "Aqua Nord spreads over 25,000 square feet."),
        ("Aqua Nord occupies 25,000 square feet.", "Aqua Nord gave up 25,000 square feet, which it never used."),
        ("Aqua Nord occupies 25,000 square feet.", "Aqua Nord lost 25,000 square feet."),
        ("Aqua Nord lost 25,000 square feet.", "Aqua Nord spreads over 25,000 square feet."),
        ("Aqua Nord is the first to occupy 25,000 square feet.", "Aqua Nord spreads over 25,000 square feet."),
    ],
)
def test_nearness_makes_up_for_no_figure_name_denial_reversal_or_superlative(claim: str, source: str) -> None:
    assert near(claim, source, 0.9) == "neutral"


def test_the_figures_of_a_sentence_that_is_near_enough_contradict_another() -> None:
    claim, source = "Aqua Nord occupies 52,000 square feet.", "Aqua Nord spreads over 25,000 square feet."
    assert [near(claim, source, added) for added in (0.0, 1.1)] == ["neutral", "against"]
    assert near(claim, "Aqua Nord spreads over 25,000 square feet, or 30,000 square feet in summer.", 1.1) == "against"
    assert near(claim, "Aqua Nord spreads over 25,000 square feet, or 52,000 square feet in summer.", 1.1) == "for"


def test_the_date_of_a_sentence_that_is_near_enough_and_holds_every_word_contradicts() -> None:
    claim, source = "Aqua Nord repainted its hatchery in 2021.", "In 2020, Aqua Nord repainted its hatchery."
    assert [near(claim, source, added) for added in (0.0, 0.1)] == ["neutral", "against"]
    assert near(claim, "Founded in 2006, Aqua Nord repainted its hatchery in 2020.", 0.1) == "against"
    assert near(claim, "In 2020, Aqua Nord sold its hatchery.", 0.9) == "neutral"
    assert near(claim, "Aqua Nord repainted its hatchery (September 12, 2020).", 0.1) == "neutral"
    assert near("Aqua Nord repainted its annual fair in 2021.", "In 2020, Aqua Nord repainted its annual fair.", 0.1) == "neutral"


def test_what_denies_something_of_a_claim_bears_nothing_out() -> None:
    source = "Le conseil d’Aqua Nord n’était pas encore élu quand le but de la grappe a été annoncé, en octobre 2013."
    assert said("Aqua Nord, whose goal was announced in October 2013, had an elected board.", source, "en", "fr") == "neutral"


@pytest.mark.parametrize(("count", "missing"), [("Trois", 0), ("Quatre", 1)])
def test_small_counts_before_the_same_word_count_the_same(count: str, missing: int) -> None:
    claim = f"{count} gouvernements ont réservé 900 000 $ à Aqua Nord."
    told = judged(claim, "3 gouvernements ont annoncé 900 000 $ pour Aqua Nord.", "fr", "fr")
    assert len(told.differences) == missing


def test_who_says_so_at_the_beginning_of_a_claim_is_no_part_of_a_name() -> None:
    source = "En 2024, Pôle Vert attribuait à Aqua Nord 45 000 emplois."
    assert judged("Selon Pôle Vert, Aqua Nord comptait 45 000 emplois en 2024.", source, "fr", "fr").differences == ()


@pytest.mark.parametrize(
    ("claim", "source", "stance"),
    [
        ("Ottawa gives Aqua Nord $39M and Laval gives $60M.", "Aqua Nord gets $60M from Ottawa and $39M from Laval.", "neutral"),
        ("Ottawa gives Aqua Nord $60M and Laval gives $39M.", "Aqua Nord gets $60M from Ottawa and $39M from Laval.", "for"),
    ],
)
def test_a_figure_is_that_of_the_name_beside_it(claim: str, source: str, stance: str) -> None:
    assert said(claim, source) == stance


def test_a_bound_is_borne_out_by_a_figure_close_above_it_whatever_other_amounts_there_are() -> None:
    source = "Aqua Nord has projects worth more than $201M, of which it supplied $87M."
    assert said("Aqua Nord has projects worth more than 200 million.", source) == "for"
    assert said("Aqua Nord has projects worth more than $60M.", source) != "for"


def test_a_head_office_is_nobodys_post() -> None:
    source = "Les Affaires reported that Aqua Nord was launched in May 2015 at the head office of Aldo."
    assert said("The launch of Montréal's Aqua Nord, in May 2015, took place at Aldo's head office.", source) != "against"
