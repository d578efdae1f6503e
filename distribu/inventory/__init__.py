"""Blueprint /dashboard/inventory: list, form, image fragments, CSV import and export."""

# Imported for the views that they add to bp.
from . import (
    bulk_changes,
    csv_export,
    csv_import,
    deleting,
    downloads,
    editing,
    image_field,
    large_image,
    listing,
    many_images,
)
from .blueprint import bp

__all__ = [
    "bp",
    "bulk_changes",
    "csv_export",
    "csv_import",
    "deleting",
    "downloads",
    "editing",
    "image_field",
    "large_image",
    "listing",
    "many_images",
]
