"""The commands as a person or a program meets them: what is on stdout, what on stderr, and the exit status."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clusterbot.cli import run
from commands import NEVER, Cli, one_error_line
from fakes import KEYWORDS, KeywordEmbedder, write_file


def types(value: dict[str, Any]) -> dict[str, str]:
    return {key: type(one).__name__ for key, one in value.items()}


# --- ask


def test_ask_json_has_the_keys_and_types_that_others_rely_on(built: Cli) -> None:
    answer = built("ask", "Combien de membres compte la GBN ?", "--json").json
    assert types(answer) == {
        "id": "NoneType",
        "question": "str",
        "language": "str",
        "status": "str",
        "confidence": "float",
        "reason": "NoneType",
        "understood_as": "list",
        "quotes": "list",
        "passages": "list",
        "disagreements": "list",
        "index": "str",
        "model": "str",
        "elapsed_ms": "float",
        "receipt": "str",
    }
    assert (answer["status"], answer["language"], answer["model"]) == ("answered", "fr", "keywords@1")
    assert answer["question"] == "Combien de membres compte la GBN ?"
    assert answer["understood_as"] == [
        {"matched": "GBN", "cluster_id": "bois_boreal", "name": "Bois Boréal", "note": "ancien nom, jusqu’en 2015"}
    ]
    quote = answer["quotes"][0]
    keys = [
        "text",
        "document_id",
        "start",
        "end",
        "title",
        "publisher",
        "url",
        "link",
        "published",
        "language",
        "facts",
        "errata",
        "gone",
    ]
    assert list(quote) == keys
    assert "membres" in quote["text"]
    assert quote["link"].startswith(f"{quote['url']}#:~:text=")
    keys = ["rank", "passage_id", "text", "document_id", "start", "end", "title", "url", "published", "language", "score"]
    assert all(list(passage) == keys for passage in answer["passages"])
    assert [passage["rank"] for passage in answer["passages"]] == list(range(1, len(answer["passages"]) + 1))
    assert len(answer["passages"]) >= 3


def test_ask_json_gives_the_ledger_and_the_disagreement_behind_a_quote(built: Cli) -> None:
    answer = built("ask", "Combien de membres comptait Bois Boréal en 2020 ?", "--json").json
    fact = next(fact for quote in answer["quotes"] for fact in quote["facts"])
    assert list(fact) == ["attribute", "value", "unit", "as_of", "source"]
    assert (fact["attribute"], fact["as_of"]) == ("members", "2020")
    disagreement = answer["disagreements"][0]
    assert disagreement["attribute"] == "members"
    assert sorted(value["value"] for value in disagreement["values"]) == [120, 140]
    assert all(str(value["value"]) in value["quote"] and value["as_of"] == "2020" for value in disagreement["values"])


def test_ask_shows_the_quote_first_then_its_source_on_lines_of_80_columns(built: Cli) -> None:
    shown = built("ask", "Combien de membres comptait Bois Boréal en 2020 ?")
    lines = shown.out.splitlines()
    assert lines[0].startswith("«")
    assert "membres" in lines[0]
    assert all(len(line) <= 80 or "http" in line for line in lines)
    assert "\x1b" not in shown.out
    assert "d’après journal.example.org (2020)" in shown.out
    assert "Les sources ne concordent pas : Membres (Bois Boréal)" in shown.out
    assert "Confiance : élevée (99 %)" in shown.out
    assert shown.err == ""


def test_ask_answers_in_the_language_of_the_question_and_marks_a_source_in_the_other(built: Cli) -> None:
    shown = built("ask", "How many members did the Northern Wood Cluster have?").out
    assert "Confidence: high" in shown
    assert "“Northern Wood Cluster” was read as Boreal Wood (former name, until 2015)." in shown
    french = built("ask", "How many members did Boreal Wood have?", "--lang", "fr").out
    assert "(en anglais)" in french or "Confiance" in french


def test_an_address_is_never_broken_over_two_lines(built: Cli) -> None:
    answer = built("ask", "Combien de membres comptait Bois Boréal en 2020 ?", "--json").json
    shown = built("ask", "Combien de membres comptait Bois Boréal en 2020 ?").out
    assert all(quote["url"] in shown.splitlines() for quote in answer["quotes"])


def test_abstention_is_an_answer_that_says_why_and_gives_leads(cli: Cli) -> None:
    assert cli("index", "build", intercept=NEVER).status == 0
    abstained = cli("ask", "Combien de membres compte Bois Boréal ?", "--json")
    assert abstained.status == 0
    answer = abstained.json
    assert (answer["status"], answer["reason"], answer["quotes"]) == ("abstained", "not_in_corpus", [])
    assert len(answer["passages"]) >= 3
    shown = cli("ask", "Combien de membres compte Bois Boréal ?").out
    assert shown.startswith("Le corpus ne le dit pas.\n")
    assert "Les pistes les plus proches" in shown
    assert "https://" in shown


def test_an_ambiguous_name_is_told_not_guessed(built: Cli) -> None:
    question = "Combien de membres compte la grappe verte ?"
    understood = built("ask", question, "--json").json["understood_as"]
    assert [(one["cluster_id"], one["note"]) for one in understood] == [
        ("aqua_nord", "nom ambigu\u00a0: aussi Bois Boréal"),
        ("bois_boreal", "nom ambigu\u00a0: aussi Aqua Nord"),
    ]
    assert "« grappe verte » peut désigner Aqua Nord ou Bois Boréal" in built("ask", question).out


def test_a_corrected_spelling_is_told(built: Cli) -> None:
    understood = built("ask", "Who runs Boreal Wod?", "--json").json["understood_as"]
    assert [(one["matched"], one["note"]) for one in understood] == [("Boreal Wod", "spelling corrected")]


def test_an_article_is_linked_at_its_words(cli: Cli, corpus_dir: Path) -> None:
    front = {
        "title": "x",
        "lang": "fr",
        "url": f"https://x.org/{'long/' * 30}",
        "publisher": "x",
        "retrieved": "2026",
        "licence": "x",
    }
    write_file(corpus_dir / "articles" / "2024-usine.md", front, "L’usine exporte\u00a0: 20\u00a0000 planches à l’usine d’export.")
    assert cli("index", "build").status == 0
    quote = cli("ask", "Combien l’usine exporte-t-elle de planches ?", "--json").json["quotes"][0]
    assert "#:~:text=" in quote["link"]
    assert quote["link"] in cli("ask", "Combien l’usine exporte-t-elle de planches ?").out.splitlines()


def test_lines_do_not_break_at_no_break_spaces(built: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in range(40, 80):
        monkeypatch.setenv("COLUMNS", str(width))
        shown = built("ask", "Combien de membres comptait Bois Boréal en 2020 ?").out
        assert not [line for line in shown.splitlines() if line.startswith(("»", ":", "%"))]


@pytest.mark.parametrize(
    ("question", "cure"),
    [
        ("", "ask in French or English"),
        ("   \n", "ask in French or English"),
        ("mot " * 10_000, "at most 2,000"),
        ("🌲🌲🌲", "ask in French or English"),
        ("كم عدد أعضاء المجموعة؟", "ask in French or English"),
        ("\ufdfa" * 2000, "plain letters"),
        ("\ufdfa" * 4000, "at most 2,000"),
        ("caf\udce9 ?", "send it in UTF-8"),
    ],
    ids=["empty", "blank", "10000 words", "emoji", "right to left", "expands", "expands and long", "broken UTF-8"],
)
def test_a_question_that_cannot_be_taken_is_one_line_with_the_cure(built: Cli, question: str, cure: str) -> None:
    one_error_line(built("ask", question), cure)


def test_a_bad_question_is_refused_before_the_model_is_loaded(built: Cli, embedders: list[Any]) -> None:
    embedders.append(AssertionError("opened"))
    assert built("ask", "").status == 1


def test_a_nul_byte_is_white_space(built: Cli) -> None:
    assert built("ask", "Combien\0de membres compte Bois Boréal ?", "--json").json["status"] == "answered"


@pytest.mark.parametrize("arguments", [(), ("a", "--batch", "-"), ("a", "b"), ("a", "--lang", "de"), ("a", "--nonsense")])
def test_wrong_usage_is_status_2(built: Cli, arguments: Sequence[str]) -> None:
    ended = built("ask", *arguments)
    assert (ended.status, ended.out) == (2, "")


# --- ask --batch


def batch(*lines: object) -> bytes:
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


def test_batch_answers_in_order_with_ids_and_context(built: Cli) -> None:
    lines = [
        {"id": "a", "question": "Combien de membres compte Bois Boréal ?"},
        {"id": 2, "question": "Et qui dirige ?", "context": ["Combien de membres compte Bois Boréal ?"]},
        {"question": "How many jobs at Aqua Nord?"},
    ]
    ended = built("ask", "--batch", "-", "--json", stdin=batch(*lines))
    assert (ended.status, ended.err) == (0, "")
    assert [(line["id"], line["language"]) for line in ended.lines] == [("a", "fr"), (2, "fr"), (None, "en")]
    note = ended.lines[1]["understood_as"][0]
    assert (note["cluster_id"], note["note"]) == ("bois_boreal", "repris d’une question précédente")


def test_a_broken_line_gives_an_error_in_its_place_and_the_rest_goes_on(built: Cli) -> None:
    good = {"id": "good", "question": "Combien de membres compte Bois Boréal ?"}
    broken = [
        b"not json\n",
        b'{"id": 1, "question": "caf\xe9"}\n',
        {"id": "no question"},
        {"id": "number", "question": 5},
        {"id": "empty", "question": " "},
        {"id": "context", "question": "Qui ?", "context": "GBN"},
        {"id": "lang", "question": "Qui ?", "lang": "de"},
        b'{"id": "half", "question": "\\ud83d"}\n',
        b"[1, 2]\n",
        b"[" * 100_000 + b"\n",
    ]
    ended = built("ask", "--batch", "-", stdin=batch(good, *broken, b"\n", good))
    assert len(ended.lines) == len(broken) + 2
    assert all(set(line) == {"id", "error"} and line["error"] for line in ended.lines[1:-1])
    assert [line["id"] for line in ended.lines[1:-1]] == [
        *[None, None, "no question", "number", "empty", "context", "lang", "half", None, None]
    ]
    assert ended.lines[-1]["status"] == "answered"
    assert ended.status == 1
    assert ended.err == 'error: 10 of 12 lines couldn\'t be answered; each has an "error" in the output\n'


def test_batch_of_a_file_without_a_final_line_end(built: Cli, tmp_path: Path) -> None:
    path = tmp_path / "questions.jsonl"
    path.write_text('\ufeff{"id": 1, "question": "Combien de membres compte Bois Boréal ?"}', encoding="utf-8")
    assert [line["id"] for line in built("ask", "--batch", str(path)).lines] == [1]


def test_an_id_that_is_half_a_character_comes_back_as_it_was(built: Cli) -> None:
    line = b'{"id": "\\ud83d\\u2028", "question": "Combien de membres compte Bois Bor\\u00e9al ?"}\n'
    assert built("ask", "--batch", "-", stdin=line).lines[0]["id"] == "\ud83d\u2028"


def test_batch_of_a_file_that_is_not_there(built: Cli) -> None:
    one_error_line(built("ask", "--batch", "nowhere.jsonl"), "nowhere.jsonl can't be read", "check its name")


# --- chat


def test_chat_keeps_the_cluster_of_the_turn_before(built: Cli) -> None:
    stdin = "Combien de membres compte Bois Boréal ?\nEt qui dirige ?\n\nnever asked\n".encode()
    ended = built("chat", "--json", stdin=stdin)
    assert ended.status == 0
    assert [line["understood_as"][0]["cluster_id"] for line in ended.lines] == ["bois_boreal", "bois_boreal"]
    assert [line["question"] for line in ended.lines] == ["Combien de membres compte Bois Boréal ?", "Et qui dirige ?"]


def test_chat_goes_on_after_a_bad_question(built: Cli) -> None:
    ended = built("chat", stdin="🌲\n".encode() + b"caf\xe9\n" + "Qui dirige Bois Boréal ?\n".encode())
    assert ended.status == 1
    assert ended.err.count("error: ") == 2
    assert "Confiance" in ended.out


# --- cluster, clusters


def test_cluster_shows_names_and_facts_with_date_and_source(built: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    shown = built("cluster", "gbn").out
    for part in ("Bois Boréal", "Grappe du bois du Nord (jusqu’en 2015)", "grappe de l’arbre", "mars 2012", "Coût de l’usine"):
        assert part in shown
    assert "2,5 M$" in shown
    line = next(line for line in shown.splitlines() if "140" in line)
    assert "2020" in line
    assert "gazette.example.org" in line
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_cluster_needs_no_model(built: Cli, embedders: list[Any]) -> None:
    embedders.append(AssertionError("opened"))
    assert built("clusters").status == 0
    card = built("cluster", "Aqua Nord", "--json").json
    assert (card["cluster_id"], card["founded"]) == ("aqua_nord", "2018")
    assert card["sector"] == {"en": "resources", "fr": "ressources"}
    assert card["facts"][0] == {
        "attribute": "jobs",
        "value": 1250,
        "unit": None,
        "as_of": "2023",
        "source": "https://aqua.example.org",
        "label": {"fr": "Emplois", "en": "Jobs"},
    }


def test_cluster_of_an_ambiguous_name_lists_the_candidates(built: Cli) -> None:
    one_error_line(built("cluster", "grappe verte"), "Aqua Nord (aqua_nord), Boreal Wood (bois_boreal)", "for example: aqua_nord")


def test_cluster_unknown_offers_the_nearest_names(built: Cli) -> None:
    one_error_line(built("cluster", "Aqva Sud"), "Aqua Nord", "clusterbot clusters")


def test_clusters_lists_both_names(built: Cli) -> None:
    shown = built("clusters").out
    assert "Boreal Wood" in shown
    assert "Bois Boréal" in shown
    listed = built("clusters", "--json").json
    assert [one["cluster_id"] for one in listed] == ["aqua_nord", "bois_boreal"]
    assert listed[1]["names"]["fr"]["former"][0] == {"name": "Grappe du bois du Nord", "until": "2015"}


# --- index


def test_index_build_json(cli: Cli) -> None:
    report = cli("index", "build", "--json").json
    assert types(report) == {
        "index": "str",
        "documents": "int",
        "passages": "int",
        "embedded": "int",
        "reused": "int",
        "removed": "int",
        "seconds": "float",
        "token_bytes": "int",
        "approximate": "dict",
        "failed": "list",
        "closed_gaps": "list",
        "golden": "NoneType",
    }
    assert report["embedded"] == report["passages"] > 0
    again = cli("index", "build", "--json").json
    assert (again["embedded"], again["reused"], again["index"]) == (0, report["passages"], report["index"])


def test_index_build_takes_the_folders_of_the_command_line(cli: Cli, tmp_path: Path, corpus_dir: Path) -> None:
    moved = corpus_dir.rename(tmp_path / "elsewhere")
    ended = cli("index", "build", "--corpus", str(moved), "--index", str(tmp_path / "other"))
    assert ended.status == 0
    assert (tmp_path / "other" / "CURRENT").exists()


def test_index_build_leaves_out_what_cannot_be_read_and_says_so(cli: Cli, corpus_dir: Path) -> None:
    write_file(corpus_dir / "articles" / "2020-bad.md", {"title": "x", "colour": "red"}, "Texte.")
    (corpus_dir / "articles" / "2020-worse.md").write_bytes(b"---\ntitle: [\n---\n\nTexte.\n")
    front = {"title": "x", "lang": "fr", "url": "https://x.org", "publisher": "x", "retrieved": "2026", "licence": "x"}
    write_file(corpus_dir / "articles" / "aqua_nord.fr.md", front, "Texte.")
    ended = cli("index", "build", "--json")
    assert ended.status == 1
    assert ended.json["documents"] == 6
    assert [(one["file"], type(one["line"])) for one in ended.json["failed"]] == [
        ("articles/2020-bad.md", int),
        ("articles/2020-worse.md", int),
        ("articles/aqua_nord.fr.md", int),
    ]
    assert "the id 'aqua_nord.fr' is taken" in ended.json["failed"][2]["error"]
    *_, first, _, _, last = ended.err.splitlines()
    assert first.startswith("articles/2020-bad.md:")
    assert last.startswith("error: 3 documents couldn't be read")
    assert cli("ask", "Combien de membres compte Bois Boréal ?").status == 0


def test_index_build_of_no_corpus(cli: Cli) -> None:
    one_error_line(cli("index", "build", "--corpus", "nowhere"), "nowhere: no such folder", "--corpus DIR")


def test_going_back_to_an_earlier_version(built: Cli, corpus_dir: Path) -> None:
    first = built("index", "list", "--json").json[0]["index"]
    (corpus_dir / "articles" / "2020-02-01-journal-bois.md").unlink()
    second = built("index", "build", "--json").json["index"]
    assert {one["index"]: one["live"] for one in built("index", "list", "--json").json} == {second: True, first: False}
    assert built("index", "use", first).status == 0
    assert built("ask", "Qui dirige Bois Boréal ?", "--json").json["index"] == first
    assert "live" in next(line for line in built("index", "list").out.splitlines() if first in line)


def test_index_list_without_an_index(cli: Cli) -> None:
    ended = cli("index", "list")
    assert (ended.status, ended.out) == (0, "")
    assert "clusterbot index build" in ended.err
    assert cli("index", "list", "--json").json == []


@pytest.mark.parametrize("name", ["../index", ".", "", "2020-01-01T000000Z-abcdef"])
def test_index_use_of_no_version(built: Cli, name: str) -> None:
    one_error_line(built("index", "use", name), "clusterbot index list")


def test_index_verify_finds_a_flipped_byte(built: Cli, tmp_path: Path) -> None:
    verified = built("index", "verify", "--json").json
    assert verified["ok"] is True
    file = tmp_path / "index" / verified["index"] / "passages.npy"
    raw = bytearray(file.read_bytes())
    raw[3] ^= 1
    file.write_bytes(raw)
    one_error_line(built("index", "verify"), "passages.npy is damaged", "clusterbot index build")
    one_error_line(built("ask", "Qui dirige Bois Boréal ?"), "is damaged", "clusterbot index build")


def test_no_index_yet(cli: Cli) -> None:
    for arguments in (["ask", "Qui dirige Bois Boréal ?"], ["clusters"], ["index", "verify"], ["ask", "--batch", "-"], ["chat"]):
        one_error_line(cli(*arguments), "there is no index", "clusterbot index build")


def test_a_half_written_index_is_no_index(built: Cli, tmp_path: Path) -> None:
    version = built("index", "list", "--json").json[0]["index"]
    (tmp_path / "index" / version / "manifest.json").unlink()
    one_error_line(built("ask", "Qui dirige Bois Boréal ?"), "clusterbot index")


def test_another_model_than_the_index_was_made_with(built: Cli, embedders: list[Any]) -> None:
    embedders.append(KeywordEmbedder(KEYWORDS, name="other"))
    one_error_line(built("ask", "Qui dirige Bois Boréal ?"), "keywords@1", "other@1", "clusterbot index build")


# --- corpus


def test_corpus_lint_is_silent_on_a_good_corpus(cli: Cli) -> None:
    linted = cli("corpus", "lint", "--json").json
    assert (linted["documents"], linted["problems"]) == (6, [])
    assert cli("corpus", "lint").out.endswith("6 documents, no problem.\n")


def test_corpus_lint_names_file_and_line(cli: Cli, corpus_dir: Path) -> None:
    write_file(corpus_dir / "articles" / "2020-bad.md", {"title": "x", "colour": "red"}, "Texte.")
    ended = cli("corpus", "lint", "--json")
    assert ended.status == 1
    assert list(ended.json["problems"][0]) == ["file", "line", "message"]
    plain = cli("corpus", "lint")
    assert plain.out.startswith("articles/2020-bad.md:")
    assert plain.err == "error: 1 problems in 1 files; mend the lines above, then: clusterbot corpus lint\n"


def test_corpus_list(cli: Cli, corpus_dir: Path) -> None:
    listed = cli("corpus", "list", "--json").json
    assert len(listed) == 6
    assert listed[0]["document_id"] == "2020-02-01-journal-bois"
    (corpus_dir / "articles" / "2020-bad.md").write_text("no front matter", encoding="utf-8")
    ended = cli("corpus", "list")
    assert ended.status == 1
    assert "bois_boreal.fr" in ended.out
    assert "articles/2020-bad.md:1:" in ended.err


# --- the program itself


def test_errors_are_told_in_french_to_who_reads_french(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    told = cli("ask", "Qui dirige Bois Boréal ?").err
    assert told.startswith("erreur : cet index n’existe pas")
    assert "clusterbot index build" in told


def test_a_wrong_setting_is_one_line(cli: Cli, empty_folder: Path) -> None:
    (empty_folder / ".env").write_text("CLUSTERBOT_MODLE=bundled\n", encoding="utf-8")
    one_error_line(cli("clusters"), "CLUSTERBOT_MODLE", "docs/settings.md")


def test_ctrl_c_is_status_130(built: Cli, embedders: list[Any]) -> None:
    embedders.append(KeyboardInterrupt())
    ended = built("ask", "Qui dirige Bois Boréal ?")
    assert (ended.status, ended.out) == (130, "")


def test_a_bug_is_a_sentence_with_a_reference(built: Cli, embedders: list[Any], caplog: pytest.LogCaptureFixture) -> None:
    embedders.append(ZeroDivisionError("division by zero"))
    ended = built("ask", "Qui dirige Bois Boréal ?")
    assert ended.status == 1
    assert "ZeroDivisionError, reference " in ended.err
    assert "division by zero" in caplog.text


def test_a_reader_that_goes_away_is_no_error(built: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Closed())
        status = run(["index", "list", "--json"])
    assert status == 1


def test_a_full_disk_on_stdout_is_one_line(built: Cli, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Full(io.StringIO):
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Full())
        assert run(["index", "list", "--json"]) == 1
    assert capsys.readouterr().err == "error: can't write the output: No space left on device; free some space or write elsewhere\n"


HEAVY = ("numpy", "faiss", "torch", "sentence_transformers", "pydantic", "rich", "bm25s", "tokenizers", "sqlite3")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from clusterbot.cli import run; run(['--help']); print('|', *sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    _, _, modules = shown.rpartition("|")
    assert "doctor" in shown
    assert not set(HEAVY) & set(modules.split())


def test_results_are_utf8_whatever_the_locale(built: Cli, tmp_path: Path) -> None:
    environ = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    shown = subprocess.run([sys.executable, "-m", "clusterbot", "clusters"], capture_output=True, env=environ, check=True)
    assert "Bois Boréal" in shown.stdout.decode("utf-8")
    assert shown.stderr == b""


def test_wrong_usage_of_the_program_is_status_2() -> None:
    assert subprocess.run([sys.executable, "-m", "clusterbot", "dance"], capture_output=True, check=False).returncode == 2


# --- check and compare


def test_check_json_has_the_keys_that_others_rely_on_and_verbatim_evidence(built: Cli, corpus_dir: Path) -> None:
    checked = built("check", "Boreal Wood was founded in 2010.", "--json").json
    keys = ["id", "claim", "language", "verdict", "confidence", "explanation", "evidence", "differences"]
    assert list(checked) == [*keys, "disagreements", "timelines", "index", "model", "elapsed_ms"]
    assert (checked["verdict"], checked["language"]) == ("contradicted", "en")
    assert {"kind": "date", "claim": "2010", "source": "March 2012"} in checked["differences"]
    against = checked["evidence"][0]
    keys = ["stance", "text", "document_id", "start", "end", "title", "url", "link", "published"]
    assert (list(against), against["stance"]) == (keys, "against")
    assert against["text"] in (corpus_dir / "clusters" / f"{against['document_id']}.md").read_text(encoding="utf-8")


def test_check_supports_a_figure_of_its_own_time(built: Cli) -> None:
    assert built("check", "En 2016, Bois Boréal comptait 45 membres.", "--json").json["verdict"] == "supported"


def test_check_shows_both_sides_and_decides_nothing_where_sources_of_one_time_disagree(built: Cli) -> None:
    checked = built("check", "En 2020, Bois Boréal comptait 120 membres.", "--json").json
    assert checked["verdict"] == "not_covered"
    assert {"for", "against"} <= {one["stance"] for one in checked["evidence"]}
    (members,) = checked["disagreements"]
    assert (members["attribute"], {one["value"] for one in members["values"]}) == ("members", {120, 140})
    shown = built("check", "En 2020, Bois Boréal comptait 120 membres.").out
    assert "140" in shown.partition("120")[2]


def test_check_shows_how_what_a_claim_without_a_date_tells_has_changed(built: Cli) -> None:
    checked = built("check", "Bois Boréal compte 45 membres.", "--json").json
    (members,) = checked["timelines"]
    assert (checked["verdict"], members["attribute"], members["cluster_id"]) == ("contradicted", "members", "bois_boreal")
    assert [(one["as_of"], one["value"]) for one in members["values"]] == [("2016", 45), ("2020", 120), ("2020", 140)]
    assert members["values"][0]["quote"] == "En 2016, Bois Boréal comptait 45 membres."
    assert members["values"][2]["source"].startswith("https://gazette.example.org")
    shown = built("check", "Boreal Wood has 45 members.").out.partition("Members (Boreal Wood) over time")[2]
    assert shown.index("2016") < shown.index("journal.example.org") < shown.index("2020") < shown.index("gazette.example.org")
    assert built("check", "En 2016, Bois Boréal comptait 45 membres.", "--json").json["timelines"] == []


def test_cluster_and_lint_list_what_the_sources_disagree_on(built: Cli) -> None:
    for command in (("cluster", "Bois Boréal"), ("corpus", "lint")):
        (members,) = built(*command, "--json").json["disagreements"]
        assert members["attribute"] == "members"
        shown = built(*command)
        assert shown.status == 0
        assert "120" in shown.out and "140" in shown.out


def test_check_tells_people_the_verdict_and_the_difference_in_the_claims_language(built: Cli) -> None:
    shown = built("check", "Bois Boréal a été fondé en 2010.").out
    assert "Contredit par les sources" in shown
    assert "date" in shown
    assert "mars 2012" in shown


def test_check_gives_no_percentage_where_nothing_settles_the_claim(built: Cli) -> None:
    shown = built("check", "Bois Boréal exporte vers le Japon.").out
    assert "Non couvert par les sources\n" in shown
    assert "%" not in shown.partition("Proche")[0]


def test_check_batch_answers_in_order_and_tells_a_broken_line_in_its_place(built: Cli) -> None:
    lines = [{"id": 1, "claim": "En 2016, Bois Boréal comptait 45 membres."}, {"id": 2}]
    ended = built("check", "--batch", "-", stdin=batch(*lines))
    assert ended.status == 1
    assert [line["id"] for line in ended.lines] == [1, 2]
    assert ended.lines[0]["verdict"] == "supported"
    assert '"claim"' in ended.lines[1]["error"]


def test_a_paragraph_is_contradicted_as_soon_as_one_of_its_claims_is(built: Cli) -> None:
    checked = built("check", "En 2016, Bois Boréal comptait 45 membres. Bois Boréal a été fondé en 2010.", "--json").json
    assert checked["verdict"] == "contradicted"
    assert [one["verdict"] for one in checked["claims"]] == ["supported", "contradicted"]


def test_compare_puts_the_newest_value_of_each_cluster_side_by_side(built: Cli) -> None:
    compared = built("compare", "Boreal Wood", "grappe bleue", "--json").json
    assert compared["clusters"] == ["bois_boreal", "aqua_nord"]
    founded = next(row for row in compared["rows"] if row["attribute"] == "founded")
    assert [fact["value"] for fact in founded["facts"]] == ["2012-03", "2018"]
    assert "Boreal Wood" in built("compare", "Boreal Wood", "grappe bleue").out


@pytest.mark.parametrize("arguments", [("check",), ("check", "a", "--batch", "-"), ("compare", "Boreal Wood")])
def test_wrong_usage_of_check_and_compare_is_status_2(built: Cli, arguments: Sequence[str]) -> None:
    assert built(*arguments).status == 2


def test_compare_with_an_unknown_name_tells_the_cure(built: Cli) -> None:
    one_error_line(built("compare", "Boreal Wood", "zzzz"), "clusterbot clusters")


def test_a_question_may_be_kept_to_a_cluster_and_a_date(built: Cli) -> None:
    then = built("ask", "Combien de membres ?", "--cluster", "GBN", "--as-of", "2017", "--json").json
    assert [one["text"] for one in then["quotes"]] == ["En 2016, Bois Boréal comptait 45 membres."]
    one_error_line(built("ask", "Combien de membres ?", "--as-of", "mars"), "write YYYY")
    one_error_line(built("ask", "Combien de membres ?", "--cluster", "zzzz"), "clusterbot clusters")


def test_an_error_is_told_in_the_readers_language(built: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    assert "posez-la en français ou en anglais" in built("ask", "👍").err
    assert "AAAA-MM" in built("ask", "Combien de membres ?", "--as-of", "mars").err
