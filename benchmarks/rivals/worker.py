"""One task of one system, in a process of its own: `python worker.py SYSTEM TASK JOB.json`; the result goes to the job's `out`.

build   index all documents                     ask     answer all queries: rankings for the quality, times one by one
cold    answer one question, then some more     change  change one document, until the index is saved
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from systems.parts import Document, Job

DEEP, SHORT = 100, 10  # passages asked for: of a ranking that is judged, and by a person
WARM = 3
MARK = {"fr": "Le héron bleu de l’observatoire dort à midi pile.", "en": "The blue heron of the observatory sleeps at noon sharp."}


def peak_bytes() -> int:
    """Return the most memory that this process held (VmHWM: getrusage counts the parent's too, before exec)."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


def build(system: Any, given: dict[str, Any]) -> dict[str, Any]:
    system.load()
    documents = [Document(**one) for one in given["documents"]]
    started = time.perf_counter()
    passages = system.build(documents)
    seconds = time.perf_counter() - started
    size = sum(path.stat().st_size for path in Path(given["folder"]).rglob("*") if path.is_file())
    return {"passages": passages, "seconds": seconds, "bytes": size, "peak_bytes": peak_bytes()}


def answer(system: Any, query: dict[str, str]) -> None:
    if hasattr(system, "ask"):
        system.ask(query["text"], query["lang"])
    else:
        system.search(query["text"], query["lang"], SHORT)


def ask(system: Any, given: dict[str, Any]) -> dict[str, Any]:
    system.load()
    system.open()
    rankings = {one["id"]: system.search(one["text"], one["lang"], DEEP) for one in given["queries"]}
    return {"rankings": rankings, "times_ms": timed(system, given["queries"][: given["timed"]])}


def timed(system: Any, queries: list[dict[str, str]]) -> list[float]:
    for query in queries[:WARM]:
        answer(system, query)
    times = []
    for query in queries:
        started = time.perf_counter()
        answer(system, query)
        times.append(1000 * (time.perf_counter() - started))
    return times


def cold(system: Any, given: dict[str, Any]) -> dict[str, Any]:
    system.load()
    system.open()
    answer(system, given["queries"][0])
    sys.stdout.write("ANSWERED\n")
    sys.stdout.flush()
    return {"times_ms": timed(system, given["queries"][: given["timed"]]), "peak_bytes": peak_bytes()}


def change(system: Any, given: dict[str, Any]) -> dict[str, Any]:
    if getattr(system, "rebuilds", False):
        return {"rebuilds": True}
    system.load()
    system.open()
    documents = [Document(**one) for one in given["documents"]]
    old = documents[len(documents) // 2]
    changed = Document(old.id, old.lang, old.title, f"{MARK[old.lang]} {old.text}")
    started = time.perf_counter()
    system.change(documents, changed)
    seconds = time.perf_counter() - started
    found = any(key == old.id for key, _ in system.search(MARK[old.lang], old.lang, SHORT)[:SHORT])
    return {"seconds": seconds, "found": found}


def main() -> None:
    name, task, path = sys.argv[1:]
    given = json.loads(Path(path).read_text(encoding="utf-8"))
    module = importlib.import_module(f"systems.{name}")
    folder = Path(given["folder"])
    folder.mkdir(parents=True, exist_ok=True)
    system = module.System(Job(given["model"], folder, tuple(given["langs"]), given["corpus"]))
    result = {"build": build, "ask": ask, "cold": cold, "change": change}[task](system, given)
    Path(given["out"]).write_text(json.dumps(result), encoding="utf-8")


if __name__ == "__main__":
    main()
