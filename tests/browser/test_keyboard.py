"""The image field by the keyboard alone: choose, rotate, describe, save, replace, remove, undo."""

import re

from playwright.sync_api import Locator, Page, expect

from tests.browser.test_image_field import NEW, expect_shown, images, photo, preview

TABS_MAX = 60


def go_to(page: Page, target: Locator) -> None:
    """Press Tab until the target has the focus, and that can be seen."""
    for _ in range(TABS_MAX):
        if target.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(target).to_be_focused()
    assert target.evaluate("element => element.matches(':focus-visible')")


def press(page: Page, name: str | re.Pattern) -> None:
    go_to(page, page.get_by_role("button", name=name))
    page.keyboard.press("Enter")


def choose(page: Page, file: dict) -> None:
    go_to(page, page.locator("#image"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Space")
    chooser.value.set_files(file)
    expect(page.locator("#image-field input[name=image_id]")).not_to_have_value("")
    expect(page.locator(".preview-facts")).to_contain_text(file["name"])
    expect_shown(preview(page))


def save(page: Page) -> None:
    press(page, re.compile("^Save( changes)?$"))
    page.wait_for_url(re.compile(r"/dashboard/inventory([?#].*)?$"))


def open_saved(page: Page) -> None:
    go_to(page, page.get_by_role("link", name="Blue widget", exact=True))
    page.keyboard.press("Enter")
    page.wait_for_url("**/edit*")


def saved_names(live_app) -> list[str]:
    return [image.filename for image in images(live_app) if image.product_id]


def test_an_image_lives_by_the_keyboard_alone(live_app, dashboard):
    page = dashboard
    page.goto(live_app.url + NEW)
    go_to(page, page.get_by_label("Product name"))
    page.keyboard.type("Blue widget")
    go_to(page, page.get_by_label("Price"))
    page.keyboard.type("12.50")
    page.keyboard.press("Control+Home")
    choose(page, photo(width=800, height=600))
    press(page, "Rotate right")
    expect(page.locator(".preview-facts")).to_contain_text("600 × 800 px")
    go_to(page, page.get_by_label("Alt text"))
    page.keyboard.type("A widget, blue")
    save(page)
    open_saved(page)
    choose(page, photo("other.jpg", width=400, height=300))
    save(page)
    assert saved_names(live_app) == ["other.jpg"]
    open_saved(page)
    press(page, re.compile("^Remove image"))
    # The focus follows to the way back.
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_focused()
    page.keyboard.press("Enter")
    expect_shown(preview(page))
    press(page, re.compile("^Remove image"))
    expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_focused()
    save(page)
    assert saved_names(live_app) == []
