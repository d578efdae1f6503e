"""Blueprint /dashboard/inventory: list, form, image fragments, CSV import and export."""

from flask import Blueprint

bp = Blueprint("inventory", __name__, url_prefix="/dashboard/inventory")

from . import editing, image_field, listing  # noqa: E402, F401  (they add their views to bp)
