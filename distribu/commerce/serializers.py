"""Convert products and images to the bodies that Squarespace's clients read."""

from collections.abc import Sequence

from flask import current_app, g
from markupsafe import Markup, escape

from ..http.json_bodies import moment
from ..images.decoding.ladder import ladder
from ..models import READY, Image, Product


def is_v2() -> bool:
    return g.api_version == "v2"


def product_body(product: Product) -> dict:
    """Return the product with every documented field; null or empty if Distribu lacks it."""
    ready = [image for image in product.images if image.status == READY]
    images = [image_body(image, index) for index, image in enumerate(ready)]
    shown = (image for image, its in zip(images, ready, strict=True) if its.is_variant_image)
    return {
        "id": product.id,
        "type": "PHYSICAL",
        "storePageId": product.company_id,
        "name": product.name,
        "description": _html(product.description),
        "url": f"{current_app.config['PUBLIC_URL']}/store/{g.company.slug}/products/{product.id}",
        "urlSlug": product.id,
        "tags": [product.category] if product.category else [],
        "isVisible": product.is_active,
        "seoOptions": {"title": None, "description": None},
        "variantAttributes": [],
        "variants": [_variant(product, next(shown, None))],
        "images": images,
        "createdOn": moment(product.created_at),
        "modifiedOn": moment(product.updated_at),
    }


def image_body(image: Image, index: int) -> dict:
    """Return the image as the API documents it.

    index: its place among the product's images, from 0.
    """
    body = {
        "id": image.id,
        "altText": image.alt_text,
        "url": image.url,
        "originalSize": {"width": image.width_px, "height": image.height_px},
        "availableFormats": [f"{width}w" for width in _widths(image)],
    }
    return body | {"orderIndex": index} if is_v2() else body


def _widths(image: Image) -> Sequence[int]:
    """Return the widths that ?format= accepts, including those that the ladder will have.

    So a client that asks only once, when the image becomes READY, learns all of them.
    """
    stable = image.derivative("")
    if stable and image.ladder_version is None:
        return ladder(stable["width_px"])
    return image.widths(image.format_of_widths)


def _variant(product: Product, image: dict | None) -> dict:
    value = float(product.price) if is_v2() else f"{product.price:.2f}"
    price = {"currency": g.company.currency, "value": value}
    return {
        "id": product.id,
        # Typed clients cannot read null here.
        "sku": product.sku or "",
        "pricing": {"basePrice": price, "onSale": False, "salePrice": price},
        "stock": {"quantity": product.stock, "unlimited": False},
        "attributes": {},
        "shippingMeasurements": None,
        "gtin": None,
        "mpn": None,
        "image": image,
    }


def _html(text: str | None) -> str | None:
    """Return plain text as HTML with paragraphs and line breaks, everything else escaped."""
    if text is None:
        return None
    paragraphs = (escape(part.strip()) for part in text.split("\n\n") if part.strip())
    lines = (Markup("<br>").join(part.splitlines()) for part in paragraphs)
    return str(Markup("").join(Markup("<p>{}</p>").format(part) for part in lines))
