"""Domain -> JSON, and the notes on how a name was understood."""

from __future__ import annotations

import json

import pytest

from clusterbot.answering import Abstention, Answer
from clusterbot.assistant import Reply
from clusterbot.clusters import ClusterRegistry
from clusterbot.errors import CorpusError
from clusterbot.i18n import read_texts
from clusterbot.index.build import BuildReport
from clusterbot.index.neighbours import Approximation
from clusterbot.lint import Problem
from clusterbot.models import Citation, Disagreement, Fact, Lang, Passage, ToldValue
from clusterbot.output import build_json, card_json, document_json, error_json, lint_json, readings, reply_json
from clusterbot.questions import Question, understand
from clusterbot.retrieval import Hit
from fakes import document, profile

FORMER = [{"name": "GBN", "until": "2022-05"}, {"name": "Vieux Bois", "until": None}]
REGISTRY = ClusterRegistry(
    [
        profile("bois_boreal", "fr", short="Bois Boréal", aliases=["grappe de l’arbre"], former=FORMER),
        profile("bois_boreal", "en", short="Boreal Wood", former=FORMER),
        profile("aqua_nord", "fr", short="Aqua Nord"),
        profile("eco_sud", "fr", short="Éco Sud"),
    ],
    ambiguous={"grappe verte": ["aqua_nord", "bois_boreal", "eco_sud"]},
)


def notes(text: str, lang: Lang = "fr", context: tuple[str, ...] = ()) -> list[tuple[str, str, str | None]]:
    found = readings(understand(text, REGISTRY, context, lang), REGISTRY.clusters, read_texts(lang))
    return [(one.matched, one.name, one.note) for one in found]


@pytest.mark.parametrize(
    ("text", "lang", "note"),
    [
        ("Qui dirige Bois Boréal ?", "fr", ("Bois Boréal", "Bois Boréal", None)),
        ("Qui dirige la GBN ?", "fr", ("GBN", "Bois Boréal", "ancien nom, jusqu’en mai 2022")),
        ("Who runs GBN?", "en", ("GBN", "Boreal Wood", "former name, until May 2022")),
        ("Who runs Vieux Bois?", "en", ("Vieux Bois", "Boreal Wood", "former name")),
        ("Qui dirige la grappe de l’arbre ?", "fr", ("grappe de l’arbre", "Bois Boréal", "autre nom")),
        ("Qui dirige Bois Boreall ?", "fr", ("Bois Boreall", "Bois Boréal", "graphie corrigée")),
    ],
)
def test_a_reading_says_how_the_name_was_taken(text: str, lang: Lang, note: tuple[str, str, str | None]) -> None:
    assert notes(text, lang) == [note]


def test_an_ambiguous_name_gives_a_reading_for_each_cluster() -> None:
    assert notes("Qui dirige la grappe verte ?") == [
        ("grappe verte", "Aqua Nord", "nom ambigu\u00a0: aussi Bois Boréal ou Éco Sud"),
        ("grappe verte", "Bois Boréal", "nom ambigu\u00a0: aussi Aqua Nord ou Éco Sud"),
        ("grappe verte", "Éco Sud", "nom ambigu\u00a0: aussi Aqua Nord ou Bois Boréal"),
    ]


def test_a_name_from_an_earlier_question_is_marked_and_notes_are_joined() -> None:
    assert notes("And the members?", "en", ("Who runs GBN?",)) == [
        ("GBN", "Boreal Wood", "former name, until May 2022; from an earlier question")
    ]


def test_a_name_that_stands_twice_is_told_once() -> None:
    assert len(notes("GBN ou GBN ?")) == 1


FACT = Fact(attribute="members", value=120, as_of="2020", source="https://journal.example.org/a")
PAGE = document(
    "2020-note", "La grappe compte 120 membres. Elle grandit.", url="https://example.org/2020-note", published="2020-05"
)
HIT = Hit(Passage(PAGE, 0, len(PAGE.text)), 1, 0, 1.23456789, 0.9, 2.0, 0.5, 0.7)
ASKED = Question("Combien de membres ?", "fr", (), "number", False, ())


def test_an_answer_carries_quotes_with_facts_and_disagreements() -> None:
    quote = Citation(PAGE, 0, 29, (FACT,))
    other = Fact(attribute="members", value=140, unit="firms", as_of="2020", source="https://gazette.example.org/b")
    values = (ToldValue(FACT, quote), ToldValue(other, Citation(PAGE, 30, 43)))
    answer = Answer(ASKED, 0.931234, (quote,), (HIT,), (Disagreement("bois_boreal", "members", values),))
    found = reply_json("q1", "Combien  de membres ?", Reply(answer, "v1", "keywords@1", 12.3456, {}, {}), ())
    assert json.loads(json.dumps(found)) == {
        "id": "q1",
        "question": "Combien  de membres ?",
        "language": "fr",
        "status": "answered",
        "confidence": 0.9312,
        "reason": None,
        "understood_as": [],
        "quotes": [
            {
                "text": "La grappe compte 120 membres.",
                "document_id": "2020-note",
                "start": 0,
                "end": 29,
                "title": "Titre de 2020-note",
                "publisher": "Le Journal",
                "url": "https://example.org/2020-note",
                "link": "https://example.org/2020-note#:~:text=La%20grappe%20compte%20120%20membres.",
                "published": "2020-05",
                "language": "fr",
                "facts": [
                    {"attribute": "members", "value": 120, "unit": None, "as_of": "2020", "source": "https://journal.example.org/a"}
                ],
                "errata": [],
                "gone": None,
            }
        ],
        "passages": [
            {
                "rank": 1,
                "passage_id": "2020-note:0-43",
                "text": PAGE.text,
                "document_id": "2020-note",
                "start": 0,
                "end": 43,
                "title": "Titre de 2020-note",
                "url": "https://example.org/2020-note",
                "published": "2020-05",
                "language": "fr",
                "score": 1.234568,
            }
        ],
        "disagreements": [
            {
                "attribute": "members",
                "cluster_id": "bois_boreal",
                "values": [
                    {
                        "value": 120,
                        "unit": None,
                        "as_of": "2020",
                        "source": "https://journal.example.org/a",
                        "document_id": "2020-note",
                        "quote": "La grappe compte 120 membres.",
                    },
                    {
                        "value": 140,
                        "unit": "firms",
                        "as_of": "2020",
                        "source": "https://gazette.example.org/b",
                        "document_id": "2020-note",
                        "quote": "Elle grandit.",
                    },
                ],
            }
        ],
        "index": "v1",
        "model": "keywords@1",
        "elapsed_ms": 12.3,
        "receipt": None,
    }


def test_an_abstention_has_a_reason_no_quotes_and_the_same_keys() -> None:
    answer = reply_json(None, "x", Reply(Answer(ASKED, 0.9, (), (HIT,), ()), "v1", "k@1", 1.0, {}, {}), ())
    abstention = reply_json(None, "x", Reply(Abstention(ASKED, 0.1, "not_in_corpus", (HIT,)), "v1", "k@1", 1.0, {}, {}), ())
    assert list(abstention) == list(answer)
    assert (abstention["status"], abstention["reason"], abstention["quotes"]) == ("abstained", "not_in_corpus", [])
    assert len(abstention["passages"]) == 1


def test_the_line_of_a_question_that_cannot_be_taken() -> None:
    assert error_json("a", "no words") == {"id": "a", "error": "no words"}


APPROXIMATE = Approximation(kind="HNSW32,SQ8", breadth=64, recall_10=0.998, recall_100=0.991, queries=10)


def test_a_build_report() -> None:
    report = BuildReport("v1", 2, 5, 1, 4, 0, 0.12345, {"fr": APPROXIMATE}, 640, (CorpusError("articles/a.md", 3, "lang: wrong"),))
    assert build_json(report) == {
        "index": "v1",
        "documents": 2,
        "passages": 5,
        "embedded": 1,
        "reused": 4,
        "removed": 0,
        "seconds": 0.123,
        "token_bytes": 640,
        "approximate": {"fr": {"kind": "HNSW32,SQ8", "breadth": 64, "recall_10": 0.998, "recall_100": 0.991, "queries": 10}},
        "failed": [{"file": "articles/a.md", "line": 3, "error": "lang: wrong"}],
    }


def test_a_card_has_both_languages() -> None:
    card = card_json(REGISTRY.clusters["bois_boreal"], {}, (), "v1")
    assert card["names"]["en"]["short"] == "Boreal Wood"
    assert card["names"]["fr"]["former"][0] == {"name": "GBN", "until": "2022-05"}
    assert (card["facts"], card["index"]) == ([], "v1")


def test_a_document_and_a_problem() -> None:
    assert list(document_json(PAGE)) == [
        "document_id",
        "kind",
        "title",
        "lang",
        "publisher",
        "published",
        "url",
        "clusters",
        "gone",
    ]
    assert lint_json(3, [Problem("a.md", 1, "bad")], ()) == {
        "documents": 3,
        "problems": [{"file": "a.md", "line": 1, "message": "bad"}],
        "disagreements": [],
    }
