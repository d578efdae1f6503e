"""What compares the rows with the store, both ways, and repairs what differs.

Keys are listed first and their rows asked afterwards, and each fault is looked at once more
before it is told or repaired: an image that is uploaded or removed meanwhile is none.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from ..extensions import db, queue, store
from ..models import ERROR, PROCESSING, READY, Image, Installation, OutboxEntry, utc_now
from . import store_identity
from .attachment import ImageConflict, change_image, into_outbox
from .outbox import drain_request
from .stores.contract import PRIVATE, PUBLIC, ObjectNotFound
from .writing import WRITING_WINDOW

MISSING, EXTRA, WRONG_SIZE = "missing", "extra", "wrong size"
_IMAGE_ID = re.compile("[0-9A-Z]{26}")
_SAMPLE = 100


class ForeignStore(Exception):
    """This store belongs to another database: what it holds must not be touched."""


@dataclass(frozen=True)
class Finding:
    """One object that differs from the rows, and what was done about it, or has to be."""

    kind: str
    key: str
    remedy: str
    is_repaired: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.key} ({self.remedy})"


def claim_store() -> None:
    """This database and this store belong together, from the first call on, or from a move on.

    Commits. Raises ForeignStore: the wrong database with the right store
    would take every image of a shop for garbage.
    """
    store_id = store.installation_id()
    known = db.session.get(Installation, 1)
    if known is None and not _is_of_others():
        db.session.add(Installation(store_id=store_id))
        try:
            db.session.commit()
        except IntegrityError:
            # Another process was first.
            db.session.rollback()
        known = db.session.get(Installation, 1)
    if known is None or known.store_id != store_id:
        raise ForeignStore(_why_foreign(store_id, known))


def _why_foreign(store_id: str, known: Installation | None) -> str:
    if known and store_id == known.target_id:
        return f"The images are not all in {store} yet: finish flask images move --to it first."
    if known and store_id == known.moved_from:
        return f"The images have been moved from {store} to another store."
    return f"The image store, {store}, belongs to another database than this one."


def examine(repair: bool = False) -> Iterator[Finding]:
    """Yield what differs; with repair, what can be repaired is, before it is yielded.

    Commits. Raises ForeignStore where repair could delete what another
    database owns.
    """
    if repair:
        claim_store()
    public, private = (_listed(folder) for folder in (PUBLIC, PRIVATE))
    for image_id, found in public.items():
        yield from _compare(image_id, found, repair)
    for image_id, found in private.items():
        image = _image(image_id)
        if image is None or image.ladder_version is not None:
            yield from _extra(f"{PRIVATE}{image_id}/", found, repair)
    for image_id in db.session.scalars(select(Image.id).where(Image.status == READY)).all():
        if image_id not in public:
            yield from _compare(image_id, {}, repair)


def _listed(folder: str) -> dict[str, dict[str, int]]:
    """Return byte sizes by key, by the image id that the key names."""
    listed = defaultdict(dict)
    for stored in store.objects(folder):
        listed[stored.key.split("/")[1]][stored.key] = stored.byte_size
    return listed


def _compare(image_id: str, found: dict[str, int], repair: bool) -> Iterator[Finding]:
    """What is published of one image, against its row."""
    image = _image(image_id)
    if image is None:
        yield from _extra(f"{PUBLIC}{image_id}/", found, repair)
        return
    # What is PROCESSING is the sweep's, and of what is in ERROR nothing is shown.
    if image.status != READY:
        return
    recorded = {image.key(made["path"]): made["byte_size"] for made in image.derivatives}
    if image.ladder_version is not None:
        yield from _strays(image, found.keys() - recorded.keys(), repair)
    doubtful = {key for key, byte_size in recorded.items() if found.get(key) != byte_size}
    sizes = {key: _byte_size(key) for key in doubtful}
    wrong = {key: size for key, size in sizes.items() if size != recorded[key]}
    # It may have been removed between the listing and now.
    if wrong and _image(image_id):
        remedy, is_repaired = _restore(image, wrong.keys(), repair)
        for key, size in sorted(wrong.items()):
            kind = MISSING if size is None else WRONG_SIZE
            yield Finding(kind, key, remedy, is_repaired)


def _extra(prefix: str, found: Iterable[str], repair: bool) -> Iterator[Finding]:
    """Objects under a prefix that no image owns."""
    if _is_in_outbox(prefix):
        return
    left = _still_there(prefix, found)
    is_ours = _IMAGE_ID.fullmatch(prefix.split("/")[1]) is not None
    remedy = "no row owns it: --repair deletes it" if is_ours else "Distribu never put it there"
    if left and repair and is_ours:
        # An id is never given twice, so no row can come to own this prefix any more.
        store_identity.hold()
        into_outbox(prefix)
        db.session.commit()
        drain_request()
        remedy = "deleted"
    for key in left:
        yield Finding(EXTRA, key, remedy, is_repaired=repair and is_ours)


def _strays(image: Image, unrecorded: Iterable[str], repair: bool) -> Iterator[Finding]:
    """Objects among those of an image that is complete, which its row does not name."""
    unowned = [key for key in unrecorded if not _is_in_outbox(key.rpartition("/")[0] + "/")]
    left = unowned and _still_there(image.prefix, unowned)
    is_repaired = bool(left) and repair and _delete_strays(image, left)
    for key in left:
        remedy = "deleted" if is_repaired else "its image does not name it: --repair deletes it"
        yield Finding(EXTRA, key, remedy, is_repaired)


def _delete_strays(image: Image, keys: Iterable[str]) -> bool:
    """Delete them while nobody can come to write for the image, and return whether that was so."""
    idle = Image.writing_until.is_(None) | (Image.writing_until < utc_now())
    window = utc_now() + WRITING_WINDOW
    is_held = Image.ladder_version == image.ladder_version
    if not _commit_change(image, {"writing_until": window}, is_held, idle):
        return False
    for key in keys:
        store.delete(key)
    _commit_change(image, {"writing_until": None}, Image.writing_until == window)
    return True


def _still_there(prefix: str, keys: Iterable[str]) -> list[str]:
    # A listing knows of temporary files too.
    return sorted({stored.key for stored in store.objects(prefix)} & set(keys))


def _restore(image: Image, wrong: Iterable[str], repair: bool) -> tuple[str, bool]:
    """Have what is wrong made again, if there is something to make it from."""
    intact = [made for made in image.derivatives if image.key(made["path"]) not in wrong]
    has_upload = _byte_size(image.upload_key) is not None
    if image.key() not in wrong:
        remedy, change = "made again from the stable image", {"derivatives": intact}
    elif has_upload and image.ladder_version is None:
        remedy, change = "made again from the upload", {"status": PROCESSING, "derivatives": []}
    elif intact:
        # The pages go on showing what there is.
        return "the stable image is lost: its smaller sizes still show, upload it again", False
    else:
        # A tile, or the next image, in place of a broken one.
        remedy, change = (
            "everything is lost: the product shows none, upload it again",
            {"status": ERROR, "error_code": "objects_lost", "derivatives": []},
        )
        return remedy, repair and _commit_change(image, change)
    if not repair:
        return f"--repair: {remedy}", False
    change |= {"ladder_version": None, "attempts": 0, "writing_until": None}
    is_changed = _commit_change(image, change)
    queue.enqueue("process", image.id)
    return remedy, is_changed


def _commit_change(image: Image, change: dict, *conditions) -> bool:
    try:
        store_identity.hold()
        change_image(image, Image.status == READY, *conditions, **change)
    except ImageConflict:
        # Something else is at it: the next examination tells what came of that.
        db.session.rollback()
        return False
    db.session.commit()
    return True


def _image(image_id: str) -> Image | None:
    # Each look is at the row as it is now.
    db.session.rollback()
    return db.session.get(Image, image_id)


def _is_in_outbox(prefix: str) -> bool:
    return db.session.scalar(select(exists().where(OutboxEntry.prefix == prefix)))


def _byte_size(key: str) -> int | None:
    try:
        return store.stat(key).byte_size
    except ObjectNotFound:
        return None


def _is_of_others() -> bool:
    """Whether there are objects, and not one of those looked at is this database's."""
    ids = {stored.key.split("/")[1] for stored in islice(store.objects(PUBLIC), _SAMPLE)}
    return bool(ids) and not db.session.scalar(select(exists().where(Image.id.in_(ids))))
