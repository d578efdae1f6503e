"""Identity of the image store, and whether its images may be changed now.

While the last pass of a move runs, and in a process that still has the
store from which they were moved, nothing about images is changed.
Reading goes on.
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
# How many objects of later images are looked up before the database is called older.
_LOOKED_AT = 20


class ImagesHeld(StoreUnavailable):
    """Images cannot be changed here now; its text is for merchants too."""


class ImagesMoving(ImagesHeld):
    """They are on their way to another store."""

    def __init__(self) -> None:
        super().__init__(
            "The images are being moved to another store. Nothing is lost: try again in a minute."
        )


class ImagesMoved(ImagesHeld):
    """They are in another store than this process's."""

    def __init__(self) -> None:
        super().__init__(
            "The images are in another store now, and this server has to be started again with"
            " its address. Nothing is lost: try again in a while."
        )


class DatabaseOlder(ImagesHeld):
    """The store holds images of which the database has never heard."""

    def __init__(self, image_id: str):
        super().__init__(
            f"The database is older than its image store, {store}: it has no row of image"
            f" {image_id}, nor of any as new. Nothing is deleted and nothing repaired until a newer"
            " backup of the database is put back, or flask images doctor --repair --accept-older"
            " says that there is none."
        )


def refuse_older_database() -> None:
    """Raise DatabaseOlder where the store has an image newer than every row.

    Rows go in first and ids are in the order of time, so that happens
    only where an older backup of the database was put back.
    """
    for image_id in _unknown_ids(_newest_known_id()):
        # Uploaded since the rows were asked, perhaps.
        if image_id > _newest_known_id() and any(store.objects(f"{PUBLIC}{image_id}/")):
            raise DatabaseOlder(image_id)


def _unknown_ids(newest_id: str) -> list[str]:
    """Ids of images behind newest_id of which the store has something public, only some of them."""
    # "0" sorts right behind "/": only what comes after all objects of that image is listed.
    later = (found.key for found in store.objects(PUBLIC, after=f"{PUBLIC}{newest_id}0"))
    ids = (key.split("/")[1] for key in later)
    of_images = (one for one in ids if IMAGE_ID.fullmatch(one) and one != TRIAL_ID)
    return list(islice(of_images, _LOOKED_AT))


def _newest_known_id() -> str:
    """The highest id of an image that is, or was not yet deleted."""
    # Each look is at the rows as they are now.
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
    """Return a query that locks the row until this transaction ends."""
    row = Installation.id == 1
    columns = Installation.store_id, Installation.frozen_until
    if db.engine.dialect.name == "sqlite":
        # There is no shared lock, but whoever writes is alone: so this writes.
        return update(Installation).where(row).values(id=1).returning(*columns)
    return select(*columns).where(row).with_for_update(read=True)
