"""Questions: what is taken, what is refused with a cure, and what is understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clusterbot.clusters import ClusterRegistry
from clusterbot.corpus import read_corpus
from clusterbot.errors import UsageError
from clusterbot.models import Lang, Profile
from clusterbot.questions import MAX_CHARS, Asks, clean, understand
from fakes import profile, write_corpus


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> ClusterRegistry:
    corpus = read_corpus(write_corpus(tmp_path_factory.mktemp("questions") / "corpus"))
    return ClusterRegistry([one for one in corpus.documents if isinstance(one, Profile)], frozenset(), corpus.ambiguous)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Combien de membres compte Bois Boréal ?", "number"),
        ("Quel est le nombre d’emplois ?", "number"),
        ("How many members does Boreal Wood have?", "number"),
        ("Quel pourcentage des emplois ?", "number"),
        ("Combien d’argent Bois Boréal a-t-elle reçu ?", "money"),
        ("Quel est son budget ?", "money"),
        ("Quelle subvention pour l’usine ?", "money"),
        ("How much funding did it get?", "money"),
        ("Quand Bois Boréal a-t-elle été fondée ?", "date"),
        ("En quelle année est-elle née ?", "date"),
        ("When was Boreal Wood founded?", "date"),
        ("What year did it start?", "date"),
        ("Qui dirige Aqua Nord ?", "person"),
        ("Who runs Aqua Nord?", "person"),
        ("Who is the CEO?", "person"),
        ("Que fait Aqua Nord ?", "other"),
        ("What does Aqua Nord do?", "other"),
        ("Aqua Nord", "other"),
    ],
)
def test_what_is_asked_for_is_known(registry: ClusterRegistry, text: str, asks: Asks) -> None:
    assert understand(text, registry).asks == asks


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C’est quoi Bois Boréal ?", True),
        ("Bois Boréal?", True),
        ("What is Aqua Nord?", True),
        ("aqua nord what does it do", True),
        ("Qui dirige Aqua Nord ?", False),
        ("What is the budget of Aqua Nord?", False),
        ("What does Aqua Nord say of pilot plants, of exports and of its members?", False),
        ("Où est Aqua Nord ?", False),
    ],
)
def test_asking_what_something_is_is_told_from_asking_something_about_it(
    registry: ClusterRegistry, text: str, expected: bool
) -> None:
    assert understand(text, registry).asks_what_it_is is expected


@pytest.mark.parametrize(
    ("text", "is_list"),
    [
        ("Quelles sont les grappes du Nord ?", True),
        ("Nomme les membres", True),
        ("Which clusters are in the North?", True),
        ("List the clusters", True),
        ("Que fait Aqua Nord ?", False),
        ("When was it founded?", False),
    ],
)
def test_a_list_is_known(registry: ClusterRegistry, text: str, is_list: bool) -> None:
    assert understand(text, registry).is_list == is_list


@pytest.mark.parametrize(
    ("text", "context", "lang"),
    [
        ("Combien de membres ?", [], "fr"),
        ("How many members?", [], "en"),
        ("Who runs Bois Boréal?", [], "en"),
        ("Qui dirige Boreal Wood ?", [], "fr"),
        ("Aqua Nord", [], "fr"),
        ("Aqua Nord", ["How many members does Boreal Wood have?"], "en"),
        ("2013?", ["How many members does Boreal Wood have?", "And in 2012?"], "en"),
        ("2013 ?", [], "fr"),
    ],
)
def test_the_language_is_that_of_the_words_or_else_of_the_conversation(
    registry: ClusterRegistry, text: str, context: list[str], lang: Lang
) -> None:
    assert understand(text, registry, context).lang == lang


def test_a_language_that_is_given_is_kept(registry: ClusterRegistry) -> None:
    assert understand("Combien de membres ?", registry, lang="en").lang == "en"
    assert understand("2013", registry, default_lang="en").lang == "en"


@pytest.mark.parametrize(
    ("text", "context", "clusters"),
    [
        ("Et combien de membres ?", ["Que fait Bois Boréal ?"], ("bois_boreal",)),
        ("And how many members?", ["What does Boreal Wood do?"], ("bois_boreal",)),
        ("Et en 2016 ?", ["Que fait Aqua Nord ?", "Combien de membres a Bois Boréal ?"], ("bois_boreal",)),
        ("Et en 2016 ?", ["Combien de membres a Bois Boréal ?", "Merci !"], ("bois_boreal",)),
        ("Et Aqua Nord ?", ["Que fait Bois Boréal ?"], ("aqua_nord",)),
        ("Quelles sont les grappes ?", ["Que fait Bois Boréal ?"], ()),
        ("How many clusters are there?", ["What does Boreal Wood do?"], ()),
        ("Combien de membres ?", [], ()),
        ("Bois Boréal et Aqua Nord", [], ("bois_boreal", "aqua_nord")),
        ("Combien de membres a GBN ?", [], ("bois_boreal",)),
        ("la grappe verte", [], ()),
    ],
)
def test_a_follow_up_keeps_the_cluster_unless_it_names_another_or_means_all(
    registry: ClusterRegistry, text: str, context: list[str], clusters: tuple[str, ...]
) -> None:
    assert understand(text, registry, context).cluster_ids == clusters


def test_an_earlier_message_that_was_no_question_is_passed_over(registry: ClusterRegistry) -> None:
    assert understand("Et les membres ?", registry, ["Que fait Aqua Nord ?", "👍"]).cluster_ids == ("aqua_nord",)


def test_a_name_does_not_tell_what_is_asked_for() -> None:
    registry = ClusterRegistry([profile("finance", short="Finance Nord")])
    assert understand("Qui dirige Finance Nord ?", registry).asks == "person"


def test_an_old_name_is_searched_with_the_present_one(registry: ClusterRegistry) -> None:
    assert understand("Combien de membres a GBN ?", registry).query == "Combien de membres a GBN ? (Bois Boréal)"
    assert understand("How many members does GBN have?", registry).query == "How many members does GBN have? (Boreal Wood)"
    assert understand("Que fait bois boreal ?", registry).query == "Que fait bois boreal ?"
    assert understand("Et les membres ?", registry, ["Que fait Aqua Nord ?"]).query == "Et les membres ? (Aqua Nord)"


def test_a_shared_name_is_understood_as_all_and_adds_none(registry: ClusterRegistry) -> None:
    question = understand("Que fait la grappe verte ?", registry)
    assert question.mentions[0].cluster_ids == ("aqua_nord", "bois_boreal")
    assert question.query == question.text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has no words"),
        (" \n\t ", "has no words"),
        ("?!…", "has no words"),
        ("👍🏽🎉", "has no words"),
        ("\u200b\u200d\ufeff", "has no words"),
        ("\0\0", "has no words"),
        ("mot " * 10_000, "has 40,000 characters; ask in at most 2,000"),
        ("x" * (MAX_CHARS + 1), "has 2,001 characters"),
        ("\ufdfa" * MAX_CHARS, "signs that stand for whole words"),
        ("كم عدد الأعضاء؟", "another script"),
        ("איפה זה?", "another script"),
        ("Где это?", "another script"),
        ("会員は何人ですか", "another script"),
        ("Combien\ud800", "not valid UTF-8"),
        ("\udc80", "not valid UTF-8"),
    ],
)
def test_what_is_no_question_is_refused_with_the_cure(registry: ClusterRegistry, text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told) as caught:
        understand(text, registry)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  Combien\t de\n membres ? ", "Combien de membres ?"),
        ("Combien\0de\x07membres", "Combien de membres"),
        ("Com\u200bbien", "Combien"),
        ("\u202eCombien\u202c", "Combien"),
        ("Ｃｏｍｂｉｅｎ", "Combien"),
        ("Que\u0301bec", "Québec"),
        ("ﬁnance", "finance"),
        ("Un\u2028deux", "Un deux"),
        ("12\u00a0%", "12 %"),
        ("2013", "2013"),
        ("Où est l’aluminium 👍 ?", "Où est l’aluminium 👍 ?"),
        ("AluQuébec (алюминий)", "AluQuébec (алюминий)"),
    ],
)
def test_a_question_is_put_into_normal_form(text: str, kept: str) -> None:
    assert clean(text) == kept


@given(st.text(max_size=300))
def test_any_text_is_cleaned_or_refused(text: str) -> None:
    try:
        kept = clean(text)
    except UsageError:
        return
    assert kept == " ".join(kept.split()) != ""
    assert clean(kept) == kept


@pytest.mark.parametrize("text", ["«Bois Boréal»", "Bois Boréal?", "(Bois-Boréal)", "l’essor de Bois Boréal, en 2020"])
def test_a_name_is_known_whatever_surrounds_it(registry: ClusterRegistry, text: str) -> None:
    assert understand(text, registry).cluster_ids == ("bois_boreal",)
