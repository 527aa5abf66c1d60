"""bm25s by hand: Lucene's BM25, the stop words and the Snowball stemmer of each text's language (which it is told)."""

from __future__ import annotations

import json

import bm25s
import Stemmer

from systems.parts import STEMMERS, Document, Job


class System:
    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        self.stemmers = {lang: Stemmer.Stemmer(name) for lang, name in STEMMERS.items()}

    def load(self) -> None:
        """Nothing: there is no model."""

    def _terms(self, texts: list[str], lang: str) -> list[list[str]]:
        return bm25s.tokenize(texts, stopwords=lang, stemmer=self.stemmers[lang], return_ids=False, show_progress=False)

    def build(self, documents: list[Document]) -> int:
        terms: list[list[str]] = [[] for _ in documents]
        for lang in {one.lang for one in documents}:
            rows = [row for row, one in enumerate(documents) if one.lang == lang]
            for row, found in zip(rows, self._terms([documents[row].whole for row in rows], lang), strict=True):
                terms[row] = found
        index = bm25s.BM25()
        index.index(terms, show_progress=False)
        index.save(self.folder / "bm25")
        (self.folder / "documents.json").write_text(json.dumps([[one.id, one.whole] for one in documents]), encoding="utf-8")
        return len(documents)

    def open(self) -> None:
        self.index = bm25s.BM25.load(self.folder / "bm25")
        self.ids = [one[0] for one in json.loads((self.folder / "documents.json").read_text(encoding="utf-8"))]

    def search(self, text: str, lang: str, k: int) -> list[tuple[str, float]]:
        rows, scores = self.index.retrieve(self._terms([text], lang), k=min(k, len(self.ids)), show_progress=False)
        return [(self.ids[row], float(score)) for row, score in zip(rows[0], scores[0], strict=True) if score > 0]

    def change(self, documents: list[Document], changed: Document) -> None:
        self.build([changed if one.id == changed.id else one for one in documents])
        self.open()
