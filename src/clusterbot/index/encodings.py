"""The passages of a build and their encodings, a window at a time: what is known is read, the rest is embedded once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from clusterbot.compiled import Encoding
from clusterbot.embedding import Embedder, has_tokens
from clusterbot.index.table import PassageTable
from clusterbot.index.vectors import VectorCache, vector_key
from clusterbot.models import Lang
from clusterbot.passages import context_of, quotable

SLICE = 256  # texts embedded between two moments at which a killed build has lost nothing
WINDOW = 4096  # passages held at once, and embedded by length: encodings with tokens 45 MB, texts with those of sentences 12 MB
QUESTION_WORDS = 12  # of a passage, to ask with: as many as our test questions have

Progress = Callable[[int, int], None]


class PassageEncodings:
    """The passages of a build; their texts are made, and their encodings read, a window at a time."""

    def __init__(self, table: PassageTable, names: dict[Lang, dict[str, str]], embedder: Embedder, cache: VectorCache) -> None:
        self.table = table
        self._names = names
        self._embedder = embedder
        self._cache = cache
        self._dimensions = embedder.dimension, embedder.token_dimension if has_tokens(embedder) else 0
        # Asked for again and again within a window, and of a corpus of one window, by all stages of a build.
        self._text_of = lru_cache(maxsize=WINDOW)(self._make_text)
        self._sentences_of = lru_cache(maxsize=WINDOW)(self._split)
        self._missing = lru_cache(maxsize=1)(self._find_missing)
        self._missing_sentences = lru_cache(maxsize=1)(self._find_missing_sentences)

    def texts(self, window: range) -> Iterator[tuple[str, int]]:
        """Yield what is embedded and indexed of passages, and where in it the passage itself begins."""
        return map(self._text_of, window)

    def _make_text(self, row: int) -> tuple[str, int]:
        passage = self.table[row]
        context = context_of(passage, self._names[passage.document.lang])
        return f"{context}\n{passage.text}", len(context) + 1

    def embed(self, progress: Progress | None, rows: Iterable[range]) -> int:
        """Embed what no earlier build did of some rows; return how many passages that is, those with the same text counted each.

        Where passages have token vectors, their sentences are embedded as well, each by itself.
        """
        windows = [window for some in rows for window in windows_of(some)]
        passages = [self._missing(window)[1] for window in windows]
        counts = [own + len(self._missing_sentences(window)) for own, window in zip(passages, windows, strict=True)]
        tell = progress or (lambda done, total: None)
        done = 0
        for window, count in zip(windows, counts, strict=True):
            if count:
                self._embed(window, partial(_ahead, lambda part: tell(part, sum(counts)), done))
                done += count
                tell(done, sum(counts))
        return sum(passages)

    def queries(self, rows: range, most: int) -> NDArray[np.float32]:
        """Return the vectors of words that stand in passages, encoded as questions are: of so many rows at most."""
        drawn = np.sort(np.random.default_rng(0).permutation(rows)[:most]).tolist()
        return self._embedder.embed_queries([" ".join(self.table[row].text.split()[:QUESTION_WORDS]) for row in drawn])

    def encodings(self, window: range) -> Iterator[tuple[Encoding, int]]:
        """Yield the encodings of passages, and where in their texts the passages themselves begin."""
        texts = list(self.texts(window))
        keys = [vector_key(self._embedder.fingerprint, text) for text, _ in texts]
        known = self._cache.get(keys, *self._dimensions)
        yield from ((known[key], offset) for key, (_, offset) in zip(keys, texts, strict=True))

    def sentences(self, window: range) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int32]]]:
        """Yield the vectors of each passage's sentences, float32 (s, d), and where in it they begin and end, int32 (s, 2)."""
        read = [self._sentences_of(row) for row in window]
        keys = [[self._sentence_key(text) for text, _ in row] for row in read]
        known = self._cache.get([key for row in keys for key in row], *self._dimensions)
        for row, own in zip(read, keys, strict=True):
            vectors = np.array([known[key].vector for key in own], np.float32).reshape(len(row), self._embedder.dimension)
            yield vectors, np.array([span for _, span in row], np.int32).reshape(len(row), 2)

    def _split(self, row: int) -> list[tuple[str, tuple[int, int]]]:
        """Return the sentences of a passage that can be quoted, and where in it each begins and ends."""
        passage = self.table[row]
        text, start = passage.document.text, passage.start
        return [(text[one.start : one.end], (one.start - start, one.end - start)) for one in quotable(passage)]

    def _sentence_key(self, text: str) -> bytes:
        return vector_key(self._embedder.fingerprint, f"sentence\0{text}")

    def _find_missing_sentences(self, window: range) -> dict[bytes, str]:
        """Return the sentences that aren't known by their keys; none where passages have no token vectors."""
        if not has_tokens(self._embedder):
            return {}
        texts = {self._sentence_key(text): text for row in window for text, _ in self._sentences_of(row)}
        known = self._cache.known(list(texts), *self._dimensions)
        return {key: text for key, text in texts.items() if key not in known}

    def _find_missing(self, window: range) -> tuple[dict[bytes, str], int]:
        """Return the texts that aren't known by their keys, and how many passages have them."""
        texts = {row: text for row, (text, _) in zip(window, self.texts(window), strict=True)}
        keys = {row: vector_key(self._embedder.fingerprint, text) for row, text in texts.items()}
        known = self._cache.known(list(keys.values()), *self._dimensions)
        missing = [row for row, key in keys.items() if key not in known]
        return {keys[row]: texts[row] for row in missing}, len(missing)

    def _embed(self, window: range, progress: Callable[[int], None]) -> None:
        sentences = self._missing_sentences(window)
        todo = sorted((self._missing(window)[0] | sentences).items(), key=lambda item: len(item[1]))
        for first in range(0, len(todo), SLICE):
            batch = todo[first : first + SLICE]
            fresh = _encode([text for _, text in batch], self._embedder, partial(_ahead, progress, first))
            kept = (
                (key, Encoding(one.vector, one.codes[:0], one.begins[:0]) if key in sentences else one)
                for (key, _), one in zip(batch, fresh, strict=True)
            )
            self._cache.put(kept)


def _ahead(progress: Callable[[int], None], before: int, done: int) -> None:
    """Tell progress of a part that comes after others."""
    progress(before + done)


def windows_of(rows: range) -> list[range]:
    """Return the windows of rows."""
    return [rows[start : start + WINDOW] for start in range(0, len(rows), WINDOW)]


def _encode(texts: list[str], embedder: Embedder, progress: Callable[[int], None]) -> list[Encoding]:
    if has_tokens(embedder):
        return embedder.encode_passages(texts, progress)
    codes, begins = np.empty((0, 0), np.int8), np.empty(0, np.int32)
    return [Encoding(vector, codes, begins) for vector in embedder.embed_passages(texts, progress)]
