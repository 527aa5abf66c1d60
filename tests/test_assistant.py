"""The parts together: an index of its own model, replaced between two questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from clusterbot.answering import Abstention, Answer
from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import read_corpus
from clusterbot.errors import ClusterUnknown, IndexCorrupt, IndexMismatch, IndexMissing, UsageError
from clusterbot.index import snapshot
from clusterbot.index.build import Recipe, build_index
from clusterbot.index.snapshot import Calibration
from clusterbot.models import Filters
from clusterbot.passages import PassageSettings
from clusterbot.settings import Settings
from fakes import KeywordEmbedder, flat_ranking, write_file

QUESTION = "Combien d’emplois compte Aqua Nord ?"


@pytest.fixture
def index_dir(tmp_path: Path, corpus_dir: Path) -> Path:
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(flat_ranking()))
    return tmp_path / "index"


@pytest.fixture
def assistant(index_dir: Path) -> Assistant:
    return Assistant(index_dir, KeywordEmbedder(), flat_ranking())


def test_a_reply_says_what_made_it(assistant: Assistant, index_dir: Path) -> None:
    reply = assistant.ask(QUESTION)
    assert isinstance(reply.result, Answer)
    assert (reply.index, reply.model) == (snapshot.current_version(index_dir), "keywords@1")
    assert reply.elapsed_ms > 0


def test_a_conversation_keeps_its_cluster(assistant: Assistant) -> None:
    alone = assistant.ask("Et la fondation ?").result
    after = assistant.ask("Et la fondation ?", ["Que fait Aqua Nord ?"]).result
    assert alone.question.cluster_ids == ()
    assert after.question.cluster_ids == ("aqua_nord",)
    assert isinstance(after, Answer)
    assert after.quotes[0].document.clusters == ("aqua_nord",)


def test_a_warm_assistant_answers_the_same(assistant: Assistant, index_dir: Path) -> None:
    warm = Assistant(index_dir, KeywordEmbedder(), flat_ranking())
    warm.warm()
    assert warm.ask(QUESTION).result == assistant.ask(QUESTION).result


def test_a_language_may_be_asked_for(assistant: Assistant) -> None:
    assert assistant.ask(QUESTION, lang="en").result.question.lang == "en"


@pytest.mark.parametrize("text", ["", "👍", "mot " * 10_000])
def test_what_is_no_question_is_refused(assistant: Assistant, text: str) -> None:
    with pytest.raises(UsageError):
        assistant.ask(text)


def test_another_model_than_the_indexs_is_told_with_the_cure(index_dir: Path) -> None:
    with pytest.raises(
        IndexMismatch, match=r"was made with keywords@1, the model now is other@1; rebuild it: clusterbot index build"
    ):
        Assistant(index_dir, KeywordEmbedder(name="other"), flat_ranking())


def test_a_new_version_is_taken_up_on_reload(assistant: Assistant, index_dir: Path, corpus_dir: Path) -> None:
    before = assistant.engine
    assert not assistant.reload()
    assert assistant.engine is before
    path = corpus_dir / "clusters" / "aqua_nord.fr.md"
    path.write_text(path.read_text(encoding="utf-8").replace("1 250", "1 300"), encoding="utf-8")
    build_index(read_corpus(corpus_dir), index_dir, KeywordEmbedder(), recipe(flat_ranking()))
    assert "1 250" in first_quote(assistant)
    assert assistant.reload()
    assert "1 300" in first_quote(assistant)
    assert "1 250" in before.snapshot.documents[[one.id for one in before.snapshot.documents].index("aqua_nord.fr")].text


def first_quote(assistant: Assistant) -> str:
    result = assistant.ask(QUESTION).result
    assert isinstance(result, Answer)
    return result.quotes[0].text


def lose(index_dir: Path) -> None:
    (index_dir / "CURRENT").unlink()


def damage(index_dir: Path) -> None:
    (index_dir / "CURRENT").write_text("2026-01-01T000000Z-000000\n", encoding="utf-8")
    folder = index_dir / "2026-01-01T000000Z-000000"
    folder.mkdir()
    (folder / "manifest.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize(("harm", "error"), [(lose, IndexMissing), (damage, IndexCorrupt)])
def test_a_reload_that_fails_leaves_the_version_in_use(
    assistant: Assistant, index_dir: Path, harm: Callable[[Path], None], error: type[Exception]
) -> None:
    harm(index_dir)
    with pytest.raises(error):
        assistant.reload()
    assert "1 250" in first_quote(assistant)


def test_without_an_index_no_model_is_loaded(empty_folder: Path) -> None:
    with pytest.raises(IndexMissing, match="clusterbot index build"):
        Assistant.open(Settings(model="/nowhere/at/all"))


def test_a_calibration_of_another_language_does_not_answer(tmp_path: Path, corpus_dir: Path) -> None:
    ranking = flat_ranking()
    only_english = ranking.model_copy(update={"calibration": {"en": ranking.calibration["en"]}})
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(only_english))
    assistant = Assistant(tmp_path / "index", KeywordEmbedder(), only_english)
    assert isinstance(assistant.ask(QUESTION).result, Abstention)
    assert isinstance(assistant.ask("How many jobs does Aqua Nord count?").result, Answer)


def test_an_index_calibrated_by_another_version_names_the_cure(tmp_path: Path, corpus_dir: Path) -> None:
    odd = Calibration(features=("wit",), weights=(1.0,), intercept=0.0, threshold=0.5)
    embedder = KeywordEmbedder()
    build_index(read_corpus(corpus_dir), tmp_path / "index", embedder, Recipe(PassageSettings(), {"fr": odd}, "keywords"))
    with pytest.raises(IndexMismatch, match="clusterbot index build"):
        Assistant(tmp_path / "index", embedder, flat_ranking())


def test_a_question_may_be_kept_to_one_cluster(assistant: Assistant) -> None:
    everywhere = assistant.ask("En quelle année la grappe a-t-elle été fondée ?").result
    aqua = assistant.ask("En quelle année la grappe a-t-elle été fondée ?", filters=Filters("aqua_nord")).result
    assert {hit.passage.document.clusters for hit in everywhere.hits} == {("aqua_nord",), ("bois_boreal",)}
    assert isinstance(aqua, Answer)
    assert {hit.passage.document.clusters for hit in aqua.hits} == {("aqua_nord",)}
    assert aqua.quotes[0].text == "Aqua Nord a été fondée en 2018."


def test_a_cluster_that_is_none_is_refused(assistant: Assistant) -> None:
    with pytest.raises(ClusterUnknown):
        assistant.ask(QUESTION, filters=Filters("nulle_part"))


def test_what_was_said_later_than_a_date_is_left_out(assistant: Assistant) -> None:
    now = assistant.ask("Combien de membres compte Bois Boréal ?").result
    then = assistant.ask("Combien de membres compte Bois Boréal ?", filters=Filters(as_of="2017")).result
    assert isinstance(now, Answer) and isinstance(then, Answer)
    assert any("2020" in quote.text for quote in now.quotes)
    assert [quote.text for quote in then.quotes] == ["En 2016, Bois Boréal comptait 45 membres."]
    assert not any("2020" in hit.passage.text for hit in then.hits)


def test_before_the_first_word_of_a_matter_nothing_is_found(assistant: Assistant) -> None:
    result = assistant.ask("Combien d’emplois compte Aqua Nord ?", filters=Filters(as_of="2010")).result
    assert isinstance(result, Abstention)
    assert result.hits == ()


def test_the_readers_language_decides_where_the_words_do_not_tell(assistant: Assistant) -> None:
    assert assistant.ask("Aqua Nord 2020", default_lang="en").result.question.lang == "en"
    assert assistant.ask("Aqua Nord 2020", default_lang="fr").result.question.lang == "fr"
    assert assistant.ask(QUESTION, default_lang="en").result.question.lang == "fr"


def test_a_page_on_several_clusters_tells_of_one_only_where_it_names_it(tmp_path: Path, corpus_dir: Path) -> None:
    text = "Bois Boréal est la grappe de Laval."
    front = {"title": "Deux grappes du Nord", "publisher": "Le Journal", "retrieved": "2026-11-22", "licence": "CC BY 4.0"}
    front |= {"kind": "digest", "lang": "fr", "published": "2020-02-01", "url": "https://example.org/deux"}
    write_file(corpus_dir / "articles" / "2020-02-01-deux.md", {**front, "clusters": ["aqua_nord", "bois_boreal"]}, text)
    build_index(read_corpus(corpus_dir), tmp_path / "index", KeywordEmbedder(), recipe(flat_ranking()))
    assistant = Assistant(tmp_path / "index", KeywordEmbedder(), flat_ranking())
    assert [assistant.check(f"{name} est la grappe de Laval.").verdicts[0].label for name in ("Bois Boréal", "Aqua Nord")] == [
        "supported",
        "not_covered",
    ]
