"""Who gives and who gets, by the verb nearest to a name."""

from __future__ import annotations

import pytest

from clusterbot.giving import side_of
from clusterbot.models import Lang


@pytest.mark.parametrize(
    ("text", "lang", "aqua", "hydro"),
    [
        ("Hydro gave Aqua $600,000.", "en", "gets", "gives"),
        ("In March 2019, Hydro awarded $600,000 to Aqua.", "en", "gets", "gives"),
        ("Aqua received $600,000 from Hydro.", "en", "gets", "gives"),
        ("Aqua was awarded $600,000 by Hydro.", "en", "gets", "gives"),
        ("Hydro put $600,000 into Aqua.", "en", "gets", "gives"),
        ("Hydro a accordé 600 000 $ à Aqua.", "fr", "gets", "gives"),
        ("Aqua a reçu 600 000 $ de Hydro.", "fr", "gets", "gives"),
        ("Une somme de 600 000 $ a été versée à Aqua par Hydro.", "fr", "gets", "gives"),
        ("Hydro finance Aqua.", "fr", "gets", "gives"),
        ("Le projet de Aqua, financé en mai, plaît à Hydro.", "fr", None, None),
        ("Aqua and Hydro met in Laval.", "en", None, None),
        ("Aqua grew; Hydro gave $600,000 to a school.", "en", None, "gives"),
    ],
)
def test_the_verb_and_the_preposition_tell_the_side(text: str, lang: Lang, aqua: str | None, hydro: str | None) -> None:
    assert (side_of(text, text.index("Aqua"), lang), side_of(text, text.index("Hydro"), lang)) == (aqua, hydro)
