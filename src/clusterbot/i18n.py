"""What people read, in their language: the texts of `locales/*.toml`; dates, numbers and values as each language writes them."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from clusterbot.errors import ClusterbotError
from clusterbot.models import Attribute, Fact, Lang
from clusterbot.text import date_forms, plain_value

_PARTIAL_DATE = re.compile(r"\d{4}(-\d{2}){0,2}")
_PRECISIONS = {4: "year", 7: "month", 10: "day"}


@dataclass(frozen=True, slots=True)
class Texts:
    """The visible texts of one language, by key (`answer.confidence`)."""

    lang: Lang
    entries: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """Return a text with its {placeholders} filled."""
        return self.entries[key].format(**values)

    def __contains__(self, key: str) -> bool:
        return key in self.entries


@cache
def read_texts(lang: Lang) -> Texts:
    """Read the texts of a language."""
    raw = resources.files("clusterbot").joinpath(f"locales/{lang}.toml").read_text(encoding="utf-8")
    tables = tomllib.loads(raw)
    return Texts(lang, {f"{table}.{key}": text for table, texts in tables.items() for key, text in texts.items()})


def reader_lang(environ: Mapping[str, str]) -> Lang:
    """Return the language of whoever sits at the terminal: French for a French locale, else English."""
    locale = next((environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), "")
    return "fr" if locale.lower().startswith("fr") else "en"


def write_error(error: ClusterbotError, texts: Texts) -> str:
    """Write an error in a reader's language; where French has no words for the details, it tells the kind of error."""
    if error.key is not None:
        return texts(f"error.{error.key}", **error.values)
    return texts(f"error.{error.code}") if texts.lang == "fr" else str(error)


def write_date(period: str | None, texts: Texts) -> str:
    """Write a date or period at the precision known: `2013-05` is "mai 2013"."""
    if period is None:
        return texts("date.unknown")
    first, _, last = period.partition("/")
    if not last:
        return date_forms(first, texts.lang)[0]
    ends = {"first": date_forms(first, texts.lang)[0], "last": date_forms(last, texts.lang)[0]}
    return texts(f"date.period_{_PRECISIONS[len(first)]}", **ends)


def write_until(date: str, texts: Texts) -> str:
    """Write until when: "jusqu’en mai 2022"."""
    return texts(f"date.until_{_PRECISIONS[len(date)]}", date=write_date(date, texts))


def write_number(value: float, lang: Lang) -> str:
    """Write a number: `1409.5` is "1 409,5" (no-break space) or "1,409.5"."""
    whole, _, decimals = plain_value(value).partition(".")
    grouped = f"{int(whole):,}"
    if lang == "fr":
        return grouped.replace(",", "\u00a0") + (f",{decimals}" if decimals else "")
    return grouped + (f".{decimals}" if decimals else "")


def write_percent(share: float, texts: Texts) -> str:
    """Write a share of 1 in whole per cent."""
    return texts("unit.percent", number=round(100 * share))


def write_value(fact: Fact, attribute: Attribute | None, texts: Texts) -> str:
    """Write a ledger entry's value with its unit: 2.5 M CAD is "2,5 M$" or "$2.5 million"."""
    if isinstance(fact.value, str):
        is_date = attribute is not None and attribute.type == "date" and _PARTIAL_DATE.fullmatch(fact.value)
        return write_date(fact.value, texts) if is_date else fact.value
    number = write_number(fact.value, texts.lang)
    if fact.unit is None:
        return str(fact.value) if attribute is not None and attribute.type == "date" else number
    key = "unit.percent" if fact.unit == "%" else f"unit.{fact.unit.replace(' ', '_')}"
    return texts(key, number=number) if key in texts else texts("unit.other", number=number, unit=fact.unit)


HIGH, FAIR = 0.85, 0.6  # what the words for a confidence begin at


def write_confidence(probability: float, texts: Texts) -> str:
    """Write how sure an answer is, in words and per cent."""
    word = "high" if probability >= HIGH else "fair" if probability >= FAIR else "low"
    return texts("answer.confidence", word=texts(f"answer.{word}"), percent=write_percent(probability, texts))


def write_choice(names: Sequence[str], texts: Texts) -> str:
    """Write alternatives: "a, b or c"."""
    if len(names) < 2:
        return "".join(names)
    return texts("list.or", first=texts("list.more").join(names[:-1]), last=names[-1])


def write_day(at: dt.datetime, texts: Texts) -> str:
    """Write the day of an instant, UTC."""
    return write_date(at.date().isoformat(), texts)
