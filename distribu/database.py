"""The declarative base of all tables, and how connections to SQLite and PostgreSQL are set up."""

import logging
import os
import sqlite3
from contextlib import suppress

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import URL, Engine, MetaData, Pool, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import DeclarativeBase

from . import disk_reserve
from .budgets import seconds_left
from .config import BadSetting

log = logging.getLogger(__name__)

# Longer than any write of a request holds the database, and less than one may wait.
BUSY_SECONDS = 8.0


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


def init_database(app: Flask, db: SQLAlchemy) -> None:
    """Give the app its database, without connecting to it yet. Raises BadSetting."""
    try:
        db.init_app(app)
        _end_sessions(app, db)
        _keep_private(app)
    except (ArgumentError, ImportError) as error:
        raise BadSetting(f"DISTRIBU_DATABASE_URL names no database: {error}") from error


def _end_sessions(app: Flask, db: SQLAlchemy) -> None:
    """No answer, which is known by then, fails because the connection breaks behind it."""

    # Registered behind Flask-SQLAlchemy's, and so called before it, which then finds no session.
    @app.teardown_appcontext
    def end_session(_error: BaseException | None) -> None:
        try:
            db.session.remove()
        except DBAPIError as error:
            # Its connection is invalid by now, and goes with it.
            log.warning("the database failed at the end of a request: %s", error)
            db.session.registry.clear()


def _keep_private(app: Flask) -> None:
    """A database in a file is this user's alone: its log and index take over its mode."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if not url.database or sqlite_folder(url) is None:
        return
    # Where the folder is missing or another's, the first connection says so.
    with suppress(OSError):
        os.close(os.open(url.database, os.O_CREAT | os.O_RDWR, 0o600))
        os.chmod(url.database, 0o600)


def sqlite_folder(url: URL) -> str | None:
    """Return the folder of an SQLite database; None for one in memory, or on a server."""
    if not url.drivername.startswith("sqlite") or not url.database or url.database == ":memory:":
        return None
    return os.path.dirname(os.path.abspath(url.database))


@event.listens_for(Engine, "do_connect")
def _make_room_to_connect(dialect, record, arguments, _options) -> None:
    """On a full disk not even the index of the log can be made, without which nothing is read."""
    if dialect.name == "sqlite" and record and arguments[0] != ":memory:":
        record.info["folder"] = os.path.dirname(os.path.abspath(arguments[0]))
        disk_reserve.give_up_if_low(record.info["folder"])


@event.listens_for(Pool, "checkout")
def _make_room_to_write(_connection, record, _proxy) -> None:
    if "folder" in record.info:
        disk_reserve.give_up_if_low(record.info["folder"])


@event.listens_for(Engine, "handle_error")
def _make_room_for_the_next(context) -> None:
    """Give up the reserve after a request failed for want of room, as a quota makes it."""
    folder = sqlite_folder(context.engine.url) if context.engine else None
    error = context.original_exception
    if folder and (finds_no_room(error) or _name(error) == "SQLITE_IOERR_WRITE"):
        disk_reserve.give_up(folder)


def finds_no_room(error: BaseException | None) -> bool:
    """Return whether an error of SQLite's driver says that its files have no room."""
    # The second one is about the index of the log.
    return _name(error) in ("SQLITE_FULL", "SQLITE_IOERR_SHMSIZE")


def _name(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", "")


@event.listens_for(Engine, "connect")
def _configure_sqlite(connection, _record) -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    # WAL lets pages be read while a Save is written; a writer waits its turn. FULL syncs each
    # commit: objects are deleted after it, and a power cut must not bring back their rows alone.
    for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {pragma}")
    # In KiB: of the default two megabytes, one search walks over half, and reads them anew.
    connection.execute("PRAGMA cache_size=-16384")


@event.listens_for(Pool, "checkout")
def _bound_busy_wait(connection, _record, _proxy) -> None:
    """SQLite waits for another writer no longer than the one who waits for it may."""
    if isinstance(connection, sqlite3.Connection):
        left = seconds_left()
        seconds = BUSY_SECONDS if left is None else min(left, BUSY_SECONDS)
        connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


@event.listens_for(Engine, "do_connect")
def _connect_postgresql(dialect, _record, arguments, options):
    if dialect.driver != "psycopg":
        return None
    # Here, so that nobody needs the driver who has SQLite.
    from .bounded_postgresql import BoundedConnection

    return BoundedConnection.connect(*arguments, **options)


@event.listens_for(Engine, "connect")
def _configure_postgresql(connection, _record) -> None:
    if isinstance(connection, sqlite3.Connection):
        return
    # The driver prepares what it sends often; a plan for any pattern whatever suits none that
    # somebody searches for: rare ones need the trigrams, common ones the order of names.
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()
