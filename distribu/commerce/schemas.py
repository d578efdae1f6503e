"""The request and response bodies of the commerce API: closed, every field typed."""

from flask import g
from marshmallow import fields, validate

from ..http.json_bodies import STORABLE, Closed
from ..http.openapi import about
from ..models import ERROR, PROCESSING, READY
from .errors import TYPES

ALT_TEXT_MAX = 200


class ErrorSchema(Closed):
    """The body of an error; always these five fields."""

    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    subtype = fields.String(required=True, allow_none=True)
    message = fields.String(required=True, metadata=about("For developers."))
    details = fields.String(required=True, allow_none=True, metadata=about("Always null."))
    contextId = fields.String(required=True, metadata=about("Finds the request in the log."))


class Accepted(Closed):
    """The image that is being processed."""

    imageId = fields.String(required=True)


class Failure(Closed):
    """The reason why an image could not be processed."""

    code = fields.String(required=True)
    message = fields.String(required=True, metadata=about("What to do about it."))
    canRetry = fields.Boolean(
        required=True, metadata=about("Whether sending the same file again may work.")
    )


class Status(Closed):
    """The status of an image."""

    id = fields.String(metadata=about("Under v2 only."))
    status = fields.String(required=True, validate=validate.OneOf([PROCESSING, READY, ERROR]))
    error = fields.Nested(Failure, metadata=about("With ERROR only."))


class AltText(Closed):
    altText = fields.String(
        required=True,
        validate=[
            validate.Length(max=ALT_TEXT_MAX),
            validate.Regexp(STORABLE),
        ],
    )


class Order(Closed):
    # Typed clients leave out fields that are null.
    afterImageId = fields.String(
        load_default=None,
        allow_none=True,
        metadata=about("The image of the same product to move it after; null or absent: first."),
    )


class ImageId(fields.String):
    """The id of an image, or null; under v2 also as {"present": true, "value": id}."""

    # null stands for no image.
    def _deserialize(self, value, attr, data, **kwargs) -> str | None:  # type: ignore[override]
        if g.api_version == "v2" and isinstance(value, dict) and value.keys() == _CHANGE:
            if value["present"] is not True:
                raise self.make_error("required")
            value = value["value"]
        return None if value is None else super()._deserialize(value, attr, data, **kwargs)


_CHANGE = {"present", "value"}


class VariantImage(Closed):
    imageId = ImageId(
        required=True,
        allow_none=True,
        metadata=about("One of the product's READY images; null: none."),
    )


class Size(Closed):
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)


class ProductImage(Closed):
    """An image of a product."""

    id = fields.String(required=True)
    altText = fields.String(required=True)
    url = fields.String(required=True, metadata=about("Public, and it never changes."))
    originalSize = fields.Nested(
        Size, required=True, metadata=about("In pixels, as it was uploaded.")
    )
    availableFormats = fields.List(
        fields.String(),
        required=True,
        metadata=about(
            'Widths: for "500w", add ?format=500w to url. Right after READY, '
            "the stable image may be sent instead."
        ),
    )
    orderIndex = fields.Integer(metadata=about("Its place, from 0. Under v2 only."))


class Money(Closed):
    currency = fields.String(required=True)
    value = fields.Raw(
        required=True, metadata={"type": ["string", "number"], "description": "A number under v2."}
    )


def _nothing(**metadata) -> fields.Field:
    """Return a documented field that is always null in Distribu."""
    return fields.Raw(required=True, metadata={"type": "null", **metadata})


class Pricing(Closed):
    basePrice = fields.Nested(Money, required=True)
    onSale = fields.Boolean(required=True, metadata=about("Always false."))
    salePrice = fields.Nested(Money, required=True, metadata=about("The same as basePrice."))


class Stock(Closed):
    quantity = fields.Integer(required=True)
    unlimited = fields.Boolean(required=True)


class Attributes(Closed):
    """Always empty, since a product has only one variant."""


class Variant(Closed):
    """The one variant of a product: the product itself."""

    id = fields.String(required=True)
    sku = fields.String(required=True, metadata=about("Empty where the product has none."))
    pricing = fields.Nested(Pricing, required=True)
    stock = fields.Nested(Stock, required=True)
    attributes = fields.Nested(Attributes, required=True)
    shippingMeasurements = _nothing()
    gtin = _nothing()
    mpn = _nothing()
    image = fields.Nested(
        ProductImage, required=True, allow_none=True, metadata=about("The one assigned to it.")
    )


class SeoOptions(Closed):
    title = _nothing()
    description = _nothing()


class Product(Closed):
    """A product, as returned."""

    id = fields.String(required=True)
    type = fields.String(required=True, validate=validate.OneOf(["PHYSICAL"]))
    storePageId = fields.String(required=True, metadata=about("Of the company's one store page."))
    name = fields.String(required=True)
    description = fields.String(required=True, allow_none=True, metadata=about("HTML."))
    url = fields.String(required=True)
    urlSlug = fields.String(required=True)
    tags = fields.List(
        fields.String(), required=True, metadata=about("The product's category, where it has one.")
    )
    isVisible = fields.Boolean(required=True)
    seoOptions = fields.Nested(SeoOptions, required=True)
    variantAttributes = fields.List(fields.String(), required=True)
    variants = fields.List(fields.Nested(Variant), required=True)
    images = fields.List(
        fields.Nested(ProductImage),
        required=True,
        metadata=about("Those that are READY, in their order; the first is the primary one."),
    )
    createdOn = fields.String(required=True, metadata={"format": "date-time"})
    modifiedOn = fields.String(required=True, metadata={"format": "date-time"})


class Pagination(Closed):
    hasNextPage = fields.Boolean(required=True)
    nextPageCursor = fields.String(required=True, allow_none=True)
    nextPageUrl = fields.String(required=True, allow_none=True)


class InventoryItem(Closed):
    """The stock of a product's one variant."""

    variantId = fields.String(required=True)
    sku = fields.String(required=True, metadata=about("Empty where the product has none."))
    descriptor = fields.String(required=True, metadata=about("The product's name."))
    isUnlimited = fields.Boolean(required=True, metadata=about("Always false."))
    quantity = fields.Integer(required=True)


class Inventory(Closed):
    inventory = fields.List(fields.Nested(InventoryItem), required=True)


class InventoryPage(Inventory):
    pagination = fields.Nested(Pagination, required=True)


class StorePage(Closed):
    """The page that a product belongs to: the company's one catalog."""

    id = fields.String(required=True, metadata=about("It never changes."))
    title = fields.String(required=True)
    isEnabled = fields.Boolean(required=True)
    urlSlug = fields.String(required=True)


class StorePages(Closed):
    storePages = fields.List(fields.Nested(StorePage), required=True)
    pagination = fields.Nested(Pagination, required=True)


class Location(Closed):
    country = _nothing()
    region = _nothing()


class Website(Closed):
    """The company that a key belongs to."""

    id = fields.String(required=True)
    siteId = fields.String(required=True)
    title = fields.String(required=True, metadata=about("The company's name."))
    url = fields.String(required=True, metadata=about("Its storefront."))
    currency = fields.String(required=True)
    language = fields.String(required=True)
    timeZone = fields.String(required=True)
    location = fields.Nested(Location, required=True)
    measurementStandard = fields.String(required=True)


class Products(Closed):
    products = fields.List(fields.Nested(Product), required=True)


class ProductPage(Products):
    pagination = fields.Nested(Pagination, required=True)
