"""The orders blueprint."""

from flask import Blueprint

from ..http.compression import compress_unless_typed

bp = Blueprint("orders", __name__, url_prefix="/dashboard/orders")
bp.after_request(compress_unless_typed)
