"""The status of an order: where it may go, who wins a race, what canceling does to the stock."""

import threading
from itertools import product as pairs

import pytest
from flask import g
from sqlalchemy import func, select

from distribu.audit import set_actor
from distribu.extensions import db
from distribu.models import ORDER_STATUSES, AuditEntry, Order, Product, User
from distribu.sales.placement import OrderRequest, place_order
from distribu.sales.status import StatusRefused, change_status
from tests.conftest import add_cast, add_product

ALLOWED = {
    ("SUBMITTED", "CONFIRMED"),
    ("SUBMITTED", "CANCELLED"),
    ("CONFIRMED", "SHIPPED"),
    ("CONFIRMED", "CANCELLED"),
    ("SHIPPED", "DELIVERED"),
}


def act_as(user_id: str) -> None:
    user = db.session.get(User, user_id)
    set_actor("USER", user, user.company, user.email)


def place(company_id: str, user_id: str, status: str = "SUBMITTED", quantity: int = 4) -> Order:
    """A committed order of some of a widget of which there were ten."""
    act_as(user_id)
    widget = add_product(company_id, name="Widget", stock=10)
    order = place_order(
        company_id, OrderRequest(widget.id, {widget.id: quantity}, created_by_id=user_id)
    )
    order.status = status
    db.session.commit()
    return order


def stock_left(order: Order) -> int:
    return db.session.scalar(select(Product.stock).where(Product.id == order.lines[0].product_id))


def changes_in_log() -> int:
    is_change = AuditEntry.action == "order.status_changed"
    return db.session.scalar(select(func.count()).where(is_change))


@pytest.fixture
def order(cast_on_either) -> Order:
    return place(cast_on_either.acme, cast_on_either.alice)


@pytest.mark.parametrize(("before", "after"), sorted(ALLOWED))
def test_an_order_goes_on_as_the_table_says(cast_on_either, before, after):
    order = place(cast_on_either.acme, cast_on_either.alice, before)
    changed = change_status(cast_on_either.acme, order.id, after)
    db.session.commit()
    assert changed.status == after
    entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "order.status_changed"))
    assert (entry.before, entry.after) == ({"status": before}, {"status": after})
    assert entry.actor_name == "alice@acme.test"


@pytest.mark.parametrize(
    ("before", "after"), sorted(set(pairs(ORDER_STATUSES, repeat=2)) - ALLOWED)
)
def test_every_other_change_is_refused_and_leaves_no_trace(app_context, before, after):
    cast = add_cast()
    order = place(cast.acme, cast.alice, before)
    with pytest.raises(StatusRefused):
        change_status(cast.acme, order.id, after)
    assert db.session.get(Order, order.id).status == before
    assert changes_in_log() == 0


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("CANCELLED", "CANCELLED", "This order is already canceled."),
        ("SHIPPED", "CANCELLED", "This order is shipped, so it cannot become canceled."),
    ],
)
def test_a_refusal_says_why(app_context, before, after, sentence):
    cast = add_cast()
    order = place(cast.acme, cast.alice, before)
    with pytest.raises(StatusRefused) as refused:
        change_status(cast.acme, order.id, after)
    assert str(refused.value) == sentence


def test_an_unknown_status_is_a_value_error(order):
    with pytest.raises(ValueError, match="LOST"):
        change_status(order.company_id, order.id, "LOST")


def test_another_companys_order_is_none_and_stays(order, cast_on_either):
    assert change_status(cast_on_either.globex, order.id, "CONFIRMED") is None
    assert db.session.get(Order, order.id).status == "SUBMITTED"


def test_canceling_leaves_the_stock_as_it_is(order):
    change_status(order.company_id, order.id, "CANCELLED")
    db.session.commit()
    assert stock_left(order) == 6


def test_canceling_returns_the_stock_where_it_is_asked_for(order):
    change_status(order.company_id, order.id, "CANCELLED", returns_stock=True)
    db.session.commit()
    assert stock_left(order) == 10


def test_only_canceling_returns_stock(order):
    change_status(order.company_id, order.id, "CONFIRMED", returns_stock=True)
    db.session.commit()
    assert stock_left(order) == 6


def test_a_stock_that_would_be_too_large_refuses_the_whole_change(order):
    db.session.get(Product, order.lines[0].product_id).stock = 1_000_000_000 - 3
    db.session.commit()
    with pytest.raises(StatusRefused, match="The stock of Widget cannot exceed 1,000,000,000"):
        change_status(order.company_id, order.id, "CANCELLED", returns_stock=True)
    assert db.session.get(Order, order.id).status == "SUBMITTED"


def test_a_deleted_product_does_not_keep_an_order_from_being_canceled(order):
    db.session.delete(db.session.get(Product, order.lines[0].product_id))
    db.session.commit()
    changed = change_status(order.company_id, order.id, "CANCELLED", returns_stock=True)
    assert changed.status == "CANCELLED"


def test_of_many_who_cancel_at_once_one_returns_the_stock(make_app, database):
    app = make_app(**database)
    with app.app_context():
        cast = add_cast()
        order = place(cast.acme, cast.alice)
        order_id = order.id
    barrier, answers = threading.Barrier(4), []

    def cancel():
        with app.test_request_context():
            act_as(cast.alice)
            company_id = g.company.id
            db.session.rollback()
            barrier.wait()
            try:
                change_status(company_id, order_id, "CANCELLED", returns_stock=True)
                db.session.commit()
                answers.append("canceled")
            except StatusRefused as refused:
                answers.append(str(refused))

    threads = [threading.Thread(target=cancel) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["This order is already canceled."] * 3 + ["canceled"]
    with app.app_context():
        assert stock_left(db.session.get(Order, order_id)) == 10
