"""A Milvus beside the index's own files: the same answers to all test and tuning questions, and how long each takes.

    python benchmarks/milvus.py [FOLDER] [--corpus DIR] [--uri http://HOST:PORT]

Builds a corpus (ours unless another is given; `ten_thousand.py` makes a larger one) twice into FOLDER, else a temporary one:
in files, and in the Milvus at the address, or else in a Milvus Lite in a process of its own. Both are asked each question in turn.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant, Reply, recipe
from clusterbot.corpus import read_corpus
from clusterbot.datasets import read_dataset
from clusterbot.embedding import has_tokens, open_embedder
from clusterbot.index.build import build_index
from clusterbot.index.milvus import MilvusServer
from clusterbot.ranking import read_ranking
from clusterbot.settings import Settings

ROOT = Path(__file__).parent.parent
SETS = ("tests/evaluation", "tests/evaluation/tuning")


@contextmanager
def milvus_lite(folder: Path) -> Iterator[str]:
    """Run a Milvus Lite in a process of its own; give its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "from milvus_lite.cmdline import main; main()"
    command = [sys.executable, "-c", code, "server", "--data-dir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except ConnectionRefusedError:
                    time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def seen(reply: Reply) -> tuple[object, ...]:
    """Return what has to be the same."""
    quotes = [quote.text for quote in reply.result.quotes] if isinstance(reply.result, Answer) else None
    hits = [(hit.passage.id, hit.score, hit.cosine, hit.lexical, hit.matched) for hit in reply.result.hits]
    return type(reply.result), reply.result.confidence, quotes, hits


def compare(files: Assistant, milvus: Assistant) -> None:
    """Ask both everything and print what differs, and the times."""
    questions = [query.text for name in SETS for query in read_dataset(ROOT / name).queries]
    times: dict[str, list[float]] = {"files": [], "milvus": []}
    searches: dict[str, list[float]] = {"files": [], "milvus": []}
    different = 0
    for question in questions:
        replies = []
        for name, assistant in (("files", files), ("milvus", milvus)):
            begun = time.perf_counter()
            replies.append(assistant.ask(question))
            times[name].append(1000 * (time.perf_counter() - begun))
            query = assistant.engine.retriever.query(question, "fr")
            begun = time.perf_counter()
            assistant.engine.retriever.search(query, 100)
            searches[name].append(1000 * (time.perf_counter() - begun))
        if seen(replies[0]) != seen(replies[1]):
            different += 1
            print("different:", question)
    print(f"{len(questions)} questions, {different} answered differently (passages, scores, quotes, confidence: to the last bit)")
    for kind, measured in (("question", times), ("search alone", searches)):
        for name, values in measured.items():
            p50, p95 = np.percentile(values, [50, 95])
            print(f"{kind:13} {name:7} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms")


def run(folder: Path, corpus_dir: Path, uri: str) -> None:
    settings = Settings()
    embedder = open_embedder(settings.model, settings.cache_dir, None, settings.compiled, settings.late_interaction)
    ranking = read_ranking(has_tokens(embedder))
    corpus, milvus = read_corpus(corpus_dir), MilvusServer(uri)
    for name, server in (("files", None), ("milvus", milvus)):
        cache = folder / "files" / "vectors.sqlite3"
        if name == "milvus" and not (folder / "milvus" / cache.name).exists():
            (folder / "milvus").mkdir(exist_ok=True)
            (folder / "milvus" / cache.name).write_bytes(cache.read_bytes())
        report = build_index(corpus, folder / name, embedder, recipe(ranking), milvus=server)
        print(f"{name}: {report.passages} passages, {report.embedded} embedded, built in {report.seconds:.1f} s")
    compare(
        Assistant(folder / "files", embedder, ranking),
        Assistant(folder / "milvus", embedder, ranking, milvus=milvus),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--uri")
    parser.add_argument("--corpus", type=Path, default=ROOT / "corpus")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if given.uri:
            run(folder, given.corpus, given.uri)
        else:
            with milvus_lite(folder / "lite") as uri:
                run(folder, given.corpus, uri)


if __name__ == "__main__":
    main()
