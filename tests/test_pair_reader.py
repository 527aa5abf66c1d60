"""What reads two texts together: it computes what was trained, tells what answers from what doesn't, where an index is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from platformdirs import user_cache_dir

from clusterbot.assistant import recipe
from clusterbot.compiled import CompiledEmbedder
from clusterbot.corpus import Corpus
from clusterbot.embedding import open_embedder
from clusterbot.engine import Engine
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.index.tokens import unit
from clusterbot.pair_reader import LABELS, PairReader, read_pair_reader
from clusterbot.questions import understand
from clusterbot.ranking import read_ranking
from fakes import document

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
ANSWERED, UNANSWERED = LABELS.index("answered"), LABELS.index("unanswered")


def codes(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(-127, 128, (count, 16)).astype(np.int8)


def test_it_computes_what_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    torch = pytest.importorskip("torch")
    from train_pair_reader import Network, Pair

    torch.manual_seed(5)
    network = Network(np.full(16, 0.1, np.float32), 0.3).eval()
    reader = PairReader({name: value.astype(np.float32) for name, value in network.weights().items()})
    asked, texts = unit(codes(4, 1)), [codes(7, 2), codes(1, 3), codes(12, 4)]
    with torch.no_grad():
        known = network([Pair(asked, unit(text), 0) for text in texts]).numpy()
    np.testing.assert_allclose(reader.read(asked, texts), known, atol=0.02)  # the weights are kept in half precision


def test_texts_that_are_read_together_dont_change_each_other() -> None:
    asked = unit(np.random.default_rng(1).integers(-127, 128, (5, 128)).astype(np.int8))
    texts = [np.random.default_rng(seed).integers(-127, 128, (seed, 128)).astype(np.int8) for seed in (3, 30, 8)]
    reader = read_pair_reader()
    apart = np.concatenate([reader.read(asked, [text]) for text in texts])
    np.testing.assert_allclose(reader.read(asked, texts), apart, atol=1e-4)


@pytest.fixture(scope="module")
def embedder() -> CompiledEmbedder:
    found = open_embedder("bundled", Path(user_cache_dir("clusterbot")))
    assert isinstance(found, CompiledEmbedder)
    return found


@pytest.mark.model
@pytest.mark.parametrize(
    ("question", "answers", "near"),
    [
        (
            "Combien de membres compte l'association?",
            "L'association regroupait 240 membres en 2021.",
            "L'association accueille ses membres à Trois-Rivières depuis 2021.",
        ),
        (
            "who chairs the board",
            "Its board of directors is chaired by the owner of a sawmill in Amos.",
            "Its board of directors meets four times a year in Amos.",
        ),
        (
            "When was the research centre founded?",
            "Le centre de recherche a été fondé en 1998.",
            "Le centre de recherche emploie une centaine de personnes.",
        ),
    ],
)
def test_what_answers_is_told_from_what_is_only_near(embedder: CompiledEmbedder, question: str, answers: str, near: str) -> None:
    asked = unit(embedder.encode_queries([question])[0].codes)
    scores = read_pair_reader().read(asked, [one.codes for one in embedder.encode_passages([answers, near])])
    odds = scores[:, ANSWERED] - scores[:, UNANSWERED]
    assert odds[0] > odds[1]


TEXT = (
    "L'association des fabricants de chaloupes regroupait 240 membres en 2021. Son siège se trouve à Amos. "
    "Elle organise chaque automne un salon qui attire des acheteurs de toute la région. Son conseil compte neuf personnes."
)


@pytest.mark.model
def test_the_best_sentences_of_an_index_are_read_with_the_question(embedder: CompiledEmbedder, tmp_path: Path) -> None:
    ranking = read_ranking(with_tokens=True)
    build_index(Corpus((document(text=TEXT),)), tmp_path, embedder, recipe(ranking))

    def told(text: str, with_tokens: bool = True) -> float:
        engine = Engine(snapshot.load(tmp_path), embedder, ranking)
        question = understand(text, engine.registry, (), "fr")
        query = engine.retriever.query(question.query, question.lang)
        query = query if with_tokens else replace(query, tokens=query.tokens[:0])
        return engine.reader.evidence(question, query, engine.retriever.search(query, 5))["answered"]

    answered = told("Combien de membres compte l'association des fabricants de chaloupes?")
    assert answered > 0 > told("Quel est le chiffre d'affaires des fabricants de chaloupes?")
    assert told("Combien de membres compte l'association des fabricants de chaloupes?", with_tokens=False) == 0
