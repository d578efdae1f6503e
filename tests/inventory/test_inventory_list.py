"""The inventory list."""

import pytest
from sqlalchemy import event

from distribu.extensions import db
from distribu.models import Product
from distribu.models.sku_keys import own_key
from tests.conftest import add_product

LIST = "/dashboard/inventory"


@pytest.fixture
def products(app, cast):
    with app.app_context():
        add_product(cast.acme, name="Anchor", sku="A-1", category="Boats", price_minor=123450)
        add_product(cast.acme, name="Bolt", category="Parts", unit="box", stock=3)
        add_product(cast.acme, name="Cable", category="Parts", is_active=False, stock=12345)
        add_product(cast.globex, name="Secret plan")


def test_shows_each_product_with_price_unit_and_stock(alice, products):
    page = alice.get(LIST).text
    assert "$1,234.50" in page
    assert "/ box" in page
    assert "12,345" in page
    assert "Only 3 left" in page
    assert "Inactive" in page
    assert "3 products" in page


def test_shows_no_other_companys_products(alice, mallory, products):
    assert "Secret plan" not in alice.get(LIST).text
    assert "Secret plan" in mallory.get(LIST).text


def test_finds_by_name_sku_and_category(alice, products):
    page = alice.get(f"{LIST}?q=a-1").text
    assert "Anchor" in page
    assert "Bolt" not in page


def test_filters_by_category(alice, products):
    page = alice.get(f"{LIST}?category=Boats").text
    assert "Anchor" in page
    assert "Cable" not in page


def test_says_when_nothing_matches(alice, products):
    assert "Nothing matches" in alice.get(f"{LIST}?q=zebra").text


def test_invites_to_add_the_first_product(alice):
    assert "Add your first product" in alice.get(LIST).text


def test_pages_keep_the_filters(app, cast, alice):
    with app.app_context():
        for number in range(30):
            add_product(cast.acme, name=f"Nail {number:02}", category="Parts")
    page = alice.get(f"{LIST}?category=Parts").text
    assert "Nail 00" in page
    assert "Nail 29" not in page
    following = page.split('rel="next" href="')[1].split('"')[0].replace("&amp;", "&")
    assert "category=Parts" in following
    assert "Nail 29" in alice.get(following).text


def test_asks_nobody_to_sign_in(nobody):
    answer = nobody.get(LIST)
    assert answer.status_code == 302
    assert "/login" in answer.location


def test_asks_the_database_no_more_for_more_products(app, cast, alice):
    with app.app_context():
        add_product(cast.acme, name="First")
        few = statements_of(alice)
        for number in range(30):
            add_product(cast.acme, name=f"Nail {number:02}")
        # The first steps are asked about in a small company alone.
        assert statements_of(alice) <= few


def statements_of(client) -> int:
    """Count the statements of a request for the list."""
    seen = []

    def note(*arguments):
        seen.append(arguments[2])

    event.listen(db.engine, "before_cursor_execute", note)
    client.get(LIST)
    event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


def test_skus_that_look_like_another_are_listed_until_they_are_renamed(app, cast, alice):
    with app.app_context():
        add_product(cast.acme, sku="A-1", name="First")
        other = add_product(cast.acme, sku="A\u00ad-1", name="Second", sku_key=own_key("x"))
        add_product(cast.globex, sku="A\u00ad-1", name="Theirs", sku_key=own_key("y"))
        other_id = other.id
    listed = _alike(alice)
    assert "Second" in listed
    assert "First" not in listed
    assert "Theirs" not in listed
    with app.app_context():
        db.session.get_one(Product, other_id).sku = "A-2"
        db.session.commit()
    assert "look the same" not in alice.get("/dashboard/inventory").text


def _alike(client) -> str:
    page = client.get("/dashboard/inventory").text
    return page[page.index('id="alike-skus"') : page.index('role="search"')]
