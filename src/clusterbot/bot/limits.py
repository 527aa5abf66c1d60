"""How often a person and a server may ask, so that nobody keeps the others waiting."""

from __future__ import annotations

import math
import time
from collections import OrderedDict

from discord import app_commands

from clusterbot.errors import UsageError

MAX_REMEMBERED = 10_000  # people and servers; who was forgotten begins anew
MINUTE_S = 60.0


class Cooldowns:
    """Counts questions a minute, by person and by server."""

    def __init__(self, person_per_minute: int, server_per_minute: int) -> None:
        self._rates = {"person": person_per_minute, "server": server_per_minute}
        self._windows: OrderedDict[tuple[str, int], app_commands.Cooldown] = OrderedDict()

    def count(self, person: int, server: int | None) -> None:
        """Count one question.

        Raises:
            UsageError: it is one too many; the message says when the next may come.
        """
        now = time.monotonic()
        for kind, key in (("person", person), ("server", server)):
            wait_s = None if key is None else self._window(kind, key).update_rate_limit(now)
            if wait_s is not None:
                seconds = math.ceil(wait_s)
                raise UsageError(f"too many questions: ask again in {seconds} s", f"too_often_{kind}", seconds=seconds)

    def _window(self, kind: str, key: int) -> app_commands.Cooldown:
        window = self._windows.pop((kind, key), None) or app_commands.Cooldown(self._rates[kind], MINUTE_S)
        self._windows[kind, key] = window
        if len(self._windows) > MAX_REMEMBERED:
            self._windows.popitem(last=False)
        return window
