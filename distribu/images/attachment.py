"""Ownership of images: attach, replace, remove, discard.

A row goes in before its objects, and comes out after them. Nothing here
commits: a change of images is part of the caller's one commit. Whoever
changes the images of a product holds lock_product() first. Where
images cannot be changed now, attach and discard raise ImagesHeld
and roll back.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, delete, func, insert, inspect, select, update

from ..extensions import db
from ..models import READY, Image, OutboxEntry, Product, new_id, utc_now
from ..models.compare_and_set import changed_rows, compare_and_set
from ..models.json_rows import is_among
from . import store_identity

STAGED_FOR = timedelta(hours=24)


class ImageConflict(Exception):
    """Someone else was faster: the image or the product is not what it was."""


class ImageLimitReached(ImageConflict):
    """The product has as many images as it may have; str() is a sentence for the merchant."""

    def __init__(self, limit: int):
        super().__init__(
            f"This product has as many images as it can have, {limit}. Remove one of them first."
        )


class StaleProduct(ImageConflict):
    """The product is gone, or newer than the form that was filled in."""


def lock_product(product_id: str, company_id: str, version: int | None = None) -> Product:
    """The product as it is now, its version raised by one and held until commit.

    version: what the caller has seen; None takes any. Raises StaleProduct.
    """
    conditions = [Product.id == product_id, Product.company_id == company_id]
    if version is not None:
        conditions.append(Product.version == version)
    # In Core, as the first statement: a lock on SQLite and PostgreSQL alike.
    raised = update(Product).where(*conditions).values(version=Product.version + 1)
    if changed_rows(raised) != 1:
        db.session.rollback()
        raise StaleProduct(product_id)
    return db.session.get_one(Product, product_id, populate_existing=True)


def attach(
    product: Product,
    image_id: str,
    position: int | None = None,
    status: str = READY,
    limit: int | None = None,
) -> None:
    """The staged image belongs to product, behind its others unless a position is given.

    limit: how many images the product may have. Raises ImageLimitReached,
    and ImageConflict where the image is another product's by now, or
    gone, or not of this status.
    """
    if limit is not None:
        refuse_full(product.id, limit)
    store_identity.hold()
    if position is None:
        position = next_position(product)
    attached = (
        update(Image)
        .where(
            Image.id == image_id,
            Image.product_id.is_(None),
            Image.company_id == product.company_id,
            Image.status == status,
        )
        .values(product_id=product.id, position=position, kept_until=None)
    )
    if changed_rows(attached) != 1:
        raise ImageConflict(image_id)
    db.session.expire(product, ["image", "images"])


def replace(product: Product, image_id: str) -> None:
    """The staged image takes the place of the product's image, hosted or external.

    Raises ImageConflict, and ImageLimitReached where no image gives way to it.
    """
    displaced = None if product.external_image_url else primary_image(product)
    position = displaced.position if displaced else first_position(product)
    limit = None if displaced else images_limit()
    attach(product, image_id, position, limit=limit)
    if displaced:
        discard(displaced)
    product.external_image_url = None


def remove(product: Product, image: Image | None = None) -> None:
    """The product has lost this image; without one, its image, hosted or external."""
    image = image or (None if product.external_image_url else primary_image(product))
    if image:
        discard(image)
    else:
        product.external_image_url = None


def remove_all(product: Product) -> None:
    """The product has no image any more."""
    for image in db.session.scalars(select(Image).where(Image.product_id == product.id)).all():
        discard(image)
    product.external_image_url = None


def move(product: Product, image: Image, after: Image | None) -> None:
    """The product's image comes right after another of its images, or first of all.

    The first one takes the place of an external image, when it is READY.
    """
    order = [other for other in product.images if other is not image]
    order.insert(order.index(after) + 1 if after else 0, image)
    for position, one in enumerate(order):
        one.position = position
    if after is None and image.status == READY:
        product.external_image_url = None
    db.session.flush()
    db.session.expire(product, ["image", "images"])


def discard(image: Image) -> None:
    """The row is gone, and the outbox owns its objects."""
    # Somebody else may have discarded it: nothing but its identity is asked of it.
    image_id = _identity(image)
    for row in list(db.session.identity_map.values()):
        if isinstance(row, Product):
            db.session.expire(row, ["images", "image"])
    _discard(Image.id == image_id)
    if image in db.session:
        db.session.expunge(image)


def discard_all(image_ids: Sequence[str]) -> None:
    """Discard thousands of images in a few statements; loaded instances of them become stale."""
    if image_ids:
        _discard(is_among(Image.id, image_ids))


def discard_abandoned(now: datetime) -> None:
    """Discard every staged image that has passed its time."""
    _discard(Image.product_id.is_(None) & (Image.kept_until < now))


def _discard(which: ColumnElement[bool]) -> None:
    """The only way in which a row of an image is deleted, all of them in one statement."""
    store_identity.hold()
    gone = db.session.execute(
        delete(Image)
        .where(which)
        .returning(
            Image.id, Image.company_id, Image.writing_until, Image.public_name, Image.derivatives
        ),
        execution_options={"synchronize_session": False},
    )
    entries = []
    for image_id, company_id, writing_until, public_name, derivatives in gone:
        public, private = f"images/{image_id}/", f"incoming/{image_id}/"
        published = [public + (made["path"] or public_name) for made in derivatives]
        # A writer may put until then, so that drain() has to look once more after it.
        entries += [
            _entry(public, published, company_id, writing_until),
            _entry(private, None, company_id, writing_until),
        ]
    _add_to_outbox(entries)


def keep_longer(image_id: str, company_id: str, now: datetime | None = None) -> None:
    """A staged image is kept for another day: its form was refused and is still open."""
    db.session.execute(
        update(Image)
        .where(Image.id == image_id, Image.company_id == company_id, Image.product_id.is_(None))
        .values(kept_until=(now or utc_now()) + STAGED_FOR)
    )


def staged_image(image_id: str | None, company_id: str) -> Image | None:
    """The company's staged READY image of this id, or None."""
    if not image_id:
        return None
    return db.session.scalar(
        select(Image).where(
            Image.id == image_id,
            Image.company_id == company_id,
            Image.product_id.is_(None),
            Image.status == READY,
        )
    )


def primary_image(product: Product) -> Image | None:
    """The product's READY image of the lowest position, read now."""
    return db.session.scalar(
        select(Image)
        .where(Image.product_id == product.id, Image.status == READY)
        .order_by(Image.position, Image.id)
        .limit(1)
    )


def first_position(product: Product) -> int:
    """A position before every image of the product."""
    lowest = db.session.scalar(
        select(func.min(Image.position)).where(Image.product_id == product.id)
    )
    return 0 if lowest is None else lowest - 1


def next_position(product: Product) -> int:
    """A position behind every image of the product."""
    highest = db.session.scalar(
        select(func.max(Image.position)).where(Image.product_id == product.id)
    )
    return 0 if highest is None else highest + 1


def refuse_full(product_id: str, limit: int) -> None:
    """Raises ImageLimitReached where the product has limit images; under its lock, for certain."""
    count = db.session.scalars(select(func.count()).where(Image.product_id == product_id)).one()
    if count >= limit:
        raise ImageLimitReached(limit)


def images_limit() -> int:
    """Return how many images a product may have."""
    limit: int = current_app.config["IMAGES_PER_PRODUCT"]
    return limit


def change_image(image: Image, *conditions: ColumnElement[bool], **values: object) -> None:
    """Compare and set: the loser of a race changes nothing. Raises ImageConflict."""
    # Its row may be gone, so nothing else is asked of it.
    image_id = _identity(image)
    if not compare_and_set(Image, image_id, *conditions, **values):
        raise ImageConflict(image_id)
    db.session.expire(image)


def _identity(image: Image) -> str:
    """The id of a row that is in the database, or was, without asking it."""
    identity = inspect(image).identity
    assert identity is not None
    image_id: str = identity[0]
    return image_id


def into_outbox(
    prefix: str, published: list[str] | None = None, due_at: datetime | None = None
) -> None:
    """The outbox owns what is under prefix.

    published: the keys that caches may have. due_at: when it is deleted;
    at the end of this request without one.
    """
    if due_at is None:
        _add_to_outbox([_entry(prefix, published)])
    else:
        db.session.add(OutboxEntry(prefix=prefix, published=published, due_at=due_at))


def _entry(
    prefix: str,
    published: list[str] | None,
    company_id: str | None = None,
    final_after: datetime | None = None,
) -> dict[str, object]:
    return {
        "id": new_id(),
        "prefix": prefix,
        "published": published,
        "company_id": company_id,
        "final_after": final_after,
    }


def _add_to_outbox(entries: list[dict[str, object]]) -> None:
    if entries:
        db.session.execute(insert(OutboxEntry), entries)
    # The end of the request drains these at once.
    db.session.info.setdefault("to_drain", []).extend(entry["id"] for entry in entries)
