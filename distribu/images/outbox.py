"""Deletion of objects: drain() empties the outbox, sweep() repairs the traces of crashes."""

import logging
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, exists, select, update
from sqlalchemy.exc import SQLAlchemyError

from ..budgets import DRAIN_SECONDS, within
from ..extensions import db, store
from ..models import ERROR, Image, OutboxEntry, utc_now
from ..models.compare_and_set import changed_rows
from ..models.json_rows import is_among
from . import attachment, processing, store_identity
from .purging import purge
from .store_identity import ImagesHeld
from .stores.contract import StoreError
from .sweep_lock import only_sweep
from .writing import WRITING_WINDOW

log = logging.getLogger(__name__)

FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
SWEEP_EVERY = timedelta(minutes=5)
# Interval at which failed deletions are tried again between sweeps.
DRAIN_EVERY = timedelta(seconds=20)
# Consecutive failures with one cause that show that the store fails, not the entries.
_SAME_CAUSE = 3
# Columns of OutboxEntry or Image, whichever a query selects by name.
_Row = Row[*tuple[Any, ...]]


def drain(entry_ids: Sequence[str] | None = None, now: datetime | None = None) -> int:
    """Delete the objects of due entries, then the entries; return how many are left. Commits.

    entry_ids: drain only these, as at the end of a request; the first
    failure leaves the rest to the sweep. If None, drain all due entries,
    new ones first, and stop when several in a row fail for the same cause.
    A failed delete is logged and tried again later. While images are held,
    nothing is deleted.
    """
    now = now or utc_now()
    columns = ("id", "prefix", "final_after", "attempts", "published")
    due = select(*(getattr(OutboxEntry, name) for name in columns))
    if entry_ids is None:
        # New entries first: an entry that keeps failing must not hold them up.
        due = due.where(OutboxEntry.due_at <= now)
        due = due.order_by(OutboxEntry.attempts > 0, OutboxEntry.due_at)
    else:
        due = due.where(is_among(OutboxEntry.id, entry_ids))
    # Rows, not objects: another drain may be at the same entries.
    entries = db.session.execute(due).all()
    began, left, causes = time.monotonic(), len(entries), []
    for entry in entries:
        if error := _drain_one(entry, now):
            causes.append(type(error))
        else:
            causes.clear()
            left -= 1
        if entry_ids is None:
            is_over = isinstance(error, ImagesHeld) or _is_common(causes)
        else:
            is_over = bool(causes) or time.monotonic() - began >= DRAIN_SECONDS
        if is_over:
            break
    return left


def drain_request() -> int:
    """Delete the objects that this request discarded, within DRAIN_SECONDS.

    The change is already committed, so a failure here is only logged, and
    the sweep finishes. Returns how many entries are left.
    """
    # Most requests change nothing, and many open no session: none is opened to find that out.
    entry_ids = db.session.registry.has() and db.session.info.pop("to_drain", None)
    if not entry_ids:
        return 0
    try:
        with within(DRAIN_SECONDS):
            db.session.rollback()
            return drain(entry_ids)
    except SQLAlchemyError as error:
        log.warning("left to the sweep, the database failed: %s", error)
        db.session().invalidate()
        return len(entry_ids)


def failing(company_id: str | None = None) -> list[Row[str, str | None]]:
    """Return prefix and last error of the entries that failed, of one company or of all."""
    entries = select(OutboxEntry.prefix, OutboxEntry.last_error).where(OutboxEntry.attempts > 0)
    if company_id:
        entries = entries.where(OutboxEntry.company_id == company_id)
    return list(db.session.execute(entries.order_by(OutboxEntry.prefix)))


def sweep(now: datetime | None = None) -> int | None:
    """Discard abandoned images, resume stuck ones and drain the outbox. Commits.

    Returns how many due entries are left, or None if another sweep is
    running. Raises StoreError, and ImagesHeld, also when the database is
    older than the store.
    """
    now = now or utc_now()
    with only_sweep() as is_only:
        if not is_only:
            return None
        store_identity.refuse_older_database()
        attachment.discard_abandoned(now)
        db.session.commit()
        _resume_stuck(now)
        # Take a later time, so that the images discarded just now are due too.
        return drain(now=max(now, utc_now()))


def drain_between_sweeps() -> int | None:
    """Drain the due entries unless a sweep is running. Commits.

    Returns and raises the same as sweep().
    """
    with only_sweep() as is_only:
        if not is_only:
            return None
        is_due = select(exists().where(OutboxEntry.due_at <= utc_now()))
        if not db.session.scalar(is_due):
            return 0
        store_identity.refuse_older_database()
        return drain()


def _is_common(causes: list[type]) -> bool:
    """Return whether the last failures, in a row, have one cause."""
    last = causes[-_SAME_CAUSE:]
    return len(last) == _SAME_CAUSE and len(set(last)) == 1


def _drain_one(entry: _Row, now: datetime) -> StoreError | None:
    """Delete the objects of an entry and the entry; return the error if that failed."""
    try:
        # Checked after the entry was read, so an entry written since a move is never applied to
        # the old store.
        store_identity.require()
        if _is_owned_again(entry.prefix):
            _forget(entry)
            return None
        # Keep no transaction open while waiting for the store.
        db.session.rollback()
        if entry.prefix.endswith("/"):
            store.delete_prefix(entry.prefix)
        elif not _delete_stray(entry.prefix, now):
            _postpone(entry, now + LONGEST_RETRY)
            return None
        # Purge after the delete, or a cache could fetch the object again in between.
        purge(entry.published or [])
    except ImagesHeld as error:
        return error
    except StoreError as error:
        if entry.attempts == 0:
            # Log it once: doctor and the dashboard keep showing it.
            log.warning("could not delete %s: %s", entry.prefix, error)
        pause = min(FIRST_RETRY * 2 ** min(entry.attempts, 10), LONGEST_RETRY)
        _postpone(entry, now + pause, attempts=entry.attempts + 1, last_error=str(error)[:500])
        return error
    if entry.final_after and now < entry.final_after:
        # A writer may still put objects: delete once more when it no longer can.
        _postpone(entry, entry.final_after)
    else:
        _forget(entry)
    return None


def _delete_stray(key: str, now: datetime) -> bool:
    """Delete one object unless a process is writing for its image; return whether it was deleted.

    A rebuild may put a new object under the same key. Commits.
    """
    is_its = Image.id == key.split("/")[1]
    window = now + WRITING_WINDOW
    is_idle = Image.writing_until.is_(None) | (Image.writing_until < now)
    if not _hold_writers(is_its, Image.ladder_version.is_not(None), is_idle, until=window):
        return not db.session.scalar(select(exists().where(is_its)))
    store.delete(key)
    _hold_writers(is_its, Image.writing_until == window, until=None)
    return True


def _hold_writers(*conditions: ColumnElement[bool], until: datetime | None) -> bool:
    held = changed_rows(update(Image).where(*conditions).values(writing_until=until))
    db.session.commit()
    return held == 1


def _is_owned_again(prefix: str) -> bool:
    """Return whether an image owns the entry's objects again, because its row was restored."""
    _, image_id, path = prefix.split("/", 2)
    image = db.session.scalar(
        select(Image).where(Image.id == image_id).execution_options(populate_existing=True)
    )
    if image is None:
        return False
    if prefix == image.incoming_prefix:
        return image.owns_upload
    if not prefix.endswith("/"):
        return any(image.key(made["path"]) == prefix for made in image.derivatives)
    # An older ladder, which the image no longer names, has an entry of its own.
    return not path or any(made["path"].startswith(path) for made in image.derivatives)


def _forget(entry: _Row) -> None:
    db.session.execute(
        delete(OutboxEntry).where(OutboxEntry.id == entry.id),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()


def _postpone(entry: _Row, due_at: datetime, **values: object) -> None:
    db.session.execute(
        update(OutboxEntry).where(OutboxEntry.id == entry.id).values(due_at=due_at, **values),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()


def _resume_stuck(now: datetime) -> None:
    """Queue the images that no process is working on; let those rest that used all attempts."""
    # Of the images in ERROR, only resting ones are tried again.
    is_open = Image.retry_at.is_(None) & (Image.status != ERROR)
    is_due = is_open | (Image.retry_at <= now)
    columns = ("id", "status", "attempts", "writing_until", "retry_at")
    unfinished = select(*(getattr(Image, name) for name in columns)).where(
        processing.IS_UNFINISHED, Image.created_at < now - processing.PATIENCE, is_due
    )
    rows = db.session.execute(unfinished.order_by(Image.id)).all()
    idle = [row for row in rows if row.writing_until is None or row.writing_until < now]
    resumed = []
    for row in _without_suspects(rows, idle):
        if row.retry_at is not None:
            processing.wake(row.id, now)
        elif row.attempts >= processing.MAX_ATTEMPTS:
            _rest(row.id, now)
            continue
        resumed.append(row.id)
    processing.ask_again(resumed, now)


def _without_suspects(rows: Sequence[_Row], idle: list[_Row]) -> list[_Row]:
    """Return the idle rows, but at most one of those that are on their last attempt.

    An image that kills its worker also costs the images beside it an
    attempt. Trying suspects one at a time clears the innocent ones.
    """
    last_attempt = processing.MAX_ATTEMPTS - 1
    suspects = [row for row in idle if row.attempts == last_attempt or row.retry_at]
    is_tried = any(row.attempts > last_attempt and row not in idle for row in rows)
    waiting = suspects if is_tried else suspects[1:]
    return [row for row in idle if row not in waiting]


def _rest(image_id: str, now: datetime) -> None:
    image = db.session.get(Image, image_id)
    is_over = Image.attempts >= processing.MAX_ATTEMPTS
    try:
        if image:
            processing.rest(image, now, is_over)
        db.session.commit()
    except attachment.ImageConflict:
        db.session.rollback()
    except StoreError as error:
        db.session.rollback()
        log.warning("could not let %s rest yet: %s", image_id, error)
