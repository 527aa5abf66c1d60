"""How tests run a command: in this process, as a person or a program meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from clusterbot.index.snapshot import Calibration
from clusterbot.ranking import Ranking, read_ranking

Cli = Callable[..., "Ended"]
ALWAYS, NEVER = 5.0, -5.0  # intercepts with which everything or nothing counts as answered


class Ended:
    """What a command left behind; no-break spaces are plain in `out` and `err`, so that a test can be read."""

    def __init__(self, status: int, out: str, err: str) -> None:
        self.status, self.written = status, out
        self.out, self.err = out.replace("\u00a0", " "), err.replace("\u00a0", " ")

    @property
    def json(self) -> Any:
        return json.loads(self.written)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.written.splitlines()]


def ranking(intercept: float) -> Ranking:
    """Return the shipped numbers with a calibration that looks at nothing."""
    one = Calibration(features=(), weights=(), intercept=intercept, threshold=0.5)
    return read_ranking(with_tokens=False).model_copy(update={"calibration": {"fr": one, "en": one}, "calibrated_for": "keywords"})


def one_error_line(ended: Ended, *parts: str) -> None:
    """Check that a command failed as promised: status 1, nothing on stdout, one line on stderr that holds the parts."""
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    for part in parts:
        assert part in ended.err
