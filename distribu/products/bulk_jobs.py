"""Run a change of many products, from its confirmation to its end.

Up to PIECE products are changed in one transaction, in the request that
confirms it. More are left to the worker: QUEUED -> RUNNING -> DONE, a
piece per transaction, which also records the progress. So a worker that
dies leaves whole pieces, and the next one continues after them. FAILED
keeps what was done, and can be resumed.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import OperationalError

from ..audit import set_actor
from ..extensions import db, queue
from ..images import outbox
from ..images.store_identity import ImagesHeld
from ..models import BulkChange, Company, Product, User, utc_now
from ..models.compare_and_set import compare_and_set
from .bulk import PIECE, Extent, change_piece, extent

log = logging.getLogger(__name__)

QUEUED, RUNNING, DONE, FAILED = "QUEUED", "RUNNING", "DONE", "FAILED"
KEPT_FOR = timedelta(days=1)
# Longer than one piece takes; a worker without progress for longer is dead.
WORKING_WINDOW = timedelta(minutes=5)
# A task that no worker has begun after this time is enqueued again.
PATIENCE = timedelta(minutes=2)

BUSY = "The database was busy."

_change = partial(compare_and_set, BulkChange)


class ExtentChanged(Exception):
    """The products or the images to delete differ from those confirmed; extent: the new ones."""

    def __init__(self, extent: Extent):
        super().__init__(extent.fingerprint)
        self.extent = extent


def new_change(change_id: str, company_id: str, user_id: str, action: str) -> BulkChange:
    """Return a change that is not confirmed yet, and not in the database."""
    return BulkChange(
        id=change_id,
        company_id=company_id,
        created_by_id=user_id,
        action=action,
        product_ids=[],
        status=RUNNING,
        done=0,
        changed=0,
        removed_images=0,
        expires_at=utc_now() + KEPT_FOR,
    )


def begin(change: BulkChange, choose: Callable[[], ColumnElement[bool]], confirmed: str) -> None:
    """Do the change now, or queue it if it is large. Commits.

    choose: returns the condition of the products; called under the lock.
    confirmed: the fingerprint of the extent that the user agreed to. Raises
    ExtentChanged and ImagesHeld after a rollback, and IntegrityError if a
    change with this id was begun before.
    """
    now = utc_now()
    db.session.add(change)
    # Write first, to hold SQLite's lock from here on.
    db.session.flush()
    where = choose()
    ids = select(Product.id).where(where).order_by(Product.id)
    product_ids = db.session.scalars(ids.limit(PIECE + 1)).all()
    if is_small := len(product_ids) <= PIECE:
        product_ids = list(db.session.scalars(ids.with_for_update(of=Product)))
    else:
        product_ids = list(db.session.scalars(ids))
    found = extent(where, change.action)
    if found.fingerprint != confirmed or found.products != len(product_ids):
        db.session.rollback()
        raise ExtentChanged(found)
    change.product_ids, change.total = product_ids, len(product_ids)
    if is_small:
        change.status, change.done = DONE, change.total
        change_piece(change, product_ids, now)
    else:
        change.status, change.working_until = QUEUED, now + PATIENCE
    change_id = change.id
    db.session.commit()
    if not is_small:
        queue.enqueue("change_products", change_id)


def run(change_id: str) -> None:
    """Do a queued change piece by piece, or set it to FAILED. Commits."""
    if not _change(change_id, BulkChange.status == QUEUED, status=RUNNING):
        db.session.rollback()
        return
    db.session.commit()
    change = db.session.get_one(BulkChange, change_id)
    company = db.session.get_one(Company, change.company_id)
    user = db.session.get(User, change.created_by_id) if change.created_by_id else None
    set_actor("USER", user, company, user.logged_name if user else "")
    product_ids = change.product_ids
    try:
        while _change_next_piece(change_id, product_ids):
            # Delete the images of this piece before the next one begins.
            outbox.drain_request()
    except ImagesHeld as error:
        _fail(change_id, str(error))
    except OperationalError as error:
        log.warning("change %s: the database failed: %s", change_id, error)
        _fail(change_id, BUSY)
    outbox.drain_request()


def resume(change: BulkChange) -> bool:
    """Queue a FAILED change again, to continue after its last piece; return False if it is not.

    Commits.
    """
    change_id, until = change.id, utc_now() + PATIENCE
    is_failed = BulkChange.status == FAILED
    resumed = _change(change_id, is_failed, status=QUEUED, problem=None, working_until=until)
    db.session.commit()
    if resumed:
        queue.enqueue("change_products", change_id)
    return resumed


def recover(now: datetime | None = None) -> None:
    """Queue the changes again whose worker died or whose task was lost. Commits."""
    now = now or utc_now()
    is_open = BulkChange.status.in_([QUEUED, RUNNING])
    late = select(BulkChange.id).where(is_open, BulkChange.working_until < now)
    late_ids = db.session.scalars(late).all()
    for change_id in late_ids:
        until = now + PATIENCE
        _change(change_id, BulkChange.working_until < now, status=QUEUED, working_until=until)
    db.session.commit()
    queue.enqueue_lost("change_products", late_ids)


def _change_next_piece(change_id: str, product_ids: list[str]) -> bool:
    """Change one piece and record the progress in one transaction; return False after the last."""
    now = utc_now()
    done = db.session.scalars(select(BulkChange.done).where(BulkChange.id == change_id)).one()
    db.session.rollback()
    piece = product_ids[done : done + PIECE]
    reached = done + len(piece)
    # A second worker on the same change loses here and stops.
    is_mine = (BulkChange.status == RUNNING) & (BulkChange.done == done)
    is_last = reached == len(product_ids)
    values = {"status": DONE} if is_last else {"working_until": now + WORKING_WINDOW}
    if not _change(change_id, is_mine, done=reached, **values):
        db.session.rollback()
        return False
    change = db.session.get_one(BulkChange, change_id, populate_existing=True)
    change_piece(change, piece, now)
    db.session.commit()
    return not is_last


def _fail(change_id: str, problem: str) -> None:
    db.session.rollback()
    _change(change_id, BulkChange.status == RUNNING, status=FAILED, problem=problem)
    db.session.commit()
