"""`corpus lint`: each rule of docs/corpus.md that a machine can check."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clusterbot.corpus import read_corpus
from clusterbot.lint import lint

BOIS_FR = "clusters/bois_boreal.fr.md"
BOIS_EN = "clusters/bois_boreal.en.md"
ARTICLE = "articles/2020-02-01-journal-bois.md"


def problems(corpus_dir: Path) -> list[str]:
    return [str(problem) for problem in lint(read_corpus(corpus_dir), corpus_dir)]


def edit(corpus_dir: Path, file: str, old: str, new: str) -> None:
    path = corpus_dir / file
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new, 1), encoding="utf-8")


def test_the_small_corpus_is_clean(corpus_dir: Path) -> None:
    assert problems(corpus_dir) == []


def test_the_corpus_of_the_project_is_clean(real_corpus_dir: Path) -> None:
    assert problems(real_corpus_dir) == []


LONG = "Un paragraphe assez long pour que nul ne le croie écrit deux fois par hasard, ici et là."

BAD: list[tuple[str, str, str, str, str, str]] = [
    ("a file that can't be read", ARTICLE, "lang: fr", "lang: de", ARTICLE, "lang: Input should be 'fr' or 'en'"),
    (
        "an unknown cluster",
        ARTICLE,
        "- bois_boreal",
        "- bois_boreal\n- pierre_noire",
        ARTICLE,
        "clusters: no profile of 'pierre_noire'",
    ),
    (
        "another date of foundation",
        BOIS_FR,
        "founded: 2012-03",
        "founded: 2012-04",
        BOIS_FR,
        "founded: differs from bois_boreal.en",
    ),
    ("another ledger", BOIS_FR, "value: 45", "value: 46", BOIS_FR, "facts: the twins' ledgers differ: members 46 (2016) here"),
    ("a value without a sentence", BOIS_EN, "had 45 members", "had some members", BOIS_EN, "value: 45 is nowhere in the text"),
    (
        "a name without a sentence",
        BOIS_EN,
        "Jeanne Tremblay is",
        "she is",
        BOIS_EN,
        "value: 'Jeanne Tremblay' is nowhere in the text",
    ),
    ("a date without a sentence", BOIS_EN, "in March 2012", "in 2012", BOIS_EN, "value: '2012-03' is nowhere in the text"),
    ("another notation", BOIS_EN, "$2.5M", "$2,5M", BOIS_EN, "value: 2.5 is nowhere in the text"),
    (
        "an unknown attribute",
        BOIS_FR,
        "attribute: plant_cost",
        "attribute: plant_price",
        BOIS_FR,
        "attribute: 'plant_price' is not in",
    ),
    (
        "a loose figure",
        BOIS_FR,
        "du Nord.\n",
        "du Nord. Elle a 77 amis.\n",
        BOIS_FR,
        "77: this figure has neither a ledger entry nor a date",
    ),
    (
        "a shared name",
        BOIS_FR,
        "- grappe de l’arbre",
        "- Grappe bleue",
        BOIS_FR,
        "names: 'Grappe bleue' is also a name of aqua_nord",
    ),
    (
        "a paragraph twice",
        BOIS_FR,
        "## Histoire",
        f"{LONG}\n\n## Histoire\n\n{LONG}",
        BOIS_FR,
        "this paragraph stands in bois_boreal.fr too",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "where", "told"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_a_breach_is_told_with_its_place(file: str, old: str, new: str, where: str, told: str, corpus_dir: Path) -> None:
    edit(corpus_dir, file, old, new)
    found = problems(corpus_dir)
    assert any(problem.startswith(f"{where}:") and told in problem for problem in found), found


def test_the_line_told_is_that_of_the_breach(corpus_dir: Path) -> None:
    edit(corpus_dir, BOIS_FR, "du Nord.\n", "du Nord.\n\nElle a 77 amis.\n")
    edit(corpus_dir, BOIS_FR, "attribute: plant_cost", "attribute: plant_price")
    lines = (corpus_dir / BOIS_FR).read_text(encoding="utf-8").split("\n")
    told = {problem.message.split(":")[0]: lines[problem.line - 1] for problem in lint(read_corpus(corpus_dir), corpus_dir)}
    assert told["77"] == "Elle a 77 amis."
    assert told["attribute"] == "- attribute: plant_price"


@pytest.mark.parametrize("file", [BOIS_EN, "clusters/aqua_nord.fr.md"])
def test_a_missing_twin_is_told(file: str, corpus_dir: Path) -> None:
    (corpus_dir / file).unlink()
    assert any("has no twin in the other language" in problem for problem in problems(corpus_dir))


def test_a_repeated_paragraph_is_told_across_documents_whatever_its_case(corpus_dir: Path) -> None:
    for file, text in ((ARTICLE, LONG), ("clusters/aqua_nord.fr.md", LONG.upper())):
        path = corpus_dir / file
        path.write_text(path.read_text(encoding="utf-8") + f"\n{text}\n", encoding="utf-8")
    assert [problem.split(": ", 1)[1] for problem in problems(corpus_dir)] == [
        "this paragraph stands in 2020-02-01-journal-bois too"
    ]


def declare(corpus_dir: Path) -> None:
    (corpus_dir / "ambiguous.yaml").write_text("grappe bleue: [aqua_nord, bois_boreal]\n", encoding="utf-8")


def date_it(corpus_dir: Path) -> None:
    edit(corpus_dir, BOIS_FR, "Elle a 77 amis", "En mai, elle a 77 amis")


@pytest.mark.parametrize(
    ("old", "new", "mend"),
    [("- grappe de l’arbre", "- Grappe bleue", declare), ("du Nord.\n", "du Nord. Elle a 77 amis.\n", date_it)],
    ids=["a shared name that is declared", "a figure with a date"],
)
def test_what_is_mended_is_silent(old: str, new: str, mend: Callable[[Path], None], corpus_dir: Path) -> None:
    edit(corpus_dir, BOIS_FR, old, new)
    assert problems(corpus_dir) != []
    mend(corpus_dir)
    assert problems(corpus_dir) == []


def test_problems_are_in_order_of_file_and_line(corpus_dir: Path) -> None:
    for bad in BAD[1:3]:
        edit(corpus_dir, *bad[1:4])
    edit(corpus_dir, BOIS_EN, "had 45 members", "had some members")
    found = lint(read_corpus(corpus_dir), corpus_dir)
    assert found == sorted(found, key=lambda problem: (problem.file, problem.line))
    assert len({problem.file for problem in found}) == 3
