"""The inventory blueprint."""

from flask import Blueprint

from ..http.compression import compress_unless_typed

bp = Blueprint("inventory", __name__, url_prefix="/dashboard/inventory")
bp.after_request(compress_unless_typed)
