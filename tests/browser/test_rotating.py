"""The rotate buttons of the image field in Chromium, with its scripts and without."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_image_field import (
    NEW,
    choose,
    expect_shown,
    fill,
    images,
    photo,
    preview,
    save,
)
from tests.conftest import run_queue

WIDE, TALL = "800 × 600 px", "600 × 800 px"


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).click()


def expect_facts(page: Page, pixels: str) -> None:
    expect(page.locator(".preview-facts")).to_contain_text(pixels)


def saved_sizes(live_app) -> list[tuple[int, int]]:
    """Width and height of every image of a product; what was not saved is none."""
    return [(image.width_px, image.height_px) for image in images(live_app) if image.product_id]


def open_saved(page: Page, live_app) -> None:
    page.wait_for_url("**/dashboard/inventory*")
    run_queue(live_app.app)
    page.get_by_role("link", name="Blue widget", exact=True).click()
    page.wait_for_url("**/edit*")


def rotate_undo_and_save(page: Page, live_app, choose_photo: Callable[[Page], None]) -> None:
    """Turn a chosen image and then the saved one, each with Undo; only Save changes the product."""
    page.goto(live_app.url + NEW)
    fill(page)
    choose_photo(page)
    expect_facts(page, WIDE)
    press(page, "Rotate right")
    expect_facts(page, TALL)
    expect_shown(preview(page))
    press(page, "Undo turning the image")
    expect_facts(page, WIDE)
    press(page, "Rotate left")
    expect_facts(page, TALL)
    save(page)
    open_saved(page, live_app)
    assert saved_sizes(live_app) == [(600, 800)]
    press(page, "Rotate left")
    expect_facts(page, WIDE)
    expect(page.locator("#image-field")).to_contain_text("Its link will stop working.")
    press(page, "Undo turning the image")
    expect_facts(page, TALL)
    expect(page.get_by_label("Image link", exact=True)).to_be_visible()
    press(page, "Rotate left")
    expect_facts(page, WIDE)
    assert saved_sizes(live_app) == [(600, 800)]
    save(page)
    page.wait_for_url("**/dashboard/inventory*")
    assert saved_sizes(live_app) == [(800, 600)]


def test_rotate_undo_and_save_by_the_script(live_app, dashboard):
    rotate_undo_and_save(
        dashboard, live_app, lambda page: choose(page, photo(width=800, height=600))
    )


class TestWithoutScripts:
    @pytest.fixture
    def browser_context_args(self, browser_context_args):
        return {**browser_context_args, "java_script_enabled": False}

    def test_rotate_undo_and_save_by_plain_forms(self, live_app, dashboard):
        def choose_photo(page: Page) -> None:
            choose(page, photo(width=800, height=600))
            press(page, "Show preview")

        rotate_undo_and_save(dashboard, live_app, choose_photo)
