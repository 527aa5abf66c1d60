"""Whether a question seeks a cluster, and what for."""

from __future__ import annotations

import pytest

from clusterbot.clusters import ClusterRegistry
from clusterbot.seeking import sought
from fakes import profile

REGISTRY = ClusterRegistry(
    [
        profile("mmode", short="mmode", aliases=("grappe de la mode", "fashion cluster")),
        profile("zones", short="Zones", aliases=("zone d’innovation", "innovation zone")),
    ]
)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("Quelle grappe s’occupe de l’aluminium ?", "l’aluminium"),
        ("Y a-t-il une grappe pour l’intelligence artificielle?", "l’intelligence artificielle"),
        ("je fais des jeux vidéo, c'est quelle grappe pour moi", "jeux vidéo"),
        ("which cluster covers wind power", "wind power"),
        ("is there a group for photonics and lasers?", "photonics lasers"),
        ("my company does freight, which cluster can i join", "freight"),
        ("electric bus cluster", "electric bus"),
        ("Quelle zone d’innovation travaille sur l’hydrogène ?", "l’hydrogène"),
        ("existe-t-il une grappe de la mode", "grappe de la mode"),
        ("is there a fashion cluster in Québec?", "fashion cluster"),
        ("c quoi mmode", "mmode"),
        ("mmode, ça fait quoi ?", "mmode"),
        ("What is mmode?", "mmode"),
        ("mmode?", "mmode"),
    ],
)
def test_the_words_for_an_activity_are_left(question: str, words: str) -> None:
    assert sought(question, REGISTRY.mentions(question)) == words


@pytest.mark.parametrize(
    "question",
    [
        "Combien de membres compte mmode ?",
        "Qui dirige l’aluminerie de Bécancour ?",
        "what is a cluster",
        "Quels projets la grappe de la mode a-t-elle annoncés en 2018 ?",
        "how much did the fashion cluster cost",
        "Où est l’usine ?",
        "où est mmode",
        "la grappe de la mode, elle est située dans quelle ville",
        "what does mmode cost",
        "",
    ],
)
def test_other_questions_seek_no_cluster(question: str) -> None:
    assert sought(question, REGISTRY.mentions(question)) is None
