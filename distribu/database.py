"""The declarative base of all tables, and the setup of SQLite and PostgreSQL connections."""

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

# Longer than any request's write locks the database, but within a request's time to wait.
BUSY_SECONDS = 8.0


class Base(DeclarativeBase):
    """The base of all tables; constraints have names, so that migrations can find them."""

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
    """Set up the app's database, without connecting to it yet. Raises BadSetting."""
    try:
        db.init_app(app)
        _end_sessions(app, db)
        _keep_private(app)
    except (ArgumentError, ImportError) as error:
        raise BadSetting(f"DISTRIBU_DATABASE_URL names no database: {error}") from error


def _end_sessions(app: Flask, db: SQLAlchemy) -> None:
    """Keep a connection that breaks after the response is known from failing the request."""

    # Registered after Flask-SQLAlchemy's, and so called before it, which then finds no session.
    @app.teardown_appcontext
    def end_session(_error: BaseException | None) -> None:
        try:
            db.session.remove()
        except DBAPIError as error:
            # Its connection is invalid, and is dropped with the session.
            log.warning("the database failed at the end of a request: %s", error)
            db.session.registry.clear()


def _keep_private(app: Flask) -> None:
    """Make an SQLite file readable only by this user; its log and index inherit the mode."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if not url.database or sqlite_folder(url) is None:
        return
    # If the folder is missing or not ours, the first connection reports it.
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
    """Free the reserve on a full disk, where SQLite cannot even create the index of its log."""
    if dialect.name == "sqlite" and record and arguments[0] != ":memory:":
        record.info["folder"] = os.path.dirname(os.path.abspath(arguments[0]))
        disk_reserve.give_up_if_low(record.info["folder"])


@event.listens_for(Pool, "checkout")
def _make_room_to_write(_connection, record, _proxy) -> None:
    if "folder" in record.info:
        disk_reserve.give_up_if_low(record.info["folder"])


@event.listens_for(Engine, "handle_error")
def _make_room_for_the_next(context) -> None:
    """Give up the reserve after a request failed for lack of room, for example by a quota."""
    folder = sqlite_folder(context.engine.url) if context.engine else None
    error = context.original_exception
    if folder and (finds_no_room(error) or _name(error) == "SQLITE_IOERR_WRITE"):
        disk_reserve.give_up(folder)


def finds_no_room(error: BaseException | None) -> bool:
    """Return whether an error of SQLite's driver means that its files have no room."""
    # The second one concerns the index of the log.
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
    # In KiB: one search reads more than half of the default two megabytes, evicting the rest.
    connection.execute("PRAGMA cache_size=-16384")


@event.listens_for(Pool, "checkout")
def _bound_busy_wait(connection, _record, _proxy) -> None:
    """Let SQLite wait for another writer only as long as this request may still wait."""
    if isinstance(connection, sqlite3.Connection):
        left = seconds_left()
        seconds = BUSY_SECONDS if left is None else min(left, BUSY_SECONDS)
        connection.execute(f"PRAGMA busy_timeout={int(seconds * 1000)}")


@event.listens_for(Engine, "do_connect")
def _connect_postgresql(dialect, _record, arguments, options):
    if dialect.driver != "psycopg":
        return None
    # Import here, so that those who use SQLite do not need the driver.
    from .bounded_postgresql import BoundedConnection

    return BoundedConnection.connect(*arguments, **options)


@event.listens_for(Engine, "connect")
def _configure_postgresql(connection, _record) -> None:
    if isinstance(connection, sqlite3.Connection):
        return
    # The driver prepares frequent statements, but one generic plan suits no search: rare patterns
    # need the trigram index, common ones the order of names.
    connection.execute("SET plan_cache_mode = force_custom_plan")
    connection.commit()
