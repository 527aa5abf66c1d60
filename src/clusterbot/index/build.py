"""Corpus -> a new version of the index: only passages that no earlier version held are embedded."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from clusterbot.analysis import analyse
from clusterbot.clusters import words_of
from clusterbot.compiled import Encoding
from clusterbot.corpus import Corpus
from clusterbot.embedding import Embedder, has_tokens
from clusterbot.errors import ClusterbotError, CorpusError
from clusterbot.index import snapshot
from clusterbot.index.dense import DenseIndex
from clusterbot.index.lexical import LexicalIndex
from clusterbot.index.snapshot import Calibration, Manifest, Tables
from clusterbot.index.tokens import OUTSIDE, TokenIndex
from clusterbot.index.vectors import VectorCache, vector_key
from clusterbot.models import LANGUAGES, Document, Lang, Passage, Profile
from clusterbot.passages import PassageSettings, context_of, split_passages

SLICE = 256  # passages embedded between two moments at which a killed build has lost nothing

Progress = Callable[[int, int], None]
Approve = Callable[[str], None]
"""Looks at a version before it becomes the live one; what it raises keeps the live one."""


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; counts are passages but for `documents`."""

    version: str
    documents: int
    passages: int
    embedded: int
    reused: int
    removed: int
    seconds: float
    token_bytes: int
    failed: tuple[CorpusError, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a version beside the corpus and the model."""

    passages: PassageSettings
    calibration: dict[Lang, Calibration]
    calibrated_for: str


def build_index(
    corpus: Corpus,
    index_dir: Path,
    embedder: Embedder,
    recipe: Recipe,
    progress: Progress | None = None,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    approve: Approve | None = None,
) -> BuildReport:
    """Build a version aside, have it approved, then make it the live one; `progress` gets passages done and to do.

    Raises:
        CorpusError: no document can be read.
        StorageError: another build is running, or the disk refuses; the live version stays.
    """
    started = now()
    if not corpus.documents:
        raise corpus.failed[0] if corpus.failed else CorpusError("corpus", 0, "holds no document: add one, or pass --corpus DIR")
    documents, tables = _contents(corpus)
    names = _cluster_names(documents)
    passages = [passage for document in documents for passage in split_passages(document, recipe.passages)]
    contexts = [context_of(passage, names[passage.document.lang]) for passage in passages]
    texts = [f"{context}\n{passage.text}" for context, passage in zip(contexts, passages, strict=True)]
    with snapshot.writing(index_dir):
        before = _live_manifest(index_dir)
        encodings, embedded = _embed(texts, embedder, VectorCache(index_dir / "vectors.sqlite3"), progress)
        manifest = _manifest(documents, tables, passages, embedder, recipe, started)
        if before is None or _recipe_of(before) != _recipe_of(manifest):
            offsets = [len(context) + 1 for context in contexts]
            _write_version(index_dir, manifest, documents, tables, passages, texts, encodings, offsets)
            _swap(index_dir, manifest.version, approve)
        else:
            manifest = before
        snapshot.remove_old(index_dir)
    removed = max(0, (sum(before.passages.values()) if before else 0) - (len(passages) - embedded))
    seconds = (now() - started).total_seconds()
    return BuildReport(
        manifest.version,
        len(documents),
        len(passages),
        embedded,
        len(passages) - embedded,
        removed,
        seconds,
        sum(one.codes.nbytes + one.begins.nbytes for one in encodings),
        corpus.failed,
    )


def corpus_digest(corpus: Corpus) -> str:
    """Return what a manifest of this corpus holds as its digest."""
    return _digest(*_contents(corpus))


def _contents(corpus: Corpus) -> tuple[list[Document], Tables]:
    tables = Tables(vocabulary=dict(corpus.vocabulary), ambiguous=dict(corpus.ambiguous))
    return sorted(corpus.documents, key=lambda document: (LANGUAGES.index(document.lang), document.id)), tables


def _digest(documents: Sequence[Document], tables: Tables) -> str:
    contents = [tables.model_dump_json(), *(document.model_dump_json() for document in documents)]
    return hashlib.sha256("\n".join(contents).encode()).hexdigest()


def _cluster_names(documents: Sequence[Document]) -> dict[Lang, dict[str, str]]:
    names: dict[Lang, dict[str, str]] = {lang: {} for lang in LANGUAGES}
    for document in documents:
        if isinstance(document, Profile):
            names[document.lang][document.cluster_id] = document.names.short
    return names


def _live_manifest(index_dir: Path) -> Manifest | None:
    try:
        return snapshot.verify(index_dir / snapshot.current_version(index_dir))
    except ClusterbotError:  # missing, damaged or of another format: building is the cure
        return None


def _embed(texts: list[str], embedder: Embedder, cache: VectorCache, progress: Progress | None) -> tuple[list[Encoding], int]:
    keys = [vector_key(embedder.fingerprint, text) for text in texts]
    known = cache.get(keys, embedder.dimension, embedder.token_dimension if has_tokens(embedder) else 0)
    missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
    todo = sorted(missing.items(), key=lambda item: len(item[1]))
    for first in range(0, len(todo), SLICE):
        batch = todo[first : first + SLICE]

        def advance(done: int, before: int = first) -> None:
            if progress:
                progress(before + done, len(todo))

        fresh = _encode([text for _, text in batch], embedder, advance)
        found = {key: one for (key, _), one in zip(batch, fresh, strict=True)}
        cache.put(found.items())
        known.update(found)
    return [known[key] for key in keys], sum(key in missing for key in keys)


def _encode(texts: list[str], embedder: Embedder, progress: Callable[[int], None]) -> list[Encoding]:
    if has_tokens(embedder):
        return embedder.encode_passages(texts, progress)
    codes, begins = np.empty((0, 0), np.int8), np.empty(0, np.int32)
    return [Encoding(vector, codes, begins) for vector in embedder.embed_passages(texts, progress)]


def _manifest(
    documents: Sequence[Document],
    tables: Tables,
    passages: Sequence[Passage],
    embedder: Embedder,
    recipe: Recipe,
    now: dt.datetime,
) -> Manifest:
    digest = _digest(documents, tables)
    return Manifest(
        format=snapshot.FORMAT,
        version=f"{now:%Y-%m-%dT%H%M%SZ}-{hashlib.sha256(f'{now.isoformat()}{digest}'.encode()).hexdigest()[:6]}",
        created_at=now.isoformat(timespec="microseconds"),
        corpus_digest=digest,
        model=embedder.name,
        revision=embedder.revision,
        fingerprint=embedder.fingerprint,
        dimension=embedder.dimension,
        token_dimension=embedder.token_dimension if has_tokens(embedder) else 0,
        max_chars=recipe.passages.max_chars,
        overlap_sentences=recipe.passages.overlap_sentences,
        documents=len(documents),
        passages={lang: sum(passage.document.lang == lang for passage in passages) for lang in LANGUAGES},
        calibration=recipe.calibration,
        calibrated_for=recipe.calibrated_for,
        files={},
        checksum="",
    )


def _recipe_of(manifest: Manifest) -> Manifest:
    """Return the manifest without what differs between two builds of the same thing."""
    return manifest.model_copy(update={"version": "", "created_at": "", "files": {}, "checksum": ""})


def _write_version(
    index_dir: Path,
    manifest: Manifest,
    documents: Sequence[Document],
    tables: Tables,
    passages: Sequence[Passage],
    texts: Sequence[str],
    encodings: Sequence[Encoding],
    offsets: Sequence[int],
) -> None:
    building = index_dir / f".building-{manifest.version}"
    try:
        building.mkdir()
        _write_lines(building / "documents.jsonl", [document.model_dump_json() for document in documents])
        _write_lines(building / "tables.json", [tables.model_dump_json()])
        rows = {document.id: row for row, document in enumerate(documents)}
        _write_lines(
            building / "passages.jsonl",
            [json.dumps([rows[one.document.id], one.start, one.end, one.heading]) for one in passages],
        )
        _write_lines(building / "words.txt", sorted(words_of(document.text for document in documents)))
        first = 0
        for lang, count in manifest.passages.items():
            (building / lang).mkdir()
            rows_of_lang = range(first, first + count)
            vectors = np.array([encodings[row].vector for row in rows_of_lang], np.float32).reshape(count, manifest.dimension)
            DenseIndex.build(vectors).save(building / lang / "dense")
            if manifest.token_dimension:
                tokens = [(encodings[row].codes, np.maximum(encodings[row].begins - offsets[row], OUTSIDE)) for row in rows_of_lang]
                TokenIndex.build(tokens, manifest.token_dimension).save(building / lang / "tokens")
            terms = [analyse(text, lang) for text in texts[first : first + count]]
            LexicalIndex.build(terms).save(building / lang / "lexical")
            first += count
        paths = sorted(path for path in building.rglob("*") if path.is_file())
        for path in paths:
            snapshot.sync(path)
        files = {path.relative_to(building).as_posix(): snapshot.file_digest(path) for path in paths}
        _write_lines(building / "manifest.json", [manifest.sealed(files).model_dump_json(indent=1)])
        snapshot.sync(building / "manifest.json")
        building.rename(index_dir / manifest.version)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise


def _swap(index_dir: Path, version: str, approve: Approve | None) -> None:
    """Make a version the live one, if it is approved; else remove it."""
    if approve is not None:
        try:
            approve(version)
        except BaseException:
            shutil.rmtree(index_dir / version, ignore_errors=True)
            raise
    snapshot.point_to(index_dir, version)


def _write_lines(path: Path, lines: Sequence[str]) -> None:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
