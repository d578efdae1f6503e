"""Blueprints /1.0/commerce, /1.1/commerce, /v2/commerce: a subset of Squarespace's Commerce API.

A client written for that API can read products and inventory, and change
images, by changing its base URL. Source of paths, bodies and errors:
developers.squarespace.com/commerce-apis
"""

from flask import Flask

from ..http.error_handlers import answer_under
from ..http.openapi import register

# Imported for the views that they add to bp.
from . import images, products, refusals, stock, uploading
from .document import DOCUMENT
from .errors import fill_error

__all__ = ["images", "init_app", "products", "stock", "uploading"]

# Also for unknown versions and other resources of Squarespace, since their clients read JSON.
ERROR_PREFIXES = ("/v?[0-9]+([.][0-9]+)*(/|$)", f"{DOCUMENT.url_prefix}(/|$)")


def init_app(app: Flask) -> None:
    """Register the API under the prefix of every version, and the pages that document it."""
    for prefix in ERROR_PREFIXES:
        answer_under(app, prefix, fill_error)
    register(app, DOCUMENT, "commerce_page", "Commerce API")
    app.register_blueprint(refusals.bp)
