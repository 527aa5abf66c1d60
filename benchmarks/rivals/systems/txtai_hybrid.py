"""txtai: hybrid search with stored content, as its page on embeddings has it; its default keyword scoring and weights."""

from __future__ import annotations

from txtai import Embeddings

from systems.parts import PASSAGE, QUERY, Document, Job


class System:
    def __init__(self, job: Job) -> None:
        self.path = str(job.folder / "index")
        self.model_folder = job.model

    def load(self) -> None:
        instructions = {"query": QUERY, "data": PASSAGE}
        self.index = Embeddings(path=self.model_folder, instructions=instructions, hybrid=True, content=True)

    def build(self, documents: list[Document]) -> int:
        self.index.index([(one.id, one.whole, None) for one in documents])
        self.index.save(self.path)
        return len(documents)

    def open(self) -> None:
        self.index.load(self.path)

    def search(self, text: str, lang: str, k: int) -> list[tuple[str, float]]:
        return [(one["id"], one["score"]) for one in self.index.search(text, k)]

    def change(self, documents: list[Document], changed: Document) -> None:
        self.index.upsert([(changed.id, changed.whole, None)])
        self.index.save(self.path)
