"""Read a foreign file in a process of its own: what hurts that process hurts nothing else, and costs one clear error."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

import clusterbot
from clusterbot import errors
from clusterbot.errors import SourceDamaged, SourceError, SourceTooHard
from clusterbot.ingest.parsed import Failure, Listing, Page, Reading, SourceKind

logger = logging.getLogger(__name__)

WALL_S = 90.0
WORKER = "clusterbot.ingest.worker"
MAX_OUTPUT_BYTES = 40_000_000
_READING: TypeAdapter[Page | Listing | Failure] = TypeAdapter(Reading)
_KINDS = {one.code: one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, SourceError)}
_TOO_HARD = "reading it takes more memory or time than is allowed: add a part of it, or its text"


def parse(
    content: bytes, kind: SourceKind, charset: str | None = None, address: str | None = None, timeout_s: float = WALL_S
) -> Page | Listing:
    """Read a file of a kind, in another process.

    Raises:
        SourceError: one of its kinds; the text names the cure.
    """
    head = json.dumps({"kind": kind, "charset": charset, "address": address}).encode() + b"\n"
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as made, tempfile.TemporaryFile() as told:
        given.write(head + content)
        given.seek(0)
        command = [sys.executable, "-m", WORKER]
        try:
            ended = subprocess.run(
                command,
                stdin=given,
                stdout=made,
                stderr=told,
                timeout=timeout_s,
                check=False,
                env=_environment(),
                cwd="/" if os.name == "posix" else None,
            )
        except subprocess.TimeoutExpired:
            raise SourceTooHard(f"{_TOO_HARD} (it ran for {timeout_s:g} s)") from None
        made.seek(0)
        raw = made.read(MAX_OUTPUT_BYTES + 1)
        told.seek(0)
        last = told.read(100_000).decode("utf-8", "replace").strip().rpartition("\n")[2][:200]
    if ended.returncode != 0:
        logger.info("the parser ended with %s: %s", ended.returncode, last)
        if ended.returncode < 0 or any(told in last for told in ("MemoryError", "bad_alloc", "File too large")):
            raise SourceTooHard(_TOO_HARD)
        raise SourceDamaged(f"it made the parser stumble ({last or ended.returncode}): save it again, or add its text")
    try:
        reading = _READING.validate_json(raw)
    except ValidationError:
        raise SourceTooHard(f"{_TOO_HARD} (what was read has {len(raw):,} bytes)") from None
    if isinstance(reading, Failure):
        raise _KINDS.get(reading.code, SourceDamaged)(reading.message)
    return reading


def _environment() -> dict[str, str]:
    """Return all that the other process may know: where Python finds us, and no token or other setting."""
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "TMPDIR") if name in os.environ}
    paths = [str(Path(clusterbot.__file__).parent.parent), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    paths = [str(Path(path).resolve()) for path in dict.fromkeys(paths)]
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # each thread of theirs reserves memory that counts
    return {**kept, **threads, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUTF8": "1"}
