"""The other images of a product in a real browser: in the form, and on the storefront."""

import pytest
from playwright.sync_api import expect

from distribu.extensions import db
from distribu.images import attachment, staging
from tests.conftest import add_product
from tests.images.image_files import png
from tests.images.life import upload


@pytest.fixture
def widget(live_app) -> str:
    """The id of a product with three images: one.png, two.png, three.png."""
    app, acme = live_app.app, live_app.cast.acme
    with app.app_context():
        product_id = add_product(acme, name="Widget", stock=10).id
        files = [upload(png(400, 300), f"{name}.png") for name in ("one", "two", "three")]
        ids = [staging.stage(acme, file).id for file in files]
        product = attachment.lock_product(product_id, acme)
        for image_id in ids:
            attachment.attach(product, image_id)
        db.session.commit()
    return product_id


def test_one_of_several_is_removed_with_save(live_app, dashboard, widget):
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{widget}/edit")
    others = dashboard.locator(".other-images li")
    expect(others).to_have_count(2)
    dashboard.get_by_role("button", name="Remove two.png").click()
    undo = dashboard.get_by_role("button", name="Undo two.png")
    expect(undo).to_be_focused()
    expect(others.first).to_contain_text("Removed when you save.")
    dashboard.get_by_role("button", name="Remove image one.png").click()
    expect(dashboard.locator("#image-field")).to_contain_text("three.png takes its place.")
    dashboard.get_by_role("button", name="Save changes").click()
    dashboard.wait_for_url("**/dashboard/inventory")
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{widget}/edit")
    expect(dashboard.locator(".preview-facts")).to_contain_text("three.png")
    expect(others).to_have_count(0)


def test_another_becomes_the_first_with_words_of_its_own(live_app, dashboard, widget):
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{widget}/edit")
    dashboard.get_by_label("Alt text").nth(1).fill("Its back")
    dashboard.get_by_role("button", name="Make first two.png").click()
    others = dashboard.locator(".other-images li")
    expect(others.first).to_contain_text("Becomes the first image when you save.")
    expect(dashboard.get_by_label("Alt text").nth(1)).to_have_value("Its back")
    undo = dashboard.get_by_role("button", name="Undo two.png")
    expect(undo).to_be_focused()
    undo.click()
    dashboard.get_by_role("button", name="Make first two.png").click()
    dashboard.get_by_role("button", name="Save changes").click()
    dashboard.wait_for_url("**/dashboard/inventory")
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{widget}/edit")
    expect(dashboard.locator(".preview-facts")).to_contain_text("two.png")
    expect(dashboard.get_by_label("Alt text").first).to_have_value("Its back")


class TestWithoutScripts:
    @pytest.fixture
    def browser_context_args(self, browser_context_args):
        return {**browser_context_args, "java_script_enabled": False}

    def test_another_becomes_the_first(self, live_app, dashboard, widget):
        dashboard.goto(f"{live_app.url}/dashboard/inventory/{widget}/edit")
        dashboard.get_by_label("Product name").fill("Typed")
        dashboard.get_by_role("button", name="Make first two.png").click()
        expect(dashboard.get_by_label("Product name")).to_have_value("Typed")
        dashboard.get_by_role("button", name="Save changes").click()
        dashboard.wait_for_url("**/dashboard/inventory")
        dashboard.goto(f"{live_app.url}/dashboard/inventory/{widget}/edit")
        expect(dashboard.locator(".preview-facts")).to_contain_text("two.png")


@pytest.mark.parametrize("width", [360, 1280])
def test_the_form_fits_its_window(live_app, dashboard, widget, width):
    dashboard.set_viewport_size({"width": width, "height": 800})
    dashboard.goto(f"{live_app.url}/dashboard/inventory/{widget}/edit")
    expect(dashboard.locator(".other-images")).to_be_visible()
    assert dashboard.evaluate("document.documentElement.scrollWidth") <= width


def test_the_storefront_shows_the_others_as_a_gallery(live_app, page, widget):
    page.goto(f"{live_app.url}/store/acme/products/{widget}")
    links = page.locator(".gallery a")
    expect(links).to_have_count(3)
    links.nth(1).click()
    expect(links.nth(1)).to_have_attribute("aria-current", "true")
