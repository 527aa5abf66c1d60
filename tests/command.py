"""Run a command in a process of its own, with the model and the numbers of fakes.py: `python tests/command.py ask "..."`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from clusterbot import assistant, embedding
from clusterbot import ranking as ranking_module
from clusterbot.cli import run
from commands import ALWAYS, ranking
from fakes import KeywordEmbedder

if __name__ == "__main__":
    chosen = ranking(ALWAYS)
    ranking_module.read_ranking = lambda _: chosen
    assistant.open_embedder = embedding.open_embedder = lambda *_: KeywordEmbedder()
    sys.exit(run(sys.argv[1:]))
