"""Blueprint health: whether this process is alive, and whether its servers respond.

GET /healthz asks nothing: restart a process that does not respond to it.
GET /readyz asks the database, the image store and the queue; while it
responds with 503, send no visitors here. The numbers that it reports
never cause a 503.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from typing import cast

from flask import Blueprint, Flask, Response, current_app, jsonify
from flask.blueprints import BlueprintSetupState
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.local import LocalProxy

from . import disk_reserve
from .database import sqlite_folder
from .extensions import db, queue, store
from .images.processing import IS_UNFINISHED
from .images.stores.contract import INSTALLATION_ID, ObjectNotFound, StoreError
from .models import PROCESSING, READY, Image, OutboxEntry, utc_now
from .task_queue import QueueUnavailable

log = logging.getLogger(__name__)
bp = Blueprint("health", __name__)

TIMEOUT_SECONDS = 2


class Probe:
    """Asks one server in a separate thread, so that no server delays another.

    A server that hangs holds only one thread: until it responds, all callers
    wait for the same result and nobody asks again.
    """

    def __init__(self, name: str, ask: Callable[[], dict]):
        self.name, self._ask = name, ask
        self._starting = threading.Lock()
        self._pending: Future | None = None

    def start(self, app: Flask) -> Future:
        """Ask the server, unless a question is still open; return the future answer."""
        with self._starting:
            if self._pending is None or self._pending.done():
                self._pending = Future()
                asking = (app, self._pending)
                threading.Thread(target=self._run, args=asking, daemon=True).start()
            return self._pending

    def _run(self, app: Flask, pending: Future) -> None:
        answer = {"status": "unavailable"}
        try:
            with app.app_context():
                answer = {"status": "ok"} | self._ask()
        except (SQLAlchemyError, StoreError, QueueUnavailable) as error:
            # Only the log says why: the page is public, and a reason may contain host names.
            log.warning("not ready: %s: %s", self.name, error)
        finally:
            pending.set_result(answer)


def _in_time(pending: Future) -> dict:
    try:
        return pending.result(TIMEOUT_SECONDS)
    except TimeoutError:
        return {"status": "timed out"}


@bp.record_once
def _add_probes(state: BlueprintSetupState) -> None:
    asked = {"database": _ask_database, "store": _ask_store, "queue": _ask_queue}
    state.app.extensions["probes"] = [Probe(name, ask) for name, ask in asked.items()]


@bp.get("/healthz")
def healthz() -> Response:
    """Return 200 as long as the process responds at all."""
    return _uncached({"status": "ok"})


@bp.get("/readyz")
def readyz() -> Response:
    """Return 200 if every server responds in time, else 503; the body says which did not."""
    probes = current_app.extensions["probes"]
    app = cast("LocalProxy[Flask]", current_app)._get_current_object()
    pending = {probe.name: probe.start(app) for probe in probes}
    parts = {name: _in_time(answer) for name, answer in pending.items()}
    is_ready = all(part["status"] == "ok" for part in parts.values())
    response = _uncached({"status": "ok" if is_ready else "unavailable", **parts})
    response.status_code = 200 if is_ready else 503
    return response


def _ask_database() -> dict:
    now = utc_now()
    oldest = db.session.scalar(select(func.min(OutboxEntry.due_at)))
    unfinished = select(func.min(Image.created_at)).where(
        IS_UNFINISHED, Image.status.in_((PROCESSING, READY))
    )
    failing = select(func.count(OutboxEntry.id)).where(OutboxEntry.attempts > 0)
    return {
        "oldestDeleteOverdueSeconds": _seconds_since(oldest, now),
        "failingDeletes": db.session.scalar(failing),
        "oldestUnfinishedImageSeconds": _seconds_since(db.session.scalar(unfinished), now),
        **_disk_reserve(),
    }


def _disk_reserve() -> dict:
    """Return whether the disk reserve of an SQLite database exists."""
    folder = sqlite_folder(db.engine.url)
    return {"hasDiskReserve": disk_reserve.is_kept(folder)} if folder else {}


def _ask_store() -> dict:
    try:
        store.stat(INSTALLATION_ID)
    except ObjectNotFound:
        # The store has answered; it is new and has no id yet.
        return {}
    return {}


def _ask_queue() -> dict:
    return {"waitingTasks": queue.size()}


def _seconds_since(at: datetime | None, now: datetime) -> int:
    return max(0, int((now - at).total_seconds())) if at else 0


def _uncached(body: dict) -> Response:
    response = jsonify(body)
    response.headers["Cache-Control"] = "no-store"
    return response
