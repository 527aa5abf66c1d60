"""Claims weighed by several sentences: what they decide together."""

from __future__ import annotations

from clusterbot.claim_rules import read_rules
from clusterbot.claims import Verdict, weigh
from clusterbot.judging import RuleJudge
from clusterbot.models import Citation
from clusterbot.statements import Statement
from fakes import sentences_of

RULES = read_rules()


def weighed(claim: str, *sentences: str, settled: str = "") -> Verdict:
    judge = RuleJudge(RULES)
    candidates = sentences_of("aqua_nord", *sentences)

    def is_settled(citation: Citation) -> bool:
        return citation.text == settled

    return weigh(
        Statement(claim, "en", judge.subject(["Aqua Nord"], "en")), ["aqua_nord"], candidates, judge, RULES, is_settled=is_settled
    )


def test_the_year_of_something_else_does_not_contradict_a_year_that_a_source_holds() -> None:
    origin = "Aqua Nord dates from 2017 and came out of the plan for 2015-2020."
    launch = "In 2019, Aqua Nord launched a school."
    assert weighed("Aqua Nord was launched in 2017.", origin, launch).label != "contradicted"
    assert weighed("Aqua Nord was launched in 2012.", origin, launch).label == "contradicted"


def test_the_newest_figure_decides_a_claim_that_tells_no_time() -> None:
    older, newer = "In 2016, Aqua Nord had 45 members.", "In 2020, Aqua Nord had 120 members."
    assert weighed("Aqua Nord has 45 members.", older, newer).label == "contradicted"
    assert weighed("Aqua Nord has 120 members.", older, newer).label == "supported"


def test_sources_of_one_time_that_disagree_decide_nothing_and_are_both_shown() -> None:
    verdict = weighed(
        "In 2020, Aqua Nord had 120 members.", "In 2020, Aqua Nord had 120 members.", "In 2020, Aqua Nord had 140 members."
    )
    assert verdict.label == "not_covered"
    assert {one.stance for one in verdict.evidence} == {"for", "against"}


def test_what_is_on_record_and_undisputed_decides_against_figures_of_other_things() -> None:
    claim = "In 2018, Aqua Nord had a budget of $129M."
    told, extra = "In 2018, Aqua Nord had a budget of $129M.", "In 2018, a budget of $900,000 went to Aqua Nord's lakes."
    assert weighed(claim, told, extra).label == "not_covered"
    assert weighed(claim, told, extra, settled=told).label == "supported"
    assert weighed(claim, told, extra, settled=extra).label == "not_covered"


def test_who_is_named_held_the_post_whoever_else_did() -> None:
    host = "In 2017, Hydro Sud, which hosted Aqua Nord, was headed by Luc Cyr."
    claim = "Ana Roy headed Aqua Nord in 2017."
    assert weighed(claim, host).label == "contradicted"
    assert weighed(claim, host, "In 2017, Ana Roy headed Aqua Nord.").label == "supported"


def test_who_heads_it_now_is_who_did_last() -> None:
    earlier, later = "In 2019, Ana Roy was the head of Aqua Nord.", "In 2023, Luc Cyr was the head of Aqua Nord."
    assert weighed("Ana Roy is the head of Aqua Nord.", earlier, later).label == "contradicted"
    assert weighed("Luc Cyr is the head of Aqua Nord.", earlier, later).label == "supported"
    assert weighed("Ana Roy was the head of Aqua Nord.", earlier, later).label == "supported"


def test_a_date_that_a_claim_is_not_wrong_about_keeps_nothing_open() -> None:
    claim = "The 2022-2031 plan of Aqua Nord and the CMM was unveiled in November 2020."
    told = "Aqua Nord and the CMM unveiled the 2022-2031 plan in November 2022."
    beside = "The 2022-2031 plan was unveiled by Aqua Nord in November 2022."
    assert weighed(claim, told, beside).label == "contradicted"


def test_what_is_decided_is_shown_with_its_evidence_first() -> None:
    older = [f"In {year}, Aqua Nord had {year - 1970} members." for year in range(2010, 2020)]
    verdict = weighed("Aqua Nord has 120 members.", *older, "In 2021, Aqua Nord had 120 members.")
    assert verdict.label == "supported"
    assert [one.stance for one in verdict.evidence[:2]] == ["for", "against"]


def test_what_covers_a_claim_clearly_better_decides_for_it_and_against_it() -> None:
    denied = "Aqua Nord's hatchery acquires no share of the companies that it houses."
    beside = "In 2016, Aqua Nord's hatchery was housing 28 companies, and had a share of the market."
    claim = "Aqua Nord's hatchery acquires a share of the companies that it houses."
    assert weighed(claim, beside).label == "supported"
    assert weighed(claim, denied, beside).label == "contradicted"
    assert weighed(claim, denied, beside, settled=beside).label == "contradicted"
