"""Quantities read in both languages and many notations."""

from __future__ import annotations

from decimal import Decimal

import pytest

from clusterbot.models import Lang
from clusterbot.quantities import find_quantities, find_years


@pytest.mark.parametrize(
    ("text", "lang", "value", "unit", "precision"),
    [
        ("1 234,5 M$", "fr", 1_234_500_000, "CAD", "exact"),
        ("$1.2B in exports", "en", 1_200_000_000, "CAD", "exact"),
        ("treize milliards de dollars", "fr", 13_000_000_000, "CAD", "exact"),
        ("US$5 million", "en", 5_000_000, "USD", "exact"),
        ("12 per cent", "en", 12, "%", "exact"),
        ("1,253 250.50", "en", Decimal("1253250.50"), None, "exact"),
        ("une cinquantaine de membres", "fr", 50, None, "about"),
        ("près de 200 membres", "fr", 200, None, "about"),
        ("more than 41,000 jobs", "en", 41_000, None, "at_least"),
        ("quatre-vingt-dix-sept", "fr", 97, None, "exact"),
        ("two hundred and fifty members", "en", 250, None, "exact"),
    ],
)
def test_notations_of_both_languages_give_one_value(
    text: str, lang: Lang, value: Decimal | int, unit: str | None, precision: str
) -> None:
    (found,) = find_quantities(text, lang)
    assert (found.low, found.high, found.unit, found.precision) == (Decimal(value), Decimal(value), unit, precision)


def test_a_range_is_one_quantity() -> None:
    (found,) = find_quantities("entre 10 et 15 %", "fr")
    assert (found.low, found.high, found.unit) == (10, 15, "%")


def test_a_year_is_no_quantity_and_a_fiscal_year_spans_two() -> None:
    assert find_quantities("en 2013", "fr") == []
    assert [(one.first, one.last) for one in find_years("2013-14")] == [(2013, 2014)]
