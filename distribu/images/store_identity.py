"""Which store the images are in, and whether they may be changed now.

While the last pass of a move runs, and in a process that still has the
store from which they were moved, nothing about images is changed.
Reading goes on.
"""

from flask import current_app
from sqlalchemy import select, update

from ..extensions import db, store
from ..models import Installation, utc_now
from .stores.contract import StoreUnavailable


class ImagesHeld(StoreUnavailable):
    """Images cannot be changed here now; its text is for merchants too."""


class ImagesMoving(ImagesHeld):
    """They are on their way to another store."""

    def __init__(self):
        super().__init__(
            "The images are being moved to another store. Nothing is lost: try again in a minute."
        )


class ImagesMoved(ImagesHeld):
    """They are in another store than this process's."""

    def __init__(self):
        super().__init__(
            "The images are in another store now, and this server has to be started again with"
            " its address. Nothing is lost: try again in a while."
        )


def hold() -> None:
    """Images may be changed until the end of this transaction: a move waits for it.

    Raises ImagesHeld, the transaction rolled back. A process that has
    not yet asked its store who it is takes it for the right one.
    """
    known = db.session.execute(_locking()).first()
    try:
        _compare(known, current_app.extensions.get("image_store_id"))
    except ImagesHeld:
        db.session.rollback()
        raise


def require() -> None:
    """This process's store is where the images are, and no move is at its end.

    Raises ImagesHeld, and StoreError where the store cannot say who it is.
    """
    known = db.session.execute(
        select(Installation.store_id, Installation.frozen_until).where(Installation.id == 1)
    ).first()
    _compare(known, own_store_id() if known else None)


def own_store_id() -> str:
    """The id of this process's store, asked once. Raises StoreError."""
    known = current_app.extensions
    if "image_store_id" not in known:
        known["image_store_id"] = store.installation_id()
    return known["image_store_id"]


def _compare(known, own_id: str | None) -> None:
    if known is None:
        return
    if own_id not in (None, known.store_id):
        raise ImagesMoved
    if known.frozen_until and utc_now() < known.frozen_until:
        raise ImagesMoving


def _locking():
    """What reads the row so that it stays as it is until this transaction ends."""
    row = Installation.id == 1
    columns = Installation.store_id, Installation.frozen_until
    if db.engine.dialect.name == "sqlite":
        # There is no shared lock, but whoever writes is alone: so this writes.
        return update(Installation).where(row).values(id=1).returning(*columns)
    return select(*columns).where(row).with_for_update(read=True)
