"""Evaluation data: directories of passages, queries, judgements and claims, read as they are."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from clusterbot.errors import EvaluationError
from clusterbot.models import LANGUAGES, Document, Lang

Qrels = dict[str, dict[str, float]]


@dataclass(frozen=True, slots=True)
class TestQuery:
    """A query with what is known of its answer; `answers` are strings of which one stands in an answering sentence."""

    __test__ = False

    id: str
    text: str
    lang: Lang
    answerable: bool
    answers: tuple[str, ...]


Label = Literal["supported", "contradicted", "not_covered"]
_LABELS: dict[str, Label] = {
    "SUPPORTED": "supported",
    "SUPPORTS": "supported",
    "REFUTED": "contradicted",
    "REFUTES": "contradicted",
}
_LABELS["NOT_ENOUGH_INFO"] = "not_covered"


@dataclass(frozen=True, slots=True)
class TestClaim:
    """A claim with its label: `given` are the texts that decide it, `cited` the documents that hold them or are near."""

    __test__ = False

    id: str
    text: str
    lang: Lang
    label: Label
    kind: str
    given: tuple[str, ...]
    cited: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """An evaluation set; `documents` is empty where it is asked of the project's own corpus."""

    name: str
    documents: tuple[Document, ...]
    queries: tuple[TestQuery, ...]
    qrels: Qrels
    other_language_qrels: Qrels
    digest: str
    claims: tuple[TestClaim, ...] = ()


def read_dataset(folder: Path) -> Dataset:
    """Read a data set directory.

    Raises:
        EvaluationError: it has no queries, or a line of it can't be read.
    """
    queries = []
    for row in _rows(folder, "queries.jsonl"):
        lang = _lang(row, folder)
        answers = tuple(str(answer) for answer in row.get("answers", ()))
        queries.append(TestQuery(str(row["_id"]), str(row["text"]), lang, bool(row.get("answerable", True)), answers))
    if not queries and not any((folder / name).exists() for name in ("claims.jsonl", "claims.jsonl.gz")):
        raise EvaluationError(f"{folder} holds no queries.jsonl and no claims.jsonl: name a folder of evaluation data")
    documents = tuple(_document(row, _lang(row, folder)) for row in _rows(folder, "corpus.jsonl") if str(row["text"]).strip())
    qrels, other = _qrels(folder, "qrels.tsv"), _qrels(folder, "qrels_xl.tsv")
    claims = tuple(_claim(row, folder) for row in _rows(folder, "claims.jsonl", "claim"))
    return Dataset(folder.name, documents, tuple(queries), qrels, other, _digest(folder), claims)


def claims_digest(folder: Path) -> str:
    """Return a digest of a set's claims, by which verdicts are judged; rankings aren't."""
    paths = sorted(path for path in folder.iterdir() if path.name.startswith("claims.jsonl"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest() if paths else ""


def _claim(row: dict[str, Any], folder: Path) -> TestClaim:
    """Read a claim; each piece of evidence gives its text, its sentences, a quotation or its document's id."""
    if row.get("label") not in _LABELS:
        raise EvaluationError(f"{folder}: {row['_id']}: label must be one of SUPPORTED, REFUTED, NOT_ENOUGH_INFO")
    given, cited = [], [str(one) for one in row.get("cited_doc_ids", ())]
    for piece in row.get("evidence", ()):
        text = piece.get("text") or piece.get("quote") or " ".join(piece.get("sentences", ()))
        given += [str(text)] if text else []
        cited += [str(one) for key in ("doc_id", "document_id") if (one := piece.get(key))]
    told = str(row["claim"])
    return TestClaim(
        str(row["_id"]), told, _lang(row, folder), _LABELS[row["label"]], str(row.get("kind", "")), tuple(given), tuple(cited)
    )


def _document(row: dict[str, Any], lang: Lang) -> Document:
    text = str(row["text"])
    title = " ".join(str(row.get("title") or "").split()) or " ".join(text.split())
    return Document(
        id=str(row["_id"]),
        kind="article",
        title=title[:500],
        lang=lang,
        url="https://example.org/",
        publisher="evaluation data",
        retrieved="2026",
        licence="see the data set",
        text=text,
    )


def _rows(folder: Path, name: str, told: str = "text") -> Iterator[dict[str, Any]]:
    path = next((path for path in (folder / f"{name}.gz", folder / name) if path.exists()), None)
    if path is None:
        return
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                row = json.loads(line)
                if not {"_id", told} <= row.keys():
                    raise EvaluationError(f"{path}:{number}: `_id` and `{told}` are needed")
                yield row
    except (OSError, ValueError, AttributeError, EOFError) as error:
        raise EvaluationError(f"{path}:{number or 1}: can't be read: {error}") from error


def _lang(row: dict[str, Any], folder: Path) -> Lang:
    for lang in LANGUAGES:
        if row.get("lang") == lang:
            return lang
    raise EvaluationError(f"{folder}: {row['_id']}: lang must be one of {', '.join(LANGUAGES)}")


def _qrels(folder: Path, name: str) -> Qrels:
    qrels: Qrels = defaultdict(dict)
    path = folder / name
    if path.exists():
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()[1:], start=2):
            try:
                query_id, document_id, score = line.split("\t")
                qrels[query_id][document_id] = float(score)
            except ValueError:
                raise EvaluationError(
                    f"{path}:{number}: three fields between tabs are needed: query-id, corpus-id, score"
                ) from None
    return dict(qrels)


def _digest(folder: Path) -> str:
    """Return a digest of what rankings are judged by; whatever else lies beside it doesn't count."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.iterdir() if path.name.startswith(("corpus.jsonl", "queries.jsonl", "qrels"))):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
