"""`check` and `compare`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from clusterbot.cli import asking, console, opening, profiles
from clusterbot.errors import UsageError

if TYPE_CHECKING:
    from clusterbot.assistant import Assistant
    from clusterbot.models import Lang
    from clusterbot.settings import Settings


def check(
    claim: Annotated[str | None, typer.Argument(help="A claim in French or English, or a paragraph of claims.")] = None,
    batch: Annotated[
        str | None, typer.Option("--batch", metavar="FILE", help='Check each line {"id", "claim"} of a file, or of stdin (-).')
    ] = None,
    lang: asking.Language = None,
    as_json: console.AsJson = False,
) -> None:
    """Weigh a claim: what the sources say for and against it, with dates."""
    if (claim is None) == (batch is None):
        raise typer.BadParameter("give a CLAIM or --batch FILE, one of the two")
    settings = opening.open_settings()
    if batch is not None:
        _check_each(batch, settings, lang)
        return
    from clusterbot.questions import clean

    clean(claim or "")  # before the model is loaded, which takes seconds
    assistant = opening.open_assistant(settings)
    checked = assistant.check(claim or "", lang=lang)
    if as_json:
        from clusterbot.verdicts import check_json

        console.write_json(check_json(None, checked))
    else:
        from clusterbot.i18n import read_texts
        from clusterbot.verdicts import check_text

        console.show(check_text(checked, read_texts(checked.lang)), console.MAX_WIDTH)


def _check_each(batch: str, settings: Settings, lang: Lang | None) -> None:
    lines = asking.read_lines(batch)
    assistant = opening.open_assistant(settings)
    total = failed = 0
    for line in lines:
        total += 1
        result = _check_line(line, assistant, lang)
        failed += "error" in result
        console.write_json(result, is_line=True)
    if failed:
        console.tell_problem("batch", failed=failed, total=total)
        raise typer.Exit(1)


def _check_line(line: bytes, assistant: Assistant, lang: Lang | None) -> dict[str, Any]:
    from clusterbot.output import error_json
    from clusterbot.verdicts import check_json

    identity: object = None
    try:
        value = asking.parse_line(line)
        identity = value.get("id")
        asked, context, line_lang = asking.read_fields(value, "claim")
        return check_json(identity, assistant.check(asked, context, line_lang or lang))
    except UsageError as error:
        return error_json(identity, str(error))


def compare(
    names: Annotated[list[str], typer.Argument(metavar="NAME NAME [NAME]", help="Two or three clusters, by any name or id.")],
    picture: profiles.PictureFile = None,
    attribute: profiles.Drawn = "members",
    as_json: console.AsJson = False,
) -> None:
    """Show two or three clusters side by side, each value with its date; and draw a figure of them over time."""
    from clusterbot import comparison, verdicts

    if not 2 <= len(names) <= 3:
        raise typer.BadParameter("name two or three clusters")
    registry, loaded = opening.open_registry(opening.open_settings())
    texts, vocabulary = console.reader_texts(), loaded.tables.vocabulary
    compared = comparison.compare([registry.resolve_one(name, texts.lang) for name in names], vocabulary)
    if picture is not None:
        from clusterbot.pictures import over_time

        profiles.write_picture(picture, over_time(compared.clusters, attribute, vocabulary, texts))
    if as_json:
        console.write_json(verdicts.comparison_json(compared, loaded.manifest.version))
    else:
        console.show(verdicts.comparison_table(compared, vocabulary, texts), console.MAX_WIDTH)
