"""Create, update and delete products for the API, with the same rules as the form."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import abort, g
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import Conflict, HTTPException

from .. import audit
from ..extensions import db
from ..http.json_bodies import InvalidValues, RefusedValues, Sentence
from ..http.tenancy import company_row
from ..images import attachment
from ..models import Image, Product, new_id
from ..models.sku_keys import sku_key
from ..products import rules, written_image_url

NOT_FOUND = "Product not found."

# Values of a whole product for fields that its body lacks. imageUrl has no default.
DEFAULTS = {"sku": None, "description": None, "category": None, "unit": "each", "isActive": True}
COLUMNS = {
    "name": "name",
    "sku": "sku",
    "description": "description",
    "category": "category",
    "unit": "unit",
    "price": "price_minor",
    "stock": "stock",
    "isActive": "is_active",
}
# Attempts while others change the image between reading it and locking the product.
TRIES = 3
NO_IMAGE_FOR_ALT = "imageAlt describes the product's image, and this product has none."
BUSY = "The product is being changed by others. Try again."


def create(values: dict) -> Product:
    """Create a product with these values; the caller commits.

    Raises InvalidValues, RefusedValues.
    """
    _refuse_price(values)
    _refuse_taken_sku(values, None)
    change, copy = _prepared(None, values)
    product = Product(id=new_id(), company_id=g.company.id)
    _fill(product, DEFAULTS | values)
    db.session.add(product)
    with _sku_refused(values):
        db.session.flush()
    written_image_url.apply(product, change, copy)
    db.session.flush()
    _write_image_alt(product, values)
    audit.record("product.created", "Product", product.id, after=audit.snapshot(product))
    return product


def update(product_id: str, values: dict, check: Callable[[Product], None]) -> Product:
    """Change the product's values; the caller commits. Without a change, nothing is written.

    check: called with the product before anything is changed, and again
    when it is locked. Raises InvalidValues, RefusedValues.
    """
    _refuse_price(values)
    _refuse_taken_sku(values, product_id)
    product, change, copy = _locked(product_id, values, check)
    before = audit.snapshot(product)
    _fill(product, values)
    with _sku_refused(values):
        db.session.flush()
    written_image_url.apply(product, change, copy)
    _write_image_alt(product, values)
    if not audit.record_update(product, before):
        db.session.rollback()
        # The rollback released the lock, so the product may have been deleted.
        return find(product_id)
    return product


def delete(product_id: str, check: Callable[[Product], None]) -> None:
    """Delete the product and its images; the caller commits.

    check: called with the locked product before anything is changed.
    """
    product = _lock(product_id)
    check(product)
    audit.record("product.deleted", "Product", product.id, before=audit.snapshot(product))
    attachment.remove_all(product)
    db.session.delete(product)


def find(product_id: str) -> Product:
    """Return the product with this id if it belongs to the company, else respond with 404."""
    return company_row(Product, product_id) or abort(404, NOT_FOUND)


def _lock(product_id: str) -> Product:
    try:
        return attachment.lock_product(product_id, g.company.id)
    except attachment.StaleProduct:
        abort(404, NOT_FOUND)


def _locked(
    product_id: str, values: dict, check: Callable[[Product], None]
) -> tuple[Product, written_image_url.Change, Image | None]:
    """Return the locked product, the change of its image, and the staged copy for that."""
    for _ in range(TRIES):
        product = find(product_id)
        check(product)
        change, copy = _prepared(product, values)
        product = _lock(product_id)
        check(product)
        if _image_change(product, values) == change:
            return product, change, copy
        # Its image has changed meanwhile, so start again.
        db.session.rollback()
        if copy:
            attachment.discard(copy)
            db.session.commit()
    raise Conflict(BUSY)


def _prepared(
    product: Product | None, values: dict
) -> tuple[written_image_url.Change, Image | None]:
    change = _image_change(product, values)
    try:
        return change, written_image_url.prepare(g.company, change)
    except written_image_url.InvalidImageUrl as error:
        raise _image_refused(error) from error


def _image_change(product: Product | None, values: dict) -> written_image_url.Change:
    if "imageUrl" not in values:
        return written_image_url.Change(written_image_url.KEEP)
    try:
        return written_image_url.read_change(g.company, product, values["imageUrl"])
    except written_image_url.InvalidImageUrl as error:
        raise _image_refused(error) from error


def _image_refused(error: written_image_url.InvalidImageUrl) -> HTTPException:
    details = {"imageUrl": [Sentence(error)]}
    if isinstance(error, written_image_url.UnusableImage):
        return RefusedValues(details, str(error))
    return InvalidValues(details)


def _write_image_alt(product: Product, values: dict) -> None:
    """Set the alt text of the product's image, if values contain one."""
    if "imageAlt" not in values:
        return
    text = " ".join((values["imageAlt"] or "").split())
    if product.external_image_url:
        product.external_image_alt = text
    elif product.image is not None:
        product.image.alt_text = text
    elif text:
        raise RefusedValues({"imageAlt": [NO_IMAGE_FOR_ALT]}, NO_IMAGE_FOR_ALT)


def _fill(product: Product, values: dict) -> None:
    for name, column in COLUMNS.items():
        if name in values:
            setattr(product, column, values[name])


def _refuse_price(values: dict) -> None:
    if "price" in values:
        try:
            rules.price_in(g.company.currency, values["price"])
        except ValueError as error:
            raise InvalidValues({"price": [Sentence(error)]}) from error


def _refuse_taken_sku(values: dict, product_id: str | None) -> None:
    sku = values.get("sku")
    other = Product.id != (product_id or "")
    # An unchanged SKU is allowed, even one that has long looked like another product's.
    kept = exists().where(Product.id == product_id, Product.sku == sku)
    same = exists().where(
        Product.company_id == g.company.id, Product.sku_key == sku_key(sku), other, ~kept
    )
    if sku and db.session.scalar(select(same)):
        raise _sku_taken(sku)


@contextmanager
def _sku_refused(values: dict) -> Iterator[None]:
    """Refuse the SKU if the database reports that someone has just taken it."""
    try:
        yield
    except IntegrityError as error:
        db.session.rollback()
        raise _sku_taken(values["sku"]) from error


def _sku_taken(sku: str) -> RefusedValues:
    sentence = f"Another product has the SKU {sku}."
    return RefusedValues({"sku": [sentence]}, sentence)
