"""The page around the image field: Save by its script, leaving, conflicts, phones, colors."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from distribu.extensions import db
from distribu.images.attachment import lock_product
from distribu.models import Product
from tests.browser.test_field_meanwhile import expect_saved, products
from tests.browser.test_image_field import (
    NEW,
    choose,
    dropped,
    fill,
    images,
    photo,
    preview,
    save,
)
from tests.conftest import add_product

LIST = "/dashboard/inventory"
AWAY = "We could not reach the server. Nothing is lost: try again."


@pytest.fixture
def filled(live_app, dashboard) -> Page:
    """The form of a new product, filled in, an image chosen."""
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    choose(dashboard, photo())
    expect(dashboard.locator("#image-status")).to_have_text("blue-widget.jpg chosen.")
    return dashboard


@pytest.fixture
def widget(live_app) -> str:
    """The address of the edit form of a saved product."""
    with live_app.app.app_context():
        product = add_product(live_app.cast.acme, name="Widget", stock=9)
        return f"{live_app.url}{LIST}/{product.id}/edit"


def expect_question(page: Page, leave) -> None:
    """Leaving the page opens a dialog, which is answered with "Stay"."""
    page.once("dialog", lambda dialog: dialog.dismiss())
    with page.expect_event("dialog", lambda dialog: dialog.type == "beforeunload"):
        leave()


@pytest.fixture
def questions(dashboard: Page) -> list[str]:
    """The questions that the page has asked before it was left."""
    asked = []

    def leave(dialog):
        asked.append(dialog.message)
        dialog.accept()

    dashboard.on("dialog", leave)
    return asked


def save_error(page: Page):
    return page.locator("#save-error")


@pytest.mark.parametrize("failure", ["line", 503])
def test_save_while_the_server_is_away_loses_nothing(live_app, filled, failure):
    def fail(route):
        route.abort() if failure == "line" else route.fulfill(status=failure, body="Away")

    filled.route("**/new/save", fail)
    save(filled)
    expect(save_error(filled)).to_have_text(AWAY)
    expect(filled.get_by_label("Product name")).to_have_value("Blue widget")
    expect(preview(filled)).to_be_visible()
    expect(filled.locator(".toast")).to_have_count(0)
    filled.unroute("**/new/save")
    save(filled)
    expect_saved(filled)
    (image,) = images(live_app)
    assert image.product_id


def test_a_save_of_which_the_answer_was_lost_is_recognized(live_app, filled):
    def cut(route):
        route.fetch()
        route.abort()

    filled.route("**/new/save", cut)
    save(filled)
    expect(save_error(filled)).to_have_text(AWAY)
    filled.unroute("**/new/save")
    save(filled)
    expect_saved(filled)
    assert products(live_app) == ["Blue widget"]


def test_a_refused_save_puts_the_focus_on_what_is_wrong(live_app, filled):
    filled.get_by_label("Price").fill("much")
    save(filled)
    expect(filled.locator("#error-summary")).to_be_focused()
    expect(filled.get_by_label("Price")).to_have_value("much")
    expect(preview(filled)).to_be_visible()
    assert products(live_app) == []


def test_a_second_press_on_save_makes_no_second_product(live_app, filled):
    held = []
    filled.route("**/new/save", lambda route: held.append(route))
    save(filled)
    expect(filled.locator("#save-status")).to_have_text("Saving…")
    save(filled)
    assert len(held) == 1
    held[0].continue_()
    expect_saved(filled)
    assert products(live_app) == ["Blue widget"]


@pytest.mark.parametrize("way", ["link", "reload"])
def test_leaving_a_changed_form_asks_first(filled, way):
    link = filled.get_by_role("link", name="Orders").first
    leave = link.click if way == "link" else lambda: filled.evaluate("location.reload()")
    expect_question(filled, leave)
    expect(filled.get_by_label("Product name")).to_have_value("Blue widget")


def test_leaving_a_refused_form_asks_first(filled):
    filled.get_by_label("Price").fill("much")
    save(filled)
    expect(filled.locator("#error-summary")).to_be_focused()
    expect_question(filled, filled.get_by_role("link", name="Orders").first.click)


def test_leaving_a_form_that_was_not_changed_asks_nothing(dashboard, widget, questions):
    dashboard.goto(widget)
    dashboard.get_by_label("Product name").press("End")
    dashboard.get_by_role("link", name="Orders").first.click()
    dashboard.wait_for_url("**/dashboard/orders")
    assert questions == []


def test_cancel_asks_nothing(live_app, filled, questions):
    filled.get_by_role("button", name="Cancel", exact=True).click()
    filled.wait_for_url("**/dashboard/inventory")
    assert (images(live_app), questions) == ([], [])


def test_save_asks_nothing(filled, questions):
    save(filled)
    expect_saved(filled)
    assert questions == []


def test_back_after_a_save_shows_the_product_as_it_is_now(live_app, dashboard, widget, questions):
    dashboard.goto(widget)
    dashboard.get_by_label("Product name").fill("Saved")
    save(dashboard)
    expect_saved(dashboard)
    with live_app.app.app_context():
        db.session.scalars(select(Product)).one().name = "Renamed since"
        db.session.commit()
    dashboard.go_back()
    expect(dashboard.get_by_label("Product name")).to_have_value("Renamed since")
    assert questions == []


def test_a_file_dropped_beside_the_input_of_an_import_stays_outside(live_app, dashboard):
    dashboard.goto(f"{live_app.url}/dashboard/inventory/import")
    assert dropped(dashboard, "h1", "drop")


def test_someone_elses_save_is_told_in_the_form(live_app, dashboard, widget):
    dashboard.goto(widget)
    with live_app.app.app_context():
        product = db.session.scalar(select(Product))
        lock_product(product.id, product.company_id).price_minor = 1500
        db.session.commit()
    dashboard.get_by_label("Product name").fill("Mine")
    save(dashboard)
    notice = dashboard.locator(".notice[data-focus]")
    expect(notice).to_be_focused()
    expect(notice.locator("li")).to_have_text(["Price is now saved as “15.00”."])
    save(dashboard)
    expect_saved(dashboard)
    assert products(live_app) == ["Mine"]


def test_a_product_that_is_gone_comes_back_as_a_new_one(live_app, dashboard, widget):
    dashboard.goto(widget)
    dashboard.get_by_label("Product name").fill("Mine")
    with live_app.app.app_context():
        db.session.delete(db.session.scalar(select(Product)))
        db.session.commit()
    save(dashboard)
    expect(dashboard.locator(".notice[data-focus]")).to_contain_text("no longer in your inventory")
    save(dashboard)
    expect_saved(dashboard)
    assert products(live_app) == ["Mine"]


def test_save_leads_back_to_the_row_that_one_came_from(live_app, dashboard):
    with live_app.app.app_context():
        for number in range(40):
            add_product(live_app.cast.acme, name=f"Bolt {number:02}", category="Parts")
    dashboard.goto(f"{live_app.url}{LIST}?category=Parts")
    dashboard.get_by_role("link", name="Next").click()
    page_of_list = dashboard.url
    assert "cursor=" in page_of_list
    row = dashboard.locator("tbody tr").nth(3)
    row_id = row.get_attribute("id")
    row.get_by_role("link").click()
    dashboard.get_by_label("Description").fill("Long.")
    save(dashboard)
    dashboard.wait_for_url(f"{page_of_list}#{row_id}")
    expect(dashboard.locator(f"#{row_id}")).to_be_in_viewport()
    dashboard.locator(f"#{row_id}").get_by_role("link").click()
    dashboard.get_by_role("button", name="Cancel", exact=True).click()
    dashboard.wait_for_url(f"{page_of_list}#{row_id}")


def test_a_press_on_the_preview_opens_the_chooser(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    with dashboard.expect_file_chooser():
        dashboard.locator("#image-preview").click()


def test_an_error_of_the_script_has_an_icon_and_describes_the_input(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    giant = {"name": "g.jpg", "mimeType": "image/jpeg", "buffer": bytes(5 * 1024 * 1024 + 1)}
    choose(dashboard, giant)
    expect(dashboard.locator("#image-error .icon")).to_be_visible()
    expect(dashboard.locator("#image")).to_have_accessible_description(
        re.compile("Maximum size is 5 MB")
    )


def test_a_dead_link_is_said_with_the_link(live_app, dashboard):
    address = f"{live_app.url}/nowhere.png"
    with live_app.app.app_context():
        product_id = add_product(live_app.cast.acme, external_image_url=address).id
    dashboard.goto(f"{live_app.url}{LIST}/{product_id}/edit")
    expect(dashboard.locator("#dead-image")).to_contain_text(f"This link did not load: {address}")
    for wrong in ("set through the API", "Anyone with this"):
        expect(dashboard.locator("#image-field")).not_to_contain_text(wrong)


GROUND = "element => getComputedStyle(element).backgroundColor"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_image_lies_on_a_light_ground(filled, scheme):
    filled.emulate_media(color_scheme=scheme)
    color = filled.locator("#image-preview .image").evaluate(GROUND)
    assert min(map(int, re.findall(r"\d+", color)[:3])) > 200


def test_no_ring_is_drawn_around_the_field_of_a_focused_button(filled):
    filled.get_by_role("button", name="Remove image").focus()
    shadow = "element => getComputedStyle(element).boxShadow"
    assert filled.locator("#image-field").evaluate(shadow) == "none"


def test_forced_colors_show_whether_a_switch_is_on(filled):
    filled.emulate_media(forced_colors="active")
    switch = filled.get_by_role("switch", name="Active")
    on = switch.screenshot()
    switch.uncheck()
    assert switch.screenshot() != on
    assert switch.evaluate("element => getComputedStyle(element).appearance") == "auto"


@pytest.fixture
def phone(browser: Browser, live_app) -> Page:
    """A telephone of 360 by 640 px, with a finger and no mouse."""
    context = browser.new_context(
        viewport={"width": 360, "height": 640}, has_touch=True, is_mobile=True
    )
    live_app.sign_in(context, live_app.cast.alice)
    yield context.new_page()
    context.close()


def test_on_a_phone_the_image_comes_first_and_save_is_in_reach(live_app, phone):
    phone.goto(live_app.url + NEW)
    field, name = phone.locator("#image-field"), phone.get_by_label("Product name")
    assert field.bounding_box()["y"] < name.bounding_box()["y"]
    expect(phone.get_by_role("button", name="Save", exact=True)).to_be_in_viewport(ratio=1)
    name.scroll_into_view_if_needed()
    expect(phone.get_by_role("button", name="Save", exact=True)).to_be_in_viewport(ratio=1)


def test_what_has_the_focus_is_not_behind_the_bar(live_app, phone):
    phone.goto(live_app.url + NEW)
    for _ in range(12):
        phone.keyboard.press("Tab")
        bottom = phone.evaluate("document.activeElement.getBoundingClientRect().bottom")
        top = phone.locator(".form-foot").bounding_box()["y"]
        is_in_bar = phone.evaluate("document.activeElement.closest('.form-foot') !== null")
        assert is_in_bar or bottom <= top + 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", [360, 1280])
def test_axe_finds_no_fault(browser, live_app, scheme, width_px):
    context = browser.new_context(
        viewport={"width": width_px, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,  # axe is injected into the page
    )
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(live_app.url + NEW)
    choose(page, photo())
    expect(page.locator("#image-status")).to_have_text("blue-widget.jpg chosen.")
    save(page)
    expect(page.locator("#error-summary")).to_be_focused()
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["target"]) for one in found] == []
    context.close()
