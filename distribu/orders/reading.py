"""Show placed orders: the list with its filters, one order, its pick list."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from flask import g, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import joinedload, selectinload

from ..extensions import db
from ..forms.order import OrderFilterForm
from ..http.paging import Sort, page
from ..http.tenancy import company_row_or_404, signed_in
from ..models import Order, OrderLine, Product
from ..models.search_text import needles
from ..sales.status import NEXT_STATUSES, STATUS_LABELS, status_history
from .blueprint import bp
from .draft import unfinished

NEWEST_FIRST = Sort((Order.number,), is_descending=True)
FILTERS = ("q", "status", "from", "to")


@bp.get("")
@signed_in
def list_orders() -> str:
    """List the company's orders that match the filters in the address, newest first."""
    form = OrderFilterForm(request.args)
    form.validate()
    query = select(Order).options(joinedload(Order.created_by))
    shown = page(query, _matching(form), NEWEST_FIRST, request.args.get("page"))
    asked: dict[str, Any] = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    return render_template(
        "orders/list.html",
        form=form,
        is_filtered=bool(asked),
        orders=shown.items,
        labels=STATUS_LABELS,
        drafts=unfinished(current_user.id),
        line_counts=_line_counts(shown.items),
        page={
            "summary": "",
            "previous_url": shown.previous
            and url_for(".list_orders", **asked, page=shown.previous),
            "next_url": shown.next and url_for(".list_orders", **asked, page=shown.next),
        },
    )


@bp.get("/<order_id>")
@signed_in
def show_order(order_id: str) -> str:
    """Show an order as it was placed, with its products' present images."""
    order = company_row_or_404(Order, order_id)
    return render_template(
        "orders/detail.html",
        order=order,
        lines=_lines(order),
        labels=STATUS_LABELS,
        next_statuses=NEXT_STATUSES[order.status],
        history=status_history(order),
    )


@bp.get("/<order_id>/pick-list")
@signed_in
def show_pick_list(order_id: str) -> str:
    """Show the order for printing, with a box to tick for each line."""
    order = company_row_or_404(Order, order_id)
    return render_template("orders/pick_list.html", order=order, lines=_lines(order))


def _lines(order: Order) -> list[OrderLine]:
    asked = (
        select(OrderLine)
        .where(OrderLine.order_id == order.id)
        .order_by(OrderLine.position)
        .options(selectinload(OrderLine.product).selectinload(Product.image))
    )
    return list(db.session.scalars(asked))


def _matching(form: OrderFilterForm) -> ColumnElement[bool]:
    where = [Order.company_id == g.company.id]
    # People may type an order number as the page shows it: #12.
    typed = (form.q.data or "").replace("#", " ")
    where += [Order.search_text.contains(piece, autoescape=True) for piece in needles(typed)]
    if form.status.data and not form.status.errors:
        where.append(Order.status == form.status.data)
    if form.since.data:
        where.append(Order.created_at >= _start(form.since.data))
    if form.until.data and form.until.data < date.max:
        # Include the whole of the last day.
        where.append(Order.created_at < _start(form.until.data + timedelta(days=1)))
    return and_(*where)


def _start(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _line_counts(orders: list[Order]) -> dict[str, int]:
    rows = db.session.execute(
        select(OrderLine.order_id, func.count())
        .where(OrderLine.order_id.in_([order.id for order in orders]))
        .group_by(OrderLine.order_id)
    )
    return {order_id: count for order_id, count in rows}
