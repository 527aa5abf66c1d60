"""Whether a question seeks a cluster for an activity ("is there a cluster for wind power?"), or asks what one is ("CargoM?").

The words around ("quelle grappe s'occupe de", "which cluster is for") say nothing of the activity and stand on every page, so they
are left out of what is compared: a search by "wind power" alone finds the right page far more often.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from clusterbot.clusters import Mention
from clusterbot.text import fold

_CLUSTER = (
    r"(?:grappes?|clusters?|zones?|creneaux?|niches?|consortiums?|consortia|regroupements?|organismes?|organi[sz]ations?|groups?|"
    r"incubat(?:eu|o)rs?|poles?|reseaux?|networks?|associations?)"
)
_SEEKS = re.compile(
    rf"\b(?:quel(?:le)?s?|which|what)\b.{{0,30}}\b{_CLUSTER}\b"
    rf"|\b(?:y a|il|is there|are there|exist\w*|cherche|looking for)\b.*\b{_CLUSTER}\b"
    rf"|^(?:an? |une? |the |la |le )?{_CLUSTER} (?:for|pour|de|des|du|d|in|en|on|qui|that)\b"
    rf"|\bdoes\b.*\b{_CLUSTER}\b"
    rf"|\b{_CLUSTER}\W*$"
)
_AROUND_FR = """
quel quelle quels quelles qui que quoi est ce c s y a t il tu ca l d la le les un une des du de et ou au aux en sur pour par je
j moi me mon ma mes on nous notre peux peut dois existe existent cherche fait fais font occupe occupent reunit regroupe touche
dediee dedie travaille concerne aide appuie soutient finance joindre adherer contacter comme secteur secteurs sectoriel
sectoriels domaine industrie entreprise entreprises compagnie pme gens projet projets grappe grappes zone zones innovation
creneau creneaux excellence regroupement regroupements organisme organismes organisation organisations pole poles reseau reseaux
quebec montreal
"""
_AROUND_EN = """
which what who whom is are there the an any for of in on to with about that i m my we our can could should do does exist exists
join talk contact looking cover covers handle handles deal deals bring brings together group groups support supports help helps
fund funds work works make makes people company companies firm firms business businesses industry sector project projects and or
cluster clusters niche niches consortium consortiums consortia organization organizations network networks association
associations
"""
_AROUND = frozenset(f"{_AROUND_FR} {_AROUND_EN}".split())
_WHERE = re.compile(r"\b(?:où|where|située?s?|located|villes?|cit(?:y|ies))\b", re.IGNORECASE)
_WORD = re.compile(r"[\w’'-]+")


def sought(text: str, mentions: Sequence[Mention]) -> str | None:
    """Return the words for an activity that a question seeks a cluster for; None where it seeks none.

    Where a question names a cluster and says nothing else ("CargoM?", "what is CargoM"), they are that name.
    """
    if _WHERE.search(text):
        return None
    named = [one for one in mentions if one.distance == 0 and not one.is_ambiguous and _tells(one.matched)]
    within = [(one.start, one.end) for one in named]
    others = [
        match.group()
        for match in _WORD.finditer(text)
        if _tells(match.group()) and not any(start <= match.start() < end for start, end in within)
    ]
    if named:
        return None if others else named[0].matched
    return " ".join(others) or None if _SEEKS.search(fold(text)) else None


def _tells(words: str) -> bool:
    return not _AROUND.issuperset(re.findall(r"[^\W_]+", fold(words)))
