"""Blueprint /dashboard/settings: own account, members, API keys, audit log."""

from flask import Blueprint

bp = Blueprint("settings", __name__, url_prefix="/dashboard/settings")

from . import account, api_keys, audit_log, members  # noqa: E402, F401  (they add their views to bp)
