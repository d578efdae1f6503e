"""The database tables. Times are aware UTC, ids are ULIDs, money is in minor units."""

from .accounts import PREFIX_LENGTH, REMOVED, ROLES, SCOPES, ApiKey, User, new_token
from .bulk_changes import BulkChange
from .columns import is_storable, new_id, utc_now
from .companies import Company
from .download_jobs import DownloadJob
from .import_jobs import ImportJob
from .orders import ORDER_STATUSES, Order, OrderDraft, OrderLine
from .products import ERROR, LOW_STOCK, PROCESSING, READY, Image, Product, shown_image_id
from .records import AuditEntry, EndedSession, IdempotencyKey
from .states import SMALL_IMAGE_PX
from .store_records import Installation, OutboxEntry

__all__ = [
    "ERROR",
    "LOW_STOCK",
    "ORDER_STATUSES",
    "PREFIX_LENGTH",
    "PROCESSING",
    "READY",
    "REMOVED",
    "ROLES",
    "SCOPES",
    "SMALL_IMAGE_PX",
    "ApiKey",
    "AuditEntry",
    "BulkChange",
    "Company",
    "DownloadJob",
    "EndedSession",
    "IdempotencyKey",
    "Image",
    "ImportJob",
    "Installation",
    "Order",
    "OrderDraft",
    "OrderLine",
    "OutboxEntry",
    "Product",
    "User",
    "is_storable",
    "new_id",
    "new_token",
    "shown_image_id",
    "utc_now",
]
