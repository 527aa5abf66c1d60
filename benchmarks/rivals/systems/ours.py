"""clusterbot as it ships. `ask` is the whole question: the ranking, the sentences that answer, and whether they do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from clusterbot.analysis import load_identifier
from clusterbot.assistant import recipe
from clusterbot.corpus import Corpus, read_corpus
from clusterbot.embedding import has_tokens, open_embedder
from clusterbot.engine import SEARCHED, Engine
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.models import Document as Source
from clusterbot.questions import understand
from clusterbot.ranking import read_ranking
from clusterbot.settings import read_settings
from systems.parts import Document, Job


def source(one: Document) -> Source:
    """Make a document as an evaluation does: no clusters, no facts."""
    known = {"kind": "article", "url": "https://example.org/", "publisher": "evaluation data", "retrieved": "2026"}
    return Source(id=one.id, title=one.title, lang=one.lang, licence="see the data set", text=one.text, **known)


class System:
    def __init__(self, job: Job) -> None:
        self.folder = job.folder
        self.corpus = Path(job.corpus) if job.corpus else None

    def load(self) -> None:
        settings = read_settings()
        with ThreadPoolExecutor(1) as pool:  # as `clusterbot ask` does it
            languages = pool.submit(load_identifier)
            self.embedder = open_embedder(settings.model, settings.cache_dir, None, settings.compiled, settings.late_interaction)
            languages.result()
        self.ranking = read_ranking(has_tokens(self.embedder))

    def build(self, documents: list[Document]) -> int:
        corpus = read_corpus(self.corpus) if self.corpus else Corpus(tuple(map(source, documents)))
        return build_index(corpus, self.folder, self.embedder, recipe(self.ranking)).passages

    def open(self) -> None:
        self.engine = Engine(snapshot.load(self.folder), self.embedder, self.ranking)
        self.engine.reader.warm()  # as the bot does at its start

    def search(self, text: str, lang: str, k: int) -> list[tuple[str, float]]:
        question = understand(text, self.engine.registry)
        query = self.engine.retriever.query(question.query, question.lang, question.cluster_ids, question.words)
        return [(hit.passage.document.id, hit.score) for hit in self.engine.retriever.search(query, max(k, SEARCHED))]

    def ask(self, text: str, lang: str) -> None:
        self.engine.ask(text, (), None)

    def change(self, documents: list[Document], changed: Document) -> None:
        self.build([changed if one.id == changed.id else one for one in documents])
        self.open()
