"""Check which image store this database owns and whether images may be changed now.

No image may be changed during the last pass of a move, nor by a process
that still uses the store from which the images were moved. Reading is
always allowed.
"""

import re
from datetime import datetime
from itertools import islice

from flask import current_app
from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from ..extensions import db, store
from ..models import Image, Installation, OutboxEntry, utc_now
from .stores.contract import PRIVATE, PUBLIC, StoreUnavailable
from .stores.trial import TRIAL_ID

IMAGE_ID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")
# Newer images in the store that are checked, at most, to decide that the database is older.
_LOOKED_AT = 20


class ImagesHeld(StoreUnavailable):
    """Images cannot be changed now; str() is a sentence for merchants too."""


class ImagesMoving(ImagesHeld):
    """The images are being moved to another store."""

    def __init__(self) -> None:
        super().__init__(
            "The images are being moved to another store. Nothing is lost: try again in a minute."
        )


class ImagesMoved(ImagesHeld):
    """The images are in another store than the one this process uses."""

    def __init__(self) -> None:
        super().__init__(
            "The images are in another store now, and this server has to be started again with"
            " its address. Nothing is lost: try again in a while."
        )


class DatabaseOlder(ImagesHeld):
    """The store has images newer than any that the database knows."""

    def __init__(self, image_id: str):
        super().__init__(
            f"The database is older than its image store, {store}: it has no row of image"
            f" {image_id}, nor of any as new. Nothing is deleted and nothing repaired until a newer"
            " backup of the database is put back, or flask images doctor --repair --accept-older"
            " says that there is none."
        )


def refuse_older_database() -> None:
    """Raise DatabaseOlder if the store has an image newer than every row.

    Rows are written first and ids are in the order of time, so this happens
    only after an older backup of the database was restored.
    """
    for image_id in _unknown_ids(_newest_known_id()):
        # It may have been uploaded since the rows were read.
        if image_id > _newest_known_id() and any(store.objects(f"{PUBLIC}{image_id}/")):
            raise DatabaseOlder(image_id)


def _unknown_ids(newest_id: str) -> list[str]:
    """Return a few ids of images with public objects that are newer than newest_id."""
    # "0" sorts right after "/", so the listing begins after all objects of that image.
    later = (found.key for found in store.objects(PUBLIC, after=f"{PUBLIC}{newest_id}0"))
    ids = (key.split("/")[1] for key in later)
    of_images = (one for one in ids if IMAGE_ID.fullmatch(one) and one != TRIAL_ID)
    return list(islice(of_images, _LOOKED_AT))


def _newest_known_id() -> str:
    """Return the highest image id in the rows and in the outbox."""
    # End the transaction, to read the rows as they are now.
    db.session.rollback()
    newest = db.session.scalar(select(func.max(Image.id))) or ""
    for folder in (PUBLIC, PRIVATE):
        # Sorted by the index on prefix, so the last one is the newest.
        last = select(func.max(OutboxEntry.prefix)).where(
            OutboxEntry.prefix.between(folder, f"{folder}Z")
        )
        prefix = db.session.scalar(last)
        newest = max(newest, prefix.split("/")[1] if prefix else "")
    db.session.rollback()
    return newest


def hold() -> None:
    """Lock images against a move until the end of this transaction.

    Raises ImagesHeld after a rollback. A process that has not asked its
    store for its id yet assumes that it is the right one.
    """
    known = db.session.execute(_locking()).first()
    try:
        _compare(known, current_app.extensions.get("image_store_id"))
    except ImagesHeld:
        db.session.rollback()
        raise


def require() -> None:
    """Raise ImagesHeld if this process uses another store or a move is finishing.

    Raises StoreError if the store cannot say its id.
    """
    known = db.session.execute(
        select(Installation.store_id, Installation.frozen_until).where(Installation.id == 1)
    ).first()
    _compare(known, own_store_id() if known else None)


def own_store_id() -> str:
    """Return the id of this process's store, asked once and then cached. Raises StoreError."""
    known = current_app.extensions
    if "image_store_id" not in known:
        known["image_store_id"] = store.installation_id()
    store_id: str = known["image_store_id"]
    return store_id


def _compare(known: Row[str, datetime | None] | None, own_id: str | None) -> None:
    if known is None:
        return
    if own_id not in (None, known.store_id):
        raise ImagesMoved
    if known.frozen_until and utc_now() < known.frozen_until:
        raise ImagesMoving


def _locking() -> Select[str, datetime | None] | ReturningUpdate[str, datetime | None]:
    """Return a query that locks the installation's row until this transaction ends."""
    row = Installation.id == 1
    columns = Installation.store_id, Installation.frozen_until
    if db.engine.dialect.name == "sqlite":
        # SQLite has no shared row lock, but only one writer at a time, so a write locks.
        return update(Installation).where(row).values(id=1).returning(*columns)
    return select(*columns).where(row).with_for_update(read=True)
