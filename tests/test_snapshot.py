"""Versions on disk: checked when opened, swapped whole, gone back to by name; opening writes nothing."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from clusterbot.corpus import read_corpus
from clusterbot.errors import IndexCorrupt, IndexMismatch, IndexMissing, StorageError
from clusterbot.index import snapshot
from clusterbot.index.build import Recipe, build_index
from clusterbot.passages import PassageSettings
from fakes import KeywordEmbedder, write_corpus


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    corpus = read_corpus(write_corpus(folder / "corpus"))
    for overlap in (0, 1):  # two versions
        build_index(corpus, folder / "index", KeywordEmbedder(), Recipe(PassageSettings(200, overlap), {}, ""))
    return folder / "index"


@pytest.fixture
def index_dir(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "index"))


def live(index_dir: Path) -> Path:
    return index_dir / snapshot.current_version(index_dir)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_what_was_built_is_loaded(index_dir: Path, tmp_path: Path) -> None:
    loaded = snapshot.load(index_dir)
    corpus = read_corpus(write_corpus(tmp_path / "corpus"))
    assert {document.id: document for document in loaded.documents} == {document.id: document for document in corpus.documents}
    assert loaded.tables.vocabulary == corpus.vocabulary
    assert loaded.tables.ambiguous == corpus.ambiguous
    assert sum(len(index.store) for index in loaded.languages.values()) == len(loaded.passages)
    for lang, index in loaded.languages.items():
        rows = loaded.passages[index.first_row : index.first_row + len(index.store)]
        assert {passage.document.lang for passage in rows} == {lang}
        assert len(index.store.lexical) == len(rows)
    assert all(passage.text in passage.document.text for passage in loaded.passages)
    assert "boreal" in loaded.words


def test_opening_and_verifying_write_nothing(index_dir: Path) -> None:
    before = contents(index_dir)
    snapshot.load(index_dir)
    snapshot.verify(live(index_dir))
    snapshot.versions(index_dir)
    assert contents(index_dir) == before


def test_every_file_but_the_manifest_is_in_the_manifest(index_dir: Path) -> None:
    named = set(snapshot.read_manifest(live(index_dir)).files)
    assert set(contents(live(index_dir))) - named == {"manifest.json"}


def test_one_flipped_byte_in_any_file_is_noticed(index_dir: Path) -> None:
    folder = live(index_dir)
    for name, content in contents(folder).items():
        if not content or name == "manifest.json":
            continue
        damaged = bytearray(content)
        damaged[len(content) // 2] ^= 1
        (folder / name).write_bytes(damaged)
        with pytest.raises(IndexCorrupt, match="is damaged; rebuild it: clusterbot index build") as caught:
            snapshot.load(index_dir)
        assert name in str(caught.value)
        (folder / name).write_bytes(content)
    snapshot.load(index_dir)


def test_a_missing_file_is_noticed(index_dir: Path) -> None:
    (live(index_dir) / "passages.npy").unlink()
    with pytest.raises(IndexCorrupt, match=r"passages\.npy is missing; rebuild it: clusterbot index build"):
        snapshot.load(index_dir)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"not json", b"\xff", b'{"format": 1}', b'{"format": 1, "x": NaN}', b"[" * 9999]
)
def test_a_damaged_manifest_is_told_with_the_cure(index_dir: Path, content: bytes) -> None:
    (live(index_dir) / "manifest.json").write_bytes(content)
    with pytest.raises((IndexCorrupt, IndexMismatch), match="clusterbot index build"):
        snapshot.load(index_dir)


def test_another_format_is_a_mismatch(index_dir: Path) -> None:
    path = live(index_dir) / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text(encoding="utf-8")), "format": 999}), encoding="utf-8")
    with pytest.raises(IndexMismatch, match=r"has format 999.*clusterbot index build"):
        snapshot.load(index_dir)


@pytest.mark.parametrize(
    ("old", "new"), [('"dimension": 9', '"dimension": 8'), ('"model": "k', '"model": "K'), ("words.txt", "wards.txt")]
)
def test_a_change_to_the_manifest_itself_is_noticed(index_dir: Path, old: str, new: str) -> None:
    path = live(index_dir) / "manifest.json"
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")
    with pytest.raises(IndexCorrupt, match=r"manifest\.json is damaged; rebuild it: clusterbot index build"):
        snapshot.load(index_dir)


def test_without_an_index_the_cure_is_named(tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=r"there is no index in .*nowhere; build it: clusterbot index build"):
        snapshot.load(tmp_path / "nowhere")


@pytest.mark.parametrize("content", [b"", b"garbage", b"../../etc", b"\xff\xfe", b"2026-11-22T203000Z-3f9a1c\n2026", "🂡".encode()])
def test_a_garbled_pointer_is_told_with_the_cure(index_dir: Path, content: bytes) -> None:
    (index_dir / "CURRENT").write_bytes(content)
    with pytest.raises(IndexCorrupt, match="clusterbot index build"):
        snapshot.load(index_dir)
    assert len(snapshot.versions(index_dir)) == 2
    snapshot.use(index_dir, snapshot.versions(index_dir)[0].version)
    snapshot.load(index_dir)


def test_a_pointer_to_a_version_that_is_gone_is_told(index_dir: Path) -> None:
    shutil.rmtree(live(index_dir))
    with pytest.raises(IndexMissing, match="clusterbot index list"):
        snapshot.load(index_dir)


def test_use_goes_back_and_forth(index_dir: Path) -> None:
    newest, older = (manifest.version for manifest in snapshot.versions(index_dir))
    assert snapshot.current_version(index_dir) == newest
    assert snapshot.use(index_dir, older).version == older
    assert snapshot.load(index_dir).manifest.version == older
    snapshot.use(index_dir, newest)
    assert snapshot.current_version(index_dir) == newest


@pytest.mark.parametrize("name", ["nothing", "", ".", "..", "../index", "2026-01-01T000000Z-000000"])
def test_use_refuses_what_is_no_version(index_dir: Path, name: str) -> None:
    before = snapshot.current_version(index_dir)
    with pytest.raises(IndexMissing, match="clusterbot index list"):
        snapshot.use(index_dir, name)
    assert snapshot.current_version(index_dir) == before


def test_use_refuses_a_damaged_version(index_dir: Path) -> None:
    older = snapshot.versions(index_dir)[1].version
    (index_dir / older / "fr" / "words.txt").write_text("x", encoding="utf-8")
    with pytest.raises(IndexCorrupt):
        snapshot.use(index_dir, older)
    assert snapshot.current_version(index_dir) != older


def test_a_version_without_manifest_is_no_version(index_dir: Path) -> None:
    (index_dir / "2026-01-01T000000Z-000000").mkdir()
    (index_dir / ".building-2026-01-01T000000Z-000001").mkdir()
    assert len(snapshot.versions(index_dir)) == 2


def test_a_damaged_version_is_not_listed_and_hides_no_other(index_dir: Path) -> None:
    (live(index_dir) / "manifest.json").write_text("{", encoding="utf-8")
    assert len(snapshot.versions(index_dir)) == 1


def test_two_writers_at_once_are_told(index_dir: Path) -> None:
    with (
        snapshot.writing(index_dir),
        pytest.raises(StorageError, match=r"another process is building in .*; wait for it to end"),
        snapshot.writing(index_dir),
    ):
        pass
    with snapshot.writing(index_dir):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_a_storage_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="check the folder's permissions"), snapshot.writing(tmp_path / "index"):
        pass


def test_a_folder_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "index").touch()
    with pytest.raises(StorageError, match="check the folder's permissions"), snapshot.writing(tmp_path / "index"):
        pass


def test_a_loaded_snapshot_outlives_its_files(index_dir: Path) -> None:
    loaded = snapshot.load(index_dir)
    shutil.rmtree(index_dir)
    index = loaded.languages["fr"]
    assert len(index.store.nearest(KeywordEmbedder().embed_queries(["bois"])[0], 3)[0]) == 3
    assert len(index.store.sharing(["bois"], 3)[0]) == 3
