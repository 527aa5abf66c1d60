"""The one place where the parts are put together."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clusterbot import bundled
from clusterbot.analysis import load_identifier
from clusterbot.answering import Abstention, Answer
from clusterbot.claims import Verdict
from clusterbot.clusters import Cluster
from clusterbot.compiled import CompiledEmbedder
from clusterbot.embedding import Embedder, has_tokens, open_embedder
from clusterbot.engine import BY_RULES, Engine, Weighing
from clusterbot.entailment import CrossEncoderModel, EntailmentJudge
from clusterbot.index import snapshot
from clusterbot.index.build import Recipe
from clusterbot.index.milvus import MilvusServer, server_at
from clusterbot.models import EVERYTHING, Filters, Lang, Vocabulary
from clusterbot.pair_compiling import ensure_claim_reader
from clusterbot.passages import PassageSettings
from clusterbot.ranking import Ranking, read_ranking
from clusterbot.settings import RULES, RULES_AND_READING, Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer or an abstention, with what made it."""

    result: Answer | Abstention
    index: str
    model: str
    elapsed_ms: float
    clusters: Mapping[str, Cluster]
    vocabulary: Vocabulary


@dataclass(frozen=True, slots=True)
class Check:
    """The verdicts on the claims of a text, in order, with what made them."""

    text: str
    lang: Lang
    verdicts: tuple[Verdict, ...]
    index: str
    model: str
    elapsed_ms: float
    clusters: Mapping[str, Cluster]
    vocabulary: Vocabulary


class Assistant:
    """Answers questions; a new version of the index replaces the old one between two questions, never within one."""

    def __init__(
        self,
        index_dir: Path,
        embedder: Embedder,
        ranking: Ranking,
        version: str | None = None,
        weighing: Weighing = BY_RULES,
        milvus: MilvusServer | None = None,
    ) -> None:
        """Load a version of the index, the live one unless named; what it takes otherwise is that of `Engine`."""
        self.index_dir = index_dir
        self._weighing = weighing
        self._milvus = milvus
        self._embedder = embedder
        self._ranking = ranking
        self.engine = Engine(snapshot.load(index_dir, version, milvus), embedder, ranking, weighing)

    @classmethod
    def open(cls, settings: Settings, progress: bundled.Progress | None = None) -> Assistant:
        """Load the live index and its model.

        Raises:
            IndexMissing, IndexMismatch, IndexCorrupt, IndexUnreachable, ModelUnavailable: as their texts say, with the cure.
        """
        snapshot.current_version(settings.index_dir)
        with ThreadPoolExecutor(1) as pool:
            # Half of its 0.4 s is decompression, which runs beside the loading of the model.
            languages = pool.submit(load_identifier)
            embedder = open_embedder(settings.model, settings.cache_dir, progress, settings.compiled, settings.late_interaction)
            ranking = read_ranking(has_tokens(embedder))
            milvus = server_at(settings.milvus_uri, settings.milvus_token)
            opened = cls(settings.index_dir, embedder, ranking, weighing=open_weighing(settings, embedder), milvus=milvus)
            languages.result()
        return opened

    def ask(
        self,
        text: str,
        context: Sequence[str] = (),
        lang: Lang | None = None,
        filters: Filters = EVERYTHING,
        default_lang: Lang | None = None,
    ) -> Reply:
        """Answer a question; `context` holds the earlier questions of the conversation, oldest first.

        `default_lang` is the reader's language, for where neither the question nor the conversation tells one.

        Raises:
            UsageError: the question can't be taken.
            ClusterUnknown: `filters` name no cluster of the index.
        """
        engine, started = self.engine, time.perf_counter()
        result = engine.ask(text, context, lang, filters, default_lang)
        manifest = engine.snapshot.manifest
        elapsed_ms = 1000 * (time.perf_counter() - started)
        model = f"{manifest.model}@{manifest.revision}"
        clusters, vocabulary = engine.registry.clusters, engine.snapshot.tables.vocabulary
        return Reply(result, manifest.version, model, elapsed_ms, clusters, vocabulary)

    def check(self, text: str, context: Sequence[str] = (), lang: Lang | None = None, default_lang: Lang | None = None) -> Check:
        """Weigh the claims of a text against the sources; `context` holds the earlier sentences of the conversation.

        Raises:
            UsageError: the text can't be taken.
        """
        engine, started = self.engine, time.perf_counter()
        verdicts = engine.check(text, context, lang, default_lang)
        manifest = engine.snapshot.manifest
        elapsed_ms = 1000 * (time.perf_counter() - started)
        model = f"{manifest.model}@{manifest.revision}"
        clusters, vocabulary = engine.registry.clusters, engine.snapshot.tables.vocabulary
        return Check(text, verdicts[0].lang, verdicts, manifest.version, model, elapsed_ms, clusters, vocabulary)

    @property
    def model(self) -> str:
        """The model that answers, `name@revision`."""
        return f"{self._embedder.name}@{self._embedder.revision}"

    def question_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return the vectors of questions: float32 (n, d), rows of length 1."""
        return self._embedder.embed_queries(texts)

    def at(self, version: str) -> Assistant:
        """Return an assistant that answers from another version of the index, which must still be kept.

        Raises:
            IndexMissing, IndexMismatch, IndexCorrupt, IndexUnreachable: as their texts say, with the cure.
        """
        return Assistant(self.index_dir, self._embedder, self._ranking, version, self._weighing, self._milvus)

    def reload(self) -> bool:
        """Take up the live version, warm; say whether it is another one."""
        if snapshot.current_version(self.index_dir) == self.engine.snapshot.manifest.version:
            return False
        loaded = snapshot.load(self.index_dir, milvus=self._milvus)
        engine = Engine(loaded, self._embedder, self._ranking, self._weighing)
        engine.reader.warm()
        self.engine = engine
        return True

    def warm(self) -> None:
        """Read what the first questions would have to: half a second, for a process that answers many; make what reads claims."""
        self.engine.reader.warm()
        self.engine.reading()


def open_weighing(settings: Settings, embedder: Embedder) -> Weighing:
    """Return what weighs claims as the settings say; only the bundled model, compiled, can read what the rules leave open."""
    if settings.judge not in (RULES, RULES_AND_READING):
        return Weighing(judge=EntailmentJudge(CrossEncoderModel(settings.judge)))
    if settings.judge == RULES or not isinstance(embedder, CompiledEmbedder):
        return BY_RULES
    return Weighing(reading=cache(partial(ensure_claim_reader, embedder, settings.cache_dir)))


def recipe(ranking: Ranking) -> Recipe:
    """Return how the index is made: passage settings and calibration."""
    return Recipe(PassageSettings(), ranking.calibration, ranking.calibrated_for)
