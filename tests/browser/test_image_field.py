"""The Product image field in a real browser: choose, see, save, replace, remove."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Image, Product
from tests.conftest import add_product
from tests.images.image_files import jpeg, png

NEW = "/dashboard/inventory/new"


def photo(name: str = "blue-widget.jpg", width: int = 1600, height: int = 1200) -> dict:
    return {"name": name, "mimeType": "image/jpeg", "buffer": jpeg(width, height).getvalue()}


def fill(page: Page, name: str = "Blue widget") -> None:
    page.get_by_label("Product name").fill(name)
    page.get_by_label("Price").fill("12.50")


def choose(page: Page, file: dict) -> None:
    page.set_input_files("#image", file)


def preview(page: Page):
    return page.locator("#image-preview img")


def expect_shown(image) -> None:
    """The image has arrived and was decoded."""
    image.page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())


def save(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Save( changes)?$")).click()


def images(live_app) -> list[Image]:
    with live_app.app.app_context():
        return db.session.scalars(select(Image)).all()


@pytest.fixture
def widget(live_app) -> str:
    """The address of the edit form of a saved product."""
    with live_app.app.app_context():
        product = add_product(live_app.cast.acme, name="Widget", stock=9)
        return f"{live_app.url}/dashboard/inventory/{product.id}/edit"


@pytest.fixture
def imaged(dashboard, widget) -> str:
    """The same, with a saved image."""
    dashboard.goto(widget)
    choose(dashboard, photo())
    expect(dashboard.locator("#image-status")).to_have_text("blue-widget.jpg chosen.")
    save(dashboard)
    dashboard.wait_for_url("**/dashboard/inventory")
    return widget


def test_a_chosen_image_shows_before_save(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    choose(dashboard, photo())
    expect(dashboard.locator(".preview-facts")).to_contain_text("blue-widget.jpg")
    expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")
    expect_shown(preview(dashboard))


def test_a_chosen_image_survives_a_refused_save(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    choose(dashboard, photo())
    expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")
    save(dashboard)
    expect(dashboard.locator("#error-summary")).to_contain_text("Enter a product name.")
    expect_shown(preview(dashboard))
    fill(dashboard)
    save(dashboard)
    dashboard.wait_for_url("**/dashboard/inventory")
    (image,) = images(live_app)
    assert image.product_id


def test_save_during_the_upload_waits_for_it(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    held = []
    dashboard.route("**/image/preview", lambda route: held.append(route))
    choose(dashboard, photo())
    expect(dashboard.locator("#image-progress")).to_be_visible()
    save(dashboard)
    expect(dashboard.locator("#save-status")).to_have_text("Saving when the image has arrived.")
    assert dashboard.url.endswith(NEW)
    held[0].continue_()
    dashboard.wait_for_url("**/dashboard/inventory")
    (image,) = images(live_app)
    assert image.product_id


def test_the_browsers_own_preview_keeps_inside_its_box(dashboard, imaged):
    dashboard.goto(imaged)
    held = []
    dashboard.route("**/image/preview?*", lambda route: held.append(route))
    with dashboard.expect_request("**/image/preview?*"):
        choose(dashboard, photo("red-widget.jpg", 3000, 2000))
    shown = dashboard.locator("#image-preview > img")
    expect(shown).to_be_visible()
    expect(dashboard.locator(".preview-facts")).to_have_text("red-widget.jpg")
    assert shown.bounding_box() == dashboard.locator("#image-preview").bounding_box()
    hint, line_px = dashboard.locator("#image-hint"), 24
    assert hint.bounding_box()["height"] > line_px, "the hint breaks into lines while it travels"
    held[0].continue_()
    expect(dashboard.locator("#image-status")).to_have_text("red-widget.jpg chosen.")


def test_a_file_too_large_is_refused_before_it_is_sent(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    sent = []
    dashboard.route("**/image/preview", lambda route: sent.append(route))
    giant = {"name": "g.jpg", "mimeType": "image/jpeg", "buffer": bytes(5 * 1024 * 1024 + 1)}
    choose(dashboard, giant)
    error = dashboard.locator("#image-error")
    expect(error).to_have_text("Image too large. Maximum size is 5 MB. This file is 5.1 MB.")
    expect(error).to_have_attribute("role", "alert")
    assert sent == []


def test_a_wrong_format_is_told_and_the_earlier_choice_stays(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    choose(dashboard, photo())
    expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")
    choose(dashboard, {"name": "a.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7"})
    expect(dashboard.locator("#image-error")).to_have_text(
        "Only JPG, PNG, WebP, and AVIF images are allowed."
    )
    expect(dashboard.locator("#image")).to_have_attribute("aria-invalid", "true")
    expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")


def test_a_failed_upload_is_told_and_keeps_the_file(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    dashboard.route("**/image/preview", lambda route: route.abort())
    choose(dashboard, photo())
    expect(dashboard.locator("#image-error")).to_contain_text("could not be uploaded")
    expect(dashboard.locator(".toast")).to_have_count(0)
    save(dashboard)
    dashboard.wait_for_url("**/dashboard/inventory")
    (image,) = images(live_app)
    assert image.product_id


def test_a_session_that_ended_keeps_the_file_chosen(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    dashboard.context.clear_cookies()
    choose(dashboard, photo())
    expect(dashboard.locator("#toasts")).to_contain_text("signed out")
    expect(dashboard.locator("#image-progress")).to_be_hidden()
    assert dashboard.locator("#image").evaluate("input => input.files.length") == 1
    link = dashboard.get_by_role("link", name="Sign in in a new tab")
    color = "element => getComputedStyle(element).color"
    assert link.evaluate(color) == dashboard.locator(".toast").evaluate(color)


def test_remove_and_undo_change_only_the_form(live_app, dashboard, imaged):
    dashboard.goto(imaged)
    dashboard.get_by_role("button", name="Remove image").click()
    expect(dashboard.locator("#image-field")).to_contain_text("its link will stop working")
    undo = dashboard.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    undo.click()
    expect(preview(dashboard)).to_be_visible()
    assert len(images(live_app)) == 1


def test_the_focus_stays_in_the_field_when_its_button_goes(dashboard, imaged):
    dashboard.goto(imaged)
    remove = dashboard.get_by_role("button", name="Remove image")
    remove.focus()
    remove.press("Enter")
    undo = dashboard.get_by_role("button", name="Undo")
    expect(undo).to_be_focused()
    # A key that comes before htmx knows the button sends the whole form, as without scripts.
    expect(dashboard.locator(".htmx-added")).to_have_count(0)
    undo.press("Enter")
    expect(dashboard.locator("#image")).to_be_focused()


def test_remove_and_save_deletes_the_file(live_app, dashboard, imaged):
    dashboard.goto(imaged)
    dashboard.get_by_role("button", name="Remove image").click()
    expect(dashboard.get_by_role("button", name="Undo")).to_be_visible()
    save(dashboard)
    dashboard.wait_for_url("**/dashboard/inventory")
    assert images(live_app) == []
    assert live_app.app.extensions["image_store"].keys() == set()


def test_replace_makes_the_old_address_stop_working(live_app, dashboard, imaged):
    dashboard.goto(imaged)
    address = dashboard.locator("#image-url").input_value()
    assert dashboard.request.get(address).status == 200
    choose(dashboard, photo("red.jpg"))
    expect(dashboard.locator("#image-field")).to_contain_text("Its link will stop working")
    save(dashboard)
    dashboard.wait_for_url("**/dashboard/inventory")
    assert dashboard.request.get(address).status == 404


def test_cancel_discards_the_choice(live_app, dashboard, widget):
    dashboard.goto(widget)
    choose(dashboard, photo())
    expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")
    dashboard.get_by_role("button", name="Cancel").last.click()
    dashboard.wait_for_url("**/dashboard/inventory")
    assert images(live_app) == []


def dropped(page: Page, selector: str, kind: str) -> bool:
    """Drop or paste a PNG on selector; whether the browser's own answer was prevented."""
    return page.evaluate(
        """([selector, kind, bytes]) => {
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "dropped.png", {type: "image/png"}));
          const init = {bubbles: true, cancelable: true};
          const event = kind === "paste"
            ? new ClipboardEvent("paste", {...init, clipboardData: data})
            : new DragEvent("drop", {...init, dataTransfer: data});
          return !document.querySelector(selector).dispatchEvent(event);
        }""",
        [selector, kind, list(png(40, 30).getvalue())],
    )


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_file_can_be_dropped_or_pasted(live_app, dashboard, kind):
    dashboard.goto(live_app.url + NEW)
    dropped(dashboard, "#image-field", kind)
    expect(dashboard.locator(".preview-facts")).to_contain_text("dropped.png")


def test_a_drop_beside_the_field_does_not_leave_the_page(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    assert dropped(dashboard, "#product-form", "drop")


def test_enter_in_a_text_field_saves(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    dashboard.get_by_label("Product name").press("Enter")
    dashboard.wait_for_url("**/dashboard/inventory")
    with live_app.app.app_context():
        assert db.session.scalars(select(Product.name)).all() == ["Blue widget"]


def test_no_script_or_style_breaks_the_policy(live_app, dashboard):
    complaints = []
    dashboard.on("console", lambda message: complaints.append(message.text))
    dashboard.goto(live_app.url + NEW)
    choose(dashboard, photo())
    expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")
    assert complaints == []


class TestWithoutScripts:
    @pytest.fixture
    def browser_context_args(self, browser_context_args):
        return {**browser_context_args, "java_script_enabled": False}

    def test_choose_preview_fail_and_save(self, live_app, dashboard):
        dashboard.goto(live_app.url + NEW)
        choose(dashboard, photo())
        dashboard.get_by_role("button", name="Show preview").click()
        expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")
        save(dashboard)
        expect(dashboard.locator("#error-summary")).to_contain_text("Enter a product name.")
        expect(dashboard.locator(".preview-facts")).to_contain_text("1,600 × 1,200 px")
        fill(dashboard)
        save(dashboard)
        dashboard.wait_for_url("**/dashboard/inventory")
        (image,) = images(live_app)
        assert image.product_id

    def test_remove_undo_and_remove_again(self, live_app, dashboard, imaged_plainly):
        dashboard.goto(imaged_plainly)
        dashboard.get_by_role("button", name="Remove image").click()
        dashboard.get_by_role("button", name="Undo").click()
        dashboard.get_by_role("button", name="Remove image").click()
        save(dashboard)
        dashboard.wait_for_url("**/dashboard/inventory")
        assert images(live_app) == []

    def test_a_file_too_large_keeps_the_form(self, live_app, dashboard):
        dashboard.goto(live_app.url + NEW)
        fill(dashboard, "Typed")
        choose(dashboard, {"name": "g.png", "mimeType": "image/png", "buffer": GIANT})
        save(dashboard)
        expect(dashboard.locator("#image-error")).to_contain_text("Maximum size is 5 MB.")
        expect(dashboard.get_by_label("Product name")).to_have_value("Typed")

    @pytest.fixture
    def imaged_plainly(self, dashboard, widget) -> str:
        dashboard.goto(widget)
        choose(dashboard, photo())
        save(dashboard)
        dashboard.wait_for_url("**/dashboard/inventory")
        return widget


GIANT = b"\x89PNG\r\n\x1a\n" + bytes(9 * 1024 * 1024)
