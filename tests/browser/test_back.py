"""Back to a form without scripts: what was typed is there again, until one signs out."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_image_field import NEW, fill, save
from tests.conftest import add_product


@pytest.fixture
def browser_context_args(browser_context_args):
    return {**browser_context_args, "java_script_enabled": False}


def expect_typed(page) -> None:
    expect(page.get_by_label("Product name")).to_have_value("Blue widget")


def test_back_after_a_refused_save_and_back_to_it(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    dashboard.get_by_label("Price").fill("much")
    save(dashboard)
    expect(dashboard.locator("#error-summary")).to_be_visible()
    dashboard.go_back()
    expect(dashboard.locator("#error-summary")).to_have_count(0)
    expect_typed(dashboard)
    dashboard.get_by_label("Product name").fill("Red widget")
    save(dashboard)
    dashboard.get_by_role("link", name="Orders").first.click()
    dashboard.go_back()
    expect(dashboard.locator("#error-summary")).to_be_visible()
    expect(dashboard.get_by_label("Product name")).to_have_value("Red widget")


def test_back_after_a_link(live_app, dashboard):
    with live_app.app.app_context():
        product_id = add_product(live_app.cast.acme).id
    for address in (NEW, f"/dashboard/inventory/{product_id}/edit"):
        dashboard.goto(live_app.url + address)
        dashboard.get_by_label("Product name").fill("Blue widget")
        dashboard.get_by_role("link", name="Orders").first.click()
        dashboard.go_back()
        expect_typed(dashboard)


def test_nothing_is_there_after_signing_out(live_app, dashboard):
    dashboard.goto(live_app.url + NEW)
    fill(dashboard)
    dashboard.get_by_role("link", name="Orders").first.click()
    dashboard.get_by_role("button", name="Sign out").first.click()
    dashboard.wait_for_url("**/login*")
    dashboard.go_back()
    dashboard.go_back()
    expect(dashboard.get_by_label("Product name")).to_have_count(0)
    expect(dashboard.get_by_label("Password")).to_be_visible()
