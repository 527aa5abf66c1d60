"""A Milvus that holds vectors and terms, a collection for each version and language; the only module that imports its client."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from pydantic import SecretStr

from clusterbot.errors import IndexCorrupt, IndexUnreachable
from clusterbot.index.dense import DenseIndex
from clusterbot.index.lexical import Weights
from clusterbot.index.stores import COMPILED, Rows, Scores, Where
from clusterbot.models import Lang, Passage

TIMEOUT_S = 5.0  # of a call on the way of a question, which takes milliseconds
BUILD_TIMEOUT_S = 600.0  # of a call that builds or loads: indexing a million vectors takes minutes
BATCH = 1000  # passages sent at once: 2 MB of vectors and terms, where the protocol takes 64
EXACT_UP_TO = 200_000  # passages of a language compared one by one: 12 ms of one core by the rate in docs/performance.md, "Scale"
HNSW = {"M": 30, "efConstruction": 360}  # Milvus's own defaults
HNSW_SEARCH = {"ef": 400}  # four times the candidates asked for; Milvus advises one to ten times
NO_TERM = 0  # the dimension of passages without a term, since a sparse vector must have one; terms have 1 and on
COMPILED_DATE, NO_DATE = "", "~"  # before and after every date, compared as text
NOT_LOADED = 101  # Milvus's number for a collection that is there, but not in memory
CHANNEL = {"grpc.keepalive_time_ms": 300_000}  # pings of an idle connection; servers hang up on those that come more often
LOGGERS = ("pymilvus", "pymilvus.milvus_client", "pymilvus.bulk_writer", "milvus_lite", "grpc._server")
_CURE = "see that it runs, and check CLUSTERBOT_MILVUS_URI and CLUSTERBOT_MILVUS_TOKEN; to do without it, unset both and rebuild"
_CURE_OF_FILE = "a file is for one process at a time; for several, let `milvus-lite server` hold it (docs/scaling.md)"

Hits = tuple[Rows, Scores]


class MilvusServer:
    """A Milvus, connected to at the first call; several threads may ask it at once."""

    def __init__(self, uri: str, token: SecretStr | None = None) -> None:
        """Take its address: http(s)://host:port, with a database's name as the path, or a file of Milvus Lite, NAME.db."""
        self._uri = uri
        self._token = token or SecretStr("")
        self._client: Any = None
        self._second = ThreadPoolExecutor(1, thread_name_prefix="milvus")

    @property
    def name(self) -> str:
        """What people call it: host and port, or the file."""
        return urlsplit(self._uri).netloc or self._uri

    def runs(self) -> str:
        """Return the version of Milvus that the server runs.

        Raises:
            IndexUnreachable: it can't be asked.
        """
        with self._asking() as client:
            return str(client.get_server_version(timeout=TIMEOUT_S))

    def write(self, collection: str, dense: DenseIndex, weights: Weights, passages: Sequence[Passage]) -> None:
        """Make a collection of passages and have it indexed.

        Raises:
            IndexUnreachable: the server can't be asked, or refuses.
        """
        limit = {"timeout": BUILD_TIMEOUT_S}
        with self._asking() as client:
            client.create_collection(collection, schema=_schema(client, dense.dimension), consistency_level="Eventually", **limit)
            for first in range(0, len(passages), BATCH):
                rows = range(first, min(first + BATCH, len(passages)))
                vectors = dense.vectors(np.array(rows, np.int64))
                sent = [_entity(row, vector, weights, passages[row]) for row, vector in zip(rows, vectors, strict=True)]
                client.insert(collection, sent, **limit)
            client.flush(collection, **limit)
            client.create_index(collection, _indexes(client, len(passages)), **limit)
        self.check(collection, len(passages))

    def check(self, collection: str, count: int) -> None:
        """Check that the server has a collection of so many passages, and have it load them.

        Raises:
            IndexCorrupt: it hasn't.
            IndexUnreachable: it can't be asked.
        """
        cure = "rebuild it, which embeds nothing: clusterbot index build; or name the server that has it: CLUSTERBOT_MILVUS_URI"
        # Searches need not wait for writes of the last moments, since there are none; this question must.
        asked = {"filter": "", "output_fields": ["count(*)"], "consistency_level": "Strong", "timeout": TIMEOUT_S}
        with self._asking() as client:
            if not client.has_collection(collection, timeout=TIMEOUT_S):
                raise IndexCorrupt(f"Milvus at {self.name} has no {collection}; {cure}")
            client.load_collection(collection, timeout=BUILD_TIMEOUT_S)
            found = int(client.query(collection, **asked)[0]["count(*)"])
        if found != count:
            raise IndexCorrupt(f"Milvus at {self.name} has {found} of the {count} passages of {collection}; {cure}")

    def drop(self, collection: str) -> None:
        """Drop a collection, whole or not, or none.

        Raises:
            IndexUnreachable: the server can't be asked, or refuses.
        """
        with self._asking() as client:
            client.drop_collection(collection, timeout=BUILD_TIMEOUT_S)

    def nearest(self, collection: str, vector: NDArray[np.float32], k: int, where: Where, is_exact: bool) -> Hits:
        """Return the ids and inner products of the k nearest vectors that `where` leaves, best first, ties by id."""
        return self._search(collection, "vector", vector, k, where, {} if is_exact else HNSW_SEARCH)

    def sharing(self, collection: str, terms: Sequence[int], k: int, where: Where) -> Hits:
        """Return the ids and scores of the k best passages with any of the terms of these numbers, at least one, likewise."""
        return self._search(collection, "terms", dict.fromkeys(terms, 1.0), k, where, {})

    def both(self, nearest: Callable[[], Hits], sharing: Callable[[], Hits]) -> tuple[Hits, Hits]:
        """Ask two questions at once."""
        second = self._second.submit(sharing)
        return nearest(), second.result()

    def read(self, collection: str, rows: Rows) -> tuple[NDArray[np.float32], list[dict[int, float]]]:
        """Return the vectors, float32 (len(rows), d), and the weights by term number of some ids, at least one.

        Raises:
            IndexUnreachable: the server can't be asked, or lost some of them.
        """
        asked = {"filter": f"id in {rows.tolist()}", "output_fields": ["id", "vector", "terms"], "timeout": TIMEOUT_S}
        found = {one["id"]: one for one in self._loaded(collection, lambda client: client.query(collection, **asked))}
        if len(found) != len(rows):
            raise IndexUnreachable(f"Milvus at {self.name} gave {len(found)} of {len(rows)} passages of {collection}; {_CURE}")
        ordered = [found[row] for row in rows.tolist()]
        return np.array([one["vector"] for one in ordered], np.float32), [one["terms"] for one in ordered]

    def _search(self, collection: str, field: str, query: object, k: int, where: Where, parameters: dict[str, int]) -> Hits:
        asked = {"anns_field": field, "limit": k, "filter": kept_by(where), "timeout": TIMEOUT_S}
        asked["search_params"] = {"metric_type": "IP", "params": parameters}
        found = self._loaded(collection, lambda client: client.search(collection, [query], **asked))[0]
        rows, scores = np.array([one["id"] for one in found], np.int64), np.array([one["distance"] for one in found], np.float32)
        order = np.lexsort((rows, -scores))
        return rows[order], scores[order]

    def _loaded(self, collection: str, ask: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        """Ask what needs a collection in the server's memory; a Milvus Lite that was restarted has none there."""
        with self._asking() as client:
            try:
                return ask(client)
            except _library().MilvusException as error:
                if error.code != NOT_LOADED:
                    raise
                client.load_collection(collection, timeout=BUILD_TIMEOUT_S)
                return ask(client)

    @contextmanager
    def _asking(self) -> Iterator[Any]:
        """Give the client, and turn its errors into ours."""
        library = _library()
        try:
            if self._client is None:
                token = self._token.get_secret_value()
                self._client = library.MilvusClient(self._uri, token=token, timeout=TIMEOUT_S, grpc_options=CHANNEL)
            yield self._client
        except (library.MilvusException, *_transport_errors()) as error:
            cure = _CURE_OF_FILE if self._uri.endswith(".db") else _CURE
            raise IndexUnreachable(f"Milvus at {self.name}: {_told(error)}; {cure}") from error


def server_at(uri: str | None, token: SecretStr | None) -> MilvusServer | None:
    """Return the Milvus of that address, not asked yet; none where there is no address."""
    return None if uri is None else MilvusServer(uri, token)


def collection_name(version: str, lang: Lang) -> str:
    """Return the name of a version's collection: of letters, digits and underscores, as Milvus wants it."""
    return f"clusterbot_{re.sub(r'[^0-9A-Za-z]', '_', version)}_{lang}"


def is_exact(count: int) -> bool:
    """Say whether so many passages are compared one by one."""
    return count <= EXACT_UP_TO


def kept_by(where: Where) -> str:
    """Return a filter as an expression of Milvus; nothing where all passages are kept."""
    parts = []
    if where.cluster_ids is not None:
        parts.append(f"array_contains_any(clusters, {json.dumps(sorted(where.cluster_ids))})")
    if where.last is not None:
        parts.append(f"published <= {json.dumps(where.last)}")
    return " and ".join(parts)


def _schema(client: Any, dimension: int) -> Any:  # noqa: ANN401
    kinds = _library().DataType
    schema = client.create_schema(auto_id=False)
    schema.add_field("id", kinds.INT64, is_primary=True)
    schema.add_field("vector", kinds.FLOAT_VECTOR, dim=dimension)
    schema.add_field("terms", kinds.SPARSE_FLOAT_VECTOR)
    schema.add_field("clusters", kinds.ARRAY, element_type=kinds.VARCHAR, max_capacity=4096, max_length=200)
    schema.add_field("published", kinds.VARCHAR, max_length=10)
    return schema


def _indexes(client: Any, count: int) -> Any:  # noqa: ANN401
    indexes = client.prepare_index_params()
    kind, parameters = ("FLAT", {}) if is_exact(count) else ("HNSW", HNSW)
    indexes.add_index("vector", index_type=kind, metric_type="IP", params=parameters)
    indexes.add_index("terms", index_type="SPARSE_INVERTED_INDEX", metric_type="IP")
    return indexes


def _entity(row: int, vector: NDArray[np.float32], weights: Weights, passage: Passage) -> dict[str, object]:
    part = slice(weights.firsts[row], weights.firsts[row + 1])
    terms = dict(zip((weights.numbers[part] + NO_TERM + 1).tolist(), weights.weights[part].tolist(), strict=True))
    document = passage.document
    published = COMPILED_DATE if document.kind in COMPILED else document.published or NO_DATE
    said = {"clusters": list(document.clusters), "published": published}
    return {"id": row, "vector": vector, "terms": terms or {NO_TERM: 1.0}, **said}


def _told(error: Exception) -> str:
    """Return what an error of the client or of its transport says, on one line."""
    told = str(getattr(error, "message", "") or getattr(error, "details", str)() or type(error).__name__)
    return " ".join(told.split())[:300]


@cache
def _library() -> Any:  # noqa: ANN401
    """Import the client, but for what it does when imported: put what a `.env` holds into the environment, and log on stderr.

    Raises:
        IndexUnreachable: it isn't installed.
    """
    os.environ.setdefault("PYTHON_DOTENV_DISABLED", "1")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import pymilvus
    except ImportError as error:
        told = "CLUSTERBOT_MILVUS_URI is set, but the client of Milvus isn't installed: pip install 'clusterbot[milvus]'"
        raise IndexUnreachable(told) from error
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # its errors are raised, and told where they are caught
    return pymilvus


def _transport_errors() -> tuple[type[Exception], ...]:
    import grpc

    return (grpc.RpcError, grpc.FutureTimeoutError)
