"""A gate that counts every call to the database, the store and the queue, and can harm one."""

import gc
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import Engine, event

from distribu.extensions import db
from distribu.images.stores.contract import ImageStore, StoredObject, StoreUnavailable
from tests.flaky_store import Call, FlakyStore, store_of

KINDS = ("killed before", "killed after", "error", "hang", "answer lost")
DATABASE, STORE, QUEUE = "database", "store", "queue"


_CLOSED = (sqlite3.ProgrammingError, psycopg.OperationalError)


class Killed(BaseException):
    """The process is dead: whatever it still tries to call is not called."""


def _nothing() -> None:
    """There is nothing to close."""


@dataclass(frozen=True)
class Harm:
    """The harm to one call. at: its number in the trace of the unharmed run."""

    at: int
    kind: str


class Gate:
    """Counts the calls that pass while it is open, and harms one.

    A process that was killed unwinds here, where a real one would be gone:
    so nothing that its except and finally blocks call gets through.
    hang_seconds: how long a part that hangs is waited for, before its
    driver gives up as it does with its real budget.
    """

    def __init__(self, hang_seconds: float):
        self.trace: list[tuple[str, str]] = []
        self.is_open, self.is_dead, self.harm = False, False, None
        self.connections: list[Any] = []
        self._hang_seconds = hang_seconds

    def bury(self) -> None:
        """Close the connections of a process that was killed, as the kernel would."""
        # What the exception still refers to: SQLite keeps the lock of an unfinished statement.
        gc.collect()
        while self.connections:
            connection = self.connections.pop()
            # Those that the pool has closed already refuse both.
            with suppress(*_CLOSED):
                connection.rollback()
                connection.close()

    @contextmanager
    def opened(self, harm: Harm | None = None) -> Iterator[None]:
        self.trace, self.harm = [], harm
        self.is_open, self.is_dead = True, False
        try:
            yield
        finally:
            self.is_open = self.is_dead = False

    def passes(self, part: str, what: str, call: Callable[[], Any], failure: Exception) -> Any:
        if not self.is_open:
            return call()
        if self.is_dead:
            raise Killed
        kind = self.harm.kind if self.harm and self.harm.at == len(self.trace) else None
        self.trace.append((part, what))
        if kind == "hang":
            time.sleep(self._hang_seconds)
        if kind in ("hang", "error"):
            raise failure
        if kind == "killed before":
            self._die()
        answer = call()
        if kind in ("killed after", "answer lost"):
            # A file, where it was one.
            getattr(answer, "close", _nothing)()
        if kind == "killed after":
            self._die()
        if kind == "answer lost":
            raise failure
        return answer

    def _die(self) -> None:
        self.is_dead = True
        raise Killed


class GatedStore(FlakyStore):
    """The store, each of whose calls passes the gate."""

    def __init__(self, store: ImageStore, gate: Gate):
        super().__init__(store)
        self._gate = gate

    def _pass_on(self, call: Call, ask: Callable[[], Any]) -> Any:
        failure = StoreUnavailable("The store fails here, as the test asked.")
        return self._gate.passes(STORE, call.method, ask, failure)

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        return super().objects(prefix, after)


@contextmanager
def gated(app: Flask, gate: Gate) -> Iterator[GatedStore]:
    """Every call of the app to its three parts passes the gate, in the block."""
    with app.app_context():
        engine = db.engine
    storage = app.extensions["huey"].storage
    with (
        _small_heap(),
        _gated_engine(engine, gate),
        _gated_queue(storage, gate),
        store_of(app, GatedStore(app.extensions["image_store"], gate)) as store,
    ):
        yield store


@contextmanager
def _small_heap() -> Iterator[None]:
    """Keep existing objects out of garbage collections, since bury() runs one after each kill."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _gated_engine(engine: Engine, gate: Gate) -> Iterator[None]:
    """Statements and commits, where SQLAlchemy hands them to the driver."""
    dialect = engine.dialect
    execute, many, commit = dialect.do_execute, dialect.do_executemany, dialect.do_commit

    def failure() -> Exception:
        return dialect.loaded_dbapi.OperationalError("The database fails here, as asked.")

    def do_execute(cursor, statement, parameters, context=None):
        ask = lambda: execute(cursor, statement, parameters, context)  # noqa: E731
        return gate.passes(DATABASE, statement.split(None, 1)[0], ask, failure())

    def do_executemany(cursor, statement, parameters, context=None):
        ask = lambda: many(cursor, statement, parameters, context)  # noqa: E731
        return gate.passes(DATABASE, statement.split(None, 1)[0], ask, failure())

    def do_commit(connection):
        return gate.passes(DATABASE, "COMMIT", lambda: commit(connection), failure())

    dialect.do_execute, dialect.do_executemany = do_execute, do_executemany
    dialect.do_commit = do_commit

    def remember(connection, _record) -> None:
        gate.connections.append(connection)

    event.listen(engine, "connect", remember)
    try:
        yield
    finally:
        event.remove(engine, "connect", remember)
        dialect.do_execute, dialect.do_executemany = execute, many
        dialect.do_commit = commit


@contextmanager
def _gated_queue(storage, gate: Gate) -> Iterator[None]:
    names = ("enqueue", "enqueued_items")
    before = {name: getattr(storage, name) for name in names}

    def through(name: str) -> Callable:
        def call(*args, **options):
            failure = sqlite3.OperationalError("The queue fails here, as asked.")
            return gate.passes(QUEUE, name, lambda: before[name](*args, **options), failure)

        return call

    for name in names:
        setattr(storage, name, through(name))
    try:
        yield
    finally:
        for name in names:
            delattr(storage, name)
