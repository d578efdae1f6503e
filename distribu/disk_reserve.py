"""A reserve on the disk of an SQLite database, given up when the disk is full.

SQLite writes a deletion to its log before anything is deleted, and even a reader
needs a few pages next to the database. So on a completely full disk nothing can be
deleted to make room, and after a restart no page can be shown. The reserve is a file
next to the database. It is deleted when the disk is almost full, and the worker
creates it again when there is room.

Images do not use the space that this frees: the directory store refuses new objects
while fewer than KEPT_FREE_BYTES are free.
"""

import errno
import logging
import os
from contextlib import suppress
from pathlib import Path

from .config import MEBIBYTE

log = logging.getLogger(__name__)

# Errors of a full disk or an exhausted quota.
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
FILE_NAME = "disk-reserve"
# Twice the size at which SQLite moves its log into the database.
RESERVE_BYTES = 8 * MEBIBYTE
# The reserve is given up when less than this is free.
LOW_BYTES = 4 * MEBIBYTE
# New images must leave this much free for the database.
KEPT_FREE_BYTES = 2 * RESERVE_BYTES


def free_bytes(folder: str) -> int:
    """Return how many bytes this user may still write to the file system of folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def is_kept(folder: str) -> bool:
    """Return whether the reserve exists."""
    return os.path.exists(_path(folder))


def give_up_if_low(folder: str) -> None:
    """Give up the reserve if the disk is almost full."""
    # If the folder is missing or not ours, the connection reports it.
    with suppress(OSError):
        if free_bytes(folder) < LOW_BYTES:
            give_up(folder)


def give_up(folder: str) -> bool:
    """Delete the reserve to free its space; return whether it existed."""
    try:
        os.unlink(_path(folder))
    except FileNotFoundError:
        return False
    log.error(
        "The disk of %s is full. The reserve of %d MB was given up, so that images and products"
        " can be deleted.",
        folder,
        RESERVE_BYTES // MEBIBYTE,
    )
    return True


def keep(folder: str) -> bool:
    """Create the reserve if it is missing and there is room; return whether it exists."""
    if is_kept(folder):
        return True
    if free_bytes(folder) < RESERVE_BYTES + KEPT_FREE_BYTES:
        return False
    path = Path(_path(folder))
    part = path.with_suffix(".part")
    try:
        _write(part)
        part.rename(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        if not is_kept(folder):
            log.warning("no reserve could be made: %s", error)
        # Another process may have been faster.
        return is_kept(folder)
    log.info("A reserve of %d MB is kept in %s.", RESERVE_BYTES // MEBIBYTE, folder)
    return True


def _write(path: Path) -> None:
    # Random bytes, because a compressing file system would reserve no space for zeros.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(os.urandom(RESERVE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _path(folder: str) -> str:
    return os.path.join(folder, FILE_NAME)
