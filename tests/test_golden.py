"""Golden questions: a new index that answers them worse doesn't take the live one's place; and an index that keeps itself fresh."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from clusterbot.cli import indexes
from clusterbot.corpus import read_corpus
from clusterbot.errors import CorpusError
from clusterbot.evaluation import holds_answer
from clusterbot.golden import read_golden
from clusterbot.index import snapshot
from commands import NEVER, Cli

MEMBERS = {
    "_id": "g1",
    "text": "Combien de membres comptait Bois Boréal en 2020 ?",
    "lang": "fr",
    "answers": ["120 membres", "140"],
}
JOBS = {"_id": "g2", "text": "How many jobs did Aqua Nord count in 2023?", "lang": "en", "answers": ["1,250 jobs", "1\u00a0250"]}
PLANT = {"_id": "g3", "text": "Combien l’usine pilote de Bois Boréal a-t-elle coûté ?", "lang": "fr"}


def put(corpus_dir: Path, *questions: dict[str, object]) -> None:
    (corpus_dir / "golden.jsonl").write_text("\n".join(json.dumps(one) for one in questions) + "\n", encoding="utf-8")


def edit(corpus_dir: Path, name: str, old: str, new: str) -> None:
    path = corpus_dir / name
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


def forget_members(corpus_dir: Path) -> None:
    """Take every count of members out of the corpus."""
    for path in corpus_dir.rglob("*.md"):
        lines = path.read_text(encoding="utf-8")
        for old, new in (
            ("120 membres", "des amis"),
            ("140 membres", "des amis"),
            ("120 members", "some"),
            ("140 members", "some"),
        ):
            lines = lines.replace(old, new)
        path.write_text(lines, encoding="utf-8")


def test_a_build_tells_which_golden_answers_changed(built: Cli, corpus_dir: Path) -> None:
    put(corpus_dir, MEMBERS, JOBS, PLANT)
    edit(corpus_dir, "clusters/bois_boreal.fr.md", "a coûté 2,5 M$", "a coûté 2,5 M$ au total")
    golden = built("index", "build", "--json").json["golden"]
    assert golden["asked"] == golden["right_before"] == golden["right_after"] == 3
    changes = {change["id"]: change for change in golden["changes"]}
    assert changes["g3"]["outcome"] == "changed"
    assert changes["g3"]["after"]["text"].endswith("2,5 M$ au total.")
    edit(corpus_dir, "clusters/bois_boreal.fr.md", "au total", "en tout")
    shown = built("index", "build").out
    assert "Golden questions: 3 asked, 3 answered right before, 3 now" in shown
    assert "Changed: “Combien l’usine pilote" in shown


def test_a_regression_refuses_the_swap_unless_forced(built: Cli, corpus_dir: Path, tmp_path: Path) -> None:
    put(corpus_dir, MEMBERS, JOBS)
    live = snapshot.current_version(tmp_path / "index")
    edit(corpus_dir, "clusters/bois_boreal.fr.md", "a coûté 2,5 M$", "a coûté 2,5 M$ au total")
    refused = built("index", "build", intercept=NEVER)
    assert refused.status == 1
    assert "no longer answers 2 of 2 golden questions, whose sources are still there" in refused.err
    assert "--force" in refused.err
    assert "Lost: “Combien de membres comptait" in refused.out
    assert snapshot.current_version(tmp_path / "index") == live
    assert [one.version for one in snapshot.versions(tmp_path / "index")] == [live]
    as_json = built("index", "build", "--json", intercept=NEVER)
    assert (as_json.status, as_json.json["index"], as_json.json["refused"]) == (1, live, True)
    assert [one["outcome"] for one in as_json.json["golden"]["changes"]] == ["worse", "worse"]
    forced = built("index", "build", "--force", "--json", intercept=NEVER)
    assert (forced.status, forced.json["embedded"]) == (0, 0)  # what the refused build embedded is kept
    assert snapshot.current_version(tmp_path / "index") == forced.json["index"] != live


def test_an_answer_that_is_no_longer_given_is_a_regression_without_known_answers_too(built: Cli, corpus_dir: Path) -> None:
    put(corpus_dir, PLANT)
    edit(corpus_dir, "clusters/aqua_nord.fr.md", "a été fondée", "fut fondée")
    refused = built("index", "build", intercept=NEVER)
    assert (refused.status, refused.err.count("error: ")) == (1, 1)


def test_what_someone_removed_or_rewrote_is_told_and_leaves_the_next_answer(built: Cli, corpus_dir: Path) -> None:
    put(corpus_dir, MEMBERS, JOBS)
    forget_members(corpus_dir)
    changes = built("index", "build", "--json")
    assert changes.status == 0
    assert [(one["id"], one["outcome"]) for one in changes.json["golden"]["changes"]] == [("g1", "lost_source")]
    assert "120 membres" not in json.dumps(built("ask", str(MEMBERS["text"]), "--json").json, ensure_ascii=False)


def test_a_source_that_was_removed_is_told(built: Cli, corpus_dir: Path) -> None:
    question = {"_id": "g", "text": "Les exportations de bois ont-elles crû en 2019, selon Le Journal ?", "lang": "fr"}
    put(corpus_dir, question)
    quote = built("ask", str(question["text"]), "--json").json["quotes"][0]
    (corpus_dir / "articles" / f"{quote['document_id']}.md").unlink()
    changed = built("index", "build")
    assert changed.status == 0
    assert "Source removed: “Les exportations" in changed.out
    assert quote["document_id"] not in json.dumps(built("ask", str(question["text"]), "--json").json)


def test_a_source_that_can_t_be_read_was_not_removed(built: Cli, corpus_dir: Path) -> None:
    put(corpus_dir, JOBS)
    for name in ("clusters/aqua_nord.fr.md", "clusters/aqua_nord.en.md"):
        edit(corpus_dir, name, "lang: ", "long: ")
    refused = built("index", "build")
    assert refused.status == 1
    assert "golden questions, whose sources are still there" in refused.err
    assert "1,250 jobs" in json.dumps(built("ask", str(JOBS["text"]), "--json").json)


def test_without_golden_questions_or_a_live_index_nothing_is_compared(cli: Cli, corpus_dir: Path) -> None:
    assert cli("index", "build", "--json").json["golden"] is None
    put(corpus_dir, MEMBERS)
    assert cli("index", "build", "--json").json["golden"] is None  # nothing changed, so nothing is swapped


def test_an_index_made_with_another_model_is_not_asked(built: Cli, corpus_dir: Path, embedders: list[object]) -> None:
    from fakes import KeywordEmbedder

    put(corpus_dir, MEMBERS)
    embedders.append(KeywordEmbedder(name="another"))
    assert built("index", "build", "--json").json["golden"] is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [("{", "JSON"), ('{"_id": "a", "text": "b"}', "lang"), ('{"_id": "a", "text": "b", "lang": "de"}', "lang")],
)
def test_a_bad_line_is_told_by_its_number(corpus_dir: Path, line: str, problem: str) -> None:
    (corpus_dir / "golden.jsonl").write_text(f"\n{line}\n", encoding="utf-8")
    with pytest.raises(CorpusError, match=r"golden\.jsonl:2: ") as told:
        read_golden(corpus_dir)
    assert problem in str(told.value)


def test_a_bad_golden_file_stops_a_build_that_would_swap(built: Cli, corpus_dir: Path) -> None:
    (corpus_dir / "golden.jsonl").write_text("{\n", encoding="utf-8")
    edit(corpus_dir, "clusters/bois_boreal.fr.md", "a coûté 2,5 M$", "a coûté 2,5 M$ au total")
    ended = built("index", "build")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.splitlines()[-1].startswith("error: golden.jsonl:1: ")


def test_the_project_ships_golden_questions(real_corpus_dir: Path) -> None:
    questions = read_golden(real_corpus_dir)
    assert len({one.id for one in questions}) == len(questions) >= 20
    assert {one.lang for one in questions} == {"fr", "en"}
    texts = [one.text for one in read_corpus(real_corpus_dir).documents]
    for one in questions:
        assert any(holds_answer(text, one.answers) for text in texts), one.id


# --- watch


def test_watching_builds_again_after_a_change_and_survives_what_goes_wrong(
    cli: Cli, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changes(folder: Path) -> object:
        edit(folder, "clusters/bois_boreal.fr.md", "a coûté 2,5 M$", "a coûté 2,5 M$ au total")
        yield "changed"
        (folder / "golden.jsonl").write_text("{\n", encoding="utf-8")
        edit(folder, "clusters/bois_boreal.fr.md", "au total", "en tout")
        yield "broken"
        (folder / "golden.jsonl").unlink()
        yield "mended"

    monkeypatch.setattr(indexes, "_changes", changes)
    ended = cli("index", "build", "--watch", "--json")
    assert ended.status == 0
    assert len(ended.lines) == 3
    assert len({line["index"] for line in ended.lines}) == 3
    assert ended.err.count("error: ") == 1
    assert "Watching the files of" in ended.err
    assert snapshot.current_version(tmp_path / "index") == ended.lines[-1]["index"]


def test_a_change_of_a_document_is_seen_and_that_of_a_lock_is_not(corpus_dir: Path) -> None:
    seen: list[object] = []
    begun = threading.Event()

    def listen() -> None:
        begun.set()
        for change in indexes._changes(corpus_dir):
            seen.append(change)
            return

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    begun.wait()
    time.sleep(0.5)
    (corpus_dir / ".lock").write_text("x", encoding="utf-8")
    (corpus_dir / "articles" / ".a.md.new").write_text("x", encoding="utf-8")
    time.sleep(0.5)
    assert seen == []
    (corpus_dir / "articles" / "a.md").write_text("x", encoding="utf-8")
    listener.join(timeout=10)
    assert "a.md" in str(seen)
