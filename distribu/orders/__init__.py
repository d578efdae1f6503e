"""Blueprint /dashboard/orders: list, detail, and the form of a new order."""

from flask import Blueprint

bp = Blueprint("orders", __name__, url_prefix="/dashboard/orders")

from . import composing, reading  # noqa: E402, F401  (they add their views to bp)
