"""Claims that the rules leave undecided, weighed by what reads them beside the sentences: here one that goes by words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from clusterbot.claim_rules import read_rules
from clusterbot.claims import Verdict, weigh
from clusterbot.judging import RuleJudge
from clusterbot.statements import Statement
from clusterbot.undecided import Read, ReadingRules, reading_features
from clusterbot.verdicts import explain
from fakes import sentences_of

NOTHING = dict.fromkeys(read_rules().undecided.weights, (0.0, 0.0, 0.0))
WEIGHTS = ReadingRules(
    likely=0.5,
    speaks=0.2,
    sure=0.5,
    doubt=0.7,
    denies=0.5,
    intercepts=(0, 0, 0),
    weights={**NOTHING, "for": (1, 0, 0), "against": (0, 1, 0)},
    fitted="for these tests",
)


class ByWords:
    """Reads a sentence as its words say, by the labels of a mapping from words to probabilities."""

    def __init__(self, chances: Mapping[str, tuple[float, float, float]]) -> None:
        self.chances = chances
        self.read_texts: list[str] = []

    def read(self, claim: str, texts: Sequence[str]) -> NDArray[np.float32]:
        self.read_texts += texts
        found = (next((value for word, value in self.chances.items() if word in text), (0.05, 0.05, 0.9)) for text in texts)
        return np.array(list(found), np.float32)


def weighed(claim: str, reading: ByWords, *sentences: str, weights: ReadingRules = WEIGHTS) -> Verdict:
    rules = read_rules().model_copy(update={"undecided": weights})
    judge = RuleJudge(rules)
    candidates = sentences_of("aqua_nord", *sentences)
    statement = Statement(claim, "en", judge.subject(["Aqua Nord"], "en"))
    return weigh(statement, ["aqua_nord"], candidates, judge, rules, reading=reading)


OPEN, TENANT, OWNER = "Aqua Nord likes lakes.", "Aqua Nord is a tenant there.", "Aqua Nord has premises of its own."
CLAIM = "Aqua Nord rents its offices."


def test_what_is_told_in_other_words_is_decided_by_the_reading_and_the_deciding_sentence_comes_first() -> None:
    reading = ByWords({"tenant": (0.9, 0.05, 0.05), "own": (0.1, 0.8, 0.1)})
    borne_out = weighed(CLAIM, reading, OPEN, TENANT)
    assert (borne_out.label, borne_out.evidence[0].stance, borne_out.evidence[0].citation.text) == ("supported", "for", TENANT)
    against = weighed(CLAIM, reading, OPEN, OWNER)
    assert (against.label, against.evidence[0].stance, against.evidence[0].citation.text) == ("contradicted", "against", OWNER)
    odds = {"for": np.log(0.12 / 0.92), "against": np.log(0.82 / 0.22)}  # of 0.1 and 0.8, both brought nearer to even
    assert against.confidence == pytest.approx(WEIGHTS.chances({**dict.fromkeys(NOTHING, 0.0), **odds})["contradicted"])


def test_evidence_on_both_sides_is_shown_on_both_sides_however_many_sentences_are_open() -> None:
    verdict = weighed(CLAIM, ByWords({"tenant": (0.9, 0.05, 0.05), "own": (0.01, 0.8, 0.19)}), *[OPEN] * 6, TENANT, OWNER)
    assert verdict.label == "supported"
    assert [one.stance for one in verdict.evidence][:3] == ["for", "against", "neutral"]


def test_beside_the_surest_sentence_of_a_side_only_sure_ones_are_shown_on_it() -> None:
    read = Read(
        np.array([[0.4, 0.1, 0.5], [0.35, 0.1, 0.55], [0.1, 0.3, 0.6], [0.1, 0.15, 0.75]]),
        np.zeros(4),
        np.zeros(4, bool),
        np.zeros(4, bool),
    )
    assert WEIGHTS.stances(read) == ["for", "neutral", "against", "neutral"]
    read = Read(np.array([[0.6, 0.1, 0.3], [0.5, 0.1, 0.4]]), np.zeros(2), np.zeros(2, bool), np.zeros(2, bool))
    assert WEIGHTS.stances(read) == ["for", "for"]


def test_a_verdict_that_no_sentence_speaks_for_is_not_given() -> None:
    eager = WEIGHTS.model_copy(update={"intercepts": (9, 0, 0)})
    for chances, label in (((0.1, 0.05, 0.85), "not_covered"), ((0.3, 0.1, 0.6), "supported")):
        verdict = weighed(CLAIM, ByWords({"lakes": chances}), OPEN, weights=eager)
        assert verdict.label == label
    assert {one.stance for one in weighed(CLAIM, ByWords({}), OPEN, weights=eager).evidence} == {"neutral"}


@pytest.mark.parametrize("claim", ["Aqua Nord rents 12 offices.", "Aqua Nord has rented its offices since 2012."])
def test_a_sentence_without_the_claims_figure_or_year_never_supports_it(claim: str) -> None:
    eager = WEIGHTS.model_copy(update={"intercepts": (9, 0, 0)})
    reading = ByWords({"tenant": (0.99, 0.005, 0.005)})
    assert weighed(CLAIM, reading, OPEN, TENANT, weights=eager).label == "supported"
    assert weighed(claim, reading, OPEN, TENANT, weights=eager).label != "supported"


def test_a_sentence_that_the_rules_take_for_support_is_doubted_where_it_reads_as_a_contrary_and_isnt_nearly_the_claim() -> None:
    claim, told = "Aqua Nord publishes its yearly report.", "Aqua Nord publishes its yearly report about lakes, woods and rivers."
    assert weighed(claim, ByWords({"rivers": (0.1, 0.6, 0.3)}), told).label == "supported"
    assert weighed(claim, ByWords({"rivers": (0.05, 0.9, 0.05)}), told).label == "contradicted"


def test_what_a_denial_alone_contradicts_stands_only_where_its_sentence_reads_as_contradicting_it() -> None:
    claim, told = "Aqua Nord did not publish its report until spring.", "Aqua Nord did publish its report in spring."
    by_rules = weighed(claim, ByWords({"spring": (0.05, 0.9, 0.05)}), told)
    assert (by_rules.label, by_rules.read) == ("contradicted", None)
    assert weighed(claim, ByWords({"spring": (0.8, 0.1, 0.1)}), told).label == "supported"


def test_what_the_rules_decide_or_find_disputed_is_not_read() -> None:
    reading = ByWords({})
    assert weighed("In 2020, Aqua Nord had 120 members.", reading, "In 2020, Aqua Nord had 140 members.").label == "contradicted"
    disputed = weighed(
        "In 2020, Aqua Nord had 120 members.",
        reading,
        "In 2020, Aqua Nord had 120 members.",
        "In 2020, Aqua Nord had 140 members.",
    )
    assert disputed.label == "not_covered"
    assert reading.read_texts == []


def test_features_are_numbers_whatever_was_read() -> None:
    one = Read(np.array([[1.0, 0.0, 0.0]]), np.array([-3.0]), np.array([True]), np.array([False]))
    found = reading_features(one)
    assert np.isfinite(list(found.values())).all()
    assert found.keys() == read_rules().undecided.weights.keys()


def test_what_is_read_is_told_with_the_advice_to_read_the_source() -> None:
    reading = ByWords({"tenant": (0.9, 0.05, 0.05), "own": (0.1, 0.8, 0.1)})
    assert "in other words: read it" in explain(weighed(CLAIM, reading, TENANT))
    assert "otherwise in other words: read it" in explain(weighed(CLAIM, reading, OWNER))
    assert "in other words" not in explain(weighed(CLAIM, ByWords({}), OPEN))
