"""LlamaIndex: FAISS for the vectors, its BM25 retriever beside it, fused by reciprocal ranks without a language model.

Inner product instead of the page's L2: vectors have length 1, so the order is the same, and fusion sorts by falling score.
"""

from __future__ import annotations

import faiss
import Stemmer
from llama_index.core import Document as Node
from llama_index.core import StorageContext, VectorStoreIndex, load_index_from_storage
from llama_index.core.llms import MockLLM
from llama_index.core.node_parser import SentenceSplitter
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.embeddings.huggingface import HuggingFaceEmbedding
from llama_index.retrievers.bm25 import BM25Retriever
from llama_index.vector_stores.faiss import FaissVectorStore

from systems.parts import PASSAGE, QUERY, STEMMERS, Document, Job

CHUNK_TOKENS, OVERLAP = 512, 50  # the model reads no more than 512


class System:
    rebuilds = True  # its FAISS store can't delete, so a change is a whole new index

    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        self.model_folder = job.model
        self.lang = job.langs[0] if len(job.langs) == 1 else None

    def load(self) -> None:
        self.model = HuggingFaceEmbedding(self.model_folder, query_instruction=QUERY, text_instruction=PASSAGE, embed_batch_size=32)

    def build(self, documents: list[Document]) -> int:
        nodes = SentenceSplitter(chunk_size=CHUNK_TOKENS, chunk_overlap=OVERLAP).get_nodes_from_documents(
            [Node(text=one.whole, id_=one.id) for one in documents]
        )
        dimension = len(self.model.get_query_embedding("a"))
        context = StorageContext.from_defaults(vector_store=FaissVectorStore(faiss.IndexFlatIP(dimension)))
        index = VectorStoreIndex(nodes, storage_context=context, embed_model=self.model)
        index.storage_context.persist(str(self.folder / "vectors"))
        self._lexical(nodes).persist(str(self.folder / "bm25"))
        return len(nodes)

    def _lexical(self, nodes: list) -> BM25Retriever:
        if self.lang is None:
            return BM25Retriever.from_defaults(nodes=nodes, skip_stemming=True)
        return BM25Retriever.from_defaults(nodes=nodes, stemmer=Stemmer.Stemmer(STEMMERS[self.lang]), language=self.lang)

    def open(self) -> None:
        path = str(self.folder / "vectors")
        context = StorageContext.from_defaults(vector_store=FaissVectorStore.from_persist_dir(path), persist_dir=path)
        self.dense = load_index_from_storage(context, embed_model=self.model).as_retriever()
        self.lexical = BM25Retriever.from_persist_dir(str(self.folder / "bm25"))
        self.lexical.skip_stemming = self.lang is None  # neither is kept on disk
        if self.lang is not None:
            self.lexical.stemmer = Stemmer.Stemmer(STEMMERS[self.lang])
        self.fused = QueryFusionRetriever(
            [self.dense, self.lexical], llm=MockLLM(), num_queries=1, mode="reciprocal_rerank", use_async=False
        )

    def search(self, text: str, lang: str, k: int) -> list[tuple[str, float]]:
        self.dense.similarity_top_k = self.fused.similarity_top_k = k
        self.lexical.similarity_top_k = min(k, len(self.lexical.corpus))  # bm25s refuses more
        return [(one.node.ref_doc_id, float(one.score)) for one in self.fused.retrieve(text)]
