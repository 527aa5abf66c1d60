"""Numbers of a text, in digits or spelled out, as exact values with their place: `13 milliards`, `two and a half million`, `8e`.

text2num reads spelled-out numbers too, but gives no places and leaves `une cinquantaine`, `et demi`, `half a million` and fractions
as they are (docs/decisions/0018-own-quantities.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Literal

from clusterbot.models import Lang
from clusterbot.text import fold

Form = Literal["cardinal", "ordinal", "fraction"]

GROUP = "[ \u00a0\u2009\u202f]"
_DIGITS: dict[Lang, str] = {
    "fr": rf"\d{{1,3}}(?:{GROUP}\d{{3}}(?!\d))+(?:,\d+)?|\d{{1,3}}(?:,\d{{3}}){{2,}}(?:\.\d+)?"
    r"|[1-9]\d{0,2}(?:\.\d{3})+(?![\d.])|\d+(?:[.,]\d+)?",
    "en": rf"\d{{1,3}}(?:(?:,|{GROUP})\d{{3}}(?!\d))+(?:\.\d+)?|\d+(?:[.,]\d+)?",
}
_FR = tuple(re.findall(r"\w+", "zero un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"))
_EN_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen"
    " nineteen first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth"
    " sixteenth seventeenth eighteenth nineteenth"
)
_EN = tuple(re.findall(r"\w+", _EN_WORDS))[:20]
_EN_TENS = tuple(re.findall(r"\w+", "twenty thirty forty fifty sixty seventy eighty ninety"))
_EN_ORDINALS = tuple(re.findall(r"\w+", _EN_WORDS))[20:]
_SMALL: dict[Lang, dict[str, int]] = {
    "fr": {word: value for value, word in enumerate(_FR)}
    | {"une": 1, "vingt": 20, "vingts": 20, "trente": 30, "quarante": 40, "cinquante": 50, "soixante": 60},
    "en": {word: value for value, word in enumerate(_EN)} | {word: 10 * value for value, word in enumerate(_EN_TENS, start=2)},
}
_BIG: dict[Lang, dict[str, int]] = {
    "fr": {"mille": 10**3, "million": 10**6, "millions": 10**6, "milliard": 10**9, "milliards": 10**9},
    "en": {"thousand": 10**3, "million": 10**6, "millions": 10**6, "billion": 10**9, "billions": 10**9, "trillion": 10**12},
}
_ROUND = {"dizaine": 10, "douzaine": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40, "cinquantaine": 50}
_ROUND |= {"soixantaine": 60, "centaine": 100, "millier": 1000}
_ORDINALS: dict[Lang, dict[str, int]] = {
    "fr": {"premier": 1, "premiere": 1, "second": 2, "seconde": 2, "neuvieme": 9, "cinquieme": 5, "quatrieme": 4}
    | {f"{word.removesuffix('e')}ieme": value for value, word in enumerate(_FR) if value > 1}
    | {"vingtieme": 20, "trentieme": 30, "quarantieme": 40, "cinquantieme": 50, "centieme": 100},
    "en": {word: value for value, word in enumerate(_EN_ORDINALS, start=1)}
    | {f"{word[:-1]}ieth": 10 * value for value, word in enumerate(_EN_TENS, start=2)},
}
_ROMAN = {"I": 1, "V": 5, "X": 10}
_FRACTIONS: dict[Lang, dict[str, str]] = {
    "fr": {
        r"la moitie": "50",
        r"(?:l[ae]s? |aux? |du )?deux tiers": "66.6667",
        r"(?:l[ae]s? )?trois quarts": "75",
        r"(?<=le |un |du |au )quart": "25",
        r"(?<=le |un |du |au )tiers": "33.3333",
        r"un cinquieme": "20",
        r"un dixieme": "10",
        **{rf"{_FR[n]} cinquiemes": str(20 * n) for n in range(2, 5)},
        **{rf"{_FR[n]} dixiemes": str(10 * n) for n in range(2, 10)},
    },
    "en": {
        r"two[ -]thirds": "66.6667",
        r"three[ -]quarters": "75",
        r"(?:a|one)[ -]quarter": "25",
        r"(?:a|one)[ -]third": "33.3333",
        r"(?:a|one)[ -]fifth": "20",
        r"(?:a|one)[ -]tenth": "10",
        r"half": "50",
        **{rf"{_EN[n]}[ -]fifths": str(20 * n) for n in range(2, 5)},
        **{rf"{_EN[n]}[ -]tenths": str(10 * n) for n in range(2, 10)},
    },
}
_MULTIPLES: dict[
    Lang, tuple[tuple[re.Pattern[str], str, bool], ...]
] = {  # what is counted in dozens or halves; whether it is rounded
    "fr": (
        (re.compile(r"\b(?:une )?demi-douzaine\b"), "6", True),
        (re.compile(r"\bdemi-million\b"), "500000", False),
        (re.compile(r"\bune decennie\b"), "10", False),
    ),
    "en": (
        (re.compile(r"\bhalf an? dozen\b"), "6", False),
        (re.compile(r"\bhalf an? (?:million)\b"), "500000", False),
        (re.compile(r"\bhalf an? (?:billion)\b"), "500000000", False),
        (re.compile(r"\ban? dozen\b"), "12", False),
        (re.compile(r"\ban? decade\b"), "10", False),
    ),
}
_DIGIT_START: dict[Lang, re.Pattern[str]] = {
    lang: re.compile(rf"(?<![\w.,])(?:{digits})(?!\d)|(?<=\$)(?:{digits})(?!\d)") for lang, digits in _DIGITS.items()
}
_DIGIT_ORDINAL: dict[Lang, re.Pattern[str]] = {
    "fr": re.compile(r"(?<![\w.,])(\d{1,3})(?:ers?|res?|eres?|nde?s?|[eè]mes?|e|ᵉ|ᵉʳ)\b"),
    "en": re.compile(r"(?<![\w.,])(\d{1,3})(?:st|nd|rd|th)\b"),
}
_ROMAN_ORDINAL = re.compile(r"\b([IVX]+)(?:e|ᵉ)\b")
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number written in a text; `is_round` where the word itself says about (`une cinquantaine`)."""

    start: int
    end: int
    value: Decimal
    form: Form
    is_round: bool = False


def find_numerals(text: str, lang: Lang) -> list[Numeral]:
    """Find the numbers of a text, in order; where two readings share a word, the longer one stands."""
    found = [*_multiples(text, lang), *_fractions(text, lang), *_ordinals(text, lang), *_cardinals(text, lang)]
    kept: list[Numeral] = []
    for one in sorted(found, key=lambda one: (one.start - one.end, one.start)):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.start)


def plain(text: str) -> str:
    """Fold a text without changing its length, so that places in it stay true."""
    return "".join(map(_plain_char, text))


@cache
def _plain_char(char: str) -> str:
    folded = fold(char)
    return folded if len(folded) == 1 else char


def _multiples(text: str, lang: Lang) -> Iterator[Numeral]:
    for pattern, value, is_round in _MULTIPLES[lang]:
        for match in pattern.finditer(plain(text)):
            yield Numeral(match.start(), match.end(), Decimal(value), "cardinal", is_round)


def _fractions(text: str, lang: Lang) -> Iterator[Numeral]:
    folded = plain(text)
    for pattern, value in _FRACTIONS[lang].items():
        for match in re.finditer(rf"\b(?:{pattern})\b(?! (?:an?|douzaine|dozen|million|billion|place|rang)\b)", folded):
            before = folded[: match.start()]
            if not re.search(r"\b(?:and an?|first|second|et) $", before):
                yield Numeral(match.start(), match.end(), Decimal(value), "fraction")


def _ordinals(text: str, lang: Lang) -> Iterator[Numeral]:
    for match in _DIGIT_ORDINAL[lang].finditer(plain(text)):
        yield Numeral(match.start(), match.end(), Decimal(match[1]), "ordinal")
    if lang == "fr":
        for match in _ROMAN_ORDINAL.finditer(text):
            yield Numeral(match.start(), match.end(), Decimal(_roman(match[1])), "ordinal")
    for run in _runs(text):
        for place, (start, end, word) in enumerate(run):
            if word in _ORDINALS[lang]:
                tens = _SMALL[lang].get(run[place - 1][2], 0) if place and text[run[place - 1][1]] == "-" else 0
                first = run[place - 1][0] if tens >= 20 else start
                yield Numeral(first, end, Decimal((tens if tens >= 20 else 0) + _ORDINALS[lang][word]), "ordinal")


def _roman(written: str) -> int:
    values = [_ROMAN[char] for char in written]
    return sum(-one if one < after else one for one, after in zip(values, [*values[1:], 0], strict=True))


def _runs(text: str) -> Iterator[list[tuple[int, int, str]]]:
    """Yield runs of words with nothing but a space or a hyphen between them: (start, end, folded word)."""
    run: list[tuple[int, int, str]] = []
    for match in _WORD.finditer(text):
        if run and not re.fullmatch(rf"{GROUP}|-", text[run[-1][1] : match.start()]):
            yield run
            run = []
        run.append((match.start(), match.end(), fold(match.group())))
    if run:
        yield run


def _cardinals(text: str, lang: Lang) -> Iterator[Numeral]:
    for match in _DIGIT_START[lang].finditer(text):
        value = _decimal(match.group(), lang)
        after = next(_runs(text[match.end() :]), [])
        lead = text[match.end() : match.end() + after[0][0]] if after else "x"
        factor, used = _scale([word for _, _, word in after], lang) if re.fullmatch(rf"{GROUP}|-", lead) else (Decimal(1), 0)
        end = match.end() + after[used - 1][1] if used else match.end()
        yield Numeral(match.start(), end, value * factor, "cardinal")
    for run in _runs(text):
        yield from _spelled_in(text, run, lang)


def _scale(words: list[str], lang: Lang) -> tuple[Decimal, int]:
    """Return what the first words multiply a number in digits by, and how many they are."""
    if words and words[0] in _BIG[lang]:
        return Decimal(_BIG[lang][words[0]]), 1
    return Decimal(1), 0


def _decimal(written: str, lang: Lang) -> Decimal:
    bare = re.sub(GROUP, "", written)
    if bare.count(",") > 1 or ("," in bare and "." in bare) or (lang == "en" and re.search(r",\d{3}(?!\d)", bare)):
        return Decimal(bare.replace(",", ""))
    if bare.count(".") > 1 or (lang == "fr" and re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", bare)):
        return Decimal(bare.replace(".", ""))
    return Decimal(bare.replace(",", "."))


def _spelled_in(text: str, run: list[tuple[int, int, str]], lang: Lang) -> Iterator[Numeral]:
    words = [word for _, _, word in run]
    place = 0
    while place < len(run):
        rounded = _ROUND.get(words[place].rstrip("s")) if lang == "fr" else None
        if rounded and place and words[place - 1] in ("une", "un"):
            factor, used = _scale(words[place + 2 :], lang) if words[place + 1 : place + 2] == ["de"] else (Decimal(1), 0)
            end = run[place + 1 + used][1] if used else run[place][1]
            yield Numeral(run[place - 1][0], end, rounded * factor, "cardinal", is_round=True)
            place += 1
            continue
        value, used = _spelled(words[place:], lang)
        is_name = re.match(r"-[A-ZÀ-Ý]", text[run[place + used - 1][1] :]) if used else None  # Trois-Rivières, Sept-Îles
        if used and not is_name and (value > 1 or used > 1):
            yield Numeral(run[place][0], run[place + used - 1][1], value, "cardinal")
        place += max(used, 1)


def _spelled(words: list[str], lang: Lang) -> tuple[Decimal, int]:
    """Return the number that the first words spell, and how many words it takes (0 where they spell none)."""
    total, part, used = Decimal(0), Decimal(0), 0
    if lang == "en" and words[0] == "a" and len(words) > 1 and (words[1] == "hundred" or words[1] in _BIG["en"]):
        part, used = Decimal(1), 1
    for place in range(used, len(words)):
        word, after = words[place], words[place + 1 :]
        if word in _SMALL[lang]:
            value = _SMALL[lang][word]
            part = part + 76 if word.startswith("vingt") and part % 100 == 4 else part + value
        elif word in ("cent", "cents", "hundred") and (lang == "fr" or part):
            part = max(part, Decimal(1)) * 100
        elif word == "dozen" and lang == "en" and part:
            part *= 12
        elif word in _BIG[lang] and (part or word == "mille"):
            total, part = total + max(part, Decimal(1)) * _BIG[lang][word], Decimal(0)
        elif word in ("et", "and") and used and after[:1] and after[0] in _SMALL[lang] and (part or total):
            continue
        else:
            break
        used = place + 1
    return _with_half(total, part, used, words, lang)


def _with_half(total: Decimal, part: Decimal, used: int, words: list[str], lang: Lang) -> tuple[Decimal, int]:
    """Add `et demi` (of the last order of magnitude) and `and a half million`."""
    rest = words[used:]
    if lang == "fr" and used and rest[:2] in (["et", "demi"], ["et", "demie"]):
        order = _BIG["fr"].get(words[used - 1], 1)
        return total + part + Decimal(order) / 2, used + 2
    if lang == "en" and used and rest[:3] == ["and", "a", "half"]:
        factor, more = _scale(rest[3:], lang)
        return (total + part + Decimal("0.5")) * factor, used + 3 + more
    return total + part, used
