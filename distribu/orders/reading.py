"""The orders that were placed."""

from flask import g, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from ..extensions import db
from ..http.paging import Sort, page
from ..http.tenancy import company_row_or_404, signed_in
from ..models import Order, OrderLine, Product
from .blueprint import bp

NEWEST_FIRST = Sort((Order.number,), is_descending=True)


@bp.get("")
@signed_in
def list_orders() -> str:
    """The company's orders, the newest first."""
    query = select(Order).options(joinedload(Order.created_by))
    own = Order.company_id == g.company.id
    shown = page(query, own, NEWEST_FIRST, request.args.get("page"))
    return render_template(
        "orders/list.html",
        orders=shown.items,
        line_counts=_line_counts(shown.items),
        page={
            "summary": "",
            "previous_url": shown.previous and url_for(".list_orders", page=shown.previous),
            "next_url": shown.next and url_for(".list_orders", page=shown.next),
        },
    )


@bp.get("/<order_id>")
@signed_in
def show_order(order_id: str) -> str:
    """An order as it was placed, with the images that its products have now."""
    order = company_row_or_404(Order, order_id)
    lines = db.session.scalars(
        select(OrderLine)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.position)
        .options(selectinload(OrderLine.product).selectinload(Product.image))
    ).all()
    return render_template("orders/detail.html", order=order, lines=lines)


def _line_counts(orders: list[Order]) -> dict[str, int]:
    rows = db.session.execute(
        select(OrderLine.order_id, func.count())
        .where(OrderLine.order_id.in_([order.id for order in orders]))
        .group_by(OrderLine.order_id)
    )
    return {order_id: count for order_id, count in rows}
