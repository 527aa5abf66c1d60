"""The metrics of one process, in a registry of its own; safe to call from any thread.

Labels take few values each (outcomes, languages, stages, codes of errors), so that no stranger can make the registry grow.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    ProcessCollector,
    generate_latest,
)

from clusterbot.models import LANGUAGES, Lang

T = TypeVar("T")
Outcome = Literal["answered", "abstained"]
Stage = Literal["wait", "answer"]
"""Waiting for the model's thread; being answered, or weighed."""

GatewayState = Literal["connecting", "ready", "lost"]

STALE_S = 60.0
"""A loop that hasn't beaten for so long hangs: it beats every few seconds."""

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the process is as it should be, and what that was judged by; plain values, for JSON."""

    is_good: bool
    details: Mapping[str, str | float | bool | None]


class Monitor:
    """What the bot tells of its work, and what others may read of it."""

    def __init__(self, clock: Callable[[], float] = time.time, steady: Callable[[], float] = time.monotonic) -> None:
        """Make the metrics; `clock` is the time of day, `steady` one that never jumps."""
        self._clock, self._steady = clock, steady
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self._answers = self._counter("clusterbot_answers", "Questions by outcome and language.", "outcome", "language")
        self._abstentions = self._counter("clusterbot_abstentions", "Abstentions by reason.", "reason")
        self._failures = self._counter("clusterbot_failures", "Questions and commands that failed, by code.", "kind")
        self._reconnections = self._counter("clusterbot_gateway_losses", "Times that the connection to Discord was lost.")
        self._swaps = self._counter("clusterbot_index_swaps", "Times that a new version of the index was taken up.")
        self._seconds = Histogram(
            "clusterbot_stage_seconds", "Seconds by stage of an answer.", ["stage"], buckets=BUCKETS_S, registry=self.registry
        )
        self._waiting = self._gauge("clusterbot_queue_waiting", "Questions that wait for the model or are with it.")
        self._capacity = self._gauge("clusterbot_queue_capacity", "Questions that may wait; beyond, people are asked to come back.")
        self._gateway = Enum(
            "clusterbot_gateway_state", "The connection to Discord.", states=list(get_args(GatewayState)), registry=self.registry
        )
        self._latency = self._gauge("clusterbot_gateway_latency_seconds", "Seconds that Discord took to acknowledge a heartbeat.")
        self._index = Info("clusterbot_index", "The version of the index that answers, and its model.", registry=self.registry)
        self._age = self._gauge("clusterbot_index_age_seconds", "Seconds since that version was built.")
        self._beat_age = self._gauge("clusterbot_beat_age_seconds", "Seconds since the event loop last showed that it lives.")
        self._age.set_function(self.index_age_s)
        self._beat_age.set_function(self.beat_age_s)
        self._state: GatewayState = "connecting"
        self._version: str | None = None
        self._built_at: float | None = None
        self._beat_at = steady()
        self._fill()

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self.registry)

    def _gauge(self, name: str, told: str) -> Gauge:
        return Gauge(name, told, registry=self.registry)

    def _fill(self) -> None:
        """Begin what has few labels at 0, so that a rate can be taken from the first answer on."""
        for outcome in get_args(Outcome):
            for lang in LANGUAGES:
                self._answers.labels(outcome, lang)
        for stage in get_args(Stage):
            self._seconds.labels(stage)

    # --- what the bot tells

    def answered(self, outcome: Outcome, language: Lang, reason: str | None = None) -> None:
        """Count an answer or an abstention; `reason` is why it abstained, by its code."""
        self._answers.labels(outcome, language).inc()
        if outcome == "abstained":
            self._abstentions.labels(reason or "unknown").inc()

    def took(self, stage: Stage, seconds: float) -> None:
        """Tell how long a stage took."""
        self._seconds.labels(stage).observe(max(0.0, seconds))

    def timed(self, waiting: Stage, working: Stage, work: Callable[[], T]) -> Callable[[], T]:
        """Return work that tells how long it waited to begin, and how long it took."""
        handed_over = self._steady()

        def run() -> T:
            began = self._steady()
            self.took(waiting, began - handed_over)
            try:
                return work()
            finally:
                self.took(working, self._steady() - began)

        return run

    def failed(self, kind: str) -> None:
        """Count a failure: the code of a ClusterbotError, `busy`, `discord` or `bug`."""
        self._failures.labels(kind).inc()

    def queued(self, waiting: int, capacity: int) -> None:
        """Tell how many questions wait, and how many may."""
        self._waiting.set(waiting)
        self._capacity.set(capacity)

    def serves(self, version: str, model: str, built_at: dt.datetime) -> None:
        """Tell which version of the index answers from now on."""
        if self._version not in (None, version):
            self._swaps.inc()
        self._version, self._built_at = version, built_at.timestamp()
        self._index.info({"version": version, "model": model})

    def gateway(self, state: GatewayState, latency_s: float | None = None) -> None:
        """Tell how the connection to Discord stands."""
        if state == "lost" and self._state != "lost":
            self._reconnections.inc()
        self._state = state
        self._gateway.state(state)
        if latency_s is not None and 0 <= latency_s < float("inf"):
            self._latency.set(latency_s)

    @property
    def is_connected(self) -> bool:
        """Whether the connection to Discord stands."""
        return self._state == "ready"

    def beat(self) -> None:
        """Show that the event loop lives; to be called every few seconds."""
        self._beat_at = self._steady()

    # --- what others read

    def index_age_s(self) -> float:
        """Return the seconds since the index was built; not a number before there is one, 0 where the clock says it's to come."""
        return float("nan") if self._built_at is None else max(0.0, self._clock() - self._built_at)

    def beat_age_s(self) -> float:
        """Return the seconds since the event loop last beat."""
        return max(0.0, self._steady() - self._beat_at)

    def health(self) -> Health:
        """Say whether the process lives: bad means that it should be started anew."""
        age_s = self.beat_age_s()
        return Health(age_s < STALE_S, {"beat_age_s": round(age_s, 1)})

    def readiness(self) -> Health:
        """Say whether it would answer now: an index is loaded, Discord is connected, the loop lives."""
        is_ready = self._version is not None and self._state == "ready" and self.health().is_good
        return Health(is_ready, {"index": self._version, "gateway": self._state, **self.health().details})

    def exposition(self) -> bytes:
        """Return all metrics in Prometheus's text form."""
        return generate_latest(self.registry)
