"""Place an order: take the stock of all its lines, or of none."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Row, select, update

from .. import audit
from ..extensions import db
from ..models import Company, Order, OrderLine, Product, shown_image_id, utc_now

QUANTITY_MAX = 1_000_000
LINES_MAX = 200
NOTES_MAX = 2000
CUSTOMER_NAME_MAX = 200
CUSTOMER_ADDRESS_MAX = 500
PO_NUMBER_MAX = 100


class OrderRefused(Exception):
    """Nothing was ordered. problems: sentences that say why, in the order of the lines."""

    def __init__(self, problems: list[str]):
        super().__init__(" ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class OrderRequest:
    """An order to be placed. quantities: by product id, in the order of the lines.

    submit_token: a second request with the same token gets the same order.
    seen_prices: the prices that the buyer saw, in minor units by product id;
    if one has changed, the order is refused.
    """

    submit_token: str
    quantities: Mapping[str, int]
    seen_prices: Mapping[str, int] = field(default_factory=dict)
    notes: str | None = None
    po_number: str | None = None
    customer_name: str | None = None
    customer_address: str | None = None
    customer_id: str | None = None
    created_by_id: str | None = None


def quantity(value: str | int | float | None) -> int:
    """Return the quantity, a whole number from 1 to 1,000,000. Raises ValueError."""
    typed = str(value if value is not None else "").strip()
    digits = typed.removeprefix("+").removesuffix(".0")
    if not (digits.isascii() and digits.isdecimal()):
        raise ValueError("Quantity must be a whole number of 1 or more.")
    # Longer than any valid number, so skip int().
    number = int(digits) if len(digits) < 20 else QUANTITY_MAX + 1
    if number < 1:
        raise ValueError("Quantity must be a whole number of 1 or more.")
    if number > QUANTITY_MAX:
        raise ValueError(f"Quantity must be at most {QUANTITY_MAX:,}.")
    return number


def placed_order(company_id: str, submit_token: str) -> Order | None:
    """Return the order that was placed with this token, or None."""
    return db.session.scalar(
        select(Order).where(Order.company_id == company_id, Order.submit_token == submit_token)
    )


def place_order(company_id: str, request: OrderRequest, now: datetime | None = None) -> Order:
    """Create an order with its number and take its stock; the caller commits.

    If the token was used before, return that order and take nothing. An
    order changes a product's stock and updated_at, but not its version, so
    a form that is open meanwhile saves without a conflict.
    Raises OrderRefused after a rollback, with nothing changed.
    """
    if not request.quantities:
        raise OrderRefused(["Add at least one product."])
    if len(request.quantities) > LINES_MAX:
        raise OrderRefused([f"An order can have at most {LINES_MAX} products."])
    now = now or utc_now()
    taken = _take_stock(company_id, request.quantities, now)
    number, currency = _next_number(company_id)
    if placed_order(company_id, request.submit_token):
        db.session.rollback()
        placed = placed_order(company_id, request.submit_token)
        assert placed is not None
        return placed
    if problems := _problems(company_id, request, taken):
        db.session.rollback()
        raise OrderRefused(problems)
    order = _new_order(company_id, request, taken, now)
    order.number, order.currency = number, currency
    db.session.add(order)
    db.session.flush()
    summary = {"number": number, "total_minor": order.total_minor, "lines": len(order.lines)}
    audit.record("order.created", "Order", order.id, after=summary)
    return order


def _next_number(company_id: str) -> Row:
    """Return the number of the company's next order, and the company's currency."""
    # This also locks the company until commit, so that no other order can use the same token, and
    # a rollback leaves no gap. Lock it after the products, like every other change of a catalog.
    return db.session.execute(
        update(Company)
        .where(Company.id == company_id)
        .values(last_order_number=Company.last_order_number + 1)
        .returning(Company.last_order_number, Company.currency),
        execution_options={"synchronize_session": False},
    ).one()


def _take_stock(company_id: str, quantities: Mapping[str, int], now: datetime) -> dict[str, Row]:
    """Return the present name, SKU and price of each product whose stock was taken."""
    taken = {}
    # Lock in the order of ids, as every change of several products does, to avoid deadlocks.
    for product_id in sorted(quantities):
        row = db.session.execute(
            update(Product)
            .where(
                Product.id == product_id,
                Product.company_id == company_id,
                Product.is_active,
                Product.stock >= quantities[product_id],
            )
            .values(stock=Product.stock - quantities[product_id], updated_at=now)
            .returning(Product.name, Product.sku, Product.price_minor),
            execution_options={"synchronize_session": False},
        ).first()
        if row:
            taken[product_id] = row
    return taken


def _problems(company_id: str, request: OrderRequest, taken: dict[str, Row]) -> list[str]:
    problems = []
    for product_id in request.quantities:
        now = taken.get(product_id)
        if now is None:
            problems.append(_why_not(company_id, product_id))
        elif request.seen_prices.get(product_id, now.price_minor) != now.price_minor:
            problems.append(
                f"The price of {now.name} has changed. Check the total, then order again."
            )
    return problems


def _why_not(company_id: str, product_id: str) -> str:
    product = db.session.execute(
        select(Product.name, Product.stock, Product.is_active).where(
            Product.id == product_id, Product.company_id == company_id
        )
    ).first()
    if product is None:
        return "A product of this order has been deleted."
    if not product.is_active:
        return f"{product.name} is no longer for sale."
    return f"Not enough stock for {product.name}. Only {max(0, product.stock)} available."


def _new_order(
    company_id: str, request: OrderRequest, taken: dict[str, Row], now: datetime
) -> Order:
    order = Order(
        company_id=company_id,
        submit_token=request.submit_token,
        notes=request.notes,
        po_number=request.po_number,
        customer_name=request.customer_name,
        customer_address=request.customer_address,
        customer_id=request.customer_id,
        created_by_id=request.created_by_id,
        created_at=now,
        updated_at=now,
    )
    image_ids = _hosted_image_ids(request.quantities)
    for position, (product_id, wanted) in enumerate(request.quantities.items()):
        line = OrderLine(product_id=product_id, position=position, quantity=wanted)
        line.name, line.sku, line.unit_price_minor = taken[product_id]
        line.image_id = image_ids.get(product_id)
        order.lines.append(line)
    order.total_minor = sum(line.total_minor for line in order.lines)
    return order


def _hosted_image_ids(product_ids: Iterable[str]) -> dict[str, str]:
    """Return, by product, the id of the hosted image that it shows."""
    hosted = select(Product.id, shown_image_id()).where(
        Product.id.in_(product_ids), Product.external_image_url.is_(None)
    )
    return dict(db.session.execute(hosted).all())
