"""Follow docs/deploy.md to the letter, as root on a throw-away machine, with a Discord on the same machine; tell what came of it.

    python benchmarks/newcomer.py --yes-on-this-machine [--skip download.pytorch.org] [--remove]

It runs every `sh` block of the English half in order, so it makes an account, /opt/clusterbot, /srv/clusterbot, /etc/clusterbot.env
and a unit; `--remove` takes them away again. Where systemd doesn't run the machine (in a container), a stand-in for `systemctl`
starts what the unit says, as the account it names, without its confinement. Lines that hold `--skip`'s text are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from clusterbot.loopback import Server

ROOT = Path(__file__).parent.parent
MADE = (
    *("/opt/clusterbot", "/srv/clusterbot", "/etc/clusterbot.env", "/etc/systemd/system/clusterbot.service"),
    "/usr/local/sbin/clusterbot",
)
BINARIES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/bin"
SYSTEMCTL = """#!/usr/bin/env python3
import os, re, signal, subprocess, sys, time
from pathlib import Path
pidfile = Path("/run/clusterbot-stand-in.pid")
def start():
    unit = Path("/etc/systemd/system/clusterbot.service").read_text()
    lines = dict(re.findall(r"^(EnvironmentFile|ExecStartPre|ExecStart|User|WorkingDirectory)=(.*)$", unit, re.M))
    settings = re.findall(r"^(\\w+)=(.*)$", Path(lines["EnvironmentFile"]).read_text(), re.M)
    environment = {"PATH": "/usr/bin:/bin", **dict(settings)}
    as_user = ["/usr/sbin/runuser", "-u", lines["User"], "--"]
    given = {"env": environment, "cwd": lines["WorkingDirectory"]}
    subprocess.run(as_user + lines["ExecStartPre"].lstrip("-").split(), **given)
    given["stdout"] = given["stderr"] = open("/var/log/clusterbot-stand-in.log", "ab")
    ran = subprocess.Popen(as_user + lines["ExecStart"].split(), start_new_session=True, **given)
    pidfile.write_text(str(ran.pid))
def stop():
    if pidfile.exists():
        pid = int(pidfile.read_text())
        try:
            os.killpg(pid, signal.SIGTERM)
            for _ in range(300):
                os.killpg(pid, 0)
                time.sleep(0.1)
        except ProcessLookupError:
            pass
        pidfile.unlink()
verb = sys.argv[1]
if verb in ("stop", "restart"):
    stop()
if verb in ("enable", "start", "restart"):
    start()
"""


def steps() -> list[tuple[str, str]]:
    """Return the commands of the page's English half: heading and block."""
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8").partition("\n## English\n")[2]
    return [
        (re.findall(r"^### (.+)$", page[: found.start()], re.MULTILINE)[-1], found[1])
        for found in re.finditer(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    ]


async def follow(given: argparse.Namespace) -> None:
    stand_in = Path("/run/clusterbot-stand-in")
    environment = {
        **os.environ,
        "REPOSITORY": str(ROOT),
        "LC_ALL": "C.UTF-8",
        "PATH": BINARIES,
    }
    environment.pop("PYTHONPATH", None)
    if not Path("/run/systemd/system").exists():
        stand_in.mkdir(exist_ok=True)
        (stand_in / "systemctl").write_text(SYSTEMCTL, encoding="utf-8")
        (stand_in / "systemctl").chmod(0o755)
        environment["PATH"] = f"{stand_in}:{environment['PATH']}"
    began = time.monotonic()
    async with Server() as server:
        for heading, block in steps():
            kept = "".join(line for line in block.splitlines(keepends=True) if not given.skip or given.skip not in line)
            started = time.monotonic()
            ran = await asyncio.to_thread(
                subprocess.run, ["bash", "-euo", "pipefail", "-c", kept], env=environment, capture_output=True, text=True
            )
            print(f"== {heading}: status {ran.returncode} in {time.monotonic() - started:.0f} s", flush=True)
            print("\n".join(f"   {line}" for line in ran.stdout.strip().splitlines()[-8:]), flush=True)
            if ran.returncode:
                print(ran.stderr[-3000:])
                sys.exit(1)
            if heading.startswith("2"):
                fill_in(server)
            if heading.startswith(("4", "Update", "Back up")):
                await asyncio.wait_for(server.connected(60), 60)
                print(f"   in Discord: {await ask(server)}", flush=True)
    print(f"== from nothing to the end of the page in {time.monotonic() - began:.0f} s")


def fill_in(server: Server) -> None:
    """Do what the page asks a person to do: put the token into the settings; and point them to the Discord of this machine."""
    path = Path("/etc/clusterbot.env")
    text = path.read_text(encoding="utf-8").replace("DISCORD_TOKEN=", f"DISCORD_TOKEN={server.token}")
    places = f"CLUSTERBOT_DISCORD_API_URL={server.api_url}\nCLUSTERBOT_DISCORD_GATEWAY_URL={server.gateway_url}\n"
    path.write_text(text + places, encoding="utf-8")


async def ask(server: Server) -> str:
    """Ask as someone in Discord would, and return the first line of the answer."""
    person = server.person("Newcomer", locale="fr")
    done = await person.slash("ask", question="Combien d’emplois l’aluminium compte-t-il au Québec?")
    if done.message is None:
        return json.dumps(done.failure)
    return done.message.text.splitlines()[0][:110]


def remove() -> None:
    """Take away what the page made."""
    subprocess.run(["userdel", "clusterbot"], check=False)
    for name in MADE:
        path = Path(name)
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--yes-on-this-machine", action="store_true", required=True)
    parser.add_argument("--skip", metavar="TEXT", default="")
    parser.add_argument("--remove", action="store_true")
    given = parser.parse_args()
    if os.geteuid() or any(Path(name).exists() for name in MADE):
        sys.exit("this wants root, and a machine on which nothing of it is there yet")
    try:
        asyncio.run(follow(given))
    finally:
        if Path("/run/clusterbot-stand-in/systemctl").exists():
            subprocess.run(["/run/clusterbot-stand-in/systemctl", "stop"], check=False)
        if given.remove:
            remove()


if __name__ == "__main__":
    main()
