"""A queue of named tasks, built on Huey, in SQLite or Redis."""

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from flask import Flask, current_app
from huey import Huey, PriorityRedisHuey
from huey.storage import SqliteStorage

from .budgets import Breaker
from .config import BadSetting

try:
    from redis.exceptions import RedisError
except ImportError:  # the embedded queue needs no Redis client

    class RedisError(Exception):  # type: ignore[no-redef]
        """Stand-in that is never raised, for an installation without the Redis client."""


log = logging.getLogger(__name__)

# A worker polls for one second at a time; no other call should wait much longer.
REDIS_SECONDS = 2


class QueueUnavailable(Exception):
    """The queue does not respond."""


class Queue:
    """A queue of named tasks. The database is the truth, so losing a task does no harm."""

    def init_app(self, app: Flask) -> None:
        """Open the queue that QUEUE_URL names; worker.py adds the tasks."""
        huey = open_huey(app.config["QUEUE_URL"])

        def run_task(name: str, *arguments: str) -> None:
            with app.app_context():
                app.extensions["tasks"][name](*arguments)

        self._breaker = Breaker("The queue")
        app.extensions |= {"huey": huey, "tasks": {}, "run_task": huey.task()(run_task)}

    def enqueue(self, name: str, *arguments: str, priority: int = 0) -> bool:
        """Queue a task for the worker; return False if the queue is down, and let the sweep do it.

        priority: tasks with a higher one run first; equal ones run in order.
        """
        try:
            with _queue_errors(), self._breaker.wait(_is_silence):
                current_app.extensions["run_task"](name, *arguments, priority=priority)
        except QueueUnavailable as error:
            log.warning("queue down, left to the sweep: %s%r: %s", name, arguments, error)
            return False
        return True

    def enqueue_lost(self, name: str, arguments: Sequence[str]) -> None:
        """Queue the tasks again that are no longer waiting in the queue.

        arguments: one for each task. If the queue is down, the next sweep makes
        up for it.
        """
        with suppress(QueueUnavailable):
            waiting = self.waiting(name) if arguments else set()
            for argument in arguments:
                if argument not in waiting:
                    self.enqueue(name, argument)

    def waiting(self, name: str) -> set[str]:
        """Return the first argument of every waiting task with this name.

        Raises QueueUnavailable.
        """
        with _queue_errors(), self._breaker.wait(_is_silence):
            pending = current_app.extensions["huey"].pending()
        return {task.args[1] for task in pending if task.args[:1] == (name,)}

    def size(self) -> int:
        """Return the number of waiting tasks. Raises QueueUnavailable."""
        with _queue_errors():
            return current_app.extensions["huey"].storage.queue_size()


class _SqliteQueue(SqliteStorage):
    """Storage that opens its file on first use, because forks must not share a connection."""

    def __init__(self, name: str, **options):
        super().__init__(name, create_tables=False, **options)

    def _create_connection(self) -> sqlite3.Connection:
        connection = super()._create_connection()
        for statement in self.ddl:
            connection.execute(statement)
        return connection


def open_huey(url: str) -> Huey:
    """Return the queue at url, redis://host:port/db or sqlite:///path, without contacting it.

    Raises BadSetting if url is neither.
    """
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        return Huey("distribu", results=False, storage_class=_SqliteQueue, filename=path)
    try:
        if url.startswith(("redis://", "rediss://")):
            huey = PriorityRedisHuey("distribu", url=url, results=False)
            patience = {"socket_timeout": REDIS_SECONDS, "socket_connect_timeout": REDIS_SECONDS}
            huey.storage.pool.connection_kwargs.update(patience)
            return huey
    except ValueError:
        # Its text may hold the password, so it is neither shown nor chained.
        pass
    raise BadSetting(
        "DISTRIBU_QUEUE_URL is neither redis://host:port/number (rediss:// for TLS)"
        " nor sqlite:///path."
    )


def _is_silence(error: BaseException) -> bool:
    return isinstance(error, RedisError)


@contextmanager
def _queue_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, RedisError) as error:
        raise QueueUnavailable(str(error)) from error
