"""A reserve on the disk of an SQLite database, given up when the disk is full.

SQLite writes a deletion to its log before anything is deleted, and even a reader
needs a few pages beside the database. So on a disk without a free byte nothing can
be deleted to make room, and after a restart not one page can be shown. The reserve
is a file beside the database. It is deleted when the disk is almost full, and made
anew by the worker when there is room again.

Images do not use what that frees: the directory store refuses new objects while
fewer than KEPT_FREE_BYTES are free.
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
# With less than this free the reserve is given up.
LOW_BYTES = 4 * MEBIBYTE
# New images leave this much free, for the database.
KEPT_FREE_BYTES = 2 * RESERVE_BYTES


def free_bytes(folder: str) -> int:
    """Return how many bytes this user may still write to the file system of folder."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


def is_kept(folder: str) -> bool:
    """Return whether the reserve is there."""
    return os.path.exists(_path(folder))


def give_up_if_low(folder: str) -> None:
    """Give up the reserve where the disk is almost full."""
    # Where the folder is missing, or another's, the connection says so.
    with suppress(OSError):
        if free_bytes(folder) < LOW_BYTES:
            give_up(folder)


def give_up(folder: str) -> bool:
    """Delete the reserve, so that its space is free; return whether there was one."""
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
    """Make the reserve where it is missing and there is room; return whether it is there."""
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
    # Random, because a file system that compresses would keep no space for zeros.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(os.urandom(RESERVE_BYTES))
        file.flush()
        os.fsync(file.fileno())


def _path(folder: str) -> str:
    return os.path.join(folder, FILE_NAME)
