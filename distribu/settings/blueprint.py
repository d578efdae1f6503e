"""The settings blueprint."""

from flask import Blueprint

from ..http.compression import compress_unless_typed

bp = Blueprint("settings", __name__, url_prefix="/dashboard/settings")
bp.after_request(compress_unless_typed)
