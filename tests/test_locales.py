"""Sweeps over the visible texts, and how dates, numbers and values are written in each language."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import get_args

import pytest

import clusterbot
from clusterbot import errors
from clusterbot.answering import Reason
from clusterbot.clusters import Kind
from clusterbot.doctor import Severity
from clusterbot.i18n import read_texts, reader_lang, write_choice, write_date, write_number, write_until, write_value
from clusterbot.models import Attribute, Fact, Lang

FR, EN = read_texts("fr"), read_texts("en")
SOURCE = Path(clusterbot.__file__).parent


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys() -> None:
    assert list(FR.entries) == list(EN.entries)


@pytest.mark.parametrize("key", sorted(EN.entries))
def test_both_languages_have_the_same_placeholders(key: str) -> None:
    assert placeholders(FR.entries[key]) == placeholders(EN.entries[key])
    assert FR.entries[key].strip()


@pytest.mark.parametrize("key", sorted(FR.entries))
def test_french_is_typeset_as_french(key: str) -> None:
    text = FR.entries[key]
    assert "'" not in text, "write ’"
    assert not re.search(r"(?<![\u00a0\d])[;:?!»](?=\s|$)| [;?!»%]|«(?!\u00a0)", text), "a no-break space goes there"


def test_every_text_is_used_and_every_text_that_is_used_exists() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    tables = {key.partition(".")[0] for key in EN.entries}
    literal = {key for key in re.findall(r"\"(\w+\.\w+)\"", code) if key.partition(".")[0] in tables}
    made = {prefix for prefix in re.findall(r"f\"(\w+\.\w*)\{", code) if prefix.partition(".")[0] in tables}
    assert [key for key in sorted(literal) if key not in EN and not key.endswith(".jsonl")] == []
    unused = [key for key in EN.entries if key not in literal and not any(key.startswith(prefix) for prefix in made)]
    told = [key for key in unused if key.startswith("error.") and f'"{key.removeprefix("error.")}"' in code]
    assert sorted(set(unused) - set(told)) == []


def test_every_kind_of_error_reason_reading_and_severity_has_a_text() -> None:
    kinds = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.ClusterbotError)]
    keys = [f"error.{one.code}" for one in kinds]
    keys += [f"abstention.{reason}" for reason in get_args(Reason)]
    keys += [f"reading.{kind}" for kind in get_args(Kind) if kind != "current"]
    keys += [f"doctor.{severity}" for severity in get_args(Severity)]
    assert [key for key in keys if key not in EN] == []


@pytest.mark.parametrize(
    ("environ", "lang"),
    [
        ({}, "en"),
        ({"LANG": "fr_CA.UTF-8"}, "fr"),
        ({"LANG": "fr_CA.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "en_CA.UTF-8", "LC_MESSAGES": "fr_CA"}, "fr"),
        ({"LANG": "fr", "LC_ALL": ""}, "fr"),
        ({"LANG": "de_DE"}, "en"),
    ],
)
def test_the_readers_language_is_that_of_the_locale(environ: dict[str, str], lang: Lang) -> None:
    assert reader_lang(environ) == lang


@pytest.mark.parametrize(
    ("period", "french", "english"),
    [
        ("2013", "2013", "2013"),
        ("2013-05", "mai 2013", "May 2013"),
        ("2013-05-06", "6 mai 2013", "May 6, 2013"),
        ("2013-05-01", "1er mai 2013", "May 1, 2013"),
        ("2015/2017", "de 2015 à 2017", "2015 to 2017"),
        ("2015-01-02/2015-02-03", "du 2 janvier 2015 au 3 février 2015", "January 2, 2015 to February 3, 2015"),
        (None, "sans date", "undated"),
    ],
)
def test_dates_are_written_at_the_precision_known(period: str | None, french: str, english: str) -> None:
    assert (write_date(period, FR), write_date(period, EN)) == (french, english)


@pytest.mark.parametrize(
    ("date", "french", "english"),
    [
        ("2022", "jusqu’en 2022", "until 2022"),
        ("2022-05", "jusqu’en mai 2022", "until May 2022"),
        ("2022-05-06", "jusqu’au 6 mai 2022", "until May 6, 2022"),
    ],
)
def test_until_agrees_with_the_precision(date: str, french: str, english: str) -> None:
    assert (write_until(date, FR), write_until(date, EN)) == (french, english)


def test_numbers_are_grouped_as_each_language_does() -> None:
    assert (write_number(1409, "fr"), write_number(1409, "en")) == ("1\u00a0409", "1,409")
    assert (write_number(1234567.5, "fr"), write_number(1234567.5, "en")) == ("1\u00a0234\u00a0567,5", "1,234,567.5")
    assert (write_number(-2000, "fr"), write_number(0.5, "fr")) == ("-2\u00a0000", "0,5")


@pytest.mark.parametrize(
    ("value", "unit", "type_", "french", "english"),
    [
        (2.5, "M CAD", "money", "2,5 M$", "$2.5 million"),
        (13, "G CAD", "money", "13 G$", "$13 billion"),
        (600000, "CAD", "money", "600 000 $", "$600,000"),
        (3, "M USD", "money", "3 M$ US", "US$3 million"),
        (4, "%", "share", "4 %", "4%"),
        (2.9, "Mt", "number", "2,9 Mt", "2.9 Mt"),
        (9500, None, "number", "9 500", "9,500"),
        ("2013-10-21", None, "date", "21 octobre 2013", "October 21, 2013"),
        ("Luc Roby", None, "name", "Luc Roby", "Luc Roby"),
        (2013, None, "date", "2013", "2013"),
    ],
)
def test_values_are_written_with_their_unit(value: float | str, unit: str | None, type_: str, french: str, english: str) -> None:
    fact = Fact(attribute="a", value=value, unit=unit, source="https://example.org")
    attribute = Attribute.model_validate({"type": type_, "fr": "A", "en": "A"})
    written = [write_value(fact, attribute, texts).replace("\u00a0", " ") for texts in (FR, EN)]
    assert written == [french, english]


def test_choices_end_in_or() -> None:
    assert write_choice(["A", "B", "C"], FR) == "A, B ou C"
    assert write_choice(["A"], EN) == "A"
