"""For staff: `/corpus add | refresh | status | rollback` and `/gaps`. Our own commands do the work, in a process of their own."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
from collections.abc import Callable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands

from clusterbot.bot.attached import check_size, safe_name, saved
from clusterbot.bot.embeds import SURE, UNKNOWN, paged
from clusterbot.bot.looking import MAX_CHOICE, MAX_CHOICES
from clusterbot.bot.markup import escape, shorten
from clusterbot.bot.presses import show
from clusterbot.bot.runner import run_command
from clusterbot.bot.speech import Commands, said, texts_of
from clusterbot.errors import AddressMissing, UsageError
from clusterbot.gaps import Gap, group, nearest_hit, read_fit
from clusterbot.i18n import Texts, write_day
from clusterbot.index import snapshot
from clusterbot.retrieval import Hit

if TYPE_CHECKING:
    from clusterbot.bot.client import ClusterBot

    Used = discord.Interaction[ClusterBot]

SHOWN_GAPS = 10
SHOWN_OUTCOMES = 8
EDIT_S = 2.0  # between two edits that show progress: Discord allows five in five seconds
STAFF = discord.Permissions(manage_guild=True)


def check_staff(interaction: Used) -> None:
    """Let staff pass: those whom Discord lets use the command, in our own server, with the role where one is set.

    Raises:
        UsageError: it is another server, or the role is missing; the message names the cure.
    """
    bot, guild = interaction.client, interaction.guild
    home, role = bot.settings.staff_server, bot.settings.staff_role
    if home is None and len(bot.guilds) > 1:
        raise UsageError("set CLUSTERBOT_STAFF_SERVER to the server whose staff may do this", "no_staff_server")
    if guild is None or (home is not None and guild.id != home):
        raise UsageError("staff commands don't work in this server", "not_staff_server")
    member = interaction.user
    held = {name for one in getattr(member, "roles", ()) for name in (one.name, str(one.id))}
    if role is not None and role not in held and not interaction.permissions.administrator:
        raise UsageError(f"this takes the role {role}", "not_staff", role=role)


corpus = app_commands.Group(name=said("corpus"), description=said("corpus_description"), default_permissions=STAFF, guild_only=True)


@corpus.command(name=said("add"), description=said("add_description"))
@app_commands.rename(address=said("address"), file=said("file"))
@app_commands.describe(address=said("address_description"), file=said("file_description"))
async def add(
    interaction: Used, address: app_commands.Range[str, 10, 1000] | None = None, file: discord.Attachment | None = None
) -> None:
    """Add a web page, or a file with the address where the public can read it, to the corpus and index it."""
    check_staff(interaction)
    if address is not None:
        check_address(address)
    command = ["corpus", "add", "--yes", "--json"]
    if file is None:
        if address is None:
            raise UsageError("give the address of a page, or attach a file", "nothing_to_add")
        await _work(interaction, "corpus add", address, [*command, "--", address])
        return
    check_size(file)
    detail = f"{PurePath(safe_name(file.filename)).suffix or 'file'}, {file.size} bytes, {address or 'no address'}"
    await _work(interaction, "corpus add", detail, [*command, *(["--url", address] if address else []), "--"], file)


def check_address(address: str) -> None:
    """Refuse what is no web address.

    Raises:
        UsageError: it isn't one.
    """
    if not address.startswith(("https://", "http://")) or any(char.isspace() for char in address):
        raise UsageError("that is no web address: give one that begins with https://", "no_address")


@corpus.command(name=said("refresh"), description=said("refresh_description"))
@app_commands.rename(document=said("document"))
@app_commands.describe(document=said("document_description"))
async def refresh(interaction: Used, document: app_commands.Range[str, 1, 200] | None = None) -> None:
    """Look whether stored pages have changed, and index what did."""
    check_staff(interaction)
    chosen = [] if document is None else [document]
    await _work(interaction, "corpus refresh", document or "*", ["corpus", "refresh", "--yes", "--json", "--", *chosen])


async def _work(interaction: Used, action: str, detail: str, arguments: list[str], file: discord.Attachment | None = None) -> None:
    """Run a command on the corpus, or on a file, then build the index, with the progress in the message and a line in the audit."""
    bot, texts = interaction.client, texts_of(interaction)
    if bot.working.locked():
        raise UsageError("another job is running: try again when it is done", "job_running")
    with bot.at_work():
        await interaction.response.defer(thinking=True, ephemeral=True)
        async with bot.working:
            await bot.keep(bot.store.audit, action, detail, dt.datetime.now(dt.UTC), str(interaction.user.id))
            progress = _Progress(interaction, texts)
            found = await _found(bot, arguments, file, progress)
            built = await run_command(["index", "build", "--json"], progress.tell)
        await bot.read(bot.assistant.reload)
        (embed, *_) = paged([*_outcomes(found, texts), _built(built, texts)], SURE)
        await interaction.edit_original_response(content=None, embed=embed)


async def _found(bot: ClusterBot, arguments: list[str], file: discord.Attachment | None, progress: _Progress) -> dict[str, Any]:
    """Run a command; where a file waits for it, no one reads the folder's name in what is told."""
    if file is None:
        return await run_command(arguments, progress.tell)
    async with saved(bot, file) as path:
        folder = f"{path.parent}{os.sep}"
        found = await run_command([*arguments, str(path)], lambda line: progress.tell(line.replace(folder, "")))
        failed = [{key: str(value).replace(folder, "") for key, value in one.items()} for one in found.get("failed", ())]
        return found | {"failed": failed}


class _Progress:
    """Shows the last line of a running command in the answer, not more often than Discord likes."""

    def __init__(self, interaction: Used, texts: Texts) -> None:
        self._interaction = interaction
        self._texts = texts
        self._shown_at = 0.0

    async def tell(self, line: str) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._shown_at >= EDIT_S:
            self._shown_at = now
            await self._interaction.edit_original_response(content=self._texts("bot.working", line=escape(shorten(line, 300))))


def _outcomes(found: dict[str, Any], texts: Texts) -> list[str]:
    """Tell what became of each document."""
    lines = []
    for outcome in ("added", "replaced", "unchanged", "removed", "gone", "back", "failed"):
        label = texts(f"bot.outcome_{outcome}")
        for one in found.get(outcome, ())[:SHOWN_OUTCOMES]:
            named = one if isinstance(one, str) else one.get("document_id") or one.get("source", "")
            error = "" if isinstance(one, str) or "error" not in one else f" ({escape(shorten(_problem(one, texts), 300))})"
            lines.append(f"• {label} {escape(shorten(str(named), 200))}{error}")
    return ["\n".join(lines)] if lines else []


def _problem(failed: dict[str, Any], texts: Texts) -> str:
    """Return why a source failed: in English what happened, in French what kind of error it is, each with the cure."""
    if failed.get("code") == AddressMissing.code:
        return texts("bot.file_without_address")
    key = f"error.{failed.get('code')}"
    return texts(key) if texts.lang == "fr" and key in texts else str(failed["error"])


def _built(report: dict[str, Any], texts: Texts) -> str:
    if report.get("refused"):
        golden = report.get("golden", {})
        lost = [str(one["question"]) for one in golden.get("changes", ()) if one["outcome"] == "worse"]
        shown = "\n".join(f"• {escape(shorten(one, 200))}" for one in lost[:SHOWN_OUTCOMES])
        told = texts("bot.index_refused", index=escape(str(report["index"])), lost=len(lost), asked=golden.get("asked", 0))
        return f"⚠️ {told}\n{shown}"
    counts = {key: report.get(key, 0) for key in ("documents", "passages", "embedded", "removed")}
    return texts("bot.index_built", index=escape(str(report.get("index"))), failed=len(report.get("failed", ())), **counts)


@corpus.command(name=said("status"), description=said("status_description"))
async def status(interaction: Used) -> None:
    """Show the versions of the index and which is live."""
    check_staff(interaction)
    bot, texts = interaction.client, texts_of(interaction)
    await interaction.response.defer(thinking=True, ephemeral=True)
    held = await bot.read(snapshot.versions, bot.assistant.index_dir)
    live = bot.assistant.engine.snapshot.manifest.version
    lines = []
    for one in held:
        mark = f" **({texts('index.live')})**" if one.version == live else ""
        counts = texts("bot.version", documents=one.documents, passages=sum(one.passages.values()))
        lines.append(f"• {escape(one.version)}{mark}{texts('report.colon')} {counts}")
    running = [texts("bot.job_runs")] if bot.working.locked() else []
    await show(interaction, paged(["\n".join(lines), *running], SURE, texts("bot.status_title")))


async def complete_version(interaction: Used, current: str) -> list[app_commands.Choice[str]]:
    """Propose the kept versions of the index but the live one."""
    check_staff(interaction)
    bot = interaction.client
    live = bot.assistant.engine.snapshot.manifest.version
    names = [one.version for one in await bot.read(snapshot.versions, bot.assistant.index_dir)]
    found = [name for name in names if name != live and current in name]
    return [app_commands.Choice(name=shorten(name, MAX_CHOICE), value=name) for name in found[:MAX_CHOICES]]


@corpus.command(name=said("rollback"), description=said("rollback_description"))
@app_commands.rename(version=said("version"))
@app_commands.describe(version=said("version_description"))
@app_commands.autocomplete(version=complete_version)
async def rollback(interaction: Used, version: app_commands.Range[str, 1, 60]) -> None:
    """Go back to a version of the index that is still kept."""
    check_staff(interaction)
    bot, texts = interaction.client, texts_of(interaction)
    with bot.at_work():
        await interaction.response.defer(thinking=True, ephemeral=True)
        await bot.keep(bot.store.audit, "corpus rollback", version, dt.datetime.now(dt.UTC), str(interaction.user.id))
        await run_command(["index", "use", "--json", "--", version], _unheard)
        await bot.read(bot.assistant.reload)
        await interaction.followup.send(texts("index.used", version=escape(version)), ephemeral=True)


async def _unheard(line: str) -> None:
    """Let a line of progress pass."""


@app_commands.command(name=said("gaps"), description=said("gaps_description"))
@app_commands.default_permissions(manage_guild=True)
@app_commands.guild_only()
async def gaps(interaction: Used) -> None:
    """Show what was asked in vain, the most asked first."""
    check_staff(interaction)
    bot, texts = interaction.client, texts_of(interaction)
    with bot.at_work():
        await interaction.response.defer(thinking=True, ephemeral=True)
        questions = await bot.keep(bot.store.open_gaps)
        found = await bot.compute(_grouped(bot, questions))
        blocks = [_gap(gap, nearest, texts) for gap, nearest in found] or [texts("gaps.none")]
        await show(interaction, paged(blocks, UNKNOWN, texts("bot.gaps_title")))


def _grouped(bot: ClusterBot, questions: Any) -> Callable[[], list[tuple[Gap, Hit | None]]]:  # noqa: ANN401
    def grouped() -> list[tuple[Gap, Hit | None]]:
        largest = group(questions, bot.assistant, read_fit())[:SHOWN_GAPS]
        return [(gap, nearest_hit(gap, bot.assistant)) for gap in largest]

    return grouped


def _gap(gap: Gap, nearest: Hit | None, texts: Texts) -> str:
    told = texts("gaps.told", count=len(gap.members), date=write_day(gap.last_at, texts), unhelpful=gap.unhelpful)
    lines = [f"**{escape(shorten(gap.question, 300))}**", told]
    if nearest is not None:
        document = nearest.passage.document
        lines.append("-# " + escape(texts("gaps.nearest", title=shorten(document.title, 150), id=nearest.passage.id)))
    return "\n".join(lines)


COMMANDS: Commands = (gaps,)  # the group is whole in noting.py
