"""Blueprint /dashboard/orders: list, detail, status, and the form for a new order."""

# Imported for the views that they add to bp.
from . import changing, composing, reading
from .blueprint import bp

__all__ = ["bp", "changing", "composing", "reading"]
