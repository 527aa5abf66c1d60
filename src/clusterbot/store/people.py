"""People as keys: HMAC-SHA-256 of their Discord id under a salt that lies beside the store in a file of its own.

Without the salt a key can't be led back to a person by trying all ids. Store and salt are backed up together: without the salt
nobody's rows can be found again, and so neither shown nor erased.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

from clusterbot.errors import StorageError, UsageError

SALT_BYTES = 32
_PERSON = re.compile(r"[0-9]{1,20}")


def check_person(person: str) -> str:
    """Return a Discord id.

    Raises:
        UsageError: it is none.
    """
    if not _PERSON.fullmatch(person):
        raise UsageError(f"{person[:40]!r} is no Discord id: 17 to 20 digits, by « Copy User ID » in Discord's developer mode")
    return person


def person_key(salt: bytes, person: str) -> str:
    """Return the key of a person: 32 hex digits."""
    return hmac.new(salt, b"person\0" + check_person(person).encode(), hashlib.sha256).hexdigest()[:32]


def salt_mark(salt: bytes) -> str:
    """Return what the store remembers its salt by, which doesn't give the salt away."""
    return hmac.new(salt, b"mark", hashlib.sha256).hexdigest()[:32]


def read_salt(path: Path, expected_mark: str | None) -> bytes:
    """Read the salt; where the store is new (`expected_mark` is None) and there is none, make one.

    Raises:
        StorageError: the salt is missing, cut short, or another store's.
    """
    restore = f"restore {path.name} from the same backup as the store"
    try:
        if expected_mark is None:
            _create_once(path, secrets.token_bytes(SALT_BYTES))
        salt = path.read_bytes()
    except FileNotFoundError:
        raise StorageError(f"{path} is missing, so nobody's rows can be found: {restore}") from None
    except OSError as error:
        raise StorageError(f"{path} can't be used ({error.strerror or error}): check its permissions") from error
    if len(salt) != SALT_BYTES or (expected_mark is not None and salt_mark(salt) != expected_mark):
        raise StorageError(f"{path} isn't the salt of this store: {restore}")
    return salt


def _create_once(path: Path, salt: bytes) -> None:
    """Write a file whole, readable by its owner alone; of two processes at once, the first one's stays."""
    pending = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    descriptor = os.open(pending, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(salt)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(pending, path)  # unlike a rename, refuses where there is one already
        except FileExistsError:
            return
    finally:
        pending.unlink()
