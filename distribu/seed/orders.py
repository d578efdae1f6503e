"""The orders of the demo company, at least one in every status."""

from sqlalchemy import select

from ..extensions import db
from ..models import Product
from ..sales.placement import OrderRequest, place_order, placed_order
from ..sales.status import change_status

# Customer, address, PO number, and the statuses that the order has passed through.
ORDERS = [
    ("Café Central", "1 Main Street\nVienna", "PO-2041", ["CONFIRMED", "SHIPPED", "DELIVERED"]),
    ("Hotel Seeblick", "Uferweg 12\nBregenz", "77-A", ["CONFIRMED", "SHIPPED"]),
    ("Nord & Søn", "Havnegade 4\nAarhus", None, ["CANCELLED"]),
    ("Greenfield Stores", "88 Market Lane\nBristol", "GS-1190", ["CONFIRMED"]),
    ("Café Central", "1 Main Street\nVienna", "PO-2057", []),
]
LINES, QUANTITY = 3, 2


def add_orders(company_id: str) -> None:
    """Add the missing orders, committing each with all its status changes."""
    for number, (customer, address, po_number, steps) in enumerate(ORDERS):
        token = f"demo-order-{number}"
        # Each order gets other products, as far as there are any.
        quantities = _quantities(company_id, skipped=number * LINES) or _quantities(company_id, 0)
        if placed_order(company_id, token) or not quantities:
            continue
        wanted = OrderRequest(
            token,
            quantities,
            po_number=po_number,
            customer_name=customer,
            customer_address=address,
        )
        order = place_order(company_id, wanted)
        for status in steps:
            change_status(company_id, order.id, status)
        db.session.commit()


def _quantities(company_id: str, skipped: int) -> dict[str, int]:
    in_stock = (
        Product.company_id == company_id,
        Product.is_active,
        Product.stock >= QUANTITY * len(ORDERS),
    )
    some = select(Product.id).where(*in_stock).order_by(Product.id).offset(skipped).limit(LINES)
    return dict.fromkeys(db.session.scalars(some), QUANTITY)
