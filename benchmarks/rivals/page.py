"""Results of run.py -> one table (Markdown) and one picture (SVG) beside them: `python page.py results.json`."""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

matplotlib.rcParams["svg.hashsalt"] = "clusterbot"  # the same results give the same file

NAMES = {
    "ours": "clusterbot",
    "txtai_hybrid": "txtai",
    "llamaindex": "LlamaIndex",
    "langchain": "LangChain",
    "haystack": "Haystack",
    "bm25_plain": "bm25s",
    "faiss_plain": "st + FAISS",
}
WORDS_ALONE = "bm25_plain"
REASONS = {
    "quality": "the weights of our fusion are fitted on other sets than this one, and would have to be fitted on sets more like it",
    "documents/s": "bm25s makes no vectors; only doing without them would change it",
    "question p50": "bm25s makes no vector of the question, which alone takes us several times its whole time, and finds least "
    "across languages; only doing without vectors would change it",
    "question p95": "as for p50",
    "first answer": "bm25s loads no model, which is most of our start; a smaller vocabulary would load faster",
    "memory, answering": "bm25s holds no model; ours is mapped from disk and still counts once touched",
    "memory, indexing": "bm25s holds no model; ours keeps the activations of a text for each core beside it",
    "on disk": "we keep int8 vectors of tokens and vectors of sentences, once in the index and once in the cache by which "
    "a rebuild embeds nothing. CLUSTERBOT_LATE_INTERACTION=false leaves both out, for about 0.01 of nDCG@10",
    "one change": "we write a new version aside with a digest of every file, and swap it in, so that a reader never sees "
    "half an index and the old one can be had back, where others write over the live files; files of a language in which nothing "
    "changed are linked, those of the other are written anew",
}

Json = dict[str, Any]


def whole_sets(results: Json) -> list[str]:
    """Return the sets that every system was asked, or failed at."""
    done = [
        {name for name, steps in system.items() if name != "turns" and steps.keys() & {"ask", "error"}}
        for system in results["systems"].values()
    ]
    failed = [
        {name for name, steps in system.items() if name != "turns" and "error" in steps.get("build", {})}
        for system in results["systems"].values()
    ]
    return [name for name in results["sets"] if all(name in one | other for one, other in zip(done, failed, strict=True))]


def turns(name: str, scale: float = 1.0) -> Callable[[Json], float | None]:
    """Return what takes the median of a figure over a system's turns."""
    return lambda system: scale * statistics.median([one[name] for one in system["turns"]]) if system.get("turns") else None


def rows(results: Json) -> list[tuple[str, str, bool, int, Callable[[Json], float | None]]]:
    """Return the rows: group, title, whether more is better, digits, and the figure of a system."""
    found: list[tuple[str, str, bool, int, Callable[[Json], float | None]]] = []

    def figure(name: str, metric: str, pair: str | None = None) -> Callable[[Json], float | None]:
        def get(system: Json) -> float | None:
            quality = system.get(name, {}).get("ask", {}).get("quality")
            return (quality[pair] if pair else quality)[metric] if quality else None

        return get

    for name in whole_sets(results):
        found += [("quality", f"{name}: {label}", True, 3, figure(name, label.lower())) for label in ("nDCG@10", "recall@10")]
        if any("cross" in system.get(name, {}).get("ask", {}).get("quality", {}) for system in results["systems"].values()):
            found.append(("quality", f"{name}: nDCG@10 across languages", True, 3, figure(name, "ndcg@10", "cross")))

    def mean(system: Json) -> float | None:
        each = [figure(name, "ndcg@10")(system) for name in whole_sets(results)]
        known = [one for one in each if one is not None]
        return statistics.mean(known) if known and len(known) == len(each) else None

    speed = results["speed_set"]

    def built(key: str, scale: float) -> Callable[[Json], float | None]:
        return lambda system: system[speed]["build"][key] * scale if key in system.get(speed, {}).get("build", {}) else None

    def indexed(system: Json) -> float | None:
        step = system.get(speed, {}).get("build", {})
        return results["sets"][speed]["documents"] / step["seconds"] if "seconds" in step else None

    def changed(system: Json) -> float | None:
        step = system.get(speed, {}).get("change", {})
        return system[speed]["build"]["seconds"] if step.get("rebuilds") else step.get("seconds")

    return [
        *found,
        ("quality", "mean nDCG@10 of the sets", True, 3, mean),
        ("documents/s", "indexing, documents/s", True, 1, indexed),
        ("question p50", "question, p50, ms", False, 1, turns("p50_ms")),
        ("question p95", "question, p95, ms", False, 1, turns("p95_ms")),
        ("first answer", "process start to first answer, s", False, 2, turns("first_answer_s")),
        ("memory, answering", "peak memory answering, MB", False, 0, turns("peak_bytes", 1e-6)),
        ("memory, indexing", "peak memory indexing, MB", False, 0, built("peak_bytes", 1e-6)),
        ("on disk", f"{speed} on disk, MB", False, 1, built("bytes", 1e-6)),
        ("one change", "index again after one change, s", False, 2, changed),
    ]


def table(results: Json) -> list[str]:
    """Return the table's lines; the best figure of a row in bold."""
    systems = [name for name in NAMES if name in results["systems"]]
    lines = [f"| | {' | '.join(NAMES[name] for name in systems)} |", f"| --- |{' --- |' * len(systems)}"]
    for _, title, is_more, digits, get in rows(results):
        values = {name: get(results["systems"][name]) for name in systems}
        known = [round(one, digits) for one in values.values() if one is not None]
        best = (max if is_more else min)(known) if known else None
        told = [
            "–" if one is None else f"**{one:.{digits}f}**" if round(one, digits) == best else f"{one:.{digits}f}"
            for one in values.values()
        ]
        lines.append(f"| {title} | {' | '.join(told)} |")
    return lines


def behind(results: Json) -> list[str]:
    """Return a sentence for each row in which another system leads: by how much, and what would change it."""
    lines = []
    for group, title, is_more, digits, get in rows(results):
        values = {name: get(system) for name, system in results["systems"].items()}
        known = {name: one for name, one in values.items() if one is not None}
        if known.get("ours") is None:
            continue
        leader = (max if is_more else min)(known, key=lambda name: known[name])
        if leader != "ours" and round(known[leader], digits) != round(known["ours"], digits):
            lines.append(f"- {title}: {NAMES[leader]} {known[leader]:.{digits}f}, we {known['ours']:.{digits}f}; {REASONS[group]}.")
    return lines


def ratios(results: Json) -> list[str]:
    """Return how many times we are better than the best system that searches by meaning."""
    lines = ["| | best other that searches by meaning | clusterbot | ratio |", "| --- | --- | --- | --- |"]
    for group, title, is_more, digits, get in rows(results):
        if group == "quality":
            continue
        values = {name: get(system) for name, system in results["systems"].items() if name != WORDS_ALONE}
        known = {name: one for name, one in values.items() if one is not None}
        ours = known.pop("ours", None)
        if ours is None or not known:
            continue
        leader = (max if is_more else min)(known, key=lambda name: known[name])
        ratio = ours / known[leader] if is_more else known[leader] / ours
        lines.append(f"| {title} | {known[leader]:.{digits}f} ({NAMES[leader]}) | {ours:.{digits}f} | {ratio:.2f} |")
    return lines


def errors(results: Json) -> list[str]:
    """Return what a system couldn't do, in its own words."""
    found = []
    for name, system in results["systems"].items():
        for set_name, steps in system.items():
            if isinstance(steps, dict):
                found += [
                    f"- {NAMES[name]}, {set_name}, {step}: {one['error']}"
                    for step, one in steps.items()
                    if isinstance(one, dict) and "error" in one
                ]
    return found


def picture(results: Json, path: Path) -> None:
    """Draw mean quality, speed, start and memory, a bar a system."""
    chosen = [
        row
        for row in rows(results)
        if row[1].startswith(("mean nDCG", "indexing", "question, p50", "process start", "peak memory answering"))
    ]
    chosen += [row for row in rows(results) if row[1].endswith("across languages")][:1]
    systems = [name for name in NAMES if name in results["systems"]]
    figure, axes = plt.subplots(2, 3, figsize=(12, 6), layout="constrained")
    for axis, (_, title, is_more, digits, get) in zip(axes.flat, chosen, strict=False):
        values = [get(results["systems"][name]) for name in systems]
        heights = [math.nan if one is None else one for one in values]
        bars = axis.bar(
            [NAMES[name] for name in systems], heights, color=["#b4371f" if name == "ours" else "#8a97a6" for name in systems]
        )
        axis.bar_label(bars, labels=["" if one is None else f"{one:.{digits}f}" for one in values], fontsize=8)
        axis.set_title(f"{title} ({'more' if is_more else 'less'} is better)", fontsize=9)
        axis.tick_params(axis="x", rotation=40, labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})


def page(results: Json) -> str:
    """Return the whole page."""
    machine, speed = results["machine"], results["speed_set"]
    counts = ", ".join(
        f"{name} ({one['documents']} documents, {one['queries']} queries)"
        for name, one in results["sets"].items()
        if name in whole_sets(results)
    )
    versions = ", ".join(f"{name} {version}" for name, version in sorted(results["versions"].items()))
    rounds = min((len(system.get("turns", [])) for system in results["systems"].values()), default=0)
    parts = [
        "# Beside what one would pick instead",
        "<!-- Generated by benchmarks/rivals/page.py from results.json. -->",
        f"{machine['cpu']}, {machine['cores']} cores, {results['date']}. Sets: {counts}. Speed, memory and disk: "
        f"{speed}; questions and starts are medians of {rounds} turns, each system once in a turn, in processes of its own. "
        "How each is set up: [README.md](README.md).",
        "\n".join(table(results)),
        "![the same, drawn](results.svg)",
        "## Where we don't lead",
        "\n".join(behind(results)) or "Nowhere.",
        "## How many times better than the best other system that searches by meaning",
        "\n".join(ratios(results)),
    ]
    if found := errors(results):
        parts += ["## What couldn't be run", "\n".join(found)]
    return "\n\n".join([*parts, f"Versions: {versions}."]) + "\n"


def main() -> None:
    path = Path(sys.argv[1])
    results = json.loads(path.read_text(encoding="utf-8"))
    path.with_suffix(".md").write_text(page(results), encoding="utf-8")
    picture(results, path.with_suffix(".svg"))


if __name__ == "__main__":
    main()
