"""A lock that allows one sweep at a time, across processes and machines."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sqlalchemy import Connection, func, select, text

from ..database import sqlite_folder
from ..extensions import db

# An arbitrary number that no other advisory lock in this database uses.
_KEY = 0x5_3EE9


@contextmanager
def only_sweep() -> Iterator[bool]:
    """Yield whether no other sweep runs; if True, none can begin during the block.

    The lock ends with its process, so a killed sweep does not block the next.
    """
    lock = _folder_lock if db.engine.dialect.name == "sqlite" else _advisory_lock
    with lock() as is_only:
        yield is_only


@contextmanager
def _folder_lock() -> Iterator[bool]:
    # Lock the folder: a full disk has no room for a lock file, and closing a second descriptor of
    # the database would release SQLite's own locks on it.
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
        # The lock belongs to the session, so no transaction stays open.
        connection.execution_options(isolation_level="AUTOCOMMIT")
        # With keepalives the server notices when a machine that holds the lock loses power.
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
