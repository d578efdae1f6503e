"""The page that documents the API: read and tried under the same strict policy as any other."""

import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import add_key
from tests.conftest import add_product


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser's console says is wrong, the policy's refusals among it."""
    found = []
    page.on("console", lambda message: message.type == "error" and found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def docs(live_app, page: Page, complaints) -> Page:
    page.goto(f"{live_app.url}/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(8)
    return page


def test_every_request_is_listed_without_a_refusal_of_the_policy(docs, complaints):
    expect(docs.get_by_role("heading", name="Distribu")).to_be_visible()
    assert complaints == []


def test_nothing_is_loaded_from_another_host(live_app, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_app.url}/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(8)
    assert [url for url in asked if not url.startswith((live_app.url, "data:", "blob:"))] == []


def test_a_request_is_tried_with_a_key(live_app, docs, complaints):
    secret = add_key(live_app.app, live_app.cast.acme, live_app.cast.alice)
    with live_app.app.app_context():
        add_product(live_app.cast.acme, name="Blue Widget")
    docs.get_by_role("button", name="Authorize").first.click()
    docs.locator(".auth-container input").fill(secret)
    docs.locator(".auth-btn-wrapper button[type=submit]").click()
    docs.locator(".auth-btn-wrapper .btn-done").click()
    request = docs.locator("#operations-Products-get_api_v1_products")
    request.locator(".opblock-summary-control").click()
    request.get_by_role("button", name="Try it out").click()
    request.get_by_role("button", name="Execute").click()
    answer = request.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("200")
    expect(answer).to_contain_text("Blue Widget")
    assert complaints == []
