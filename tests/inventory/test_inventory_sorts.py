"""The order of the inventory list: sorts, pages, and the way through a list product by product."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event, select

from distribu.extensions import db
from distribu.inventory.list_view import SORTS, ListView
from distribu.models import Product, utc_now
from distribu.models.sku_keys import NO_SKU
from tests.conftest import add_cast, add_product, signed_in

LIST = "/dashboard/inventory"
SKUS = ["B-1", "A-9", None, "A-10", "c", None, "Ä"]


@pytest.fixture
def shop(make_app, database) -> FlaskClient:
    """Alice, of whose 60 products many share a price, a stock, a moment or no SKU."""
    app = make_app(**database)
    now = utc_now()
    with app.app_context():
        cast = add_cast()
        for number in range(60):
            sku = SKUS[number % len(SKUS)]
            add_product(
                cast.acme,
                name=f"Nail {number * 7 % 60:02}",
                sku=sku and f"{sku}-{number}",
                price_minor=100 * (number % 4),
                stock=number % 5,
                updated_at=now - timedelta(minutes=number % 3),
            )
            add_product(cast.globex, name=f"Secret {number}")
    return signed_in(app, cast.alice)


def rows(page: str) -> list[str]:
    return re.findall(r'<td class="main"><a [^>]*>([^<]+)</a>', page)


def link(page: str, rel: str) -> str | None:
    found = re.search(rf'rel="{rel}" href="([^"]+)"', page)
    return found and found[1].replace("&amp;", "&")


def summary(page: str) -> str:
    return re.search(r'<div class="pagination">\s*<p class="soft">([^<]+)<', page)[1]


def walk(client: FlaskClient, address: str, rel: str = "next") -> list[str]:
    """The pages from an address on, as they were answered."""
    pages = []
    while address:
        pages.append(client.get(address).text)
        address = link(pages[-1], rel)
    return pages


KEYS = {
    "name": lambda one: one.search_text,
    "sku": lambda one: one.sku_key or NO_SKU,
    "price": lambda one: one.price_minor,
    "stock": lambda one: one.stock,
    "changed": lambda one: one.updated_at,
}


@pytest.mark.parametrize("sort", SORTS)
def test_every_product_stands_once_in_its_place(shop, sort):
    found = [name for page in walk(shop, f"{LIST}?sort={sort}") for name in rows(page)]
    with shop.application.app_context():
        products = db.session.scalars(select(Product).where(Product.name.startswith("Nail"))).all()
        key = KEYS[sort.removeprefix("-")]
        products.sort(key=lambda one: (key(one), one.id), reverse=sort.startswith("-"))
        assert found == [one.name for one in products]


@pytest.mark.parametrize("sort", SORTS)
def test_the_way_back_shows_the_same_pages(shop, sort):
    forth = walk(shop, f"{LIST}?sort={sort}")
    back = walk(shop, link(forth[-1], "prev"), "prev")
    assert [rows(page) for page in reversed(back)] == [rows(page) for page in forth[:-1]]


def test_pages_say_which_rows_they_show(shop):
    forth = walk(shop, f"{LIST}?sort=price")
    expected = ["1–24 of 60 products", "25–48 of 60 products", "49–60 of 60 products"]
    assert [summary(page) for page in forth] == expected
    back = walk(shop, link(forth[-1], "prev"), "prev")
    assert [summary(page) for page in back] == expected[1::-1]


def test_the_last_page_ends_with_the_last_product_after_one_has_gone(shop):
    second = link(shop.get(LIST).text, "next")
    with shop.application.app_context():
        db.session.delete(db.session.scalar(select(Product).where(Product.name == "Nail 00")))
        db.session.commit()
    third = link(shop.get(second).text, "next")
    assert summary(shop.get(third).text) == "48–59 of 59 products"


@pytest.mark.parametrize("size", [48, 96])
def test_a_page_has_as_many_products_as_were_asked_for(shop, size):
    page = shop.get(f"{LIST}?size={size}").text
    assert len(rows(page)) == min(size, 60)
    assert size == 96 or f"size={size}" in link(page, "next")


@pytest.mark.parametrize("asked", ["size=25", "size=-1", "size=x", "sort=zebra", "cursor=abc"])
def test_what_is_not_offered_falls_back(shop, asked):
    assert rows(shop.get(f"{LIST}?{asked}").text) == rows(shop.get(LIST).text)


def test_a_page_that_is_opened_again_is_where_it_was(shop):
    address = link(shop.get(f"{LIST}?sort=-price&q=nail&size=24").text, "next")
    assert {"sort", "q", "cursor"} == set(parse_qs(urlsplit(address).query))
    before = shop.get(address).text
    with shop.application.app_context():
        cast_id = db.session.scalar(select(Product.company_id).where(Product.name == "Nail 00"))
        add_product(cast_id, name="Nail of today", price_minor=10_000_000)
    assert rows(shop.get(address).text) == rows(before)


@pytest.mark.parametrize("sort", SORTS)
def test_a_sort_walks_along_its_index(shop, sort):
    """Neither database sorts anything, however deep the page is."""
    plans = plans_of(shop, walk_addresses(shop, f"{LIST}?sort={sort}")[1])
    assert len(plans) == 1
    assert INDEX_OF[sort.removeprefix("-")] in plans[0]


INDEX_OF = {
    "name": "ix_product_company_folded",
    "sku": "ix_product_company_sku_order",
    "price": "ix_product_company_price",
    "stock": "ix_product_company_stock",
    "changed": "ix_product_company_updated",
}


def walk_addresses(client: FlaskClient, address: str) -> list[str]:
    found = [address]
    while address := link(client.get(found[-1]).text, "next"):
        found.append(address)
    return found


def plans_of(client: FlaskClient, address: str) -> list[str]:
    """Return the database's plan for each query of a request that finds the ids of a page."""
    asked = []

    def note(_connection, _cursor, statement, parameters, *_):
        if "ORDER BY" in statement and "IN (SELECT product.id" in statement:
            asked.append((statement, parameters))

    with client.application.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        client.get(address)
        event.remove(db.engine, "before_cursor_execute", note)
        return [_plan(*one) for one in asked]


def _plan(statement: str, parameters) -> str:
    """The plan of the inner query, which chooses the ids; the outer one sorts a page of rows."""
    is_sqlite = db.engine.dialect.name == "sqlite"
    start = statement.index("IN (SELECT product.id") + len("IN (")
    inner = statement[start : statement.rindex(")")]
    cursor = db.session.connection().connection.cursor()
    if is_sqlite:
        cursor.execute(f"EXPLAIN QUERY PLAN {inner}", parameters[: inner.count("?")])
    else:
        # A table of a few rows is read whole, and sorted, otherwise.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")
        cursor.execute(f"EXPLAIN {inner}", parameters)
    plan = "\n".join(str(row) for row in cursor.fetchall())
    assert "SORT" not in plan.upper().replace("SORT KEY", ""), plan
    assert "TEMP B-TREE" not in plan.upper(), plan
    return plan


def post(client: FlaskClient, address: str, **changes) -> str:
    """Save the product of a form with changes; return where that leads."""
    page = client.get(address).text
    fields = dict(
        re.findall(r'name="(version|stock_shown|return_to|place)"[^>]*value="([^"]*)"', page)
    )
    fields = {name: value.replace("&amp;", "&") for name, value in fields.items()}
    name = re.search(r'name="name"[^>]*value="([^"]*)"', page)[1]
    typed = {"name": name, "price": "5.00", "stock": "3", "unit": "each", "is_active": "y"}
    answer = client.post(address, data=fields | typed | changes)
    assert answer.status_code == 303, answer.text
    return answer.location


def edit_address(client: FlaskClient, name: str, **arguments) -> str:
    with client.application.app_context(), client.application.test_request_context():
        product_id = db.session.scalar(select(Product.id).where(Product.name == name))
        view = ListView(**arguments)
        return f"{LIST}/{product_id}/edit?return_to=" + view.url().replace("&", "%26")


def test_save_and_next_goes_through_the_filtered_list(shop):
    # Saving takes each product out of the filter, and to the front of the order.
    address = edit_address(shop, "Nail 00", only="out-of-stock", sort="-changed")
    with shop.application.app_context():
        wanted = db.session.scalars(
            select(Product.name)
            .where(Product.stock == 0, Product.name.startswith("Nail"))
            .order_by(Product.updated_at.desc(), Product.id.desc())
        ).all()
        wanted = wanted[wanted.index("Nail 00") :]
    seen = []
    while "/edit" in address:
        seen.append(re.search(r"<h1>([^<]+)</h1>", shop.get(address).text)[1])
        address = post(shop, address, and_next="1")
    assert seen == wanted
    assert "That was the last product in this list." in shop.get(address).text


def test_save_alone_leads_back_to_the_row(shop):
    address = edit_address(shop, "Nail 05", sort="price")
    assert post(shop, address).startswith(f"{LIST}?sort=price#product-")


def test_save_and_next_is_offered_only_where_one_came_from_a_list(shop):
    address = edit_address(shop, "Nail 05")
    assert "Save and next" in shop.get(address).text
    assert "Save and next" not in shop.get(address.partition("?")[0]).text


@pytest.mark.parametrize("place", ["", "abc", "WyJhZnRlciJd.x"])
def test_a_place_that_nobody_signed_ends_the_way(shop, place):
    address = edit_address(shop, "Nail 05")
    assert "/edit" not in post(shop, address, and_next="1", place=place)
