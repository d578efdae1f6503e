"""Rebuild derivatives from the stable image after the ladder changes.

The new ladder is put beside the old one, which pages show until the new
one is complete, so the bytes at an address never change. The row says
that a ladder is due before anything is made, so the sweep finishes what
a crash interrupts.
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
    """Return the ids of all READY images without the current ladder, oldest first.

    Interrupted rebuilds are included. Images that are chosen but not saved
    are not: their ladder is made at Save.
    """
    older = or_(IS_UNFINISHED, Image.ladder_version < LADDER_VERSION)
    ready = select(Image.id).where(Image.status == READY, older)
    return list(db.session.scalars(ready.order_by(Image.id)))


def rebuild(image_id: str, now: datetime | None = None) -> str:
    """Give the image the current ladder and discard older ones; return the outcome.

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
    """Mark the image as waiting for a ladder, as if newly uploaded. Commits."""
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
        # Removed, or marked by another process.
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
