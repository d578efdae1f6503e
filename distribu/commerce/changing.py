"""Checks shared by the views that change a product's images."""

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
    """A view that changes images, committed with its answer."""
    return with_key("images:write")(committed(view))


def committed(view: Callable) -> Callable:
    """A view that does not commit: its changes are committed with its answer, or rolled back.

    An Idempotency-Key has no effect. The protocol has it for nothing that
    is offered here, and clients send one key with every request.
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
    """The company's own product; 404 for another's as for none at all."""
    return company_row(Product, product_id) or abort(404, NO_PRODUCT)


def find_image(product: Product, image_id: str) -> Image:
    """The product's own image, or 404."""
    image = company_row(Image, image_id)
    return image if image and image.product_id == product.id else abort(404, NO_IMAGE)


def locked(product_id: str) -> Product:
    """The company's own product, held until commit; 404 for another's as for none at all."""
    try:
        return attachment.lock_product(find_product(product_id).id, g.company.id)
    except attachment.StaleProduct:
        abort(404, NO_PRODUCT)


@contextmanager
def changed_images(product_id: str) -> Iterator[Product]:
    """The product, held until commit; how the block changes its images is in the log.

    A block that changes nothing leaves no new version, and no entry.
    """
    product = locked(product_id)
    before = audit.snapshot(product)
    yield product
    if not audit.record_update(product, before):
        db.session.rollback()
