"""The bundled model as an int8 ONNX graph, run by onnxruntime, without torch: a text's vector and its tokens', in one pass."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clusterbot.errors import ModelUnavailable

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MAX_TOKENS = 512
MAX_CHARACTERS = 20_000
PROMPTS = {"query": "query: ", "passage": "passage: "}


@dataclass(frozen=True, slots=True)
class Encoding:
    """A text's vector, float32 (d,), length 1; and its tokens: codes int8 (t, r), begins int32 (t,), offsets in the text."""

    vector: NDArray[np.float32]
    codes: NDArray[np.int8]
    begins: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class TokenAxes:
    """Where token vectors are centred and the axes they are turned to: mean float32 (d,), axes float32 (d, r), orthonormal."""

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def encode(self, tokens: NDArray[np.float32]) -> NDArray[np.int8]:
        """Return token vectors (t, d) as int8 (t, r): each turned, and stretched so that its largest part is 127."""
        turned = (tokens - self.mean) @ self.axes
        largest = np.maximum(np.abs(turned).max(axis=1, keepdims=True), 1e-9)
        codes: NDArray[np.int8] = np.rint(turned * (127 / largest)).astype(np.int8)
        return codes


def read_axes() -> TokenAxes:
    """Read the axes that ship for the bundled model, the principal ones of our corpus's tokens (benchmarks/fit_axes.py)."""
    with resources.files("clusterbot").joinpath("data/token_axes.npz").open("rb") as file, np.load(file) as data:
        return TokenAxes(data["mean"].astype(np.float32), data["axes"].astype(np.float32))


class CompiledEmbedder:
    """Embedder on a compiled folder, with token vectors."""

    def __init__(self, folder: Path, name: str, revision: str, axes: TokenAxes | None = None) -> None:
        """Load a compiled folder; without `axes`, texts have no token vectors.

        Raises:
            ModelUnavailable: it can't be loaded.
        """
        self.name, self.revision, self.folder = name, revision, folder
        with self._loading("do without it: CLUSTERBOT_COMPILED=false"):
            from clusterbot.pieces import PieceTokenizer

            self._session = _open_session(folder / "model.onnx")
            self._tokenizer = PieceTokenizer(folder / "pieces.model")
        self.dimension = int(self._session.get_outputs()[0].shape[2])
        self._axes = axes
        turned = hashlib.sha256(axes.mean.tobytes() + axes.axes.tobytes()).hexdigest() if axes else ""
        decisive = [name, revision, PROMPTS, MAX_TOKENS, MAX_CHARACTERS, turned]
        self.fingerprint = hashlib.sha256(json.dumps(decisive).encode()).hexdigest()

    def open_graph(self, name: str, instead: str) -> Callable[[dict[str, NDArray[np.int64]]], NDArray[np.float32]]:
        """Return another graph of the folder: what is given, by name, int64 (t,) each -> vectors of tokens (t, d).

        Raises:
            ModelUnavailable: it can't be loaded; `instead` is what to do without it.
        """
        with self._loading(instead):
            session = _open_session(self.folder / name)
        return lambda given: session.run(None, {key: value[np.newaxis] for key, value in given.items()})[0][0]

    @contextmanager
    def _loading(self, instead: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # a damaged graph can fail in any way at all
            told = next(iter(str(error).strip().splitlines()), "") or type(error).__name__
            cure = f"remove {self.folder}, and it is made anew, or {instead}"
            raise ModelUnavailable(f"the compiled model can't be loaded ({told}): {cure}") from error

    @property
    def token_dimension(self) -> int:
        """Length of every token's code; 0 where texts have none."""
        return self._axes.axes.shape[1] if self._axes else 0

    def embed_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors of what is searched: float32 (n, d), rows of length 1."""
        return self._stack([one.vector for one in self._encode(texts, "query", None)])

    def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
        """Return vectors of what is found: float32 (n, d), rows of length 1; progress gets how many are done."""
        return self._stack([one.vector for one in self._encode(texts, "passage", progress)])

    def encode_queries(self, texts: Sequence[str]) -> list[Encoding]:
        """Return vectors and tokens of what is searched."""
        return self._encode(texts, "query", None)

    def encode_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> list[Encoding]:
        """Return vectors and tokens of what is found; progress gets how many are done."""
        return self._encode(texts, "passage", progress)

    def tokenise(self, text: str, use: str) -> tuple[list[int], NDArray[np.int32]]:
        """Return a text's token ids with prompt and control tokens, and each one's offset in the text: negative in the prompt."""
        prompt = PROMPTS[use]
        ids, begins = self._tokenizer.encode(prompt + text[:MAX_CHARACTERS], MAX_TOKENS - 2)
        outside = np.full(1, -len(prompt), np.int32)
        return [self._tokenizer.bos, *ids, self._tokenizer.eos], np.concatenate([outside, begins - len(prompt), outside])

    def _stack(self, vectors: list[NDArray[np.float32]]) -> NDArray[np.float32]:
        return np.array(vectors, np.float32).reshape(len(vectors), self.dimension)

    def _encode(self, texts: Sequence[str], use: str, progress: Callable[[int], None] | None) -> list[Encoding]:
        # Each text by itself, on one thread: int8 ranges are taken over a whole batch, so a text's vector would else depend on its
        # neighbours; and a core a text is faster than all cores on one padded batch.
        found: list[Encoding] = []
        for one in self._each(texts, use):
            found.append(one)
            if progress:
                progress(len(found))
        return found

    def _each(self, texts: Sequence[str], use: str) -> Iterator[Encoding]:
        if len(texts) == 1:
            yield self._encode_one(texts[0], use)  # a question: starting a thread for it took up to 4 ms
            return
        with ThreadPoolExecutor(min(len(texts), usable_cores()) or 1) as pool:
            yield from pool.map(lambda text: self._encode_one(text, use), texts)

    def _encode_one(self, text: str, use: str) -> Encoding:
        ids, begins = self.tokenise(text, use)
        return self._encoding(self._session.run(None, {"ids": np.array([ids], np.int64)})[0][0], begins)

    def _encoding(self, tokens: NDArray[np.float32], begins: NDArray[np.int32]) -> Encoding:
        mean = tokens.mean(axis=0, dtype=np.float64)
        vector = (mean / np.linalg.norm(mean)).astype(np.float32)
        if self._axes is None:
            return Encoding(vector, np.empty((0, 0), np.int8), np.empty(0, np.int32))
        own = begins >= 0
        return Encoding(vector, self._axes.encode(tokens[own]), begins[own])


def usable_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


def silence_runtime() -> None:
    """Keep ONNX Runtime from telling its makers of its use, as its builds do unless this is set before they are imported."""
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def _open_session(path: Path) -> InferenceSession:
    silence_runtime()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    # Its addition and layer norm in one take five times as long as the two one after the other (onnxruntime 1.32, 384 wide).
    slower = ["SkipLayerNormFusion"]
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=slower)
