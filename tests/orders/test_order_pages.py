"""Orders from day to day: the list and its filters, drafts, changes of status, the pick list."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import READY, Order, OrderDraft, Product
from tests.conftest import add_product
from tests.images.life import add_accepted

TOKEN = "token-of-this-order"
CUSTOMER = {
    "customer_name": "Café <Central>",
    "po_number": "PO-77",
    "customer_address": "1 Main Street\nVienna",
}


@pytest.fixture
def widget(app, cast) -> str:
    """The id of a product of Acme, ten in stock."""
    with app.app_context():
        return add_product(cast.acme, name="Blue Widget", sku="W-1", stock=10).id


@pytest.fixture
def order_id(alice, widget) -> str:
    """The id of an order of four widgets."""
    posted = {"draft": TOKEN, f"quantity-{widget}": "4", "place": "1", **CUSTOMER}
    return alice.post("/dashboard/orders/new", data=posted).location.rsplit("/", 1)[1]


def change(client, order_id, status, **more):
    url = f"/dashboard/orders/{order_id}/status"
    return client.post(url, data={"status": status, **more})


def stock_of(app, product_id) -> int:
    with app.app_context():
        return db.session.get(Product, product_id).stock


def add_order(company_id: str, number: int, **values) -> Order:
    order = Order(
        company_id=company_id, number=number, submit_token=str(number), total_minor=5, **values
    )
    db.session.add(order)
    db.session.commit()
    return order


def numbers_in(response) -> list[int]:
    return [int(number) for number in re.findall(r">Order #(\d+)</a>", response.text)]


def test_an_order_shows_its_customer_as_it_was_typed(bob, order_id):
    shown = bob.get(f"/dashboard/orders/{order_id}").text
    assert "Café &lt;Central&gt;" in shown
    assert "1 Main Street<br>Vienna" in shown
    assert "PO-77" in shown


def test_a_customer_that_is_too_long_is_refused_and_kept(alice, widget):
    posted = {f"quantity-{widget}": "1", "place": "1", "customer_name": "n" * 201}
    response = alice.post("/dashboard/orders/new", data=posted)
    assert response.status_code == 422
    assert "Customer name can have at most 200 characters." in response.text
    assert "n" * 201 in response.text


def test_the_page_of_an_order_says_who_changed_its_status_and_when(alice, bob, order_id):
    assert change(bob, order_id, "CONFIRMED").status_code == 303
    shown = alice.get(f"/dashboard/orders/{order_id}").text
    history = r"<dt>Confirmed</dt><dd><time [^>]+>[^<]+ UTC</time> by bob@acme.test</dd>"
    assert re.search(history, shown)
    assert "Order #1 is now confirmed." in bob.get(f"/dashboard/orders/{order_id}").text


@pytest.mark.parametrize(
    ("status", "offered"),
    [
        ("SUBMITTED", ["CONFIRMED", "CANCELLED"]),
        ("CONFIRMED", ["SHIPPED", "CANCELLED"]),
        ("SHIPPED", ["DELIVERED"]),
        ("DELIVERED", []),
        ("CANCELLED", []),
    ],
)
def test_only_what_may_come_next_is_offered(app, alice, cast, status, offered):
    with app.app_context():
        order_id = add_order(cast.acme, 7, status=status).id
    shown = alice.get(f"/dashboard/orders/{order_id}").text
    assert re.findall(r'name="status" value="(\w+)"', shown) == offered


def test_the_box_that_returns_the_stock_is_not_ticked(alice, order_id):
    shown = alice.get(f"/dashboard/orders/{order_id}").text
    assert '<input type="checkbox" name="returns_stock" value="1"> Return these items' in shown


@pytest.mark.parametrize(("ticked", "stock"), [({}, 6), ({"returns_stock": "1"}, 10)])
def test_canceling_returns_the_stock_only_if_the_box_is_ticked(
    app, alice, widget, order_id, ticked, stock
):
    change(alice, order_id, "CANCELLED", **ticked)
    assert stock_of(app, widget) == stock
    shown = alice.get(f"/dashboard/orders/{order_id}").text
    assert ("Its items were returned to stock." in shown) is bool(ticked)


def test_confirming_with_the_box_ticked_returns_nothing(app, alice, widget, order_id):
    change(alice, order_id, "CONFIRMED", returns_stock="1")
    assert stock_of(app, widget) == 6
    assert "back in stock" not in alice.get(f"/dashboard/orders/{order_id}").text


def test_a_change_that_comes_too_late_says_so(alice, bob, order_id):
    change(bob, order_id, "CANCELLED")
    response = change(alice, order_id, "CONFIRMED")
    assert response.status_code == 303
    shown = alice.get(response.location).text
    assert "This order is canceled, so it cannot become confirmed." in shown


@pytest.mark.parametrize("status", ["LOST", "", "confirmed"])
def test_an_unknown_status_is_a_bad_request(alice, order_id, status):
    assert change(alice, order_id, status).status_code == 400


def test_another_companys_order_cannot_be_changed(app, mallory, nobody, order_id):
    assert change(mallory, order_id, "CONFIRMED").status_code == 404
    assert change(nobody, order_id, "CONFIRMED").status_code == 401
    with app.app_context():
        assert db.session.get(Order, order_id).status == "SUBMITTED"


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ("q=cafe", [2]),
        ("q=CAFÉ+muller", [2]),
        ("q=po-9", [3]),
        ("q=%233", [3]),
        ("q=2", [2]),
        ("q=nobody", []),
        ("q=100%25", []),
        ("status=SHIPPED", [3]),
        ("status=SHIPPED&q=cafe", []),
        ("status=NONSENSE", [3, 2, 1]),
        ("from=2026-03-01", [3, 2]),
        ("to=2026-03-01", [2, 1]),
        ("from=2026-03-01&to=2026-03-01", [2]),
        ("from=nonsense", [3, 2, 1]),
    ],
)
def test_the_list_shows_what_the_filters_ask_for(app, alice, cast, query, numbers):
    with app.app_context():
        for number, values in enumerate(
            (
                {"customer_name": "Nuts & Bolts"},
                {"customer_name": "Café Müller"},
                {"po_number": "PO-9", "status": "SHIPPED"},
            ),
            1,
        ):
            at = datetime(2026, 2, 1, 23, tzinfo=UTC) + timedelta(days=28 * (number - 1))
            add_order(cast.acme, number, created_at=at, **values)
        add_order(cast.globex, 9, customer_name="Café Müller of others")
    assert numbers_in(alice.get(f"/dashboard/orders?{query}")) == numbers


def test_the_pages_of_a_filtered_list_keep_the_filters(app, alice, cast):
    with app.app_context():
        for number in range(1, 60):
            add_order(cast.acme, number, status="SHIPPED" if number % 2 else "SUBMITTED")
    first = alice.get("/dashboard/orders?status=SHIPPED")
    address = re.search(r'rel="next" href="([^"]+)"', first.text)[1].replace("&amp;", "&")
    shown = numbers_in(first) + numbers_in(alice.get(address))
    assert shown == list(range(59, 0, -2))


def test_a_draft_is_found_again_in_the_list(alice, bob, widget):
    posted = {"draft": TOKEN, f"quantity-{widget}": "4", **CUSTOMER}
    alice.post("/dashboard/orders/new/lines", data=posted)
    shown = alice.get("/dashboard/orders").text
    assert "Café &lt;Central&gt;, 1 product</a>" in shown
    address = re.search(r'href="(/dashboard/orders/new\?draft=[^"]+)"', shown)[1]
    form = alice.get(address).text
    assert ('value="4"' in form, "1 Main Street\nVienna" in form) == (True, True)
    assert "Your drafts" not in bob.get("/dashboard/orders").text


def test_a_draft_with_nothing_in_it_is_not_listed(alice, widget):
    alice.post("/dashboard/orders/new/lines", data={"draft": TOKEN})
    assert "Your drafts" not in alice.get("/dashboard/orders").text


def test_a_placed_order_is_no_draft_any_more(alice, order_id):
    assert "Your drafts" not in alice.get("/dashboard/orders").text


def test_a_draft_is_discarded(app, alice, widget):
    alice.post("/dashboard/orders/new/lines", data={"draft": TOKEN, f"quantity-{widget}": "4"})
    url = f"/dashboard/orders/drafts/{TOKEN}/discard"
    assert "Discard this draft?" in alice.get(url).text
    assert alice.post(url).status_code == 303
    with app.app_context():
        assert db.session.scalar(select(OrderDraft)) is None
    assert (alice.get(url).status_code, alice.post(url).status_code) == (404, 404)


def test_nobody_else_discards_a_draft(app, alice, bob, nobody, widget):
    alice.post("/dashboard/orders/new/lines", data={"draft": TOKEN, f"quantity-{widget}": "4"})
    url = f"/dashboard/orders/drafts/{TOKEN}/discard"
    assert (bob.get(url).status_code, bob.post(url).status_code) == (404, 404)
    assert nobody.post(url).status_code == 401
    with app.app_context():
        assert db.session.scalar(select(OrderDraft)) is not None


@pytest.fixture
def order_with_image(app, alice, cast, widget) -> tuple[str, str]:
    """The ids of an order, and of the image that its product had."""
    with app.app_context():
        image = add_accepted(cast.acme, db.session.get(Product, widget), **READY_IMAGE)
        image_id = image.id
    posted = {"draft": TOKEN, f"quantity-{widget}": "4", "place": "1"}
    location = alice.post("/dashboard/orders/new", data=posted).location
    return location.rsplit("/", 1)[1], image_id


MADE = {"format": "PNG", "path": "", "width_px": 40, "height_px": 30, "byte_size": 9}
READY_IMAGE = {"status": READY, "derivatives": [MADE]}
CHANGED = "Image changed since this order"


def test_a_line_keeps_which_image_its_product_had(app, alice, order_with_image):
    order_id, image_id = order_with_image
    with app.app_context():
        assert db.session.get(Order, order_id).lines[0].image_id == image_id
    assert CHANGED not in alice.get(f"/dashboard/orders/{order_id}").text


@pytest.mark.parametrize("subpage", ["", "/pick-list"])
@pytest.mark.parametrize("now", ["another image", "an external image", "no image"])
def test_another_image_is_told_beside_the_line(
    app, alice, cast, widget, order_with_image, subpage, now
):
    with app.app_context():
        product = db.session.get(Product, widget)
        if now == "an external image":
            product.external_image_url = "https://images.example/w.jpg"
        else:
            db.session.delete(product.image)
        db.session.commit()
        if now == "another image":
            add_accepted(cast.acme, product, **READY_IMAGE)
    assert CHANGED in alice.get(f"/dashboard/orders/{order_with_image[0]}{subpage}").text


@pytest.mark.parametrize("external", [None, "https://images.example/w.jpg"])
def test_nothing_is_said_where_no_image_of_ours_was_known(app, alice, cast, widget, external):
    with app.app_context():
        product = db.session.get(Product, widget)
        product.external_image_url = external
        db.session.commit()
    posted = {"draft": TOKEN, f"quantity-{widget}": "4", "place": "1"}
    location = alice.post("/dashboard/orders/new", data=posted).location
    with app.app_context():
        product = db.session.get(Product, widget)
        product.external_image_url = None
        add_accepted(cast.acme, product, **READY_IMAGE)
    assert CHANGED not in alice.get(location).text


def test_the_pick_list_has_a_box_and_an_image_for_each_line(alice, bob, order_id):
    shown = bob.get(f"/dashboard/orders/{order_id}/pick-list").text
    assert (shown.count('class="tick-box"'), shown.count("thumb-print")) == (1, 1)
    for text in ("Acme", "Café &lt;Central&gt;", "1 Main Street<br>Vienna", "Blue Widget", "W-1"):
        assert text in shown


def test_the_pick_list_is_the_companys_own(mallory, nobody, order_id):
    assert mallory.get(f"/dashboard/orders/{order_id}/pick-list").status_code == 404
    assert "/login" in nobody.get(f"/dashboard/orders/{order_id}/pick-list").location


def test_an_order_keeps_the_currency_that_it_was_placed_in(app, alice, order_id):
    with app.app_context():
        order = db.session.get(Order, order_id)
        order.currency = "EUR"
        db.session.commit()
    assert "€39.96" in alice.get(f"/dashboard/orders/{order_id}").text
