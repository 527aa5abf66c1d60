"""Where a version's passages are searched: in its own files, or in a Milvus."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from clusterbot.errors import IndexMismatch, IndexUnreachable
from clusterbot.index.dense import DenseIndex
from clusterbot.index.lexical import LexicalIndex
from clusterbot.index.milvus import MilvusServer, collection_name
from clusterbot.index.milvus_store import FOLDER, MilvusStore
from clusterbot.index.neighbours import Approximation
from clusterbot.index.stores import LocalStore, PassageStore, RowFilter
from clusterbot.models import LANGUAGES, Lang

logger = logging.getLogger(__name__)

Place = Literal["files", "milvus"]


def open_store(
    folder: Path,
    version: str,
    lang: Lang,
    count: int,
    approximation: Approximation | None,
    allowed: RowFilter,
    milvus: MilvusServer | None,
) -> PassageStore:
    """Open what searches the passages of a version's language, which was checked before.

    Raises:
        IndexCorrupt: it can't be read.
    """
    if milvus is not None:
        return MilvusStore(milvus, version, lang, count, folder / FOLDER)
    return LocalStore(DenseIndex.load(folder / "dense", approximation), LexicalIndex.load(folder / "lexical"), allowed)


def check_place(version: str, place: Place, counts: Mapping[Lang, int], milvus: MilvusServer | None) -> None:
    """Check that a version's passages are where they are looked for, all of them.

    Raises:
        IndexMismatch: they are elsewhere.
        IndexCorrupt: the Milvus hasn't all of them.
        IndexUnreachable: it can't be asked.
    """
    rebuild = "rebuild it, which embeds nothing: clusterbot index build"
    if milvus is None and place == "milvus":
        raise IndexMismatch(f"the passages of {version} are in a Milvus: set CLUSTERBOT_MILVUS_URI, or {rebuild}")
    if milvus is not None and place == "files":
        raise IndexMismatch(f"CLUSTERBOT_MILVUS_URI is set, but the passages of {version} are in its own files; {rebuild}")
    if milvus is not None:
        for lang, count in counts.items():
            milvus.check(collection_name(version, lang), count)


def remove_version(folder: Path, version: str, milvus: MilvusServer | None) -> None:
    """Remove a version's folder, whole or not, and what a Milvus has of it; where that can't be asked, the folder stays."""
    names = [collection_name(version, lang) for lang in LANGUAGES if (folder / lang / FOLDER).exists()]
    try:
        for name in names:
            if milvus is None:
                logger.warning("CLUSTERBOT_MILVUS_URI is unset now, so %s stays in the Milvus until someone drops it there", name)
            else:
                milvus.drop(name)
    except IndexUnreachable as error:
        logger.warning("%s", error)  # the next build tries again
    else:
        shutil.rmtree(folder, ignore_errors=True)
