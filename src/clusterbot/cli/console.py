"""What the commands share: results on stdout, everything else on stderr, in the reader's language."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterbot.errors import ClusterbotError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from clusterbot.i18n import Texts

MAX_WIDTH = 100  # lines of prose longer than this are hard to read

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]

_LINE_ENDS = {"\u0085": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}  # line ends to some readers of JSON Lines


def reader_texts() -> Texts:
    """Return the texts in the language of whoever sits at the terminal."""
    from clusterbot.i18n import read_texts, reader_lang

    return read_texts(reader_lang(os.environ))


def write_json(value: object, is_line: bool = False) -> None:
    """Write one JSON document to stdout, or one line of JSON Lines, at once."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=None if is_line else 2)
    for end, escape in _LINE_ENDS.items():
        text = text.replace(end, escape)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show(renderable: RenderableType, max_width: int | None = None) -> None:
    """Print a result for people; addresses run over the margin rather than break."""
    from rich.console import Console

    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    if max_width is not None and console.width > max_width:
        console.width = max_width
    if console.is_terminal:
        console.print(renderable, crop=False)
        return
    with console.capture() as captured:
        console.print(renderable, crop=False)
    sys.stdout.write("\n".join(line.rstrip() for line in captured.get().split("\n")))  # rich fills lines up with blanks


def tell(key: str, **values: Any) -> None:  # noqa: ANN401
    """Tell something on stderr, on one line."""
    told = " ".join(reader_texts()(key, **values).split("\n"))
    sys.stderr.write(told + "\n")
    sys.stderr.flush()


def tell_problem(key: str, **values: Any) -> None:  # noqa: ANN401
    """Tell on stderr why a command ends with status 1."""
    tell("error.line", message=reader_texts()(f"error.{key}", **values))


def tell_error(error: ClusterbotError) -> None:
    """Tell an error: what happened and the cure; in French with a French sentence, since an error's own words are English."""
    from clusterbot.i18n import write_error

    texts = reader_texts()
    message = str(error) if texts.lang == "en" else write_error(error, texts)
    if error.key is None and texts.lang == "fr":
        message += f" ({error})"
    tell("error.line", message=message)


@contextmanager
def progress_bar(waiting: str, working: str) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr that something takes time; yield what takes (done, total) and turns the wait into a bar.

    Where stderr is no terminal, only the beginning of the work is told.
    """
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True, highlight=False)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    is_told = False
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(waiting, total=None)

        def advance(done: int, total: int) -> None:
            nonlocal is_told
            if not console.is_terminal and not is_told:
                sys.stderr.write(f"{working}…\n")
            is_told = True
            progress.update(task, description=working, completed=done, total=total)

        yield advance
