"""How the index grows: build time, memory, disk, loading and questions with 10,000, 100,000 and 1,000,000 passages.

    python benchmarks/scale.py DIR                  all sizes; writes docs/scale.json, docs/scale.svg, and the table of
                                                    docs/performance.md
    python benchmarks/scale.py DIR --sizes 10000    some sizes; prints their JSON
    python benchmarks/scale.py DIR --real SET...    recall on real vectors, of the documents and questions of evaluation sets;
                                                    prints its JSON

What the passages are made of: made_passages.py. DIR holds one size at a time, up to 10 GB, which is removed again. Building and
asking are processes of their own, so that memory is theirs alone. Files are read from the page cache: they were just written.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
from made_passages import OWN, MadeEmbedder, Rule, make_documents, own_sentences
from matplotlib.figure import Figure

from clusterbot.assistant import Assistant, recipe
from clusterbot.compiled import Encoding
from clusterbot.corpus import Corpus, read_corpus
from clusterbot.datasets import read_dataset
from clusterbot.embedding import open_embedder
from clusterbot.index.build import build_index
from clusterbot.index.dense import DenseIndex, DenseWriter
from clusterbot.index.encodings import QUESTION_WORDS
from clusterbot.index.neighbours import SearchSettings, approximate, nearest
from clusterbot.models import LANGUAGES, Filters
from clusterbot.passages import PassageSettings, split_passages
from clusterbot.ranking import read_ranking
from clusterbot.settings import read_settings
from clusterbot.text import split_sentences

ROOT = Path(__file__).parent.parent
QUESTIONS = tuple(ROOT / "tests" / "evaluation" / name for name in ("queries.jsonl", "tuning/queries.jsonl"))
SIZES = (10_000, 100_000, 1_000_000)
ASKERS = (1, 8, 64)
ASKED = 300  # questions for each number of askers
SHORT = 1_000_000  # passages from which they are one or two sentences long, and hold few token codes
SEEDS = 1000  # sentences of each language that are encoded for real


def settings_of(size: int) -> tuple[PassageSettings, int, int]:
    """Return how passages are split, the sentences of a document, and the most token codes of a made passage."""
    return (PassageSettings(), 40, 512) if size < SHORT else (PassageSettings(180, 0), 16, 16)


def open_made(folder: Path, tokens: int) -> MadeEmbedder:
    """Return the embedder; real sentences are encoded once and kept in the folder."""
    settings = read_settings()
    real = open_embedder(settings.model, settings.cache_dir)
    path = folder / f"sentences-{real.fingerprint[:12]}.npz"
    rules = {}
    if not path.exists():
        arrays = {}
        for lang, sentences in own_sentences().items():
            for place, one in enumerate(real.encode_passages(sentences[:SEEDS])):
                arrays[f"{lang}-{place:05}-vector"], arrays[f"{lang}-{place:05}-codes"] = one.vector, one.codes
        np.savez(path, **arrays)
    kept = np.load(path)
    for lang in LANGUAGES:
        names = sorted({name.rpartition("-")[0] for name in kept.files if name.startswith(lang)})
        rules[lang] = Rule([Encoding(kept[f"{name}-vector"], kept[f"{name}-codes"], np.empty(0, np.int32)) for name in names])
    return MadeEmbedder(real, rules, tokens)


def memory(kind: str) -> float:
    """Return what this process holds, in MB: `RssAnon` (its own), or `VmHWM` (the most ever, files it has mapped included)."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return int(next(line for line in lines if line.startswith(kind)).split()[1]) / 1024


@contextmanager
def watched() -> Iterator[list[float]]:
    """Sample the memory that is this process's own, in MB, ten times a second."""
    samples, ended = [memory("RssAnon")], threading.Event()

    def watch() -> None:
        while not ended.wait(0.1):
            samples.append(memory("RssAnon"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield samples
    finally:
        ended.set()
        thread.join()


def build(folder: Path, size: int) -> dict:
    """Build an index of about so many passages."""
    passages, length, tokens = settings_of(size)
    embedder = open_made(folder, tokens)
    each = np.mean([len(split_passages(one, passages)) for one in make_documents(50, length)])
    started = time.perf_counter()
    documents = (*read_corpus(OWN).documents, *make_documents(round(size / each), length))
    made_s = time.perf_counter() - started
    with watched() as samples:
        started, worked = time.perf_counter(), time.process_time()
        ranking = read_ranking(with_tokens=True)
        report = build_index(Corpus(documents), folder / "index", embedder, replace(recipe(ranking), passages=passages))
        seconds, cpu_s = time.perf_counter() - started, time.process_time() - worked
    version = folder / "index" / report.version
    return {
        "passages": report.passages,
        "documents": report.documents,
        "made_s": made_s,
        "build_s": seconds,
        "build_cpu_s": cpu_s,
        "documents_mb": samples[0],
        "build_mb": max(samples),
        "build_peak_mb": memory("VmHWM"),
        "disk_mb": sum(path.stat().st_size for path in version.rglob("*") if path.is_file()) / 1e6,
        "vectors_mb": sum(path.stat().st_size for path in version.glob("*/dense/vectors.npy")) / 1e6,
        "tokens_mb": report.token_bytes / 1e6,
        "cache_mb": (folder / "index" / "vectors.sqlite3").stat().st_size / 1e6,
        "search": {lang: one.model_dump() for lang, one in report.approximate.items()},
    }


def ask(folder: Path, size: int) -> dict:
    """Load the index and ask it: one at a time, with filters, and by several askers of one model thread, as the bot's are."""
    embedder = open_made(folder, settings_of(size)[2])
    before = memory("RssAnon")
    started = time.perf_counter()
    assistant = Assistant(folder / "index", embedder, read_ranking(with_tokens=True))
    loaded_s = time.perf_counter() - started
    texts = [json.loads(line)["text"] for path in QUESTIONS for line in path.read_text(encoding="utf-8").splitlines()]
    cluster_id = next(iter(assistant.engine.registry.clusters))
    filters = {"plain": Filters(), "cluster": Filters(cluster_id=cluster_id), "as_of": Filters(as_of="2016")}
    for text in texts:
        assistant.ask(text)
    found = {
        "load_s": loaded_s,
        "loaded_mb": memory("RssAnon") - before,
        "ms": {name: quantiles([timed(assistant, text, each) for text in texts]) for name, each in filters.items()},
        "askers": {str(count): throughput(assistant, texts, count) for count in ASKERS},
        "dense": {lang: compare(folder, assistant, lang, texts) for lang in LANGUAGES},
    }
    return found | {"asked_mb": memory("RssAnon"), "ask_peak_mb": memory("VmHWM")}


def timed(assistant: Assistant, text: str, filters: Filters) -> float:
    """Return how long a question takes, in ms."""
    started = time.perf_counter()
    assistant.ask(text, filters=filters)
    return 1000 * (time.perf_counter() - started)


def quantiles(ms: list[float]) -> dict[str, float]:
    return {f"p{share}": float(np.percentile(ms, share)) for share in (50, 95)}


def throughput(assistant: Assistant, texts: list[str], askers: int) -> dict[str, float]:
    """Return questions a second, and how long each asker waits in ms, with so many who ask again as soon as they are answered."""
    each = max(ASKED // askers, 2)
    with ThreadPoolExecutor(1) as model, ThreadPoolExecutor(askers) as people:

        def go(first: int) -> list[float]:
            waited = []
            for place in range(first, first + each):
                started = time.perf_counter()
                model.submit(assistant.ask, texts[place * 7 % len(texts)]).result()
                waited.append(1000 * (time.perf_counter() - started))
            return waited

        started = time.perf_counter()
        waited = [ms for one in people.map(go, range(0, askers * each, each)) for ms in one]
        return {"per_s": len(waited) / (time.perf_counter() - started), **quantiles(waited)}


def compare(folder: Path, assistant: Assistant, lang: str, texts: list[str]) -> dict[str, float]:
    """Compare the search by vectors with the exact one, on the vectors of questions."""
    manifest = assistant.engine.snapshot.manifest
    place = folder / "index" / manifest.version / lang / "dense"
    index, vectors = DenseIndex.load(place, manifest.approximate.get(lang)), np.load(place / "vectors.npy", mmap_mode="r")
    return measure(index, np.asarray(vectors), assistant.question_vectors(texts))


def measure(index: DenseIndex, vectors: np.ndarray, queries: np.ndarray) -> dict[str, float]:
    """Return the median time of a search for a hundred and of the exact one, and the share of the exact one's that is found."""
    exact, times = nearest(queries, vectors, 100)[0], {"exact_ms": [], "ms": []}
    found = []
    for query in queries:
        started = time.perf_counter()
        nearest(query[np.newaxis], vectors, 100)
        between = time.perf_counter()
        found.append(index.search(query, 100)[0])
        times["exact_ms"].append(1000 * (between - started))
        times["ms"].append(1000 * (time.perf_counter() - between))
    recall = {
        f"recall@{k}": float(np.mean([np.isin(*pair).mean() for pair in zip(exact[:, :k], found, strict=True)])) for k in (10, 100)
    }
    return {name: float(np.median(values)) for name, values in times.items()} | recall | {"vectors": len(vectors)}


def real(folder: Path, sets: list[Path], most: int) -> dict:
    """Measure recall on real vectors, and how near the neighbours of made ones come to those of real ones."""
    settings = read_settings()
    embedder = open_embedder(settings.model, settings.cache_dir)
    texts, asked = [], []
    for one in map(read_dataset, sets):
        units = [(document, split_sentences(document.text, document.lang)) for document in one.documents]
        texts += [document.text[s.start : s.end] for document, sentences in units for s in sentences if s.end - s.start > 40]
        asked += [query.text for query in one.queries]
    draw = np.random.default_rng(0)
    texts = [texts[place] for place in np.sort(draw.permutation(len(texts))[:most])]
    asked = [asked[place] for place in np.sort(draw.permutation(len(asked))[:500])]
    vectors = embedder.embed_passages(texts)
    place = folder / "real"
    with DenseWriter(place, vectors.shape[1]) as file:
        file.append(vectors)
    queries = embedder.embed_queries([" ".join(text.split()[:QUESTION_WORDS]) for text in texts[:500]])
    found = approximate(place, queries, SearchSettings(most_read=10.0))
    seeds = draw.permutation(len(vectors))[: 2 * SEEDS]
    rule = Rule([Encoding(vectors[row], np.zeros((1, 1), np.int8), np.empty(0, np.int32)) for row in seeds])
    made = rule.vectors([f"text {number}" for number in range(len(vectors))])
    questions = measure(DenseIndex.load(place, found), vectors, embedder.embed_queries(asked)) if found else None
    return {
        "sets": [one.name for one in sets],
        "search": found and found.model_dump(),
        "questions": questions,
        "neighbours": {"real": neighbours(vectors), "made": neighbours(made)},
    }


def neighbours(vectors: np.ndarray) -> dict[str, float]:
    """Return the mean cosines of a vector with its neighbours and with any, and the dimension of its neighbourhood.

    The dimension: the maximum-likelihood estimate over 50 neighbours of Levina and Bickel (2004), the median of 500 vectors.
    """
    rows = np.random.default_rng(1).permutation(len(vectors))[:500]
    cosines = nearest(vectors[rows], vectors, 101)[1][:, 1:]
    distances = np.sqrt(np.maximum(2 - 2 * cosines[:, :50], 1e-12))
    dimension = 1 / np.mean(np.log(distances[:, -1:] / distances[:, :-1]), axis=1)
    any_two = vectors[rows] @ vectors[rows[::-1]].T
    near = {f"cosine_{k}": float(cosines[:, k - 1].mean()) for k in (1, 10, 100)}
    return {**near, "any": float(any_two.mean()), "deviation": float(any_two.std()), "dimension": float(np.median(dimension))}


def run(folder: Path, size: int) -> dict:
    """Build and ask in processes of their own."""
    found: dict = {"size": size}
    for part in ("build", "ask"):
        command = [sys.executable, __file__, str(folder), "--part", part, "--sizes", str(size)]
        alone = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}  # as the command line has it
        found |= json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True, env=alone).stdout)
        print(json.dumps(found), file=sys.stderr, flush=True)
    shutil.rmtree(folder / "index")
    return found


def drawn(results: list[dict]) -> bytes:
    """Return a picture: how time, memory and disk grow with the passages."""
    mpl.rcParams.update({"svg.hashsalt": "scale", "svg.fonttype": "none", "font.size": 9})
    figure = Figure(figsize=(9, 3), layout="constrained")
    panels: dict[str, dict[str, Callable[[dict], float]]] = {
        "a question, ms": {"p95": lambda one: one["ms"]["plain"]["p95"], "p50": lambda one: one["ms"]["plain"]["p50"]},
        "build and load, s": {"build": lambda one: one["build_s"], "load": lambda one: one["load_s"]},
        "disk and memory, MB": {"disk": lambda one: one["disk_mb"], "memory": lambda one: one["loaded_mb"]},
    }
    for axes, (title, lines) in zip(figure.subplots(1, 3), panels.items(), strict=True):
        for name, value in lines.items():
            axes.plot([one["passages"] for one in results], [value(one) for one in results], marker="o", label=name)
        axes.set(xscale="log", yscale="log", title=title, xlabel="passages")
        axes.legend(frameon=False)
    file = io.BytesIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return file.getvalue()


def least(one: dict, k: int) -> str:
    """Return the lower recall of the two languages."""
    return f"{min(each[f'recall@{k}'] for each in one['dense'].values()):.3f}"


def two(values: dict[str, float]) -> str:
    return f"{values['p50']:.1f}, {values['p95']:.1f}"


ROWS: dict[str, Callable[[dict], str]] = {
    "passages": lambda one: f"{one['passages']:,}",
    "build, s; processor time": lambda one: f"{one['build_s']:.0f}; {one['build_cpu_s']:.0f}",
    "memory that the build needs beside its documents, MB": lambda one: f"{one['build_mb'] - one['documents_mb']:,.0f}",
    "the vectors themselves, MB": lambda one: f"{one['vectors_mb']:,.0f}",
    "disk, MB; of which vectors of tokens and sentences": lambda one: f"{one['disk_mb']:,.0f}; {one['tokens_mb']:,.0f}",
    "vectors kept for the next build, MB": lambda one: f"{one['cache_mb']:,.0f}",
    "loading, s": lambda one: f"{one['load_s']:.1f}",
    "memory for what was loaded, MB": lambda one: f"{one['loaded_mb']:,.0f}",
    "a question, ms: p50, p95": lambda one: two(one["ms"]["plain"]),
    "the same up to a date": lambda one: two(one["ms"]["as_of"]),
    "the same on one cluster": lambda one: two(one["ms"]["cluster"]),
    "questions/s with 1, 8, 64 askers": lambda one: ", ".join(f"{one['askers'][str(count)]['per_s']:.0f}" for count in ASKERS),
    "their wait, p95, ms": lambda one: ", ".join(f"{one['askers'][str(count)]['p95']:,.0f}" for count in ASKERS),
    "search by vectors in one language, ms": lambda one: f"{np.mean([each['ms'] for each in one['dense'].values()]):.1f}",
    "the same, exact": lambda one: f"{np.mean([each['exact_ms'] for each in one['dense'].values()]):.1f}",
    "its recall for questions, at 10 and at 100": lambda one: f"{least(one, 10)}, {least(one, 100)}" if one["search"] else "exact",
}


def table(results: list[dict]) -> str:
    """Return the table of docs/performance.md."""
    lines = [[name, *(write(one) for one in results)] for name, write in ROWS.items()]
    lines.insert(1, ["---"] * len(lines[0]))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def publish(results: dict) -> None:
    """Write what docs/performance.md shows."""
    docs = ROOT / "docs"
    (docs / "scale.json").write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    (docs / "scale.svg").write_bytes(drawn(results["sizes"]))
    before, begin, rest = (docs / "performance.md").read_text(encoding="utf-8").partition("<!-- scale -->\n")
    picture = "![How time, memory and disk grow with the passages](scale.svg)"
    told = f"{results['machine']}, {results['at']}:\n\n{table(results['sizes'])}\n\n{picture}\n"
    _, end, after = rest.partition("<!-- /scale -->")
    (docs / "performance.md").write_text(f"{before}{begin}{told}{end}{after}", encoding="utf-8")


def machine() -> str:
    """Return what the figures are those of."""
    cpu = next(line for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if line.startswith("model name"))
    return f"{len(os.sched_getaffinity(0))} cores of {cpu.partition(': ')[2]}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="*")
    parser.add_argument("--real", type=Path, nargs="*")
    parser.add_argument("--most", type=int, default=20_000, help="texts that --real encodes")
    parser.add_argument("--part", choices=("build", "ask"), help="what this script runs in a process of its own")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    if given.part:
        print(json.dumps((build if given.part == "build" else ask)(given.folder, given.sizes[0])))
    elif given.real:
        print(json.dumps(real(given.folder, given.real, given.most), indent=1))
    else:
        sizes = [run(given.folder, size) for size in given.sizes or SIZES]
        results = {"machine": machine(), "at": dt.datetime.now(dt.UTC).date().isoformat(), "sizes": sizes}
        if given.sizes:
            print(json.dumps(results, indent=1))
        else:
            publish(results)


if __name__ == "__main__":
    main()
