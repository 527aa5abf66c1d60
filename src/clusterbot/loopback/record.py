"""The times that hold, each of which a test may shorten, and the record of all that was sent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

HEARTBEAT = 1


@dataclass(frozen=True, slots=True)
class Limits:
    """What Discord's clock and counters allow; seconds unless the name says otherwise."""

    acknowledge_s: float = 3.0
    """By when an interaction must be answered or deferred."""
    token_s: float = 900.0
    """How long an interaction's token holds."""
    heartbeat_s: float = 41.25
    minute_s: float = 60.0
    """How long a minute takes, by which threads archive themselves."""
    resume_s: float = 180.0
    """How long a lost session can be resumed; Discord says "a few minutes"."""
    identify_s: float = 5.0
    """Between two identifies; sooner, the session is invalid."""
    identifies: int = 1000
    """A day; past it the token is reset."""
    requests_per_s: int = 50
    """Over all routes but those of interactions."""
    messages: int = 5
    """A channel takes that many of the bot's messages in `messages_s`. Discord doesn't write this one down; its headers tell it."""
    messages_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the bot and how it was answered; `at_s` is monotonic."""

    at_s: float
    method: str
    path: str
    route: str
    body: Any
    status: int
    answer: Any
    took_s: float


@dataclass(frozen=True, slots=True)
class Frame:
    """A message over a gateway connection (numbered from 1), from the bot or to it."""

    at_s: float
    connection: int
    is_from_bot: bool
    op: int
    event: str | None
    data: Any


@dataclass(slots=True)
class Record:
    """Everything that went over the wire, in order, and a wait for what is to come."""

    requests: list[Request] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    acknowledgements_s: list[float] = field(default_factory=list)
    """How long each acknowledged interaction had waited for it."""

    def heartbeat_gaps_s(self) -> list[float]:
        """Return the time between each two heartbeats of one connection."""
        beats: dict[int, list[float]] = {}
        for frame in self.frames:
            if frame.is_from_bot and frame.op == HEARTBEAT:
                beats.setdefault(frame.connection, []).append(frame.at_s)
        return [after - before for times in beats.values() for before, after in pairwise(times)]

    def events(self, name: str) -> list[Any]:
        """Return the data of the events of a name that the bot was sent."""
        return [frame.data for frame in self.frames if frame.event == name and not frame.is_from_bot]

    def refused(self) -> list[Request]:
        """Return the requests that were answered with an error."""
        return [request for request in self.requests if request.status >= 400]


@dataclass(slots=True)
class Bucket:
    """So many in so many seconds, all given back at once when the time is over, as Discord's are."""

    size: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    remaining: int = 0
    resets_at_s: float = 0.0

    def take(self) -> float:
        """Take one; return 0, or in how many seconds there is one again."""
        if self.clock() >= self.resets_at_s:
            self.remaining, self.resets_at_s = self.size, self.clock() + self.seconds
        if self.remaining == 0:
            return max(self.resets_at_s - self.clock(), 0.001)
        self.remaining -= 1
        return 0.0
