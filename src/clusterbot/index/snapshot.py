"""Versions of the index on disk: built aside, checked by their manifest, swapped by one pointer, rolled back by name.

index/CURRENT                         one line: the live version's name
index/2026-11-22T203000Z-3f9a1c/      manifest.json documents.jsonl passages.npy tables.json
                                      {fr,en}/words.txt {fr,en}/{dense,lexical,tokens,sentences}/, or {milvus,tokens,sentences}/
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, TypeAdapter

from clusterbot.errors import IndexCorrupt, IndexMismatch, IndexMissing, StorageError
from clusterbot.index.milvus import MilvusServer
from clusterbot.index.neighbours import Approximation, SearchSettings
from clusterbot.index.places import Place, check_place, open_store, remove_version
from clusterbot.index.sentences import SentenceIndex
from clusterbot.index.stores import PassageStore, RowFilter
from clusterbot.index.table import PassageTable
from clusterbot.index.tokens import TokenIndex
from clusterbot.models import Attribute, Document, Lang, Profile

FORMAT = 6  # another one also where sentences are split or terms made otherwise, since a language's files are taken over
KEPT_VERSIONS = 3
_REBUILD = "rebuild it: clusterbot index build"
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z-[0-9a-f]{6}")


class Calibration(BaseModel):
    """A logistic regression from features of an answer to the probability that the corpus answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[str, ...]
    weights: tuple[float, ...]
    intercept: float
    threshold: float


class Tables(BaseModel):
    """What a corpus has beside its documents: the vocabulary of ledgers, and names that clusters share."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vocabulary: dict[str, Attribute]
    ambiguous: dict[str, tuple[str, ...]]


class Manifest(BaseModel):
    """What a version is made of (`contents`: SHA-256 of each language's documents); written last: without one it is no version."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    version: str
    created_at: str
    corpus_digest: str
    model: str
    revision: str
    fingerprint: str
    dimension: int
    token_dimension: int
    max_chars: int
    overlap_sentences: int
    search: SearchSettings
    place: Place
    documents: int
    contents: dict[Lang, str]
    passages: dict[Lang, int]
    approximate: dict[Lang, Approximation]
    calibration: dict[Lang, Calibration]
    calibrated_for: str
    files: dict[str, str]
    checksum: str

    def sealed(self, files: dict[str, str]) -> Manifest:
        """Return the manifest with the digests of the version's files, and of itself."""
        named = self.model_copy(update={"files": files, "checksum": ""})
        return named.model_copy(update={"checksum": hashlib.sha256(named.model_dump_json().encode()).hexdigest()})


@dataclass(frozen=True, slots=True)
class LanguageIndex:
    """The passages of one language, rows `first_row` and on; vectors of tokens and of sentences are there or not, both of them."""

    first_row: int
    store: PassageStore
    tokens: TokenIndex | None
    sentences: SentenceIndex | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of the index in memory; never changes, so that a question is answered from one version."""

    manifest: Manifest
    documents: tuple[Document, ...]
    passages: PassageTable
    languages: Mapping[Lang, LanguageIndex]
    words: frozenset[str]
    tables: Tables


def current_version(index_dir: Path) -> str:
    """Return the live version's name.

    Raises:
        IndexMissing: nothing was built yet.
    """
    try:
        name = (index_dir / "CURRENT").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        raise IndexMissing(f"there is no index in {index_dir}; build it: clusterbot index build") from None
    except (OSError, UnicodeDecodeError) as error:
        raise IndexCorrupt(f"{index_dir / 'CURRENT'} can't be read ({error}); {_REBUILD}") from error
    if not _NAME.fullmatch(name):
        raise IndexCorrupt(f"{index_dir / 'CURRENT'} names no version; `clusterbot index use NAME` mends it, or {_REBUILD}")
    return name


def versions(index_dir: Path) -> list[Manifest]:
    """Return the manifests of all whole versions, newest first."""
    found = []
    for path in index_dir.glob("*/manifest.json"):
        if _NAME.fullmatch(path.parent.name):
            try:
                found.append(read_manifest(path.parent))
            except (IndexCorrupt, IndexMismatch):
                continue  # `index verify` says what is wrong with it
    return sorted(found, key=lambda manifest: manifest.created_at, reverse=True)


def read_manifest(folder: Path) -> Manifest:
    """Read a version's manifest.

    Raises:
        IndexMissing: there is no such version.
        IndexMismatch: it was made by another format.
        IndexCorrupt: it can't be read.
    """
    try:
        raw = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if isinstance(raw, dict) and raw.get("format") != FORMAT:
            raise IndexMismatch(f"{folder.name} has format {raw.get('format')}, this clusterbot reads {FORMAT}; {_REBUILD}")
        manifest = Manifest.model_validate_json(json.dumps(raw))
        if manifest.sealed(manifest.files) != manifest:
            raise ValueError("not what was written")
        return manifest
    except FileNotFoundError:
        told = f"there is no index version {folder.name!r}; `clusterbot index list` shows them"
        raise IndexMissing(told) from None
    except (OSError, ValueError, RecursionError) as error:
        raise IndexCorrupt(f"{folder.name}/manifest.json is damaged; {_REBUILD}, or go back: clusterbot index use NAME") from error


def verify(folder: Path, milvus: MilvusServer | None = None) -> Manifest:
    """Check every file of a version against its manifest, and that its passages are where they are looked for.

    Raises:
        IndexCorrupt: a file is missing, or not what was written; or passages are.
        IndexMismatch, IndexUnreachable: as their texts say, with the cure.
    """
    manifest = read_manifest(folder)
    with ThreadPoolExecutor() as pool:
        for name, found in zip(manifest.files, pool.map(lambda name: _digest_of(folder / name), manifest.files), strict=True):
            if found != manifest.files[name]:
                told = "is damaged" if found else "is missing"
                raise IndexCorrupt(f"{folder.name}/{name} {told}; {_REBUILD}, or go back: clusterbot index use NAME")
    check_place(manifest.version, manifest.place, manifest.passages, milvus)
    return manifest


def load(index_dir: Path, version: str | None = None, milvus: MilvusServer | None = None) -> Snapshot:
    """Load a version, the live one unless named, after checking it; writes nothing.

    Raises:
        IndexMissing, IndexMismatch, IndexCorrupt, IndexUnreachable: as their texts say, with the cure.
    """
    folder = index_dir / (version or current_version(index_dir))
    manifest = verify(folder, milvus)
    try:
        documents = tuple(_DOCUMENT.validate_json(line) for line in _lines(folder / "documents.jsonl"))
        passages = PassageTable.load(folder / "passages.npy", documents)
        tables = Tables.model_validate_json((folder / "tables.json").read_text(encoding="utf-8"))
        words = frozenset(word for lang in manifest.passages for word in _lines(folder / lang / "words.txt"))
    except (OSError, ValueError, EOFError) as error:
        raise IndexCorrupt(f"{folder.name} can't be read ({error}); {_REBUILD}") from error
    languages: dict[Lang, LanguageIndex] = {}
    first_row = 0
    for lang, count in manifest.passages.items():
        tokens = TokenIndex.load(folder / lang / "tokens") if manifest.token_dimension else None
        sentences = SentenceIndex.load(folder / lang / "sentences") if manifest.token_dimension else None
        allowed = RowFilter.of(documents, passages.owners[first_row : first_row + count])
        store = open_store(folder / lang, manifest.version, lang, count, manifest.approximate.get(lang), allowed, milvus)
        languages[lang] = LanguageIndex(first_row, store, tokens, sentences)
        first_row += count
    return Snapshot(manifest, documents, passages, languages, words, tables)


def read_documents(index_dir: Path, ids: Collection[str]) -> tuple[str, dict[str, Document]]:
    """Read documents of the live version from the disk, after checking their file; return the version and those that it holds.

    Raises:
        IndexMissing, IndexMismatch, IndexCorrupt: as their texts say, with the cure.
    """
    version = current_version(index_dir)
    folder = index_dir / version
    path = folder / "documents.jsonl"
    expected = read_manifest(folder).files[path.name]
    try:
        if file_digest(path) != expected:
            raise IndexCorrupt(f"{folder.name}/{path.name} is damaged; {_REBUILD}, or go back: clusterbot index use NAME")
        documents = [_DOCUMENT.validate_json(line) for line in _lines(path)]
    except OSError as error:
        raise IndexCorrupt(f"{folder.name} can't be read ({error}); {_REBUILD}") from error
    return version, {one.id: one for one in documents if one.id in ids}


def _lines(path: Path) -> list[str]:
    """Return a file's lines; `splitlines` would also cut at separators that a text may hold."""
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line]


_DOCUMENT: TypeAdapter[Profile | Document] = TypeAdapter(Profile | Document)


def use(index_dir: Path, version: str, milvus: MilvusServer | None = None) -> Manifest:
    """Make a version the live one, after checking it."""
    manifest = verify(index_dir / version, milvus)
    with writing(index_dir):
        point_to(index_dir, version)
    return manifest


def point_to(index_dir: Path, version: str) -> None:
    """Swap the pointer: a reader sees the old version or the new, never half of each."""
    pending = index_dir / "CURRENT.new"
    pending.write_text(version + "\n", encoding="utf-8")
    sync(pending)
    pending.replace(index_dir / "CURRENT")
    sync(index_dir)


@contextmanager
def writing(index_dir: Path) -> Iterator[None]:
    """Hold the index for writing; one process at a time, released by the system if the process dies.

    Raises:
        StorageError: another process holds it, or the disk refuses.
    """
    try:
        index_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(index_dir / ".lock", timeout=0):
            yield
    except Timeout:
        raise StorageError(f"another process is building in {index_dir}; wait for it to end, then try again") from None
    except OSError as error:
        cure = "free some space or check the folder's permissions; the live index is untouched"
        raise StorageError(f"can't write the index in {index_dir}: {error.strerror or error}; {cure}") from error


def remove_old(index_dir: Path, milvus: MilvusServer | None = None) -> None:
    """Remove what no one needs: leavings of processes that died, and versions beyond those kept."""
    live = current_version(index_dir)
    others = [manifest.version for manifest in versions(index_dir) if manifest.version != live]
    for name in others[KEPT_VERSIONS - 1 :]:
        with suppress(OSError):
            (index_dir / name).rename(index_dir / f".removing-{name}")  # at once, so that no half of it passes for a version
    for leaving in (*index_dir.glob(".building-*"), *index_dir.glob(".removing-*")):
        remove_version(leaving, leaving.name.partition("-")[2], milvus)


def _digest_of(path: Path) -> str:
    return file_digest(path) if path.is_file() else ""


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have the disk keep a file or folder before going on."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
