"""The log: what stands in it, in which form, and above all what doesn't."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest

from clusterbot.errors import StorageError
from clusterbot.logs import LogFormatter, LogHandler, set_up_logs

TOKEN = "MTE4.Gx.s3cr3t-token"
WORDS = "mon cousin Réjean travaille chez AluQuébec"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """Return what a handler of ours writes."""
    handler, stream = LogHandler(logging.INFO), io.StringIO()
    handler.setStream(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    before = root.level
    root.setLevel(logging.INFO)
    yield stream
    root.setLevel(before)
    root.removeHandler(handler)


def fail(words: str) -> None:
    try:
        raise KeyError(words)
    except KeyError as error:
        raise StorageError(f"can't keep {words}") from error


def log_a_bug() -> None:
    try:
        fail(WORDS)
    except StorageError as error:
        logging.getLogger("clusterbot.x").error("bug %s", "ab12cd", exc_info=error)


def test_plain_is_a_line_that_begins_with_its_level(written: io.StringIO) -> None:
    logging.getLogger("clusterbot.x").warning("took up %s", "v2")
    assert written.getvalue() == "WARNING clusterbot.x: took up v2\n"


def test_json_is_one_object_a_line_with_what_a_record_carries(written: io.StringIO) -> None:
    set_up_logs("json")
    logging.getLogger("clusterbot.x").info("answered\nin two lines", extra={"receipt": "abc234"})
    [line] = written.getvalue().splitlines()
    told = json.loads(line)
    assert told["level"] == "info" and told["receipt"] == "abc234" and told["message"] == "answered\nin two lines"
    assert told["time"].endswith("+00:00")


@pytest.mark.parametrize("form", ["plain", "json"])
def test_a_secret_is_blotted_out_wherever_it_stands(written: io.StringIO, form: str) -> None:
    set_up_logs(form, [TOKEN, ""])  # type: ignore[arg-type]
    logging.getLogger("x").error("sent %s", TOKEN)
    try:
        raise ValueError(f"refused: {TOKEN}")
    except ValueError:
        logging.getLogger("x").exception("login")
    assert TOKEN not in written.getvalue()
    assert written.getvalue().count("[hidden]") >= 2


@pytest.mark.parametrize("form", ["plain", "json"])
def test_a_bug_of_a_service_shows_kind_and_place_but_no_words(written: io.StringIO, form: str) -> None:
    set_up_logs(form, tells_errors=False)  # type: ignore[arg-type]
    log_a_bug()
    text = written.getvalue()
    assert "Réjean" not in text and "cousin" not in text
    for part in ("ab12cd", "StorageError (storage)", "KeyError", "in fail", "test_logs.py"):
        assert part in text


def test_a_bug_at_the_terminal_shows_its_words(written: io.StringIO) -> None:
    log_a_bug()
    assert "Réjean" in written.getvalue()


def test_one_handlers_traceback_is_not_anothers(written: io.StringIO) -> None:
    """A record keeps its formatted traceback for the next handler: ours must neither take it over nor leave its own."""
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "bug", None, None)
    try:
        fail(WORDS)
    except StorageError as error:
        record.exc_info = (type(error), error, error.__traceback__)
    logging.Formatter().format(record)
    assert "Réjean" not in LogFormatter("plain", tells_errors=False).format(record)
    assert "Réjean" in logging.Formatter().format(record)


def test_an_endless_chain_of_errors_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    record = logging.LogRecord("x", logging.ERROR, __file__, 1, "bug", None, (ValueError, first, None))
    assert LogFormatter("json", tells_errors=False).format(record).count("ValueError") < 250
