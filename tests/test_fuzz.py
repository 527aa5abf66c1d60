"""The fuzz targets on inputs nobody would think of, few enough for every run of the tests; `fuzz/run.py` tries millions."""

from __future__ import annotations

import random
import runpy
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

TARGETS: dict[str, Any] = runpy.run_path(str(Path(__file__).parent.parent / "fuzz" / "targets.py"))["TARGETS"]
MAX_S = 2.0  # of processor time, as in `fuzz/run.py`
PIECES = (
    b"\0",
    b"\xff",
    b"\x1e",
    "\u202e".encode(),
    "\ufdfa".encode(),
    "e\u0301".encode() * 50,
    b"9" * 400,
    b"-" * 300,
    b"[" * 300,
)


def changed(seed: bytes, chance: random.Random) -> bytes:
    """Change an input in a few places."""
    data = bytearray(seed)
    for _ in range(chance.randrange(1, 6)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0:
                data[at : at + 1] = chance.randbytes(1)
            case 1:
                data[at:at] = chance.choice(PIECES)
            case 2:
                del data[at : at + chance.randrange(1, 40)]
            case _:
                data[at:at] = data[chance.randrange(len(data) + 1) :][:200]
    return bytes(data[:6000])


@pytest.mark.parametrize("name", TARGETS)
def test_a_changed_input_raises_only_what_is_meant_and_ends_in_time(name: str) -> None:
    target, chance = TARGETS[name], random.Random(name)
    for seed in target.seeds:
        target.run(seed)
    for _ in range(250):
        data = changed(chance.choice(target.seeds), chance)
        started = time.process_time()
        target.run(data)
        assert time.process_time() - started < MAX_S, data


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=60, deadline=None)
@given(data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))))
def test_any_bytes_raise_only_what_is_meant(name: str, data: bytes) -> None:
    TARGETS[name].run(data)
