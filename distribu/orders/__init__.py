"""Blueprint /dashboard/orders: list, detail, and the form of a new order."""

# Imported for the views that they add to bp.
from . import composing, reading
from .blueprint import bp

__all__ = ["bp", "composing", "reading"]
