"""`corpus add | refresh | remove`, as a person or a program meets them, against a web server on the loopback."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from clusterbot.cli import ingesting
from clusterbot.corpus import changing, read_corpus, read_document
from clusterbot.errors import StorageError
from clusterbot.lint import lint
from clusterbot.models import Document
from commands import Cli, one_error_line
from fakes import JOURNAL, document, write_file
from web_server import Page, Site, serving

PAGES = Path(__file__).parent / "pages"
ID = "2025-02-11-bois-boreal-veut-doubler-sa-capacite-de-sechage"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        yield running


@pytest.fixture
def web(cli: Cli, site: Site, monkeypatch: pytest.MonkeyPatch) -> Cli:
    monkeypatch.setenv("CLUSTERBOT_ALLOW_PRIVATE_HOSTS", "true")
    return cli


def article(site: Site, path: str = "/a", text: str | None = None, **headers: str) -> str:
    """Serve the newspaper's page at a path, without the address that it calls its own."""
    content = (PAGES / "news-wordpress.html").read_text(encoding="utf-8").replace('rel="canonical"', 'rel="other"')
    if text is not None:
        content = content.replace("Les premiers travaux commenceront en mai 2025 à Amos", text)
    site.pages[path] = Page(content.encode(), headers=headers)
    return site.url(path)


def stored(corpus_dir: Path, document_id: str = ID) -> Document:
    return read_document(corpus_dir / "articles" / f"{document_id}.md", corpus_dir)


def add(web: Cli, *arguments: str) -> dict[str, Any]:
    ended = web("corpus", "add", *arguments, "--yes", "--json")
    assert ended.status == 0, ended.err
    result: dict[str, Any] = ended.json
    return result


def test_add_json_has_the_keys_that_others_rely_on(web: Cli, site: Site, corpus_dir: Path) -> None:
    result = add(web, article(site))
    assert result["added"] == [
        {
            "document_id": ID,
            "file": f"articles/{ID}.md",
            "title": "Bois Boréal veut doubler sa capacité de séchage",
            "lang": "fr",
            "published": "2025-02-11",
            "clusters": ["bois_boreal"],
        }
    ]
    lists = {key: value for key, value in result.items() if key != "added"}
    assert lists == {key: [] for key in ("replaced", "unchanged", "removed", "gone", "back", "declined", "dead_sources", "failed")}


def test_an_added_page_is_a_document_that_answers_with_its_own_words(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    made = stored(corpus_dir)
    assert (made.author, made.publisher, made.licence, made.kind) == ("Luc Roby", "La Gazette du Nord", "not stated", "article")
    assert made.text == (PAGES / "news-wordpress.html.expected.md").read_text(encoding="utf-8").strip()
    assert lint(read_corpus(corpus_dir), corpus_dir) == []
    assert web("index", "build").status == 0
    answer = web("ask", "Combien d’emplois ou de membres Bois Boréal comptait-il en janvier 2025 ?", "--json").json
    assert any(quote["document_id"] == ID for quote in answer["quotes"] + answer["passages"])


def test_what_was_found_is_shown_and_nothing_is_written_without_a_yes(web: Cli, site: Site, corpus_dir: Path) -> None:
    shown = web("corpus", "add", article(site), stdin=b"no\n")
    for part in ("Reminder: store only texts", "Title: Bois Boréal veut", "Author: Luc Roby", "Date: February 11, 2025"):
        assert part in shown.err
    assert "Language: French" in shown.err
    assert "Clusters: bois_boreal" in shown.err
    assert shown.err.rstrip().endswith("Add it to the corpus? [y/N]")
    assert not (corpus_dir / "articles" / f"{ID}.md").exists()
    assert web("corpus", "add", article(site)).status == 0  # the end of the input is no yes either
    assert not (corpus_dir / "articles" / f"{ID}.md").exists()
    assert "Added: 1." in web("corpus", "add", article(site), stdin=b"oui\n").out
    assert stored(corpus_dir)


def test_progress_is_on_stderr_one_line_each(web: Cli, site: Site) -> None:
    ended = web("corpus", "add", article(site), "--yes", "--json")
    assert json.loads(ended.written)["added"]
    assert f"Reading {site.url('/a')}" in ended.err.splitlines()


def test_adding_an_address_again_replaces_and_keeps_the_id(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    assert add(web, site.url("/a") + "?utm_source=x#top")["unchanged"] == [ID]
    result = add(web, article(site, text="Les premiers travaux sont reportés à 2026 à Amos"))
    assert result["replaced"][0]["document_id"] == ID
    assert result["replaced"][0]["difference"]["added"] == [
        "Les premiers travaux sont reportés à 2026 à Amos, où le terrain est déjà prêt."
    ]
    assert "2026" in stored(corpus_dir).text
    assert len(list((corpus_dir / "articles").glob("2025-02-11*"))) == 1


def test_the_same_text_under_another_address_is_recognised(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    again = web("corpus", "add", article(site, "/elsewhere"), "--yes", "--json")
    assert again.json["unchanged"] == [ID]
    assert f"There already, unchanged: {ID}" in again.err
    assert len(list((corpus_dir / "articles").glob("2025-02-11*"))) == 1


def test_two_pages_of_one_title_get_two_ids(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    assert add(web, article(site, "/b", text="Autre texte"))["added"][0]["document_id"] == f"{ID}-2"


def test_a_page_that_a_digest_tells_of_is_not_added_beside_it(web: Cli, site: Site, corpus_dir: Path) -> None:
    path = corpus_dir / "articles" / "2020-02-01-journal-bois.md"
    path.write_text(path.read_text(encoding="utf-8").replace(JOURNAL, site.url("/a")), encoding="utf-8")
    ended = web("corpus", "add", article(site), "--yes")
    assert ended.status == 1
    assert "clusterbot corpus remove 2020-02-01-journal-bois" in ended.err


def test_quote_only_keeps_excerpts(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site), "--quote-only")
    made = stored(corpus_dir)
    whole = (PAGES / "news-wordpress.html.expected.md").read_text(encoding="utf-8")
    parts = made.text.split("\n\n")
    assert 1 < len(parts) <= 5
    assert all(part in whole for part in parts)
    assert len(made.text) < len(whole)


def test_what_the_person_says_wins_over_what_the_page_says(web: Cli, site: Site, corpus_dir: Path) -> None:
    options = [
        "--title",
        "Titre à nous",
        "--publisher",
        "Le Nord",
        "--published",
        "2025-02",
        "--licence",
        "CC BY 4.0",
        "--cluster",
        "aqua_nord",
    ]
    result = add(web, article(site), *options)
    made = stored(corpus_dir, result["added"][0]["document_id"])
    assert made.id == "2025-02-titre-a-nous"
    assert (made.publisher, made.published, made.licence, made.clusters) == ("Le Nord", "2025-02", "CC BY 4.0", ("aqua_nord",))
    one_error_line(web("corpus", "add", site.url("/a"), "--published", "hier"), "YYYY-MM-DD")
    assert "clusterbot clusters" in web("corpus", "add", site.url("/a"), "--cluster", "nobody").err
    assert web("corpus", "add", "a", "b", "--url", "https://example.org").status == 2


def test_files_need_an_address(web: Cli, corpus_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "page.txt"
    file.write_text(
        "Un titre\n\n" + "La grappe Aqua Nord compte des membres et tient un forum chaque année à Rimouski. " * 4, encoding="utf-8"
    )
    failed = web("corpus", "add", str(file), "--yes", "--json")
    assert failed.status == 1
    assert failed.json["failed"][0]["code"] == "address_missing"
    assert "--url" in failed.json["failed"][0]["error"]
    result = add(web, str(file), "--url", "https://aqua.example.org/forum")
    assert result["added"][0]["document_id"] == "undated-un-titre"
    assert stored(corpus_dir, "undated-un-titre").url == "https://aqua.example.org/forum"
    assert not (corpus_dir / "fetched" / "undated-un-titre.json").exists()


def test_a_pdf_and_a_saved_page_are_added_from_files(web: Cli, corpus_dir: Path) -> None:
    assert add(web, str(PAGES / "news-wordpress.html"))["added"][0]["document_id"] == ID
    assert stored(corpus_dir).url == "https://gazette.example.org/2025/02/bois-boreal-sechage/"
    result = add(web, str(PAGES / "report-two-columns.pdf"), "--url", "https://bois.example.org/r.pdf", "--published", "2025")
    assert result["added"][0]["document_id"] == "2025-rapport-annuel-2024"


def test_a_feed_gives_its_new_pages_up_to_the_limit(web: Cli, site: Site, corpus_dir: Path) -> None:
    for n in range(4):
        article(site, f"/{n}", text=f"Texte numéro {n}")
    entries = "".join(f"<item><title>{n}</title><link>{site.url(f'/{n}')}</link></item>" for n in range(4))
    site.pages["/feed"] = Page(f"<rss version='2.0'><channel>{entries}</channel></rss>".encode(), "application/rss+xml")
    first = web("corpus", "add", site.url("/feed"), "--limit", "3", "--yes", "--json")
    assert len(first.json["added"]) == 3
    assert "4 pages, 4 of them new; 3 are taken, 1 wait" in first.err
    second = web("corpus", "add", site.url("/feed"), "--yes", "--json")
    assert len(second.json["added"]) == 1
    assert "4 pages, 1 of them new" in second.err


def test_entries_of_a_feed_are_asked_for_one_by_one(web: Cli, site: Site) -> None:
    for n in range(3):
        article(site, f"/{n}", text=f"Texte numéro {n}")
    index = f"<sitemapindex><sitemap><loc>{site.url('/map')}</loc></sitemap></sitemapindex>"
    entries = "".join(f"<url><loc>{site.url(f'/{n}')}</loc></url>" for n in range(3))
    site.pages["/index"] = Page(index.encode(), "application/xml")
    site.pages["/map"] = Page(f"<urlset>{entries}</urlset>".encode(), "text/xml")
    ended = web("corpus", "add", site.url("/index"), "--json", stdin=b"y\nn\ny\n")
    assert (len(ended.json["added"]), len(ended.json["declined"])) == (2, 1)


def test_one_bad_source_does_not_stop_the_others(web: Cli, site: Site) -> None:
    ended = web("corpus", "add", site.url("/nowhere"), article(site), "missing.pdf", "--yes", "--json")
    assert ended.status == 1
    assert [(one["source"], one["code"]) for one in ended.json["failed"]] == [
        (site.url("/nowhere"), "page_gone"),
        ("missing.pdf", "usage"),
    ]
    assert len(ended.json["added"]) == 1
    assert ended.err.count("error: ") == 2


def test_errors_are_told_in_the_readers_language_with_the_cure(web: Cli, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "fr_CA.UTF-8")
    site.pages["/wall"] = Page((PAGES / "login-wall.html").read_bytes())
    ended = web("corpus", "add", site.url("/wall"))
    assert ended.status == 1
    assert "la page est réservée aux abonnés" in ended.err
    monkeypatch.setenv("CLUSTERBOT_ALLOW_PRIVATE_HOSTS", "false")
    assert "CLUSTERBOT_ALLOW_PRIVATE_HOSTS=true" in web("corpus", "add", site.url("/wall")).err


# --- refresh


def test_refresh_asks_with_the_validators_and_does_nothing_where_nothing_changed(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site, ETag='"v1"'))
    before = {path: path.read_bytes() for path in corpus_dir.rglob("*.md")}
    result = web("corpus", "refresh", ID, "--yes", "--json")
    assert (result.status, result.json["unchanged"]) == (0, [ID])
    assert site.asked[-1][1]["If-None-Match"] == '"v1"'
    assert {path: path.read_bytes() for path in corpus_dir.rglob("*.md")} == before


def test_refresh_shows_what_changed_sentence_by_sentence_and_asks(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site, ETag='"v1"'))
    article(site, text="Les travaux sont reportés", ETag='"v2"')
    shown = web("corpus", "refresh", ID, stdin=b"n\n")
    assert "- Les premiers travaux commenceront en mai 2025 à Amos, où le terrain est déjà prêt." in shown.err
    assert "+ Les travaux sont reportés, où le terrain est déjà prêt." in shown.err
    assert "mai 2025" in stored(corpus_dir).text
    result = web("corpus", "refresh", ID, "--yes", "--json").json
    assert result["replaced"][0]["document_id"] == ID
    assert "reportés" in stored(corpus_dir).text
    states = json.loads((corpus_dir / "fetched" / f"{ID}.json").read_text(encoding="utf-8"))["states"]
    assert [state["etag"] for state in states] == ['"v2"', '"v1"']
    assert "mai 2025" in states[1]["text"]  # what was quoted can still be read
    assert web("corpus", "refresh", ID, "--json").json["unchanged"] == [ID]


def test_a_page_that_is_gone_is_marked_still_quoted_and_said_to_be_gone(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    page = site.pages.pop("/a")
    result = web("corpus", "refresh", ID, "--json")
    assert (result.status, result.json["gone"]) == (0, [ID])
    made = stored(corpus_dir)
    assert made.gone is not None
    assert "140 membres en janvier 2025" in made.text
    assert web("index", "build").status == 0
    question = "Combien de membres Bois Boréal comptait-il en janvier 2025 ?"
    quotes = web("ask", question, "--json").json["quotes"]
    gone = [quote["gone"] for quote in quotes if quote["document_id"] == ID]
    assert gone == [made.gone] * len(gone)
    if gone:
        assert "La page n’est plus en ligne" in web("ask", question).out
    assert web("corpus", "refresh", ID, "--json").json["unchanged"] == [ID]
    site.pages["/a"] = page
    assert web("corpus", "refresh", ID, "--json").json["back"] == [ID]
    assert stored(corpus_dir).gone is None


def test_our_own_words_are_never_replaced_but_their_pages_are_asked_for(web: Cli, site: Site, corpus_dir: Path) -> None:
    path = corpus_dir / "articles" / "2020-02-01-journal-bois.md"
    path.write_text(path.read_text(encoding="utf-8").replace(JOURNAL, site.url("/a")), encoding="utf-8")
    article(site)
    before = path.read_text(encoding="utf-8")
    assert web("corpus", "refresh", path.stem, "--yes", "--json").json["unchanged"] == [path.stem]
    assert path.read_text(encoding="utf-8") == before
    del site.pages["/a"]
    assert web("corpus", "refresh", path.stem, "--yes", "--json").json["gone"] == [path.stem]
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line not in before.splitlines()] == [f"gone: '{stored(corpus_dir, path.stem).gone}'"]
    article(site)
    web("corpus", "refresh", path.stem, "--json")
    assert path.read_text(encoding="utf-8") == before


def test_a_text_changed_by_hand_is_not_overwritten(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    path = corpus_dir / "articles" / f"{ID}.md"
    path.write_text(path.read_text(encoding="utf-8").replace("140 membres", "141 membres"), encoding="utf-8")
    article(site, text="Autre texte")
    ended = web("corpus", "refresh", ID, "--yes", "--json")
    assert (ended.status, ended.json["failed"][0]["code"]) == (1, "source_edited")
    assert "141 membres" in stored(corpus_dir).text
    assert add(web, site.url("/a"))["replaced"][0]["document_id"] == ID


def test_a_page_that_became_a_login_page_keeps_the_text_that_was_quoted(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    before = stored(corpus_dir)
    site.pages["/a"] = Page((PAGES / "login-wall.html").read_bytes())
    assert web("corpus", "refresh", ID, "--yes", "--json").json["failed"][0]["code"] == "login_wall"
    assert stored(corpus_dir) == before


def test_refresh_of_all_lists_dead_links_and_asks_each_page_once(web: Cli, site: Site, corpus_dir: Path) -> None:
    for path in [*(corpus_dir / "clusters").glob("*.md"), *(corpus_dir / "articles").glob("*.md")]:
        address = site.url("/" + path.stem.partition(".")[0])
        content = re.sub(r"^url: .*$", f"url: {address}", path.read_text(encoding="utf-8"), flags=re.M)
        path.write_text(content, encoding="utf-8")
    article(site, "/bois_boreal")
    result = web("corpus", "refresh", "--json").json
    assert sorted(result["gone"]) == ["2020-02-01-journal-bois", "2020-11-05-gazette-wood", "aqua_nord.en", "aqua_nord.fr"]
    assert sorted(result["unchanged"]) == ["bois_boreal.en", "bois_boreal.fr"]
    assert len(site.paths) == len(set(site.paths))


def move(corpus_dir: Path, site: Site, **pages: str) -> None:
    """Have the profiles name pages of a site instead of those that they do: path by the host's first word."""
    for path in (corpus_dir / "clusters").glob("*.md"):
        content = path.read_text(encoding="utf-8")
        for host, page in pages.items():
            content = re.sub(rf"https://{host}\.example\.org(/bois)?", site.url(page), content)
        path.write_text(content, encoding="utf-8")


def test_refresh_lists_the_facts_whose_source_is_gone(
    web: Cli, site: Site, corpus_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingesting, "SOURCES_PAUSE_S", 0.0)
    site.pages |= {"/there": Page(b"<p>"), "/closed": Page(status=403), "/broken": Page(status=500)}
    move(corpus_dir, site, journal="/gone", gazette="/broken", bois="/there", aqua="/closed")
    ended = web("corpus", "refresh", "bois_boreal.fr", "aqua_nord.fr", "bois_boreal.en", "--sources", "--json")
    facts = [{"document_id": f"bois_boreal.{lang}", "attribute": "members"} for lang in ("fr", "en")]
    assert ended.json["dead_sources"] == [{"address": site.url("/gone"), "facts": facts}]
    assert [(one["source"], one["code"]) for one in ended.json["failed"]] == [(site.url("/broken"), "page_refused")]
    assert sorted(site.paths) == ["/broken", "/closed", "/gone", "/there"]
    shown = web("corpus", "refresh", "bois_boreal.fr", "--sources").out.splitlines()
    assert shown[:2] == [f"This source is gone: {site.url('/gone')}", "  bois_boreal.fr: members"]


def test_without_being_asked_refresh_leaves_the_sources_of_facts_alone(web: Cli, site: Site, corpus_dir: Path) -> None:
    site.pages["/there"] = Page(b"<p>")
    move(corpus_dir, site, journal="/gone", gazette="/gone", bois="/there")
    assert web("corpus", "refresh", "bois_boreal.fr", "--json").json["dead_sources"] == []
    assert site.paths == ["/there"]


def test_remove_removes_the_document_and_what_was_fetched(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    assert web("corpus", "remove", ID, stdin=b"n\n").status == 0
    assert stored(corpus_dir)
    result = web("corpus", "remove", ID, "nobody", "--yes", "--json")
    assert (result.json["removed"], result.json["failed"][0]["source"]) == ([ID], "nobody")
    assert not list(corpus_dir.rglob(f"{ID}*"))
    assert web("index", "build", "--json").json["failed"] == []


def test_a_deleted_article_is_gone_from_the_next_answer(web: Cli, site: Site) -> None:
    add(web, article(site))
    web("index", "build")
    question = "Combien de membres Bois Boréal comptait-il en janvier 2025 ?"
    assert ID in json.dumps(web("ask", question, "--json").json)
    web("corpus", "remove", ID, "--yes")
    assert web("index", "build", "--json").json["embedded"] == 0
    assert ID not in json.dumps(web("ask", question, "--json").json)


# --- one at a time, and killed at any moment


def test_a_second_writer_waits_and_then_says_so(corpus_dir: Path) -> None:
    with changing(corpus_dir), pytest.raises(StorageError, match="another process is writing"), changing(corpus_dir, 0.1):
        pass


def write_for_ever(corpus_dir: Path, index_dir: Path, seed: int, ready: Callable[[], None]) -> None:
    """Add, replace, mark as gone, remove and build without end: what commands do, without fetching and reading."""
    import datetime as dt

    from clusterbot.analysis import identify_language
    from clusterbot.index.build import Recipe, build_index
    from clusterbot.ingest.changes import Library, Plan
    from clusterbot.ingest.compose import Given
    from clusterbot.ingest.fetch import Fetcher, Validators
    from clusterbot.ingest.parsed import Block
    from clusterbot.ingest.parsed import Page as Read
    from clusterbot.ingest.reading import Source
    from clusterbot.passages import PassageSettings
    from fakes import KeywordEmbedder

    chance = random.Random(seed)
    library = Library(corpus_dir, Fetcher("test"), dt.date(2026, 11, 24))
    identify_language("chargé d’avance, ce qui prend une demi-seconde")
    ready()
    while True:
        n, version = chance.randrange(5), chance.randrange(3)
        text = f"Page {n} en version {version}. " + "Elle parle de bois et de membres avec assez de mots. " * 20
        page = Read(title=f"Page {n}", blocks=(Block(kind="paragraph", text=text),))
        source = Source(f"https://example.org/{n}", page, Validators(etag=f'"{n}-{version}"'))
        done = library.apply(library.plan_add(source, Given()))
        made = done.document
        if chance.random() < 0.3:
            marked = made.model_copy(update={"gone": None if made.gone else "2026-11-24"})
            library.apply(Plan("gone" if marked.gone else "back", marked, made, None))
        elif chance.random() < 0.3:
            library.remove(made)
        elif chance.random() < 0.3:
            build_index(read_corpus(corpus_dir), index_dir, KeywordEmbedder(), Recipe(PassageSettings(200, 1), {}, ""))


def _run(corpus_dir: Path, index_dir: Path, seed: int, sending: Any) -> None:
    write_for_ever(corpus_dir, index_dir, seed, lambda: sending.send("ready"))


def test_a_hundred_kills_at_random_moments_leave_a_valid_corpus_and_index(
    corpus_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from clusterbot.index import snapshot
    from clusterbot.ingest.records import read_record

    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["test_ingesting"])
    index_dir = tmp_path / "index"
    chance, etags = random.Random(1), 0
    for seed in range(100):
        receiving, sending = processes.Pipe(duplex=False)
        writer = processes.Process(target=_run, args=(corpus_dir, index_dir, seed, sending))
        writer.start()
        assert receiving.recv() == "ready"
        time.sleep(chance.uniform(0, 0.15))
        assert writer.is_alive()
        writer.kill()
        writer.join()
        read = read_corpus(corpus_dir)
        assert read.failed == ()
        for one in read.documents:
            if one.title.startswith("Page"):
                record = read_record(corpus_dir, one.id)
                assert record is not None
                state = record.state_of(one.text)
                assert state is not None
                assert state.etag == f'"{one.title[5]}-{one.text[18]}"'  # the server's mark is that of this very text
                etags += 1
        if (index_dir / "CURRENT").exists():
            snapshot.load(index_dir)
    assert etags > 50
    with changing(corpus_dir):
        assert not list(corpus_dir.glob("*/.*.new"))
    assert {one.stem for one in (corpus_dir / "fetched").glob("*.json")} >= {
        one.id for one in read_corpus(corpus_dir).documents if one.title.startswith("Page")
    }


def test_a_damaged_record_is_told_and_costs_one_document(web: Cli, site: Site, corpus_dir: Path) -> None:
    add(web, article(site))
    (corpus_dir / "fetched" / f"{ID}.json").write_text("{", encoding="utf-8")
    ended = web("corpus", "refresh", ID, "--json")
    assert ended.json["failed"][0]["code"] == "corpus"
    assert "corpus add" in ended.err


def test_documents_of_before_have_no_new_keys(corpus_dir: Path) -> None:
    made = document()
    assert (made.gone, made.author) == (None, None)
    path = write_file(corpus_dir / "articles" / "2020-01-02-x.md", {"title": "X", "lang": "fr", "gone": "hier"}, "Texte.")
    assert any("gone" in str(error) or "url" in str(error) for error in read_corpus(corpus_dir).failed)
    path.unlink()
