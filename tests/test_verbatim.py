"""Every quotation is the source's own text: over the whole corpus that ships, read anew from its files, and over 500 questions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusterbot.answering import Answer
from clusterbot.corpus import read_corpus
from clusterbot.engine import Engine
from clusterbot.index import snapshot
from clusterbot.index.build import Recipe, build_index
from clusterbot.index.snapshot import Calibration
from clusterbot.models import LANGUAGES
from clusterbot.passages import PassageSettings
from clusterbot.ranking import read_ranking
from clusterbot.text import split_sentences
from fakes import KeywordEmbedder

ALWAYS = Calibration(features=(), weights=(), intercept=5.0, threshold=0.5)
QUESTIONS = 500


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """Return an engine over the shipped corpus that never abstains; keywords will do, since no ranking is judged."""
    index_dir = tmp_path_factory.mktemp("index")
    embedder = KeywordEmbedder()
    build_index(_corpus(), index_dir, embedder, Recipe(PassageSettings(), dict.fromkeys(LANGUAGES, ALWAYS), "keywords"))
    return Engine(snapshot.load(index_dir), embedder, read_ranking(with_tokens=False))


def _corpus_dir() -> Path:
    return Path(__file__).parent.parent / "corpus"


def _corpus():
    return read_corpus(_corpus_dir())


def _text_of_file(document_id: str) -> str:
    """Read a document's text by the rule of docs/corpus.md: what follows the second line of ---, without the space around."""
    (path,) = _corpus_dir().glob(f"*/{document_id}.md")
    return path.read_text(encoding="utf-8").split("\n---\n", 1)[1].strip()


def _questions() -> Iterator[str]:
    """Make questions out of the words of sentences all over the corpus, some of them cut, mixed or misspelt."""
    chance = random.Random(2026)
    sentences = [
        document.text[one.start : one.end]
        for document in _corpus().documents
        for one in split_sentences(document.text, document.lang)
        if one.end - one.start > 30
    ]
    starts = ("Combien", "Qui", "Quand", "How many", "Who", "When", "Quelles sont", "")
    for _ in range(QUESTIONS):
        words = chance.choice(sentences).split()
        kept = chance.sample(words, min(len(words), chance.randint(2, 9)))
        yield f"{chance.choice(starts)} {' '.join(kept)} ?"[:400]


def test_every_passage_of_the_corpus_stands_in_its_file_at_its_offsets(engine):
    texts = {document.id: _text_of_file(document.id) for document in engine.snapshot.documents}
    assert len(engine.snapshot.passages) > 500
    for passage in engine.snapshot.passages:
        assert texts[passage.document.id][passage.start : passage.end] == passage.text


def test_every_quotation_of_500_questions_stands_in_its_file_at_its_offsets(engine):
    texts = {document.id: _text_of_file(document.id) for document in engine.snapshot.documents}
    quoted = 0
    for question in _questions():
        result = engine.ask(question, (), None)
        assert isinstance(result, Answer)
        assert 1 <= len(result.quotes) <= 3
        for quote in result.quotes:
            assert texts[quote.document.id][quote.start : quote.end] == quote.text
            assert quote.text == quote.text.strip() != ""
            assert quote.link.startswith(f"{quote.document.url.partition('#')[0]}#:~:text=")
            quoted += 1
    assert quoted > QUESTIONS
