"""`doctor`."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from clusterbot.cli import console


def doctor(as_json: console.AsJson = False) -> None:
    """Check everything that can be wrong, and name the remedy; exit status 1 where something must be mended."""
    from clusterbot.doctor import examine
    from clusterbot.lists import check_list

    texts = console.reader_texts()
    checks = list(examine(os.environ, texts))
    failed = sum(check.severity == "fail" for check in checks)
    if as_json:
        console.write_json({"checks": [asdict(check) for check in checks], "failed": failed})
    else:
        console.show(check_list(checks, texts))
    if failed:
        console.tell_problem("doctor", failed=failed)
        raise typer.Exit(1)
