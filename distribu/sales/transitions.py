"""How an order goes on: from one status to the next, by compare-and-set."""

from sqlalchemy import update

from .. import audit
from ..extensions import db
from ..models import Order, utc_now

# What an order of a status may become; of any other status, nothing.
NEXT_STATUSES = {
    "SUBMITTED": ("CONFIRMED", "CANCELLED"),
    "CONFIRMED": ("SHIPPED", "CANCELLED"),
    "SHIPPED": ("DELIVERED",),
}


class StatusRefused(Exception):
    """The order cannot have this status now; str() is a sentence that says why."""


def change_status(company_id: str, order_id: str, status: str) -> Order:
    """The order with this status, for the caller to commit; untouched where it has it already.

    Canceling leaves the stock as it is. Raises StatusRefused.
    """
    # The UPDATE decides between two who change the same order; the loser sees no row.
    possible = [one for one, following in NEXT_STATUSES.items() if status in following]
    before = db.session.get_one(Order, order_id, populate_existing=True).status
    changed = before in possible and db.session.execute(
        update(Order)
        .where(Order.id == order_id, Order.company_id == company_id, Order.status == before)
        .values(status=status, updated_at=utc_now()),
        execution_options={"synchronize_session": False},
    )
    order = db.session.get_one(Order, order_id, populate_existing=True)
    if changed and changed.rowcount == 1:
        known = ({"status": one} for one in (before, status))
        audit.record("order.status_changed", "Order", order_id, *known)
    elif order.status != status:
        raise StatusRefused(f"An order that is {order.status} cannot become {status}.")
    return order
