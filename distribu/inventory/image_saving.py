"""Save one image of a product by itself, with the same effect as the form's Save."""

from flask import g

from .. import audit
from ..extensions import db
from ..images import attachment
from ..images.processing import ask_again
from ..images.store_identity import ImagesHeld
from ..models import Image, Product, utc_now
from .drop_plan import seen_by_drop
from .staged_images import discard


class ProductChanged(Exception):
    """The product differs from what was shown, or has an image that may not be replaced."""


def save_image(product_id: str, image_id: str, seen: str, may_replace: bool) -> None:
    """Attach a staged image to the product, keeping the present alt text. Commits.

    Queues its ladder, which is not made before Save. seen: from
    seen_by_drop(). Raises ProductChanged, ImageConflict and ImagesHeld, with
    nothing changed and the image still staged.
    """
    try:
        product = attachment.lock_product(product_id, g.company.id)
        if not is_as_seen(product, seen, may_replace):
            raise ProductChanged(product_id)
        before, alt_text = audit.snapshot(product), product.image_alt or ""
        attachment.replace(product, image_id)
        image = db.session.get_one(Image, image_id, populate_existing=True)
        image.alt_text = alt_text
        audit.record_update(product, before)
        db.session.commit()
        ask_again([image_id], utc_now())
    except (ProductChanged, attachment.ImageConflict, ImagesHeld):
        db.session.rollback()
        raise


def is_as_seen(product: Product, seen: str, may_replace: bool) -> bool:
    """Return whether the product is as shown, and may get another image."""
    return seen_by_drop(product) == seen and (may_replace or not product.has_image)


def discard_staged(image_id: str) -> None:
    """Discard an image that was not saved. Commits."""
    discard(attachment.staged_image(image_id, g.company.id))
