"""The original of the bundled model -> what reads claims, an int8 ONNX graph beside that of the encoder, made once and held to it.

<cache>/<compiled folder>/     pairs-<stamp>.onnx pairs-<stamp>.bin pairs-<stamp>.json

The stamp is that of the weights that ship, so that several versions of them can lie side by side.
"""

from __future__ import annotations

import logging
import shutil
import tempfile
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clusterbot import bundled
from clusterbot.claim_reader import Change, ClaimReader, graph_name, read_change, softmax
from clusterbot.compiled import CompiledEmbedder
from clusterbot.compiling import (
    compiling_alone,
    encode,
    largest_inputs,
    load_original,
    quiet,
    read_sample,
    read_seal,
    weights_of,
    write_seal,
)
from clusterbot.errors import ClusterbotError

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

MAX_DIFFERENCE = 0.1
"""By how much the probabilities of both may differ: half the sum of their absolute differences, on average over sample pairs."""

Floats = NDArray[np.float32]


def ensure_claim_reader(embedder: CompiledEmbedder, cache_dir: Path) -> ClaimReader | None:
    """Return what reads claims with an encoder, making it once; None, and why in the log, where that can't be had."""
    try:
        difference = _difference(embedder.folder)
        if difference is None:
            source = bundled.ensure_model(cache_dir)
            with compiling_alone(cache_dir):
                difference = _difference(embedder.folder)
                if difference is None:
                    difference = _compile(source, embedder.folder)
    except (ModuleNotFoundError, OSError, ClusterbotError) as error:
        logger.warning(
            "claims are weighed by the rules alone: what reads them can't be made in %s (%s). Run `clusterbot model prepare` on a "
            "full installation that may write there, or set CLUSTERBOT_JUDGE=rules",
            embedder.folder,
            error,
        )
        return None
    if difference > MAX_DIFFERENCE:
        logger.warning(
            "claims are weighed by the rules alone: compiled, what reads them differs from the original by %.3f", difference
        )
        return None
    return ClaimReader(embedder)


def _difference(folder: Path) -> float | None:
    seal = read_seal(folder / f"{graph_name()}.json")
    return float(seal["difference"]) if seal else None


def _compile(source: Path, folder: Path) -> float:
    logger.info("compiling what reads claims, once: under a minute")
    name = graph_name()
    pending = Path(tempfile.mkdtemp(prefix=".compiling-", dir=source.parent))
    try:
        for shared in ("model.onnx", "weights.bin", "pieces.model"):
            shutil.copyfile(folder / shared, pending / shared)  # onnx takes hard links for an attack
        with quiet():
            difference = _write(load_original(source), source, pending)
        write_seal(pending / f"{name}.json", {"difference": difference}, [f"{name}.onnx", f"{name}.bin"])
        for ending in ("bin", "onnx", "json"):
            (pending / f"{name}.{ending}").replace(folder / f"{name}.{ending}")
    finally:
        shutil.rmtree(pending, ignore_errors=True)
    return difference


def _write(model: PreTrainedModel, source: Path, folder: Path) -> float:
    """Write the graph beside that of the encoder, and return by how much the probabilities of both differ on sample pairs."""
    import torch

    from clusterbot.bert_graph import Sides, write_pair_graph

    change, pairs = read_change(), read_sample_pairs()
    reader = ClaimReader(CompiledEmbedder(folder, "", ""))
    tokenised = [reader.tokenise(*pair) for pair in pairs]
    with torch.no_grad():
        largest = largest_inputs(model, lambda: encode(model, source, read_sample()))
        read = changed(model, change)
        known: list[Floats] = []
        seen = largest_inputs(model, lambda: known.extend(read(*one) for one in tokenised))
        of_pairs = {name: seen[name] if _layer(name) >= change.first_layer else given for name, given in largest.items()}
        sides = Sides(change.sides, change.first_layer)
        write_pair_graph(weights_of(model), model.config.to_dict(), of_pairs, sides, folder, graph_name())
    found = [reader.read(claim, [text])[0] for claim, text in pairs]
    return float(np.abs(np.array(found) - np.array(known)).sum(axis=1).mean() / 2)


def changed(model: torch.nn.Module, change: Change) -> Callable[[NDArray[np.int64], NDArray[np.int64]], Floats]:
    """Make a model what reads pairs; return what reads one: ids and sides int64 (t,) -> probabilities float32 (3,)."""
    import torch

    from clusterbot.bert_graph import PROJECTIONS

    for name, rows in change.matrices.items():
        layers = [f"{name}.{part}" for part in PROJECTIONS] if name.endswith(".self") else [name]
        for layer, part in zip(layers, torch.from_numpy(rows).chunk(len(layers)), strict=True):
            model.get_parameter(f"{layer}.weight").add_(part)
    first = model.get_submodule(f"encoder.layer.{change.first_layer}")

    def read(ids: NDArray[np.int64], sides: NDArray[np.int64]) -> Floats:
        added = torch.from_numpy(change.sides[sides])
        hook = first.register_forward_pre_hook(lambda _, inputs: (inputs[0] + added, *inputs[1:]))
        tokens = model(input_ids=torch.from_numpy(ids[np.newaxis])).last_hidden_state[0].numpy()
        hook.remove()
        return softmax(change.head.scores(tokens, sides))

    return read


def _layer(name: str) -> int:
    return int(name.split(".")[2])  # encoder.layer.6.attention.output.dense


def read_sample_pairs() -> list[tuple[str, str]]:
    """Return claims and texts in both languages, a third of each label, by which values are scaled and both are compared."""
    lines = resources.files("clusterbot").joinpath("data/pair_sample.tsv").read_text(encoding="utf-8").splitlines()
    return [(claim, text) for claim, _, text in (line.partition("\t") for line in lines)]
