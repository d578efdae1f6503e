"""The status of an order after it was placed, and which status may follow."""

from datetime import datetime

from sqlalchemy import select, update

from .. import audit
from ..extensions import db
from ..models import ORDER_STATUSES, AuditEntry, Order, OrderLine, Product, utc_now
from ..products.rules import STOCK_MAX

CANCELLED = "CANCELLED"
STATUS_CHANGED = "order.status_changed"
NEXT_STATUSES = {
    "SUBMITTED": ("CONFIRMED", CANCELLED),
    "CONFIRMED": ("SHIPPED", CANCELLED),
    "SHIPPED": ("DELIVERED",),
    "DELIVERED": (),
    CANCELLED: (),
}


# The constants are spelled as the API documents them, the labels in American English.
STATUS_LABELS = {status: status.capitalize() for status in ORDER_STATUSES} | {CANCELLED: "Canceled"}


class StatusRefused(Exception):
    """The status was not changed; str() is a sentence that says why."""


def change_status(
    company_id: str,
    order_id: str,
    new_status: str,
    now: datetime | None = None,
    *,
    returns_stock: bool = False,
) -> Order | None:
    """Give an order its next status; None if there is no such order. The caller commits.

    Canceling does not change the stock unless returns_stock: then the
    order's items are put back in the same transaction. The audit log keeps
    who did it and when, for status_history().

    >>> change_status(g.company.id, order.id, "CONFIRMED").status
    'CONFIRMED'

    Raises ValueError for an unknown status, and StatusRefused after a
    rollback, with nothing changed.
    """
    if new_status not in ORDER_STATUSES:
        raise ValueError(f"unknown status {new_status!r}")
    now = now or utc_now()
    of_order = (Order.id == order_id, Order.company_id == company_id)
    before = db.session.scalar(select(Order.status).where(*of_order))
    if before is None:
        return None
    # Two people may click at the same time: the UPDATE decides, the loser changes no row.
    changed = new_status in NEXT_STATUSES[before] and db.session.scalar(
        update(Order)
        .where(*of_order, Order.status == before)
        .values(status=new_status, updated_at=now)
        .returning(Order.id),
        execution_options={"synchronize_session": False},
    )
    if not changed:
        db.session.rollback()
        raise StatusRefused(_why_not(company_id, order_id, new_status))
    if new_status == CANCELLED and returns_stock:
        _return_stock(order_id, now)
    _record(order_id, before, new_status, new_status == CANCELLED and returns_stock)
    return db.session.get_one(Order, order_id, populate_existing=True)


def status_history(order: Order) -> list[AuditEntry]:
    """Return the log entries of each change of the status, oldest first."""
    entries = select(AuditEntry).where(
        AuditEntry.company_id == order.company_id,
        AuditEntry.entity_id == order.id,
        AuditEntry.action == STATUS_CHANGED,
    )
    return list(db.session.scalars(entries.order_by(AuditEntry.created_at, AuditEntry.id)))


def _record(order_id: str, before: str, after: str, is_returned: bool) -> None:
    returned = {"stock_returned": True} if is_returned else {}
    audit.record(
        STATUS_CHANGED, "Order", order_id, {"status": before}, {"status": after} | returned
    )


def _return_stock(order_id: str, now: datetime) -> None:
    """Put the lines' items back into stock, except those of deleted products."""
    # Lock in the order of ids, as every change of several products does, to avoid deadlocks.
    lines = select(OrderLine.product_id, OrderLine.quantity, OrderLine.name).where(
        OrderLine.order_id == order_id, OrderLine.product_id.is_not(None)
    )
    for line in db.session.execute(lines.order_by(OrderLine.product_id)).all():
        returned = db.session.scalar(
            update(Product)
            .where(Product.id == line.product_id, Product.stock <= STOCK_MAX - line.quantity)
            .values(stock=Product.stock + line.quantity, updated_at=now)
            .returning(Product.id),
            execution_options={"synchronize_session": False},
        )
        if not returned:
            db.session.rollback()
            raise StatusRefused(f"The stock of {line.name} cannot exceed {STOCK_MAX:,}.")


def _why_not(company_id: str, order_id: str, new_status: str) -> str:
    """Return the sentence of a refusal, for the order's present status."""
    status = db.session.scalar(
        select(Order.status).where(Order.id == order_id, Order.company_id == company_id)
    )
    if status == new_status:
        return f"This order is already {STATUS_LABELS[new_status].lower()}."
    assert status is not None
    before, after = (STATUS_LABELS[one].lower() for one in (status, new_status))
    return f"This order is {before}, so it cannot become {after}."
