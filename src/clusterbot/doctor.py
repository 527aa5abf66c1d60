"""Everything that can be wrong with an installation, checked without loading the model: each finding with its remedy."""

from __future__ import annotations

import difflib
import ipaddress
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from clusterbot import bundled
from clusterbot.compiling import Report, find_compiled, verify_compiled
from clusterbot.corpus import read_corpus
from clusterbot.embedding import BUNDLED, HUB_TWIN
from clusterbot.errors import ClusterbotError, CorpusError, IndexUnreachable, ModelUnavailable, StorageError, UsageError
from clusterbot.i18n import Texts, write_number
from clusterbot.index import snapshot
from clusterbot.index.build import corpus_digest
from clusterbot.index.milvus import MilvusServer, server_at
from clusterbot.index.snapshot import Manifest
from clusterbot.invite import application_id, invite_address
from clusterbot.lint import lint
from clusterbot.monitoring import read_bind
from clusterbot.settings import PREFIX, Settings, read_settings
from clusterbot.store import Store, is_private

Severity = Literal["ok", "info", "warn", "fail"]
OLDEST_PYTHON = (3, 11)
LITTLE_SPACE, TOO_LITTLE_SPACE = 2_000_000_000, 200_000_000  # bytes; unpacking the model takes 600 MB


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it stands, and what mends it; `name` is for programs, the texts are in the reader's language."""

    name: str
    severity: Severity
    message: str
    remedy: str | None = None


def examine(environ: Mapping[str, str], texts: Texts) -> Iterator[Check]:
    """Check everything, in the order in which things depend on each other."""
    yield _python(sys.version_info[:3], texts)
    try:
        settings = read_settings()
    except UsageError as error:
        yield Check("settings", "fail", texts("doctor.settings_bad", problem=error), texts("doctor.settings_bad_remedy"))
        return
    yield _settings(environ, texts)
    yield _corpus(settings.corpus_dir, texts)
    yield _model(settings, texts)
    milvus = server_at(settings.milvus_uri, settings.milvus_token)
    if milvus is not None:
        yield _milvus(milvus, texts)
    yield from _index(settings, milvus, texts)
    for name in ("data_dir", "index_dir"):
        yield _folder(name, getattr(settings, name), texts)
    yield _cache(settings, texts)
    yield _store(settings.data_dir, texts)
    yield _http(settings.http_bind, texts)
    token = settings.discord_token
    if token is not None and token.get_secret_value():
        application = application_id(token.get_secret_value())
        yield Check("discord", "info", texts("doctor.discord_set"))
        if application is not None:
            yield Check("discord", "info", texts("doctor.discord_invite", address=invite_address(application)))
    else:
        yield Check("discord", "info", texts("doctor.discord_unset"), texts("doctor.discord_unset_remedy"))


def _python(version: tuple[int, ...], texts: Texts) -> Check:
    written = ".".join(map(str, version))
    if version < OLDEST_PYTHON:
        return Check("python", "fail", texts("doctor.python_old", version=written), texts("doctor.python_old_remedy"))
    return Check("python", "ok", texts("doctor.python_ok", version=written))


def _settings(environ: Mapping[str, str], texts: Texts) -> Check:
    """Find variables with our prefix that no setting has: a typo in one would otherwise go unnoticed."""
    known = [f"{PREFIX}{field}".upper() for field in Settings.model_fields]
    unknown = sorted(name for name in environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    if not unknown:
        return Check("settings", "ok", texts("doctor.settings_ok"))
    near = [found[0] for name in unknown if (found := difflib.get_close_matches(name.upper(), known, 1, 0.8))]
    remedy = texts("doctor.settings_unknown_near_remedy", near=", ".join(near)) if near else texts("doctor.settings_unknown_remedy")
    return Check("settings", "warn", texts("doctor.settings_unknown", names=", ".join(unknown)), remedy)


def _corpus(corpus_dir: Path, texts: Texts) -> Check:
    remedy = texts("doctor.corpus_remedy")
    try:
        corpus = read_corpus(corpus_dir)
        problems = lint(corpus, corpus_dir)
    except CorpusError as error:
        return Check("corpus", "fail", texts("doctor.corpus_missing", problem=error), texts("doctor.corpus_missing_remedy"))
    if corpus.failed:
        told = texts("doctor.corpus_failed", failed=len(corpus.failed), problem=corpus.failed[0])
        return Check("corpus", "fail", told, remedy)
    if problems:
        return Check("corpus", "warn", texts("doctor.corpus_lint", problems=len(problems), problem=problems[0]), remedy)
    return Check("corpus", "ok", texts("doctor.corpus_ok", documents=len(corpus.documents), folder=corpus_dir))


def _model(settings: Settings, texts: Texts) -> Check:
    model = settings.model
    if model == BUNDLED and (compiled := _compiled(settings)):
        return _compiled_model(*compiled, texts)
    if model == BUNDLED and bundled.is_available():
        if _unpacked(settings):
            return Check("model", "ok", texts("doctor.model_bundled"))
        return Check("model", "info", texts("doctor.model_bundled_first", folder=settings.cache_dir))
    if model == BUNDLED:
        told, remedy = texts("doctor.model_no_wheel", model=HUB_TWIN), texts("doctor.model_hub_remedy")
        return Check("model", "info", told) if _is_downloaded(HUB_TWIN) else Check("model", "warn", told, remedy)
    if Path(model).is_dir():
        if (Path(model) / "modules.json").is_file():
            return Check("model", "ok", texts("doctor.model_folder", model=model))
        return Check("model", "fail", texts("doctor.model_folder_bad", model=model), texts("doctor.model_folder_bad_remedy"))
    if _is_downloaded(model):
        return Check("model", "ok", texts("doctor.model_hub_cached", model=model))
    return Check("model", "warn", texts("doctor.model_hub", model=model), texts("doctor.model_hub_remedy"))


def _unpacked(settings: Settings) -> list[str]:
    """Return the revisions of the bundled model that are ready as the settings want it."""
    if compiled := _compiled(settings):
        folder, report = compiled
        return [bundled.revision(folder)] if not report.refusal else [bundled.revision(folder).rpartition("-int8")[0]]
    return [bundled.revision(path.parent) for path in settings.cache_dir.glob("e5-small-*/source.json")]


def _compiled(settings: Settings) -> tuple[Path, Report] | None:
    return find_compiled(settings.cache_dir) if settings.compiled else None


def _compiled_model(folder: Path, report: Report, texts: Texts) -> Check:
    if report.refusal:
        return Check("model", "warn", texts("doctor.model_refused", reason=report.refusal), texts("doctor.model_refused_remedy"))
    try:
        verify_compiled(folder)
    except ModelUnavailable:
        return Check(
            "model", "fail", texts("doctor.model_damaged", folder=folder), texts("doctor.model_damaged_remedy", folder=folder)
        )
    figures = {"gain": report.compiled_per_s / report.original_per_s, "cosine": report.mean_cosine}
    told = {name: write_number(round(figure, 3 if name == "cosine" else 1), texts.lang) for name, figure in figures.items()}
    return Check("model", "ok", texts("doctor.model_compiled", **told))


def _is_downloaded(model: str) -> bool:
    try:
        from huggingface_hub import try_to_load_from_cache
    except ModuleNotFoundError:  # left out where a compiled model answers without torch
        return False
    return isinstance(try_to_load_from_cache(model if "/" in model else f"sentence-transformers/{model}", "modules.json"), str)


def _milvus(milvus: MilvusServer, texts: Texts) -> Check:
    """Ask the Milvus that searches the passages what it is."""
    try:
        return Check("milvus", "ok", texts("doctor.milvus_ok", server=milvus.name, version=milvus.runs()))
    except IndexUnreachable as error:
        return Check("milvus", "fail", str(error), texts("doctor.milvus_remedy"))


def _index(settings: Settings, milvus: MilvusServer | None, texts: Texts) -> Iterator[Check]:
    remedy = texts("doctor.index_remedy")
    try:
        manifest = snapshot.verify(settings.index_dir / snapshot.current_version(settings.index_dir), milvus)
    except IndexUnreachable:
        return  # the check of the Milvus has told it
    except ClusterbotError as error:
        yield Check("index", "fail", texts("doctor.index_bad", problem=error), remedy)
        return
    yield Check("index", "ok", texts("doctor.index_ok", version=manifest.version))
    made_with = f"{manifest.model}@{manifest.revision}"
    wanted = _wanted_model(settings, manifest)
    if wanted != made_with:
        told = texts("doctor.index_model_other", model=made_with, wanted=wanted)
        yield Check("index_model", "fail", told, remedy)
    else:
        yield Check("index_model", "ok", texts("doctor.index_model_ok", model=made_with))
    yield from _freshness(settings.corpus_dir, manifest, texts)
    yield _calibration(manifest, made_with, texts)


def _wanted_model(settings: Settings, manifest: Manifest) -> str:
    """Return the model that would be opened, as the index names models; a revision that isn't known yet is taken as the index's."""
    if settings.model != BUNDLED:
        return f"{settings.model}@{manifest.revision}"
    unpacked = _unpacked(settings)
    if not unpacked and not bundled.is_available():
        return f"{HUB_TWIN}@{manifest.revision}"
    same = not unpacked or manifest.revision in unpacked
    return f"{BUNDLED}@{manifest.revision if same else max(unpacked)}"


def _freshness(corpus_dir: Path, manifest: Manifest, texts: Texts) -> Iterator[Check]:
    try:
        digest = corpus_digest(read_corpus(corpus_dir))
    except CorpusError:
        return  # the check of the corpus has told it
    if digest == manifest.corpus_digest:
        yield Check("index_corpus", "ok", texts("doctor.index_corpus_ok"))
    else:
        yield Check("index_corpus", "warn", texts("doctor.index_corpus_old"), texts("doctor.index_remedy"))


def _calibration(manifest: Manifest, made_with: str, texts: Texts) -> Check:
    remedy = texts("doctor.calibration_remedy")
    if not manifest.calibration:
        return Check("calibration", "warn", texts("doctor.calibration_none", model=made_with), remedy)
    fitted = manifest.calibrated_for
    if fitted not in (manifest.model, made_with):
        return Check("calibration", "warn", texts("doctor.calibration_other", fitted=fitted, model=made_with), remedy)
    return Check("calibration", "ok", texts("doctor.calibration_ok", model=made_with))


def _store(data_dir: Path, texts: Texts) -> Check:
    """Check the whole store, in which the next answer's receipt goes; where there is none, make none."""
    if not Store.is_there(data_dir):
        return Check("store", "info", texts("doctor.store_none", folder=data_dir))
    try:
        with Store(data_dir) as store:
            store.verify()
    except StorageError as error:
        return Check("store", "fail", str(error), texts("doctor.store_remedy"))
    for path in (data_dir, *sorted(data_dir.iterdir())):
        if not is_private(path):
            remedy = texts("doctor.store_open_remedy", folder=data_dir)
            return Check("store", "warn", texts("doctor.store_open", folder=path), remedy)
    return Check("store", "ok", texts("doctor.store_ok"))


def _http(bind: str | None, texts: Texts) -> Check:
    """Say where health and metrics are served: open to other machines is worth a second thought."""
    if bind is None:
        return Check("http", "info", texts("doctor.http_off"), texts("doctor.http_off_remedy"))
    host, _ = read_bind(bind)
    try:
        is_local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_local = host == "localhost"
    if is_local:
        return Check("http", "ok", texts("doctor.http_local", bind=bind))
    return Check("http", "warn", texts("doctor.http_open", bind=bind), texts("doctor.http_open_remedy"))


def _cache(settings: Settings, texts: Texts) -> Check:
    """Check the cache folder; with a compiled model in it, as in the container image, nothing need be written there."""
    folder = settings.cache_dir
    if settings.model == BUNDLED and folder.is_dir() and not os.access(folder, os.W_OK) and _compiled(settings):
        return Check("cache_dir", "ok", texts("doctor.dir_read", folder=folder))
    return _folder("cache_dir", folder, texts)


def _folder(name: str, folder: Path, texts: Texts) -> Check:
    """Check that a folder, or the nearest above it that exists, can be written to and has room; write nothing."""
    check, setting = name, f"{PREFIX}{name}".upper()
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        return Check(check, "fail", texts("doctor.dir_closed", folder=folder), texts("doctor.dir_closed_remedy", setting=setting))
    free = shutil.disk_usage(there).free
    written = f"{free / 1e9:.1f}"
    if free < LITTLE_SPACE:
        severity: Severity = "fail" if free < TOO_LITTLE_SPACE else "warn"
        told, remedy = texts("doctor.dir_full", folder=folder, free=written), texts("doctor.dir_full_remedy", setting=setting)
        return Check(check, severity, told, remedy)
    return Check(check, "ok", texts("doctor.dir_ok", folder=folder, free=written))
