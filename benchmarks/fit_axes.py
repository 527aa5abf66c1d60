"""Fit src/clusterbot/data/token_axes.npz: the mean and the principal axes of the corpus's token vectors.

    python benchmarks/fit_axes.py [DIMENSIONS]

The axes belong to the bundled model, compiled. They are fitted on our own corpus alone, so that every public set shows
what they are worth on text they never saw.
"""

from __future__ import annotations

import sys
from importlib import resources
from pathlib import Path

import numpy as np

from clusterbot import bundled
from clusterbot.compiled import CompiledEmbedder, TokenAxes
from clusterbot.compiling import ensure_compiled
from clusterbot.corpus import read_corpus
from clusterbot.passages import PassageSettings, split_passages
from clusterbot.settings import read_settings


def main() -> None:
    dimensions = int(sys.argv[1]) if len(sys.argv) > 1 else 128
    settings = read_settings()
    folder, _ = ensure_compiled(bundled.ensure_model(settings.cache_dir))
    seen: list[np.ndarray] = []

    class Keeping(TokenAxes):
        def encode(self, tokens: np.ndarray) -> np.ndarray:
            seen.append(tokens.astype(np.float64))
            return np.zeros((len(tokens), 0), np.int8)

    nothing = Keeping(np.zeros(1, np.float32), np.zeros((1, 0), np.float32))
    embedder = CompiledEmbedder(folder, "bundled", "", nothing)
    documents = read_corpus(settings.corpus_dir).documents
    embedder.encode_passages([passage.text for document in documents for passage in split_passages(document, PassageSettings())])
    tokens = np.concatenate(seen)
    mean = tokens.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(tokens - mean, rowvar=False))
    axes = vectors[:, ::-1][:, :dimensions]
    path = Path(str(resources.files("clusterbot").joinpath("data/token_axes.npz")))
    np.savez(path, mean=mean.astype(np.float16), axes=axes.astype(np.float16))
    print(f"{len(tokens)} tokens; {dimensions} axes hold {values[::-1][:dimensions].sum() / values.sum():.3f} of the variance")


if __name__ == "__main__":
    main()
