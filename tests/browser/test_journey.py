"""The main journey, on both stores: an image from the form to the shopper, and away again."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LiveApp, serve
from tests.images.image_files import jpeg

PHOTO = {"name": "Blue widget.jpg", "mimeType": "image/jpeg"}


@pytest.fixture(params=["local", "minio"])
def live_app(request, make_app):
    changes = {}
    if request.param == "minio":
        changes["IMAGE_STORE_URL"] = request.getfixturevalue("minio_url")
    yield from serve(make_app, **changes)


def places(live_app: LiveApp) -> list[str]:
    """The addresses of the pages that show a product's image, but for the product page."""
    paths = ("/dashboard/inventory", "/store/acme/catalog", "/dashboard/orders/new")
    return [live_app.url + path for path in paths]


def product_page(page: Page, live_app: LiveApp) -> str:
    page.goto(f"{live_app.url}/store/acme/catalog")
    return live_app.url + page.get_by_role("link", name="Blue widget", exact=True).get_attribute(
        "href"
    )


def shown_images(page: Page, live_app: LiveApp) -> list[str]:
    """The ids of the images that the four places show, decoded by the browser."""
    shown = []
    for address in [*places(live_app), product_page(page, live_app)]:
        page.goto(address)
        image = page.locator("main picture img").first
        page.wait_for_function("image => image.naturalWidth > 0", arg=image.element_handle())
        shown.append(image.evaluate("image => image.currentSrc").split("/images/")[1][:26])
    return shown


def expect_tiles(page: Page, live_app: LiveApp) -> None:
    """The four places show a tile with the product's initial."""
    for address in [*places(live_app), product_page(page, live_app)]:
        page.goto(address)
        expect(page.locator("main svg.tile").first).to_contain_text("B")


def kept_ids(live_app: LiveApp) -> set[str]:
    """The ids of the images of which the store has anything."""
    return {key.split("/")[1] for key in sorted(live_app.app.extensions["image_store"].keys())}


def choose(page: Page, width: int, height: int) -> None:
    page.set_input_files("#image", PHOTO | {"buffer": jpeg(width, height).getvalue()})
    expect(page.locator(".preview-facts")).to_contain_text(f"{width:,} × {height:,} px")


def save(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^Save( changes)?$")).click()


def edit(page: Page, live_app: LiveApp) -> None:
    page.goto(f"{live_app.url}/dashboard/inventory")
    page.get_by_role("link", name="Blue widget", exact=True).click()


def test_a_image_from_the_form_to_the_shopper_and_away(live_app, dashboard):
    page = dashboard
    page.goto(f"{live_app.url}/dashboard/inventory/new")
    choose(page, 1600, 1200)
    save(page)
    expect(page.locator("#error-summary")).to_contain_text("Enter a product name.")
    expect(page.locator(".preview-facts")).to_contain_text("Blue widget.jpg")
    page.get_by_label("Product name").fill("Blue widget")
    page.get_by_label("Price").fill("12.50")
    page.get_by_label("Stock qty").fill("9")
    save(page)
    page.wait_for_url("**/dashboard/inventory")
    first = set(shown_images(page, live_app))
    assert len(first) == 1

    edit(page, live_app)
    old_address = page.locator("#image-url").input_value()
    assert page.request.get(old_address).status == 200
    choose(page, 900, 900)
    save(page)
    page.wait_for_url("**/dashboard/inventory#product-*")
    second = set(shown_images(page, live_app))
    assert len(second) == 1
    assert second != first
    assert page.request.get(old_address).status == 404
    assert kept_ids(live_app) == second

    edit(page, live_app)
    page.get_by_role("button", name="Remove image").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    save(page)
    page.wait_for_url("**/dashboard/inventory#product-*")
    assert kept_ids(live_app) == set()
    expect_tiles(page, live_app)
