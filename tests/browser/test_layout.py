"""Layout: every page stays inside its window, at any width and with text of any length."""

import pytest
from playwright.sync_api import Page

from distribu.extensions import db
from distribu.models import Company, User
from tests.conftest import add_product

# The limits of the fields, without a place to break at.
LONG = {
    "name": "Donaudampfschiffahrt" * 10,
    "sku": "SKU-X9X9X9" * 10,
    "category": "Kategorien" * 10,
    "description": "Donaudampfschiffahrt" * 100,
    "price_minor": 999_999_999,
    "stock": 3,
}
PAGES = {
    "inventory": "/dashboard/inventory",
    "edit": "/dashboard/inventory/{id}/edit",
    "delete": "/dashboard/inventory/{id}/delete",
    "new-order": "/dashboard/orders/new",
    "members": "/dashboard/settings/members",
    "catalog": "/store/acme/catalog",
    "product": "/store/acme/products/{id}",
}
# 360 a telephone; 640 a window of 1280 at 200 %; 900 where the side bar appears; 1280 a desk.
WIDTHS = [360, 640, 900, 1280]

BEYOND_THE_WINDOW = """() => [...document.querySelectorAll("main *")]
    .filter((element) => element.checkVisibility() && !element.closest(".visually-hidden"))
    .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
    .map((element) => element.outerHTML.slice(0, 80))"""


@pytest.fixture
def product_id(live_app) -> str:
    """A product of words as long as may be, and one of short ones beside it."""
    with live_app.app.app_context():
        add_product(live_app.cast.acme, name="Red bolt", sku="PAN-203", category="Pantry", stock=0)
        member = db.session.get(User, live_app.cast.bob)
        member.name, member.email = "Bob" * 60, f"{'b' * 60}@{'e' * 60}.example.org"
        return add_product(live_app.cast.acme, **LONG).id


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width_px", WIDTHS)
def test_long_words_stay_inside_the_window(live_app, dashboard, product_id, name, width_px):
    dashboard.set_viewport_size({"width": width_px, "height": 800})
    dashboard.goto(live_app.url + PAGES[name].format(id=product_id))
    assert dashboard.evaluate(BEYOND_THE_WINDOW) == []
    assert dashboard.evaluate("document.documentElement.scrollWidth") == width_px


def heights(page: Page, selector: str) -> list[float]:
    boxes = "elements => elements.map((element) => element.getBoundingClientRect().height)"
    return page.locator(selector).evaluate_all(boxes)


def test_a_long_word_does_not_break_the_short_ones_of_the_other_rows(
    live_app, dashboard, product_id
):
    dashboard.set_viewport_size({"width": 1280, "height": 800})
    dashboard.goto(f"{live_app.url}/dashboard/inventory")
    row = dashboard.get_by_role("row", name="Red bolt")
    assert row.bounding_box()["height"] < 64


def test_a_long_company_name_leaves_room_for_the_page(live_app, dashboard):
    with live_app.app.app_context():
        db.session.get(Company, live_app.cast.acme).name = "Wonderland" * 20
        db.session.commit()
    dashboard.set_viewport_size({"width": 360, "height": 800})
    dashboard.goto(f"{live_app.url}/dashboard/inventory")
    assert dashboard.locator("header.side").bounding_box()["height"] < 80
    assert dashboard.get_by_text("Menu", exact=True).bounding_box()["height"] < 48


def test_a_finger_gets_buttons_of_its_size(browser, live_app, product_id):
    context = browser.new_context(
        viewport={"width": 360, "height": 800}, has_touch=True, is_mobile=True
    )
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(f"{live_app.url}/dashboard/orders/new")
    assert min(heights(page, "main :is(button, .button):not(dialog *)")) >= 44
    context.close()
