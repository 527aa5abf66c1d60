"""One bot for one data directory: two would answer every question twice over, and a restore would pull the file from under one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from clusterbot.errors import UsageError
from clusterbot.store import database

LOCK = "clusterbot.lock"


@contextmanager
def only_bot(data_dir: Path) -> Iterator[None]:
    """Be the only bot with a folder; the system lets go of it when the process dies.

    Raises:
        UsageError: another is running.
        StorageError: the disk refuses.
    """
    database.prepare_folder(data_dir)
    path = data_dir / LOCK
    with database.told(path):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        lock = FileLock(path, timeout=0, mode=0o600)
        try:
            lock.acquire()
        except Timeout:
            cure = "stop it first, or give this one a folder of its own with CLUSTERBOT_DATA_DIR"
            raise UsageError(f"a bot is running with the data in {data_dir}: {cure}", "second_bot", folder=data_dir) from None
    try:
        yield
    finally:
        lock.release()
