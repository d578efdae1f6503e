"""A lock that allows one sweep at a time, across processes and machines."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, func, select, text

from ..database import sqlite_folder
from ..extensions import db

# Any number that nothing else locks in this database.
_KEY = 0x5_3EE9


@contextmanager
def only_sweep() -> Iterator[bool]:
    """Yield True if no other sweep runs; then none begins during the block.

    The lock is of the kind that ends with its process, so that a sweep
    which is killed keeps no other from beginning.
    """
    lock = _folder_lock if db.engine.dialect.name == "sqlite" else _advisory_lock
    with lock() as is_only:
        yield is_only


@contextmanager
def _folder_lock() -> Iterator[bool]:
    # Of the folder: a full disk has no room for a file of its own, and a second descriptor of the
    # database would end SQLite's locks of it when it is closed.
    folder = sqlite_folder(db.engine.url)
    assert folder is not None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        is_only = False
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_only = True
        yield is_only
    finally:
        os.close(descriptor)


@contextmanager
def _advisory_lock() -> Iterator[bool]:
    with db.engine.connect() as connection:
        # No transaction stays open behind the lock.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        # With these the server notices when the other machine has lost its power.
        for setting in ("tcp_keepalives_idle = 30", "tcp_keepalives_interval = 10"):
            connection.execute(text(f"SET {setting}"))
        is_only = bool(connection.scalar(select(func.pg_try_advisory_lock(_KEY))))
        try:
            yield is_only
        finally:
            if is_only:
                _unlock(connection)


def _unlock(connection: Connection) -> None:
    connection.execute(select(func.pg_advisory_unlock(_KEY)))
