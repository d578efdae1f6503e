"""Orders: the form that keeps its lines, and placing that takes the stock of all lines or none."""

import re
import threading
from datetime import timedelta

import pytest
from flask import g
from sqlalchemy import func, select

from distribu.audit import set_actor
from distribu.extensions import db
from distribu.models import AuditEntry, Order, OrderDraft, Product, User, utc_now
from distribu.orders.draft import Draft, load, save
from distribu.sales.placement import OrderRefused, OrderRequest, place_order, quantity
from tests.conftest import add_cast, add_product

TOKEN = "token-of-this-order"


@pytest.fixture
def products(app, cast):
    """The ids of a widget (10 in stock, 9.99) and a bolt (3 in stock, 0.50) of Acme."""
    with app.app_context():
        widget = add_product(cast.acme, name="Blue Widget", sku="W-1", category="Tools", stock=10)
        bolt = add_product(cast.acme, name="Red Bolt", sku="B-1", price_minor=50, stock=3)
        return widget.id, bolt.id


def fields(*lines, draft=TOKEN, **more) -> dict:
    """A posted order form. lines: of product id and quantity."""
    return {"draft": draft} | {f"quantity-{key}": str(typed) for key, typed in lines} | more


def stock_of(app, product_id) -> int:
    with app.app_context():
        return db.session.get(Product, product_id).stock


def lines_in(response) -> dict[str, str]:
    """The quantities that a page shows, by product id."""
    found = re.findall(r'name="quantity-(\w+)" value="([^"]*)"', response.text)
    return dict(found)


def test_placing_takes_the_stock_and_copies_name_sku_and_price(app, alice, products):
    widget, bolt = products
    response = alice.post(
        "/dashboard/orders/new", data=fields((widget, 2), (bolt, 3), place="1", notes="By noon")
    )
    assert response.status_code == 303
    with app.app_context():
        order = db.session.scalar(select(Order))
        lines = [
            (line.name, line.sku, line.unit_price_minor, line.quantity) for line in order.lines
        ]
        assert lines == [("Blue Widget", "W-1", 999, 2), ("Red Bolt", "B-1", 50, 3)]
        assert (order.number, order.total_minor, order.notes) == (1, 2 * 999 + 150, "By noon")
        assert response.location.endswith(f"/dashboard/orders/{order.id}")
    assert (stock_of(app, widget), stock_of(app, bolt)) == (8, 0)


def test_a_shortage_takes_nothing_and_tells_every_line(app, alice, products):
    widget, bolt = products
    posted = fields((widget, 11), (bolt, 4), place="1", notes="By noon")
    response = alice.post("/dashboard/orders/new", data=posted)
    assert response.status_code == 422
    assert "Not enough stock for Blue Widget. Only 10 available." in response.text
    assert "Not enough stock for Red Bolt. Only 3 available." in response.text
    assert lines_in(response) == {widget: "11", bolt: "4"}
    assert "By noon" in response.text
    assert (stock_of(app, widget), stock_of(app, bolt)) == (10, 3)


def test_one_short_line_keeps_the_stock_of_the_others(app, alice, products):
    widget, bolt = products
    alice.post("/dashboard/orders/new", data=fields((widget, 1), (bolt, 4), place="1"))
    assert stock_of(app, widget) == 10


def test_an_order_changes_no_version_of_a_product(app, alice, products):
    with app.app_context():
        before = db.session.get(Product, products[0])
        version, updated_at = before.version, before.updated_at
    alice.post("/dashboard/orders/new", data=fields((products[0], 1), place="1"))
    with app.app_context():
        after = db.session.get(Product, products[0])
        assert after.version == version
        assert after.updated_at > updated_at


def test_a_price_that_has_changed_is_shown_before_anything_is_ordered(app, alice, products):
    posted = fields((products[0], 1), place="1", **{f"price-{products[0]}": "899"})
    response = alice.post("/dashboard/orders/new", data=posted)
    assert response.status_code == 422
    assert "The price of Blue Widget has changed." in response.text
    assert "$9.99 / each (was $8.99)" in response.text
    assert stock_of(app, products[0]) == 10


@pytest.mark.parametrize("typed", ["", "0", "-1", "1.5", "two", "1e3", "²", "9" * 19, "1000001"])
def test_a_quantity_that_is_none_is_told_and_kept(app, alice, products, typed):
    posted = fields((products[0], typed), place="1")
    response = alice.post("/dashboard/orders/new", data=posted)
    assert response.status_code == 422
    assert "Blue Widget: Quantity must be" in response.text
    assert lines_in(response) == {products[0]: typed}


@pytest.mark.parametrize(("value", "number"), [("1", 1), (" 12 ", 12), (2.0, 2), (3, 3), ("+4", 4)])
def test_a_quantity_is_a_whole_number(value, number):
    assert quantity(value) == number


@pytest.mark.parametrize("value", [None, True, "", "0", 1.5, "1,000", "\u0663", "9" * 10_000, "-1"])
def test_anything_else_is_no_quantity(value):
    with pytest.raises(ValueError, match="Quantity must be"):
        quantity(value)


def test_an_empty_order_is_refused(alice):
    response = alice.post("/dashboard/orders/new", data=fields(place="1"))
    assert response.status_code == 422
    assert "Add at least one product." in response.text


def test_too_long_notes_are_refused_and_kept(app, alice, products):
    response = alice.post(
        "/dashboard/orders/new", data=fields((products[0], 1), place="1", notes="n" * 2001)
    )
    assert response.status_code == 422
    assert "Notes can have at most 2,000 characters." in response.text
    assert "n" * 2001 in response.text
    assert stock_of(app, products[0]) == 10


@pytest.mark.parametrize("change", ["is_active", "company_id"])
def test_what_is_not_for_sale_is_not_ordered(app, alice, cast, products, change):
    with app.app_context():
        product = db.session.get(Product, products[0])
        setattr(product, change, {"is_active": False, "company_id": cast.globex}[change])
        db.session.commit()
    response = alice.post("/dashboard/orders/new", data=fields((products[0], 1), place="1"))
    assert response.status_code == 422
    assert stock_of(app, products[0]) == 10


def test_a_product_that_was_deleted_meanwhile_is_told(app, alice, products):
    with app.app_context():
        db.session.delete(db.session.get(Product, products[0]))
        db.session.commit()
    posted = fields((products[0], 1), (products[1], 1), place="1")
    response = alice.post("/dashboard/orders/new", data=posted)
    assert response.status_code == 422
    assert "A product of this order has been deleted." in response.text
    assert stock_of(app, products[1]) == 3


def test_pressing_twice_makes_one_order(app, alice, products):
    posted = fields((products[0], 2), place="1")
    first = alice.post("/dashboard/orders/new", data=posted)
    second = alice.post("/dashboard/orders/new", data=posted)
    assert (second.status_code, second.location) == (303, first.location)
    assert stock_of(app, products[0]) == 8


def test_going_back_to_a_placed_order_leads_to_it(alice, products):
    placed = alice.post("/dashboard/orders/new", data=fields((products[0], 2), place="1"))
    again = alice.get(f"/dashboard/orders/new?draft={TOKEN}")
    assert again.location == placed.location
    changed = alice.post("/dashboard/orders/new/lines", data=fields((products[0], 5)))
    assert changed.headers["HX-Redirect"] == placed.location


def test_adding_keeps_everything_and_a_reload_shows_it_again(alice, products):
    widget, bolt = products
    posted = fields((widget, 2), add=bolt, notes="By noon", q="bol")
    response = alice.post("/dashboard/orders/new", data=posted)
    assert response.status_code == 303
    for shown in (alice.get(response.location), alice.get(response.location)):
        assert lines_in(shown) == {widget: "2", bolt: "1"}
        assert "By noon" in shown.text
        assert 'value="bol"' in shown.text


@pytest.mark.parametrize(
    ("button", "typed", "expected"),
    [
        ("add", "2", {"0": "3"}),
        ("more", "2", {"0": "3"}),
        ("less", "2", {"0": "1"}),
        ("less", "1", {"0": "1"}),
        ("remove", "2", {}),
        ("search", "2", {"0": "2"}),
        ("more", "two", {"0": "1"}),
    ],
)
def test_each_button_changes_its_line(alice, products, button, typed, expected):
    posted = fields((products[0], typed), **{button: products[0]})
    response = alice.post("/dashboard/orders/new/lines", data=posted)
    assert lines_in(response) == {products[int(key)]: value for key, value in expected.items()}


def test_a_search_keeps_the_lines_without_javascript(alice, products):
    posted = fields((products[0], 2), search="1", q="bolt", at="anything")
    shown = alice.get(alice.post("/dashboard/orders/new", data=posted).location)
    assert lines_in(shown) == {products[0]: "2"}
    assert ("Add<span" in shown.text, f'id="product-{products[1]}"' in shown.text) == (True, True)
    assert f'id="product-{products[0]}"' not in shown.text


def test_the_fragment_of_products_holds_what_matches(alice, products):
    shown = alice.get("/dashboard/orders/new/products?q=too&draft=" + TOKEN)
    assert shown.text.lstrip().startswith('<div id="products"')
    assert f'id="product-{products[0]}"' in shown.text
    assert f'id="product-{products[1]}"' not in shown.text
    assert "/dashboard/orders/new?draft=" + TOKEN in shown.headers["HX-Replace-Url"]


def test_out_of_stock_is_shown_but_not_addable(app, alice, cast, products):
    with app.app_context():
        gone = add_product(cast.acme, name="Gone Widget", stock=0).id
    shown = alice.get("/dashboard/orders/new?q=gone").text
    assert "is-out" in shown
    assert re.search(rf'value="{gone}" disabled', shown)
    added = alice.post("/dashboard/orders/new/lines", data=fields(add=gone))
    assert "Gone Widget is out of stock." in added.text
    assert lines_in(added) == {}


def test_low_stock_is_marked(alice, products):
    assert "Only 3 left" in alice.get("/dashboard/orders/new").text


def test_inactive_products_are_not_offered(app, alice, cast, products):
    with app.app_context():
        add_product(cast.acme, name="Hidden", stock=5, is_active=False)
    assert "Hidden" not in alice.get("/dashboard/orders/new").text


def test_without_stock_the_page_leads_to_the_inventory(alice):
    shown = alice.get("/dashboard/orders/new").text
    assert "No products in stock" in shown
    assert 'class="button" href="/dashboard/inventory"' in shown


def test_the_picker_has_pages(app, alice, cast):
    with app.app_context():
        for number in range(25):
            add_product(cast.acme, name=f"Bolt {number:02}", stock=5)
    first = alice.get("/dashboard/orders/new").text
    assert ("Bolt 19" in first, "Bolt 20" in first) == (True, False)
    cursor = re.search(r'id="page-next"[^>]* name="page" value="([^"]+)"', first)[1]
    posted = alice.post("/dashboard/orders/new", data=fields(page=cursor))
    second = alice.get(posted.location).text
    assert ("Bolt 19" in second, "Bolt 20" in second) == (False, True)


def test_an_order_of_more_than_200_lines_is_refused(app, cast):
    with app.app_context():
        wanted = {f"{number:026}": 1 for number in range(201)}
        with pytest.raises(OrderRefused, match="at most 200"):
            place_order(cast.acme, OrderRequest(TOKEN, wanted))


def test_numbers_are_the_companys_own_and_have_no_gap(app, alice, mallory, cast, products):
    with app.app_context():
        other = add_product(cast.globex, stock=5).id
    for n in range(2):
        alice.post(
            "/dashboard/orders/new", data=fields((products[0], 1), draft=TOKEN + str(n), place="1")
        )
    alice.post(
        "/dashboard/orders/new", data=fields((products[0], 99), draft=TOKEN + "x", place="1")
    )
    alice.post("/dashboard/orders/new", data=fields((products[0], 1), draft=TOKEN + "y", place="1"))
    mallory.post("/dashboard/orders/new", data=fields((other, 1), place="1"))
    with app.app_context():
        rows = db.session.execute(select(Order.company_id, Order.number).order_by(Order.number))
        assert sorted(map(tuple, rows)) == sorted(
            [(cast.acme, 1), (cast.acme, 2), (cast.acme, 3), (cast.globex, 1)]
        )


def test_an_order_is_in_the_audit_log(app, alice, cast, products):
    alice.post("/dashboard/orders/new", data=fields((products[0], 1), place="1"))
    with app.app_context():
        entry = db.session.scalar(select(AuditEntry).where(AuditEntry.action == "order.created"))
        assert (entry.entity_type, entry.actor_id) == ("Order", cast.alice)
        assert entry.after == {"number": 1, "total_minor": 999, "lines": 1}


def test_the_list_shows_orders_newest_first_in_pages(app, alice, cast):
    with app.app_context():
        for number in range(1, 27):
            order = Order(
                company_id=cast.acme, number=number, submit_token=str(number), total_minor=5
            )
            db.session.add(order)
        db.session.commit()
    first = alice.get("/dashboard/orders").text
    assert ("#26<" in first, "#3<" in first, "#2<" in first) == (True, True, False)
    address = re.search(r'rel="next" href="([^"]+)"', first)[1]
    assert "#2<" in alice.get(address).text


def test_the_list_holds_the_companys_own_orders_alone(app, alice, cast):
    with app.app_context():
        for company_id, token in ((cast.acme, "ours"), (cast.globex, "theirs")):
            order = Order(company_id=company_id, number=7, submit_token=token, total_minor=5)
            db.session.add(order)
        db.session.commit()
    assert alice.get("/dashboard/orders").text.count("#7<") == 1


def test_without_orders_the_list_says_so(alice):
    assert "No orders yet" in alice.get("/dashboard/orders").text


@pytest.fixture
def order_id(app, alice, products) -> str:
    """An order of Acme: two blue widgets."""
    posted = fields((products[0], 2), place="1", notes="By <noon>\nor later")
    return alice.post("/dashboard/orders/new", data=posted).location.rsplit("/", 1)[1]


def test_the_detail_shows_the_lines_as_they_were_ordered(app, alice, bob, products, order_id):
    with app.app_context():
        product = db.session.get(Product, products[0])
        product.name, product.price_minor = "Renamed", 1
        db.session.commit()
    shown = bob.get(f"/dashboard/orders/{order_id}").text
    assert ("Blue Widget" in shown, "W-1" in shown, "$9.99" in shown, "$19.98" in shown) == (
        (True,) * 4
    )
    assert "By &lt;noon&gt;<br>or later" in shown
    assert "Renamed" not in shown


def test_the_detail_outlives_the_product(app, alice, products, order_id):
    with app.app_context():
        db.session.delete(db.session.get(Product, products[0]))
        db.session.commit()
    shown = alice.get(f"/dashboard/orders/{order_id}")
    assert (shown.status_code, "Blue Widget" in shown.text) == (200, True)


def test_another_companys_order_is_not_found(mallory, order_id):
    assert mallory.get(f"/dashboard/orders/{order_id}").status_code == 404


def test_nobody_is_asked_to_sign_in(nobody, order_id):
    assert "/login" in nobody.get(f"/dashboard/orders/{order_id}").location
    assert "/login" in nobody.get("/dashboard/orders/new").location
    assert nobody.post("/dashboard/orders/new", data=fields(place="1")).status_code == 401


def test_another_companys_product_cannot_be_added(mallory, products):
    added = mallory.post("/dashboard/orders/new/lines", data=fields(add=products[0]))
    assert ("Blue Widget" in added.text, lines_in(added)) == (False, {})
    forged = mallory.post("/dashboard/orders/new/lines", data=fields((products[0], 1)))
    assert ("Blue Widget" in forged.text, lines_in(forged)) == (False, {})


def test_a_draft_is_its_users_own(alice, bob, products):
    alice.post("/dashboard/orders/new/lines", data=fields((products[0], 1)))
    assert lines_in(bob.get(f"/dashboard/orders/new?draft={TOKEN}")) == {}


def test_a_month_old_draft_is_forgotten(app, cast):
    now = utc_now()
    with app.app_context():
        save(
            cast.alice,
            Draft("old-token-of-alice", texts={"notes": "old"}),
            now - timedelta(days=31),
        )
        save(cast.bob, Draft("old-token-of-bob-too"), now - timedelta(days=31))
        save(cast.alice, Draft("new-token-of-alice", texts={"notes": "new"}), now)
        db.session.commit()
        assert load(cast.alice, "old-token-of-alice").texts == {}
        assert load(cast.alice, "new-token-of-alice").texts["notes"] == "new"
        assert db.session.scalar(select(func.count(OrderDraft.token))) == 2


@pytest.fixture
def shop(make_app, database):
    """An app on either database, and the ids of Acme and of two of its products, 10 of each."""
    app = make_app(**database)
    with app.app_context():
        cast = add_cast()
        ids = [add_product(cast.acme, name=name, stock=10).id for name in ("Widget", "Bolt")]
    return app, cast, ids


def at_once(app, cast, requests) -> list:
    """Return the results of place_order for requests that are all sent at the same moment."""
    barrier, answers = threading.Barrier(len(requests)), [None] * len(requests)

    def place(position, request):
        with app.test_request_context():
            user = db.session.get(User, cast.alice)
            set_actor("USER", user, user.company, user.email)
            company_id = g.company.id
            db.session.rollback()
            barrier.wait()
            try:
                order = place_order(company_id, request)
                db.session.commit()
                answers[position] = order.number
            except OrderRefused as refused:
                answers[position] = str(refused)

    threads = [threading.Thread(target=place, args=pair) for pair in enumerate(requests)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_of_many_buyers_of_the_last_units_exactly_as_many_win(shop):
    app, cast, (widget, _) = shop
    requests = [OrderRequest(f"{TOKEN}-{n}", {widget: 5}) for n in range(6)]
    answers = at_once(app, cast, requests)
    refused = "Not enough stock for Widget. Only 0 available."
    assert sorted(answers, key=str) == [1, 2] + [refused] * 4
    assert stock_of(app, widget) == 0


def test_one_token_sent_many_times_at_once_is_one_order(shop):
    app, cast, (widget, _) = shop
    answers = at_once(app, cast, [OrderRequest(TOKEN, {widget: 8})] * 5)
    assert answers == [1] * 5
    assert stock_of(app, widget) == 2


def test_orders_of_the_same_products_in_opposite_order_do_not_block(shop):
    app, cast, (widget, bolt) = shop
    there, back = {widget: 1, bolt: 1}, {bolt: 1, widget: 1}
    requests = [OrderRequest(f"{TOKEN}-{n}", there if n % 2 else back) for n in range(6)]
    assert sorted(at_once(app, cast, requests)) == [1, 2, 3, 4, 5, 6]
    assert (stock_of(app, widget), stock_of(app, bolt)) == (4, 4)
