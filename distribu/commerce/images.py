"""Views for one image of a product: status, alt text, order, variant, deletion."""

from flask import abort

from .. import audit
from ..extensions import db
from ..http.api_keys import with_key
from ..http.openapi import described
from ..images import attachment
from ..models import ERROR, PROCESSING, READY, Image, Product, utc_now
from . import examples
from .blueprint import bp
from .changing import changed_images, find_image, find_product, locked, writing
from .document import RETRY_AFTER
from .failures import failure
from .schemas import AltText, Order, ProductImage, Status, VariantImage
from .serializers import image_body, is_v2

# A small image is ready by then; clients ask again for a large one.
POLL_SECONDS = 2

NO_VARIANT = "The specified variant was not found."
NOT_ITS_IMAGE = "imageId must be an image of the same product that is READY, or null."
NOT_AFTER_ITSELF = "afterImageId must be another image than the one that is moved."
NO_NEIGHBOR = "afterImageId must be an image of the same product, or null."


@bp.get("/products/<product_id>/images/<image_id>/status")
@with_key("products:read")
@described("getProductImageStatus", 404)
@bp.response(200, Status, example=examples.STATUS, headers=RETRY_AFTER)
def show_status(product_id: str, image_id: str):
    """Report the status of an image. While it is PROCESSING, Retry-After says when to ask again."""
    image = find_image(find_product(product_id), image_id)
    body: dict[str, object] = {"id": image.id} if is_v2() else {}
    body["status"] = image.status
    if image.status == ERROR:
        body["error"] = failure(image)
    return body, {"Retry-After": POLL_SECONDS} if image.status == PROCESSING else {}


@bp.post("/products/<product_id>/images/<image_id>")
@writing
@described("updateProductImage", 400, 404, 413)
@bp.arguments(AltText, example={"altText": "Blue enamel mug"})
@bp.response(200, ProductImage, example=examples.IMAGE)
def describe_image(values: dict, product_id: str, image_id: str) -> dict:
    """Change an image's alt text. If it is empty, the product's name is used instead."""
    product = locked(product_id)
    image = find_image(product, image_id)
    alt_text = " ".join(values["altText"].split())
    if alt_text == image.alt_text:
        # Read before the rollback, which releases the lock: after it both may be deleted.
        body = image_body(image, _index(product, image))
        db.session.rollback()
        return body
    before, after = ({"alt_text": {image.id: text}} for text in (image.alt_text, alt_text))
    image.alt_text, product.updated_at = alt_text, utc_now()
    audit.record("product.updated", "Product", product.id, before, after)
    return image_body(image, _index(product, image))


@bp.delete("/products/<product_id>/images/<image_id>")
@writing
@described("deleteProductImage", 404)
@bp.response(204)
def delete_image(product_id: str, image_id: str) -> None:
    """Delete an image and its files, even while it is PROCESSING."""
    with changed_images(product_id) as product:
        attachment.discard(find_image(product, image_id))


@bp.post("/products/<product_id>/images/<image_id>/order")
@writing
@described("reorderProductImage", 400, 404, 413)
@bp.arguments(Order, example={"afterImageId": None})
@bp.response(204)
def order_image(values: dict, product_id: str, image_id: str) -> None:
    """Move an image right after another one, or to the top, which makes it the primary image."""
    with changed_images(product_id) as product:
        image = find_image(product, image_id)
        attachment.move(product, image, _neighbor(product, image, values["afterImageId"]))


@bp.post("/products/<product_id>/variants/<variant_id>/image")
@writing
@described("assignVariantImage", 400, 404, 413)
@bp.arguments(VariantImage, example={"imageId": "01KAN6Y9T5QZ3V8H2W7R4M1XCE"})
@bp.response(204)
def assign_image(values: dict, product_id: str, variant_id: str) -> None:
    """Assign an image of the product to its variant, or none.

    The order of the images and the primary one do not change. Deleting the
    image clears the assignment.
    """
    product = locked(product_id)
    if variant_id != product.id:
        abort(404, NO_VARIANT)
    chosen = values["imageId"]
    if chosen is not None and chosen not in _ready_ids(product):
        abort(400, NOT_ITS_IMAGE)
    before = next((image.id for image in product.images if image.is_variant_image), None)
    if chosen == before:
        db.session.rollback()
        return
    for image in product.images:
        image.is_variant_image = image.id == chosen
    product.updated_at = utc_now()
    changes = ({"variant_image": one} for one in (before, chosen))
    audit.record("product.updated", "Product", product.id, *changes)


def _ready_ids(product: Product) -> set[str]:
    return {image.id for image in product.images if image.status == READY}


def _neighbor(product: Product, image: Image, image_id: str | None) -> Image | None:
    if image_id is None:
        return None
    if image_id == image.id:
        abort(400, NOT_AFTER_ITSELF)
    found = (other for other in product.images if other.id == image_id)
    return next(found, None) or abort(400, NO_NEIGHBOR)


def _index(product: Product, image: Image) -> int:
    """Return the image's index among the READY ones, now or once it is READY itself."""
    ready = [other for other in product.images if other is image or other.status == READY]
    return ready.index(image)
