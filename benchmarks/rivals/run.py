"""Measure clusterbot beside what a user would pick instead: same weights, same documents, same machine, one run.

    python benchmarks/rivals/run.py DATASET_DIR... [--speed NAME] [--turns 5] [--out benchmarks/rivals/results.json]

Each system works in processes of its own (worker.py), one at a time. For every set: an index, then all queries; rankings are
judged by documents. For the speed set also: one change; and in turns, so that what else the machine does falls on all alike, a
start up to the first answer, and more answers. tests/evaluation is asked of our own corpus. The systems beside ours get a
Python of their own in the cache directory, with requirements.txt; `--python` takes one that is there. A step that is in the
results file isn't taken again, so a broken run goes on where it was; `--fresh` begins anew. At the end page.py writes the table
and the picture.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import fcntl
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import IO, Any

import ir_measures

from clusterbot import bundled
from clusterbot.corpus import read_corpus
from clusterbot.datasets import Dataset, read_dataset
from clusterbot.settings import read_settings

HERE = Path(__file__).parent
SYSTEMS = ("ours", "txtai_hybrid", "llamaindex", "langchain", "haystack", "bm25_plain", "faiss_plain")
CUT_OFF = 10
TIMED = 40  # queries of a set that are timed, one by one
QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HAYSTACK_TELEMETRY_ENABLED": "false",
    "PYTHONWARNINGS": "ignore",
    "TQDM_DISABLE": "1",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin starve each other where something else runs; no slower where nothing does
}
OURS = {"OPENBLAS_NUM_THREADS": "1"}  # as the command sets it for itself
HOLD_S = 150  # how long a lock file is held before others get their turn

Json = dict[str, Any]


class Bench:
    """The interpreters, the model's folder, a place for indexes, and the results so far."""

    def __init__(self, python: Path, out: Path, work: Path, lock: Path | None, is_fresh: bool) -> None:
        settings = read_settings()
        self.python, self.out, self.work, self.lock = python, out, work, lock
        self.held: IO[str] | None = None
        self.held_since = 0.0
        self.corpus_dir = settings.corpus_dir.absolute()
        self.model = str(bundled.ensure_model(settings.cache_dir))
        known = json.loads(out.read_text(encoding="utf-8")) if out.exists() and not is_fresh else {}
        self.results: Json = known or {"machine": machine(), "versions": {}, "sets": {}, "systems": {name: {} for name in SYSTEMS}}

    def save(self) -> None:
        self.results["date"] = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
        self.out.write_text(json.dumps(self.results, indent=1, sort_keys=True) + "\n", encoding="utf-8")

    def wait_for_quiet(self) -> None:
        """Take the lock file, if there is one, or give way to whoever waits for it after a while."""
        if self.lock is None:
            return
        if self.held is not None and time.monotonic() - self.held_since > HOLD_S:
            self.held.close()
            self.held = None
            time.sleep(1)
        if self.held is None:
            self.held = self.lock.open("a")
            fcntl.flock(self.held, fcntl.LOCK_EX)
            self.held_since = time.monotonic()

    def task(self, system: str, task: str, folder: Path, given: Json) -> Json:
        """Run one task; its result, with the seconds up to the first answer, or the error in its own words."""
        with tempfile.TemporaryDirectory(dir=self.work) as scratch:
            out, job = Path(scratch) / "out.json", Path(scratch) / "job.json"
            job.write_text(json.dumps({**given, "model": self.model, "folder": str(folder), "out": str(out)}), encoding="utf-8")
            python = sys.executable if system == "ours" else str(self.python)
            with (Path(scratch) / "err").open("w+") as errors:
                started = time.perf_counter()
                command = [python, str(HERE / "worker.py"), system, task, str(job)]
                environ = {**os.environ, **QUIET, **(OURS if system == "ours" else {})}
                process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environ, cwd=Path.cwd())
                answered = None
                for line in process.stdout or ():
                    if line == "ANSWERED\n" and answered is None:
                        answered = time.perf_counter() - started
                if process.wait() or not out.exists():
                    errors.seek(0)
                    told = [line for line in errors.read().splitlines() if line.strip()]
                    return {"error": told[-1] if told else f"ended with status {process.returncode}"}
            return json.loads(out.read_text(encoding="utf-8")) | ({} if answered is None else {"first_answer_s": answered})


def machine() -> Json:
    """Describe what measures."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
    }


def ensure_python(cache_dir: Path) -> Path:
    """Return the interpreter of the other systems, making it once; what can't be installed is told, and the rest goes on."""
    folder = cache_dir / "rivals"
    python = folder / "bin" / "python"
    if (folder / "installed").exists():
        return python
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    lines = [line.partition("#")[0].strip() for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines()]
    wanted = [line for line in lines if line]
    subprocess.run([*install, wanted[0]], check=True)
    if subprocess.run([*install, *wanted], check=False).returncode:
        for one in wanted[1:]:
            if subprocess.run([*install, wanted[0], one], check=False).returncode:
                print(f"not installed: {one}", file=sys.stderr)
    (folder / "installed").touch()
    return python


def thinned(dataset: Dataset, queries: int | None, most: int | None) -> Dataset:
    """Return a set with so many queries, evenly spaced, and so many documents: all that those judge, and others evenly spaced."""
    kept = [one for one in dataset.queries if one.answerable and dataset.qrels.get(one.id)]
    if queries is not None:
        kept = kept[:: max(1, len(kept) // queries)][:queries]
    judged = {key for one in kept for key in dataset.qrels[one.id]}
    others = [one.id for one in dataset.documents if one.id not in judged]
    if most is not None:
        room = max(0, most - len(judged))
        others = others[:: -(-len(others) // room)] if room and others else []
    named = judged | set(others)
    return replace(dataset, queries=tuple(kept), documents=tuple(one for one in dataset.documents if one.id in named))


def documents_of(dataset: Dataset, corpus_dir: Path) -> list[Json]:
    """Return a set's documents, or our corpus's for a set that has none."""
    documents = dataset.documents or read_corpus(corpus_dir).documents
    return [{"id": one.id, "lang": one.lang, "title": one.title, "text": one.text} for one in documents]


def queries_of(dataset: Dataset) -> list[Json]:
    """Return a thinned set's queries."""
    return [{"id": one.id, "lang": one.lang, "text": one.text} for one in dataset.queries]


def judge(rankings: dict[str, list[list[Any]]], qrels: dict[str, dict[str, float]], kept: dict[str, set[str]] | None) -> Json:
    """Return nDCG@10 and recall@10 of documents by their best passages; `kept` limits each query to some documents."""
    runs = {}
    for key, ranking in rankings.items():
        best: dict[str, float] = {}
        for document, score in ranking:
            if kept is None or document in kept[key]:
                best[document] = max(score, best.get(document, float("-inf")))
        ordered = sorted(best, key=lambda document: (-best[document], document))[:CUT_OFF]
        runs[key] = {document: -float(rank) for rank, document in enumerate(ordered)}
    judged = {key: {one: int(gain) for one, gain in qrels[key].items()} for key in rankings if qrels.get(key)}
    measures = {name: ir_measures.parse_measure(f"{name}@{CUT_OFF}") for name in ("nDCG", "R")}
    values = ir_measures.calc_aggregate(measures.values(), judged, runs)
    return {"ndcg@10": float(values[measures["nDCG"]]), "recall@10": float(values[measures["R"]])}


def quality(dataset: Dataset, documents: list[Json], rankings: dict[str, list[list[Any]]]) -> Json:
    """Judge a run, whole and, where a set says which judgements are across languages, over the other language's documents."""
    found = judge(rankings, dataset.qrels, None)
    if dataset.other_language_qrels:
        of_lang = {lang: {one["id"] for one in documents if one["lang"] != lang} for lang in ("fr", "en")}
        kept = {one.id: of_lang[one.lang] for one in dataset.queries}
        across = {key: ranking for key, ranking in rankings.items() if dataset.other_language_qrels.get(key)}
        found["cross"] = judge(across, dataset.other_language_qrels, kept)
    return found


def measure_set(bench: Bench, dataset: Dataset, systems: Sequence[str], is_speed: bool) -> None:
    """Index a set and ask its queries, system by system; for the speed set, change a document too."""
    documents, queries = documents_of(dataset, bench.corpus_dir), queries_of(dataset)
    langs = sorted({one["lang"] for one in documents})
    corpus = "" if dataset.documents else str(bench.corpus_dir)
    print(f"{dataset.name}: {len(documents)} documents, {len(queries)} queries", flush=True)
    given = {"documents": documents, "queries": queries, "langs": langs, "corpus": corpus, "timed": TIMED}
    bench.results["sets"][dataset.name] = {"documents": len(documents), "queries": len(queries), "digest": dataset.digest}
    for system in systems:
        known = bench.results["systems"].setdefault(system, {}).setdefault(dataset.name, {})
        folder = bench.work / f"{dataset.name}-{system}"
        steps = ["build", "ask", *(["change"] if is_speed else [])]
        for step in steps:
            if step in known or (step != "build" and "error" in known.get("build", {})):
                continue
            bench.wait_for_quiet()
            result = bench.task(system, step, folder, given)
            if step == "ask" and "error" not in result:
                result = {"quality": quality(dataset, documents, result["rankings"]), "times_ms": result["times_ms"]}
            known[step] = result
            told = {key: value for key, value in result.items() if not isinstance(value, list)}
            print(f"{dataset.name} {system} {step}: {json.dumps(told)[:300]}", flush=True)
            bench.save()


def measure_turns(bench: Bench, dataset: Dataset, systems: Sequence[str], turns: int) -> None:
    """Turn by turn, each system after the other: start, and answer."""
    queries = queries_of(dataset)[:TIMED]
    langs = sorted({one.lang for one in dataset.documents})
    given = {"langs": langs, "corpus": "", "queries": queries, "timed": TIMED, "documents": []}
    for turn in range(turns):
        for system in systems:
            done = bench.results["systems"][system].setdefault("turns", [])
            if len(done) > turn or "error" in bench.results["systems"][system][dataset.name]["build"]:
                continue
            bench.wait_for_quiet()
            started = bench.task(system, "cold", bench.work / f"{dataset.name}-{system}", given)
            if "error" in started:
                print(f"turn {turn + 1} {system}: {started['error']}", file=sys.stderr)
                continue
            times = sorted(started["times_ms"])
            done.append(
                {
                    "first_answer_s": started["first_answer_s"],
                    "peak_bytes": started["peak_bytes"],
                    "p50_ms": statistics.median(times),
                    "p95_ms": times[int(0.95 * len(times))],
                }
            )
            print(f"turn {turn + 1} {system}: {json.dumps(done[-1])}", flush=True)
            bench.save()


def versions(python: Path) -> dict[str, str]:
    """Return the versions of what was measured."""
    names = [
        "txtai",
        "llama-index-core",
        "langchain-community",
        "haystack-ai",
        "bm25s",
        "sentence-transformers",
        "faiss-cpu",
        "torch",
    ]
    code = "import json,sys;from importlib.metadata import version as v;print(json.dumps({n:v(n) for n in sys.argv[1:]}))"
    found = subprocess.run([str(python), "-c", code, *names], capture_output=True, text=True, check=False)
    own = {"clusterbot": metadata.version("clusterbot"), "onnxruntime": metadata.version("onnxruntime")}
    return own | (json.loads(found.stdout) if found.returncode == 0 else {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--speed", help="the set on which speed is measured; the first if not given")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--systems", nargs="+", choices=SYSTEMS, default=SYSTEMS, help="those to go on with; all if not given")
    parser.add_argument("--queries", type=int, help="so many queries of a set, evenly spaced; all that have an answer if not given")
    parser.add_argument("--documents", type=int, help="so many documents of a set, all that its queries judge among them")
    parser.add_argument("--out", type=Path, default=HERE / "results.json")
    parser.add_argument("--python", type=Path, help="an interpreter that has requirements.txt")
    parser.add_argument("--work", type=Path, help="where the indexes go; a temporary folder if not given")
    parser.add_argument("--lock", type=Path, help="a file to lock while something is measured")
    parser.add_argument("--fresh", action="store_true", help="begin anew")
    options = parser.parse_args()
    datasets = [read_dataset(folder) for folder in options.datasets]
    datasets = [thinned(one, options.queries, options.documents) for one in datasets]
    speed = next(one for one in datasets if one.name == (options.speed or datasets[0].name))
    python = (options.python or ensure_python(read_settings().cache_dir)).absolute()
    with contextlib.ExitStack() as stack:
        work = options.work or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        work.mkdir(parents=True, exist_ok=True)
        bench = Bench(python, options.out, work.absolute(), options.lock, options.fresh)
        bench.results["versions"] = versions(python)
        bench.results["speed_set"] = speed.name
        measure_set(bench, speed, options.systems, is_speed=True)
        measure_turns(bench, speed, options.systems, options.turns)
        for dataset in datasets:
            if dataset is not speed:
                measure_set(bench, dataset, options.systems, is_speed=False)
    subprocess.run([str(python), str(HERE / "page.py"), str(options.out)], check=True)


if __name__ == "__main__":
    main()
