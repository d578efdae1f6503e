"""Recompute the columns of orders that an older release left empty."""

from sqlalchemy import select, update

from ..extensions import db
from ..models import Company, Order
from ..models.search_text import searchable


def refill_orders() -> int:
    """Give every order its search text and currency; return how many changed. Commits.

    An order without a search text was placed by an older release, in its company's currency.
    """
    columns = (Order.id, Order.number, Order.customer_name, Order.po_number, Company.currency)
    unknown = select(*columns).join(Company, Order.company_id == Company.id)
    rows = db.session.execute(unknown.where(Order.search_text == "")).all()
    for order_id, number, customer_name, po_number, currency in rows:
        text = searchable(str(number), customer_name, po_number)
        db.session.execute(
            update(Order)
            .where(Order.id == order_id, Order.search_text == "")
            .values(search_text=text, currency=currency),
            execution_options={"synchronize_session": False},
        )
    db.session.commit()
    return len(rows)
