"""A form that was open when its sign-in ended, in a browser: with scripts and without them."""

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Image, User
from tests.browser.conftest import LiveApp, serve
from tests.conftest import PASSWORD
from tests.images.image_files import png


@pytest.fixture
def live_app(make_app):
    """Distribu as it runs: every form needs a token of its session."""
    yield from serve(make_app, WTF_CSRF_ENABLED=True)


def sign_in(page: Page, url: str) -> None:
    page.goto(f"{url}/login")
    fill_in_sign_in(page)
    page.wait_for_url("**/dashboard/inventory")


def fill_in_sign_in(page: Page) -> None:
    page.get_by_label("Email").fill("alice@acme.test")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")


def choose_image(page: Page) -> None:
    image = {"name": "blue.png", "mimeType": "image/png", "buffer": png(640, 480).read()}
    page.locator("input[type=file]").set_input_files(image)


def end_every_session(live_app: LiveApp) -> None:
    with live_app.app.app_context():
        db.session.get(User, live_app.cast.alice).end_sessions()
        db.session.commit()


def image_ids(live_app: LiveApp) -> list[str]:
    with live_app.app.app_context():
        return list(db.session.scalars(select(Image.id)))


def test_without_scripts_the_form_comes_back_and_asks_for_its_file(browser: Browser, live_app):
    # A session that was ended stages nothing any more, so the file has to be chosen again.
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        sign_in(page, live_app.url)
        page.goto(f"{live_app.url}/dashboard/inventory/new")
        page.get_by_label("Product name").fill("Blue widget")
        choose_image(page)
        end_every_session(live_app)
        page.get_by_label("Product name").press("Enter")
        fill_in_sign_in(page)
        expect(page.get_by_text("The image could not be kept")).to_be_visible()
        page.get_by_role("button", name="Back to your form").click()
        expect(page.get_by_label("Product name")).to_have_value("Blue widget")
        assert image_ids(live_app) == []


def test_upload_in_a_page_older_than_its_sign_in_works_at_the_second_try(page: Page, live_app):
    sign_in(page, live_app.url)
    page.goto(f"{live_app.url}/dashboard/inventory/new")
    end_every_session(live_app)
    choose_image(page)
    told = page.locator("#toasts")
    expect(told).to_contain_text("You were signed out.")
    with page.expect_popup() as opened:
        told.get_by_role("link", name="Sign in in a new tab").click()
    fill_in_sign_in(opened.value)
    opened.value.wait_for_url("**/dashboard/inventory")
    choose_image(page)
    expect(told).to_contain_text("Your session has changed")
    choose_image(page)
    expect(page.locator("#image-preview img")).to_be_visible()
