"""Compare the rows with the store, in both directions, and repair what differs.

Both are read in order, side by side, with one image at a time in memory.
Each difference is checked again before it is reported or repaired, so an
image that is uploaded or removed meanwhile is not mistaken for a fault.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import TypeVar

from sqlalchemy import ColumnElement, Select, case, exists, select, update
from sqlalchemy.exc import IntegrityError

from ..extensions import db, store
from ..models import (
    ERROR,
    PROCESSING,
    READY,
    Company,
    DownloadJob,
    Image,
    Installation,
    OutboxEntry,
    Product,
    utc_now,
)
from ..models.states import IS_OLD_GIF, NEEDS_UPLOAD
from . import store_identity
from .attachment import ImageConflict, change_image, into_outbox
from .outbox import drain, failing
from .processing import ask_again
from .rescuing import OBJECTS_LOST, byte_size, rescue
from .stores.by_image import objects_by_image, outer_join
from .stores.contract import PRIVATE, PUBLIC
from .stores.trial import TRIAL_ID

MISSING, EXTRA, WRONG_SIZE, NOT_DELETED = "missing", "extra", "wrong size", "not deleted"
LOST = "everything is lost: the product shows none, upload it again"
FROM_UPLOAD = "from the upload"
GIF = "a GIF of 0.1.0, which may show white where it was transparent"
TINY = "a tiny image of 0.1.0, whose bytes somebody may have chosen"
# Delay before unowned objects are deleted, since a newer backup may have their rows.
UNOWNED_KEPT = timedelta(days=30)
# Shorter for uploads: they may contain the place where a photograph was taken.
UPLOAD_KEPT = timedelta(hours=24)
_SAMPLE = 100
_BATCH = 500

Result = TypeVar("Result")
Found = TypeVar("Found")


class ForeignStore(Exception):
    """The store belongs to another database, so its objects must not be touched."""


@dataclass(frozen=True)
class Finding:
    """One object that differs from the rows, with the repair that was made or is needed."""

    kind: str
    key: str
    remedy: str
    is_repaired: bool = False

    def __str__(self) -> str:
        return f"{self.kind}: {self.key} ({self.remedy})"


@dataclass(frozen=True)
class BeyondRepair:
    """An image that an old release may have published damaged; only a new upload helps."""

    company: str
    product: str
    sku: str | None
    reason: str

    def __str__(self) -> str:
        return f"{self.company}: {self.product} ({self.sku or 'no SKU'}): {self.reason}"


def claim_store() -> None:
    """Record on first use that this database owns this store, and check it later.

    Commits. Raises ForeignStore if they do not belong together: with the
    wrong database, every image in the store would look like garbage.
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


def examine(repair: bool = False, accept_older: bool = False) -> Iterator[Finding]:
    """Yield each object that differs from its row; with repair, mend it before yielding it.

    Images are rescued before unowned objects are handed to the outbox.
    accept_older: repair even if the store has newer images than the database.
    Commits. Raises ForeignStore if repair could delete another database's
    objects, and DatabaseOlder.
    """
    if repair:
        claim_store()
        if not accept_older:
            store_identity.refuse_older_database()
    for prefix, last_error in failing():
        yield Finding(NOT_DELETED, prefix, f"the store refuses to delete it: {last_error}")
    image_ids = in_order(select(Image.id), lambda image_id: (image_id, None))
    for image_id, _, listed in outer_join(image_ids, objects_by_image(store)):
        # Put by flask check, which reports it if it cannot be deleted.
        if image_id != TRIAL_ID:
            yield from _examine_one(image_id, listed[0] if listed else {}, repair)


def _examine_one(image_id: str, listed: dict[str, int], repair: bool) -> Iterator[Finding]:
    """Yield what differs for one image id, which may have a row, objects, or both."""
    public = {key: size for key, size in listed.items() if key.startswith(PUBLIC)}
    findings = list(_compare(image_id, public, repair))
    yield from findings
    if public and _image(image_id) is None:
        yield from _extra(f"{PUBLIC}{image_id}/", public, repair, UNOWNED_KEPT)
    private = listed.keys() - public.keys()
    is_upload_needed = any(finding.remedy.endswith(FROM_UPLOAD) for finding in findings)
    if private and not is_upload_needed and not _owns_private(image_id):
        yield from _extra(f"{PRIVATE}{image_id}/", private, repair, UPLOAD_KEPT)


def _owns_private(image_id: str) -> bool:
    """Return whether a row owns the objects under incoming/: an upload, or a download's ZIPs."""
    image = _image(image_id)
    is_upload = image is not None and image.owns_upload
    return is_upload or db.session.get(DownloadJob, image_id) is not None


def beyond_repair() -> Iterator[BeyondRepair]:
    """Yield the images, sorted by company and product, that only a new upload can mend."""
    asked = (
        select(Company.name, Product.name, Product.sku, case((IS_OLD_GIF, GIF), else_=TINY))
        .select_from(Image)
        .join(Product, Image.product_id == Product.id)
        .join(Company, Product.company_id == Company.id)
        .where(NEEDS_UPLOAD)
        .order_by(Company.name, Product.search_text, Product.id, Image.position, Image.id)
    )
    for row in db.session.execute(asked):
        yield BeyondRepair(*row)


def purge() -> int:
    """Delete the unowned objects that wait in the outbox; return how many prefixes failed.

    Commits. Raises ForeignStore and DatabaseOlder.
    """
    claim_store()
    store_identity.refuse_older_database()
    now = utc_now()
    # Entries that failed before, or wait for a writer, keep their own time.
    is_kept = (
        (OutboxEntry.due_at > now) & (OutboxEntry.attempts == 0) & OutboxEntry.final_after.is_(None)
    )
    db.session.execute(
        update(OutboxEntry).where(is_kept).values(due_at=now),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    return drain(now=now)


def in_order(
    query: Select[Result], read: Callable[[Result], tuple[str, Found]]
) -> Iterator[tuple[str, Found]]:
    """Yield what read returns for each result, sorted by image id, which it returns first.

    query: of Image, or of its id.
    """
    last_id = ""
    while True:
        rows = db.session.scalars(query.where(Image.id > last_id).order_by(Image.id).limit(_BATCH))
        batch = list(map(read, rows))
        # Keep no transaction open while the caller waits for the store.
        db.session.rollback()
        if not batch:
            return
        yield from batch
        last_id, _ = batch[-1]


def _compare(image_id: str, found: dict[str, int], repair: bool) -> Iterator[Finding]:
    """Compare the published objects of one image with its row."""
    image = _image(image_id)
    if image and image.status != READY:
        yield from _rescue(image, found, repair)
        image = _image(image_id)
    # The sweep takes care of images that are still PROCESSING.
    if image is None or image.status != READY:
        return
    recorded = {image.key(made["path"]): made["byte_size"] for made in image.derivatives}
    if image.ladder_version is not None:
        yield from _strays(image, found.keys() - recorded.keys(), repair)
    doubtful = {key for key, size in recorded.items() if found.get(key) != size}
    sizes = {key: byte_size(key) for key in doubtful}
    wrong = {key: size for key, size in sizes.items() if size != recorded[key]}
    # It may have been removed between the listing and now.
    if wrong and _image(image_id):
        remedy, is_repaired = _restore(image, wrong.keys(), repair)
        for key, size in sorted(wrong.items()):
            kind = MISSING if size is None else WRONG_SIZE
            yield Finding(kind, key, remedy, is_repaired)


def _rescue(image: Image, found: Iterable[str], repair: bool) -> Iterator[Finding]:
    """Rescue an image that is not READY although its objects exist, or yield it as lost."""
    is_lost = image.error_code == OBJECTS_LOST
    if not (is_lost or (image.key() in found and _is_idle(image))):
        return
    image_id, key, is_repaired = image.id, image.key(), False
    try:
        store_identity.hold()
        source = rescue(image, _idle())
        if source and repair:
            db.session.commit()
            ask_again([image_id], utc_now())
            is_repaired = True
    except ImageConflict:
        source = None
    db.session.rollback()
    if source:
        remedy = f"made again from {source}"
        yield Finding(MISSING, key, remedy if repair else f"--repair: {remedy}", is_repaired)
    elif is_lost and _image(image_id):
        yield Finding(MISSING, key, LOST)


def _extra(prefix: str, found: Iterable[str], repair: bool, kept: timedelta) -> Iterator[Finding]:
    """Yield the objects under a prefix that no image owns; kept: delay before deletion."""
    if _is_in_outbox(prefix):
        return
    left = _still_there(prefix, found)
    is_ours = store_identity.IMAGE_ID.fullmatch(prefix.split("/")[1]) is not None
    plan = f"deleted in {kept.days} days" if kept.days > 1 else "deleted in 24 hours"
    remedy = f"no row owns it: --repair has it {plan}" if is_ours else "Distribu never put it there"
    if left and repair and is_ours:
        # The database may be the wrong one, or an old one: nothing is deleted at once. Until
        # then the entry owns the objects, and draining drops it if their row comes back.
        store_identity.hold()
        into_outbox(prefix, due_at=utc_now() + kept)
        db.session.commit()
        remedy = f"{plan}, or by --purge"
    for key in left:
        yield Finding(EXTRA, key, remedy, is_repaired=repair and is_ours)


def _strays(image: Image, unrecorded: Iterable[str], repair: bool) -> Iterator[Finding]:
    """Yield the objects of a complete image that its row does not name."""
    owners = {key: (key, key.rpartition("/")[0] + "/") for key in unrecorded}
    unowned = [key for key, prefixes in owners.items() if not any(map(_is_in_outbox, prefixes))]
    left = unowned and _still_there(image.prefix, unowned)
    plan = f"deleted in {UNOWNED_KEPT.days} days"
    if left and repair:
        # The row may be an old one that a newer backup brings up to date: nothing goes at once.
        store_identity.hold()
        for key in left:
            into_outbox(key, due_at=utc_now() + UNOWNED_KEPT)
        db.session.commit()
    remedy = (
        f"{plan}, or by --purge"
        if repair
        else f"its image does not name it: --repair has it {plan}"
    )
    for key in left:
        yield Finding(EXTRA, key, remedy, is_repaired=repair)


def _still_there(prefix: str, keys: Iterable[str]) -> list[str]:
    # found may contain temporary files, which this listing leaves out.
    return sorted({stored.key for stored in store.objects(prefix)} & set(keys))


def _restore(image: Image, wrong: Iterable[str], repair: bool) -> tuple[str, bool]:
    """Have the wrong objects made again if possible; return the remedy and whether it was done."""
    intact = [made for made in image.derivatives if image.key(made["path"]) not in wrong]
    if image.key() not in wrong:
        remedy = "made again from the stable image"
        change: dict[str, object] = {"derivatives": intact}
    elif byte_size(image.upload_key) is not None:
        remedy = f"made again {FROM_UPLOAD}"
        change = {"status": PROCESSING, "derivatives": []}
    elif intact:
        # Pages keep showing the derivatives that are left.
        return "the stable image is lost: its smaller sizes still show, upload it again", False
    else:
        # In ERROR, pages show a tile or the next image instead of a broken one. The recorded
        # derivatives stay, so the image can become READY when its objects are back.
        if repair:
            _commit_change(image, {"status": ERROR, "error_code": OBJECTS_LOST})
        return LOST, False
    if not repair:
        return f"--repair: {remedy}", False
    image_id = image.id
    change |= {"ladder_version": None, "attempts": 0, "writing_until": None}
    is_changed = _commit_change(image, change)
    ask_again([image_id], utc_now())
    return remedy, is_changed


def _commit_change(
    image: Image, change: dict[str, object], *conditions: ColumnElement[bool]
) -> bool:
    try:
        store_identity.hold()
        change_image(image, Image.status == READY, *conditions, **change)
    except ImageConflict:
        # Another process is changing it: the next examination shows the result.
        db.session.rollback()
        return False
    db.session.commit()
    return True


def _idle() -> ColumnElement[bool]:
    """Return the condition that no process is writing for the image."""
    return Image.writing_until.is_(None) | (Image.writing_until < utc_now())


def _is_idle(image: Image) -> bool:
    return image.writing_until is None or image.writing_until < utc_now()


def _image(image_id: str) -> Image | None:
    # End the transaction, to read the row as it is now.
    db.session.rollback()
    return db.session.get(Image, image_id)


def _is_in_outbox(prefix: str) -> bool:
    return db.session.scalars(select(exists().where(OutboxEntry.prefix == prefix))).one()


def _is_of_others() -> bool:
    """Return whether the store has objects and none of a sample belongs to this database."""
    ids = {stored.key.split("/")[1] for stored in islice(store.objects(PUBLIC), _SAMPLE)}
    return bool(ids) and not db.session.scalar(select(exists().where(Image.id.in_(ids))))
