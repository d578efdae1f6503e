"""Move the images to another store while uploads and removals go on.

First everything is copied while the shop stays open. Then, for a short
last pass, images are frozen: new objects are copied, removed ones
deleted, both stores compared, and one commit makes the target the store
of this database. A freeze expires by itself if the move dies.
"""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import IO

from sqlalchemy import ColumnElement, exists, func, select

from ..extensions import db, store
from ..models import Image, Installation, utc_now
from ..models.compare_and_set import compare_and_set
from .decoding.policies import CONTENT_TYPES
from .doctor import claim_store, in_order
from .stores.by_image import objects_by_image, outer_join
from .stores.contract import PRIVATE, PUBLIC, ImageStore, ObjectNotFound
from .writing import local_copy, sha256

# Length of a freeze. A running move renews it; if the move has died, the freeze expires.
FREEZE = timedelta(minutes=5)
# Clocks differ, so a freeze this close to its end counts as expired.
MARGIN = timedelta(seconds=30)
# While the shop is busy each pass finds something new; the last one should find little.
PASSES = 5
FEW_NEW_OBJECTS = 50

_PUT_ATTEMPTS = 2
_POLL_SECONDS = 1


class MoveFailed(Exception):
    """The move failed; the images are still in their old store."""


class AlreadyMoved(Exception):
    """The images are already in the target store."""


def image_count() -> int:
    return db.session.scalars(select(func.count()).select_from(Image)).one()


class Move:
    """One run of a move to another store.

    Its first pass compares every byte, later passes only what differs in size.
    """

    def __init__(self, target: ImageStore, pause: Callable[[float], None] = time.sleep):
        """Prepare the target and record that this database is moving to it. Commits.

        Raises AlreadyMoved, ForeignStore, StoreError, and MoveFailed if the
        target holds objects that no move has put there.
        """
        self._target, self._pause = target, pause
        self._is_compared = False
        self._freeze: Freeze | None = None
        self.missing: set[str] = set()
        target.prepare()
        self._target_id = target.installation_id()
        self._remember()

    def copy(self, tick: Callable[[], None]) -> int:
        """Copy every object that a row names and verify its bytes; return how many were copied.

        tick: called after each image. Keys that the source lacks go into
        self.missing. Raises StoreError and MoveFailed.
        """
        count, doubtful, self.missing = 0, self.missing, set()
        for named, (here, there) in self._images():
            for key, content_type in named.items():
                is_same = key in here and here[key] == there.get(key)
                # An equal size is enough only for what this run has compared before.
                if not (self._is_compared and is_same) or key in doubtful:
                    self._copy_one(key, content_type)
                    count += 1
            if self._freeze:
                self._delete_extra(there.keys() - (named.keys() - self.missing))
            if named:
                tick()
        self._is_compared = True
        return count

    def finish(self, tick: Callable[[], None]) -> None:
        """Freeze images, copy the rest, and make the target the store of this database.

        tick: called after each image. Commits. Raises StoreError and MoveFailed.
        """
        self._freeze = freeze = Freeze()
        try:
            self._wait_for_writers(freeze)
            self.copy(tick)
            self._compare()
            freeze.switch(self._target_id)
        finally:
            freeze.end()

    def _images(self) -> Iterator[tuple[dict[str, str], list[dict[str, int]]]]:
        """Yield, for each image, what its row names, and the byte sizes by key in both stores."""
        rows = in_order(select(Image), _objects_of)
        for _, named, sizes in outer_join(rows, objects_by_image(store, self._target)):
            if self._freeze:
                self._freeze.renew()
            yield named or {}, sizes or [{}, {}]

    def _remember(self) -> None:
        known = db.session.get(Installation, 1, populate_existing=True)
        if known and known.store_id == self._target_id:
            raise AlreadyMoved
        claim_store()
        known = db.session.get_one(Installation, 1)
        is_known = self._target_id in (known.target_id, known.moved_from)
        if not is_known and not _is_empty(self._target):
            raise MoveFailed(f"There are objects in {self._target} that no move has put there.")
        known.target_id = self._target_id
        db.session.commit()

    def _copy_one(self, key: str, content_type: str) -> None:
        if self._freeze:
            self._freeze.renew()
        try:
            with local_copy(key) as file:
                self._put_until_same(key, file, content_type)
        except ObjectNotFound:
            # Removed since its row was read, or lost before.
            self.missing.add(key)

    def _put_until_same(self, key: str, file: IO[bytes], content_type: str) -> None:
        digest = sha256(file)
        for _ in range(_PUT_ATTEMPTS):
            if self._target_digest(key) == digest:
                return
            self._target.put(key, file, content_type)
        if self._target_digest(key) != digest:
            raise MoveFailed(f"{self._target} gives back other bytes of {key} than it was given.")

    def _target_digest(self, key: str) -> str | None:
        try:
            with local_copy(key, self._target) as file:
                return sha256(file)
        except ObjectNotFound:
            return None

    def _wait_for_writers(self, freeze: "Freeze") -> None:
        # No writer can begin now; those that began earlier stop by their writing_until.
        while db.session.scalar(select(exists().where(Image.writing_until > utc_now()))):
            db.session.rollback()
            freeze.renew()
            self._pause(_POLL_SECONDS)
        db.session.rollback()

    def _delete_extra(self, keys: set[str]) -> None:
        """Delete these keys, which no row names, from the target."""
        for key in keys:
            self._target.delete(key)

    def _compare(self) -> None:
        for named, (here, there) in self._images():
            wanted = {key: here.get(key) for key in named.keys() - self.missing}
            if differing := sorted(key for key, _ in there.items() ^ wanted.items()):
                raise MoveFailed(f"The two stores differ, for example at {differing[0]}.")


class Freeze:
    """A period in which no process can change an image: see store_identity.py."""

    def __init__(self) -> None:
        """Begin the freeze after pending changes of images have committed. Raises MoveFailed."""
        now = utc_now()
        self._until = now + FREEZE
        is_free = Installation.frozen_until.is_(None) | (Installation.frozen_until < now)
        if not _change_installation(is_free, frozen_until=self._until):
            raise MoveFailed("Another move is in its last pass.")

    def renew(self) -> None:
        """Extend the freeze when half of it has passed. Raises MoveFailed if it has expired."""
        left = self._until - utc_now()
        if left > FREEZE / 2:
            return
        until = utc_now() + FREEZE
        if left < MARGIN or not _change_installation(self._is_mine(), frozen_until=until):
            raise MoveFailed("The last pass was held up for too long.")
        self._until = until

    def switch(self, target_id: str) -> None:
        """Make the target this database's store and end the freeze. Raises MoveFailed."""
        self.renew()
        if not _change_installation(
            self._is_mine(),
            store_id=target_id,
            moved_from=Installation.store_id,
            target_id=None,
            frozen_until=None,
        ):
            raise MoveFailed("The last pass was held up for too long.")

    def end(self) -> None:
        _change_installation(self._is_mine(), frozen_until=None)

    def _is_mine(self) -> ColumnElement[bool]:
        return Installation.frozen_until == self._until


def _change_installation(*conditions: ColumnElement[bool], **values: object) -> bool:
    """Update the installation's row if it meets the conditions; return whether it did. Commits."""
    db.session.rollback()
    is_changed = compare_and_set(Installation, 1, *conditions, **values)
    db.session.commit()
    return is_changed


def _objects_of(image: Image) -> tuple[str, dict[str, str]]:
    """Return the id, and the content types of the image's objects by key."""
    objects = {image.key(made["path"]): CONTENT_TYPES[made["format"]] for made in image.derivatives}
    if image.owns_upload:
        objects[image.upload_key] = "application/octet-stream"
    return image.id, objects


def _is_empty(image_store: ImageStore) -> bool:
    return not any(any(image_store.objects(folder)) for folder in (PUBLIC, PRIVATE))
