"""The tables. Times are aware UTC, ids are ULIDs, money is in minor units."""

from .catalogue import (
    ERROR,
    LOW_STOCK,
    PROCESSING,
    READY,
    Image,
    ImportJob,
    Installation,
    OutboxEntry,
    Product,
    shown_image_id,
)
from .columns import new_id, new_ids, utc_now
from .company import (
    PREFIX_LENGTH,
    REMOVED,
    ROLES,
    SCOPES,
    ApiKey,
    AuditEntry,
    Company,
    IdempotencyKey,
    User,
)
from .orders import ORDER_STATUSES, Order, OrderDraft, OrderLine

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
    "ApiKey",
    "AuditEntry",
    "Company",
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
    "new_id",
    "new_ids",
    "shown_image_id",
    "utc_now",
]
