"""Blueprint /api/v1: Distribu's REST API. It takes JSON and gives JSON, and never a file."""

from flask import Flask

from ..bearer import init_key_blueprint
from ..errors import answer_under
from ..json_bodies import JsonBlueprint
from .bodies import fill_error, limit_body
from .document import DescribedApi

PREFIX = "/api/v1"

bp = JsonBlueprint("api", __name__, url_prefix=PREFIX)
bp.before_request(limit_body)
init_key_blueprint(bp)

from . import products  # noqa: E402, F401  (it adds its views to bp)


def init_app(app: Flask) -> None:
    """The app answers under /api/v1, and describes there what it answers."""
    answer_under(app, PREFIX, fill_error)
    DescribedApi(app).register_blueprint(bp)
