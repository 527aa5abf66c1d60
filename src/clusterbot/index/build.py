"""Corpus -> a new version of the index: only passages that no earlier version held are embedded."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np

from clusterbot.analysis import analyse
from clusterbot.clusters import words_of
from clusterbot.corpus import Corpus
from clusterbot.embedding import Embedder, has_tokens
from clusterbot.errors import CorpusError, IndexCorrupt, IndexMismatch, IndexMissing
from clusterbot.index import snapshot
from clusterbot.index.arrays import GroupedWriter
from clusterbot.index.dense import DenseWriter
from clusterbot.index.encodings import PassageEncodings, Progress, windows_of
from clusterbot.index.lexical import write_lexical
from clusterbot.index.milvus import MilvusServer
from clusterbot.index.milvus_store import send_passages
from clusterbot.index.neighbours import Approximation, SearchSettings, approximate
from clusterbot.index.places import Place, remove_version
from clusterbot.index.snapshot import Calibration, Manifest, Tables
from clusterbot.index.table import PassageTable, write_table
from clusterbot.index.tokens import OUTSIDE, lengths_of
from clusterbot.index.unchanged import NOTHING, Taken, take_over, unchanged
from clusterbot.index.vectors import VectorCache
from clusterbot.models import LANGUAGES, Document, Lang, Profile
from clusterbot.passages import PassageSettings

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
    approximate: dict[Lang, Approximation]
    token_bytes: int  # of the vectors of tokens and of single sentences
    failed: tuple[CorpusError, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What decides a version beside the corpus and the model."""

    passages: PassageSettings
    calibration: dict[Lang, Calibration]
    calibrated_for: str
    search: SearchSettings = field(default_factory=SearchSettings)


def build_index(
    corpus: Corpus,
    index_dir: Path,
    embedder: Embedder,
    recipe: Recipe,
    progress: Progress | None = None,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    approve: Approve | None = None,
    milvus: MilvusServer | None = None,
) -> BuildReport:
    """Build a version aside, have it approved, then make it the live one; `progress` gets texts done and to do.

    Its passages are searched in its own files, unless a Milvus is to hold them.

    Raises:
        CorpusError: no document can be read.
        StorageError: another build is running, or the disk refuses; the live version stays.
        IndexUnreachable: the Milvus can't be asked, or refuses; the live version stays.
    """
    started = now()
    if not corpus.documents:
        raise corpus.failed[0] if corpus.failed else CorpusError("corpus", 0, "holds no document: add one, or pass --corpus DIR")
    documents, tables = _contents(corpus)
    if milvus is not None:
        milvus.runs()  # or nothing need be embedded
    with snapshot.writing(index_dir):
        before = _live_manifest(index_dir, milvus)
        manifest = _manifest(documents, tables, embedder, recipe, "files" if milvus is None else "milvus", started)
        building = index_dir / f".building-{manifest.version}"
        try:
            building.mkdir()
            write_table(building / "passages.npy", documents, recipe.passages)
            table = PassageTable.load(building / "passages.npy", documents)
            work = PassageEncodings(table, _cluster_names(documents), embedder, VectorCache(index_dir / "vectors.sqlite3"))
            manifest = manifest.model_copy(update={"passages": _counts(documents, table)})
            kept = unchanged(before, manifest)
            embedded = work.embed(progress, (rows for lang, rows in _rows_of(manifest).items() if lang not in kept))
            if before is None or _recipe_of(before) != _recipe_of(manifest):
                taken = NOTHING if before is None else take_over(index_dir / before.version, building, before, kept)
                manifest = _write_version(building, manifest, documents, tables, work, milvus, taken)
                building.rename(index_dir / manifest.version)
                _swap(index_dir, manifest.version, approve, milvus)
            else:
                manifest = before
        finally:
            remove_version(building, building.name.partition("-")[2], milvus)
        snapshot.remove_old(index_dir, milvus)
    passages = len(table)
    removed = max(0, (sum(before.passages.values()) if before else 0) - (passages - embedded))
    return BuildReport(
        manifest.version,
        len(documents),
        passages,
        embedded,
        passages - embedded,
        removed,
        (now() - started).total_seconds(),
        manifest.approximate,
        sum(path.stat().st_size for name in ("tokens", "sentences") for path in (index_dir / manifest.version).glob(f"*/{name}/*")),
        corpus.failed,
    )


def corpus_digest(corpus: Corpus) -> str:
    """Return what a manifest of this corpus holds as its digest."""
    documents, tables = _contents(corpus)
    return _digest(_digests(documents), tables)


def _contents(corpus: Corpus) -> tuple[list[Document], Tables]:
    tables = Tables(vocabulary=dict(corpus.vocabulary), ambiguous=dict(corpus.ambiguous))
    return sorted(corpus.documents, key=lambda document: (LANGUAGES.index(document.lang), document.id)), tables


def _digests(documents: Sequence[Document]) -> dict[Lang, str]:
    found = {lang: hashlib.sha256() for lang in LANGUAGES}
    for document in documents:
        found[document.lang].update(f"\n{document.model_dump_json()}".encode())
    return {lang: one.hexdigest() for lang, one in found.items()}


def _digest(contents: dict[Lang, str], tables: Tables) -> str:
    return hashlib.sha256(f"{tables.model_dump_json()}\n{' '.join(contents.values())}".encode()).hexdigest()


def _cluster_names(documents: Sequence[Document]) -> dict[Lang, dict[str, str]]:
    names: dict[Lang, dict[str, str]] = {lang: {} for lang in LANGUAGES}
    for document in documents:
        if isinstance(document, Profile):
            names[document.lang][document.cluster_id] = document.names.short
    return names


def _live_manifest(index_dir: Path, milvus: MilvusServer | None) -> Manifest | None:
    try:
        return snapshot.verify(index_dir / snapshot.current_version(index_dir), milvus)
    except (IndexMissing, IndexMismatch, IndexCorrupt):  # building is the cure
        return None


def _counts(documents: Sequence[Document], table: PassageTable) -> dict[Lang, int]:
    """Return how many passages there are in each language; documents come language by language."""
    owned = np.bincount(table.owners, minlength=len(documents))
    langs = np.array([document.lang for document in documents])
    return {lang: int(owned[langs == lang].sum()) for lang in LANGUAGES}


def _manifest(
    documents: Sequence[Document],
    tables: Tables,
    embedder: Embedder,
    recipe: Recipe,
    place: Place,
    now: dt.datetime,
) -> Manifest:
    contents = _digests(documents)
    digest = _digest(contents, tables)
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
        place=place,
        documents=len(documents),
        contents=contents,
        search=recipe.search,
        passages={},
        approximate={},
        calibration=recipe.calibration,
        calibrated_for=recipe.calibrated_for,
        files={},
        checksum="",
    )


def _recipe_of(manifest: Manifest) -> Manifest:
    """Return the manifest without what differs between two builds of the same thing."""
    return manifest.model_copy(update={"version": "", "created_at": "", "approximate": {}, "files": {}, "checksum": ""})


def _rows_of(manifest: Manifest) -> dict[Lang, range]:
    """Return the rows of each language's passages."""
    ends = dict(zip(manifest.passages, accumulate(manifest.passages.values()), strict=True))
    return {lang: range(end - manifest.passages[lang], end) for lang, end in ends.items()}


def _write_version(
    building: Path,
    manifest: Manifest,
    documents: Sequence[Document],
    tables: Tables,
    work: PassageEncodings,
    milvus: MilvusServer | None,
    taken: Taken,
) -> Manifest:
    """Write the files of a version beside its passages and those taken over, and its manifest last."""
    _write_lines(building / "documents.jsonl", (document.model_dump_json() for document in documents))
    _write_lines(building / "tables.json", [tables.model_dump_json()])
    rows = {lang: own for lang, own in _rows_of(manifest).items() if not (building / lang).exists()}
    for lang, own in rows.items():
        folder, windows = building / lang, windows_of(own)
        folder.mkdir()
        _write_lines(folder / "words.txt", sorted(words_of(document.text for document in documents if document.lang == lang)))
        _write_encodings(folder, manifest, work, windows)
        write_lexical(folder / "lexical", (analyse(text, lang) for window in windows for text, _ in work.texts(window)))
        if milvus is not None:
            send_passages(folder, manifest.version, lang, work.table[own.start : own.stop], milvus)
    made = {} if milvus is not None else _approximate(building, manifest.search, work, rows)
    paths = sorted(path for path in building.rglob("*") if path.is_file())
    files = {path.relative_to(building).as_posix(): path for path in paths}
    for name in files.keys() - taken.files.keys():
        snapshot.sync(files[name])
    digests = {name: taken.files.get(name) or snapshot.file_digest(path) for name, path in files.items()}
    sealed = manifest.model_copy(update={"approximate": {**taken.approximate, **made}}).sealed(digests)
    _write_lines(building / "manifest.json", [sealed.model_dump_json(indent=1)])
    snapshot.sync(building / "manifest.json")
    return sealed


def _approximate(
    building: Path, search: SearchSettings, work: PassageEncodings, rows: dict[Lang, range]
) -> dict[Lang, Approximation]:
    """Make the graphs of languages with many passages, side by side: each is made on one thread."""
    queries = {lang: work.queries(own, search.queries) for lang, own in rows.items() if len(own) > search.exact_up_to}
    with ThreadPoolExecutor() as pool:
        made = pool.map(lambda lang: approximate(building / lang / "dense", queries[lang], search), queries)
        return {lang: one for lang, one in zip(queries, made, strict=True) if one is not None}


def _write_encodings(folder: Path, manifest: Manifest, work: PassageEncodings, windows: Sequence[range]) -> None:
    """Write the vectors of a language and, where passages have them, those of their tokens and sentences."""
    with ExitStack() as files:
        dense = files.enter_context(DenseWriter(folder / "dense", manifest.dimension))
        tokens = read = None
        if manifest.token_dimension:
            of_tokens = {"codes": (np.int8, (manifest.token_dimension,)), "lengths": (np.float32, ()), "begins": (np.int32, ())}
            tokens = files.enter_context(GroupedWriter(folder / "tokens", of_tokens))
            of_sentences = {"vectors": (np.float16, (manifest.dimension,)), "spans": (np.int32, (2,))}
            read = files.enter_context(GroupedWriter(folder / "sentences", of_sentences))
        for window in windows:
            vectors = np.empty((len(window), manifest.dimension), np.float32)
            for row, (encoding, offset) in zip(vectors, work.encodings(window), strict=True):
                row[:] = encoding.vector
                if tokens is not None:
                    begins = np.maximum(encoding.begins - offset, OUTSIDE)
                    tokens.append(encoding.codes, lengths_of(encoding.codes), begins)
            dense.append(vectors)
            if read is not None:
                for found, spans in work.sentences(window):
                    read.append(found, spans)


def _swap(index_dir: Path, version: str, approve: Approve | None, milvus: MilvusServer | None) -> None:
    """Make a version the live one, if it is approved; else remove it."""
    if approve is not None:
        try:
            approve(version)
        except BaseException:
            remove_version(index_dir / version, version, milvus)
            raise
    snapshot.point_to(index_dir, version)


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{line}\n" for line in lines)
