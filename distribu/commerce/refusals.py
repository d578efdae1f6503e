"""Refusals of changes to products and stock, which say where to make them instead."""

import re
from dataclasses import dataclass

from flask import Blueprint, current_app

from .blueprint import VERSIONS

PRODUCTS = (
    "This API does not change products and their variants, only images. Use Distribu's REST API "
    "for it: {}/api/v1/docs"
)
STOCK = (
    "This API does not change stock. Use Distribu's REST API for it, PATCH "
    '/api/v1/products/{{id}} with {{"stock": 12}}: {}/api/v1/docs'
)
_OF_PRODUCTS = re.compile(r"/commerce/products(/[^/]*)?(/variants(/[^/]+)?)?/?")
_OF_STOCK = re.compile(r"/commerce/inventory/adjustments/?")


@dataclass(frozen=True)
class Refusal:
    """The error for a documented change that this API does not make."""

    subtype: str | None
    message: str


def refusal(method: str, path: str) -> Refusal | None:
    """Return the refusal of a change that the protocol documents, or None for other requests."""
    public_url = current_app.config["PUBLIC_URL"]
    resource = path[path.find("/commerce") :]
    if method in ("POST", "DELETE") and _OF_PRODUCTS.fullmatch(resource):
        return Refusal("OPERATION_NOT_ALLOWED_FOR_PRODUCT_TYPE", PRODUCTS.format(public_url))
    if method == "POST" and _OF_STOCK.fullmatch(resource):
        return Refusal(None, STOCK.format(public_url))
    return None


# Register these addresses without a usable method, so they answer 405 instead of 404.
bp = Blueprint("commerce_variants", __name__, url_prefix=f"/<any{VERSIONS}:version>/commerce")
bp.add_url_rule("/products/<product_id>/variants", "all", methods=["OPTIONS"])
bp.add_url_rule("/products/<product_id>/variants/<variant_id>", "one", methods=["OPTIONS"])
