"""`ask` and `chat`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from clusterbot.cli import console, opening
from clusterbot.cli.keeping import Keeper, Kept
from clusterbot.errors import UsageError

if TYPE_CHECKING:
    from clusterbot.assistant import Assistant, Reply
    from clusterbot.models import Filters, Lang

Language = Annotated[
    Literal["fr", "en"] | None, typer.Option("--lang", help="Language of the answer, where the question's isn't meant.")
]
MAX_LINE_BYTES = 1_000_000


def ask(
    question: Annotated[str | None, typer.Argument(help="A question in French or English.")] = None,
    batch: Annotated[
        str | None,
        typer.Option("--batch", metavar="FILE", help='Answer each line {"id", "question", "context"} of a file, or of stdin (-).'),
    ] = None,
    lang: Language = None,
    cluster: Annotated[str | None, typer.Option(metavar="NAME", help="Take only documents about this cluster.")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="DATE", help="Take only what was said by this date: YYYY, YYYY-MM or YYYY-MM-DD.")
    ] = None,
    as_json: console.AsJson = False,
) -> None:
    """Answer a question in the sources' own words, or say that they don't answer it."""
    if (question is None) == (batch is None):
        raise typer.BadParameter("give a QUESTION or --batch FILE, one of the two")
    settings = opening.open_settings()
    if batch is not None:
        lines = read_lines(batch)
        assistant = opening.open_assistant(settings)
        _ask_each(lines, assistant, Keeper(settings), lang, _filters(assistant, cluster, as_of))
        return
    from clusterbot.questions import clean

    clean(question or "")  # before the model is loaded, which takes seconds
    assistant = opening.open_assistant(settings)
    filters = _filters(assistant, cluster, as_of)
    reply = assistant.ask(question or "", lang=lang, filters=filters)
    kept = Keeper(settings).keep(reply, question or "", (), lang, "terminal", filters)
    if as_json:
        console.write_json(_json(None, question or "", reply, kept))
    else:
        _show(reply, kept)


def _filters(assistant: Assistant, cluster: str | None, as_of: str | None) -> Filters:
    from clusterbot.models import Filters, read_date

    cluster_id = None if cluster is None else assistant.engine.registry.resolve_one(cluster).id
    return Filters(cluster_id, None if as_of is None else read_date(as_of))


def _json(identity: object, asked: str, reply: Reply, kept: Kept) -> dict[str, Any]:
    from clusterbot.i18n import read_texts
    from clusterbot.output import readings, reply_json

    question = reply.result.question
    understood = readings(question, reply.clusters, read_texts(question.lang))
    return reply_json(identity, asked, reply, understood, kept.receipt, kept.errata)


def _show(reply: Reply, kept: Kept) -> None:
    from clusterbot import terminal
    from clusterbot.i18n import read_texts
    from clusterbot.output import readings

    question = reply.result.question
    texts = read_texts(question.lang)
    shown = terminal.reply(reply, readings(question, reply.clusters, texts), texts, sys.stdout.isatty(), kept.errata)
    console.show(shown, console.MAX_WIDTH)
    if kept.receipt is not None:
        console.show(terminal.Prose(texts("receipt.shown", id=kept.receipt), "dim"))


def read_lines(batch: str) -> Iterator[bytes]:
    """Yield the lines of a file, or of stdin as they come; an empty one is no question."""
    lines: Any = sys.stdin.buffer if batch == "-" else opening.read_input(batch).split(b"\n")
    return (line for line in lines if line.strip())


def _ask_each(lines: Iterator[bytes], assistant: Assistant, keeper: Keeper, lang: Lang | None, filters: Filters) -> None:
    total = failed = 0
    for line in lines:
        total += 1
        result = _answer_line(line, assistant, keeper, lang, filters)
        failed += "error" in result
        console.write_json(result, is_line=True)
    if failed:
        console.tell_problem("batch", failed=failed, total=total)
        raise typer.Exit(1)


def _answer_line(line: bytes, assistant: Assistant, keeper: Keeper, lang: Lang | None, filters: Filters) -> dict[str, Any]:
    """Answer one line of a batch, or say what is wrong with it; the others go on."""
    from clusterbot.output import error_json

    identity: object = None
    try:
        value = parse_line(line)
        identity = value.get("id")
        asked, context, line_lang = read_fields(value, "question")
        wanted = line_lang or lang
        reply = assistant.ask(asked, context, wanted, filters)
        return _json(identity, asked, reply, keeper.keep(reply, asked, context, wanted, "batch", filters))
    except UsageError as error:
        return error_json(identity, str(error))


def parse_line(line: bytes) -> dict[str, Any]:
    """Read a line of a batch.

    Raises:
        UsageError: it is no JSON object.
    """
    if len(line) > MAX_LINE_BYTES:
        raise UsageError(f"the line is longer than {MAX_LINE_BYTES:,} bytes: shorten it")
    try:
        value = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise UsageError("the line is not valid UTF-8: send it in UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f'the line is not JSON ({error}): write {{"id": ..., "question": ...}}') from None
    if not isinstance(value, dict):
        raise UsageError('the line is no JSON object: write {"id": ..., "question": ...}')
    return value


def read_fields(value: dict[str, Any], key: str) -> tuple[str, list[str], Lang | None]:
    """Return the question or claim, the context and the language of a line."""
    asked, context, lang = value.get(key), value.get("context") or [], value.get("lang")
    if not isinstance(asked, str):
        raise UsageError(f'the line has no "{key}": write {{"id": ..., "{key}": ...}}')
    if not isinstance(context, list) or not all(isinstance(one, str) for one in context):
        raise UsageError('"context" must be a list of earlier questions: ["...", "..."]')
    if lang == "fr" or lang == "en" or lang is None:
        return asked, context, lang
    raise UsageError('"lang" must be "fr" or "en"')


def chat(lang: Language = None, as_json: console.AsJson = False) -> None:
    """Ask one question after another; each may build on those before. An empty line or Ctrl-D ends."""
    from clusterbot.models import EVERYTHING

    settings = opening.open_settings()
    assistant, keeper = opening.open_assistant(settings), Keeper(settings)
    is_terminal = sys.stdin.isatty()
    if is_terminal:
        console.tell("chat.welcome")
    context: list[str] = []
    failed = 0
    for asked in _questions(is_terminal):
        try:
            reply = assistant.ask(asked, context, lang)
        except UsageError as error:
            console.tell_error(error)
            failed += 1
            continue
        kept = keeper.keep(reply, asked, context, lang, "terminal", EVERYTHING)
        context.append(asked)
        if as_json:
            console.write_json(_json(None, asked, reply, kept), is_line=True)
        else:
            _show(reply, kept)
            console.show("")
    if failed and not is_terminal:  # whoever types has seen it and gone on
        raise typer.Exit(1)


def _questions(is_terminal: bool) -> Iterator[str]:
    """Yield what is typed or piped in, until an empty line or the end."""
    if is_terminal:
        import readline  # noqa: F401  # gives `input` the arrow keys and a history
    while True:
        try:
            line = input("> ") if is_terminal else sys.stdin.readline().removesuffix("\n")
        except EOFError:
            sys.stderr.write("\n")
            return
        if not line.strip():
            return
        yield line
