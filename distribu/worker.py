"""The work behind the pages: the queue's tasks, their schedule, and who runs them.

Tasks run in threads that give way to the pages. Sweeping and
draining have a thread of their own, which does not: a sweep holds up no
image that waits to be READY, and decoding does not hold up a deletion.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

import click
from flask import Flask, current_app
from huey import crontab
from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy

from . import disk_reserve
from .database import sqlite_folder
from .downloading import jobs as downloads
from .extensions import db
from .images import outbox, processing, store_identity
from .images.decoding.sandbox import SandboxError
from .images.stores.contract import StoreError
from .importing import jobs
from .models import BulkChange, EndedSession, IdempotencyKey, ImportJob, utc_now
from .products import bulk_jobs

log = logging.getLogger(__name__)

# A task under way may end in this time; the sweep goes on with what did not.
STOP_SECONDS = 5
# How long a task of the embedded queue waits at most until an idle worker looks.
POLL_SECONDS = 0.5


def process(image_id: str) -> None:
    """The image has its whole ladder, and its upload is deleted."""
    processing.process(image_id)
    outbox.drain_request()


def import_products(job_id: str) -> None:
    """The import has been done or has failed, and what it displaced is deleted."""
    jobs.run(job_id)
    outbox.drain_request()


def change_products(change_id: str) -> None:
    """The products of a change are changed, piece by piece."""
    bulk_jobs.run(change_id)


def download_images(job_id: str) -> None:
    """The ZIPs of a download have been made, or it has failed and what it put is deleted."""
    downloads.run(job_id)
    outbox.drain_request()


def sweep() -> None:
    """Repair the traces of crashes."""
    jobs.recover()
    bulk_jobs.recover()
    downloads.recover()
    outbox.sweep()


def drain() -> None:
    """Try again to delete the objects that the store has refused to delete."""
    outbox.drain_between_sweeps()


def purge(now: datetime | None = None) -> None:
    """Delete what has passed its time."""
    for model in (IdempotencyKey, ImportJob, BulkChange, EndedSession):
        db.session.execute(delete(model).where(model.expires_at < (now or utc_now())))
    db.session.commit()


TASKS: dict[str, Callable[..., None]] = {
    "process": process,
    "import_products": import_products,
    "change_products": change_products,
    "download_images": download_images,
    "sweep": sweep,
    "purge": purge,
}
# A task of the schedule that waits for longer than until the next one is not run.
SCHEDULE = {"purge": (crontab(hour="3", minute="30"), timedelta(days=1))}


def add_tasks(app: Flask) -> None:
    """This process can do what the app's queue asks for."""
    for name, task in TASKS.items():
        app.extensions["tasks"][name] = _left_to_sweep(task)


def add_schedule(app: Flask) -> None:
    """This process asks for what is due; several such processes do no harm."""
    for name, (is_due, lifetime) in SCHEDULE.items():
        task = app.extensions["huey"].periodic_task(
            is_due, name=f"scheduled_{name}", expires=lifetime
        )
        task(_in_context(app, name))


def run() -> None:
    """Work on the queue until SIGTERM or SIGINT, after a sweep of what the last worker left."""
    app = cast("LocalProxy[Flask]", current_app)._get_current_object()
    _refuse_older_database()
    _put_session_behind_pages()
    add_tasks(app)
    add_schedule(app)
    app.extensions["huey"].on_startup("yield_to_pages")(_yield_to_pages)
    is_over = threading.Event()
    threading.Thread(target=keep_house, args=(app, is_over), daemon=True).start()
    # Threads, since the work is in decoding processes and in waiting for stores.
    consumer = app.extensions["huey"].create_consumer(
        workers=app.config["DECODE_PROCESSES"],
        worker_type="thread",
        max_delay=POLL_SECONDS,
        graceful_signal="TERM",
        shutdown_timeout=STOP_SECONDS,
    )
    consumer.run()
    is_over.set()
    app.extensions["image_sandbox"].close()


def _refuse_older_database() -> None:
    """Raise ClickException; a store that does not answer now is asked again by each sweep."""
    try:
        store_identity.refuse_older_database()
    except store_identity.DatabaseOlder as error:
        raise click.ClickException(str(error)) from error
    except StoreError as error:
        log.warning("the image store could not be compared with the database: %s", error)


def keep_house(app: Flask, is_over: threading.Event) -> None:
    """Sweep at once and every few minutes, and drain in between, until the worker ends.

    What has made room on a full disk makes the disk reserve possible again.
    """
    sweep_at = time.monotonic()
    while not is_over.is_set():
        task, now = drain, time.monotonic()
        if now >= sweep_at:
            task, sweep_at = sweep, now + outbox.SWEEP_EVERY.total_seconds()
        try:
            with app.app_context():
                _left_to_sweep(task)()
                keep_disk_reserve()
        except (SQLAlchemyError, OSError) as error:
            # The second one where the folder of the database is not mounted for a while.
            log.warning("left to the next time, the database failed: %s", error)
        is_over.wait(outbox.DRAIN_EVERY.total_seconds())


def keep_disk_reserve() -> None:
    """Make the reserve on the disk of an SQLite database, where it is missing and has room."""
    if folder := sqlite_folder(db.engine.url):
        disk_reserve.keep(folder)


def _yield_to_pages() -> None:
    """The kernel runs this thread, and the decoding that it starts, behind what serves pages."""
    # On Linux the nice value is the thread's, not the process's.
    os.nice(19)


def _put_session_behind_pages() -> None:
    if os.getsid(0) == os.getpid():
        # Under autogrouping a session counts as one, and nice only within it.
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text("19")


def _in_context(app: Flask, name: str) -> Callable[[], None]:
    def run_task() -> None:
        with app.app_context():
            app.extensions["tasks"][name]()

    return run_task


def _left_to_sweep(task: Callable[..., None]) -> Callable[..., None]:
    """The same task, but a store or decoder that fails is no error here: the sweep comes again."""

    def run_task(*arguments: str) -> None:
        try:
            task(*arguments)
        except (StoreError, SandboxError) as error:
            log.warning("left to the sweep: %s%r: %s", task.__name__, arguments, error)

    return run_task
