"""Ownership of images: attach, replace, remove, discard.

A row goes in before its objects, and comes out after them. Nothing here
commits: a change of images is part of the caller's one commit. Callers
hold lock_product() before they change a product's images. While images
are held (see store_identity.py), attach and discard roll back and raise
ImagesHeld.
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
    """Another process changed the image or the product first."""


class ImageLimitReached(ImageConflict):
    """The product has the maximum number of images; str() is a sentence for the merchant."""

    def __init__(self, limit: int):
        super().__init__(
            f"This product has the maximum of {limit} images. Remove one of them first."
        )


class StaleProduct(ImageConflict):
    """The product was deleted, or changed after the form was opened."""


def lock_product(product_id: str, company_id: str, version: int | None = None) -> Product:
    """Raise the product's version by one, lock its row until commit, and return it fresh.

    version: the version that the caller has seen; None accepts any. Raises StaleProduct.
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
    """Give a staged image to the product, as its last image or at position.

    status: the status that the image must have.
    limit: the most images that the product may have. Raises ImageLimitReached,
    and ImageConflict if the image is gone, already attached, or has another status.
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
    """Attach the staged image in place of the product's primary or external image.

    Raises ImageConflict, and ImageLimitReached if there was no image to
    discard and the product is full.
    """
    displaced = None if product.external_image_url else primary_image(product)
    position = displaced.position if displaced else first_position(product)
    limit = None if displaced else images_limit()
    attach(product, image_id, position, limit=limit)
    if displaced:
        discard(displaced)
    product.external_image_url = None


def remove(product: Product, image: Image | None = None) -> None:
    """Remove this image from the product; if None, its external or else its primary image."""
    image = image or (None if product.external_image_url else primary_image(product))
    if image:
        discard(image)
    else:
        product.external_image_url = None


def remove_all(product: Product) -> None:
    """Remove every image of the product, hosted and external."""
    for image in db.session.scalars(select(Image).where(Image.product_id == product.id)).all():
        discard(image)
    product.external_image_url = None


def move(product: Product, image: Image, after: Image | None) -> None:
    """Put the image right after another image of the product, or first if after is None.

    A READY image that becomes the first also replaces an external image.
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
    """Delete the image's row and hand its objects to the outbox."""
    # Another process may have discarded it, so only read its identity: a refresh would fail.
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
    """Delete the rows of images and hand their objects to the outbox, in one statement each.

    No other code deletes an image's row.
    """
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
        # A writer may put objects until then, so drain() has to delete once more after it.
        entries += [
            _entry(public, published, company_id, writing_until),
            _entry(private, None, company_id, writing_until),
        ]
    _add_to_outbox(entries)


def keep_longer(image_id: str, company_id: str, now: datetime | None = None) -> None:
    """Keep a staged image for another 24 hours, because its form is still open."""
    db.session.execute(
        update(Image)
        .where(Image.id == image_id, Image.company_id == company_id, Image.product_id.is_(None))
        .values(kept_until=(now or utc_now()) + STAGED_FOR)
    )


def staged_image(image_id: str | None, company_id: str) -> Image | None:
    """Return the company's staged READY image with this id, or None."""
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
    """Query the product's READY image with the lowest position."""
    return db.session.scalar(
        select(Image)
        .where(Image.product_id == product.id, Image.status == READY)
        .order_by(Image.position, Image.id)
        .limit(1)
    )


def first_position(product: Product) -> int:
    """Return a position before every image of the product."""
    lowest = db.session.scalar(
        select(func.min(Image.position)).where(Image.product_id == product.id)
    )
    return 0 if lowest is None else lowest - 1


def next_position(product: Product) -> int:
    """Return a position after every image of the product."""
    highest = db.session.scalar(
        select(func.max(Image.position)).where(Image.product_id == product.id)
    )
    return 0 if highest is None else highest + 1


def refuse_full(product_id: str, limit: int) -> None:
    """Raise ImageLimitReached if the product has limit images; reliable only under its lock."""
    count = db.session.scalars(select(func.count()).where(Image.product_id == product_id)).one()
    if count >= limit:
        raise ImageLimitReached(limit)


def images_limit() -> int:
    """Return the configured maximum number of images per product."""
    limit: int = current_app.config["IMAGES_PER_PRODUCT"]
    return limit


def change_image(image: Image, *conditions: ColumnElement[bool], **values: object) -> None:
    """Update the row if it still meets the conditions; raise ImageConflict if it does not."""
    # Its row may be gone, so only read its identity.
    image_id = _identity(image)
    if not compare_and_set(Image, image_id, *conditions, **values):
        raise ImageConflict(image_id)
    db.session.expire(image)


def _identity(image: Image) -> str:
    """Return the image's id without querying its row, which may be deleted."""
    identity = inspect(image).identity
    assert identity is not None
    image_id: str = identity[0]
    return image_id


def into_outbox(
    prefix: str, published: list[str] | None = None, due_at: datetime | None = None
) -> None:
    """Hand the objects under prefix to the outbox, which will delete them.

    published: their public keys, to purge from caches. due_at: when to
    delete them; the end of this request if None.
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
    # Drained at the end of this request.
    db.session.info.setdefault("to_drain", []).extend(entry["id"] for entry in entries)
