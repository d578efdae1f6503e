"""Actions on many products at once; the caller runs them piece by piece.

A new action is a function in _ACTIONS; the pages for it are in
inventory/bulk_changes.py.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import selectinload

from .. import audit
from ..extensions import db
from ..images import attachment
from ..models import BulkChange, Image, Product
from ..models.columns import JsonObject
from ..models.json_rows import is_among

# Maximum number of products changed in one transaction.
PIECE = 1000
ACTIVATE, DEACTIVATE, CATEGORY = "activate", "deactivate", "category"
REMOVE_IMAGES, DELETE = "remove-images", "delete"
# These delete images, which cannot be undone.
DELETES_IMAGES = (REMOVE_IMAGES, DELETE)

# An action takes the locked products, the change and the time; it returns the entries for the
# audit log and the ids of the images to delete.
Done = tuple[list[JsonObject], list[str]]
_Action = Callable[[Sequence[Product], BulkChange, datetime], Done]


@dataclass(frozen=True)
class Extent:
    """The extent of a change: numbers of products, of their images and of external links.

    digest: a hash of the images and links to delete; "" if there are none.
    """

    products: int
    images: int = 0
    links: int = 0
    digest: str = ""

    @property
    def fingerprint(self) -> str:
        """The text in a confirmation form; it differs if the extent does."""
        return f"{self.products}-{self.images}-{self.links}-{self.digest}"


def extent(where: ColumnElement[bool], action: str) -> Extent:
    """Return the numbers of products that meet where, and of images that the action deletes."""
    products = db.session.scalars(select(func.count()).select_from(Product).where(where)).one()
    if action not in DELETES_IMAGES:
        return Extent(products)
    chosen = select(Product.id).where(where)
    of_products = select(Image.id).where(Image.product_id.in_(chosen)).order_by(Image.id)
    image_ids = db.session.scalars(of_products).all()
    is_linked = Product.external_image_url.is_not(None)
    links = db.session.scalars(
        select(Product.external_image_url).where(where, is_linked).order_by(Product.id)
    ).all()
    digest = hashlib.sha256("\n".join([*image_ids, *map(str, links)]).encode()).hexdigest()[:16]
    return Extent(products, len(image_ids), len(links), digest)


def change_piece(change: BulkChange, product_ids: Sequence[str], now: datetime) -> None:
    """Apply the change to those of these products that still exist, and count them.

    At most PIECE ids. Raises ImagesHeld, after a rollback.
    """
    products = _locked(change.company_id, product_ids)
    entries, image_ids = _ACTIONS[change.action](products, change, now)
    db.session.flush()
    attachment.discard_all(image_ids)
    if change.action == DELETE:
        db.session.execute(
            delete(Product).where(is_among(Product.id, [one.id for one in products])),
            execution_options={"synchronize_session": False},
        )
    audit.record_all("Product", entries, now)
    change.changed += len(entries)
    change.removed_images += len(image_ids)
    db.session.flush()
    # The loaded objects are stale now.
    for product in products:
        for image in product.images:
            db.session.expunge(image)
        db.session.expunge(product)


def _locked(company_id: str, product_ids: Sequence[str]) -> Sequence[Product]:
    # Lock in the order of ids, as every change of several products does, to avoid deadlocks.
    asked = (
        select(Product)
        .where(Product.company_id == company_id, is_among(Product.id, product_ids))
        .order_by(Product.id)
        .options(selectinload(Product.images), selectinload(Product.image))
        .with_for_update(of=Product)
    )
    return db.session.scalars(asked.execution_options(populate_existing=True)).all()


def _setting(products: Sequence[Product], values: JsonObject, now: datetime) -> Done:
    """Give the products these values, skipping those that have them already."""
    entries = []
    for product in products:
        before = {name: getattr(product, name) for name in values}
        if before == values:
            continue
        for name, value in values.items():
            setattr(product, name, value)
        _touch(product, now)
        entries.append(audit.entry("product.updated", product.id, before, values))
    return entries, []


def _activate(products: Sequence[Product], _change: BulkChange, now: datetime) -> Done:
    return _setting(products, {"is_active": True}, now)


def _deactivate(products: Sequence[Product], _change: BulkChange, now: datetime) -> Done:
    return _setting(products, {"is_active": False}, now)


def _set_category(products: Sequence[Product], change: BulkChange, now: datetime) -> Done:
    return _setting(products, {"category": change.category}, now)


def _remove_images(products: Sequence[Product], _change: BulkChange, now: datetime) -> Done:
    entries: list[JsonObject] = []
    image_ids: list[str] = []
    for product in products:
        if not (product.images or product.external_image_url):
            continue
        before = audit.snapshot(product)
        after = before | {"image_url": None, "images": [], "alt_text": {}}
        entries.append(audit.entry("product.updated", product.id, before, after))
        image_ids += [image.id for image in product.images]
        product.external_image_url = None
        _touch(product, now)
    return entries, image_ids


def _delete(products: Sequence[Product], _change: BulkChange, _now: datetime) -> Done:
    entries = [
        audit.entry("product.deleted", product.id, before=audit.snapshot(product))
        for product in products
    ]
    return entries, [image.id for product in products for image in product.images]


def _touch(product: Product, now: datetime) -> None:
    product.version += 1
    product.updated_at = now


_ACTIONS: dict[str, _Action] = {
    ACTIVATE: _activate,
    DEACTIVATE: _deactivate,
    CATEGORY: _set_category,
    REMOVE_IMAGES: _remove_images,
    DELETE: _delete,
}
ACTIONS = tuple(_ACTIONS)
