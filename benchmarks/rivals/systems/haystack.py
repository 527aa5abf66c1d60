"""Haystack: the pipeline of its tutorial on hybrid retrieval (in-memory store, BM25, embeddings, joined by reciprocal ranks), less
the cross-encoder at its end, for which there are no weights here."""

from __future__ import annotations

from haystack import Document as Piece
from haystack import Pipeline
from haystack.components.joiners import DocumentJoiner
from haystack.components.preprocessors import DocumentSplitter
from haystack.components.retrievers.in_memory import InMemoryBM25Retriever, InMemoryEmbeddingRetriever
from haystack.document_stores.in_memory import InMemoryDocumentStore
from haystack.document_stores.types import DuplicatePolicy
from haystack_integrations.components.embedders.sentence_transformers import (
    SentenceTransformersDocumentEmbedder,
    SentenceTransformersTextEmbedder,
)

from systems.parts import PASSAGE, QUERY, Document, Job


class System:
    def __init__(self, job: Job) -> None:
        self.path = str(job.folder / "store.json")
        self.model_folder = job.model
        self.splitter = DocumentSplitter(split_by="word", split_length=512, split_overlap=32)

    def load(self) -> None:
        given = {"model": self.model_folder, "normalize_embeddings": True, "progress_bar": False}
        self.passages = SentenceTransformersDocumentEmbedder(prefix=PASSAGE, **given)
        self.queries = SentenceTransformersTextEmbedder(prefix=QUERY, **given)
        for part in (self.splitter, self.passages, self.queries):
            if hasattr(part, "warm_up"):
                part.warm_up()

    def _pieces(self, documents: list[Document]) -> list[Piece]:
        whole = [Piece(content=one.whole, meta={"document": one.id}) for one in documents]
        split = self.splitter.run(documents=whole)["documents"]
        return self.passages.run(documents=split)["documents"]

    def build(self, documents: list[Document]) -> int:
        store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
        pieces = self._pieces(documents)
        store.write_documents(pieces)
        store.save_to_disk(self.path)
        return len(pieces)

    def open(self) -> None:
        self.store = InMemoryDocumentStore.load_from_disk(self.path)
        self.pipeline = Pipeline()
        self.pipeline.add_component("embedder", self.queries)
        self.pipeline.add_component("dense", InMemoryEmbeddingRetriever(self.store))
        self.pipeline.add_component("lexical", InMemoryBM25Retriever(self.store))
        self.pipeline.add_component("joiner", DocumentJoiner(join_mode="reciprocal_rank_fusion"))
        self.pipeline.connect("embedder", "dense")
        self.pipeline.connect("lexical", "joiner")
        self.pipeline.connect("dense", "joiner")

    def search(self, text: str, lang: str, k: int) -> list[tuple[str, float]]:
        given = {"embedder": {"text": text}, "dense": {"top_k": k}, "lexical": {"query": text, "top_k": k}, "joiner": {"top_k": k}}
        found = self.pipeline.run(given)["joiner"]["documents"]
        return [(one.meta["document"], float(one.score)) for one in found]

    def change(self, documents: list[Document], changed: Document) -> None:
        old = self.store.filter_documents({"field": "meta.document", "operator": "==", "value": changed.id})
        self.store.delete_documents([one.id for one in old])
        self.store.write_documents(self._pieces([changed]), policy=DuplicatePolicy.OVERWRITE)
        self.store.save_to_disk(self.path)
