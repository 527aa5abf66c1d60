"""Sweeps over the papers: generated pages are fresh, links resolve, what the READMEs name exists."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

from clusterbot.settings import PREFIX, Settings
from test_architecture import COLUMNS, MODULES

ROOT = Path(__file__).parent.parent
READMES = [ROOT / "README.md", ROOT / "README.fr.md"]
PAPERS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def named(path: Path) -> str:
    """Return a file's name as a test id."""
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def generated() -> dict[Path, str]:
    pages: dict[Path, str] = runpy.run_path(str(ROOT / "docs" / "generate.py"))["pages"]()
    return pages


@pytest.mark.parametrize("name", ["cli.md", "settings.md"])
def test_generated_page_is_up_to_date(generated: dict[Path, str], name: str) -> None:
    path = ROOT / "docs" / name
    assert path.read_text(encoding="utf-8") == generated[path], "run: make docs"


def test_the_evaluation_page_is_up_to_date_with_its_results() -> None:
    pages: dict[Path, str] = runpy.run_path(str(ROOT / "docs" / "evaluation.py"))["pages"]()
    assert {path.suffix for path in pages} == {".md", ".svg"}
    for path, contents in pages.items():
        assert path.read_text(encoding="utf-8") == contents, "run: make docs"


def test_every_setting_is_documented() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `{PREFIX}{name.upper()}` |" in page
        assert field.description, f"{name} has no description"


def test_every_setting_that_a_paper_names_exists() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for path in PAPERS:
        for name in re.findall(rf"{PREFIX}[A-Z_]+", path.read_text(encoding="utf-8")):
            assert name in known, f"{named(path)} names {name}"


@pytest.mark.parametrize("path", [*PAPERS, ROOT / "Makefile"], ids=named)
def test_every_make_target_that_is_named_exists(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"(?:`|^    )make ([a-z]+)", text, re.MULTILINE):
        assert target in targets, f"make {target}"


@pytest.mark.parametrize("path", PAPERS, ids=named)
def test_every_link_between_papers_resolves(path: Path) -> None:
    text = FENCED.sub("", path.read_text(encoding="utf-8"))
    for target in LINK.findall(text):
        if not re.match(r"[a-z]+:", target):
            file, _, anchor = target.partition("#")
            found = (path.parent / file) if file else path
            assert found.exists(), target
            assert not anchor or anchor in anchors(found), target


def anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", FENCED.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", READMES, ids=named)
def test_readme_begins_with_the_two_commands(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert 0 < text.find("make demo") < text.find("make test") < 600


@pytest.mark.parametrize("path", READMES, ids=named)
def test_every_command_that_a_readme_shows_exists(generated: dict[Path, str], path: Path) -> None:
    known = set(re.findall(r"^#+ (clusterbot .+)$", generated[ROOT / "docs" / "cli.md"], re.MULTILINE))
    code = r"(?:`|^    )(?:\$ )?(?:\.venv/bin/)?(?:CLUSTERBOT_\w+=\S+ )?clusterbot ([a-z]+)(?: ([a-z]+))?"
    shown = re.findall(code, path.read_text(encoding="utf-8"), re.MULTILINE)
    assert shown
    for command, below in shown:
        assert f"clusterbot {command}" in known
        has_own = any(one.startswith(f"clusterbot {command} ") for one in known)
        assert not has_own or f"clusterbot {command} {below}" in known


def test_decisions_are_numbered_without_gaps_short_and_complete() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))
    for path in DECISIONS:
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) < 40, named(path)
        assert lines[0].startswith(f"# {path.name[:4]}. "), named(path)
        assert [line for line in lines if line.startswith("## ")] == ["## Context", "## Decision", "## Consequences"], named(path)


def test_the_architecture_shows_the_columns_that_are_enforced() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = page.partition("## Who imports whom")[2].partition("\n## ")[0]
    shown = [set(line.split()) for line in re.findall(r"^    (.+)$", section, re.MULTILINE)]
    there = {name for module in MODULES for name in (module, module.partition(".")[0])} - {"index", "__main__"}
    assert shown == [kept for column in COLUMNS if (kept := there.intersection(column))]


@pytest.mark.parametrize("module", [name for name in MODULES if "." not in name and name != "__main__"])
def test_every_module_stands_in_the_architecture(module: str) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert re.search(rf"^\|.*`{module}(\.py|/)`.*\|$", page, re.MULTILINE)


@pytest.mark.parametrize("name", ["security.md", "reliability.md"])
def test_every_test_that_a_paper_names_exists_and_every_row_names_one(name: str) -> None:
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    tests = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    known = {found for text in tests for found in re.findall(r"^(?:async )?def (test_\w+)\(", text, re.MULTILINE)}
    named_tests = re.findall(r"`(test_\w+)`", page)
    assert len(named_tests) > 15
    assert [one for one in named_tests if one not in known] == []
    for title in ("Threats", "Faults", "Older data"):
        rows = re.findall(r"^\| (?!---)(.+) \|$", page.partition(f"\n## {title}\n")[2].partition("\n## ")[0], re.MULTILINE)[1:]
        assert [row for row in rows if "`test_" not in row] == []
