"""The program `clusterbot`: its commands put together, its streams and logging set up, its errors told in one line.

To add a command, write it as a function in a module of this package and name it below; to add a group, add its Typer app.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import secrets
import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer

from clusterbot.cli import (
    asking,
    backing,
    checking,
    corpora,
    evaluating,
    indexes,
    ingesting,
    keeping,
    models,
    profiles,
    reporting,
    serving,
    weighing,
)
from clusterbot.errors import ClusterbotError

logger = logging.getLogger(__name__)

DONE, TO_ACT_ON, INTERRUPTED = 0, 1, 130

app = typer.Typer(
    help="Answers about Québec's industrial clusters, in French and English, in the sources' own words.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ask")(asking.ask)
app.command("chat")(asking.chat)
app.command("check")(weighing.check)
app.command("cluster")(profiles.cluster)
app.command("compare")(weighing.compare)
app.command("clusters")(profiles.clusters)
corpora.app.command("add")(ingesting.add)
corpora.app.command("refresh")(ingesting.refresh)
corpora.app.command("remove")(ingesting.remove)
app.add_typer(corpora.app, name="corpus")
app.add_typer(indexes.app, name="index")
app.command("eval")(evaluating.evaluate)
app.command("gaps")(reporting.gaps)
app.command("report")(reporting.report)
app.command("receipt")(keeping.receipt)
app.add_typer(keeping.errata_app, name="errata")
app.add_typer(keeping.privacy_app, name="privacy")
app.add_typer(backing.app, name="data")
app.add_typer(models.app, name="model")
app.command("bot")(serving.bot)
app.command("doctor")(checking.doctor)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        typer.echo(f"clusterbot {metadata.version('clusterbot')}")
        raise typer.Exit


@app.callback()
def start(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is being done, on stderr.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)] = False,
) -> None:
    """Set up the log, on stderr, so that stdout holds results alone."""
    from clusterbot.logs import LogHandler

    handler = LogHandler(
        logging.INFO if verbose else logging.WARNING
    )  # the handler's, since a library sets its own loggers to DEBUG
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def main() -> NoReturn:
    """Run the command of `sys.argv` and exit with its status."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run a command; return the exit status. What goes wrong is told here, and nowhere else."""
    _set_up_streams()
    # Before numpy is loaded: the products on a question's way are small, and threads that spin while they wait for one another
    # took 46 of a question's 71 ms of processor time on two busy cores. What is large runs on threads of its own.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        status = _run(arguments)
        sys.stdout.flush()
        return status
    except ClusterbotError as error:
        from clusterbot.cli.console import tell_error

        tell_error(error)
        return TO_ACT_ON
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return TO_ACT_ON
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EIO, errno.EDQUOT):
            return _tell_bug(error)
        from clusterbot.cli.console import tell

        tell("error.output", reason=error.strerror)
        _forget_stdout()
        return TO_ACT_ON
    except Exception as error:
        return _tell_bug(error)


def _run(arguments: Sequence[str]) -> int:
    command = typer.main.get_command(app)
    try:
        command.main(args=list(arguments), prog_name="clusterbot", standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE
    return DONE


def _set_up_streams() -> None:
    """Speak UTF-8 whatever the locale; what can't be encoded (half a character from a broken input) is escaped, as JSON allows."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")


def _forget_stdout() -> None:
    """Point stdout to nowhere, so that Python's own flush at the end doesn't fail again."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell_bug(error: Exception) -> int:
    """Log a bug with its traceback and a reference; tell it in a sentence."""
    from clusterbot.cli.console import tell

    reference = secrets.token_hex(3)
    logger.error("bug %s", reference, exc_info=error)
    tell("error.bug", kind=type(error).__name__, reference=reference)
    return TO_ACT_ON
