"""Helpers for views that change a product's images: look up, lock, commit."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

from flask import Response, abort, g, make_response

from .. import audit
from ..extensions import db
from ..http.api_keys import with_key
from ..http.tenancy import company_row
from ..images import attachment
from ..models import Image, Product

NO_PRODUCT = "The specified product was not found."
NO_IMAGE = "The specified image was not found."


def writing(view: Callable) -> Callable:
    """Decorate a view that changes images: require the scope, commit with the response."""
    return with_key("images:write")(committed(view))


def committed(view: Callable) -> Callable:
    """Decorate a view: commit its changes with its response, or roll them back.

    An Idempotency-Key has no effect: the protocol defines it for nothing
    that is offered here, and clients send the same key with every request.
    """

    @wraps(view)
    def guarded(*args, **kwargs) -> Response:
        response = None
        try:
            response = make_response(view(*args, **kwargs))
        finally:
            if response is None:
                db.session.rollback()
        db.session.commit()
        return response

    return guarded


def find_product(product_id: str) -> Product:
    """Return the product with this id if it belongs to the company, else respond with 404."""
    return company_row(Product, product_id) or abort(404, NO_PRODUCT)


def find_image(product: Product, image_id: str) -> Image:
    """Return the image with this id if it belongs to the product, else respond with 404."""
    image = company_row(Image, image_id)
    return image if image and image.product_id == product.id else abort(404, NO_IMAGE)


def locked(product_id: str) -> Product:
    """Return the company's product, locked until commit, or respond with 404."""
    try:
        return attachment.lock_product(find_product(product_id).id, g.company.id)
    except attachment.StaleProduct:
        abort(404, NO_PRODUCT)


@contextmanager
def changed_images(product_id: str) -> Iterator[Product]:
    """Yield the locked product, and log how the block changes its images.

    A block that changes nothing raises no version and leaves no log entry.
    """
    product = locked(product_id)
    before = audit.snapshot(product)
    yield product
    if not audit.record_update(product, before):
        db.session.rollback()
