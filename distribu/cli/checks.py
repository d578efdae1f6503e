"""The checks of the settings and of every server, made before Distribu starts."""

import os

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import current_app
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from .. import disk_reserve
from ..config import MEBIBYTE, Problem, check_settings
from ..database import sqlite_folder
from ..extensions import db, queue, sandbox, store
from ..images.decoding.sandbox import SandboxError
from ..images.doctor import ForeignStore, claim_store
from ..images.store_identity import DatabaseOlder, refuse_older_database
from ..images.stores.contract import StoreFull, StoreMisconfigured, StoreUnavailable
from ..images.stores.trial import try_out
from ..task_queue import QueueUnavailable

# Problems that may pass by themselves, or that leave most pages working.
TRANSIENT_PROBLEM_IDS = {
    "store-unreachable",
    "queue-unreachable",
    "database-older",
    "decoding-unconfined",
    "decoding-fails",
    "disk-full",
    "store-full",
}


def find_problems() -> list[Problem]:
    """Return all problems found; prepare the image store and claim it for this database."""
    problems = [*check_settings(current_app.config), *_check_queue(), *_check_decoding()]
    problems += _check_disk()
    return problems + (check_database() or check_tables() or _check_store())


def format_problem(problem: Problem) -> str:
    return f"{problem.id}: {problem.message}\n    {problem.hint}"


def check_database() -> list[Problem]:
    try:
        with db.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except DBAPIError as error:
        url = db.engine.url.render_as_string(hide_password=True)
        return [
            Problem(
                "database-unreachable",
                f"The database at {url} does not answer: {error.orig}",
                "Start it, or set DISTRIBU_DATABASE_URL to where it is.",
            )
        ]
    return []


def _check_disk() -> list[Problem]:
    """Create the disk reserve of an SQLite database, or report that there is no room for it."""
    folder = sqlite_folder(db.engine.url)
    # check_database() reports a missing folder.
    if folder is None or not os.path.isdir(folder) or disk_reserve.keep(folder):
        return []
    free = disk_reserve.free_bytes(folder) // MEBIBYTE
    return [
        Problem(
            "disk-full",
            f"The disk of {folder} has {free} MB left, and no room for the reserve of"
            f" {disk_reserve.RESERVE_BYTES // MEBIBYTE} MB with which images and products can be"
            " deleted from a full disk.",
            "Make room. Until then pages are shown, and what needs space may fail.",
        )
    ]


def check_tables() -> list[Problem]:
    config = current_app.extensions["migrate"].migrate.get_config()
    newest = ScriptDirectory.from_config(config).get_heads()
    with db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    if set(current) == set(newest):
        return []
    return [
        Problem(
            "migration-missing",
            "The database tables do not match this version of Distribu.",
            "Run flask db upgrade.",
        )
    ]


def _check_store() -> list[Problem]:
    try:
        store.prepare()
        try_out(store)
        claim_store()
        refuse_older_database()
    except DatabaseOlder as error:
        return [Problem("database-older", str(error), "See docs/operating.md, Restore.")]
    except StoreMisconfigured as error:
        message = str(error).removesuffix(error.hint).strip()
        return [Problem("store-misconfigured", message, error.hint)]
    except StoreFull as error:
        return [Problem("store-full", str(error), "Make room, or delete images and products.")]
    except StoreUnavailable as error:
        return [
            Problem(
                "store-unreachable",
                f"The image store does not answer: {error}",
                "Start it, or set DISTRIBU_IMAGE_STORE_URL to where it is.",
            )
        ]
    except ForeignStore as error:
        return [
            Problem(
                "store-foreign",
                str(error),
                "Set DISTRIBU_DATABASE_URL and DISTRIBU_IMAGE_STORE_URL to two that belong "
                "together; nothing in this store is touched until then.",
            )
        ]
    return []


def _check_decoding() -> list[Problem]:
    try:
        missing = sandbox.missing_layers()
    except SandboxError as error:
        return [
            Problem(
                "decoding-fails",
                str(error),
                "The log says why; until then no image can be uploaded.",
            )
        ]
    if not missing:
        return []
    is_preferred = current_app.config["DECODE_CONFINEMENT"] == "preferred"
    return [
        Problem(
            "decoding-unconfined",
            f"This kernel does not confine the decoding of images with {' and '.join(missing)}.",
            "Use Linux 5.13 or newer with Landlock and seccomp. Meanwhile images are "
            + ("decoded without." if is_preferred else "not decoded: DISTRIBU_DECODE_CONFINEMENT."),
        )
    ]


def _check_queue() -> list[Problem]:
    try:
        queue.size()
    except QueueUnavailable as error:
        return [
            Problem(
                "queue-unreachable",
                f"The queue does not answer: {error}",
                "Start it, or set DISTRIBU_QUEUE_URL to where it is.",
            )
        ]
    return []
