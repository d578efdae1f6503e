"""Rebuilding of derivatives from the stable image after a change of the ladder.

The new ladder is put beside the old one, which the pages show until the
new one is whole: no address ever gets other bytes. A row is handed over
before anything is made, so the sweep finishes what a crash leaves.
"""

from datetime import datetime

from sqlalchemy import or_, select

from ..extensions import db
from ..models import READY, Image, utc_now
from . import store_identity
from .attachment import ImageConflict, change_image
from .decoding.ladder import LADDER_VERSION
from .outbox import drain_request
from .processing import IS_UNFINISHED, by_ladder, process, wake

DONE = "done"
GONE = "removed meanwhile"
BUSY = "another process is at it; the sweep finishes what that leaves"
KEPT = "its image is lost or damaged, so it keeps its old sizes: upload it again"


def outdated() -> list[str]:
    """Return the ids of all READY images that lack the ladder of today, the oldest first.

    What an interrupted rebuild has begun is among them. An image that is
    chosen but not saved is not: its ladder is made at Save.
    """
    older = or_(IS_UNFINISHED, Image.ladder_version < LADDER_VERSION)
    ready = select(Image.id).where(Image.status == READY, older)
    return list(db.session.scalars(ready.order_by(Image.id)))


def rebuild(image_id: str, now: datetime | None = None) -> str:
    """The image has the ladder of today, and nothing of an older one; or the answer says why not.

    Commits. Safe to repeat. Returns DONE, GONE, BUSY or KEPT. Raises
    StoreError and SandboxError; the sweep then makes another attempt.
    """
    now = now or utc_now()
    db.session.rollback()
    _hand_over(image_id, now)
    process(image_id, now)
    drain_request()
    return _outcome(image_id)


def _hand_over(image_id: str, now: datetime) -> None:
    """The image waits for a ladder, as one does that was uploaded just now. Commits."""
    image = db.session.get(Image, image_id)
    if image and image.retry_at:
        wake(image_id, image.retry_at)
    if image is None or image.ladder_version is None:
        return
    store_identity.hold()
    try:
        change_image(
            image,
            Image.status == READY,
            Image.ladder_version < LADDER_VERSION,
            Image.writing_until.is_(None) | (Image.writing_until < now),
            ladder_version=None,
            attempts=0,
            writing_until=None,
        )
    except ImageConflict:
        # Removed, or handed over by somebody else.
        db.session.rollback()
    db.session.commit()


def _outcome(image_id: str) -> str:
    db.session.rollback()
    image = db.session.get(Image, image_id)
    if image is None:
        return GONE
    if image.ladder_version != LADDER_VERSION:
        return BUSY
    _, older = by_ladder(image.derivatives)
    return KEPT if older else DONE
