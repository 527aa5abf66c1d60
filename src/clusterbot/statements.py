"""A text to compare, read once: what it speaks of, its figures, dates and names, and what it denies."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from clusterbot.analysis import analyse
from clusterbot.dates import Period, find_periods
from clusterbot.models import Lang
from clusterbot.quantities import Quantity, find_quantities
from clusterbot.text import fold

CAPITALISED = r"[A-ZÀ-Ý][\w’'&.-]*\w"
_NAME = re.compile(rf"(?<![\w-]){CAPITALISED}(?: (?:d[eu’'] ?|de la |and |et |& )?{CAPITALISED})*")
_NO_NAME = re.compile(r"(?<=\w)[’']s\b|\b[CDJLMNST][’'](?=\w)")  # a possessive, an elided article
_JOINS = re.compile(r" (?:d[eu’'] ?|de la |and |et |& )")
_SAYS = (
    r"say\w*|said|wrote|writes|reported|report\w*|recount\w*|explain\w*|announc\w*|stated?|noted?|recall\w*|précis\w+|rappel\w+|écri\w+"
    r"|rapport\w+|annonç\w+|indiqu\w+|expliqu\w+|not\w+|affirm\w+|relat\w+|disait|attribu\w+"
)
_ACCORDING = r"\b(?:selon|d[’']après|according to)\b[^,;:.]*"
_ATTRIBUTION = re.compile(
    rf"{_ACCORDING}|(?<=, )[^,;:.]{{2,60}}\b(?:{_SAYS})\b[^,;:.]*"
    rf"|(?<=, )(?:{_SAYS}) [^,;:.]*"
)
_CLAUSE = re.compile(r"[^,;:.()]+")
_SHORTEST_STEM, _LONGEST_ENDING = 5, 3
_TIME_AFTER = 40  # characters between a figure and the date told after it: "27 members in 2012"


class Wording(BaseModel):
    """Word lists of the rules, each a regular expression or groups of prefixes; data, not code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concepts: tuple[tuple[str, ...], ...]
    light: tuple[str, ...]
    negations: dict[Lang, str]
    superlatives: dict[str, str]
    non_profit: str
    for_profit: str
    roles: dict[str, str]
    exclusive: str
    phrases: dict[Lang, dict[str, str]]
    no_names: tuple[str, ...]
    once: frozenset[str]
    once_alone: frozenset[str]
    recurring: str
    bodies: frozenset[str]
    naming: dict[str, str]
    past: dict[Lang, str]
    reversals: frozenset[str]


@dataclass(frozen=True, slots=True)
class Statement:
    """A text to compare: the words that say whom it is about, and when it was written, where that is known.

    `near`: what its nearness in meaning to the claim that it is compared with adds to the words of the claim that it holds.
    """

    text: str
    lang: Lang
    subject: frozenset[str]
    written_on: Period | None = None
    near: float = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """What a statement tells.

    `bare`: its text, with spaces for its figures, its dates and what it is `according to`. `heard`: its words and those of its
    names. `own`: its dates without those of the pages it is taken from (`La Presse reported in 2018`). `superlatives`: the kinds it
    holds, and its words for them. `denied`: the words of each clause that denies.
    """

    statement: Statement
    bare: str
    words: frozenset[str]
    heard: frozenset[str]
    figures: tuple[Quantity, ...]
    ranks: tuple[Quantity, ...]
    dates: tuple[Period, ...]
    own: tuple[Period, ...]
    names: tuple[tuple[int, str], ...]
    superlatives: Mapping[str, str]
    folded: str
    denied: tuple[frozenset[str], ...] = field(default=())
    profit: bool | None = None

    @property
    def text(self) -> str:
        return self.statement.text

    @property
    def last_year(self) -> int | None:
        """The last year that it speaks of, or in which it was written."""
        spoken = [one.last.year for one in self.dates]
        return max(spoken) if spoken else self.statement.written_on.last.year if self.statement.written_on else None

    def time_of(self, one: Quantity) -> Period | None:
        """Return when a figure holds: the date told right after it, else the last one before it, else that of the text."""
        if not self.dates:
            return self.statement.written_on
        nexts = [other.start for other in self.figures if other.start >= one.end]
        limit = min([*nexts, one.end + _TIME_AFTER])
        dates = self.own or self.dates
        following = [date for date in dates if one.end <= date.start <= limit]
        after = [date for date in following if not re.search(r"[;.:]", self.text[one.end : date.start])]
        before = [date for date in dates if date.end <= one.start]
        return after[0] if after else before[-1] if before else dates[0]


class Readings:
    """Reads statements by the word lists."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording
        self._phrases = {
            lang: [(re.compile(rf"\b(?:{phrase})\b", re.I), word) for phrase, word in phrases.items()]
            for lang, phrases in wording.phrases.items()
        }
        self._prefixes = [(group[0], prefix) for group in wording.concepts for prefix in group]
        self._keys_of: dict[str, str] = {}

    def read(self, statement: Statement) -> Told:
        """Read a statement."""
        text, lang = statement.text, statement.lang
        written = statement.written_on.last if statement.written_on else None
        dates = find_periods(text, lang, written)
        found = find_quantities(text, lang)
        masked = _masked(text, [*((one.start, one.end) for one in dates), *((one.start, one.end) for one in found)])
        names = tuple(self._names(masked, statement))
        profit = re.finditer(f"{self._wording.non_profit}|{self._wording.for_profit}", text, re.I)
        masked = _masked(masked, [match.span() for match in re.finditer(_ACCORDING, text, re.I)])
        nameless = _masked(masked, [*((start, start + len(name)) for start, name in names), *(match.span() for match in profit)])
        outside = [match.span() for match in _ATTRIBUTION.finditer(text)]
        own = tuple(one for one in dates if not any(start <= one.start < end for start, end in outside))
        plain_ranks = tuple(one for one in found if one.kind == "rank" and text[one.start].isdigit())
        return Told(
            statement,
            masked,
            self.keys(nameless, lang) - statement.subject,
            self.keys(masked, lang),
            tuple(one for one in found if one.kind != "rank"),
            plain_ranks or tuple(one for one in found if one.kind == "rank" and one.low > 1),
            dates,
            own,
            names,
            self.superlatives(text),
            " ".join(re.findall(r"\w+", fold(text))),
            tuple(self._denied(text, lang)),
            self._profit(text),
        )

    def keys(self, text: str, lang: Lang) -> frozenset[str]:
        """Return the telling words of a text by concept, or by their beginning, which many words share in both languages."""
        for phrase, word in self._phrases[lang]:
            text = phrase.sub(f" {word} ", text)
        words = [fold(word) for word in analyse(text, lang) if not any(char.isdigit() for char in word)]
        return frozenset(self.key(word) for word in words if not self._is_light(word))

    def places(self, text: str, lang: Lang, keys: frozenset[str]) -> list[int]:
        """Return where a text holds one of some telling words, or a phrase that stands for one."""
        phrases = [
            match.start() for phrase, word in self._phrases[lang] if self.key(word) in keys for match in phrase.finditer(text)
        ]
        words = {word: bool(keys & self.keys(word, lang)) for word in set(re.findall(r"\w+", text))}
        return phrases + [match.start() for match in re.finditer(r"\w+", text) if words[match.group()]]

    def _is_light(self, word: str) -> bool:
        return len(word) < 2 or any(_begins(word, prefix) for prefix in self._wording.light)

    def key(self, word: str) -> str:
        """Return what a folded word counts as."""
        if word not in self._keys_of:
            begun = [(_begins(word, prefix), len(prefix), name) for name, prefix in self._prefixes]
            fitting = [one for one, (_, prefix) in zip(begun, self._prefixes, strict=True) if one[0] or _is_stem(word, prefix)]
            self._keys_of[word] = max(fitting)[2] if fitting else word[:5].rstrip("e")
        return self._keys_of[word]

    def roles(self, text: str) -> list[tuple[int, str]]:
        """Return the posts that a text names, with their places."""
        folded = fold(text)
        return [(match.start(), role) for role, pattern in self._wording.roles.items() for match in re.finditer(pattern, folded)]

    def superlatives(self, text: str) -> dict[str, str]:
        """Return the superlatives of a text by kind: being first, the only one, the newest, the most of something."""
        folded = fold(text)
        found = {name: re.search(pattern, folded) for name, pattern in self._wording.superlatives.items()}
        return {name: match.group() for name, match in found.items() if match}

    def denial(self, told: Told) -> str:
        """Return the words by which a text denies something, or says whether it is run for profit; a dash where it does neither."""
        patterns = (self._wording.non_profit, self._wording.for_profit, self._wording.negations[told.statement.lang])
        found = (re.search(pattern, told.text, re.I) for pattern in patterns)
        return next((match.group() for match in found if match), "–")

    def once(self, asked: Told) -> frozenset[str]:
        """Return the words of a statement that tell of what happens once, so that one date of it rules out another."""
        if "first" in asked.superlatives:  # whatever comes first does so once
            return asked.words
        if self.recurs(asked):
            return frozenset()
        is_alone = asked.words <= self._wording.once_alone  # `the forum was held on May 6`: the forum is what the claim is about
        return asked.words if is_alone else asked.words & self._wording.once

    def recurs(self, asked: Told) -> bool:
        """Say whether a statement tells of what comes again."""
        return bool(re.search(self._wording.recurring, fold(asked.text)))

    def reversals(self, asked: Told) -> frozenset[str]:
        """Return the words of a statement that turn what it tells around: who lost members has fewer."""
        return asked.words & self._wording.reversals

    def is_body(self, key: str) -> bool:
        """Say whether a word only says that something is an organisation."""
        return key in self._wording.bodies

    def is_exclusive(self, text: str) -> bool:
        """Say whether a text tells something that only one name can be right for."""
        return bool(re.search(self._wording.exclusive, fold(text)))

    def _names(self, text: str, statement: Statement) -> list[tuple[int, str]]:
        """Return capitalised names with their places, without what the statement is about and words that only begin a sentence."""
        found = []
        for match in _NAME.finditer(_NO_NAME.sub("  ", text)):
            start, words = match.start(), match.group().split()
            only_begins = len(words) == 1 or not analyse(words[0], statement.lang) or re.match(_ACCORDING, text, re.I)
            if start == 0 and only_begins:
                start, words = start + len(words[0]) + 1, words[1:]
            found += self._own(start, " ".join(words), statement)
        return found

    def subject_of(self, told: Told) -> tuple[int, str] | None:
        """Return the first word of a text, with its place, that names what it is about; None where it says "it" instead."""
        named = told.statement.subject.difference(map(self.key, self._wording.no_names))
        words = ((match.start(), match.group()) for match in re.finditer(r"\w+", told.text))
        return next((one for one in words if one[1][0].isupper() and self.key(fold(one[1])) in named), None)

    def _own(self, start: int, name: str, statement: Statement) -> list[tuple[int, str]]:
        """Return a name with its place; of `Aqua Nord and Hydro`, said of Aqua Nord, the rest; nothing of what is all known."""
        parts, at = [], 0
        for join in [*_JOINS.finditer(name), None]:
            parts.append((start + at, name[at : join.start() if join else len(name)]))
            at = join.end() if join else at
        own = [one for one in parts if self._is_new(one[1], statement)]
        return [(start, name)] if len(own) == len(parts) else own

    def _is_new(self, name: str, statement: Statement) -> bool:
        held = {self.key(fold(word)) for word in re.findall(r"\w+", name) if len(word) > 1}
        return bool(held.difference(statement.subject, map(self.key, self._wording.no_names)))

    def _denied(self, text: str, lang: Lang) -> list[frozenset[str]]:
        """Return the telling words of each clause that denies something."""
        bare = re.sub(self._wording.non_profit, " ", text, flags=re.I)
        clauses = _CLAUSE.findall(bare)
        return [self.keys(one, lang) for one in clauses if re.search(self._wording.negations[lang], one, re.I)]

    def _profit(self, text: str) -> bool | None:
        """Say whether a text says that something is run for profit; None where it says nothing of it."""
        if re.search(self._wording.non_profit, text, re.I):
            return False
        return True if re.search(self._wording.for_profit, text, re.I) else None


def written_on(published: str | None) -> Period | None:
    """Return the time of a page that tells its date, at the precision known."""
    found = find_periods(published, "en") if published and len(published) != len("2013-05") else ()
    if found:
        return found[0]
    if published:
        day = dt.date.fromisoformat(f"{published}-01")
        return Period(0, 0, day, (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1) - dt.timedelta(days=1))
    return None


def _begins(word: str, prefix: str) -> bool:
    """Say whether a word begins with a prefix; one after `=` is a whole word."""
    return word == prefix[1:] if prefix.startswith("=") else word.startswith(prefix)


def _is_stem(word: str, prefix: str) -> bool:
    """Say whether a stem lost no more than the ending of a prefix: `cre` of `cree`, `person` of `personne`."""
    is_long = len(word) >= _SHORTEST_STEM and len(prefix) - len(word) <= _LONGEST_ENDING
    return prefix == f"{word}e" or (is_long and prefix.startswith(word))


def _masked(text: str, spans: list[tuple[int, int]]) -> str:
    chars = list(text)
    for start, end in spans:
        chars[start:end] = " " * (end - start)
    return "".join(chars)
