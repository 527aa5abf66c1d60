"""The log: on stderr, plain or as JSON Lines, with secrets blotted out.

What a long-running process logs may be kept for months and read by many, so a bug's traceback shows there where it happened and the
kind of error, but not the error's own words, which may quote what a person wrote.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from collections.abc import Collection
from typing import IO, Any, Literal

from clusterbot.errors import ClusterbotError

Form = Literal["plain", "json"]
BLOT = "[hidden]"
EXTRAS = ("receipt", "reference")
"""What a record may carry beside its message: `extra={"receipt": id}`."""


class LogHandler(logging.StreamHandler[IO[str]]):
    """The handler that `set_up_logs` gives its form to; plain until then."""

    def __init__(self, level: int) -> None:
        super().__init__(sys.stderr)
        self.setLevel(level)
        self.setFormatter(LogFormatter("plain"))


class LogFormatter(logging.Formatter):
    """Writes a record as one line of text or of JSON; tracebacks follow the text, and are a field in JSON."""

    def __init__(self, form: Form, secrets: Collection[str] = (), tells_errors: bool = True) -> None:
        """Blot out `secrets` wherever they stand; without `tells_errors`, say of an error only its kind and place."""
        super().__init__("%(levelname)s %(name)s: %(message)s")
        self._form = form
        self._secrets = sorted((secret for secret in secrets if secret), key=len, reverse=True)
        self._tells_errors = tells_errors

    def format(self, record: logging.LogRecord) -> str:
        """Return the record's line."""
        record.exc_text = None  # another handler's formatter may have left its own there
        text = json.dumps(self._fields(record), ensure_ascii=False) if self._form == "json" else super().format(record)
        record.exc_text = None
        for secret in self._secrets:
            text = text.replace(secret, BLOT)
        return text

    def formatException(self, ei: Any) -> str:  # noqa: ANN401
        """Return a traceback, with the error's words or without."""
        if self._tells_errors:
            return super().formatException(ei)
        return "\n".join(_places(ei[1]))

    def _fields(self, record: logging.LogRecord) -> dict[str, str]:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        fields = {"time": at, "level": record.levelname.lower(), "logger": record.name, "message": record.getMessage()}
        fields |= {name: str(getattr(record, name)) for name in EXTRAS if hasattr(record, name)}
        if record.exc_info and record.exc_info[1] is not None:
            fields["error"] = type(record.exc_info[1]).__name__
            fields["traceback"] = self.formatException(record.exc_info)
        return fields


def _places(error: BaseException | None) -> list[str]:
    """Return an error's kind, code and places, and those of what caused it, innermost first."""
    lines: list[str] = []
    while error is not None and len(lines) < 200:
        code = f" ({error.code})" if isinstance(error, ClusterbotError) else ""
        lines.append(f"{type(error).__module__}.{type(error).__name__}{code}")
        frames = traceback.extract_tb(error.__traceback__)[-30:]
        lines += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return lines


def set_up_logs(form: Form, secrets: Collection[str] = (), tells_errors: bool = True) -> None:
    """Give the log its form, from now on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, LogHandler):
            handler.setFormatter(LogFormatter(form, secrets, tells_errors))
