"""For staff: files attached to `/corpus add`, and notes pinned from Discord."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clusterbot.bot import attached, curating
from clusterbot.bot.attached import safe_name
from clusterbot.bot.client import ClusterBot
from clusterbot.bot.runner import run_command
from clusterbot.corpus import read_corpus
from clusterbot.loopback import File
from discord_server import Person, Server
from stage import Stage
from test_bot_end_to_end import FRENCH, seen
from test_bot_staff import MANAGE_GUILD, environment

NOTE = {
    "français": "Corrigé : 1 300 emplois.",
    "anglais": "Corrected: 1,300 jobs.",
    "source": "https://aqua.example.org/rectificatif",
}
PAGE = """---
title: Aqua Nord ouvre un laboratoire
lang: fr
---

Aqua Nord ouvre un laboratoire à Val-d’Or en mai 2024. Vingt chercheurs y travaillent sur le traitement des eaux usées des
mines, avec trois entreprises de la région et le cégep. Le ministère verse deux millions de dollars sur quatre ans.
"""


def staff(server: Server, locale: str = "fr") -> Person:
    return server.person("Ana", locale=locale, roles=[server.add_role("équipe", MANAGE_GUILD)])


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Rapport annuel 2024.PDF", "Rapport-annuel-2024.pdf"),
        ("étude_générale.docx", "étude_générale.docx"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.md", "a.md"),
        ("-rf ; $(reboot).txt", "rf-reboot.txt"),
        (".bashrc", "bashrc"),
        ("...", "file"),
        ("\u202etxt.exe\n.md", "txt.exe.md"),
        ("x" * 500 + ".pdf", "x" * 60 + ".pdf"),
    ],
)
def test_a_file_gets_a_harmless_name_and_keeps_its_kind(given: str, kept: str) -> None:
    assert safe_name(given) == kept


def test_an_attached_file_is_added_by_a_process_of_its_own_and_nothing_stays_of_it(stage: Stage) -> None:
    environment(stage)
    ran: list[list[str]] = []

    async def add_only(arguments: list[str], on_line: Any) -> dict[str, Any]:
        ran.append(arguments)
        return {} if arguments[0] == "index" else await run_command(arguments, on_line)

    stage.monkeypatch.setattr(curating, "run_command", add_only)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        file = File("Labo & eaux.md", PAGE.encode())
        address = "https://aqua.example.org/labo"
        done = await staff(server).slash("corpus ajouter", adresse=address, fichier=file, within_s=60)
        await server.until(lambda: "ajouté" in seen(done.message), within_s=30)
        assert ran[0][:-1] == ["corpus", "add", "--yes", "--json", "--url", address, "--"]
        path = Path(ran[0][-1])
        assert path.name == "Labo-eaux.md" and not path.parent.exists()
        assert not [one for one in server.record.requests if path.parent.name in str(one.body)]

    stage(scenario)
    (added,) = [one for one in read_corpus(stage.corpus_dir).documents if one.title == "Aqua Nord ouvre un laboratoire"]
    assert (added.url, added.clusters) == ("https://aqua.example.org/labo", ("aqua_nord",))


def test_a_file_that_says_not_where_it_can_be_read_is_told_so_without_our_folders(stage: Stage) -> None:
    async def refused(arguments: list[str], on_line: Any) -> dict[str, Any]:
        if arguments[0] == "index":
            return {}
        await on_line(f"Reading {arguments[-1]}")
        told = {"source": arguments[-1], "error": f"{arguments[-1]} doesn't say where", "code": "address_missing"}
        return {"failed": [told, {**told, "code": "source_damaged"}]}

    stage.monkeypatch.setattr(curating, "run_command", refused)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        for locale, command, option, told in (
            ("fr", "corpus ajouter", "fichier", "donnez-en aussi l’adresse"),
            ("en-US", "corpus add", "file", "give its address too"),
        ):
            done = await staff(server, locale).slash(command, **{option: File("a.pdf", b"%PDF-")})
            await server.until(lambda done=done, told=told: told in seen(done.message))
            assert "a.pdf" in seen(done.message)
        assert not [one for one in server.record.requests if "clusterbot-" in str(one.body)]

    stage(scenario)


def test_what_cannot_be_added_is_told_before_anything_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(arguments: list[str], on_line: Any) -> dict[str, Any]:
        raise AssertionError(arguments)

    monkeypatch.setattr(curating, "run_command", never)
    monkeypatch.setattr(attached, "MAX_FILE_BYTES", 1 << 20)

    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = staff(server)
        assert "joignez un fichier" in seen((await ana.slash("corpus ajouter")).message)
        large = await ana.slash("corpus ajouter", fichier=File("a.pdf", bytes((1 << 20) + 1)))
        assert "dépasse 1\u00a0Mo" in seen(large.message)
        wrong = await ana.slash("corpus ajouter", fichier=File("a.pdf", b"%PDF-"), adresse="ftp://a.example.org")
        assert "n’est pas une adresse" in seen(wrong.message)
        monkeypatch.setattr(server, "upload", lambda file, upload=server.upload: upload(file) | {"url": server.api_url[:-7] + LOST})
        lost = await ana.slash("corpus ajouter", fichier=File("a.pdf", b"%PDF-"))
        await server.until(lambda: "joignez-le de nouveau" in seen(lost.message) or lost.followups)
        assert "joignez-le de nouveau" in "".join(seen(one) for one in (lost.message, *lost.followups))

    stage(scenario)


LOST = "ephemeral-attachments/1/a.pdf"


def test_staff_pin_a_note_to_a_sentence_and_readers_of_both_languages_see_it(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana, bob = staff(server), server.person("Bob")
        answer = seen((await ana.slash("demander", question=FRENCH)).message)
        receipt = bot.store.receipts()[0].id
        assert receipt in answer
        done = await ana.slash("corpus noter", réponse=receipt, **NOTE)
        assert "Note n°\u00a01 épinglée" in seen(done.message) and done.message is not None and done.message.is_ephemeral
        assert NOTE["français"] in seen((await ana.slash("demander", question=FRENCH)).message)
        noted = bot.store.errata()
        assert [(one.document_id, one.source) for one in noted] == [("aqua_nord.fr", NOTE["source"])]
        held = bot.store.export(str(ana.user.id))
        assert [one["action"] for one in held["audit"]] == ["corpus note"]
        told = seen((await bob.slash("ask", question=FRENCH, language="en")).message)
        assert NOTE["anglais"] in told

    stage(scenario)


def test_a_note_is_refused_where_the_words_it_is_about_are_not_known_or_have_changed(stage: Stage) -> None:
    async def scenario(server: Server, bot: ClusterBot) -> None:
        ana = staff(server)
        await ana.slash("demander", question=FRENCH)
        receipt = bot.store.receipts()[0].id
        strange = await ana.slash("corpus noter", réponse="2" * 12, **NOTE)
        assert "au bas de la réponse" in seen(strange.message)
        beyond = await ana.slash("corpus noter", réponse=receipt, citation=3, **NOTE)
        assert "ne compte que" in seen(beyond.message)
        page = stage.corpus_dir / "clusters" / "aqua_nord.fr.md"
        page.write_text(page.read_text(encoding="utf-8").replace("1 250 emplois", "1 300 emplois"), encoding="utf-8")
        stage.build()
        stage.assistant.reload()
        changed = await ana.slash("corpus noter", réponse=receipt, **NOTE)
        assert "la source a changé" in seen(changed.message).lower()
        assert bot.store.errata() == []

    stage(scenario)
