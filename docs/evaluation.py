"""Write docs/evaluation.md and its pictures from docs/evaluation.json; tests/test_docs.py fails where they are out of date.

    python docs/evaluation.py [PART=FILE...]

A part is taken into evaluation.json from the file that a command wrote:

    eval            clusterbot eval tests/evaluation DATASET_DIR... --json
    fit             clusterbot eval --fit DATASET_DIR... --json, with public sets alone
    ablation        benchmarks/ablate_ranking.py DATASET_DIR... --json FILE
    answerability   benchmarks/try_answerability.py DATASET_DIR... --json FILE
    blind           clusterbot eval tests/evaluation/blind tests/evaluation/blind_2 tests/evaluation/blind_3 --json
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2

DOCS = Path(__file__).parent
RESULTS = DOCS / "evaluation.json"
PARTS = ("eval", "fit", "ablation", "answerability", "blind")
OWN = "evaluation"
NAMES = {
    OWN: "our test questions",
    "tuning": "our tuning questions",
    "tuning, more": "more tuning questions",
    "by a third hand": "questions by a third hand",
}
COLOURS = ("#b4371f", "#1f5fb4", "#2e8540", "#8a5fb4", "#b4811f", "#5b6770")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 640, 320, 48, 36, 170, 36

Json = dict[str, Any]
Points = Sequence[tuple[float, float]]


def pages() -> dict[Path, str]:
    """Return the page and its pictures: path and contents."""
    results = json.loads(RESULTS.read_text(encoding="utf-8"))
    environment = jinja2.Environment(  # Markdown, not HTML; what is filled in is our own numbers and set names
        autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"f3": lambda value: f"{value:.3f}", "gain": gain, "percent": lambda value: f"{100 * value:.0f} %"}
    template = environment.from_string((DOCS / "evaluation.md.j2").read_text(encoding="utf-8"))
    found = {DOCS / "evaluation.md": template.render(**values(results))}
    return found | {DOCS / name: picture for name, picture in pictures(results).items()}


def gain(value: float) -> str:
    """Write a difference with its sign, a true minus."""
    return f"{value:+.3f}".replace("-", "−")


def values(results: Json) -> Json:
    """Return what the template fills in."""
    sets = {one["dataset"]: one for one in results["eval"]}
    public = [name for name in sets if name != OWN]
    fitted = results["ablation"]["fitted"]
    best = {name: max(one["runs"][run]["ndcg@10"] for run in ("lexical", "dense")) for name, one in sets.items()}
    left_out = {name: value for name, value in fitted["whole"].items() if name in public}
    left_out |= {name: sets[name]["runs"]["hybrid"]["ndcg@10"] for name in public if name not in left_out}
    return {
        **results,
        "names": {name: name for name in (*sets, *fitted["whole"], *results["ablation"]["shipped"], *results["fit"]["left_out"])}
        | NAMES,
        "sets": sets,
        "public": public,
        "own": sets[OWN],
        "blind": results["blind"][0],
        "blind_2": results["blind"][1],
        "blind_3": results["blind"][2],
        "best": best,
        "left_out": left_out,
        "plain_left_out": fitted["without"]["late interaction"],
        "gains": {name: left_out[name] - best[name] for name in public},
        "mean_gain": statistics.mean(left_out[name] - best[name] for name in public),
        "least": min(public, key=lambda name: left_out[name] - best[name]),
        "ideas": ideas(fitted),
        "model": sets[OWN]["model"],
    }


def ideas(fitted: Json) -> list[tuple[str, float, dict[str, float]]]:
    """Return what each idea with weights gains: its name, the mean over the sets left out, and each set's gain."""
    found = []
    for idea, without in fitted["without"].items():
        gains = {name: fitted["whole"][name] - value for name, value in without.items()}
        found.append((idea, statistics.mean(gains.values()), gains))
    return sorted(found, key=lambda one: -one[1])


def pictures(results: Json) -> dict[str, str]:
    """Return the pictures by file name."""
    fit = {NAMES.get(name, name): one for name, one in results["fit"]["left_out"].items()}
    risks = {name: [(coverage, risk) for coverage, risk in one["risk_coverage"]] for name, one in fit.items()}
    shown = {name: [(mean, share) for mean, share, count in one["reliability"] if count >= 5] for name, one in fit.items()}
    heights = {
        NAMES.get(one["dataset"], one["dataset"]): [one["runs"][run]["ndcg@10"] for run in ("lexical", "dense", "hybrid")]
        for one in results["eval"]
    }
    return {
        "evaluation-ndcg.svg": bars("nDCG@10: lexical, dense, whole ranking", heights, ("lexical", "dense", "whole")),
        "evaluation-risk.svg": lines("of the surest share of questions, how many the corpus doesn’t answer", risks, 0.5, False),
        "evaluation-reliability.svg": lines("share that can be answered, by probability shown", shown, 1.0, True),
    }


def frame(title: str, body: Sequence[str], top: float) -> str:
    """Return a picture with its title, a scale from 0 to `top` on the left and what is drawn."""
    grid = []
    for step in range(6):
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * step / 5
        grid.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#d5d9de"/>')
        grid.append(text(LEFT - 6, y + 4, f"{top * step / 5:.1f}", "end"))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="11">'
    return "\n".join([head, '<rect width="100%" height="100%" fill="#fff"/>', text(LEFT, 20, title), *grid, *body, "</svg>", ""])


def text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#333") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


def lines(title: str, series: dict[str, Points], top: float, has_diagonal: bool) -> str:
    """Draw curves over 0 to 1, each in its colour, named on the right."""

    def at(x: float, y: float) -> str:
        across = LEFT + x * (WIDTH - LEFT - RIGHT)
        return f"{across:.1f},{HEIGHT - BOTTOM - min(y / top, 1) * (HEIGHT - TOP - BOTTOM):.1f}"

    body = [text(LEFT + step / 5 * (WIDTH - LEFT - RIGHT), HEIGHT - 16, f"{step / 5:.1f}", "middle") for step in range(6)]
    if has_diagonal:
        body.append(f'<polyline points="{at(0, 0)} {at(1, 1)}" fill="none" stroke="#999" stroke-dasharray="4 4"/>')
    for place, ((name, points), colour) in enumerate(zip(series.items(), COLOURS, strict=False)):
        drawn = " ".join(at(x, y) for x, y in points)
        body.append(f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="2"/>')
        body += [f'<circle cx="{dot.split(",")[0]}" cy="{dot.split(",")[1]}" r="2.5" fill="{colour}"/>' for dot in drawn.split()]
        body.append(text(WIDTH - RIGHT + 14, TOP + 14 + 18 * place, name, colour=colour))
    return frame(title, body, top)


def bars(title: str, groups: dict[str, Sequence[float]], kinds: Sequence[str]) -> str:
    """Draw groups of bars between 0 and 1, a colour for each kind."""
    colours = ("#c3c9d1", "#8a97a6", COLOURS[0])
    width = (WIDTH - LEFT - RIGHT) / len(groups)
    body = []
    for place, (name, heights) in enumerate(groups.items()):
        first = LEFT + place * width + 0.12 * width
        for number, (height, colour) in enumerate(zip(heights, colours, strict=True)):
            tall = height * (HEIGHT - TOP - BOTTOM)
            x, thick = first + number * 0.25 * width, 0.23 * width
            body.append(
                f'<rect x="{x:.1f}" y="{HEIGHT - BOTTOM - tall:.1f}" width="{thick:.1f}" height="{tall:.1f}" fill="{colour}"/>'
            )
        body.append(text(first + 0.375 * width, HEIGHT - 20 + 12 * (place % 2), name, "middle"))
    body += [text(WIDTH - RIGHT + 14, TOP + 14 + 18 * place, kind, colour=colours[place]) for place, kind in enumerate(kinds)]
    return frame(title, body, 1.0)


def main() -> None:
    """Take in what is given, then write the files that changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART=FILE")
    results: Json = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for given in parser.parse_args().parts:
        name, _, file = given.partition("=")
        if name not in PARTS:
            parser.error(f"{name} is none of {', '.join(PARTS)}")
        results[name] = json.loads(Path(file).read_text(encoding="utf-8"))
        results["date"] = f"{dt.datetime.now(dt.UTC):%Y-%m-%d}"
    results["fit"].pop("file", None)  # where it lay on one machine
    for one in (*results["eval"], *results["blind"]):
        for name in (
            "latency_ms",
            "passages_per_s",
            "index",
        ):  # of whatever else that machine did; docs/performance.md has the speed
            one.pop(name, None)
    written = json.dumps(results, indent=1, ensure_ascii=False) + "\n"
    RESULTS.write_text(written, encoding="utf-8")
    for path, contents in pages().items():
        path.write_text(contents, encoding="utf-8")


if __name__ == "__main__":
    main()
