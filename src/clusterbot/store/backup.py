"""A whole copy of the store and its salt, made while others write; and putting one back."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import tempfile
from contextlib import closing
from pathlib import Path

from clusterbot.errors import UsageError
from clusterbot.store import database
from clusterbot.store.alone import only_bot
from clusterbot.store.store import BUSY_S, FILE, SALT, Store

KEPT = (FILE, f"{FILE}-wal", f"{FILE}-shm", SALT)


def back_up(data_dir: Path, target: Path, now: dt.datetime) -> Path:
    """Copy the store into a new folder in `target`, closed to others, and check the copy; return that folder.

    Raises:
        UsageError: there is no store.
        StorageError: the store is damaged, or the disk refuses; no half of a copy stays.
    """
    if not Store.is_there(data_dir):
        raise UsageError(f"there is nothing to back up in {data_dir}: the first answer makes it (CLUSTERBOT_DATA_DIR)")
    final = target / f"clusterbot-{now:%Y-%m-%dT%H%M%SZ}"
    with database.told(target):
        target.mkdir(parents=True, exist_ok=True)
        pending = Path(tempfile.mkdtemp(prefix=".backing-up-", dir=target))  # mkdtemp closes it to others
    try:
        with closing(database.connect(data_dir / FILE, BUSY_S)) as connection, database.told(target):
            connection.execute("vacuum into ?", (str(pending / FILE),))  # of one moment, and without a trace of what was erased
            shutil.copyfile(data_dir / SALT, pending / SALT)
            for name in (FILE, SALT):
                (pending / name).chmod(0o600)
        with Store(pending) as copy:
            copy.verify()
        with database.told(target):
            for path in (*pending.iterdir(), pending):
                _sync(path)
            pending.rename(final)
            _sync(target)
    finally:
        shutil.rmtree(pending, ignore_errors=True)
    return final


def restore(backup: Path, data_dir: Path, now: dt.datetime) -> Path | None:
    """Put a backup in the place of the store; return where what was there before has been moved, if anything was.

    The backup is checked first, in a copy beside the place it goes to, and stays as it is.

    Raises:
        UsageError: that is no backup, or the bot is running.
        StorageError: the backup is damaged, or the disk refuses; the store is then as it was.
    """
    if not ((backup / FILE).is_file() and (backup / SALT).is_file()):
        raise UsageError(f"{backup} is no backup: it lacks {FILE} or {SALT}; give a folder that `clusterbot data backup` made")
    database.prepare_folder(data_dir)
    with database.told(data_dir):
        pending = Path(tempfile.mkdtemp(prefix=".restoring-", dir=data_dir))
    try:
        with database.told(data_dir):
            for name in (FILE, SALT):
                shutil.copyfile(backup / name, pending / name)
                (pending / name).chmod(0o600)
        with Store(pending) as copy:
            copy.verify()
        with only_bot(data_dir), database.told(data_dir):
            before = [data_dir / name for name in KEPT if (data_dir / name).exists()]
            aside = data_dir / f"replaced-{now:%Y-%m-%dT%H%M%SZ}"
            if before:
                aside.mkdir(mode=0o700)
            for path in before:
                path.rename(aside / path.name)
            for name in (SALT, FILE):
                (pending / name).rename(data_dir / name)
            _sync(data_dir)
    finally:
        shutil.rmtree(pending, ignore_errors=True)
    return aside if before else None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
