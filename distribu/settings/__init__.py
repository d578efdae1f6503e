"""Blueprint /dashboard/settings: your account, company, members, API keys, audit log."""

# Imported for the views that they add to bp.
from . import account, api_keys, audit_log, company, members
from .blueprint import bp

__all__ = ["account", "api_keys", "audit_log", "bp", "company", "members"]
