"""For staff: who may, what is done by a process of its own, and what is written down."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from clusterbot.bot import curating
from clusterbot.bot.client import ClusterBot
from clusterbot.bot.runner import run_command
from clusterbot.errors import UsageError
from clusterbot.index import snapshot
from clusterbot.loopback import CannotDo
from clusterbot.store.store import FILE
from discord_server import Server
from stage import Stage
from test_bot_end_to_end import FRENCH, LOST, seen

MANAGE_GUILD = 1 << 5


def environment(stage: Stage) -> None:
    """Let the commands that the bot runs work on this stage."""
    for name, folder in {"INDEX": stage.index_dir, "DATA": stage.data_dir, "CORPUS": stage.corpus_dir}.items():
        stage.monkeypatch.setenv(f"CLUSTERBOT_{name}_DIR", str(folder))


def test_staff_commands_are_seen_by_staff_alone(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        role = server.add_role("équipe", MANAGE_GUILD)
        ana, bob = server.person("Ana", locale="fr", roles=[role]), server.person("Bob")
        assert {"corpus", "lacunes"} <= set(ana.commands())
        assert not {"corpus", "gaps"} & set(bob.commands())
        with pytest.raises(CannotDo):
            await bob.slash("corpus status")

    stage(scenario)


def test_the_index_is_shown_and_rolled_back_by_staff_and_that_is_written_down(stage: Stage) -> None:
    environment(stage)
    first = snapshot.current_version(stage.index_dir)
    page = stage.corpus_dir / "clusters" / "aqua_nord.fr.md"
    page.write_text(page.read_text(encoding="utf-8").replace("1 250 emplois", "1 300 emplois"), encoding="utf-8")
    stage.build()
    stage.assistant.reload()

    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr", roles=[server.add_role("équipe", MANAGE_GUILD)])
        shown = seen((await ana.slash("corpus état")).message)
        assert first in shown and shown.index("(en service)") < shown.index(first)
        offered = await ana.complete("corpus revenir", version="2026")
        assert [one["value"] for one in offered] == [first]
        done = await ana.slash("corpus revenir", version=first, within_s=60)
        assert first in seen(done.message)
        assert snapshot.current_version(stage.index_dir) == first
        assert "1 250 emplois" in seen((await ana.slash("demander", question=FRENCH)).message).replace("\u00a0", " ")
        wrong = await ana.slash("corpus revenir", version="2020-01-01T000000Z-aaaaaa", within_s=60)
        assert "chec" in seen(wrong.message)
        assert bot.store.export(str(ana.user.id))["audit"][0]["action"] == "corpus rollback"

    stage(scenario)
    assert (stage.data_dir / FILE).exists()


def test_a_page_is_added_and_indexed_with_its_progress_in_the_message(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[list[str]] = []

    async def fake(arguments: list[str], on_line: Any) -> dict[str, Any]:
        ran.append(arguments)
        await on_line("Fetching @everyone")
        if arguments[0] == "index":
            return {"index": "v2", "documents": 7, "passages": 20, "embedded": 1, "removed": 0, "failed": []}
        return {
            "added": [{"document_id": "2026-a", "title": "A"}],
            "failed": [{"source": "https://b.example.org", "error": "gone"}],
        }

    monkeypatch.setattr(curating, "run_command", fake)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr", roles=[server.add_role("équipe", MANAGE_GUILD)])
        done = await ana.slash("corpus ajouter", adresse="https://a.example.org/page")
        await server.until(lambda: "ajouté" in seen(done.message))
        assert "2026-a" in seen(done.message) and "échec" in seen(done.message) and "7 documents" in seen(done.message)
        assert done.message is not None and done.message.is_ephemeral and not done.message.pings
        assert ran == [["corpus", "add", "--yes", "--json", "--", "https://a.example.org/page"], ["index", "build", "--json"]]
        for address in ("ftp://a.example.org", "https://a b.example.org", "--help-me-please"):
            refused = await ana.slash("corpus ajouter", adresse=address)
            assert "n’est pas une adresse" in seen(refused.message)
        assert len(ran) == 2
        await ana.slash("corpus actualiser", document="2026-a")
        assert ran[2] == ["corpus", "refresh", "--yes", "--json", "--", "2026-a"]

    stage(scenario)


def test_staff_are_told_why_a_page_failed_and_that_a_new_index_was_refused(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fake(arguments: list[str], on_line: Any) -> dict[str, Any]:
        if arguments[0] == "index":
            change = {"question": "Qui dirige @everyone ?", "outcome": "worse", "before": None, "after": None}
            return {"index": "v1", "refused": True, "golden": {"asked": 57, "changes": [change, {**change, "outcome": "changed"}]}}
        failed = {"source": "https://b.example.org", "error": "it is closed to us", "code": "login_wall"}
        return {"failed": [failed], "back": ["2026-a"]}

    monkeypatch.setattr(curating, "run_command", fake)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        role = server.add_role("équipe", MANAGE_GUILD)
        for lang, person, command, options in (
            ("fr", server.person("Ana", locale="fr", roles=[role]), "corpus ajouter", {"adresse": "https://b.example.org"}),
            ("en", server.person("Bob", locale="en-US", roles=[role]), "corpus add", {"address": "https://b.example.org"}),
        ):
            done = await person.slash(command, **options)
            told = {"fr": ("réservée aux abonnés", "1 des 57", "de nouveau"), "en": ("closed to us", "1 of 57", "online again")}
            await server.until(lambda done=done: "v1" in seen(done.message))
            assert all(part in seen(done.message) for part in told[lang])
            assert done.message is not None and not done.message.pings

    stage(scenario)


def test_one_job_at_a_time(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(arguments: list[str], on_line: Any) -> dict[str, Any]:
        await asyncio.sleep(0.3)
        return {}

    monkeypatch.setattr(curating, "run_command", slow)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        role = server.add_role("équipe", MANAGE_GUILD)
        ana, bob = (server.person(name, locale="fr", roles=[role]) for name in ("Ana", "Bob"))
        first = asyncio.create_task(ana.slash("corpus actualiser"))
        await asyncio.sleep(0.1)
        second = await bob.slash("corpus actualiser")
        assert "un autre travail est en cours" in seen(second.message).lower()
        await first

    stage(scenario)


@pytest.mark.parametrize(
    ("values", "told"),
    [({"staff_server": 1}, "que dans le serveur de l’équipe"), ({"staff_role": "Curation"}, "le rôle «\u00a0Curation")],
)
def test_who_is_not_of_the_staff_is_told_so(stage: Stage, values: dict[str, Any], told: str) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr", roles=[server.add_role("modération", MANAGE_GUILD)])
        for command in ("corpus état", "lacunes"):
            refused = await ana.slash(command)
            assert refused.message is not None and refused.message.is_ephemeral and told in seen(refused.message)

    stage(scenario, **values)


def test_a_bot_in_several_servers_takes_staff_from_none_until_one_is_named(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        server.add_guild("Ailleurs")
        await server.until(lambda: len(bot.guilds) == 2)
        ana = server.person("Ana", locale="fr", roles=[server.add_role("équipe", MANAGE_GUILD)])
        assert "CLUSTERBOT_STAFF_SERVER" in seen((await ana.slash("corpus état")).message)

    stage(scenario)


def test_gaps_are_shown_to_staff_the_most_asked_first(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = server.person("Ana", locale="fr", roles=[server.add_role("équipe", MANAGE_GUILD)])
        assert "aucune question" in seen((await ana.slash("lacunes")).message)
        for question in ("Quelle heure est-il à Gaspé ?", LOST, LOST):
            await ana.slash("demander", question=question)
        shown = seen((await ana.slash("lacunes")).message)
        assert shown.index("Quel temps fera-t-il") < shown.index("Quelle heure est-il")
        assert "2 fois" in shown.replace("\u00a0", " ")

    stage(scenario)


async def unheard(line: str) -> None:
    """Let a line pass."""


def test_a_command_that_fails_is_told_in_its_own_words(stage: Stage) -> None:
    environment(stage)
    heard: list[str] = []

    async def hear(line: str) -> None:
        heard.append(line)

    with pytest.raises(UsageError, match="there is no index version"):
        asyncio.run(run_command(["index", "use", "--json", "--", "nothing"], hear))
    assert heard


def test_a_command_that_hangs_is_ended_with_all_that_it_began(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "hang"
    script.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n", encoding="utf-8")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(script))
    with pytest.raises(UsageError, match="longer than"):
        asyncio.run(run_command(["index", "list"], unheard, timeout_s=0.5))
