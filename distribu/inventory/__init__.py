"""Blueprint /dashboard/inventory: list, form, image fragments, CSV import and export."""

from flask import Blueprint

bp = Blueprint("inventory", __name__, url_prefix="/dashboard/inventory")

from . import (  # noqa: E402  (they add their views to bp)
    csv_export,  # noqa: F401
    csv_import,  # noqa: F401
    editing,  # noqa: F401
    image_field,  # noqa: F401
    listing,  # noqa: F401
)
