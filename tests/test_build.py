"""Building: only what is new is embedded, and whatever goes wrong, the live version stays whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import multiprocessing
import os
import random
import resource
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from clusterbot.corpus import Corpus, read_corpus
from clusterbot.errors import CorpusError, StorageError
from clusterbot.index import build as building
from clusterbot.index import encodings, snapshot
from clusterbot.index.arrays import ArrayWriter
from clusterbot.index.build import BuildReport, Recipe, build_index
from clusterbot.index.neighbours import SearchSettings
from clusterbot.index.vectors import VectorCache
from clusterbot.passages import PassageSettings
from fakes import KeywordEmbedder, document, write_corpus

RECIPE = Recipe(PassageSettings(200, 1), {}, "")


def build(corpus: Corpus, index_dir: Path, embedder: KeywordEmbedder | None = None, recipe: Recipe = RECIPE) -> BuildReport:
    return build_index(corpus, index_dir, embedder or KeywordEmbedder(), recipe)


@pytest.fixture
def corpus(corpus_dir: Path) -> Corpus:
    return read_corpus(corpus_dir)


@pytest.fixture
def index_dir(tmp_path: Path) -> Path:
    return tmp_path / "index"


def visible(folder: Path) -> list[str]:
    """Return the names in an index folder that are no version."""
    return sorted(path.name for path in folder.iterdir() if not (path / "manifest.json").exists())


def test_a_build_counts_what_it_did(corpus: Corpus, index_dir: Path) -> None:
    embedder = KeywordEmbedder()
    report = build(corpus, index_dir, embedder)
    assert report.documents == 6
    assert report.passages == report.embedded == len(embedder.passages) == len(snapshot.load(index_dir).passages)
    assert (report.reused, report.removed, report.failed) == (0, 0, ())
    assert report.version == snapshot.current_version(index_dir)
    assert visible(index_dir) == [".lock", "CURRENT", "vectors.sqlite3"]


def test_a_second_build_embeds_nothing_and_keeps_the_version(corpus: Corpus, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    embedder = KeywordEmbedder()
    second = build(corpus, index_dir, embedder)
    assert embedder.passages == []
    assert (second.embedded, second.reused, second.removed) == (0, first.passages, 0)
    assert second.version == first.version
    assert len(snapshot.versions(index_dir)) == 1


def test_each_vector_stands_by_its_passage(corpus: Corpus, index_dir: Path) -> None:
    build(corpus, index_dir)
    loaded = snapshot.load(index_dir)
    for lang, index in loaded.languages.items():
        rows = loaded.passages[index.first_row : index.first_row + len(index.store)]
        query = KeywordEmbedder().embed_queries(["directr"])[0]
        ids, scores = index.store.nearest(query, 1)
        assert scores[0] > 0
        assert "Tremblay" in rows[ids[0]].text, lang


def with_a_changed_page(corpus_dir: Path) -> Corpus:
    """Change a French page and return the corpus."""
    path = corpus_dir / "clusters" / "bois_boreal.fr.md"
    path.write_text(path.read_text(encoding="utf-8").replace("En 2021, Jeanne", "En juin 2021, Jeanne"), encoding="utf-8")
    return read_corpus(corpus_dir)


def test_a_changed_document_embeds_only_its_new_passages(corpus: Corpus, corpus_dir: Path, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    embedder = KeywordEmbedder()
    second = build(with_a_changed_page(corpus_dir), index_dir, embedder)
    assert 1 <= second.embedded < first.passages / 2
    assert all("juin 2021" in text for text in embedder.passages)
    assert second.version != first.version
    assert second.removed == second.embedded


def inodes(folder: Path, lang: str) -> dict[str, int]:
    return {path.relative_to(folder).as_posix(): path.stat().st_ino for path in (folder / lang).rglob("*") if path.is_file()}


def test_files_of_a_language_that_did_not_change_are_shared_between_versions(
    corpus: Corpus, corpus_dir: Path, index_dir: Path, tmp_path: Path
) -> None:
    first = index_dir / build(corpus, index_dir).version
    changed = with_a_changed_page(corpus_dir)
    second = index_dir / build(changed, index_dir).version
    assert inodes(first, "en") == inodes(second, "en")
    assert not set(inodes(first, "fr").values()) & set(inodes(second, "fr").values())
    build(changed, tmp_path / "anew")
    assert snapshot.load(index_dir).manifest.files == snapshot.load(tmp_path / "anew").manifest.files


def test_where_files_can_not_be_linked_they_are_copied(
    corpus: Corpus, corpus_dir: Path, index_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    first = index_dir / build(corpus, index_dir).version
    second = index_dir / build(with_a_changed_page(corpus_dir), index_dir).version
    assert not set(inodes(first, "en").values()) & set(inodes(second, "en").values())
    assert snapshot.verify(second).version == second.name


def test_shared_files_outlive_the_version_that_wrote_them(corpus: Corpus, corpus_dir: Path, index_dir: Path) -> None:
    oldest = build(corpus, index_dir).version
    path = corpus_dir / "clusters" / "bois_boreal.fr.md"
    for number in range(snapshot.KEPT_VERSIONS):
        path.write_text(path.read_text(encoding="utf-8") + f"\nLe bois a {number} noms.\n", encoding="utf-8")
        build(read_corpus(corpus_dir), index_dir)
    kept = snapshot.versions(index_dir)
    assert oldest not in {one.version for one in kept}
    assert [snapshot.verify(index_dir / one.version).version for one in kept] == [one.version for one in kept]


def test_a_damaged_file_is_not_taken_over(corpus: Corpus, corpus_dir: Path, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    (index_dir / first.version / "en" / "words.txt").write_text("x", encoding="utf-8")
    build(with_a_changed_page(corpus_dir), index_dir)
    assert "x" not in snapshot.load(index_dir).words


@pytest.mark.parametrize("recipe", [Recipe(PassageSettings(150, 1), {}, ""), Recipe(PassageSettings(200, 0), {}, "")])
def test_files_made_in_another_way_are_not_taken_over(corpus: Corpus, index_dir: Path, tmp_path: Path, recipe: Recipe) -> None:
    build(corpus, index_dir)
    build(corpus, index_dir, recipe=recipe)
    build(corpus, tmp_path / "anew", recipe=recipe)
    assert snapshot.load(index_dir).manifest.files == snapshot.load(tmp_path / "anew").manifest.files


def test_a_removed_document_is_gone(corpus: Corpus, corpus_dir: Path, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    (corpus_dir / "articles" / "2020-02-01-journal-bois.md").unlink()
    second = build(read_corpus(corpus_dir), index_dir)
    assert (second.embedded, second.documents) == (0, 5)
    assert second.removed == first.passages - second.passages > 0
    assert "2020-02-01-journal-bois" not in {one.id for one in snapshot.load(index_dir).documents}


def test_a_new_table_makes_a_new_version(corpus: Corpus, corpus_dir: Path, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    (corpus_dir / "ambiguous.yaml").unlink()
    second = build(read_corpus(corpus_dir), index_dir)
    assert (second.embedded, second.version != first.version) == (0, True)


def test_another_model_embeds_all_anew(corpus: Corpus, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    assert build(corpus, index_dir, KeywordEmbedder(name="other")).embedded == first.passages
    assert build(corpus, index_dir).embedded == 0


def test_a_damaged_live_version_is_replaced(corpus: Corpus, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    (index_dir / first.version / "fr" / "words.txt").write_text("x", encoding="utf-8")
    second = build(corpus, index_dir)
    assert (second.embedded, second.version != first.version) == (0, True)
    snapshot.load(index_dir)


@pytest.mark.parametrize("content", [None, b"garbage", b"\xff"])
def test_a_garbled_or_lost_pointer_is_replaced(corpus: Corpus, index_dir: Path, content: bytes | None) -> None:
    build(corpus, index_dir)
    (index_dir / "CURRENT").unlink()
    if content is not None:
        (index_dir / "CURRENT").write_bytes(content)
    assert build(corpus, index_dir).version == snapshot.load(index_dir).manifest.version


def test_three_versions_are_kept_and_always_the_live_one(corpus: Corpus, index_dir: Path) -> None:
    made = [build(corpus, index_dir, recipe=Recipe(PassageSettings(200 + n, 1), {}, "")).version for n in range(5)]
    assert [manifest.version for manifest in snapshot.versions(index_dir)] == made[:1:-1]
    snapshot.use(index_dir, made[2])
    made.append(build(corpus, index_dir, recipe=Recipe(PassageSettings(300, 1), {}, "")).version)
    assert {manifest.version for manifest in snapshot.versions(index_dir)} == set(made[3:])


def test_leavings_of_a_dead_build_are_swept(corpus: Corpus, index_dir: Path) -> None:
    (index_dir / ".building-2026-01-01T000000Z-000000" / "fr").mkdir(parents=True)
    (index_dir / ".removing-2026-01-01T000000Z-000001").mkdir()
    (index_dir / "CURRENT.new").write_text("half", encoding="utf-8")
    build(corpus, index_dir)
    assert visible(index_dir) == [".lock", "CURRENT", "vectors.sqlite3"]


def test_what_could_not_be_read_is_reported_and_the_rest_built(corpus_dir: Path, index_dir: Path) -> None:
    (corpus_dir / "articles" / "bad.md").write_text("nothing", encoding="utf-8")
    report = build(read_corpus(corpus_dir), index_dir)
    assert report.documents == 6
    assert [error.file for error in report.failed] == ["articles/bad.md"]


def test_an_empty_corpus_leaves_the_index_alone(corpus: Corpus, index_dir: Path) -> None:
    first = build(corpus, index_dir)
    with pytest.raises(CorpusError, match="holds no document: add one, or pass --corpus DIR"):
        build(Corpus(()), index_dir)
    with pytest.raises(CorpusError, match="not YAML"):
        build(Corpus((), (CorpusError("a.md", 1, "not YAML"),)), index_dir)
    assert snapshot.current_version(index_dir) == first.version


@pytest.mark.parametrize(
    "text", ["Un\u2028deux.", "Un\x85deux\x0bdeux\x1ctrois.", "Une \U0001f980.", "a" * 3000, "Un \u202e deux", "«\u00a0x\u00a0»"]
)
def test_any_text_survives(text: str, index_dir: Path) -> None:
    build(Corpus((document("a", text, title="A\u2028B"),)), index_dir)
    loaded = snapshot.load(index_dir)
    assert loaded.documents[0].text == text
    assert "".join(passage.text for passage in loaded.passages) == text


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_language_without_documents_is_empty(lang: str, index_dir: Path) -> None:
    build(Corpus((document("a", "Bois. Wood.", lang),)), index_dir)
    loaded = snapshot.load(index_dir)
    assert {one: len(index.store) for one, index in loaded.languages.items()} == {"fr": int(lang == "fr"), "en": int(lang == "en")}


def test_documents_without_a_sentence_make_an_empty_index(index_dir: Path) -> None:
    assert build(Corpus((document("a", "## Titre"),)), index_dir).passages == 0
    assert len(snapshot.load(index_dir).passages) == 0


def test_the_same_text_in_two_documents_is_embedded_once(index_dir: Path) -> None:
    embedder = KeywordEmbedder()
    report = build(Corpus((document("a", "Bois.", title="T"), document("b", "Bois.", title="T"))), index_dir, embedder)
    assert len(embedder.passages) == 1
    assert (report.passages, report.embedded, report.reused) == (2, 2, 0)


def test_progress_ends_at_its_total(corpus: Corpus, index_dir: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = build_index(corpus, index_dir, KeywordEmbedder(), RECIPE, lambda done, total: seen.append((done, total)))
    assert seen[-1] == (report.passages, report.passages)


def test_two_versions_of_one_second_are_told_apart(corpus: Corpus, index_dir: Path) -> None:
    instant = dt.datetime(2026, 11, 22, 20, 30, tzinfo=dt.UTC)
    made = [
        build_index(
            corpus,
            index_dir,
            KeywordEmbedder(),
            Recipe(PassageSettings(200, n), {}, ""),
            now=lambda n=n: instant.replace(microsecond=n),
        )
        for n in range(3)
    ]
    assert [manifest.version for manifest in snapshot.versions(index_dir)] == [report.version for report in reversed(made)]


class Refusing:
    """Counts calls of what touches the disk, and refuses the one of a given number."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, error: Callable[[], BaseException]) -> None:
        self.calls = 0
        self._at = at
        self._error = error
        for owner, name in (
            *((Path, name) for name in ("write_text", "mkdir", "rename", "replace")),
            *((os, "fsync"), (os, "link"), (np, "save"), (faiss, "write_index"), (VectorCache, "put")),
            (KeywordEmbedder, "embed_passages"),
            *((ArrayWriter, "append"), (np.lib.format, "write_array_header_1_0"), (building, "_write_lines")),
        ):
            monkeypatch.setattr(owner, name, self._counting(getattr(owner, name)))

    def _counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **keywords: Any) -> Any:
            self.calls += 1
            if self.calls == self._at:
                raise self._error()
            return function(*args, **keywords)

        return counted


def no_space() -> OSError:
    return OSError(28, "No space left on device")


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build one version of the small corpus, to be copied and then built upon."""
    folder = tmp_path_factory.mktemp("base")
    build(read_corpus(write_corpus(folder / "corpus")), folder / "index")
    return folder / "index"


OTHER = Recipe(PassageSettings(150, 0), {}, "")


@pytest.mark.parametrize("recipe", [OTHER, RECIPE], ids=["all anew", "one language"])
@pytest.mark.parametrize(("error", "stride"), [(no_space, 1), (KeyboardInterrupt, 5)], ids=["full disk", "interrupt"])
def test_a_failure_at_any_step_leaves_a_whole_live_version(
    error: Callable[[], BaseException],
    stride: int,
    recipe: Recipe,
    base: Path,
    corpus_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # it takes half the time
    corpus = with_a_changed_page(corpus_dir)
    new = building.corpus_digest(corpus)
    old = snapshot.current_version(base)
    expected = StorageError if error is no_space else KeyboardInterrupt
    for step in itertools.count(1, stride):
        index_dir = Path(shutil.copytree(base, tmp_path / f"index{step}"))
        with monkeypatch.context() as patch:
            refusing = Refusing(patch, step, error)
            with suppress(expected):
                build(corpus, index_dir, recipe=recipe)
        if refusing.calls < step:
            break  # nothing was left to refuse
        now = snapshot.load(index_dir).manifest
        assert now.version == old or now.corpus_digest == new
        assert not list(index_dir.glob(".building-*"))
        if step % 4 == 1:
            assert build(corpus, index_dir, recipe=recipe).version == snapshot.load(index_dir).manifest.version != old
    assert step > 20


@pytest.mark.parametrize("limit", [100, 5_000])
def test_a_full_disk_is_a_storage_error_and_leaves_nothing(limit: int, base: Path, corpus: Corpus, tmp_path: Path) -> None:
    index_dir = Path(shutil.copytree(base, tmp_path / "index"))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
    try:
        with pytest.raises(StorageError, match="free some space"):
            build(corpus, index_dir, recipe=OTHER)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert snapshot.load(index_dir).manifest.version == snapshot.current_version(base)
    assert not list(index_dir.glob(".building-*"))
    build(corpus, index_dir, recipe=OTHER)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_index_is_a_storage_error(base: Path, corpus: Corpus, tmp_path: Path) -> None:
    index_dir = Path(shutil.copytree(base, tmp_path / "index"))
    index_dir.chmod(0o500)
    with pytest.raises(StorageError, match="check the folder's permissions"):
        build(corpus, index_dir, recipe=OTHER)
    snapshot.load(index_dir)


def test_a_damaged_cache_of_vectors_is_told_with_the_cure(base: Path, corpus: Corpus, tmp_path: Path) -> None:
    index_dir = Path(shutil.copytree(base, tmp_path / "index"))
    (index_dir / "vectors.sqlite3").write_bytes(b"garbage" * 999)
    with pytest.raises(StorageError, match="delete the file"):
        build(corpus, index_dir, recipe=OTHER)
    (index_dir / "vectors.sqlite3").unlink()
    build(corpus, index_dir, recipe=OTHER)


def test_a_second_builder_gets_one_clear_error_and_the_first_ends_well(corpus: Corpus, index_dir: Path) -> None:
    class Interrupted(KeywordEmbedder):
        def embed_passages(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> NDArray[np.float32]:
            with pytest.raises(StorageError, match=r"another process is building in .*; wait for it to end"):
                build(corpus, index_dir)
            return super().embed_passages(texts, progress)

    assert build(corpus, index_dir, Interrupted()).version == snapshot.current_version(index_dir)


def build_slowly(corpus_dir: Path, index_dir: Path, name: str, started: Connection) -> None:
    corpus = read_corpus(corpus_dir)
    started.send(True)
    build(corpus, index_dir, KeywordEmbedder(name=name, pause_s=0.005))


def test_a_build_killed_at_twenty_random_moments_leaves_a_whole_live_version(
    corpus: Corpus, corpus_dir: Path, index_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server that forks, since this process may hold threads of FAISS, which do not survive a fork.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["test_build"])
    build(corpus, index_dir)

    def start(name: str) -> tuple[Any, float]:
        receiving, sending = processes.Pipe(duplex=False)
        builder = processes.Process(target=build_slowly, args=(corpus_dir, index_dir, name, sending))
        builder.start()
        receiving.recv()
        return builder, time.monotonic()

    builder, begun = start("whole")
    builder.join()
    whole_s = time.monotonic() - begun
    assert builder.exitcode == 0
    chance, killed = random.Random(1), 0
    for attempt in range(20):
        before = snapshot.current_version(index_dir)
        builder, _ = start(f"attempt {attempt}")
        time.sleep(chance.uniform(0, whole_s))
        builder.kill()
        builder.join()
        manifest = snapshot.load(index_dir).manifest
        assert manifest.version == before or manifest.model == f"attempt {attempt}"
        killed += manifest.version == before
    assert killed >= 5
    last = build(corpus, index_dir, KeywordEmbedder(name="last"))
    assert snapshot.load(index_dir).manifest.version == last.version
    assert visible(index_dir) == [".lock", "CURRENT", "vectors.sqlite3"]


def test_beyond_a_size_search_is_approximate_and_the_manifest_says_how_near_it_comes(index_dir: Path) -> None:
    chance = random.Random(0)
    texts = [" ".join(chance.sample(("bois", "eau", "membres", "emplois", "export", "fondée", "usine"), 3)) for _ in range(300)]
    corpus = Corpus(tuple(document(f"d{number:03}", f"Note {text}.", title="T") for number, text in enumerate(texts)))
    search = SearchSettings(exact_up_to=200, queries=30, most_read=100.0)
    exact = build(corpus, index_dir)
    nearest = snapshot.load(index_dir).languages["fr"].store.nearest
    report = build(corpus, index_dir, recipe=dataclasses.replace(RECIPE, search=search))
    assert (exact.approximate, report.embedded, report.version != exact.version) == ({}, 0, True)
    loaded = snapshot.load(index_dir)
    assert loaded.manifest.approximate == report.approximate
    assert report.approximate.keys() == {"fr"}
    assert report.approximate["fr"].recall_10 >= search.least_recall
    query = KeywordEmbedder().embed_queries(["bois eau"])[0]
    np.testing.assert_allclose(loaded.languages["fr"].store.nearest(query, 10)[1], nearest(query, 10)[1], atol=1e-6)


def test_windows_and_slices_change_no_file(corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(corpus, tmp_path / "whole")
    monkeypatch.setattr(encodings, "WINDOW", 3)
    monkeypatch.setattr(encodings, "SLICE", 2)
    report = build(corpus, tmp_path / "parts")
    digests = [snapshot.load(tmp_path / name).manifest.files for name in ("whole", "parts")]
    moments = {f"{lang}/dense/{name}.npy" for lang in ("fr", "en") for name in ("mean", "covariance")}  # sums, in another order
    assert all(digests[0][name] == digests[1][name] for name in digests[0].keys() - moments)
    assert (report.embedded, digests[0].keys()) == (report.passages, digests[1].keys())
