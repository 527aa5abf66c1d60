"""The doctor: each thing that can be wrong is found, and its remedy named."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path

import pytest

from clusterbot import bundled, compiling
from clusterbot.corpus import read_corpus
from clusterbot.doctor import Check, examine
from clusterbot.i18n import read_texts
from clusterbot.index.build import Recipe, build_index
from clusterbot.index.snapshot import Calibration, current_version
from clusterbot.passages import PassageSettings
from clusterbot.store import Store
from fakes import KeywordEmbedder

CALIBRATION = Calibration(features=(), weights=(), intercept=0.0, threshold=0.5)


@pytest.fixture
def folder(empty_folder: Path, corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder with a corpus, an index and a model, all in order, and point the settings to it."""
    model = tmp_path / "keywords"
    model.mkdir()
    (model / "modules.json").write_text("[]", encoding="utf-8")
    embedder = KeywordEmbedder(name=str(model))
    recipe = Recipe(PassageSettings(), {"fr": CALIBRATION, "en": CALIBRATION}, str(model))
    build_index(read_corpus(corpus_dir), tmp_path / "index", embedder, recipe)
    for name in ("corpus", "index", "data", "cache"):
        monkeypatch.setenv(f"CLUSTERBOT_{name.upper()}_DIR", str(tmp_path / name))
    monkeypatch.setenv("CLUSTERBOT_MODEL", str(model))
    return tmp_path


def checks() -> dict[str, Check]:
    return {check.name: check for check in examine(os.environ, read_texts("en"))}


def test_a_good_installation_has_nothing_to_mend(folder: Path) -> None:
    found = checks()
    assert list(found) == [
        *("python", "settings", "corpus", "model", "index", "index_model", "index_corpus", "calibration"),
        *("data_dir", "index_dir", "cache_dir", "store", "http", "discord"),
    ]
    assert {name: check.message for name, check in found.items() if check.severity not in ("ok", "info")} == {}


def test_nothing_is_written(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    checks()
    assert sorted(folder.rglob("*")) == before


def test_each_finding_that_is_not_ok_names_a_remedy(empty_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_MODEL", "some/model")
    found = checks()
    assert found["corpus"].severity == found["index"].severity == "fail"
    assert all(check.remedy for check in found.values() if check.severity in ("warn", "fail"))


def test_a_misspelt_setting_is_found_with_the_one_that_was_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_CORPUS_DRI", "x")
    check = checks()["settings"]
    assert check.severity == "warn"
    assert "CLUSTERBOT_CORPUS_DRI" in check.message
    assert "CLUSTERBOT_CORPUS_DIR" in (check.remedy or "")


def test_a_setting_out_of_bounds_ends_the_examination(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_ALLOW_PRIVATE_HOSTS", "perhaps")
    found = checks()
    assert list(found) == ["python", "settings"]
    assert found["settings"].severity == "fail"


def test_a_document_that_cannot_be_read(folder: Path) -> None:
    (folder / "corpus" / "articles" / "2020-bad.md").write_text("nothing", encoding="utf-8")
    check = checks()["corpus"]
    assert check.severity == "fail"
    assert "articles/2020-bad.md:1" in check.message


def test_a_problem_that_lint_finds(folder: Path) -> None:
    (folder / "corpus" / "clusters" / "aqua_nord.en.md").unlink()
    found = checks()
    assert found["corpus"].severity == "warn"
    assert found["index_corpus"].severity == "warn"
    assert found["index_corpus"].remedy == "clusterbot index build"


def test_a_damaged_index(folder: Path) -> None:
    index = folder / "index"
    (index / current_version(index) / "fr" / "words.txt").write_text("x", encoding="utf-8")
    check = checks()["index"]
    assert check.severity == "fail"
    assert "words.txt" in check.message


def test_an_index_of_another_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_MODEL", "some/model")
    found = checks()
    assert found["index_model"].severity == "fail"
    assert "some/model" in found["index_model"].message


def test_a_bundled_model_of_another_revision(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unpacked = folder / "cache" / "e5-small-0123456789ab-1"
    unpacked.mkdir(parents=True)
    (unpacked / "source.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(bundled, "is_available", lambda: True)
    monkeypatch.setenv("CLUSTERBOT_MODEL", "bundled")
    assert checks()["model"].severity == "ok"
    assert "bundled@0123456789ab-1" in checks()["index_model"].message


def compiled_folder(folder: Path, mean_cosine: float, monkeypatch: pytest.MonkeyPatch) -> Path:
    source = folder / "cache" / "e5-small-0123456789ab-1"
    monkeypatch.setattr(bundled, "model_folder", lambda _: source)
    made = source.with_name(f"{source.name}-int8.{compiling.COMPILER_VERSION}")
    made.mkdir(parents=True)
    files = {}
    for name in compiling.FILES:
        (made / name).write_bytes(b"abc")
        files[name] = {"bytes": 3, "sha256": hashlib.sha256(b"abc").hexdigest()}
    report = {"mean_cosine": mean_cosine, "min_cosine": mean_cosine, "original_per_s": 20.0, "compiled_per_s": 70.0}
    (made / "compiled.json").write_text(json.dumps({"report": report, "files": files}), encoding="utf-8")
    return made


def test_a_compiled_model_says_what_it_gains(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_MODEL", "bundled")
    monkeypatch.setattr(bundled, "is_available", lambda: True)
    made = compiled_folder(folder, 0.9971, monkeypatch)
    assert checks()["model"].severity == "ok"
    assert "3.5 times" in checks()["model"].message
    assert "-int8." in checks()["index_model"].message
    (made / "weights.bin").write_bytes(b"abd")
    assert checks()["model"].severity == "fail"
    assert str(made) in (checks()["model"].remedy or "")


def test_a_cache_that_cannot_be_written_to_is_in_order_where_the_compiled_model_lies_in_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLUSTERBOT_MODEL", "bundled")
    monkeypatch.setattr(bundled, "is_available", lambda: True)
    monkeypatch.setattr(os, "access", lambda path, _: Path(path) != folder / "cache")
    (folder / "cache").mkdir(exist_ok=True)
    assert checks()["cache_dir"].severity == "fail"
    compiled_folder(folder, 0.9971, monkeypatch)
    assert checks()["cache_dir"].severity == "ok" and "read-only" in checks()["cache_dir"].message


def test_a_compiled_model_that_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_MODEL", "bundled")
    monkeypatch.setattr(bundled, "is_available", lambda: True)
    compiled_folder(folder, 0.5, monkeypatch)
    assert checks()["model"].severity == "warn"
    assert "bundled@0123456789ab-1," in f"{checks()['index_model'].message},"


def test_the_bundled_model_before_its_first_use_and_without_its_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLUSTERBOT_MODEL", "bundled")
    monkeypatch.setattr(bundled, "is_available", lambda: True)
    assert checks()["model"].severity == "info"
    monkeypatch.setattr(bundled, "is_available", lambda: False)
    monkeypatch.setattr("clusterbot.doctor._is_downloaded", lambda _: False)
    assert checks()["model"].severity == "warn"


def test_a_folder_that_is_no_model(folder: Path) -> None:
    (folder / "keywords" / "modules.json").unlink()
    assert checks()["model"].severity == "fail"


def test_a_folder_that_cannot_be_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").write_text("x", encoding="utf-8")
    monkeypatch.setenv("CLUSTERBOT_DATA_DIR", str(folder / "file" / "data"))
    check = checks()["data_dir"]
    assert check.severity == "fail"
    assert "CLUSTERBOT_DATA_DIR" in (check.remedy or "")


def test_a_disk_that_is_nearly_full(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": 1_000_000_000})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert checks()["cache_dir"].severity == "warn"
    usage.free = 1_000_000
    assert checks()["cache_dir"].severity == "fail"


def test_the_token_is_never_shown(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks()["discord"].remedy is not None
    monkeypatch.setenv("CLUSTERBOT_DISCORD_TOKEN", "s3cret")
    assert all("s3cret" not in f"{check.message}{check.remedy}" for check in checks().values())
    assert checks()["discord"].remedy is None


def test_an_index_without_calibration_answers_nothing(folder: Path, corpus_dir: Path) -> None:
    embedder = KeywordEmbedder(name=str(folder / "keywords"))
    build_index(read_corpus(corpus_dir), folder / "index", embedder, Recipe(PassageSettings(), {}, ""))
    assert checks()["calibration"].severity == "warn"


def test_a_data_file_that_others_can_read_is_found(folder: Path) -> None:
    with Store(folder / "data"):
        pass
    assert checks()["store"].severity == "ok"
    (folder / "data" / "clusterbot.salt").chmod(0o644)
    check = checks()["store"]
    assert check.severity == "warn"
    assert "clusterbot.salt" in check.message
    assert check.remedy == f"chmod -R go= {folder / 'data'}"


@pytest.mark.parametrize(
    ("bind", "severity"),
    [
        ("127.0.0.1:9464", "ok"),
        ("[::1]:9464", "ok"),
        ("localhost:9464", "ok"),
        ("0.0.0.0:9464", "warn"),
        ("box.example:9464", "warn"),
    ],
)
def test_monitoring_that_other_machines_can_reach_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bind: str, severity: str
) -> None:
    assert checks()["http"].severity == "info"
    monkeypatch.setenv("CLUSTERBOT_HTTP_BIND", bind)
    assert checks()["http"].severity == severity


def test_the_invitation_is_printed_where_a_token_is_set(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    token = base64.b64encode(b"123456789012345678").decode().rstrip("=") + ".Gabcde.secret"
    monkeypatch.setenv("CLUSTERBOT_DISCORD_TOKEN", token)
    told = [check.message for check in examine(dict(os.environ), read_texts("en")) if check.name == "discord"]
    assert any("client_id=123456789012345678" in message for message in told)
    assert not any("secret" in message for message in told)
