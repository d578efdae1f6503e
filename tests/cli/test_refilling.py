"""flask db refill computes the columns that an older release leaves empty or outdated."""

import pytest
from flask import current_app
from sqlalchemy import select, update

from distribu.extensions import db
from distribu.models import Company, Order, Product, new_id
from distribu.products.refilling import refill_products
from distribu.sales.refilling import refill_orders
from tests.conftest import add_cast

# As migrations leave it, and as no release fills it that does not know it.
UNKNOWN = {"sku_key": None, "sku_order": "", "search_text": ""}


@pytest.fixture
def cast(make_app, database):
    with make_app(**database).app_context():
        yield add_cast()


def add(company_id: str, sku: str | None, **filled: str | None) -> str:
    """A product with only those columns filled of which an older release knows."""
    row = {"id": new_id(), "company_id": company_id, "sku": sku, "name": "Käse", "price_minor": 1}
    # Through the table: the mapper would fill in what is None.
    db.session.execute(Product.__table__.insert(), row | UNKNOWN | filled)
    db.session.commit()
    return row["id"]


def filled(product_id: str) -> tuple[str | None, str, str]:
    columns = select(Product.sku_key, Product.sku_order, Product.search_text)
    return tuple(db.session.execute(columns.where(Product.id == product_id)).one())


def test_a_new_product_gets_its_keys_and_its_search_text(cast):
    product_id = add(cast.acme, "SH-10\u00ad00")
    assert refill_products() == 1
    assert filled(product_id) == ("SH-1000", "SH-1000", "  kase\n  sh-1000\n")
    assert refill_products() == 0


def test_a_product_without_a_sku_sorts_behind_all_others(cast):
    product_id = add(cast.acme, None)
    refill_products()
    assert filled(product_id)[:2] == (None, "\U0010ffff")


def test_keys_follow_skus_that_changed_places(cast):
    first = add(cast.acme, "B", sku_key="A", sku_order="A")
    second = add(cast.acme, "A", sku_key="B", sku_order="B")
    assert refill_products() == 2
    assert [filled(one)[:2] for one in (first, second)] == [("B", "B"), ("A", "A")]


def test_a_key_stays_with_the_product_that_has_it(cast):
    newer_of_old_release = add(cast.acme, "A\u00ad")
    holder = add(cast.acme, "A", sku_key="A", sku_order="A", search_text="  kase\n  a\n")
    assert refill_products() == 1
    assert filled(holder)[0] == "A"
    assert filled(newer_of_old_release)[0] == f"\u2060{newer_of_old_release}"
    assert refill_products() == 0


def test_a_key_of_its_own_ends_with_what_looked_alike(cast):
    product_id = add(cast.acme, "A", sku_key="\u2060ID", sku_order="A")
    refill_products()
    assert filled(product_id)[0] == "A"


def test_companies_have_keys_of_their_own(cast):
    ids = [add(company_id, "A") for company_id in (cast.acme, cast.globex)]
    assert refill_products() == 2
    assert [filled(one)[0] for one in ids] == ["A", "A"]


def test_nothing_else_of_a_product_changes(cast):
    product_id = add(cast.acme, "A")
    seen = select(Product.version, Product.updated_at).where(Product.id == product_id)
    before = db.session.execute(seen).one()
    refill_products()
    assert db.session.execute(seen).one() == before


def test_an_order_can_be_found_and_has_the_currency_of_its_company(cast):
    db.session.execute(update(Company).where(Company.id == cast.acme).values(currency="EUR"))
    order = Order(company_id=cast.acme, number=7, submit_token="a", total_minor=1, po_number="PO-9")
    db.session.add(order)
    db.session.flush()
    db.session.execute(update(Order).values(search_text="", currency="USD"))
    db.session.commit()
    assert refill_orders() == 1
    db.session.refresh(order)
    assert (order.search_text, order.currency) == ("  7\n\n  po-9", "EUR")
    assert refill_orders() == 0


def test_an_order_of_today_keeps_its_currency(cast):
    order = Order(company_id=cast.acme, number=7, submit_token="a", total_minor=1, currency="JPY")
    db.session.add(order)
    db.session.commit()
    refill_orders()
    assert db.session.scalar(select(Order.currency)) == "JPY"


def test_the_command_says_what_it_did(cast):
    add(cast.acme, "A")
    result = current_app.test_cli_runner().invoke(args=["db", "refill"])
    assert (result.exit_code, result.output) == (0, "1 products and 0 orders were filled in.\n")
