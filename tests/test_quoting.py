"""What speaks for a sentence, where the index holds the vectors of tokens and sentences."""

from __future__ import annotations

from pathlib import Path

import pytest

from clusterbot.assistant import recipe
from clusterbot.corpus import read_corpus
from clusterbot.engine import SEARCHED, Engine
from clusterbot.errors import IndexCorrupt
from clusterbot.index import snapshot
from clusterbot.index.build import build_index
from clusterbot.questions import understand
from clusterbot.quoting import Candidate, Parts
from fakes import TokenKeywordEmbedder, flat_ranking, write_corpus


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder, embedder, ranking = tmp_path_factory.mktemp("quoting"), TokenKeywordEmbedder(), flat_ranking()
    build_index(read_corpus(write_corpus(folder / "corpus")), folder / "index", embedder, recipe(ranking))
    return Engine(snapshot.load(folder / "index"), embedder, ranking)


def read(engine: Engine, text: str) -> dict[str, Candidate]:
    return {one.text: one for one in engine.find(understand(text, engine.registry), SEARCHED)[1]}


def test_a_score_is_the_weighted_sum_of_the_parts() -> None:
    weights = flat_ranking(dense=2.0, told=10.0, other=-1.0).sentence
    assert Parts(dense=1.5, told=0.5, other=1.0).score(weights) == 2 * 1.5 + 10 * 0.5 - 1


def test_no_sentence_is_embedded_for_a_question(engine: Engine) -> None:
    embedder = engine.retriever._embedder
    assert isinstance(embedder, TokenKeywordEmbedder)
    before = len(embedder.passages)
    assert read(engine, "Combien de membres compte Bois Boréal ?")
    assert len(embedder.passages) == before


def test_the_standard_score_is_that_of_the_sentence_itself(engine: Engine) -> None:
    found = read(engine, "Combien de membres comptait Bois Boréal en 2016 ?")
    telling = found["En 2016, Bois Boréal comptait 45 membres."]
    assert telling.parts.dense == max(one.parts.dense for one in found.values())
    assert telling.parts.dense > found["Bois Boréal est la grappe de la filière du bois du Nord."].parts.dense
    asked, own = engine.embedder.embed_queries(["Combien de membres comptait Bois Boréal en 2016 ?"]), telling.text
    assert telling.cosine == pytest.approx(float(asked[0] @ engine.embedder.embed_passages([own])[0]), abs=0.01)


def test_a_clusters_name_and_stop_words_are_no_content(engine: Engine) -> None:
    found = read(engine, "les membres de Bois Boréal")
    assert found["En 2016, Bois Boréal comptait 45 membres."].parts.content == pytest.approx(1.0, abs=0.01)
    named_only = found["Bois Boréal est la grappe de la filière du bois du Nord."].parts
    assert named_only.content == pytest.approx(0.0, abs=0.01)
    assert named_only.late > 0.7  # which is the name's doing


def test_the_opening_of_a_page_answers_what_something_is(engine: Engine) -> None:
    found = read(engine, "C’est quoi Bois Boréal ?")
    opening = {text for text, one in found.items() if one.parts.opening}
    assert "Bois Boréal est la grappe de la filière du bois du Nord." in opening
    assert "En 2016, Bois Boréal comptait 45 membres." not in opening
    assert not any(one.parts.opening for one in read(engine, "Qui dirige Bois Boréal ?").values())


def test_words_that_mean_the_same_are_told(engine: Engine) -> None:
    found = read(engine, "Qui est la directrice générale, la patronne de Bois Boréal ?")
    assert found["En 2021, Jeanne Tremblay est directrice générale de Bois Boréal."].parts.told == 1.0


def test_a_damaged_file_of_sentences_is_found_when_the_index_is_loaded(tmp_path: Path) -> None:
    ranking = flat_ranking()
    build_index(read_corpus(write_corpus(tmp_path / "corpus")), tmp_path / "index", TokenKeywordEmbedder(), recipe(ranking))
    files = list((tmp_path / "index").glob("*/*/sentences/vectors.npy"))
    assert len(files) == 2
    files[0].write_bytes(b"")
    with pytest.raises(IndexCorrupt, match=r"sentences/vectors\.npy is damaged"):
        snapshot.load(tmp_path / "index")
