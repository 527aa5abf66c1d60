"""Fuzz a target, guided by coverage: `python fuzz/run.py question -runs=100000`. Wants the extra `fuzz` (atheris).

An input that takes 2 seconds of processor time, or raises what isn't meant, ends the run with an error and is written to a file.
Time by the clock says little where a machine does other things too: an input may take 20 seconds of it. Other options are those of
libFuzzer; a folder given beside them keeps the inputs that found something new.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["clusterbot"]):
    from targets import TARGETS

MAX_S = 2.0
LIMITS = ("-timeout=20", "-max_len=20000", "-rss_limit_mb=3000", "-print_final_stats=1")


def timed(run: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """Hold each input to the processor time it may take."""

    def held(data: bytes) -> None:
        started = time.process_time()
        run(data)
        took = time.process_time() - started
        if took > MAX_S:
            raise TimeoutError(f"{took:.1f} s of processor time for {len(data)} bytes")

    return held


def main() -> None:
    target = TARGETS[sys.argv[1]]
    for seed in target.seeds:
        target.run(seed)  # loads what is loaded once, outside the time of the first input
    with tempfile.TemporaryDirectory() as seeds:
        for number, seed in enumerate(target.seeds):
            (Path(seeds) / str(number)).write_bytes(seed)
        given = sys.argv[2:]
        folders = [one for one in given if not one.startswith("-")] or [tempfile.mkdtemp(prefix="fuzz-found-")]
        options = [one for one in given if one.startswith("-")]
        atheris.Setup([sys.argv[0], *LIMITS, *options, *folders, seeds], timed(target.run))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
