"""(claim, sentence) -> what the sentence says of the claim, by rules: figures, dates, names, denials, superlatives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from clusterbot.claim_rules import ClaimRules
from clusterbot.comparing import holds, is_in, slot_of
from clusterbot.dates import Period
from clusterbot.figures import TELLING_COUNT, FigureRules
from clusterbot.giving import Side, side_of
from clusterbot.models import Lang
from clusterbot.quantities import Quantity
from clusterbot.statements import Readings, Statement, Told
from clusterbot.text import fold
from clusterbot.undecided import Stance

DifferenceKind = Literal["number", "unit", "date", "name", "negation", "superlative"]

_NEAR_ROLE = 80  # characters between a name and the post that it holds


@dataclass(frozen=True, slots=True)
class Difference:
    """What the claim says and what the source says instead; `source` is empty where it doesn't say."""

    kind: DifferenceKind
    claim: str
    source: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a sentence says of a claim.

    `coverage`: the share of the claim's words that it holds, and what its nearness adds. `year`: the time it speaks of.
    """

    stance: Stance
    coverage: float
    differences: tuple[Difference, ...]
    year: int | None = None


class Judge(Protocol):
    """Weighs a sentence against a claim."""

    def judge(self, claim: Statement, source: Statement) -> Judgement: ...


class RuleJudge:
    """The evidence rules: a sentence supports a claim only if it holds every figure, date and name of it."""

    def __init__(self, rules: ClaimRules) -> None:
        self._rules = rules
        self._readings = Readings(rules.wording)
        self._figures = FigureRules(self._readings, rules.about)
        self._claim: Told | None = None  # one claim is judged by many sentences

    def subject(self, names: list[str], lang: Lang) -> frozenset[str]:
        """Return the words of names, which say whom a claim is about and not what it claims."""
        words = {self._readings.key(word) for name in names for word in fold(name).replace("-", " ").replace("'", " ").split()}
        return frozenset(words).union(*(self._readings.keys(name, lang) for name in names)) if names else frozenset()

    def judge(self, claim: Statement, source: Statement) -> Judgement:
        """Compare a claim with a sentence."""
        asked = self._claim if self._claim and self._claim.statement == claim else self._readings.read(claim)
        self._claim = asked
        told = self._readings.read(replace(source, subject=source.subject | claim.subject))
        shared = self._coverage(asked, told)
        coverage = shared + (source.near if self._can_be_near(asked, told) else min(source.near, 0.0))
        differences = tuple(self._differences(asked, told, coverage >= self._rules.nearness.min_whole))
        denial = self._denial(asked, told)
        year = told.last_year
        given = tuple(one for one in differences if one.source)
        if denial == "unclear" or (denial == "opposite" and given):  # "not founded in 2009" beside "founded in 2006" cancel out
            return Judgement("neutral", coverage, differences, year)
        if denial == "opposite":
            is_whole = not differences and max(shared, coverage) >= self._rules.min_denied  # a denial is put in other words
            differences = (*differences, Difference("negation", self._readings.denial(asked), self._readings.denial(told)))
            return Judgement("against" if is_whole else "neutral", shared + max(source.near, 0.0), differences, year)
        is_held = asked.figures and asked.dates and asked.names and all(one.kind == "number" for one in differences)
        needed = self._rules.min_told if is_held else self._rules.min_against
        if given and coverage >= needed and self._is_about_the_same(asked, differences):
            return Judgement("against", coverage, given, year)
        is_turned = self._is_turned(asked, told) or (asked.profit != told.profit and asked.profit is not None)
        if differences or is_turned or coverage < self._needed(asked):
            return Judgement("neutral", coverage, differences, year)
        return Judgement("for", coverage, (), year)

    def _is_turned(self, asked: Told, told: Told) -> bool:
        """Say whether one of both turns around what the other tells, or the sentence denies something of it."""
        is_denied = not asked.denied and any(clause & asked.words for clause in told.denied)
        return is_denied or not self._readings.reversals(asked) <= told.heard

    def _can_be_near(self, asked: Told, told: Told) -> bool:
        """Say whether nearness may speak for a sentence: vectors don't tell what denies or turns around what the claim tells."""
        return not told.denied and self._readings.reversals(told) <= asked.words

    def _needed(self, asked: Told) -> float:
        """Return how many of a claim's words must be shared: fewer where a figure of it tells much, more where nothing does."""
        if any(one.kind not in ("count", "duration") or one.low > TELLING_COUNT for one in asked.figures):
            return self._rules.min_told
        is_bare = not (asked.figures or asked.ranks or asked.dates or asked.names)
        return self._rules.min_bare if is_bare else self._rules.min_coverage

    def _coverage(self, asked: Told, told: Told) -> float:
        words = asked.words
        if asked.profit is not None and told.profit is not None:
            words = frozenset(word for word in words if not self._readings.is_body(word))
            return len(words & told.heard) / len(words) if words else 1.0
        if not words:
            return 1.0 if asked.figures or asked.dates or asked.names else 0.0
        return len(words & told.heard) / len(words)

    def _is_about_the_same(self, asked: Told, differences: tuple[Difference, ...]) -> bool:
        """Say whether a sentence that differs tells of the same thing: no more of the claim is missing from it than differs."""
        missing = [one for one in differences if not one.source]
        return all(one.kind == "number" for one in missing) and len(missing) < len(differences) - len(missing)

    def _differences(self, asked: Told, told: Told, is_whole: bool) -> Iterator[Difference]:
        """Yield what the claim tells that the sentence gives otherwise, or (with an empty source) not at all.

        `is_whole`: the sentence tells of nothing but what the claim tells.
        """
        for one in asked.figures:
            yield from self._figure(asked, one, told, is_whole)
        for rank in asked.ranks:
            if rank.low not in {other.low for other in told.ranks}:
                is_alone = not asked.figures and not asked.dates
                same = [other for other in told.ranks if self._figures.after(asked, rank) & self._figures.after(told, other)]
                rivals = "; ".join(told.text[other.start : other.end] for other in same) if is_alone else ""
                yield Difference("number", asked.text[rank.start : rank.end], rivals)
        if asked.dates:
            yield from self._dates(asked, told, is_whole)
        yield from self._names(asked, told)
        yield from self._givers(asked, told)
        for name, word in asked.superlatives.items():
            if name not in told.superlatives:
                yield Difference("superlative", word, "")

    def _figure(self, asked: Told, one: Quantity, told: Told, is_whole: bool) -> Iterator[Difference]:
        rivals = self._figures.rivals(asked, one, told, is_whole)
        if rivals is not None:
            kind: DifferenceKind = "unit" if rivals and all(other.unit != one.unit for other in rivals) else "number"
            written = "; ".join(told.text[other.start : other.end] for other in rivals)
            yield Difference(kind, asked.text[one.start : one.end], written)

    # --- dates

    def _dates(self, asked: Told, told: Told, is_whole: bool) -> Iterator[Difference]:
        """Yield the claim's dates that the sentence doesn't hold; of a claim with figures, they only say when those hold."""
        held = told.dates or ((told.statement.written_on,) if told.statement.written_on else ())
        if asked.figures or asked.ranks:
            if not any(holds(one, other) or one.overlaps(other) for one in asked.dates for other in held):
                yield Difference("date", asked.text[asked.dates[0].start : asked.dates[0].end], "")
            return
        once = self._readings.once(asked) & told.words if set(asked.superlatives) <= set(told.superlatives) else frozenset()
        told_date = self._event_date(once or asked.words & told.words, told)
        is_one_event = is_whole and asked.words <= told.heard and not self._readings.recurs(asked)
        if is_one_event and told_date is None and len(told.own) == 1:
            told_date = told.own[0]
        if told_date and told.text[: told_date.start].endswith("("):  # a date in brackets is that of the page which tells it
            is_one_event = False
        for one in asked.dates:
            if any(holds(one, other) for other in ([told_date] if told_date else held)):
                continue
            differs = told_date is not None and not one.overlaps(told_date) and (is_one_event or bool(once))
            written = told.text[told_date.start : told_date.end] if told_date and differs else ""
            yield Difference("date", asked.text[one.start : one.end], written)

    def _event_date(self, words: frozenset[str], told: Told) -> Period | None:
        """Return the date of what the claim tells: of the sentence's own dates, the one nearest to a word that both share."""
        places = self._readings.places(told.text, told.statement.lang, words)
        if not places or not told.own:
            return None
        return min(told.own, key=lambda date: min(abs(place - date.start) for place in places))

    # --- names

    def _names(self, asked: Told, told: Told) -> Iterator[Difference]:
        claimed = {fold(name) for _, name in asked.names}
        others = [(start, name) for start, name in told.names if not is_in(name, asked) and fold(name) not in claimed]
        for start, name in asked.names:
            roles = self._roles_of(asked, start)
            if is_in(name, told) and (not roles or self._holds_role(name, roles, told)):
                continue
            rivals = []
            if self._readings.is_exclusive(asked.text) and self._readings.is_exclusive(told.text):
                rivals = [other for place, other in others if self._is_rival(asked, start, told, place, other, roles)]
            yield Difference("name", name, rivals[0] if rivals else "")

    def _roles_of(self, asked: Told, place: int) -> frozenset[str]:
        """Return the post that a claim gives to the name at a place: the nearest, and others as near."""
        posts = [(abs(at - place), role) for at, role in self._readings.roles(asked.text)]
        return frozenset(role for distance, role in posts if distance == min(posts)[0])

    def _holds_role(self, name: str, roles: frozenset[str], told: Told) -> bool:
        """Say whether the post nearest to a name, where the sentence gives posts, is the claim's."""
        place = fold(told.text).find(fold(name.split()[-1]))
        posts = [(abs(at - place), role) for at, role in self._readings.roles(told.text)]
        return not posts or min(posts)[1] in roles

    def _is_rival(self, asked: Told, start: int, told: Told, place: int, other: str, roles: frozenset[str]) -> bool:
        """Say whether another name stands where the claim's name would: beside the same post, or after the same word."""
        if roles:
            posts = [(abs(at - place), role) for at, role in self._readings.roles(told.text)]
            return bool(posts) and min(posts)[0] <= _NEAR_ROLE and min(posts)[1] in roles and " " in other
        return bool(slot_of(asked, start, self._readings) & slot_of(told, place, self._readings))

    def _givers(self, asked: Told, told: Told) -> Iterator[Difference]:
        """Yield who gives by the claim where the sentence puts a name of it on the other side; its source is who gives there."""
        sides, others = self._sides(asked), self._sides(told)
        if any(key in others and others[key][0] != side for key, (side, _) in sides.items()):
            givers = [[name for side, name in each.values() if side == "gives"] for each in (sides, others)]
            yield Difference("name", next(iter(givers[0]), asked.text), next(iter(givers[1]), ""))

    def _sides(self, told: Told) -> dict[str, tuple[Side, str]]:
        """Return which names of a text give and which get, by their folded words, what it is about by none."""
        places = [(fold(name), place, name) for place, name in told.names]
        if subject := self._readings.subject_of(told):
            places.append(("", *subject))
        sides = ((key, side_of(told.text, place, told.statement.lang), name) for key, place, name in places)
        return {key: (side, name) for key, side, name in sides if side}

    # --- denials

    def _denial(self, asked: Told, told: Told) -> Literal["same", "opposite", "unclear"]:
        """Say whether both deny, or neither; `unclear` where both deny something."""
        is_denied = bool(asked.denied)
        if asked.profit is not None and told.profit is not None:
            return "opposite" if (asked.profit != told.profit) != is_denied else "same"
        denied = any(asked.words and len(clause & asked.words) > 0.5 * len(asked.words) for clause in told.denied)
        if is_denied and denied:
            return "unclear"
        return "opposite" if is_denied or denied else "same"
