"""`python -m clusterbot.ingest.worker`: read one foreign file in a process that can do nothing else, and can be thrown away.

stdin: one line of JSON (kind, charset, address), then the file. stdout: one JSON document, a `Reading`. Memory, processor time, the
size of what is written and the number of files are limited by the system before any parser is loaded; connections, other processes
and writing are refused by an audit hook.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from clusterbot.errors import SourceError
from clusterbot.ingest.parsed import Failure, Listing, Page

MEMORY_BYTES = 1_500_000_000
CPU_S = 60
OUTPUT_BYTES = 40_000_000
OPEN_FILES = 64
_REFUSED = (
    "socket.connect",
    "socket.bind",
    "socket.getaddrinfo",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
)
_WRITING = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.chmod", "os.link", "os.symlink", "shutil.")


def limit() -> None:
    """Have the system limit this process; where it can't (Windows), the time limit of whoever started it remains."""
    try:
        import resource
    except ImportError:
        return
    for name, value in (
        ("RLIMIT_AS", MEMORY_BYTES),
        ("RLIMIT_CPU", CPU_S),
        ("RLIMIT_FSIZE", OUTPUT_BYTES),
        ("RLIMIT_NOFILE", OPEN_FILES),
        ("RLIMIT_CORE", 0),
    ):
        resource.setrlimit(getattr(resource, name), (value, value))


def guard(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse what reading a file needs not: an audit hook (PEP 578)."""
    if event.startswith(_REFUSED) or event.startswith(_WRITING) or (event == "open" and _is_writing(*arguments[1:3])):
        raise PermissionError(f"{event} is refused here")


def _is_writing(mode: object, flags: object) -> bool:
    """Say whether a file is opened for writing: by `open` (a mode) or by `os.open` (flags alone)."""
    by_mode = isinstance(mode, str) and any(letter in mode for letter in "wax+")
    return by_mode or (isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)))


def read(kind: str, content: bytes, charset: str | None, address: str | None) -> Page | Listing:
    """Read a file of a kind.

    Raises:
        SourceError: as its text says, with the cure.
    """
    match kind:
        case "html":
            from clusterbot.ingest.html import read_html

            return read_html(content, charset, address)
        case "pdf":
            from clusterbot.ingest.pdf import read_pdf

            return read_pdf(content)
        case "docx":
            from clusterbot.ingest.docx import read_docx

            return read_docx(content)
        case "markdown":
            from clusterbot.ingest.plain import read_markdown

            return read_markdown(content, charset)
        case "text":
            from clusterbot.ingest.plain import read_text

            return read_text(content, charset)
        case "listing":
            from clusterbot.ingest.feed import read_listing

            return read_listing(content)
        case _:
            raise ValueError(kind)


def main() -> None:
    """Read what stdin holds; tell what went wrong as data."""
    limit()
    sys.addaudithook(guard)
    head, _, content = sys.stdin.buffer.read().partition(b"\n")
    job = json.loads(head)
    reading: Page | Listing | Failure
    try:
        reading = read(job["kind"], content, job["charset"], job["address"])
    except SourceError as error:
        reading = Failure(code=error.code, message=str(error)[:2000])
    except (MemoryError, RecursionError):
        told = "reading it takes more memory than is allowed: add a part of it, or its text"
        reading = Failure(code="source_too_hard", message=told)
    sys.stdout.write(reading.model_dump_json())


if __name__ == "__main__":
    main()
