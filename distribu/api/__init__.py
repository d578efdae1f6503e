"""Blueprints /api/v1: Distribu's REST API. It takes JSON and gives JSON, and never a file."""

from flask import Flask

from ..http.error_handlers import answer_under
from ..http.openapi import docs_page
from . import orders, products
from .blueprint import PREFIX
from .document import DescribedApi
from .errors import fill_error


def init_app(app: Flask) -> None:
    """The app answers under /api/v1, and describes there what it answers."""
    # Also for versions that do not exist: their clients read JSON.
    answer_under(app, "/api(/|$)", fill_error)
    api = DescribedApi(app)
    api.register_blueprint(products.bp)
    api.register_blueprint(orders.bp)
    app.register_blueprint(docs_page("api_page", PREFIX, "REST API", "rest-api-docs"))
