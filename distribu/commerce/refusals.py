"""Changes of products and stock: refused here, with a message that says where they are made."""

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
    """A documented change that is not made here, and the reason."""

    subtype: str | None
    message: str


def refusal(method: str, path: str) -> Refusal | None:
    """Return the answer to a change that the protocol has, or None for any other request."""
    public_url = current_app.config["PUBLIC_URL"]
    resource = path[path.find("/commerce") :]
    if method in ("POST", "DELETE") and _OF_PRODUCTS.fullmatch(resource):
        return Refusal("OPERATION_NOT_ALLOWED_FOR_PRODUCT_TYPE", PRODUCTS.format(public_url))
    if method == "POST" and _OF_STOCK.fullmatch(resource):
        return Refusal(None, STOCK.format(public_url))
    return None


# Addresses that take no method at all; without them they would be 404, "no such product".
bp = Blueprint("commerce_variants", __name__, url_prefix=f"/<any{VERSIONS}:version>/commerce")
bp.add_url_rule("/products/<product_id>/variants", "all", methods=["OPTIONS"])
bp.add_url_rule("/products/<product_id>/variants/<variant_id>", "one", methods=["OPTIONS"])
