"""Milvus as the store of passages: the same answers as from files, and no trouble of its own that isn't told with the cure.

The server is Milvus Lite, in this process or, for several processes, in one of its own; nothing here has met a Milvus cluster.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from clusterbot.answering import Answer
from clusterbot.assistant import Assistant, recipe
from clusterbot.corpus import Corpus, read_corpus
from clusterbot.datasets import read_dataset
from clusterbot.errors import IndexCorrupt, IndexMismatch, IndexUnreachable, UsageError
from clusterbot.index import milvus as milvus_module
from clusterbot.index import snapshot
from clusterbot.index.build import BuildReport, build_index
from clusterbot.index.milvus import MilvusServer, collection_name
from clusterbot.index.stores import ANYWHERE, Where
from clusterbot.models import EVERYTHING, LANGUAGES, Filters
from clusterbot.ranking import read_ranking
from clusterbot.settings import read_settings
from clusterbot.text import fold
from commands import Cli, Ended, one_error_line
from fakes import KeywordEmbedder, document, flat_ranking
from milvus_process import QUESTION

T = TypeVar("T")
TESTS = Path(__file__).parent
SCORE_ERROR = 1e-5  # of a fused score; the sums are the same to the last bit, but for what the processor's libraries may round


class WordEmbedder(KeywordEmbedder):
    """A text's vector is the sum of random vectors, one for each of its words: unlike with keywords, no two cosines are equal."""

    def __init__(self, dimension: int = 48) -> None:
        super().__init__(name="words")
        self.dimension = dimension
        self._known: dict[str, NDArray[np.float32]] = {}

    def _embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        sums = [np.sum([self._word(word) for word in fold(text).split() or [""]], axis=0) for text in texts]
        vectors = np.array(sums, np.float32).reshape(len(texts), self.dimension)
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def _word(self, word: str) -> NDArray[np.float32]:
        if word not in self._known:
            seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:4], "big")
            self._known[word] = np.random.default_rng(seed).normal(size=self.dimension).astype(np.float32)
        return self._known[word]


@pytest.fixture(scope="module")
def milvus(tmp_path_factory: pytest.TempPathFactory) -> MilvusServer:
    """Return a Milvus Lite in this process."""
    return MilvusServer(str(tmp_path_factory.mktemp("milvus") / "passages.db"))


@pytest.fixture
def corpus(corpus_dir: Path) -> Corpus:
    return read_corpus(corpus_dir)


@pytest.fixture
def index_dir(tmp_path: Path) -> Path:
    return tmp_path / "index"


def build(corpus: Corpus, index_dir: Path, milvus: MilvusServer | None, threshold: float = 0.5, **options: Any) -> BuildReport:
    """Build with the keyword embedder; another threshold makes another version."""
    ranking = flat_ranking(threshold=threshold)
    return build_index(corpus, index_dir, KeywordEmbedder(), recipe(ranking), milvus=milvus, **options)


def opened(index_dir: Path, milvus: MilvusServer | None) -> Assistant:
    return Assistant(index_dir, KeywordEmbedder(), flat_ranking(), milvus=milvus)


def collections(milvus: MilvusServer) -> set[str]:
    """Return the names of all collections that a server has."""
    with milvus._asking() as client:
        return set(client.list_collections())


def expected(index_dir: Path) -> set[str]:
    """Return the names of the collections of the versions that an index keeps."""
    return {collection_name(one.version, lang) for one in snapshot.versions(index_dir) for lang in LANGUAGES}


# The same answers


@pytest.fixture(scope="module")
def both(milvus: MilvusServer, real_corpus_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Assistant, Assistant]:
    """Return two assistants on the corpus that the project ships: one searches files, the other the Milvus."""
    corpus, folder, ranking, embedder = (
        read_corpus(real_corpus_dir),
        tmp_path_factory.mktemp("both"),
        read_ranking(False),
        WordEmbedder(),
    )
    for name, server in {"files": None, "milvus": milvus}.items():
        build_index(corpus, folder / name, embedder, recipe(ranking), milvus=server)
    return Assistant(folder / "files", embedder, ranking), Assistant(folder / "milvus", embedder, ranking, milvus=milvus)


def questions(*folders: str) -> list[str]:
    return [query.text for name in folders for query in read_dataset(TESTS / "evaluation" / name).queries]


def assert_same(pair: tuple[Assistant, Assistant], question: str, filters: Filters = EVERYTHING) -> int:
    """Check that both answer a question alike: passages, order, scores, quotes; return how many passages were found."""
    ours, other = (one.ask(question, filters=filters).result for one in pair)
    assert [hit.passage.id for hit in ours.hits] == [hit.passage.id for hit in other.hits]
    assert [hit.score for hit in ours.hits] == pytest.approx([hit.score for hit in other.hits], abs=SCORE_ERROR)
    assert type(ours) is type(other)
    assert ours.confidence == pytest.approx(other.confidence, abs=SCORE_ERROR)
    if isinstance(ours, Answer) and isinstance(other, Answer):
        assert [quote.text for quote in ours.quotes] == [quote.text for quote in other.quotes]
    return len(ours.hits)


def test_every_test_question_is_answered_as_from_files(both: tuple[Assistant, Assistant]) -> None:
    asked = questions(".")
    assert len(asked) == 90
    assert all(assert_same(both, question) > 0 for question in asked)


def test_tuning_questions_rank_passages_as_from_files(both: tuple[Assistant, Assistant]) -> None:
    ours, other = (one.engine.retriever for one in both)
    for question in questions("tuning")[::7]:  # benchmarks/milvus.py asks all of them, with the real model
        query = ours.query(question, "fr")
        found, again = ours.search(query, 10), other.search(query, 10)
        assert [hit.passage.id for hit in found] == [hit.passage.id for hit in again]
        assert [hit.score for hit in found] == pytest.approx([hit.score for hit in again], abs=SCORE_ERROR)


def test_filters_by_cluster_and_date_leave_the_same(both: tuple[Assistant, Assistant]) -> None:
    found = [
        assert_same(both, question, Filters(cluster_id, as_of))
        for question in questions(".")[:2]
        for cluster_id, as_of in product((None, "aluquebec"), (None, "2012", "2019-06", "2024-02-01"))
    ]
    assert min(found) < max(found)


def test_the_parts_of_a_ranking_are_the_same(both: tuple[Assistant, Assistant]) -> None:
    ours, other = (one.engine.retriever for one in both)
    for question in questions(".")[:5]:
        query = ours.query(question, "fr")
        for part, again in zip(ours.parts(query), other.parts(query), strict=True):
            assert {passage.id: score for passage, score in part} == pytest.approx(
                {passage.id: score for passage, score in again}, abs=SCORE_ERROR
            )


TEXTS = ("Le bois du Nord.", "L’eau et le bois.", "!", "Une grappe sans date.", "Des emplois dans le bois, des emplois dans l’eau.")
ODD = Corpus(
    documents=tuple(
        document(f"d{number}", text, clusters=clusters, published=published, kind=kind)
        for number, (text, clusters, published, kind) in enumerate(
            zip(
                TEXTS,
                (("bois",), ("bois", "eau"), (), ("eau",), ("eau",)),
                ("2015", "2015-06-30", "2016-01", None, "2026"),
                ("article", "article", "article", "article", "overview"),
                strict=True,
            )
        )
    )
)


@pytest.fixture(scope="module")
def stores(milvus: MilvusServer, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Any, Any]]:
    """Return, for each language, the store of files and that of the Milvus, of a small corpus that is French alone."""
    folder, embedder = tmp_path_factory.mktemp("odd"), WordEmbedder(8)
    for name, server in {"files": None, "milvus": milvus}.items():
        build_index(ODD, folder / name, embedder, recipe(flat_ranking()), milvus=server)
    ours, other = snapshot.load(folder / "files"), snapshot.load(folder / "milvus", milvus=milvus)
    return [(ours.languages[lang].store, other.languages[lang].store) for lang in LANGUAGES]


@pytest.mark.parametrize(
    "where",
    [
        ANYWHERE,
        *(Where(frozenset(ids)) for ids in (["bois"], ["eau", "bois"], ['l"eau\\'], ["nobody"], [])),
        *(Where(as_of=date) for date in ("2014", "2015", "2015-06-29", "2016", "2027")),
        Where(frozenset({"eau"}), "2015"),
    ],
    ids=str,
)
@pytest.mark.parametrize("terms", [[], ["bois"], ["unheard", "bois", "eau", "emploi"], ["unheard"], ['"']], ids=str)
@pytest.mark.parametrize("k", [2, 100])
def test_candidates_are_those_of_files_whatever_is_asked(
    stores: list[tuple[Any, Any]], where: Where, terms: list[str], k: int
) -> None:
    vector = WordEmbedder(8).embed_queries(["bois eau nord"])[0]
    for ours, other in stores:
        found, again = ours.candidates(vector, terms, k, where), other.candidates(vector, terms, k, where)
        assert again.rows.tolist() == found.rows.tolist()
        assert again.held.shape == found.held.shape
        assert again.held.tolist() == found.held.tolist()
        assert again.bm25.tolist() == found.bm25.tolist()
        assert again.cosines.tolist() == pytest.approx(found.cosines.tolist(), abs=1e-6)
        assert other.idf(terms).tolist() == ours.idf(terms).tolist()
        assert other.spread(vector) == ours.spread(vector)
        assert len(other) == len(ours)


def test_a_graph_takes_the_place_of_comparing_all_where_there_are_many(
    milvus: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stores: list[tuple[Any, Any]]
) -> None:
    monkeypatch.setattr(milvus_module, "EXACT_UP_TO", len(TEXTS) - 1)
    build_index(ODD, tmp_path, WordEmbedder(8), recipe(flat_ranking()), milvus=milvus)
    name = collection_name(snapshot.current_version(tmp_path), "fr")
    with milvus._asking() as client:
        assert client.describe_index(name, "vector")["index_type"] == "HNSW"
    vector = WordEmbedder(8).embed_queries(["bois eau nord"])[0]
    graph = snapshot.load(tmp_path, milvus=milvus).languages["fr"].store
    found, again = stores[0][0].candidates(vector, ["bois"], 2), graph.candidates(vector, ["bois"], 2)
    assert (again.rows.tolist(), again.cosines.tolist()) == (found.rows.tolist(), pytest.approx(found.cosines.tolist(), abs=1e-6))


# Versions


def test_old_versions_are_dropped_with_their_collections_now_or_by_the_next_build(
    milvus: MilvusServer, corpus: Corpus, index_dir: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: MilvusServer, collection: str) -> None:
        raise IndexUnreachable("not now")

    before = collections(milvus)
    made = [build(corpus, index_dir, milvus, threshold).version for threshold in (0.3, 0.4, 0.5)]
    snapshot.use(index_dir, made[0], milvus)
    assert opened(index_dir, milvus).ask(QUESTION).index == made[0]
    snapshot.use(index_dir, made[2], milvus)
    with monkeypatch.context() as patch:
        patch.setattr(MilvusServer, "drop", refuse)
        made.append(build(corpus, index_dir, milvus, 0.6).version)
    assert "not now" in caplog.text
    assert {one.version for one in snapshot.versions(index_dir)} == set(made[1:])
    assert collections(milvus) - before > expected(index_dir)
    build(corpus, index_dir, milvus, 0.7)
    assert collections(milvus) - before == expected(index_dir)


def test_a_second_build_sends_nothing(milvus: MilvusServer, corpus: Corpus, index_dir: Path) -> None:
    first, before = build(corpus, index_dir, milvus), collections(milvus)
    assert build(corpus, index_dir, milvus).version == first.version
    assert collections(milvus) == before


def test_a_version_that_is_refused_leaves_no_collection(milvus: MilvusServer, corpus: Corpus, index_dir: Path) -> None:
    def refuse(_: str) -> None:
        raise UsageError("no")

    before = collections(milvus)
    with pytest.raises(UsageError):
        build(corpus, index_dir, milvus, approve=refuse)
    assert collections(milvus) == before
    assert snapshot.versions(index_dir) == []


def test_moving_to_a_milvus_and_back_embeds_nothing(milvus: MilvusServer, corpus: Corpus, index_dir: Path) -> None:
    first = build(corpus, index_dir, None)
    second = build(corpus, index_dir, milvus)
    third = build(corpus, index_dir, None)
    assert (second.embedded, third.embedded) == (0, 0)
    assert len({first.version, second.version, third.version}) == 3
    folder = index_dir / second.version / "fr"
    assert sorted(path.name for path in folder.iterdir()) == ["milvus", "words.txt"]
    assert sum(path.stat().st_size for path in folder.rglob("*")) < 10_000


def test_a_missing_collection_or_passage_is_told_and_mended_by_a_build(
    milvus: MilvusServer, corpus: Corpus, index_dir: Path
) -> None:
    name = collection_name(build(corpus, index_dir, milvus).version, "fr")
    with milvus._asking() as client:
        client.delete(name, ids=[0])
    with pytest.raises(IndexCorrupt, match=rf"has \d of the \d passages of {name}; .*clusterbot index build"):
        snapshot.load(index_dir, milvus=milvus)
    assert build(corpus, index_dir, milvus).embedded == 0
    opened(index_dir, milvus)
    milvus.drop(collection_name(snapshot.current_version(index_dir), "en"))
    with pytest.raises(IndexCorrupt, match=r"has no clusterbot_.*_en; .*clusterbot index build"):
        snapshot.load(index_dir, milvus=milvus)
    assert build(corpus, index_dir, milvus).embedded == 0
    opened(index_dir, milvus)


def test_an_index_of_the_other_place_is_told_with_the_cure(milvus: MilvusServer, corpus: Corpus, tmp_path: Path) -> None:
    build(corpus, tmp_path / "files", None)
    build(corpus, tmp_path / "milvus", milvus)
    with pytest.raises(IndexMismatch, match=r"CLUSTERBOT_MILVUS_URI is set, but .* own files; .*clusterbot index build"):
        opened(tmp_path / "files", milvus)
    with pytest.raises(IndexMismatch, match=r"in a Milvus: set CLUSTERBOT_MILVUS_URI, or .*clusterbot index build"):
        opened(tmp_path / "milvus", None)


# Several processes


class Server:
    """A Milvus Lite in a process of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.folder = folder
        self.uri = f"http://127.0.0.1:{self._port}"
        self.start()

    def start(self) -> None:
        arguments = ["--data-dir", str(self.folder), "--host", "127.0.0.1", "--port", str(self._port)]
        code = "from milvus_lite.cmdline import main; main()"
        environment = {**os.environ, "PYTHON_DOTENV_DISABLED": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code, "server", *arguments], stdout=subprocess.DEVNULL, env=environment
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self._port)):
                return
            time.sleep(0.05)
        self.end()
        raise AssertionError("Milvus Lite didn't start within a minute")

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("server") / "data.db")
    yield running
    running.end()


def start(action: str, uri: str, folder: Path) -> subprocess.Popen[str]:
    """Start a process that builds or asks."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, str(TESTS / "milvus_process.py"), action, uri, str(folder)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def test_two_processes_answer_from_one_index_and_take_up_a_new_version(server: Server, corpus: Corpus, tmp_path: Path) -> None:
    milvus = MilvusServer(server.uri)
    old = build(corpus, tmp_path / "index", milvus).version
    here = opened(tmp_path / "index", milvus)
    with start("ask", server.uri, tmp_path) as there:
        assert there.stdin is not None and there.stdout is not None

        def told() -> list[str]:
            there.stdin.write("\n")
            there.stdin.flush()
            return there.stdout.readline().split()

        assert there.stdout.readline() == "ready\n"
        found = [hit.passage.id for hit in here.ask(QUESTION).result.hits]
        assert told() == [old, *found]
        with ThreadPoolExecutor(1) as pool:
            building = pool.submit(build, corpus, tmp_path / "index", MilvusServer(server.uri), 0.4)
            meanwhile = [told()]
            while not building.done():
                meanwhile.append(told())
            new = building.result().version
        assert {version for version, *_ in meanwhile} <= {old, new}
        assert all(passages == found for _, *passages in meanwhile)
        assert told() == [new, *found]
        assert here.ask(QUESTION).index == old
        assert here.reload()
        assert here.ask(QUESTION).index == new
        there.stdin.close()
        assert there.wait(30) == 0


def test_a_build_that_is_killed_leaves_nothing_that_passes_for_a_version(
    server: Server, corpus: Corpus, corpus_dir: Path, tmp_path: Path
) -> None:
    milvus = MilvusServer(server.uri)
    before, live = collections(milvus), build(corpus, tmp_path / "index", milvus).version
    known = collections(milvus)
    with start("build", server.uri, tmp_path) as builder:
        while collections(milvus) == known:
            assert builder.poll() is None, "it ended before it could be killed"
        builder.kill()
        builder.communicate()
    assert snapshot.current_version(tmp_path / "index") == live
    assert collections(milvus) > known
    assert opened(tmp_path / "index", milvus).ask(QUESTION).index == live
    build(corpus, tmp_path / "index", milvus, 0.6)
    assert collections(milvus) - before == expected(tmp_path / "index")
    assert [path.name for path in (tmp_path / "index").glob(".building-*")] == []


# Trouble


CURE = r"see that it runs, and check CLUSTERBOT_MILVUS_URI and CLUSTERBOT_MILVUS_TOKEN"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> float:
    monkeypatch.setattr(milvus_module, "TIMEOUT_S", 0.5)
    return 0.5


def eventually(ask: Callable[[], T]) -> T:
    """Ask until there is an answer: the client waits a little before it tries a server again that was gone."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return ask()
        except IndexUnreachable:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_server_that_dies_or_hangs_is_told_and_answers_again_when_it_is_back(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(tmp_path / "data")
    try:
        milvus = MilvusServer(server.uri)
        build(corpus, tmp_path / "index", milvus)
        assistant = opened(tmp_path / "index", milvus)
        answer = assistant.ask(QUESTION).result
        monkeypatch.setattr(milvus_module, "TIMEOUT_S", 0.5)
        server.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        with pytest.raises(IndexUnreachable, match=CURE):
            assistant.ask(QUESTION)
        assert time.monotonic() - begun < 10
        server.process.send_signal(signal.SIGCONT)
        server.end()
        with pytest.raises(IndexUnreachable, match=rf"Milvus at 127\.0\.0\.1:\d+: .*; {CURE}"):
            assistant.ask(QUESTION)
        with pytest.raises(IndexUnreachable, match=CURE):
            build(corpus, tmp_path / "index", milvus, 0.6)
        monkeypatch.undo()
        server.start()
        assert eventually(lambda: assistant.ask(QUESTION).result.hits) == answer.hits
    finally:
        server.end()


def test_a_server_that_never_answers_is_told_in_time(impatient: float, corpus: Corpus, index_dir: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        host, port = silent.getsockname()
        begun = time.monotonic()
        with pytest.raises(IndexUnreachable, match=CURE):
            MilvusServer(f"http://{host}:{port}").runs()
        assert time.monotonic() - begun < 10


def test_a_token_that_is_refused_is_told_and_shown_nowhere(
    impatient: float, corpus: Corpus, index_dir: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    import grpc
    from pymilvus.grpc_gen import milvus_pb2_grpc

    seen = []

    class Guard(grpc.ServerInterceptor):  # type: ignore[misc]
        """Refuses everything, with the words of a Milvus that asks for a token."""

        def intercept_service(self, continuation: Any, details: Any) -> Any:
            seen.append(dict(details.invocation_metadata)["authorization"])

            def refuse(request: Any, context: Any) -> None:
                context.abort(grpc.StatusCode.UNAUTHENTICATED, "auth check failure, please check username and password are correct")

            return grpc.unary_unary_rpc_method_handler(refuse)

    guarded = grpc.server(ThreadPoolExecutor(1), interceptors=[Guard()])
    milvus_pb2_grpc.add_MilvusServiceServicer_to_server(milvus_pb2_grpc.MilvusServiceServicer(), guarded)
    port = guarded.add_insecure_port("127.0.0.1:0")
    guarded.start()
    milvus = MilvusServer(f"http://127.0.0.1:{port}", SecretStr("root:hunter2"))
    with caplog.at_level("DEBUG"), pytest.raises(IndexUnreachable, match="CLUSTERBOT_MILVUS_TOKEN") as caught:
        build(corpus, index_dir, milvus)
    guarded.stop(None).wait()
    assert seen
    shown = "".join([str(caught.value), repr(vars(milvus)), caplog.text, *capsys.readouterr()])
    assert "hunter2" not in shown
    assert seen[0] not in shown
    assert not list(index_dir.glob("*/manifest.json"))


def test_a_file_that_another_process_holds_is_told(server: Server) -> None:
    with pytest.raises(IndexUnreachable, match=r"a file is for one process at a time; .*milvus-lite server"):
        MilvusServer(str(server.folder)).runs()


def test_without_its_client_the_cure_is_named(milvus: MilvusServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    milvus_module._library.cache_clear()
    try:
        with pytest.raises(IndexUnreachable, match=r"isn't installed: pip install 'clusterbot\[milvus\]'"):
            milvus.runs()
    finally:
        milvus_module._library.cache_clear()


def test_the_client_is_imported_only_where_it_is_used_and_reads_no_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CLUSTERBOT_DISCORD_TOKEN=secret\n", encoding="utf-8")
    code = f"""
import os, sys, dotenv.main
dotenv.main.find_dotenv = lambda *a, **k: {str(tmp_path / ".env")!r}
import clusterbot.assistant
assert not {{"pymilvus", "grpc", "pandas"}} & set(sys.modules)
from clusterbot.index import milvus
milvus._library()
assert "pymilvus" in sys.modules
assert "CLUSTERBOT_DISCORD_TOKEN" not in os.environ
import logging
logging.getLogger("pymilvus.client.grpc_handler").error("shown on stderr")
logging.getLogger("pymilvus.milvus_client").error("shown on stderr")
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")


# Commands and settings


@pytest.mark.parametrize(
    "uri", ["ftp://host", "http://root:secret@host:19530", "http://", "host:19530", "http://host/a/b", "a b.db"]
)
def test_an_address_that_is_none_or_holds_a_password_is_refused(
    uri: str, empty_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERBOT_MILVUS_URI", uri)
    with pytest.raises(UsageError, match="CLUSTERBOT_MILVUS_URI") as caught:
        read_settings()
    assert "secret" not in str(caught.value)


@pytest.fixture
def with_milvus(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("CLUSTERBOT_MILVUS_URI", str(tmp_path / "own.db"))
    return cli


def test_commands_build_ask_verify_and_list(with_milvus: Cli) -> None:
    built = with_milvus("index", "build", "--json")
    assert (built.status, built.json["embedded"] > 0) == (0, True)
    assert with_milvus("ask", QUESTION, "--json").json["status"] == "answered"
    assert with_milvus("index", "verify", "--json").json["ok"]
    assert [one["place"] for one in with_milvus("index", "list", "--json").json] == ["milvus"]
    assert with_milvus("clusters").status == 0


def test_a_move_to_a_milvus_is_asked_the_golden_questions_too(
    cli: Cli, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    golden = {"_id": "g", "text": "Combien d’emplois comptait Aqua Nord en 2023 ?", "lang": "fr", "answers": ["1\u00a0250"]}
    (corpus_dir / "golden.jsonl").write_text(json.dumps(golden) + "\n", encoding="utf-8")
    assert cli("index", "build").status == 0
    monkeypatch.setenv("CLUSTERBOT_MILVUS_URI", str(tmp_path / "own.db"))
    told = cli("index", "build", "--json").json["golden"]
    assert (told["asked"], told["right_before"], told["right_after"]) == (1, 1, 1)


@pytest.mark.parametrize("command", [("ask", QUESTION), ("index", "build"), ("index", "verify"), ("clusters",)], ids=" ".join)
def test_a_command_without_its_server_ends_with_one_sentence(
    with_milvus: Cli, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, impatient: float
) -> None:
    assert with_milvus("index", "build").status == 0
    monkeypatch.setenv("CLUSTERBOT_MILVUS_URI", "http://127.0.0.1:9")
    ended = with_milvus(*command)
    told = ended.err.splitlines()[-1]  # before it, a build tells what its model is
    one_error_line(Ended(ended.status, ended.written, told + "\n"), "Milvus at 127.0.0.1:9", "CLUSTERBOT_MILVUS_TOKEN")
    assert "Embedding" not in ended.err


def test_the_doctor_tells_of_the_milvus(with_milvus: Cli, monkeypatch: pytest.MonkeyPatch, impatient: float) -> None:
    assert with_milvus("index", "build").status == 0

    def found() -> dict[str, dict[str, Any]]:
        return {one["name"]: one for one in with_milvus("doctor", "--json").json["checks"]}

    assert found()["milvus"]["severity"] == "ok"
    assert found()["index"]["severity"] == "ok"
    monkeypatch.setenv("CLUSTERBOT_MILVUS_URI", "http://127.0.0.1:9")
    assert found()["milvus"]["severity"] == "fail"
    assert "docs/scaling.md" in found()["milvus"]["remedy"]
    assert "index" not in found()
