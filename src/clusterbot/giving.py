"""Who gives and who gets: the side on which a text puts a name of it, by the verb of giving nearest to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal

from clusterbot.models import Lang

Side = Literal["gives", "gets"]

_GIVES: Mapping[Lang, str] = {
    "en": r"gave|gives?|given|award(?:ed|s)|granted|paid|pays|provided|provides|contribut(?:ed|es)|funded|financed|invest(?:ed|s)|"
    r"allocated|injected|donated|earmarked|lent|puts?",
    "fr": r"(?:donn|accord|vers|allou|inject|financ|subventionn|attribu|réserv)(?:e|é|ait|aient|ent|er)e?s?|finançai(?:t|ent)|"
    r"octro(?:ie|yé|yait|yer|ient)e?s?|investi(?:t|ssait)?",
}
_GETS: Mapping[Lang, str] = {
    "en": r"receiv(?:ed|es|ing)|got|gets|obtained|obtains|secured|won|landed",
    "fr": r"reçu(?:e|s|es)?|reçoi(?:t|vent)|recevait|obtenu(?:e|s|es)?|obtien(?:t|nent)|obtenait|touch(?:é|e|ait)|décroch(?:é|e)",
}
_TO_BE = re.compile(r"\b(?:was|were|been|being|is|are)(?: \w+)? $", re.I)
_TO_HAVE = re.compile(r"\b(?:a|ont|avait|avaient|aura|auront|ayant|avoir)(?: (?!été)\w+)? $", re.I)
_PARTICIPLE = re.compile(r"ée?s?$", re.I)
_BY = re.compile(r"\s+(?:by|par)\b", re.I)
_TO = r"to|into|in|for|à|au|aux|pour|dans"
_FROM = r"by|from|par|de|du|des|d['’]"
_PREPOSITION = re.compile(rf"(?:\b(?P<to>{_TO})|\b(?P<away>{_FROM}))\s*(?:the |la |le |les |l['’])?$", re.I)
_CLAUSE_END = re.compile(r"[;:.!?,](?=\s|$)")
_NEXT = 3  # characters between a verb and the name that it gives to: `gave DEC`


def side_of(text: str, start: int, lang: Lang) -> Side | None:
    """Say whether a text tells that the name at a place gives or gets; None where no verb of giving in its clause tells."""
    verbs = [
        (match, does_give)
        for pattern, does_give in ((_GIVES[lang], True), (_GETS[lang], False))
        for match in re.finditer(rf"\b(?:{pattern})\b", text, re.I)
        if not _CLAUSE_END.search(text, min(start, match.end()), max(start, match.start()))
    ]
    if not verbs:
        return None
    verb, does_give = min(verbs, key=lambda one: abs(one[0].start() - start))
    is_passive = does_give and _is_passive(text, verb, lang)
    if start < verb.start():
        return "gives" if does_give and not is_passive else "gets"
    found = _PREPOSITION.search(text, verb.end(), start)
    if found is None:
        return "gets" if does_give and not is_passive and start - verb.end() <= _NEXT else None
    if found["to"]:
        return "gets" if does_give else None
    return "gives" if is_passive or not does_give else None


def _is_passive(text: str, verb: re.Match[str], lang: Lang) -> bool:
    """Say whether a verb tells what was done to its subject; a French participle does unless it follows « avoir »."""
    before = text[: verb.start()]
    if lang == "fr":
        return bool(_PARTICIPLE.search(verb.group())) and not _TO_HAVE.search(before)
    return bool(_TO_BE.search(before) or _BY.match(text, verb.end()))
