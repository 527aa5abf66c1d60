"""Corpus files: what is wrong is told with file, line and key; what is written reads back as it was."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clusterbot import corpus as corpus_module
from clusterbot.corpus import locate, read_corpus, read_document, write_document
from clusterbot.errors import CorpusError, StorageError
from clusterbot.models import Document, Profile
from fakes import document, profile

GOOD = """---
title: Un titre
lang: fr
url: https://example.org/a
publisher: Le Journal
published: 2013-05-06
retrieved: 2026-11-22
clusters: [bois_boreal]
licence: CC BY 4.0
---

Une phrase.
"""


def with_line(line: str) -> str:
    """Return the good file with one more line of front matter, its tenth."""
    return GOOD.replace("licence: CC BY 4.0\n", f"licence: CC BY 4.0\n{line}\n")


BAD: list[tuple[str, str, str]] = [
    ("unknown key", with_line("publiser: X"), "10: publiser: unknown key"),
    ("duplicate key", with_line("title: Autre"), "10: title: stands twice"),
    ("missing key", GOOD.replace("publisher: Le Journal\n", ""), "2: publisher: Field required"),
    ("empty value", GOOD.replace("Le Journal", ""), "5: publisher:"),
    ("key that is no text", with_line("1: x"), "10: "),
    ("key that is a list", with_line("? [a]\n: b"), "10: not YAML"),
    ("the id", with_line("id: x"), "10: id: unknown key"),
    ("the text", with_line("text: x"), "10: text: unknown key"),
    ("wrong date", GOOD.replace("2013-05-06", "2013-13-06"), "6: published: '2013-13-06' is not a date"),
    ("wrong kind of date", GOOD.replace("2013-05-06", "mai 2013"), "6: published: 'mai 2013' is not a date"),
    ("wrong language", GOOD.replace("lang: fr", "lang: de"), "3: lang: Input should be 'fr' or 'en'"),
    ("wrong address", GOOD.replace("https://", "ftp://"), "4: url:"),
    ("wrong cluster id", GOOD.replace("bois_boreal", "bois_boreal, Bois Boréal"), "8: clusters.1:"),
    ("clusters that are no list", GOOD.replace("[bois_boreal]", "bois_boreal"), "8: clusters:"),
    ("a title that YAML takes for a number", GOOD.replace("Un titre", "12"), "2: title: Input should be a valid string"),
    ("a kind of another folder", with_line("kind: overview"), "10: kind: 'overview' does not belong"),
    ("a colon in a plain value", GOOD.replace("Un titre", "Un titre: deux: trois"), "2: not YAML"),
    ("an open quotation mark", GOOD.replace("Le Journal", "'Le Journal"), "9: not YAML"),
    ("a tab", with_line("\tx: 1"), "10: not YAML"),
    ("a control character", GOOD.replace("Le Journal", "Le\x07 Journal"), "5: not YAML: control characters"),
    ("an alias", with_line("sector: *titre"), "10: YAML aliases"),
    ("an alias bomb", with_line("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]"), "10: YAML aliases"),
    ("a Python object", with_line("a: !!python/object/apply:os.system [ls]"), "10: not YAML"),
    ("deep nesting", with_line("a: " + "[" * 20_000 + "]" * 20_000), "10: lists and mappings nest deeper"),
    ("bottomless nesting", with_line("- " * 50_000), "10: "),
    ("a number without end", with_line("a: " + "1" * 5000), "2: not YAML"),
    ("front matter that is a list", "---\n- a\n---\n\nx\n", "2: must be `key: value` lines"),
    ("front matter that is empty", "---\n---\n\nx\n", "2: must be `key: value` lines"),
    ("no front matter", "Une phrase.\n", "1: no front matter"),
    ("an empty file", "", "1: no front matter"),
    ("no closing line", GOOD.replace("---\n\nUne", "Une"), "11: the front matter has no closing line"),
    ("no text", GOOD.replace("Une phrase.", " \n"), "11: the document has no text"),
    ("a NUL byte", GOOD.replace("Une phrase", "Une\n\0phrase"), "13: holds a NUL byte"),
]


@pytest.mark.parametrize(("content", "told"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_what_is_wrong_is_told_in_one_line_with_file_line_and_key(content: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "articles" / "a.md"
    path.parent.mkdir()
    path.write_text(content, encoding="utf-8", newline="")
    with pytest.raises(CorpusError) as caught:
        read_document(path, tmp_path)
    assert str(caught.value).startswith(f"articles/a.md:{told}")
    assert "\n" not in str(caught.value)


def test_what_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "articles" / "a.md"
    path.parent.mkdir()
    path.write_bytes(GOOD.replace("phrase", "clé").encode("latin-1"))
    with pytest.raises(CorpusError, match=r"^articles/a\.md:12: not UTF-8"):
        read_document(path, tmp_path)


PROFILE = """---
title: Un profil
lang: fr
url: https://example.org/a
publisher: clusterbot
retrieved: 2026-11-22
licence: CC BY 4.0
names:
  official: Bois Boréal
  short: Bois Boréal
  former:
  - name: GBN
    until: 2015
sector: bois
region: Nord
facts:
- attribute: members
  value: 120
  as_of: 2020
  source: https://example.org/a
---

Une phrase.
"""


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("  short: Bois Boréal\n", "", "8: names.short: Field required"),
        ("    until: 2015", "    until: jadis", "13: names.former.0.until: 'jadis' is not a date"),
        ("    until: 2015", "    untill: 2015", "13: names.former.0.untill: unknown key"),
        ("value: 120", "value: [120]", "18: facts.0.value: must be a number or a text"),
        ("value: 120", "value: yes", "18: facts.0.value: must be a number or a text"),
        ("value: 120", "value: .inf", "18: facts.0.value: must be less than 1e15"),
        ("value: 120", "value: ''", "18: facts.0.value: must have 1 to 500 characters"),
        ("as_of: 2020", "as_of: 2020/2019", "19: facts.0.as_of: '2020/2019' ends before it begins"),
        ("attribute: members", "attribute: Membres", "17: facts.0.attribute: String should match"),
        ("source: https://example.org/a\n---", "source: Le Journal\n---", "20: facts.0.source: String should match"),
        ("lang: fr", "lang: en", "3: lang: 'en', but the file's name does not end in .en.md"),
        ("sector: bois\n", "", "2: sector: Field required"),
    ],
)
def test_a_key_inside_a_profile_is_told_with_its_line(old: str, new: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "clusters" / "bois_boreal.fr.md"
    path.parent.mkdir()
    path.write_text(PROFILE, encoding="utf-8")
    assert isinstance(read_document(path, tmp_path), Profile)
    path.write_text(PROFILE.replace(old, new), encoding="utf-8")
    with pytest.raises(CorpusError) as caught:
        read_document(path, tmp_path)
    assert str(caught.value).startswith(f"clusters/bois_boreal.fr.md:{told}")


def put(path: Path, content: str | bytes = GOOD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_one_bad_file_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    put(tmp_path / "articles" / "a.md")
    put(tmp_path / "articles" / "b.md", "nothing")
    put(tmp_path / "articles" / "c.md")
    corpus = read_corpus(tmp_path)
    assert [one.id for one in corpus.documents] == ["a", "c"]
    assert [error.file for error in corpus.failed] == ["articles/b.md"]


def test_an_id_that_two_folders_use_is_reported(tmp_path: Path) -> None:
    put(tmp_path / "articles" / "a.fr.md")
    put(tmp_path / "overviews" / "a.fr.md")
    corpus = read_corpus(tmp_path)
    assert len(corpus.documents) == 1
    assert [str(error) for error in corpus.failed] == [
        "overviews/a.fr.md:1: the id 'a.fr' is taken by another file: rename one of the two"
    ]


@pytest.mark.parametrize("place", ["a.md", "artciles/a.md", "articles/2013/a.md"])
def test_a_document_in_no_known_folder_is_reported(place: str, tmp_path: Path) -> None:
    put(tmp_path / place)
    put(tmp_path / "README.md", "For people.")
    corpus = read_corpus(tmp_path)
    assert [error.file for error in corpus.failed] == [place]
    assert "clusters, articles, overviews" in corpus.failed[0].problem


def test_a_corpus_that_does_not_exist_is_told_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="CLUSTERBOT_CORPUS_DIR"):
        read_corpus(tmp_path / "corpus")


def make_folder(path: Path) -> None:
    path.mkdir(parents=True)


def make_dangling(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.symlink_to("nowhere")


def make_forbidden(path: Path) -> None:
    put(path).chmod(0)


@pytest.mark.parametrize(
    "make",
    [
        make_folder,
        make_dangling,
        pytest.param(make_forbidden, marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")),
    ],
)
def test_a_file_that_the_system_cannot_read_is_reported(make: Callable[[Path], None], tmp_path: Path) -> None:
    make(tmp_path / "articles" / "a.md")
    assert str(read_corpus(tmp_path).failed[0]).startswith("articles/a.md:1: can't be read: ")


def test_a_file_over_the_limit_is_reported_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_module, "MAX_FILE_BYTES", 100)
    put(tmp_path / "articles" / "a.md")
    assert str(read_corpus(tmp_path).failed[0]) == "articles/a.md:1: larger than 100 bytes: split it"


@pytest.mark.parametrize("name", [" a.md", "a b.md", "a:1-2.md", ".a.md", "a\n.md"])
def test_a_name_that_is_no_id_is_reported(name: str, tmp_path: Path) -> None:
    put(tmp_path / "articles" / name)
    assert "the file's name may hold" in read_corpus(tmp_path).failed[0].problem


@pytest.mark.parametrize("content", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD, GOOD.replace("\n", "\r")])
def test_line_ends_and_a_byte_order_mark_make_no_difference(content: str, tmp_path: Path) -> None:
    read = read_document(put(tmp_path / "articles" / "a.md", content), tmp_path)
    assert (read.title, read.text, read.published) == ("Un titre", "Une phrase.", "2013-05-06")


@pytest.mark.parametrize(("written", "read"), [("2013", "2013"), ("2013-05", "2013-05"), ("'2013'", "2013"), ("null", None)])
def test_a_date_keeps_its_precision(written: str, read: str | None, tmp_path: Path) -> None:
    path = put(tmp_path / "articles" / "a.md", GOOD.replace("2013-05-06", written))
    assert read_document(path, tmp_path).published == read


def test_a_rule_of_dashes_in_the_text_is_text(tmp_path: Path) -> None:
    path = put(tmp_path / "articles" / "a.md", GOOD + "\n---\n\nSuite.\n")
    assert read_document(path, tmp_path).text == "Une phrase.\n\n---\n\nSuite."


def test_the_tables_beside_the_documents_are_read(corpus_dir: Path) -> None:
    corpus = read_corpus(corpus_dir)
    assert corpus.failed == ()
    assert corpus.vocabulary["members"].fr == "Membres"
    assert corpus.ambiguous == {"grappe verte": ("aqua_nord", "bois_boreal")}


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("attributes.yaml", "members: {type: numbre, fr: a, en: b}", "attributes.yaml:1: members.type: "),
        ("attributes.yaml", "# note\nmembers: {type: number, fr: a}", "attributes.yaml:2: members.en: Field required"),
        ("ambiguous.yaml", "a: [b]", "ambiguous.yaml:1: a: "),
        ("ambiguous.yaml", "a: [b, c]\na: [d, e]", "ambiguous.yaml:2: a: stands twice"),
        ("ambiguous.yaml", "a: [", "ambiguous.yaml:"),
    ],
)
def test_a_bad_table_is_reported_with_its_line(name: str, content: str, told: str, corpus_dir: Path) -> None:
    (corpus_dir / name).write_text(content, encoding="utf-8")
    assert [str(error)[: len(told)] for error in read_corpus(corpus_dir).failed] == [told]


LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=60).map(str.strip).filter(bool)
TEXTS = st.lists(LINES, min_size=1, max_size=5).map("\n".join).filter(lambda text: text == text.strip())
DATES = st.sampled_from([None, "2013", "2013-05", "2013-05-06"])
FACTS = st.lists(
    st.fixed_dictionaries(
        {
            "attribute": st.just("members"),
            "value": st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9), LINES),
            "as_of": DATES,
        }
    ).map(lambda fact: {**fact, "source": "https://example.org/é"}),
    max_size=3,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(title=LINES, publisher=LINES, text=TEXTS, published=DATES, kind=st.sampled_from(["article", "digest"]))
def test_an_article_reads_back_as_it_was_written(
    tmp_path: Path, title: str, publisher: str, text: str, published: str | None, kind: str
) -> None:
    written = document("a", text, title=title, publisher=publisher, published=published, kind=kind, clusters=("x", "y"))
    assert read_document(write_document(written, tmp_path), tmp_path) == written


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(short=LINES, aliases=st.lists(LINES, max_size=3), former=st.lists(st.tuples(LINES, DATES), max_size=2), facts=FACTS)
def test_a_profile_reads_back_as_it_was_written(
    tmp_path: Path, short: str, aliases: list[str], former: list[tuple[str, str | None]], facts: list[dict[str, object]]
) -> None:
    old = [{"name": name, "until": until} for name, until in former]
    written = profile(short=short, aliases=aliases, former=old, facts=facts)
    assert read_document(write_document(written, tmp_path), tmp_path) == written


@pytest.mark.parametrize(
    "unfit",
    [
        document("a", " Texte."),
        document("a", "Un\r\nDeux"),
        document("a", "Un\0Deux"),
        document("a", "Un\ud800"),
        document("a", ""),
        document("../../a", "Texte."),
        document("a b", "Texte."),
        profile("a").model_copy(update={"lang": "en"}),
    ],
    ids=["white space", "CRLF", "NUL", "surrogate", "empty", "path", "name", "language"],
)
def test_what_would_not_read_back_is_refused_unwritten(unfit: Document, tmp_path: Path) -> None:
    with pytest.raises(CorpusError):
        write_document(unfit, tmp_path / "corpus")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("refusing", ["write_bytes", "replace"])
def test_a_disk_that_refuses_leaves_the_old_file(refusing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_document(document("a", "Avant."), tmp_path)

    def refuse(self: Path, data: object) -> None:
        if refusing == "write_bytes":
            with self.open("wb") as file:
                file.write(b"--")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, refusing, refuse)
        with pytest.raises(StorageError, match="No space left on device; free some space"):
            write_document(document("a", "Après."), tmp_path)
    assert read_document(path, tmp_path).text == "Avant."
    assert [file.name for file in path.parent.iterdir()] == ["a.md"]


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "articles").touch()
    with pytest.raises(StorageError, match="check the folder's permissions"):
        write_document(document("a", "Texte."), tmp_path)


def test_a_place_in_a_text_is_told_by_its_line(tmp_path: Path) -> None:
    path = put(tmp_path / "articles" / "a.md", GOOD.replace("---\n\nUne phrase.", "---\n\n\n  \n  Une phrase.\n\nDeux."))
    read = read_document(path, tmp_path)
    lines = path.read_text(encoding="utf-8").split("\n")
    for words in ("Une", "phrase", "Deux"):
        file, line = locate(read, tmp_path, offset=read.text.index(words))
        assert file == "articles/a.md"
        assert words in lines[line - 1]
    assert locate(read, tmp_path, ("clusters", 0)) == ("articles/a.md", 8)


def test_ten_thousand_documents_are_read_in_reasonable_time(tmp_path: Path) -> None:
    (tmp_path / "articles").mkdir()
    content = GOOD.replace("Une phrase.", "Une phrase de plus.\n\n" * 5).encode()
    for number in range(10_000):
        (tmp_path / "articles" / f"{number:05}.md").write_bytes(content)
    started = time.process_time()
    corpus = read_corpus(tmp_path)
    assert len(corpus.documents) == 10_000
    assert time.process_time() - started < 30
