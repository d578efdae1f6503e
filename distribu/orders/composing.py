"""The form for a new order: products to pick on the left, the order on the right.

Every button submits the whole form. Without JavaScript the response is
a redirect to the form, which shows the saved draft; with JavaScript it
is a fragment for the part that changed.
"""

from collections.abc import Sequence
from typing import Any

from flask import Response, flash, g, make_response, redirect, render_template, request, url_for
from flask_login import current_user

from ..extensions import db
from ..forms.interrupted import is_resumed, resumable
from ..forms.order import OrderForm
from ..http.redirects import open_page
from ..http.tenancy import company_row, signed_in
from ..models import Order, Product
from ..sales.placement import OrderRefused, OrderRequest, place_order, placed_order
from .blueprint import bp
from .browsing import offers
from .draft import Draft, discard, load, save

DELETED = "A product of this order has been deleted."


@bp.get("/new")
@signed_in
def new_order():
    """Show the form with the draft that the address names."""
    draft = load(current_user.id, request.args.get("draft"))
    if order := placed_order(g.company.id, draft.token):
        return redirect(url_for(".show_order", order_id=order.id))
    form = OrderForm(formdata=None, q=request.args.get("q"), **draft.texts)
    return _page(form, draft, request.args.get("page"))


@bp.post("/new")
@signed_in
@resumable
def change_order():
    """Apply the pressed button to the draft; "Place order" places it, or says why it cannot."""
    form = OrderForm()
    draft = Draft.of(request.form, form.texts)
    if is_resumed():
        return _page(form, draft, form.at.data)
    if order := placed_order(g.company.id, draft.token):
        return _placed_before(order)
    if "place" in request.form:
        return _place(form, draft)
    if problem := _press(draft):
        flash(problem, "error")
    save(current_user.id, draft)
    db.session.commit()
    added = request.form.get("add")
    return redirect(
        _url(draft, form.q.data, _cursor(form), f"product-{added}" if added else None), 303
    )


@bp.get("/new/products")
@signed_in
def browse_products() -> Response:
    """Fragment: a page of the products that match the search."""
    typed, cursor = request.args.get("q", ""), request.args.get("page")
    fragment = render_template("orders/_found.html", offers=offers(g.company, typed, cursor))
    address = _url(Draft(request.args.get("draft", "")), typed, cursor)
    return make_response(fragment, {"HX-Replace-Url": address})


@bp.post("/new/lines")
@signed_in
def change_lines() -> Response:
    """Fragment: the order after the pressed button, or after a change of its fields."""
    form = OrderForm()
    draft = Draft.of(request.form, form.texts)
    if order := placed_order(g.company.id, draft.token):
        return open_page(url_for(".show_order", order_id=order.id))
    problem = _press(draft)
    save(current_user.id, draft)
    db.session.commit()
    parts = _order(form, draft, [problem] if problem else [])
    fragment = render_template("orders/_order.html", **parts, is_fragment=True)
    return make_response(fragment, {"HX-Replace-Url": _url(draft, form.q.data, form.at.data)})


def _press(draft: Draft) -> str | None:
    """Apply the pressed button to the draft, or return a sentence that says why not."""
    pressed = request.form
    if "add" in pressed:
        product = company_row(Product, pressed["add"])
        return draft.add(product) if product else "This product has been deleted."
    draft.change(pressed.get("more", ""), 1)
    draft.change(pressed.get("less", ""), -1)
    draft.remove(pressed.get("remove", ""))
    return None


def _place(form: OrderForm, draft: Draft):
    lines = draft.lines(g.company.id)
    problems = [f"{line.product.name}: {line.error}" for line in lines if line.error]
    problems += [DELETED] if len(lines) < len(draft.typed) else []
    if not form.validate() or problems:
        return _refused(form, draft, problems)
    wanted = OrderRequest(
        draft.token,
        {line.product.id: line.quantity for line in lines if line.quantity is not None},
        draft.seen_prices,
        created_by_id=current_user.id,
        **{name: text or None for name, text in form.texts.items()},
    )
    try:
        order = place_order(g.company.id, wanted)
    except OrderRefused as refused:
        return _refused(form, draft, refused.problems)
    discard(current_user.id, draft.token)
    db.session.commit()
    flash(f"Order #{order.number} was placed.", "success")
    return redirect(url_for(".show_order", order_id=order.id), 303)


def _refused(form: OrderForm, draft: Draft, problems: list[str]):
    save(current_user.id, draft)
    db.session.commit()
    return _page(form, draft, form.at.data, problems), 422


def _placed_before(order: Order):
    flash(f"Order #{order.number} was already placed. Nothing was ordered twice.", "info")
    return redirect(url_for(".show_order", order_id=order.id), 303)


def _page(form: OrderForm, draft: Draft, cursor: str | None, problems: Sequence[str] = ()) -> str:
    return render_template(
        "orders/new.html",
        offers=offers(g.company, form.q.data, cursor),
        **_order(form, draft, list(problems)),
        is_fragment=False,
    )


def _order(form: OrderForm, draft: Draft, problems: list[str]) -> dict:
    """Return the arguments of _order.html."""
    lines = draft.lines(g.company.id)
    if len(lines) < len(draft.typed) and DELETED not in problems:
        problems.append(DELETED)
    return {
        "form": form,
        "draft": draft,
        "lines": lines,
        "problems": problems,
        "total_minor": sum(line.total_minor for line in lines),
    }


def _cursor(form: OrderForm) -> str | None:
    """Return the page of the product browser to show; a new search starts at the first."""
    if "search" in request.form:
        return None
    return request.form.get("page", form.at.data)


def _url(draft: Draft, typed: str | None, cursor: str | None, anchor: str | None = None) -> str:
    values: dict[str, Any] = {"draft": draft.token, "q": typed, "page": cursor, "_anchor": anchor}
    return url_for(".new_order", **{name: value for name, value in values.items() if value})
