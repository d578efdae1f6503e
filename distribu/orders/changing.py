"""Change the status of an order, and discard drafts."""

from flask import abort, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from ..extensions import db
from ..forms.order import StatusForm
from ..http.tenancy import company_row_or_404, signed_in
from ..models import Order, OrderDraft
from ..sales.status import CANCELLED, STATUS_LABELS, StatusRefused, change_status
from . import draft as drafts
from .blueprint import bp

DISCARD_TEXT = "What you typed is deleted. The stock is not affected."


@bp.post("/<order_id>/status")
@signed_in
def change_order_status(order_id: str) -> ResponseReturnValue:
    """Give the order its next status; canceling returns its items to stock if that was ticked."""
    company_row_or_404(Order, order_id)
    form = StatusForm()
    if not form.validate():
        abort(400)
    returns_stock = form.returns_stock.data and form.status.data == CANCELLED
    try:
        order = change_status(
            g.company.id, order_id, form.status.data, returns_stock=returns_stock
        ) or abort(404)
    except StatusRefused as refused:
        flash(str(refused), "error")
        return redirect(url_for(".show_order", order_id=order_id), 303)
    db.session.commit()
    returned = " Its items are back in stock." if returns_stock else ""
    label = STATUS_LABELS[order.status].lower()
    flash(f"Order #{order.number} is now {label}.{returned}", "success")
    return redirect(url_for(".show_order", order_id=order_id), 303)


@bp.get("/drafts/<token>/discard")
@signed_in
def confirm_discard_draft(token: str) -> str:
    """Ask for confirmation, for browsers without JavaScript."""
    if db.session.get(OrderDraft, (current_user.id, token)) is None:
        abort(404)
    return render_template(
        "confirm.html",
        title="Discard this draft?",
        text=DISCARD_TEXT,
        action=url_for(".discard_draft", token=token),
        confirm_label="Discard draft",
        cancel_url=url_for(".list_orders"),
    )


@bp.post("/drafts/<token>/discard")
@signed_in
def discard_draft(token: str) -> ResponseReturnValue:
    """Delete the draft of an order that was never placed."""
    if not drafts.discard(current_user.id, token):
        abort(404)
    db.session.commit()
    flash("The draft was discarded.", "info")
    return redirect(url_for(".list_orders"), 303)
