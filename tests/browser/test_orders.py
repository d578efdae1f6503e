"""A new order in a real browser: pick, count, search and place, with scripts and without."""

import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Order, Product
from tests.conftest import add_product
from tests.images.image_files import jpeg

WIDTHS = [360, 1280]
LINES = "**/orders/new/lines"


@pytest.fixture
def shop(live_app) -> str:
    """The address of a new order, with something to pick from."""
    with live_app.app.app_context():
        add_product(live_app.cast.acme, name="Blue Widget", sku="W-1", category="Tools", stock=10)
        add_product(live_app.cast.acme, name="Red Bolt", sku="B-1", price_minor=50, stock=3)
        add_product(live_app.cast.acme, name="Gone Hammer", stock=0)
        for number in range(25):
            add_product(live_app.cast.acme, name=f"Screw {number:02}", stock=100)
    return f"{live_app.url}/dashboard/orders/new"


@pytest.fixture
def order(dashboard, shop) -> Page:
    """The form of a new order, opened by alice; no script may fail on it, nor break the policy."""
    errors = []
    dashboard.on("pageerror", lambda error: errors.append(str(error)))
    dashboard.on(
        "console",
        lambda message: "Content Security Policy" in message.text and errors.append(message.text),
    )
    dashboard.goto(shop)
    yield dashboard
    assert errors == []


@pytest.fixture
def scriptless(browser, live_app, shop) -> Page:
    """The same in a browser whose scripts are off."""
    context = browser.new_context(java_script_enabled=False)
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(shop)
    yield page
    context.close()


def add(page: Page, name: str) -> None:
    page.get_by_role("button", name=f"+ Add {name}").click()


def quantity(page: Page, name: str):
    return page.get_by_label(f"Quantity of {name}", exact=True)


def total(page: Page):
    return page.locator("#order-total")


def placed(live_app) -> list[tuple[int, int]]:
    """Number and total of every order."""
    with live_app.app.app_context():
        return [(one.number, one.total_minor) for one in db.session.scalars(select(Order))]


def test_products_are_found_while_typing_and_the_lines_stay(order):
    add(order, "Blue Widget")
    order.get_by_label("Search products").press_sequentially("bol", delay=20)
    expect(order.locator("#products li")).to_have_count(1)
    expect(order.locator("#products-found")).to_have_text("1 product found.")
    expect(order.locator("#products-found")).to_have_role("status")
    add(order, "Red Bolt")
    expect(quantity(order, "Red Bolt")).to_have_value("1")
    expect(quantity(order, "Blue Widget")).to_have_value("1")
    expect(total(order)).to_have_text("$10.49")


def test_a_reload_shows_lines_notes_and_search_again(order):
    add(order, "Blue Widget")
    expect(total(order)).to_have_text("$9.99")
    order.get_by_label("Notes").fill("By noon")
    with order.expect_response("**/dashboard/orders/new/lines"):
        order.get_by_label("Notes").blur()
    order.get_by_label("Search products").press_sequentially("too", delay=20)
    order.wait_for_url(re.compile("q=too"))
    expect(order.locator("#products li")).to_have_count(1)
    order.reload()
    expect(quantity(order, "Blue Widget")).to_have_value("1")
    expect(order.get_by_label("Notes")).to_have_value("By noon")
    expect(order.get_by_label("Search products")).to_have_value("too")
    expect(order.locator("#products li")).to_have_count(1)


def test_fast_presses_of_the_stepper_all_count(order):
    add(order, "Blue Widget")
    more = order.get_by_role("button", name="Increase quantity of Blue Widget")
    for _ in range(5):
        more.click()
    expect(total(order)).to_have_text("$59.94")
    order.get_by_role("button", name="Decrease quantity of Blue Widget").click()
    expect(total(order)).to_have_text("$49.95")
    expect(quantity(order, "Blue Widget")).to_have_value("5")


def test_a_press_counts_that_comes_while_an_answer_travels(order):
    add(order, "Blue Widget")
    more = order.get_by_role("button", name="Increase quantity of Blue Widget")
    expect(more).to_be_visible()
    traveling = []
    order.route("**/orders/new/lines", lambda route: traveling.append(route), times=1)
    with order.expect_request("**/orders/new/lines"):
        more.click()
    more.click()
    traveling[0].continue_()
    expect(total(order)).to_have_text("$29.97")
    expect(quantity(order, "Blue Widget")).to_have_value("3")


@contextmanager
def answer_held_back(order, button):
    """Press the button, and let its answer come when the block has ended, but before going on."""
    held = []
    order.route(LINES, lambda route: held.append(route))
    with order.expect_request(LINES):
        button.click()
    yield
    with order.expect_response(LINES):
        held.pop().continue_()
    order.unroute(LINES)


def test_a_button_that_is_held_down_is_not_taken_away(order):
    add(order, "Blue Widget")
    more = order.get_by_role("button", name="Increase quantity of Blue Widget")
    with answer_held_back(order, more):
        more.hover()
        order.mouse.down()
    order.mouse.up()
    expect(total(order)).to_have_text("$29.97")
    expect(quantity(order, "Blue Widget")).to_have_value("3")


def test_an_answer_that_came_during_a_press_is_asked_for_again(order):
    add(order, "Blue Widget")
    more = order.get_by_role("button", name="Increase quantity of Blue Widget")
    with answer_held_back(order, more):
        order.get_by_role("button", name="Remove Blue Widget").hover()
        order.mouse.down()
    total(order).hover()
    order.mouse.up()
    expect(total(order)).to_have_text("$19.98")


def test_focus_stays_on_an_offer_that_a_later_answer_brings_again(order):
    more = order.get_by_role("button", name="+ Add Blue Widget")
    more.focus()
    with order.expect_response("**/orders/new/products*"):
        order.get_by_label("Search products").dispatch_event("search")
    expect(order.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    expect(more).to_be_focused()


def test_fast_presses_of_add_all_count(order):
    for name in ("Blue Widget", "Red Bolt", "Blue Widget", "Screw 00", "Blue Widget"):
        add(order, name)
    expect(quantity(order, "Blue Widget")).to_have_value("3")
    expect(quantity(order, "Red Bolt")).to_have_value("1")
    expect(quantity(order, "Screw 00")).to_have_value("1")


def test_a_shortage_is_told_and_the_order_can_be_placed_afterwards(order, live_app):
    add(order, "Red Bolt")
    quantity(order, "Red Bolt").fill("4")
    quantity(order, "Red Bolt").press("Enter")
    expect(order.get_by_text("Only 3 available.", exact=True)).to_be_visible()
    order.get_by_role("button", name="Place order").click()
    alert = order.get_by_role("alert")
    expect(alert).to_have_text(re.compile("Not enough stock for Red Bolt. Only 3 available."))
    expect(alert).to_be_focused()
    expect(quantity(order, "Red Bolt")).to_have_value("4")
    order.get_by_role("button", name="Decrease quantity of Red Bolt").click()
    expect(total(order)).to_have_text("$1.50")
    order.get_by_role("button", name="Place order").click()
    expect(order.get_by_role("heading", name="Order #1")).to_be_visible()
    assert placed(live_app) == [(1, 150)]


def test_going_back_after_placing_makes_no_second_order(order, live_app):
    add(order, "Blue Widget")
    expect(total(order)).to_have_text("$9.99")
    order.get_by_role("button", name="Place order").click()
    expect(order.get_by_role("heading", name="Order #1")).to_be_visible()
    order.go_back()
    expect(order.get_by_role("heading", name="Order #1")).to_be_visible()
    assert placed(live_app) == [(1, 999)]


def test_the_next_page_of_products_comes_without_leaving(order):
    add(order, "Blue Widget")
    expect(order.get_by_text("Screw 24")).to_have_count(0)
    order.get_by_role("button", name="Next", exact=True).click()
    expect(order.get_by_text("Screw 24").first).to_be_visible()
    order.get_by_role("button", name="Previous", exact=True).click()
    expect(order.get_by_text("Screw 00").first).to_be_visible()
    expect(quantity(order, "Blue Widget")).to_have_value("1")


def test_out_of_stock_cannot_be_added(order):
    expect(order.get_by_role("button", name="+ Add Gone Hammer")).to_be_disabled()


def test_an_order_is_placed_by_keyboard_alone(order, live_app):
    order.get_by_label("Search products").focus()
    order.keyboard.type("widget", delay=20)
    expect(order.locator("#products li")).to_have_count(1)
    order.keyboard.press("Enter")
    press_until_focused(order, order.get_by_role("button", name="+ Add Blue Widget"))
    order.keyboard.press("Enter")
    expect(total(order)).to_have_text("$9.99")
    press_until_focused(order, order.get_by_role("button", name="Increase quantity of Blue Widget"))
    order.keyboard.press("Space")
    expect(total(order)).to_have_text("$19.98")
    expect(order.get_by_role("button", name="Increase quantity of Blue Widget")).to_be_focused()
    press_until_focused(order, order.get_by_role("button", name="Place order"))
    order.keyboard.press("Enter")
    expect(order.get_by_role("heading", name="Order #1")).to_be_visible()
    assert placed(live_app) == [(1, 1998)]


def press_until_focused(page: Page, wanted) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reached {wanted}")


def test_without_scripts_an_order_is_searched_counted_and_placed(scriptless, live_app):
    page = scriptless
    page.get_by_label("Search products").fill("bolt")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("#products li")).to_have_count(1)
    add(page, "Red Bolt")
    page.get_by_label("Notes").fill("By noon")
    page.get_by_label("Search products").fill("widget")
    page.get_by_label("Search products").press("Enter")
    add(page, "Blue Widget")
    page.get_by_role("button", name="Increase quantity of Blue Widget").click()
    # The press has been answered with a page.
    expect(quantity(page, "Blue Widget")).to_have_value("2")
    page.reload()
    expect(page.get_by_label("Notes")).to_have_value("By noon")
    expect(total(page)).to_have_text("$20.48")
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", name="Order #1")).to_be_visible()
    assert placed(live_app) == [(1, 2048)]


def test_a_thumbnail_enlarges_and_closes_by_keyboard(dashboard, live_app, shop):
    page = dashboard
    with live_app.app.app_context():
        product = db.session.scalar(select(Product).where(Product.name == "Blue Widget"))
    page.goto(f"{live_app.url}/dashboard/inventory/{product.id}/edit")
    photo = {"name": "w.jpg", "mimeType": "image/jpeg", "buffer": jpeg(1600, 1200).getvalue()}
    page.set_input_files("#image", photo)
    expect(page.locator("#image-preview img")).to_be_visible()
    page.get_by_role("button", name="Save changes").click()
    page.wait_for_url("**/dashboard/inventory")
    page.goto(f"{shop}?q=blue")
    enlarge = page.get_by_role("link", name="Enlarge the image of Blue Widget")
    page.wait_for_function(
        "image => image.naturalWidth > 0", arg=enlarge.locator("img").element_handle()
    )
    enlarge.focus()
    page.keyboard.press("Enter")
    large = page.locator("#large-image img")
    expect(large).to_be_visible()
    expect_at_least(301, large)
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()
    expect(enlarge).to_be_focused()


def expect_at_least(width_px: int, image) -> None:
    """The image has arrived, and is so wide."""
    wide = f"image => image.naturalWidth >= {width_px}"
    image.page.wait_for_function(wide, arg=image.element_handle())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_is_wider_than_the_window(order, width, scheme):
    order.emulate_media(color_scheme=scheme)
    order.set_viewport_size({"width": width, "height": 800})
    add(order, "Red Bolt")
    expect(total(order)).to_have_text("$0.50")
    overflow = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert order.evaluate(overflow) == 0


def test_the_focus_stays_in_the_order_when_its_line_goes(order):
    add(order, "Blue Widget")
    remove = order.get_by_role("button", name="Remove Blue Widget")
    remove.focus()
    remove.press("Enter")
    expect(order.get_by_role("heading", name="Order", exact=True)).to_be_focused()


def test_the_focus_stays_among_the_pages_when_there_is_no_next(order):
    onward = order.get_by_role("button", name="Next")
    onward.focus()
    onward.press("Enter")
    expect(order.get_by_role("button", name="Previous")).to_be_focused()
