"""Clusters found by what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import Corpus
from clusterbot.index.build import build_index
from clusterbot.models import EVERYTHING, Filters
from fakes import KeywordEmbedder, document, flat_ranking, profile

DOCUMENTS = (
    profile("bois", "fr", "Bois Boréal est la grappe du bois. Elle date de 2009.", short="Bois Boréal"),
    profile("bois", "en", "Bois Boréal is the wood cluster. It dates from 2009.", short="Bois Boréal"),
    profile("aqua", "fr", "Aqua Nord est la grappe de l’eau. Elle date de 2011.", short="Aqua Nord", aliases=("grappe bleue",)),
    document("usine", "L’usine de bois emploie 40 personnes."),
    *(document(f"note-{number}", "Un sujet tout autre.") for number in range(20)),
)


@pytest.fixture
def assistant(tmp_path: Path) -> Assistant:
    build_index(Corpus(DOCUMENTS), tmp_path, KeywordEmbedder(), recipe(flat_ranking()))
    return Assistant(tmp_path, KeywordEmbedder(), flat_ranking())


def quoted(assistant: Assistant, question: str, filters: Filters = EVERYTHING) -> list[str]:
    result = assistant.ask(question, filters=filters).result
    return [one.text for one in result.quotes] if isinstance(result, Answer) else []


def test_the_page_of_the_cluster_sought_is_quoted_from_its_beginning_in_the_askers_language(assistant: Assistant) -> None:
    assert quoted(assistant, "Quelle grappe s’occupe du bois ?") == ["Bois Boréal est la grappe du bois."]
    assert quoted(assistant, "Which cluster is for wood?") == ["Bois Boréal is the wood cluster."]


def test_a_cluster_named_in_the_question_is_the_one_sought(assistant: Assistant) -> None:
    assert quoted(assistant, "Y a-t-il une grappe bleue ?") == ["Aqua Nord est la grappe de l’eau."]


def test_nothing_is_found_for_an_activity_that_no_page_opens_with(assistant: Assistant) -> None:
    assert not any("grappe" in one for one in quoted(assistant, "Quelle grappe s’occupe du fromage ?"))


def test_filters_and_other_questions_go_the_usual_way(assistant: Assistant) -> None:
    assert quoted(assistant, "Quelle grappe s’occupe du bois ?", Filters(cluster_id="aqua")) != [
        "Bois Boréal est la grappe du bois."
    ]
    assert quoted(assistant, "Où est l’usine de bois ?") == ["L’usine de bois emploie 40 personnes."]
