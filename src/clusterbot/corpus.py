"""`corpus/` files <-> documents: their only reader and writer.

A file is YAML front matter between two lines of `---`, then Markdown. A document's text is what follows the second line, without
the white space around it. Errors name file, line and key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from filelock import FileLock, Timeout
from pydantic import Field, TypeAdapter, ValidationError

from clusterbot.errors import CorpusError, StorageError
from clusterbot.front_matter import line_of, load_mapping
from clusterbot.models import Attribute, ClusterId, Document, NonEmpty, Profile, Vocabulary

T = TypeVar("T")
FOLDERS = {"clusters": "profile", "articles": "article", "overviews": "overview"}
MAX_FILE_BYTES = 5_000_000
_FENCE = "---"
_FILE_NAME = re.compile(r"\w[\w.-]*\.md")


@dataclass(frozen=True, slots=True)
class Corpus:
    """The documents that could be read, by id in order; what was wrong with others; the words of ledgers; shared names."""

    documents: tuple[Document, ...]
    failed: tuple[CorpusError, ...] = ()
    vocabulary: Vocabulary = field(default_factory=dict)
    ambiguous: Mapping[str, tuple[ClusterId, ...]] = field(default_factory=dict)


def read_corpus(corpus_dir: Path) -> Corpus:
    """Read every document; a file that can't be read is reported in `failed`, never skipped in silence.

    Raises:
        CorpusError: there is no such folder.
    """
    if not corpus_dir.is_dir():
        raise CorpusError(str(corpus_dir), 0, "no such folder; set CLUSTERBOT_CORPUS_DIR or pass --corpus DIR")
    documents: dict[str, Document] = {}
    failed: list[CorpusError] = []
    for path in corpus_files(corpus_dir):
        try:
            document = read_document(path, corpus_dir)
            if document.id in documents:
                raise CorpusError(
                    _relative(path, corpus_dir), 1, f"the id {document.id!r} is taken by another file: rename one of the two"
                )
            documents[document.id] = document
        except CorpusError as error:
            failed.append(error)
    failed += [CorpusError(_relative(path, corpus_dir), 1, _STRAY) for path in _strays(corpus_dir)]
    vocabulary = _read_table(corpus_dir / "attributes.yaml", _VOCABULARY, failed)
    ambiguous = _read_table(corpus_dir / "ambiguous.yaml", _AMBIGUOUS, failed)
    return Corpus(tuple(documents[key] for key in sorted(documents)), tuple(failed), vocabulary, ambiguous)


_STRAY = f"is read by no one here: documents live in one of the folders {', '.join(FOLDERS)}"


def _strays(corpus_dir: Path) -> list[Path]:
    """Return Markdown files that a misspelt folder would hide; a README or LICENSE may lie anywhere."""
    found = (path for path in corpus_dir.rglob("*.md") if path.parent.parent != corpus_dir or path.parent.name not in FOLDERS)
    return sorted(path for path in found if not path.stem.isupper() and not path.name.startswith("."))


_VOCABULARY: TypeAdapter[dict[str, Attribute]] = TypeAdapter(dict[ClusterId, Attribute])
_AMBIGUOUS: TypeAdapter[dict[str, tuple[ClusterId, ...]]] = TypeAdapter(
    dict[NonEmpty, Annotated[tuple[ClusterId, ...], Field(min_length=2)]]
)


def _read_table(path: Path, adapter: TypeAdapter[dict[str, T]], failed: list[CorpusError]) -> dict[str, T]:
    """Read a table that a corpus may have beside its documents; what is wrong with it goes to `failed`."""
    if not path.exists():
        return {}
    try:
        node, values = load_mapping(_decode(_read_bytes(path, path.name), path.name), path.name, first_line=1)
        return adapter.validate_python(values)
    except ValidationError as error:
        failed.append(_first_problem(error, node, path.name, first_line=1))
    except CorpusError as error:
        failed.append(error)
    return {}


def corpus_files(corpus_dir: Path) -> Iterator[Path]:
    """Yield the paths of all documents, folder by folder, in name order."""
    for folder in FOLDERS:
        yield from sorted((corpus_dir / folder).glob("*.md"))


def read_document(path: Path, corpus_dir: Path) -> Document:
    """Read one corpus file.

    Raises:
        CorpusError: the file is unreadable, not UTF-8, too large, or its front matter is wrong.
    """
    file = _relative(path, corpus_dir)
    return _parse(_decode(_read_bytes(path, file), file), path, file)


def _parse(content: str, path: Path, file: str) -> Document:
    front, text, first_line = _split(content, file)
    node, values = load_mapping(front, file)
    if not _FILE_NAME.fullmatch(path.name):
        raise CorpusError(file, 1, "the file's name may hold letters, digits, dots, hyphens and underscores")
    kind = FOLDERS.get(path.parent.name)
    if kind is None:
        raise CorpusError(file, 1, _STRAY)
    for key in ("id", "text"):
        if key in values:
            raise CorpusError(file, line_of(node, (key,)), f"{key}: unknown key: the file's name is its id, its body the text")
    values.setdefault("kind", kind)
    if not text:
        raise CorpusError(file, first_line, "the document has no text after its front matter")
    model = Profile if kind == "profile" else Document
    try:
        document = model.model_validate({**values, "id": path.name.removesuffix(".md"), "text": text})
    except ValidationError as error:
        raise _first_problem(error, node, file) from None
    _check_name(document, kind, node, file)
    return document


def write_document(document: Document, corpus_dir: Path) -> Path:
    """Write a document's file whole or not at all; return its path.

    Raises:
        CorpusError: it would not read back as it is.
        StorageError: the folder can't be written to.
    """
    file = file_of(document)
    path = corpus_dir / file
    values = document.model_dump(mode="json", exclude={"id", "text"}, exclude_defaults=True)
    if document.kind == FOLDERS[file.partition("/")[0]]:
        del values["kind"]
    front = yaml.safe_dump(values, allow_unicode=True, sort_keys=False, width=120)
    raw = f"{_FENCE}\n{front}{_FENCE}\n\n{document.text}\n".encode("utf-8", "surrogatepass")
    if _parse(_decode(raw, file), path, file) != document:
        raise CorpusError(file, 1, "its name, or the white space and line ends of its text, would not read back as they are")
    _write_whole(path, raw)
    return path


def write_gone(document: Document, corpus_dir: Path) -> None:
    """Write into a document's file whether its page has gone, and since when; every other line stays as someone wrote it.

    Raises:
        CorpusError: the file has changed meanwhile.
        StorageError: the folder can't be written to.
    """
    file = file_of(document)
    path = corpus_dir / file
    content = _decode(_read_bytes(path, file), file)
    head, fence, rest = content.partition(f"\n{_FENCE}\n")
    lines = [line for line in head.split("\n") if not line.startswith("gone:")]
    if document.gone is not None:
        lines.append(f"gone: '{document.gone}'")
    written = "\n".join(lines) + fence + rest
    if _parse(written, path, file) != document:
        raise CorpusError(file, 1, "has changed meanwhile: try again")
    _write_whole(path, written.encode())


def _write_whole(path: Path, raw: bytes) -> None:
    pending = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pending.write_bytes(raw)
        with pending.open("rb") as written:
            os.fsync(written.fileno())
        pending.replace(path)
    except OSError as error:
        with suppress(OSError):
            pending.unlink()
        raise StorageError(f"can't write {path}: {error.strerror}; free some space or check the folder's permissions") from error


def remove_document(document: Document, corpus_dir: Path) -> None:
    """Remove a document's file.

    Raises:
        StorageError: the folder can't be written to.
    """
    path = corpus_dir / file_of(document)
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"can't remove {path}: {error.strerror}; check the folder's permissions") from error


@contextmanager
def changing(corpus_dir: Path, timeout_s: float = 30.0) -> Iterator[None]:
    """Hold the corpus for writing; one process at a time, released by the system if the process dies.

    Raises:
        StorageError: another process holds it for too long, or the disk refuses.
    """
    try:
        corpus_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(corpus_dir / ".lock", timeout=timeout_s):
            for leaving in corpus_dir.glob("*/.*.new"):  # of a process that died
                leaving.unlink(missing_ok=True)
            yield
    except Timeout:
        raise StorageError(f"another process is writing to {corpus_dir}; wait for it to end, then try again") from None
    except OSError as error:
        raise StorageError(f"can't write to {corpus_dir}: {error.strerror or error}; check the folder's permissions") from error


def file_of(document: Document) -> str:
    """Return the file of a document, relative to the corpus."""
    folder = next(folder for folder, kind in FOLDERS.items() if kind == _folder_kind(document))
    return f"{folder}/{document.id}.md"


def _folder_kind(document: Document) -> str:
    return "article" if document.kind == "digest" else document.kind


def _relative(path: Path, corpus_dir: Path) -> str:
    return str(path.relative_to(corpus_dir)) if path.is_relative_to(corpus_dir) else str(path)


def _read_bytes(path: Path, file: str) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CorpusError(file, 1, f"larger than {MAX_FILE_BYTES:,} bytes: split it")
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(file, 1, f"can't be read: {error.strerror}") from error


def _decode(raw: bytes, file: str) -> str:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise CorpusError(file, line, "not UTF-8: save the file in UTF-8") from None
    if "\0" in text:
        raise CorpusError(file, text.count("\n", 0, text.index("\0")) + 1, "holds a NUL byte: remove it")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _split(content: str, file: str) -> tuple[str, str, int]:
    """Return front matter, text, and the line on which the text begins."""
    lines = content.split("\n")
    if lines[0].rstrip() != _FENCE:
        raise CorpusError(file, 1, "no front matter: the first line must be ---")
    for number, line in enumerate(lines[1:], start=1):
        if line.rstrip() == _FENCE:
            return "\n".join(lines[1:number]), "\n".join(lines[number + 1 :]).strip(), number + 2
    raise CorpusError(file, len(lines), "the front matter has no closing line of ---")


def _first_problem(error: ValidationError, node: yaml.Node, file: str, first_line: int = 2) -> CorpusError:
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    problem = "unknown key" if first["type"] == "extra_forbidden" else first["msg"].removeprefix("Value error, ")
    return CorpusError(file, line_of(node, first["loc"], first_line), f"{key}: {problem}")


def _check_name(document: Document, kind: str, node: yaml.Node, file: str) -> None:
    """A page with a twin says its language in its name; a kind belongs into its folder."""
    if _folder_kind(document) != kind:
        raise CorpusError(file, line_of(node, ("kind",)), f"kind: {document.kind!r} does not belong into this folder")
    if kind != "article" and not document.id.endswith(f".{document.lang}"):
        raise CorpusError(
            file, line_of(node, ("lang",)), f"lang: {document.lang!r}, but the file's name does not end in .{document.lang}.md"
        )


def locate(document: Document, corpus_dir: Path, key: tuple[int | str, ...] = (), offset: int | None = None) -> tuple[str, int]:
    """Return the file of a document, relative to the corpus, and the line of a key or of an offset into its text.

    Raises:
        CorpusError: the file has gone or is no longer readable.
    """
    file = file_of(document)
    path = corpus_dir / file
    content = _decode(_read_bytes(path, file), file)
    front, text, first_line = _split(content, file)
    if offset is None:
        return file, line_of(load_mapping(front, file)[0], key)
    leading = content.split("\n", first_line - 1)[-1].partition(text)[0].count("\n")
    return file, first_line + leading + text.count("\n", 0, offset)
