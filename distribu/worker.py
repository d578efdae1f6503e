"""The background worker: its tasks, their schedule, and the loop that runs them.

Tasks run in threads with a lower priority than pages. Sweeping and
draining have a thread of their own at normal priority: a sweep does not
delay images that wait to be READY, and decoding does not delay deletions.
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

# How long running tasks may take to end; the sweep continues those that do not.
STOP_SECONDS = 5
# How often an idle worker looks for tasks in the embedded queue.
POLL_SECONDS = 0.5


def process(image_id: str) -> None:
    """Do the next step of an image, and delete its upload once the ladder is complete."""
    processing.process(image_id)
    outbox.drain_request()


def import_products(job_id: str) -> None:
    """Run an import, and delete the images that it replaced."""
    jobs.run(job_id)
    outbox.drain_request()


def change_products(change_id: str) -> None:
    """Run a change of many products, piece by piece."""
    bulk_jobs.run(change_id)


def download_images(job_id: str) -> None:
    """Make the ZIP files of a download, and delete their parts if it fails."""
    downloads.run(job_id)
    outbox.drain_request()


def sweep() -> None:
    """Resume or clean up work that crashes interrupted."""
    jobs.recover()
    bulk_jobs.recover()
    downloads.recover()
    outbox.sweep()


def drain() -> None:
    """Retry deletions that the store refused."""
    outbox.drain_between_sweeps()


def purge(now: datetime | None = None) -> None:
    """Delete expired rows."""
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
# By name: when the task is due, and after how long a waiting one is dropped.
SCHEDULE = {"purge": (crontab(hour="3", minute="30"), timedelta(days=1))}


def add_tasks(app: Flask) -> None:
    """Register the tasks, so that this process can run them."""
    for name, task in TASKS.items():
        app.extensions["tasks"][name] = _left_to_sweep(task)


def add_schedule(app: Flask) -> None:
    """Let this process queue tasks when they are due; several such processes do no harm."""
    for name, (is_due, lifetime) in SCHEDULE.items():
        task = app.extensions["huey"].periodic_task(
            is_due, name=f"scheduled_{name}", expires=lifetime
        )
        task(_in_context(app, name))


def run() -> None:
    """Run tasks until SIGTERM or SIGINT, after a sweep for work that was interrupted."""
    app = cast("LocalProxy[Flask]", current_app)._get_current_object()
    _refuse_older_database()
    _put_session_behind_pages()
    add_tasks(app)
    add_schedule(app)
    app.extensions["huey"].on_startup("yield_to_pages")(_yield_to_pages)
    is_over = threading.Event()
    threading.Thread(target=keep_house, args=(app, is_over), daemon=True).start()
    # Threads suffice, since the work is done in decoding processes or is waiting for stores.
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
    """Raise ClickException if the database is older than the store, as far as it responds."""
    try:
        store_identity.refuse_older_database()
    except store_identity.DatabaseOlder as error:
        raise click.ClickException(str(error)) from error
    except StoreError as error:
        log.warning("the image store could not be compared with the database: %s", error)


def keep_house(app: Flask, is_over: threading.Event) -> None:
    """Sweep at once and every few minutes, and drain in between, until the worker ends.

    Deletions may have made room on a full disk, so restore the disk reserve too.
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
            # OSError, for example while the folder of the database is not mounted.
            log.warning("left to the next time, the database failed: %s", error)
        is_over.wait(outbox.DRAIN_EVERY.total_seconds())


def keep_disk_reserve() -> None:
    """Create the disk reserve of an SQLite database, if it is missing and there is room."""
    if folder := sqlite_folder(db.engine.url):
        disk_reserve.keep(folder)


def _yield_to_pages() -> None:
    """Give this thread, and the decoding that it starts, a lower priority than pages."""
    # On Linux the nice value is the thread's, not the process's.
    os.nice(19)


def _put_session_behind_pages() -> None:
    if os.getsid(0) == os.getpid():
        # With autogrouping, nice only has an effect within a session, so lower the session too.
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text("19")


def _in_context(app: Flask, name: str) -> Callable[[], None]:
    def run_task() -> None:
        with app.app_context():
            app.extensions["tasks"][name]()

    return run_task


def _left_to_sweep(task: Callable[..., None]) -> Callable[..., None]:
    """Wrap a task so that a failing store or decoder is only logged; the sweep tries again."""

    def run_task(*arguments: str) -> None:
        try:
            task(*arguments)
        except (StoreError, SandboxError) as error:
            log.warning("left to the sweep: %s%r: %s", task.__name__, arguments, error)

    return run_task
