"""LangChain: FAISS and BM25Retriever in an EnsembleRetriever, half and half, texts split at 1,000 characters with 200 in common.

BM25Retriever has no folder of its own: it is made anew from the stored documents whenever the index is opened.
"""

from __future__ import annotations

from langchain_classic.retrievers import EnsembleRetriever
from langchain_community.retrievers import BM25Retriever
from langchain_community.vectorstores import FAISS
from langchain_community.vectorstores.utils import DistanceStrategy
from langchain_core.documents import Document as Chunk
from langchain_huggingface import HuggingFaceEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from nltk.tokenize import wordpunct_tokenize

from systems.parts import PASSAGE, QUERY, Document, Job


def words(text: str) -> list[str]:
    return wordpunct_tokenize(text.lower())


class System:
    def __init__(self, job: Job) -> None:
        self.path = str(job.folder / "faiss")
        self.model_folder = job.model
        self.splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)

    def load(self) -> None:
        self.model = HuggingFaceEmbeddings(
            model=self.model_folder,
            encode_kwargs={"prompt": PASSAGE, "normalize_embeddings": True},
            query_encode_kwargs={"prompt": QUERY, "normalize_embeddings": True},
        )

    def _chunks(self, documents: list[Document]) -> list[Chunk]:
        whole = [Chunk(page_content=one.whole, metadata={"document": one.id}) for one in documents]
        chunks = self.splitter.split_documents(whole)
        for number, chunk in enumerate(chunks):
            chunk.id = chunk.metadata["chunk"] = f"{chunk.metadata['document']}#{number}"
        return chunks

    def build(self, documents: list[Document]) -> int:
        chunks = self._chunks(documents)
        strategy = DistanceStrategy.MAX_INNER_PRODUCT
        self.store = FAISS.from_documents(chunks, self.model, ids=[one.id for one in chunks], distance_strategy=strategy)
        self.store.save_local(self.path)
        return len(chunks)

    def open(self) -> None:
        self.store = FAISS.load_local(
            self.path,
            self.model,
            allow_dangerous_deserialization=True,
            distance_strategy=DistanceStrategy.MAX_INNER_PRODUCT,
        )
        self._join()

    def _join(self) -> None:
        chunks = list(self.store.docstore._dict.values())
        self.lexical = BM25Retriever.from_documents(chunks, preprocess_func=words)
        self.dense = self.store.as_retriever()
        self.both = EnsembleRetriever(retrievers=[self.lexical, self.dense], weights=[0.5, 0.5], id_key="chunk")

    def search(self, text: str, lang: str, k: int) -> list[tuple[str, float]]:
        self.lexical.k = k
        self.dense.search_kwargs = {"k": k}
        found = self.both.invoke(text)[:k]
        return [(one.metadata["document"], -float(rank)) for rank, one in enumerate(found)]

    def change(self, documents: list[Document], changed: Document) -> None:
        old = [key for key, one in self.store.docstore._dict.items() if one.metadata["document"] == changed.id]
        self.store.delete(old)
        chunks = self._chunks([changed])
        self.store.add_documents(chunks, ids=[f"{one.id}-new" for one in chunks])
        self.store.save_local(self.path)
        self._join()
