"""Blueprint /1.0/commerce, /1.1/commerce, /v2/commerce: images for clients of Squarespace's.

A client that was written for Squarespace's Commerce API reads products
and inventory, and changes images, by changing its base URL. Source of
paths, bodies and errors: developers.squarespace.com/commerce-apis
"""

from flask import Flask

from ..http.error_handlers import answer_under
from ..http.openapi import docs_pages

# Imported for the views that they add to bp.
from . import images, products, refusals, stock, uploading
from .document import DOCUMENT
from .errors import fill_error

__all__ = ["images", "init_app", "products", "stock", "uploading"]

# A version that the API does not have, and what else Squarespace has under one, is asked for by
# clients that read JSON.
ERROR_PREFIXES = ("/v?[0-9]+([.][0-9]+)*(/|$)", f"{DOCUMENT.url_prefix}(/|$)")


def init_app(app: Flask) -> None:
    """The app answers under every version's prefix, and describes what it answers."""
    for prefix in ERROR_PREFIXES:
        answer_under(app, prefix, fill_error)
    for bp in DOCUMENT.blueprints:
        app.register_blueprint(bp)
    app.register_blueprint(refusals.bp)
    app.register_blueprint(docs_pages("commerce_page", "Commerce API", DOCUMENT))
