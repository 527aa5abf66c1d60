"""Write `benchmarks/pairs/groups/far.jsonl`: claims on our corpus beside sentences found for them that tell nothing of them.

    python benchmarks/far_pairs.py

Needs the index of `corpus/`. A sentence is taken where vectors put it well under what is usual of sentences that tell of a claim.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from clusterbot.assistant import Assistant
from clusterbot.engine import SEARCHED, Engine
from clusterbot.questions import understand
from clusterbot.settings import read_settings

PAIRS = Path(__file__).parent / "pairs"
CLAIMS, OF_EACH = 3600, 3
FAR = -0.15  # of what nearness adds (`NearnessRules.added`), which is 0 for the usual


def main() -> None:
    """Search for claims, take far sentences, write them with the claims that each was found for."""
    engine = Assistant.open(read_settings()).engine
    random.seed(1)
    claims = list(claims_on_corpus())
    found: dict[str, list[str]] = {}
    for claim, text in random.sample(claims, CLAIMS):
        for sentence in random.sample(far := far_sentences(engine, claim, text), min(OF_EACH, len(far))):
            found.setdefault(sentence, []).append(claim)
    lines = (json.dumps({"text": text, "open": of_text}, ensure_ascii=False) for text, of_text in found.items())
    (PAIRS / "groups/far.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def claims_on_corpus() -> Iterator[tuple[str, str]]:
    """Yield the claims that were written on sentences of the corpus, with the sentence."""
    for line in (PAIRS / "groups/corpus.jsonl").read_text(encoding="utf-8").splitlines():
        group = json.loads(line)
        yield from ((claim, group["text"]) for label in ("for", "against", "open") for claim in group[label])
    for line in (PAIRS / "claims_corpus.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        yield row["claim"], row["text"]


def far_sentences(engine: Engine, claim: str, text: str) -> list[str]:
    """Return the sentences that are read for a claim and far from it."""
    question = understand(claim, engine.registry, (), None)
    _, candidates = engine.find(question, SEARCHED, only_clusters=question.cluster_ids[:1] or None)
    near = engine.rules.nearness
    far = [one for one in candidates[: engine.rules.sentences] if near.added(one.parts.content, one.cosine) < FAR]
    return [one.text for one in far if one.text not in text and text not in one.text]


if __name__ == "__main__":
    main()
