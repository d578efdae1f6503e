"""Blueprints under /api/v1: Distribu's REST API, which exchanges JSON and accepts no files."""

from flask import Flask

from ..http.error_handlers import answer_under
from ..http.openapi import register
from .document import DOCUMENT
from .errors import fill_error


def init_app(app: Flask) -> None:
    """Register the API and the pages that document it."""
    # Also for versions that do not exist, since their clients read JSON.
    answer_under(app, "/api(/|$)", fill_error)
    register(app, DOCUMENT, "api_page", "REST API")
