"""Blueprint /dashboard/inventory: list, form, image fragments, CSV import and export."""

# Imported for the views that they add to bp.
from . import csv_export, csv_import, downloads, editing, image_field, listing, many_images
from .blueprint import bp

__all__ = [
    "bp",
    "csv_export",
    "csv_import",
    "downloads",
    "editing",
    "image_field",
    "listing",
    "many_images",
]
