"""The page that documents the API: read and tried under the same strict policy as any other."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.api.conftest import add_key
from tests.conftest import add_product


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """Return the errors of the browser's console, refusals by the policy included."""
    found = []
    page.on("console", lambda message: message.type == "error" and found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    return found


@pytest.fixture
def docs(live_app, page: Page, complaints) -> Page:
    page.goto(f"{live_app.url}/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(10)
    return page


def test_every_request_is_listed_without_a_refusal_of_the_policy(docs, complaints):
    expect(docs.get_by_role("heading", name="Distribu")).to_be_visible()
    assert complaints == []


def test_nothing_is_loaded_from_another_host(live_app, page):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{live_app.url}/api/v1/docs")
    expect(page.locator(".opblock")).to_have_count(10)
    assert [url for url in asked if not url.startswith((live_app.url, "data:", "blob:"))] == []


def test_a_request_is_tried_with_a_key(live_app, docs, complaints):
    secret = add_key(live_app.app, live_app.cast.acme, live_app.cast.alice)
    with live_app.app.app_context():
        add_product(live_app.cast.acme, name="Blue Widget")
    docs.get_by_role("button", name="Authorize").first.click()
    docs.locator(".auth-container input").fill(secret)
    docs.locator(".auth-btn-wrapper button[type=submit]").click()
    docs.locator(".auth-btn-wrapper .btn-done").click()
    request = docs.locator("#operations-Products-listProducts")
    request.locator(".opblock-summary-control").click()
    request.get_by_role("button", name="Try it out").click()
    request.get_by_role("button", name="Execute").click()
    answer = request.locator(".live-responses-table")
    expect(answer.locator(".response-col_status").last).to_contain_text("200")
    expect(answer).to_contain_text("Blue Widget")
    assert complaints == []


@pytest.mark.parametrize(("scheme", "is_dark"), [("light", False), ("dark", True)])
@pytest.mark.parametrize("address", ["/api/v1/docs", "/commerce/docs"])
def test_text_is_readable_in_either_color_scheme(live_app, page, scheme, is_dark, address):
    page.emulate_media(color_scheme=scheme)
    page.goto(live_app.url + address)
    shown = page.locator(".info .title, .info p, .opblock-summary-path, .ways a")
    expect(page.locator(".opblock").first).to_be_visible()
    ground = luminance(
        page.locator("body").evaluate("one => getComputedStyle(one).backgroundColor")
    )
    assert (ground < 0.2) is is_dark
    colors = shown.evaluate_all("all => all.map(one => getComputedStyle(one).color)")
    assert len(colors) > 10
    assert [color for color in colors if contrast(luminance(color), ground) < 4.5] == []


@pytest.mark.parametrize("address", ["/api/v1/docs", "/commerce/docs"])
def test_no_address_of_the_description_is_wider_than_a_phone(live_app, page, address):
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(live_app.url + address)
    shown = page.locator(".info code")
    expect(shown.first).to_be_visible()
    ends = shown.evaluate_all("all => all.map(one => one.getBoundingClientRect().right)")
    assert max(ends) <= 360


def luminance(color: str) -> float:
    """The relative luminance of a computed color, as WCAG defines it."""
    channels = [int(one) / 255 for one in re.findall(r"\d+", color)[:3]]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: float, other: float) -> float:
    low, high = sorted((one, other))
    return (high + 0.05) / (low + 0.05)
