"""Which cluster a text means: despite typing and old names, and never by accident."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterbot.clusters import ClusterRegistry, words_of
from clusterbot.corpus import read_corpus
from clusterbot.errors import ClusterUnknown, UsageError
from clusterbot.models import Lang, Profile
from fakes import profile


@pytest.fixture(scope="module")
def registry() -> ClusterRegistry:
    pages = [
        profile(
            "bois_boreal",
            official="Bois Boréal, la grappe du bois du Nord",
            short="Bois Boréal",
            former=[{"name": "Sylva-Nord", "until": "2015"}],
        ),
        profile("bois_boreal", "en", short="Boreal Wood", aliases=["wood cluster"]),
        profile("aluminia", short="Aluminia", aliases=["l’Alu du Nord", "GAN", "Zebra"]),
        profile("eco_quai", short="ÉcoQuai", former=[{"name": "Le Quai"}]),
    ]
    words = words_of(["Le bois boréal et l'aluminium sont des ressources. Un quai, une aluminerie, le nord."])
    return ClusterRegistry(pages, words, {"grappe verte": ["bois_boreal", "eco_quai"]})


@pytest.fixture(scope="module")
def real(real_corpus_dir: Path) -> ClusterRegistry:
    corpus = read_corpus(real_corpus_dir)
    pages = [document for document in corpus.documents if isinstance(document, Profile)]
    return ClusterRegistry(pages, words_of(document.text for document in corpus.documents), corpus.ambiguous)


@pytest.mark.parametrize(
    ("text", "matched", "cluster_id"),
    [
        ("Que fait Bois Boréal ?", "Bois Boréal", "bois_boreal"),
        ("que fait bois boreal", "bois boreal", "bois_boreal"),
        ("BOIS BORÉAL", "BOIS BORÉAL", "bois_boreal"),
        ("Bois-Boréal grandit", "Bois-Boréal", "bois_boreal"),
        ("boisboréal", "boisboréal", "bois_boreal"),
        ("Bois Bore\u0301al", "Bois Bore\u0301al", "bois_boreal"),
        ("les membres de Boreal Wood", "Boreal Wood", "bois_boreal"),
        ("the Wood Cluster's members", "Wood Cluster", "bois_boreal"),
        ("wood clusters", "wood clusters", "bois_boreal"),
        ("les membres d’Aluminia", "Aluminia", "aluminia"),
        ("les membres d'Aluminia", "Aluminia", "aluminia"),
        ("ce qu’Aluminia fait", "Aluminia", "aluminia"),
        ("Aluminias", "Aluminias", "aluminia"),
        ("Alluminia", "Alluminia", "aluminia"),
        ("aluminai", "aluminai", "aluminia"),
        ("Alumina", "Alumina", "aluminia"),
        ("que fait le GAN ?", "GAN", "aluminia"),
        ("l'alu du nord", "alu du nord", "aluminia"),
        ("l’Alu Nord", "Alu Nord", "aluminia"),
        ("ecoquai", "ecoquai", "eco_quai"),
        ("éco-quai", "éco-quai", "eco_quai"),
        ("Eco Quai", "Eco Quai", "eco_quai"),
        ("le quai", "le quai", "eco_quai"),
        ("Sylva Nord", "Sylva Nord", "bois_boreal"),
        ("Bois Boreall", "Bois Boreall", "bois_boreal"),
    ],
)
def test_a_name_is_found_however_it_is_typed(registry: ClusterRegistry, text: str, matched: str, cluster_id: str) -> None:
    (mention,) = registry.mentions(text)
    assert (mention.matched, mention.cluster_ids) == (matched, (cluster_id,))
    assert text[mention.start : mention.end] == matched


@pytest.mark.parametrize(
    "text",
    [
        "du bois",
        "le nord",
        "un quai",
        "aluminium",
        "aluminerie",
        "une grappe",
        "GAM",
        "GANT",
        "Luminia",
        "Alumaria",
        "Zebre",
        "Al",
        "",
        "?!",
        "de la",
    ],
)
def test_a_word_that_is_near_a_name_is_not_taken_for_it(registry: ClusterRegistry, text: str) -> None:
    assert registry.mentions(text) == ()


def test_the_longer_name_wins_over_what_it_holds(registry: ClusterRegistry) -> None:
    (mention,) = registry.mentions("Bois Boréal, la grappe du bois du Nord, grandit")
    assert mention.matched == "Bois Boréal, la grappe du bois du Nord"


def test_several_names_are_found_in_the_order_of_the_text(registry: ClusterRegistry) -> None:
    found = registry.mentions("Aluminia ou bois-boreal, et Aluminia encore")
    assert [mention.cluster_ids[0] for mention in found] == ["aluminia", "bois_boreal", "aluminia"]


def test_a_shared_name_means_all_its_clusters(registry: ClusterRegistry) -> None:
    (mention,) = registry.mentions("la grappe verte")
    assert mention.is_ambiguous
    assert mention.cluster_ids == ("bois_boreal", "eco_quai")


def test_a_name_that_two_profiles_carry_is_shared_undeclared() -> None:
    registry = ClusterRegistry([profile("a", short="Alpha", aliases=["Commun"]), profile("b", short="Beta", aliases=["COMMUN"])])
    (mention,) = registry.mentions("commun")
    assert mention.cluster_ids == ("a", "b")


def test_a_former_name_says_until_when(registry: ClusterRegistry) -> None:
    (dated,) = registry.mentions("Sylva-Nord")
    (undated,) = registry.mentions("Le Quai")
    assert (dated.kind, dated.until, dated.name) == ("former", "2015", "Sylva-Nord")
    assert (undated.kind, undated.until) == ("former", None)


def test_a_present_name_is_no_former_one(registry: ClusterRegistry) -> None:
    assert [mention.kind for mention in registry.mentions("Boreal Wood, wood cluster")] == ["current", "alias"]


@pytest.mark.parametrize("name", ["bois_boreal", "Boreal Wood", "sylva nord", "Bois Boréla"])
def test_resolve_takes_an_id_or_any_name(registry: ClusterRegistry, name: str) -> None:
    assert [cluster.id for cluster in registry.resolve(name)] == ["bois_boreal"]


def test_resolve_returns_all_that_share_a_name(registry: ClusterRegistry) -> None:
    assert [cluster.id for cluster in registry.resolve("grappe verte")] == ["bois_boreal", "eco_quai"]


@pytest.mark.parametrize("name", ["alumi", "Almni", "Aluminium"])
def test_an_unknown_name_gets_the_nearest_offered(registry: ClusterRegistry, name: str) -> None:
    with pytest.raises(ClusterUnknown, match=r"nearest names are .*Aluminia.*`clusterbot clusters` lists all"):
        registry.resolve(name)


@pytest.mark.parametrize("name", ["", "?", "日本"])
def test_what_is_no_name_is_unknown(registry: ClusterRegistry, name: str) -> None:
    with pytest.raises(ClusterUnknown, match="no cluster is called"):
        registry.resolve(name)


def test_a_registry_without_clusters_knows_none() -> None:
    assert ClusterRegistry([]).mentions("Aluminia") == ()
    with pytest.raises(ClusterUnknown):
        ClusterRegistry([]).resolve("Aluminia")


def test_a_cluster_is_called_as_its_page_calls_it(registry: ClusterRegistry) -> None:
    cluster = registry.clusters["bois_boreal"]
    assert (cluster.name("fr"), cluster.name("en")) == ("Bois Boréal", "Boreal Wood")
    assert registry.clusters["aluminia"].name("en") == "Aluminia"


def names(page: Profile) -> Iterator[str]:
    yield from (page.names.official, page.names.short, *page.names.aliases, *(former.name for former in page.names.former))


@pytest.mark.parametrize("words", ["{}", "Combien de membres compte {} ?", "who leads {} today?", "l’histoire de {}, en bref"])
def test_every_name_in_the_corpus_means_its_cluster(real: ClusterRegistry, words: str) -> None:
    wrong = []
    for cluster in real.clusters.values():
        for page in cluster.profiles.values():
            for name in names(page):
                found = real.mentions(words.format(name))
                if not found or any(cluster.id not in mention.cluster_ids for mention in found):
                    wrong.append((cluster.id, name, [mention.matched for mention in found]))
    assert wrong == []


def test_every_name_in_the_corpus_survives_capitals_and_lost_accents(real: ClusterRegistry) -> None:
    wrong = []
    for cluster in real.clusters.values():
        for page in cluster.profiles.values():
            for name in names(page):
                found = real.mentions(name.upper().replace("É", "E").replace("È", "E").replace("’", "'"))
                if not any(cluster.id in mention.cluster_ids for mention in found):
                    wrong.append((cluster.id, name))
    assert wrong == []


@pytest.mark.parametrize(
    "sentence",
    [
        "cargo ship rates to Asia",
        "prime d'assurance automobile",
        "la mode au Québec",
        "prompt reply please",
        "a prompt answer would help",
        "experiments in vivo",
        "le moteur du camion est en panne",
        "réponds promptement",
        "an optical illusion",
        "The finance minister of Québec",
        "Le ministre des Finances du Québec",
        "la propulsion des fusées",
        "startups in Toronto",
        "le quantique expliqué",
        "une usine d'aluminium en Chine",
        "le pôle Nord",
        "aerospace jobs in Seattle",
        "zone de confort",
        "innovation in schools",
        "the video game industry in Japan",
        "le bioalimentaire en France",
        "technologies propres en Europe",
        "Montréal en hiver",
        "l'aéroport de Montréal",
        "what is the weather in Montreal",
        "la capitale du Canada",
        "on a scale of one to ten",
        "les éoliennes en mer",
        "la vallée du Saint-Laurent",
        "film production in Vancouver",
        "Who won the hockey game?",
        "je voudrais une recette de tarte aux pommes",
        "une grappe de raisin",
        "les grappes industrielles du Québec",
        "a bunch of grapes",
        "clusters of galaxies",
        "le forum économique mondial",
        "D'accord, merci",
        "sciences de la vie et de la terre",
        "life sciences in Boston",
    ],
)
def test_a_sentence_that_names_no_cluster_means_none(real: ClusterRegistry, sentence: str) -> None:
    assert real.mentions(sentence) == ()


@pytest.mark.parametrize(
    ("typed", "cluster_id"),
    [
        ("aluqebec", "aluquebec"),
        ("AluQuebc", "aluquebec"),
        ("GIAQ", "aluquebec"),
        ("aero-montrael", "aero_montreal"),
        ("Technomontréla", "technomontreal"),
        ("ActionMTL", "bctq"),
        ("Propulsion Quebc", "propulsion_quebec"),
        ("cargo m", "cargom"),
        ("Montreal in vivo", "montreal_invivo"),
        ("scale A.I.", "scale_ai"),
        ("ecotech quebec", "ecotech_quebec"),
        ("PROMPT", "prompt"),
        ("in sec m", "insecm"),
    ],
)
def test_what_people_type_means_the_cluster(real: ClusterRegistry, typed: str, cluster_id: str) -> None:
    assert [mention.cluster_ids for mention in real.mentions(f"combien de membres a {typed} ?")] == [(cluster_id,)]


def test_a_long_text_is_searched_in_reasonable_time(real: ClusterRegistry) -> None:
    started = time.process_time()
    real.mentions("combien de membres compte la grappe " * 60)
    assert time.process_time() - started < 3


@pytest.mark.parametrize(
    ("typed", "lang", "cluster_id", "name"),
    [
        ("alu", "fr", "aluminia", "Aluminia"),
        ("boreal w", "fr", "bois_boreal", "Boreal Wood"),
        ("sylva", "en", "bois_boreal", "Sylva-Nord"),
        ("ecoq", "en", "eco_quai", "ÉcoQuai"),
        ("bois borreal", "fr", "bois_boreal", "Bois Boréal"),
    ],
)
def test_what_is_being_typed_is_completed(registry: ClusterRegistry, typed: str, lang: Lang, cluster_id: str, name: str) -> None:
    cluster, shown = registry.complete(typed, lang, 25)[0]
    assert (cluster.id, shown) == (cluster_id, name)


def test_before_the_first_letter_all_clusters_are_offered_in_order(registry: ClusterRegistry) -> None:
    assert [name for _, name in registry.complete("", "en", 25)] == ["Aluminia", "Boreal Wood", "ÉcoQuai"]
    assert len(registry.complete("", "en", 2)) == 2
    assert registry.complete("xyzxyz", "fr", 25) == []


def test_completing_is_quick_enough_for_every_letter_typed(real: ClusterRegistry) -> None:
    started = time.perf_counter()
    for typed in ("a", "alu", "aero montreal", "grappe de la mode", "x" * 100):
        assert len(real.complete(typed, "fr", 25)) <= 25
    assert time.perf_counter() - started < 0.5


def test_a_name_that_several_share_must_be_told_apart(registry: ClusterRegistry) -> None:
    assert registry.resolve_one("ÉcoQuai").id == "eco_quai"
    with pytest.raises(UsageError, match="may mean Bois Boréal"):
        registry.resolve_one("grappe verte")
