"""Measure the compiled encoder beside plain sentence-transformers, and how far it is from what the machine can do.

    python benchmarks/encoder.py [--runs 5] [--passages 200]

The same texts of our corpus, two in turn, medians of the runs. The roofline (Williams, Waterman and Patterson 2009) has
two figures, taken in the same run: the int8 matrix products a second that onnxruntime reaches on matrices of the model's
own widths, and the bytes a second that a copy reaches. Needs nothing but the project.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from threadpoolctl import ThreadpoolController

from clusterbot import bundled
from clusterbot.compiled import CompiledEmbedder, _cores, read_axes
from clusterbot.compiling import ensure_compiled
from clusterbot.corpus import read_corpus
from clusterbot.embedding import SentenceTransformerEmbedder
from clusterbot.passages import PassageSettings, split_passages
from clusterbot.settings import read_settings

HIDDEN, WIDE, LAYERS = 384, 1536, 12
LAYER_WEIGHTS = 4 * HIDDEN * HIDDEN + 2 * HIDDEN * WIDE
QUESTIONS = Path("tests/evaluation/queries.jsonl")


def products_per_s(threads: int, rows: int) -> float:
    """Return multiply-adds a second of int8 products (rows, HIDDEN) x (HIDDEN, WIDE), one on each thread."""
    left = helper.make_tensor_value_info("a", TensorProto.UINT8, [rows, HIDDEN])
    out = helper.make_tensor_value_info("y", TensorProto.INT32, [rows, WIDE])
    weights = np.random.default_rng(0).integers(-127, 127, (HIDDEN, WIDE), dtype=np.int8)
    node = helper.make_node("MatMulInteger", ["a", "w"], ["y"])
    initial = [helper.make_tensor("w", TensorProto.INT8, weights.shape, weights.tobytes(), raw=True)]
    model = helper.make_model(helper.make_graph([node], "g", [left], [out], initial), opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, Path(folder) / "m.onnx")
        session = onnxruntime.InferenceSession(str(Path(folder) / "m.onnx"), options, providers=["CPUExecutionProvider"])
    given = {"a": np.random.default_rng(1).integers(0, 255, (rows, HIDDEN), dtype=np.uint8)}
    repeats = max(20, 40_000 // rows)

    def work(_: int) -> None:
        for _ in range(repeats):
            session.run(None, given)

    work(0)
    started = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(work, range(threads)))
    return threads * repeats * rows * HIDDEN * WIDE / (time.perf_counter() - started)


def bytes_per_s() -> float:
    """Return the bytes a second that are read by a copy of 256 MB."""
    source = np.ones(1 << 28, np.uint8)
    target = np.empty_like(source)
    np.copyto(target, source)
    started = time.perf_counter()
    for _ in range(5):
        np.copyto(target, source)
    return 5 * source.nbytes / (time.perf_counter() - started)


def multiply_adds(tokens: int) -> int:
    """Return the multiply-adds of one text: the weights' products, and attention's, which aren't int8 but count."""
    return LAYERS * (tokens * LAYER_WEIGHTS + 2 * tokens * tokens * HIDDEN)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--passages", type=int, default=200)
    options = parser.parse_args()
    # As the command has it (OPENBLAS_NUM_THREADS): numpy's threads, spinning, took a third of the time from the encoder's.
    ThreadpoolController().select(internal_api="openblas").limit(limits=1)
    settings = read_settings()
    source = bundled.ensure_model(settings.cache_dir)
    compiled = CompiledEmbedder(ensure_compiled(source)[0], "bundled", "", read_axes())
    plain = SentenceTransformerEmbedder(str(source))
    documents = read_corpus(settings.corpus_dir).documents
    texts = [passage.text for document in documents for passage in split_passages(document, PassageSettings())]
    passages = texts[:: max(1, len(texts) // options.passages)][: options.passages]
    questions = [json.loads(line)["text"] for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]
    ways: dict[str, CompiledEmbedder | SentenceTransformerEmbedder] = {"plain": plain, "compiled": compiled}
    bulk: dict[str, list[float]] = {name: [] for name in ways}
    single: dict[str, list[float]] = {name: [] for name in ways}
    for embedder in ways.values():
        embedder.embed_passages(passages[:8])
    for _ in range(options.runs):
        for name, embedder in ways.items():
            bulk[name].append(len(passages) / seconds(lambda embedder=embedder: embedder.embed_passages(passages)))
            single[name].append(
                1000 * seconds(lambda embedder=embedder: [embedder.embed_queries([text]) for text in questions]) / len(questions)
            )
    rate, took = ({name: statistics.median(all_) for name, all_ in each.items()} for each in (bulk, single))
    print("| | sentence-transformers | compiled | ratio |\n| --- | --- | --- | --- |")
    print(f"| passages/s | {rate['plain']:.1f} | {rate['compiled']:.1f} | {rate['compiled'] / rate['plain']:.1f} |")
    print(f"| ms a question | {took['plain']:.1f} | {took['compiled']:.1f} | {took['plain'] / took['compiled']:.1f} |")

    sizes = [len(compiled.tokenise(text, "passage")[0]) for text in passages]
    short = [len(compiled.tokenise(text, "query")[0]) for text in questions]
    cores = _cores()
    peak, one, copied = products_per_s(cores, 256), products_per_s(1, 16), bytes_per_s()
    work = sum(map(multiply_adds, sizes)) / len(sizes) * rate["compiled"]
    asked = statistics.mean(map(multiply_adds, short)) / (took["compiled"] / 1000)
    loaded = LAYERS * LAYER_WEIGHTS / (took["compiled"] / 1000)
    print(f"\nint8 products: {peak / 1e9:.0f} G/s on {cores} cores (256 rows), {one / 1e9:.0f} G/s on one (16 rows)")
    print(f"copying: {copied / 1e9:.1f} GB/s")
    print(f"passages, {statistics.mean(sizes):.0f} tokens: {work / 1e9:.1f} G/s, {100 * work / peak:.0f} % of the roof")
    print(
        f"questions, {statistics.mean(short):.0f} tokens: {asked / 1e9:.1f} G/s, {100 * asked / one:.0f} % of the roof of one core,"
    )
    print(f"    {loaded / 1e9:.1f} GB/s of weights, {100 * loaded / copied:.0f} % of copying")


if __name__ == "__main__":
    main()
