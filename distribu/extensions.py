"""What the whole application shares: database, sign-in, limits, queue, store, decoder."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, current_app
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from huey import Huey, PriorityRedisHuey
from huey.storage import SqliteStorage
from sqlalchemy import Engine, MetaData, event
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase
from werkzeug.local import LocalProxy

from .config import BadSetting
from .images.sandbox import Sandbox
from .images.store import ImageStore, StoreMisconfigured, open_store

try:
    from redis.exceptions import RedisError
except ImportError:  # the embedded queue needs no Redis client

    class RedisError(Exception):
        """Never raised where there is no Redis client."""


log = logging.getLogger(__name__)


class Base(DeclarativeBase):
    """Every table; constraints have names, so that a migration can find them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
migrate = Migrate()
csrf = CSRFProtect()
login = LoginManager()
limiter = Limiter(get_remote_address)


@event.listens_for(Engine, "connect")
def _configure_sqlite(connection, _record) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # WAL lets pages be read while a Save is written; a writer waits its turn.
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("PRAGMA busy_timeout=15000")
    # In KiB: of the default two megabytes, one search walks over half, and reads them anew.
    connection.execute("PRAGMA cache_size=-16384")


@event.listens_for(Engine, "connect")
def _configure_postgresql(connection, _record) -> None:
    if isinstance(connection, sqlite3.Connection):
        return
    # The driver prepares what it sends often; a plan for any pattern whatever suits none that
    # somebody searches for: rare ones need the trigrams, common ones the order of names.
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()


class QueueUnavailable(Exception):
    """The queue does not answer."""


class Queue:
    """Tasks by name, on Huey. The rows are the truth: a lost task does no harm."""

    def init_app(self, app: Flask) -> None:
        """The app has the queue that QUEUE_URL names; the worker module adds the tasks."""
        huey = open_huey(app.config["QUEUE_URL"])

        def run_task(name: str, *arguments: str) -> None:
            with app.app_context():
                app.extensions["tasks"][name](*arguments)

        app.extensions |= {"huey": huey, "tasks": {}, "run_task": huey.task()(run_task)}

    def enqueue(self, name: str, *arguments: str, priority: int = 0) -> None:
        """Ask the worker to run a task; if the queue is down, the sweep makes up for it.

        priority: tasks of a higher one come first, and of the same one in their order.
        """
        try:
            with _queue_errors():
                current_app.extensions["run_task"](name, *arguments, priority=priority)
        except QueueUnavailable as error:
            log.warning("queue down, left to the sweep: %s%r: %s", name, arguments, error)

    def size(self) -> int:
        """Return how many tasks wait. Raises QueueUnavailable."""
        with _queue_errors():
            return current_app.extensions["huey"].storage.queue_size()


class _SqliteQueue(SqliteStorage):
    """Opens its file at the first use: a connection may not be shared over a fork."""

    def __init__(self, name: str, **options):
        super().__init__(name, create_tables=False, **options)

    def _create_connection(self) -> sqlite3.Connection:
        connection = super()._create_connection()
        for statement in self.ddl:
            connection.execute(statement)
        return connection


def open_huey(url: str) -> Huey:
    """Return the queue at url, redis://host:port/db or sqlite:///path, without asking it yet.

    Raises BadSetting for what is neither.
    """
    if url.startswith("sqlite:///"):
        path = url.removeprefix("sqlite:///")
        return Huey("distribu", results=False, storage_class=_SqliteQueue, filename=path)
    try:
        if url.startswith(("redis://", "rediss://")):
            return PriorityRedisHuey("distribu", url=url, results=False)
    except ValueError:
        # Its text may hold the password, so it is neither shown nor chained.
        pass
    raise BadSetting(
        "DISTRIBU_QUEUE_URL is neither redis://host:port/number (rediss:// for TLS)"
        " nor sqlite:///path."
    )


@contextmanager
def _queue_errors() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error, RedisError) as error:
        raise QueueUnavailable(str(error)) from error


queue = Queue()


def init_database(app: Flask) -> None:
    """Give the app its database, without asking it anything yet."""
    try:
        db.init_app(app)
    except (ArgumentError, ImportError) as error:
        raise BadSetting(f"DISTRIBU_DATABASE_URL names no database: {error}") from error


def init_images(app: Flask) -> None:
    """Give the app its image store and its decoding processes; neither is started yet."""
    try:
        app.extensions["image_store"] = open_store(app.config["IMAGE_STORE_URL"])
    except StoreMisconfigured as error:
        raise BadSetting(str(error)) from error
    app.extensions["image_sandbox"] = Sandbox(
        processes=app.config["DECODE_PROCESSES"],
        memory_bytes=app.config["DECODE_MEMORY_BYTES"],
    )


store: ImageStore = LocalProxy(lambda: current_app.extensions["image_store"])
sandbox: Sandbox = LocalProxy(lambda: current_app.extensions["image_sandbox"])
