"""Quantities and dates read in both languages and many notations, against a table written by hand before the rules were."""

from __future__ import annotations

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbot.dates import find_periods
from clusterbot.models import Lang
from clusterbot.quantities import find_quantities

TABLE = Path(__file__).parent / "evaluation" / "expressions.tsv"
BOUNDS = {"exact": "exact", "about": "about", "over": "at_least", "under": "at_most"}


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def is_date_read(row: dict[str, str], lang: Lang) -> bool:
    """Say whether exactly one date is found, with the days and the bound of the table."""
    written_on = dt.date.fromisoformat(row["written_on"]) if row["written_on"] else None
    found = find_periods(row["expression"], lang, written_on)
    if len(found) != 1 or found[0].precision != BOUNDS[row["bound"]]:
        return False
    ends = (found[0].first.isoformat(), found[0].last.isoformat())
    return all(not wanted or wanted == given for wanted, given in zip((row["low"], row["high"]), ends, strict=True))


def is_quantity_read(row: dict[str, str], lang: Lang) -> bool:
    """Say whether exactly one quantity and no date is found, with the kind, value, unit and bound of the table."""
    found = find_quantities(row["expression"], lang)
    if len(found) != 1 or find_periods(row["expression"], lang):
        return False
    one, low, high = found[0], Decimal(row["low"] or row["high"]), Decimal(row["high"] or row["low"])
    unit = row["currency"] or row["unit"] or ("%" if row["kind"] == "percent" else None)
    is_near = abs(one.low - low) < Decimal("0.001") and abs(one.high - high) < Decimal("0.001")
    return is_near and (one.kind, one.unit, one.precision) == (row["kind"], unit, BOUNDS[row["bound"]])


def test_ninety_nine_of_a_hundred_expressions_are_read_as_the_table_has_them() -> None:
    table = rows()
    missed = []
    for row in table:
        lang: Lang = "fr" if row["lang"] == "fr" else "en"
        if not (is_date_read(row, lang) if row["kind"] == "date" else is_quantity_read(row, lang)):
            missed.append(row["expression"])
    assert len(table) >= 500
    assert len(missed) <= 0.01 * len(table), missed


def written(text: str, lang: Lang) -> list[str]:
    return [text[one.start : one.end] for one in find_quantities(text, lang)]


@pytest.mark.parametrize(
    ("text", "lang", "found"),
    [
        ("De 2009 à 2014, 700 M$ sont allés à 96 projets.", "fr", ["700 M$", "96"]),
        ("Le siège est à Trois-Rivières, près de Sept-Îles.", "fr", []),
        ("La part est passée de 8 à 12 entreprises.", "fr", ["8", "12"]),
        ("It grew from 27 members in 2012 to 72 in 2023.", "en", ["27", "72"]),
        ("Les Affaires et Le Devoir en parlent.", "fr", []),
        ("Quatre projets sur cinq ans, et 3 entreprises sur 5.", "fr", ["Quatre", "cinq ans", "3"]),
        ("Deux études sur cinq grappes, et sept membres sur dix sont là.", "fr", ["Deux", "cinq", "sept"]),
        ("Two offices in five cities; nine in ten members agree.", "en", ["Two", "five", "nine"]),
        ("La grappe réunissait plus de 2000 personnes.", "fr", ["2000"]),
        ("Ses 2015 membres et 1900 nouveaux emplois", "fr", ["2015", "1900"]),
        ("En 2015, entreprises et écoles", "fr", []),
        ("The cluster had 2000 members.", "en", ["2000"]),
        ("In 2015 members voted; its 2018 projects, the 2019 companies", "en", []),
        ("Près de 47 p. cent des gens", "fr", ["47 p. cent"]),
        ("more than 450 an actual count", "en", ["450"]),
        ("the C2MI, 4.5 km away", "en", ["4.5 km"]),
        ("1,234,567.5 $", "fr", ["1,234,567.5 $"]),
        ("1,253 250.50", "en", ["1,253 250.50"]),
    ],
)
def test_sentences_yield_their_figures_and_nothing_else(text: str, lang: Lang, found: list[str]) -> None:
    assert written(text, lang) == found


def test_over_some_years_tells_how_long_and_no_bound() -> None:
    money, years = find_quantities("$2.5M over 3 years", "en")
    assert (money.low, years.low, years.unit, years.precision) == (2_500_000, 3, "year", "exact")


@pytest.mark.parametrize("text", ["le 31 février 2020", "2015-14", "99/99/2020"])
def test_a_day_that_does_not_exist_is_read_as_its_year_alone(text: str) -> None:
    assert {(one.first.isoformat(), one.last.isoformat()) for one in find_periods(text, "fr")} <= {
        ("2020-01-01", "2020-12-31"),
        ("2020-02-01", "2020-02-29"),
        ("2015-01-01", "2015-12-31"),
    }


def test_a_relative_date_is_read_only_where_the_day_of_writing_is_known() -> None:
    assert find_periods("en mai dernier", "fr") == ()
    (found,) = find_periods("en mai dernier", "fr", dt.date(2024, 9, 12))
    assert (found.first, found.last) == (dt.date(2024, 5, 1), dt.date(2024, 5, 31))


@given(st.text(alphabet="0123456789.,  $%MGkdeaàunmilliodtzrsthwnyfgVIXeQ12/–-", max_size=40), st.sampled_from(["fr", "en"]))
def test_no_text_is_too_odd_to_be_read(text: str, lang: Lang) -> None:
    for one in find_quantities(text, lang):
        assert 0 <= one.start < one.end <= len(text) and one.low <= one.high
    for date in find_periods(text, lang, dt.date(2024, 9, 12)):
        assert 0 <= date.start < date.end <= len(text) and date.first <= date.last


@pytest.mark.parametrize("text", ["il y a 99999999999999999999 ans", "dans 9999 ans", "il y a 99999999999999999999 mois"])
def test_what_lies_outside_the_calendar_is_no_date(text: str) -> None:
    assert find_periods(text, "fr", dt.date(2024, 9, 12)) == ()
