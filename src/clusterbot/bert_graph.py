"""A BERT's weights -> the same encoder as an int8 ONNX graph, written node by node: nothing in it but what a text needs.

One text at a time, token ids in, token vectors out. Matrices are int8, symmetric, a scale a column; what they are multiplied with
is quantised as it comes, all of a text on one scale. So that a few large channels don't coarsen the rest, each channel is divided
by a factor of its own, and its row of the matrix multiplied by it (SmoothQuant, Xiao et al. 2023, arXiv:2211.10438, equation 4).
Word vectors are kept in blocks of 4 bits, which loses nothing where the weights were such blocks before. Operators of the domain
com.microsoft: github.com/microsoft/onnxruntime, docs/ContribOperators.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 10  # the first with LayerNormalization; the first with tensors of 4 bits
RUNTIME = "com.microsoft"
MAPPED_BYTES = 1024  # tensors from this size on lie in a file of their own, which is mapped into memory and shared by processes
BLOCK = 32
ROWS = 16_384  # word vectors that are packed at a time, so that little more is held than the weights
PROJECTIONS = ("query", "key", "value")
MIGRATION = 0.7  # SmoothQuant's alpha; of 0.5 to 0.85 the nearest to the original, on passages and questions that gave no maxima

Array = NDArray[Any]
Floats = NDArray[np.float32]
Largest = Mapping[str, Floats]
"""Of each linear layer of the original, by its name: the largest absolute input that was seen on each channel (n,)."""


@dataclass(frozen=True, slots=True)
class Sides:
    """What is added to each token of a pair of texts, by the text that it is of: vectors float32 (2, d), before layer `layer`."""

    vectors: Floats
    layer: int


def write_graph(weights: Mapping[str, Floats], config: Mapping[str, Any], largest: Largest, folder: Path) -> None:
    """Write `model.onnx` and `weights.bin` of a BertModel, given its state and its configuration by their names there.

    The graph takes `ids` int64 (1, t) and gives `tokens` float32 (1, t, d), the last layer's vectors.

    Raises:
        OSError: the disk refuses.
    """
    _save(_Graph(weights, config, largest).build(), folder / "model.onnx", "weights.bin")


def write_pair_graph(
    weights: Mapping[str, Floats], config: Mapping[str, Any], largest: Largest, sides: Sides, folder: Path, name: str
) -> None:
    """Write a graph and its weights, `<name>.onnx` and `.bin`, of a BertModel that reads two texts, beside those of `write_graph`.

    Takes `sides` int64 (1, t) as well, 0 for the tokens of the first text and 1 for those of the second. What is as in `model.onnx`
    is read from `weights.bin`.

    Raises:
        OSError: the disk refuses.
    """
    known = {one.name: one for one in onnx.load(folder / "model.onnx", load_external_data=False).graph.initializer}
    whole = {one.name: one.raw_data for one in onnx.load(folder / "model.onnx").graph.initializer}
    model = _Graph(weights, config, largest, sides).build()
    for one in model.graph.initializer:
        if one.raw_data == whole.get(one.name):
            one.CopyFrom(known[one.name])
    _save(model, folder / f"{name}.onnx", f"{name}.bin")


def _save(model: onnx.ModelProto, path: Path, location: str) -> None:
    onnx.save(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=location, size_threshold=MAPPED_BYTES)


def smoothing(largest: Floats, matrix: Floats) -> Floats:
    """Return each input channel's factor (n,), from its largest input (n,) and the matrix (n, m) by which inputs are multiplied."""
    inputs, rows = (np.maximum(found, 1e-5) for found in (largest, np.abs(matrix).max(axis=1)))
    factor: Floats = (inputs**MIGRATION / rows ** (1 - MIGRATION)).astype(np.float32)
    return factor


def int8_columns(matrix: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Return a matrix (n, m) as int8 (n, m) and the scale (m,) by which each column is multiplied back."""
    scale = np.maximum(np.abs(matrix).max(axis=0), np.finfo(np.float32).tiny) / 127
    return np.rint(matrix / scale).astype(np.int8), scale.astype(np.float32)


def int4_blocks(rows: Floats) -> tuple[NDArray[np.uint8], Floats]:
    """Return rows (n, d) as signed 4-bit numbers, two to a byte (n, d/2), low half first, and each block's scale (n, d/32).

    As Q4_0 of ggml has it: the number furthest from zero becomes -8.
    """
    blocks = rows.reshape(len(rows), -1, BLOCK)
    furthest = np.take_along_axis(blocks, np.abs(blocks).argmax(axis=2)[..., None], axis=2)
    scale = furthest / -8
    numbers = np.rint(np.divide(blocks, scale, out=np.zeros_like(blocks), where=scale != 0)).clip(-8, 7)
    halves = numbers.astype(np.int8).view(np.uint8).reshape(len(rows), -1) & np.uint8(15)
    packed: NDArray[np.uint8] = halves[:, ::2] | halves[:, 1::2] << np.uint8(4)
    return packed, scale[..., 0].astype(np.float32)


class _Graph:
    """The graph so far: its nodes, and the constants that they read."""

    def __init__(
        self, weights: Mapping[str, Floats], config: Mapping[str, Any], largest: Largest, sides: Sides | None = None
    ) -> None:
        self.weights, self.config, self.largest, self.sides = weights, config, largest, sides
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def build(self) -> onnx.ModelProto:
        """Return the whole model."""
        hidden = self.embed()
        for layer in range(self.config["num_hidden_layers"]):
            part = f"encoder.layer.{layer}"
            if self.sides and layer == self.sides.layer:
                of_sides = self.node("Gather", [self.constant("vectors of sides", self.sides.vectors), "sides"])
                hidden = self.node("Add", [hidden, of_sides])
            attended = self.attend(hidden, f"{part}.attention")
            hidden = self.add_and_normalise(attended, hidden, f"{part}.attention.output.LayerNorm")
            wide = self.node("Gelu", [self.product(hidden, f"{part}.intermediate.dense")], RUNTIME)
            hidden = self.add_and_normalise(self.product(wide, f"{part}.output.dense"), hidden, f"{part}.output.LayerNorm")
        self.node("Identity", [hidden], output="tokens")
        given = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, "t"]) for name in ("ids", "sides")]
        tokens = helper.make_tensor_value_info("tokens", TensorProto.FLOAT, [1, "t", self.config["hidden_size"]])
        graph = helper.make_graph(self.nodes, "encoder", given if self.sides else given[:1], [tokens], self.constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)

    def embed(self) -> str:
        """Add up the vectors of words and places; all text is of the first of BERT's two token types."""
        words = self.node("GatherBlockQuantized", self.words(), RUNTIME, block_size=BLOCK, gather_axis=0, quantize_axis=1)
        places = self.weights["embeddings.position_embeddings.weight"] + self.weights["embeddings.token_type_embeddings.weight"][0]
        count = self.node("Shape", ["ids"], start=1, end=2)
        begin = self.constant("zero", np.zeros(1, np.int64))
        used = self.node("Slice", [self.constant("places", places), begin, count])
        return self.add_and_normalise(words, used, "embeddings.LayerNorm")

    def words(self) -> list[str]:
        """Store the word vectors; return what looks them up: numbers, ids, scales."""
        rows = self.weights["embeddings.word_embeddings.weight"]
        packed = [int4_blocks(rows[begin : begin + ROWS]) for begin in range(0, len(rows), ROWS)]
        numbers, scales = (np.concatenate(part) for part in zip(*packed, strict=True))
        self.constants.append(helper.make_tensor("words", TensorProto.INT4, rows.shape, numbers.tobytes(), raw=True))
        return ["words", "ids", self.constant("word scales", scales)]

    def attend(self, hidden: str, part: str) -> str:
        """Return what each token makes of what it gathers from all. Query, key and value are one product."""
        linear = [self.linear(f"{part}.self.{name}") for name in PROJECTIONS]
        matrix, bias = (np.concatenate(both, axis=-1) for both in zip(*linear, strict=True))
        # What is gathered are means of values, so the values are divided by the next product's factor beforehand, for nothing.
        after = f"{part}.output.dense"
        next_matrix, next_bias = self.linear(after)
        factor = smoothing(self.largest[after], next_matrix)
        matrix[:, -len(factor) :] /= factor
        bias[-len(factor) :] /= factor
        all_three = self.smooth_product(hidden, matrix, bias, f"{part}.self", self.largest[f"{part}.self.query"])
        sizes = self.constant(f"{part}.sizes", np.array([len(one) for _, one in linear], np.int64))
        each = [f"{part}.{name}" for name in PROJECTIONS]
        self.nodes.append(helper.make_node("Split", [all_three, sizes], each, axis=-1))
        gathered = self.node("MultiHeadAttention", each, RUNTIME, num_heads=self.config["num_attention_heads"])
        return self.int8_product(gathered, next_matrix * factor[:, None], next_bias, after)

    def product(self, hidden: str, part: str) -> str:
        return self.smooth_product(hidden, *self.linear(part), part, self.largest[part])

    def smooth_product(self, hidden: str, matrix: Floats, bias: Floats, part: str, largest: Floats) -> str:
        factor = smoothing(largest, matrix)
        smooth = self.node("Mul", [hidden, self.constant(f"{part}.smoothing", 1 / factor)])
        return self.int8_product(smooth, matrix * factor[:, None], bias, part)

    def int8_product(self, hidden: str, matrix: Floats, bias: Floats, part: str) -> str:
        numbers, scale = int8_columns(matrix)
        of_columns = [self.constant(f"{part}.matrix", numbers), self.constant(f"{part}.scale", scale)]
        return self.node("DynamicQuantizeMatMul", [hidden, *of_columns, "", self.constant(f"{part}.bias", bias)], RUNTIME)

    def add_and_normalise(self, one: str, other: str, part: str) -> str:
        stretch, shift = (self.constant(f"{part}.{name}", self.weights[f"{part}.{name}"]) for name in ("weight", "bias"))
        given = [self.node("Add", [one, other]), stretch, shift]
        return self.node("LayerNormalization", given, axis=-1, epsilon=self.config["layer_norm_eps"])

    def node(self, operator: str, inputs: list[str], domain: str = "", output: str = "", **attributes: float) -> str:
        """Add a node of one output; return that output's name."""
        output = output or f"{operator} {len(self.nodes)}"
        node = helper.make_node(operator, inputs, [output], domain=domain)
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self.nodes.append(node)
        return output

    def constant(self, name: str, value: Array) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def linear(self, part: str) -> tuple[Floats, Floats]:
        """Return a linear layer's matrix (n, m), by which rows are multiplied from the right, and bias (m,)."""
        return self.weights[f"{part}.weight"].T, self.weights[f"{part}.bias"]
