"""Ask 10,000 varied questions of one process while the index is swapped 50 times, and see whether anything grows.

    python benchmarks/soak.py --picture docs/soak.svg

The questions are those of our own sets, changed by a seeded generator as people change them: case, accents, typos, politeness, cut
short, asked after another; some are claims, some are nonsense. Every answer leaves a receipt. Two versions of the index, of which
one lacks some of the documents, take turns. Memory, open files and threads are sampled after every hundred questions, with the
latencies of that hundred. Status 1 where a bound is broken.
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import read_corpus
from clusterbot.embedding import has_tokens, open_embedder
from clusterbot.errors import UsageError
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.ranking import read_ranking
from clusterbot.receipts import receipt_of
from clusterbot.settings import read_settings
from clusterbot.store import Store

ROOT = Path(__file__).parent.parent
SETS = ("tests/evaluation/tuning/queries.jsonl", "tests/evaluation/queries.jsonl", "benchmarks/gap_twins.jsonl")
EVERY, SEED = 100, 20261124
MAX_GROWTH_MB, MAX_SLOWDOWN = 64.0, 1.5
"""Bounds: memory of the last fifth above that of the second fifth, and the last fifth's median latency over the second fifth's."""


@dataclass(frozen=True)
class Sample:
    """What was seen after so many questions; latencies are of the hundred before."""

    questions: int
    rss_mb: float
    files: int
    threads: int
    p50_ms: float
    p95_ms: float


def varied(texts: Sequence[str], draw: random.Random) -> tuple[str, list[str]]:
    """Return a question as someone might type it, and the questions before it."""
    text = draw.choice(texts)
    changes: tuple[Callable[[str], str], ...] = (
        str.upper,
        str.lower,
        lambda one: "".join(char for char in unicodedata.normalize("NFD", one) if not unicodedata.combining(char)),
        lambda one: draw.choice(("svp ", "hey, ", "Bonjour! ", "please, ")) + one,
        lambda one: one[: max(3, len(one) * draw.randrange(40, 100) // 100)],
        lambda one: swapped(one, draw),
        lambda one: one + " " + draw.choice(texts),
        lambda one: "".join(draw.choice("abcdefghijklmnopqrstuvwxyzé ") for _ in range(draw.randrange(3, 300))),
    )
    for change in draw.sample(changes, draw.randrange(3)):
        text = change(text)
    return text[:1900], [draw.choice(texts) for _ in range(draw.randrange(4))] if draw.random() < 0.2 else []


def swapped(text: str, draw: random.Random) -> str:
    """Swap two neighbouring letters."""
    at = draw.randrange(max(1, len(text) - 1))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def look(questions: int, latencies: Sequence[float]) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    files = sum(1 for _ in Path("/proc/self/fd").iterdir())
    p50, p95 = np.percentile(latencies, (50, 95)) * 1000
    return Sample(questions, pages * os.sysconf("SC_PAGE_SIZE") / 1e6, files, threading.active_count(), float(p50), float(p95))


def soak(total: int, swaps: int, folder: Path) -> tuple[list[Sample], dict[str, int]]:
    """Run, and return the samples and counts of what came."""
    settings, draw = read_settings(), random.Random(SEED)
    embedder = open_embedder("bundled", settings.cache_dir)
    ranking = read_ranking(has_tokens(embedder))
    shutil.copytree(ROOT / "corpus", folder / "corpus")
    build_index(read_corpus(folder / "corpus"), folder / "index", embedder, recipe(ranking))
    for path in sorted((folder / "corpus" / "articles").glob("*.md"))[::10]:
        path.unlink()
    build_index(read_corpus(folder / "corpus"), folder / "index", embedder, recipe(ranking))
    versions = [manifest.version for manifest in snapshot.versions(folder / "index")]
    texts = [json.loads(line)["text"] for name in SETS for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    assistant = Assistant(folder / "index", embedder, ranking)
    counts = dict.fromkeys(("answered", "abstained", "claims", "refused", "swaps"), 0)
    samples, latencies = [], []
    with Store(folder / "data") as store:
        for number in range(1, total + 1):
            text, context = varied(texts, draw)
            started = time.perf_counter()
            try:
                if number % 20:
                    reply = assistant.ask(text, context)
                    receipt = receipt_of(reply, text, context, None, "server", dt.datetime.now(dt.UTC))
                    store.record(receipt, str(10**17 + draw.randrange(500)))
                    counts[receipt.outcome] += 1
                else:
                    assistant.check(text, context)
                    counts["claims"] += 1
            except UsageError:
                counts["refused"] += 1
            latencies.append(time.perf_counter() - started)
            if number % max(1, total // swaps) == 0 and counts["swaps"] < swaps:
                counts["swaps"] += 1
                snapshot.use(folder / "index", versions[counts["swaps"] % 2])  # the newest, versions[0], is live at first
                if not assistant.reload():
                    sys.exit("the index was not swapped")
            if number % EVERY == 0:
                samples.append(look(number, latencies))
                latencies = []
                print(samples[-1], file=sys.stderr, flush=True)
    return samples, counts


def judge(samples: Sequence[Sample]) -> dict[str, float]:
    """Compare the last fifth with the second: by then every cache is warm."""
    fifth = len(samples) // 5
    early, late = samples[fifth : 2 * fifth], samples[-fifth:]

    def median(part: Sequence[Sample], name: str) -> float:
        return float(np.median([getattr(one, name) for one in part]))

    return {
        "rss_mb_first": round(samples[0].rss_mb, 1),
        "rss_mb_early": round(median(early, "rss_mb"), 1),
        "rss_mb_late": round(median(late, "rss_mb"), 1),
        "rss_mb_most": round(max(one.rss_mb for one in samples), 1),
        "growth_mb": round(median(late, "rss_mb") - median(early, "rss_mb"), 1),
        "files_first": samples[0].files,
        "files_most": max(one.files for one in samples),
        "files_last": samples[-1].files,
        "threads_last": samples[-1].threads,
        "p50_ms_early": round(median(early, "p50_ms"), 1),
        "p50_ms_late": round(median(late, "p50_ms"), 1),
        "p95_ms_early": round(median(early, "p95_ms"), 1),
        "p95_ms_late": round(median(late, "p95_ms"), 1),
    }


def picture(samples: Sequence[Sample]) -> str:
    """Draw memory, open files and latency over the questions, one under the other."""
    width, height, left, gap = 720, 120, 60, 46
    curves = (("Memory / Mémoire (Mo, MB)", ("rss_mb",)), ("Open files / Fichiers ouverts", ("files",)))
    curves += (("Latency / Latence (ms): p50, p95", ("p50_ms", "p95_ms")),)
    parts = []
    for row, (title, names) in enumerate(curves):
        top = 24 + row * (height + gap)
        most = max(getattr(one, name) for one in samples for name in names) * 1.1
        parts.append(f'<text x="{left}" y="{top - 8}">{title}</text>')
        for share in (0, 0.5, 1):
            y = top + height * (1 - share)
            parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{width}" y2="{y:.1f}" stroke="#ccc"/>')
            parts.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{most * share:.0f}</text>')
        for name, colour in zip(names, ("#0b5394", "#b45f06"), strict=False):
            points = (
                f"{left + (width - left) * one.questions / samples[-1].questions:.1f},"
                f"{top + height * (1 - getattr(one, name) / most):.1f}"
                for one in samples
            )
            parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{" ".join(points)}"/>')
        parts.append(f'<text x="{width}" y="{top + height + 16}" text-anchor="end">{samples[-1].questions:,} questions</text>')
    whole = 24 + len(curves) * (height + gap)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width + 20} {whole}" font-family="sans-serif" font-size="12">'
    return "\n".join([head, f'<rect width="{width + 20}" height="{whole}" fill="white"/>', *parts, "</svg>\n"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--swaps", type=int, default=50)
    parser.add_argument("--picture", type=Path)
    given = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        samples, counts = soak(given.questions, given.swaps, Path(folder))
    figures = judge(samples)
    print(json.dumps({**counts, **figures, "minutes": round((time.monotonic() - started) / 60, 1)}, indent=1))
    if given.picture:
        given.picture.write_text(picture(samples), encoding="utf-8")
    is_flat = figures["growth_mb"] <= MAX_GROWTH_MB and figures["files_last"] <= figures["files_first"] + 5
    is_steady = figures["p50_ms_late"] <= MAX_SLOWDOWN * figures["p50_ms_early"]
    sys.exit(0 if is_flat and is_steady else 1)


if __name__ == "__main__":
    main()
