"""How the commands open what they work on: settings first, then the assistant, or the profiles alone, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clusterbot.cli.console import progress_bar, reader_texts
from clusterbot.errors import UsageError

if TYPE_CHECKING:
    from clusterbot.assistant import Assistant
    from clusterbot.clusters import ClusterRegistry
    from clusterbot.embedding import Embedder
    from clusterbot.index.milvus import MilvusServer
    from clusterbot.index.snapshot import Snapshot
    from clusterbot.settings import Settings
    from clusterbot.store import Store


def open_settings(corpus: Path | None = None, index: Path | None = None) -> Settings:
    """Read the settings, of which what the command line gives wins, and have the log written as they say.

    Raises:
        UsageError: a setting is wrong.
    """
    from clusterbot.logs import set_up_logs
    from clusterbot.settings import read_settings

    given = {"corpus_dir": corpus, "index_dir": index}
    settings = read_settings().model_copy(update={key: value for key, value in given.items() if value is not None})
    set_up_logs(settings.log_format, settings.secrets)
    return settings


def open_assistant(settings: Settings) -> Assistant:
    """Load the live index and its model, with a progress bar."""
    from clusterbot.assistant import Assistant

    texts = reader_texts()
    with progress_bar(texts("progress.model"), texts("progress.unpack")) as advance:
        return Assistant.open(settings, advance)


def open_model(settings: Settings) -> Embedder:
    """Load the model alone, with a progress bar."""
    from clusterbot import embedding

    texts = reader_texts()
    with progress_bar(texts("progress.model"), texts("progress.unpack")) as advance:
        return embedding.open_embedder(settings.model, settings.cache_dir, advance, settings.compiled, settings.late_interaction)


def open_milvus(settings: Settings) -> MilvusServer | None:
    """Return the Milvus that searches the passages, not asked yet; none where the index's own files do."""
    from clusterbot.index.milvus import server_at

    return server_at(settings.milvus_uri, settings.milvus_token)


def open_store(settings: Settings) -> Store:
    """Open the store of the data directory.

    Raises:
        StorageError: it can't be used.
    """
    from clusterbot.store import Store

    return Store(settings.data_dir)


def open_registry(settings: Settings) -> tuple[ClusterRegistry, Snapshot]:
    """Load the profiles of the live index; no model is needed for them."""
    from clusterbot.clusters import ClusterRegistry
    from clusterbot.index import snapshot
    from clusterbot.models import Profile

    loaded = snapshot.load(settings.index_dir, milvus=open_milvus(settings))
    profiles = [document for document in loaded.documents if isinstance(document, Profile)]
    return ClusterRegistry(profiles, loaded.words, loaded.tables.ambiguous), loaded


def read_input(name: str) -> bytes:
    """Read a file that was named on the command line.

    Raises:
        UsageError: it can't be read.
    """
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise UsageError(f"{name} can't be read ({error.strerror}): check its name and permissions") from error
