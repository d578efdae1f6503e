"""The image field while a file travels: Save, a second choice, Cancel, a dead line."""

import re
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Product
from tests.browser.test_image_field import NEW, choose, fill, images, photo, save
from tests.images.image_files import jpeg

HEIC = b"\0\0\0\x18ftypheic" + bytes(64)
DAMAGED = jpeg(900, 700).getvalue()[:4000]
REFUSED = pytest.mark.parametrize(
    ("content", "sentence"),
    [(HEIC, "Export it as JPEG."), (DAMAGED, "damaged or incomplete")],
    ids=["heic", "damaged"],
)


@dataclass
class Line:
    """A line on which uploads wait until they are let through."""

    page: Page
    waiting: list[Route] = field(default_factory=list)

    def hold(self) -> None:
        self.page.route("**/image/preview*", lambda route: self.waiting.append(route))

    def choose(self, file: dict) -> None:
        with self.page.expect_request("**/image/preview*"):
            choose(self.page, file)
        # The request is known before the route that holds it.
        self.page.evaluate("0")

    def let_through(self) -> None:
        self.waiting.pop(0).continue_()


@pytest.fixture
def line(live_app, dashboard) -> Line:
    """The filled-in form of a new product, on a line that is held."""
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    line = Line(dashboard)
    line.hold()
    return line


def products(live_app) -> list[str]:
    with live_app.app.app_context():
        return list(db.session.scalars(select(Product.name)))


def image_error(page: Page):
    return page.locator("#image-error")


def remove(page: Page) -> None:
    page.get_by_role("button", name="Remove image").click()


def expect_saved(page: Page) -> None:
    page.wait_for_url(re.compile(r"/dashboard/inventory(#.*)?$"))


@REFUSED
def test_save_pressed_during_an_upload_that_is_refused_saves_nothing(
    live_app, dashboard, line, content, sentence
):
    line.choose(photo() | {"buffer": content})
    save(dashboard)
    line.let_through()
    expect(image_error(dashboard)).to_contain_text(sentence)
    expect(image_error(dashboard)).to_be_focused()
    assert products(live_app) == []
    expect(dashboard.get_by_label("Product name")).to_have_value("Blue widget")


def test_save_says_visibly_that_it_waits(dashboard, line):
    line.choose(photo())
    save(dashboard)
    expect(dashboard.locator("#save-status")).to_have_text("Saving when the image has arrived.")
    box = dashboard.locator("#save-status").bounding_box()
    assert box["width"] > 100
    line.let_through()
    expect_saved(dashboard)


def test_the_second_choice_wins_over_one_that_still_travels(live_app, dashboard, line):
    line.choose(photo("first.jpg", 640, 480))
    line.choose(photo("second.jpg", 800, 600))
    expect(dashboard.locator(".preview-facts")).to_have_text("second.jpg")
    line.waiting[1].continue_()
    expect(dashboard.locator("#image-status")).to_have_text("second.jpg chosen.")
    save(dashboard)
    expect_saved(dashboard)
    saved = [image for image in images(live_app) if image.product_id]
    assert [image.filename for image in saved] == ["second.jpg"]


def test_a_second_choice_that_is_too_large_leaves_the_first(live_app, dashboard, line):
    line.choose(photo("first.jpg"))
    giant = {"name": "g.jpg", "mimeType": "image/jpeg", "buffer": bytes(5 * 1024 * 1024 + 1)}
    choose(dashboard, giant)
    expect(image_error(dashboard)).to_contain_text("Maximum size is 5 MB.")
    line.let_through()
    expect(dashboard.locator(".preview-facts")).to_contain_text("first.jpg · 1,600 × 1,200")
    expect(image_error(dashboard)).to_contain_text("Maximum size is 5 MB.")


def test_cancel_stops_the_upload_and_the_form_can_be_saved(live_app, dashboard, line):
    line.choose(photo())
    dashboard.get_by_role("button", name="Cancel the upload").click()
    expect(dashboard.locator("#image-progress")).to_be_hidden()
    expect(dashboard.locator("#image")).to_be_focused()
    expect(dashboard.locator("#image-preview .tile")).to_be_visible()
    assert dashboard.locator("#image").evaluate("input => input.files.length") == 0
    save(dashboard)
    expect_saved(dashboard)
    assert (products(live_app), images(live_app)) == (["Blue widget"], [])


def test_cancel_after_save_was_pressed_saves_nothing(live_app, dashboard, line):
    line.choose(photo())
    save(dashboard)
    dashboard.get_by_role("button", name="Cancel the upload").click()
    expect(dashboard.locator("#save-status")).to_have_text("Upload canceled. Nothing was saved.")
    assert products(live_app) == []


def test_cancel_keeps_what_was_chosen_before(live_app, dashboard, line):
    line.choose(photo("first.jpg"))
    line.let_through()
    expect(dashboard.locator("#image-status")).to_have_text("first.jpg chosen.")
    line.choose(photo("second.jpg"))
    # The server carries it out; only its answer never comes.
    line.waiting[0].fetch()
    dashboard.get_by_role("button", name="Cancel the upload").click()
    expect(dashboard.locator(".preview-facts")).to_contain_text("first.jpg")
    save(dashboard)
    expect_saved(dashboard)
    saved = [image for image in images(live_app) if image.product_id]
    assert [image.filename for image in saved] == ["first.jpg"]


@pytest.fixture
def imaged_line(live_app, dashboard, line) -> Line:
    """The same line, at the edit form of a product that has an image."""
    line.choose(photo())
    line.let_through()
    expect(dashboard.locator("#image-status")).to_have_text("blue-widget.jpg chosen.")
    save(dashboard)
    expect_saved(dashboard)
    dashboard.get_by_role("link", name="Blue widget", exact=True).click()
    expect(dashboard.locator("#image-url")).to_be_visible()
    return line


def test_remove_during_an_upload_leaves_a_form_that_saves(live_app, dashboard, imaged_line):
    imaged_line.choose(photo("second.jpg"))
    remove(dashboard)
    expect(dashboard.get_by_role("button", name="Undo")).to_be_visible()
    save(dashboard)
    expect_saved(dashboard)
    assert images(live_app) == []


def test_keep_during_an_upload_leaves_a_form_that_saves(live_app, dashboard, imaged_line):
    imaged_line.choose(photo("second.jpg"))
    imaged_line.let_through()
    keep = dashboard.get_by_role("button", name="Keep saved image")
    expect(keep).to_be_visible()
    imaged_line.choose(photo("third.jpg"))
    keep.click()
    expect(dashboard.locator("#image-url")).to_be_visible()
    save(dashboard)
    expect_saved(dashboard)
    saved = [image for image in images(live_app) if image.product_id]
    assert [image.filename for image in saved] == ["blue-widget.jpg"]


def test_words_typed_during_an_upload_stay(dashboard, imaged_line):
    imaged_line.choose(photo("second.jpg"))
    dashboard.get_by_label("Alt text").fill("Typed meanwhile")
    imaged_line.let_through()
    expect(dashboard.locator("#image-status")).to_have_text("second.jpg chosen.")
    expect(dashboard.get_by_label("Alt text")).to_have_value("Typed meanwhile")
    expect(dashboard.get_by_label("Alt text")).to_be_focused()


def test_a_line_that_is_silent_for_a_minute_is_given_up(live_app, dashboard):
    dashboard.clock.install()
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    line = Line(dashboard)
    line.hold()
    line.choose(photo())
    dashboard.clock.fast_forward(61_000)
    expect(image_error(dashboard)).to_contain_text("The server has not answered for a minute.")
    assert dashboard.locator("#image").evaluate("input => input.files.length") == 1
    save(dashboard)
    expect_saved(dashboard)
    assert [bool(image.product_id) for image in images(live_app)] == [True]
