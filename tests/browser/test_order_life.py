"""An order after it was placed, in a browser: its status, its drafts, its pick list on paper."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from distribu.extensions import db
from distribu.models import Order, OrderLine, Product
from tests.conftest import add_product

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def order_id(live_app) -> str:
    """An order of two products with long names, for a customer."""
    with live_app.app.app_context():
        order = Order(
            company_id=live_app.cast.acme,
            number=12,
            submit_token="an order of the tests",
            total_minor=5,
            customer_name="Café Central",
            customer_address="1 Main Street\nVienna",
        )
        for position, name in enumerate(("Balsamic vinegar of a long name " * 3, "Oil")):
            product = add_product(live_app.cast.acme, name=name, sku=f"S-{name[:3]}", stock=6)
            order.lines.append(
                OrderLine(
                    product_id=product.id,
                    position=position,
                    name=name,
                    sku=product.sku,
                    unit_price_minor=999,
                    quantity=4,
                )
            )
        db.session.add(order)
        db.session.commit()
        return order.id


@pytest.mark.parametrize("java_script_enabled", [True, False])
def test_an_order_is_confirmed_and_canceled_with_its_stock(
    live_app, browser, order_id, java_script_enabled
):
    context = browser.new_context(java_script_enabled=java_script_enabled)
    live_app.sign_in(context, live_app.cast.bob)
    page = context.new_page()
    page.goto(f"{live_app.url}/dashboard/orders")
    page.get_by_role("link", name="Order #12").click()
    page.get_by_role("button", name="Confirm order").click()
    expect(page.locator("dt", has_text="Confirmed")).to_be_visible()
    page.get_by_text("Cancel this order").click()
    box = page.get_by_label("Return these items to stock")
    expect(box).not_to_be_checked()
    box.check()
    page.get_by_role("button", name="Cancel order").click()
    expect(page.get_by_text("Its items were returned to stock.")).to_be_visible()
    context.close()
    with live_app.app.app_context():
        lines = db.session.get(Order, order_id).lines
        assert [db.session.get(Product, line.product_id).stock for line in lines] == [10, 10]


@pytest.mark.parametrize("subpage", ["", "/pick-list"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_pages_of_an_order_have_no_barrier_and_fit(
    live_app, dashboard, order_id, width, subpage
):
    dashboard.set_viewport_size({"width": width, "height": 800})
    dashboard.goto(f"{live_app.url}/dashboard/orders/{order_id}{subpage}")
    found = Axe().run(dashboard, options=RULES).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []
    assert dashboard.evaluate("document.documentElement.scrollWidth") <= width


def test_on_paper_there_is_only_the_pick_list_with_images_of_25_mm(live_app, dashboard, order_id):
    dashboard.goto(f"{live_app.url}/dashboard/orders/{order_id}/pick-list")
    dashboard.emulate_media(media="print")
    for hidden in (".side", ".page-head .actions"):
        expect(dashboard.locator(hidden)).to_be_hidden()
    for shown in ("Acme", "Café Central", "Vienna"):
        expect(dashboard.locator(".pick-head")).to_contain_text(shown)
    sizes = dashboard.locator(".thumb-print").evaluate_all(
        "found => found.map(one => one.getBoundingClientRect()).map(box => [box.width, box.height])"
    )
    millimeters = [[round(side / 96 * 25.4) for side in size] for size in sizes]
    assert millimeters == [[25, 25], [25, 25]]
    pdf = dashboard.pdf(format="A4")
    assert re.search(rb"/Count 1\b", pdf), "two lines need one page"


def test_on_paper_an_order_has_no_buttons(live_app, dashboard, order_id):
    dashboard.goto(f"{live_app.url}/dashboard/orders/{order_id}")
    pressed = dashboard.locator("button, summary, a.button").filter(visible=True)
    expect(pressed).not_to_have_count(0)
    dashboard.emulate_media(media="print")
    expect(pressed).to_have_count(0)
    expect(dashboard.get_by_text("Café Central")).to_be_visible()


def test_a_draft_is_discarded_after_a_question(live_app, dashboard, order_id):
    dashboard.goto(f"{live_app.url}/dashboard/orders/new")
    dashboard.get_by_role("button", name="+ Add Oil").click()
    expect(dashboard.locator("#order")).to_contain_text("Oil")
    dashboard.goto(f"{live_app.url}/dashboard/orders")
    dashboard.get_by_role("link", name="Discard").click()
    dashboard.get_by_role("button", name="Discard draft").click()
    expect(dashboard.get_by_text("The draft was discarded.")).to_be_visible()
    expect(dashboard.get_by_text("Your drafts")).to_have_count(0)
