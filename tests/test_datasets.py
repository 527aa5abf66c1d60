from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from clusterbot.corpus import corpus_files, read_document
from clusterbot.datasets import read_dataset
from clusterbot.errors import EvaluationError
from clusterbot.evaluation import holds_answer

QUERY = {"_id": "q1", "text": "Combien de membres ?", "lang": "fr", "answerable": True, "answers": ["45"]}


def write(folder: Path, name: str, lines: list[object], packed: bool = False) -> None:
    folder.mkdir(exist_ok=True)
    text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
    if packed:
        (folder / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    else:
        (folder / name).write_text(text, encoding="utf-8")


@pytest.mark.parametrize("packed", [True, False])
def test_a_set_is_read_packed_or_not(tmp_path: Path, packed: bool) -> None:
    write(tmp_path, "queries.jsonl", [QUERY], packed)
    write(tmp_path, "corpus.jsonl", [{"_id": "d1", "title": "", "text": "45 membres.", "lang": "fr"}], packed)
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t2\n", encoding="utf-8")
    dataset = read_dataset(tmp_path)
    assert [query.text for query in dataset.queries] == ["Combien de membres ?"]
    assert [(document.id, document.text) for document in dataset.documents] == [("d1", "45 membres.")]
    assert dataset.qrels == {"q1": {"d1": 2.0}}


def test_the_digest_tells_another_judgement_but_not_another_readme(tmp_path: Path) -> None:
    write(tmp_path, "queries.jsonl", [QUERY])
    first = read_dataset(tmp_path).digest
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    assert read_dataset(tmp_path).digest == first
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\n", encoding="utf-8")
    assert read_dataset(tmp_path).digest != first


def test_claims_alone_make_a_set_without_queries(tmp_path: Path) -> None:
    write(tmp_path, "claims.jsonl", [{"_id": "c1", "claim": "X", "lang": "en", "label": "REFUTED"}])
    assert read_dataset(tmp_path).queries == ()


def test_evidence_is_read_in_each_form_that_public_sets_have(tmp_path: Path) -> None:
    evidence = [{"text": "A."}, {"doc_id": "d1", "sentences": ["B.", "C."]}, {"document_id": "d2", "quote": "D."}, {"doc_id": "d3"}]
    row = {"_id": "c1", "claim": "X", "lang": "en", "label": "SUPPORTS", "evidence": evidence, "cited_doc_ids": ["d0"]}
    write(tmp_path, "claims.jsonl", [row])
    (claim,) = read_dataset(tmp_path).claims
    assert (claim.label, claim.given, claim.cited) == ("supported", ("A.", "B. C.", "D."), ("d0", "d1", "d2", "d3"))


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"_id": "c1", "text": "X", "lang": "en", "label": "REFUTED"}, "claims.jsonl:1: `_id` and `claim` are needed"),
        (
            {"_id": "c1", "claim": "X", "lang": "en", "label": "MAYBE"},
            "c1: label must be one of SUPPORTED, REFUTED, NOT_ENOUGH_INFO",
        ),
    ],
)
def test_a_broken_claim_is_told_with_its_place(tmp_path: Path, row: dict[str, str], told: str) -> None:
    write(tmp_path, "claims.jsonl", [row])
    with pytest.raises(EvaluationError, match=told.replace(".", r"\.")):
        read_dataset(tmp_path)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "holds no queries.jsonl"),
        (["{not json\n"], "queries.jsonl:1"),
        ([QUERY, '{"_id": "q2"}\n'], "queries.jsonl:2: `_id` and `text` are needed"),
        ([{**QUERY, "lang": "de"}], "lang must be one of fr, en"),
    ],
)
def test_a_broken_set_is_told_with_its_place(tmp_path: Path, lines: list[object], told: str) -> None:
    write(tmp_path, "queries.jsonl" if lines else "other.jsonl", lines)
    with pytest.raises(EvaluationError, match=told.replace(".", r"\.")):
        read_dataset(tmp_path)


def test_a_judgement_without_tabs_is_told_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "queries.jsonl", [QUERY])
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1 d1 1\n", encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"qrels\.tsv:2"):
        read_dataset(tmp_path)


def test_the_projects_own_questions_can_be_read_and_their_judgements_point_to_documents(real_corpus_dir: Path) -> None:
    known = {path.name.removesuffix(".md") for path in real_corpus_dir.glob("*/*.md")}
    for name in (".", "tuning", "tuning_more", "blind", "blind_2"):
        dataset = read_dataset(Path(__file__).parent / "evaluation" / name)
        judged = {document for relevant in dataset.qrels.values() for document in relevant}
        assert judged <= known
        assert {query.id for query in dataset.queries if query.answerable} == set(dataset.qrels)


def test_each_span_and_each_judged_document_of_our_later_questions_holds_an_answer(real_corpus_dir: Path) -> None:
    documents = [read_document(path, real_corpus_dir) for path in corpus_files(real_corpus_dir)]
    texts = {document.id: document.text for document in documents}
    for name in ("tuning_more", "blind", "blind_2"):
        dataset = read_dataset(Path(__file__).parent / "evaluation" / name)
        for query in (one for one in dataset.queries if one.answerable):
            judged = dataset.qrels[query.id]
            if name != "blind_2":  # there, a page may be judged for what it leaves to be concluded
                assert all(holds_answer(texts[document], query.answers) for document in judged), query.id
            assert all(any(holds_answer(texts[document], [answer]) for document in judged) for answer in query.answers), query.id
