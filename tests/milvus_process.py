"""What tests of several processes on one Milvus run in a process of their own: `python milvus_process.py ACTION URI FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import read_corpus
from clusterbot.index.build import build_index
from clusterbot.index.milvus import MilvusServer
from fakes import KeywordEmbedder, flat_ranking

QUESTION = "Combien de membres compte Bois Boréal ?"


def build(milvus: MilvusServer, folder: Path) -> None:
    """Build the corpus of a folder."""
    ranking = flat_ranking(threshold=0.4)  # another one than the tests', so that there is something to build
    build_index(read_corpus(folder / "corpus"), folder / "index", KeywordEmbedder(), recipe(ranking), milvus=milvus)


def ask(milvus: MilvusServer, folder: Path) -> None:
    """Answer one question for each line of input, with the version that answered and the passages, after taking up a new one."""
    assistant = Assistant(folder / "index", KeywordEmbedder(), flat_ranking(), milvus=milvus)
    tell("ready")
    for _ in sys.stdin:
        assistant.reload()
        reply = assistant.ask(QUESTION)
        tell(reply.index, *(hit.passage.id for hit in reply.result.hits))


def tell(*words: str) -> None:
    """Write a line on stdout at once."""
    sys.stdout.write(" ".join(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    {"build": build, "ask": ask}[sys.argv[1]](MilvusServer(sys.argv[2]), Path(sys.argv[3]))
