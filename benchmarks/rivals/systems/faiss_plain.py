"""sentence-transformers and FAISS by hand: one vector for a document, exact inner product. `encode_query` and `encode_document`
as its documentation has them."""

from __future__ import annotations

import json

import faiss
import numpy as np
from sentence_transformers import SentenceTransformer

from systems.parts import Document, Job


class System:
    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        self.model_folder = job.model

    def load(self) -> None:
        self.model = SentenceTransformer(self.model_folder)

    def build(self, documents: list[Document]) -> int:
        vectors = self.model.encode_document([one.whole for one in documents], normalize_embeddings=True)
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(vectors)
        self._save(index, [one.id for one in documents], [one.whole for one in documents])
        return len(documents)

    def _save(self, index: faiss.Index, ids: list[str], texts: list[str]) -> None:
        faiss.write_index(index, str(self.folder / "vectors.faiss"))
        (self.folder / "documents.json").write_text(json.dumps([ids, texts]), encoding="utf-8")

    def open(self) -> None:
        self.index = faiss.read_index(str(self.folder / "vectors.faiss"))
        self.ids, self.texts = json.loads((self.folder / "documents.json").read_text(encoding="utf-8"))

    def search(self, text: str, lang: str, k: int) -> list[tuple[str, float]]:
        vector = self.model.encode_query([text], normalize_embeddings=True)
        scores, rows = self.index.search(vector, min(k, self.index.ntotal))
        return [(self.ids[row], float(score)) for row, score in zip(rows[0], scores[0], strict=True)]

    def change(self, documents: list[Document], changed: Document) -> None:
        row = self.ids.index(changed.id)
        vectors = self.index.reconstruct_n(0, self.index.ntotal)
        vectors[row] = self.model.encode_document([changed.whole], normalize_embeddings=True)[0]
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors))
        self.texts[row] = changed.whole
        self._save(index, self.ids, self.texts)
        self.open()
