"""Documents and encodings made by rule from real ones, for sizes at which encoding for real takes hours.

Documents: sentences of our own articles and overviews, drawn by a seeded generator; each document has a title, a date and, half of
them, a cluster of its own. Our own corpus is always among them, encoded for real.

Vectors: those of real sentences of the same language, mixed and perturbed:

    m + sqrt(1 - b^2) ((1 - w) (s - m) + w (s' - m)) + b e, scaled to length 1

with s a sentence's vector, s' one of its ten nearest, w uniform in 0 to 0.3, m the mean, e normal with their covariance, b = 0.6.
`scale.py DIR --real SET...` says how near the neighbours of such vectors come to those of real ones. Token codes are runs of real
sentences' codes, one code for 4.8 characters as in our corpus. Everything follows from the text alone.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from clusterbot.compiled import Encoding
from clusterbot.corpus import read_corpus
from clusterbot.index.neighbours import nearest
from clusterbot.models import LANGUAGES, Document, Lang
from clusterbot.text import split_sentences

OWN = Path(__file__).parent.parent / "corpus"
SEED = 20261128
NEAREST, MIXED, NOISE = 10, 0.3, 0.6
NOISES = 16_384  # of which two make one: enough for a hundred million
CHARACTERS = 4.8  # of a token
MADE = {"fr": "Dossier", "en": "File"}  # the first word of the title of what is made


def own_sentences() -> dict[Lang, list[str]]:
    """Return the sentences of our articles and overviews, by language."""
    own = [one for one in read_corpus(OWN).documents if one.kind != "profile"]
    return {
        lang: [
            document.text[one.start : one.end]
            for document in own
            if document.lang == lang
            for one in split_sentences(document.text, lang)
            if not one.is_heading and one.end - one.start > 40
        ]
        for lang in LANGUAGES
    }


def make_documents(count: int, length: int) -> Iterator[Document]:
    """Yield documents of so many sentences each, in both languages by turns."""
    draw, sentences = random.Random(SEED), own_sentences()
    clusters = sorted({one.cluster_id for one in read_corpus(OWN).documents if one.kind == "profile"})
    for number in range(count):
        lang = LANGUAGES[number % 2]
        yield Document(
            id=f"made-{number:07}",
            kind="article",
            title=f"{MADE[lang]} {number}",
            lang=lang,
            url=f"https://example.org/{number}",
            publisher="benchmark",
            published=f"{draw.randrange(2005, 2027)}-{draw.randrange(1, 13):02}",
            retrieved="2026-11-28",
            clusters=(draw.choice(clusters),) if draw.random() < 0.5 else (),
            licence="CC BY 4.0",
            text=" ".join(draw.choices(sentences[lang], k=length)),
        )


class Rule:
    """Vectors and token codes after those of real sentences of one language."""

    def __init__(self, sentences: Sequence[Encoding]) -> None:
        vectors = np.array([one.vector for one in sentences], np.float32)
        self._mean = vectors.mean(axis=0)
        self._vectors = vectors - self._mean
        self._near = nearest(vectors, vectors, NEAREST + 1)[0][:, 1:]
        lower = np.linalg.cholesky(np.cov(self._vectors.T) + 1e-7 * np.eye(vectors.shape[1]))
        drawn = np.random.default_rng(SEED).normal(size=(NOISES, vectors.shape[1]))
        self._noises = (NOISE * drawn @ lower.T / np.sqrt(2)).astype(np.float32)
        self._codes = np.concatenate([one.codes for one in sentences])

    def vectors(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of texts: float32 (n, d), rows of length 1."""
        drawn = np.array([_numbers(text) for text in texts])
        first = drawn[:, 0] % len(self._vectors)
        second = self._near[first, drawn[:, 1] % NEAREST]
        share = (MIXED * (drawn[:, 2] / 2**32))[:, np.newaxis].astype(np.float32)
        mixed = (1 - share) * self._vectors[first] + share * self._vectors[second]
        made = self._mean + np.float32(np.sqrt(1 - NOISE**2)) * mixed
        made += self._noises[drawn[:, 3] % NOISES] + self._noises[drawn[:, 4] % NOISES]
        return made / np.linalg.norm(made, axis=1, keepdims=True)

    def codes(self, text: str, most: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the codes of a text's tokens and where they begin, at most so many."""
        count = min(max(1, round(len(text) / CHARACTERS)), most)
        first = _numbers(text)[5] % (len(self._codes) - count)
        return self._codes[first : first + count], np.linspace(0, len(text) - 1, count).astype(np.int32)


def _numbers(text: str) -> np.ndarray:
    return np.frombuffer(hashlib.sha256(text.encode()).digest(), np.uint32).astype(np.int64)


class MadeEmbedder:
    """The real embedder for questions and our own passages; a rule for what is made. `tokens`: the most codes of a made passage."""

    def __init__(self, real: object, rules: dict[Lang, Rule], tokens: int) -> None:
        self._real, self._rules, self._tokens = real, rules, tokens
        self.name, self.revision = real.name, real.revision
        self.dimension, self.token_dimension = real.dimension, real.token_dimension
        self.fingerprint = hashlib.sha256(f"{real.fingerprint}\0{tokens}\0{__doc__}".encode()).hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._real.embed_queries(texts)

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        return self._real.encode_queries(texts)

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> np.ndarray:
        return np.array([one.vector for one in self.encode_passages(texts, progress)], np.float32)

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Encoding]:
        """Return encodings, of each text by the rule of its language, or for real."""
        found: list[Encoding | None] = [None] * len(texts)
        for lang, rule in self._rules.items():
            places = [place for place, text in enumerate(texts) if text.startswith(f"{MADE[lang]} ")]
            if places:
                for place, vector in zip(places, rule.vectors([texts[one] for one in places]), strict=True):
                    found[place] = Encoding(vector, *rule.codes(texts[place], self._tokens))
        left = [place for place, one in enumerate(found) if one is None]
        for place, encoding in zip(left, self._real.encode_passages([texts[one] for one in left]), strict=True):
            found[place] = encoding
        if progress:
            progress(len(texts))
        return found
