"""Time of adding one article to a corpus of 10,000 documents and re-indexing, and its share of a full build.

    python benchmarks/ten_thousand.py make DIR      DIR/corpus: our own documents, and 10,000 articles made from their sentences
    python benchmarks/ten_thousand.py full DIR      a full build into DIR/index, then:
    python benchmarks/ten_thousand.py add DIR       five times: add a page from a file, build; build again, remove it, build

The last two print one JSON document: seconds by the clock and of the processors, each the median of the turns.

An article is four sentences drawn from the articles and overviews of one language by a seeded generator: real words without
order, each passage unlike any other, so that each has to be embedded. Timed are the commands as a person runs them.
"""

from __future__ import annotations

import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clusterbot.corpus import read_corpus, write_document
from clusterbot.models import LANGUAGES, Document
from clusterbot.text import split_sentences

DOCUMENTS, SENTENCES, TURNS, SEED = 10_000, 4, 5, 20261124
OWN = Path(__file__).parent.parent / "corpus"


def make(folder: Path) -> None:
    """Write the corpus."""
    draw, corpus = random.Random(SEED), folder / "corpus"
    shutil.copytree(OWN, corpus)
    (corpus / "golden.jsonl").unlink(missing_ok=True)
    own = [one for one in read_corpus(OWN).documents if one.kind != "profile"]
    sentences = {
        lang: [
            one.text[s.start : s.end]
            for one in own
            if one.lang == lang
            for s in split_sentences(one.text, lang)
            if not s.is_heading and s.end - s.start > 40
        ]
        for lang in LANGUAGES
    }
    for number in range(DOCUMENTS):
        lang = LANGUAGES[number % 2]
        text = " ".join(draw.sample(sentences[lang], SENTENCES))
        values = {"kind": "article", "title": f"Article {number}", "lang": lang, "url": f"https://example.org/{number}"}
        front = {"publisher": "benchmark", "retrieved": "2026-11-24", "licence": "CC BY 4.0"}
        write_document(Document.model_validate({"id": f"2026-{number:05}", "text": text, **values, **front}), corpus)
    print(f"{DOCUMENTS} documents; {sum(map(len, sentences.values()))} sentences to draw from")


@dataclass(frozen=True)
class Ran:
    """What a command took, and its JSON."""

    seconds: float
    processor_s: float
    report: dict


def run(folder: Path, *arguments: str) -> Ran:
    """Run a command."""
    places = {f"CLUSTERBOT_{name.upper()}_DIR": str(folder / name) for name in ("corpus", "index", "data")}
    started, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "clusterbot", *arguments, "--json"]
    ended = subprocess.run(command, env={**os.environ, **places}, stdout=subprocess.PIPE, check=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(seconds, spent, json.loads(ended.stdout))


def full(folder: Path) -> None:
    """Time a full build, then what follows it."""
    ran = run(folder, "index", "build")
    counts = {key: ran.report[key] for key in ("documents", "passages", "embedded")}
    told = {"seconds": round(ran.seconds, 1), "processor_s": round(ran.processor_s, 1), **counts}
    (folder / "full.json").write_text(json.dumps(told))
    print(f"full build: {told}", file=sys.stderr, flush=True)
    add(folder)


def add(folder: Path) -> None:
    """Time the adding of one page, the build after it, one without a change, and those of its removal; print it all."""
    draw, whole = random.Random(SEED + 1), None
    if (folder / "full.json").exists():
        whole = json.loads((folder / "full.json").read_text())
    else:
        run(folder, "index", "build")  # ends a full build that was cut off: its time is unknown
    source = read_corpus(OWN).documents
    took: dict[str, list[Ran]] = {}
    for turn in range(TURNS):
        page = folder / f"page{turn}.txt"
        text = " ".join(sorted((one.text for one in draw.sample(source, 3) if one.lang == "fr"), key=len) or [source[0].text])
        page.write_text(f"Essai {turn}\n\n{text}\n\n{draw.random()} membres.", encoding="utf-8")
        added = run(folder, "corpus", "add", str(page), "--yes", "--url", f"https://example.org/new/{turn}")
        took.setdefault("corpus add", []).append(added)
        took.setdefault("index build after it", []).append(run(folder, "index", "build"))
        took.setdefault("index build, nothing changed", []).append(run(folder, "index", "build"))
        name = added.report["added"][0]["document_id"]
        took.setdefault("corpus remove", []).append(run(folder, "corpus", "remove", name, "--yes"))
        took.setdefault("index build after the removal", []).append(run(folder, "index", "build"))
        for step in ("index build, nothing changed", "index build after the removal"):
            assert took[step][-1].report["embedded"] == 0
    print(json.dumps({"full build": whole, **{step: summary(runs, whole) for step, runs in took.items()}}, indent=1))


def summary(runs: Sequence[Ran], whole: dict | None) -> dict[str, float]:
    """Return the median, least and most seconds of a step, its share of a full build, and how much was embedded."""
    seconds = [one.seconds for one in runs]
    told = {"seconds": round(statistics.median(seconds), 2), "least_s": round(min(seconds), 2), "most_s": round(max(seconds), 2)}
    told["processor_s"] = round(statistics.median(one.processor_s for one in runs), 2)
    if whole is not None:
        told["percent_of_full"] = round(100 * statistics.median(seconds) / whole["seconds"], 1)
    if "embedded" in runs[0].report:
        told["embedded"] = statistics.median(one.report["embedded"] for one in runs)
    return told


if __name__ == "__main__":
    {"make": make, "full": full, "add": add}[sys.argv[1]](Path(sys.argv[2]))
