"""Time of adding one article to a corpus of 10,000 documents and re-indexing, and its share of a full build.

    python benchmarks/ten_thousand.py make DIR      DIR/corpus: our own documents, and 10,000 articles made from their sentences
    python benchmarks/ten_thousand.py full DIR      a full build into DIR/index, then:
    python benchmarks/ten_thousand.py add DIR       five times: add a page from a file, build; build again, remove it, build

An article is four sentences drawn from the articles and overviews of one language by a seeded generator: real words without
order, each passage unlike any other, so that each has to be embedded. Timed are the commands as a person runs them.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import time
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


def run(folder: Path, *arguments: str) -> tuple[float, dict]:
    """Run a command; return its time and its JSON."""
    places = {f"CLUSTERBOT_{name.upper()}_DIR": str(folder / name) for name in ("corpus", "index", "data")}
    started = time.perf_counter()
    command = [sys.executable, "-m", "clusterbot", *arguments, "--json"]
    ended = subprocess.run(command, env={**os.environ, **places}, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - started, json.loads(ended.stdout)


def full(folder: Path) -> None:
    """Time a full build."""
    seconds, report = run(folder, "index", "build")
    (folder / "full.json").write_text(json.dumps({"seconds": seconds, **report}))
    print(f"full build: {seconds:.1f} s, {report['documents']} documents, {report['embedded']} passages embedded", flush=True)
    add(folder)


def add(folder: Path) -> None:
    """Time the adding of one page, the build after it, one without a change, and those of its removal."""
    draw, whole = random.Random(SEED + 1), None
    if (folder / "full.json").exists():
        whole = json.loads((folder / "full.json").read_text())["seconds"]
    else:
        run(folder, "index", "build")  # ends a full build that was cut off: its time is unknown
    source = read_corpus(OWN).documents
    times: dict[str, list[float]] = {}
    for turn in range(TURNS):
        page = folder / f"page{turn}.txt"
        text = " ".join(sorted((one.text for one in draw.sample(source, 3) if one.lang == "fr"), key=len) or [source[0].text])
        page.write_text(f"Essai {turn}\n\n{text}\n\n{draw.random()} membres.", encoding="utf-8")
        seconds, done = run(folder, "corpus", "add", str(page), "--yes", "--url", f"https://example.org/new/{turn}")
        times.setdefault("corpus add", []).append(seconds)
        seconds, report = run(folder, "index", "build")
        times.setdefault("index build", []).append(seconds)
        times.setdefault("passages embedded", []).append(report["embedded"])
        again, report = run(folder, "index", "build")
        times.setdefault("index build, nothing changed", []).append(again)
        assert report["embedded"] == 0
        seconds, _ = run(folder, "corpus", "remove", done["added"][0]["document_id"], "--yes")
        times.setdefault("corpus remove", []).append(seconds)
        seconds, report = run(folder, "index", "build")
        times.setdefault("index build after it", []).append(seconds)
        assert report["embedded"] == 0
    for name, values in times.items():
        middle = statistics.median(values)
        share = "" if whole is None or name == "passages embedded" else f", {100 * middle / whole:.1f} % of a full build"
        print(f"{name}: {middle:.2f} (from {min(values):.2f} to {max(values):.2f}){share}")


if __name__ == "__main__":
    {"make": make, "full": full, "add": add}[sys.argv[1]](Path(sys.argv[2]))
