"""Corpus models: dates as precise as known, addresses, links to the sentence."""

from __future__ import annotations

import re
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clusterbot.models import Citation, Fact, Passage, text_fragment_link
from fakes import document, profile


@pytest.mark.parametrize("date", ["2013", "2013-05", "2013-05-06", "2024-02-29", 2013])
def test_a_date_has_the_precision_that_is_known(date: object) -> None:
    assert document(published=date).published == str(date)


@pytest.mark.parametrize(
    "date", ["13", "2013-13", "2013-02-30", "2013-5", "mai 2013", "", "2013-05-06T10:00", "0000", 2013.0, True, "２０１３"]
)
def test_what_is_no_date_is_refused(date: object) -> None:
    with pytest.raises(ValidationError):
        document(published=date)


@pytest.mark.parametrize("period", ["2015/2017", "2015-03/2015-04", "2013-10-21", 2013])
def test_a_fact_may_hold_for_a_period(period: object) -> None:
    assert Fact.model_validate({"attribute": "jobs", "value": 1, "as_of": period, "source": "https://a.b"}).as_of == str(period)


@pytest.mark.parametrize("period", ["2017/2015", "2015/", "/2015", "2015/2016/2017", "2015-2017"])
def test_what_is_no_period_is_refused(period: str) -> None:
    with pytest.raises(ValidationError):
        Fact.model_validate({"attribute": "jobs", "value": 1, "as_of": period, "source": "https://a.b"})


@pytest.mark.parametrize(
    "url", ["ftp://a.b", "javascript:alert(1)", "example.org", "https://a b", 'https://a"b', "https://a<b", ""]
)
def test_an_address_is_of_the_web(url: str) -> None:
    with pytest.raises(ValidationError):
        document(url=url)


def test_models_never_change() -> None:
    with pytest.raises(ValidationError):
        document().title = "autre"  # type: ignore[misc]


def test_a_passage_is_named_after_its_place_and_quotes_it() -> None:
    passage = Passage(document("a", "Une phrase. Deux."), 12, 17)
    assert (passage.id, passage.text) == ("a:12-17", "Deux.")


def test_a_profile_knows_its_cluster() -> None:
    assert profile("bois_boreal", "en").cluster_id == "bois_boreal"


def test_a_short_quotation_stands_whole_in_its_link() -> None:
    link = text_fragment_link("https://a.b/c", "Été 2013 : 12 % de R-D, l’eau & l'air.")
    assert link == "https://a.b/c#:~:text=%C3%89t%C3%A9%202013%20%3A%2012%20%25%20de%20R%2DD%2C%20l%E2%80%99eau%20%26%20l%27air."


def test_a_long_quotation_is_linked_by_its_ends() -> None:
    link = text_fragment_link("https://a.b", " ".join(f"w{i}" for i in range(30)))
    assert link == "https://a.b#:~:text=w0%20w1%20w2%20w3%20w4%20w5,w24%20w25%20w26%20w27%20w28%20w29"


def test_a_link_replaces_the_fragment_of_the_address() -> None:
    assert text_fragment_link("https://a.b/c?d=e#part", "mot") == "https://a.b/c?d=e#:~:text=mot"


def test_a_citation_links_to_its_words() -> None:
    assert Citation(document(text="Une phrase.", url="https://a.b"), 4, 11).link == "https://a.b#:~:text=phrase."


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=300))
def test_no_character_of_a_quotation_breaks_its_link(quote: str) -> None:
    start, _, fragment = text_fragment_link("https://a.b", quote).partition("#:~:text=")
    assert start == "https://a.b"
    assert re.fullmatch(r"[A-Za-z0-9%._~,]*", fragment)
    words = urllib.parse.unquote(fragment.replace(",", " ")).split()
    assert words == quote.split() or (len(words) == 12 and words[:6] == quote.split()[:6] and words[6:] == quote.split()[-6:])
