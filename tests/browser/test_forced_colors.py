"""High contrast: what a page says by a color alone is gone, and every state still shows."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.test_image_field import NEW, choose, fill, photo
from tests.browser.test_many_images import CHOOSE, add_products

LIST = "/dashboard/inventory"
MANY = f"{LIST}/images"


@pytest.fixture(params=["light", "dark"])
def contrast(browser: Browser, live_app, request) -> Page:
    """A page whose colors the system forces, as Windows does in its contrast themes."""
    # axe is injected into the page.
    context = browser.new_context(
        forced_colors="active", color_scheme=request.param, bypass_csp=True
    )
    live_app.sign_in(context, live_app.cast.alice)
    yield context.new_page()
    context.close()


def faults(page: Page) -> list[tuple[str, list]]:
    violations = Axe().run(page).response["violations"]
    return [(one["id"], [node["target"] for node in one["nodes"]]) for one in violations]


def test_axe_finds_no_fault_in_form_list_and_many_images(contrast, live_app):
    add_products(live_app, "QX-1", "A-1", "A/1")
    contrast.goto(live_app.url + NEW)
    choose(contrast, photo(width=80, height=60))
    expect(contrast.locator("#image-status")).to_have_text("blue-widget.jpg chosen.")
    found = {"form": faults(contrast)}
    fill(contrast)
    contrast.get_by_role("button", name="Save", exact=True).click()
    contrast.wait_for_url(f"**{LIST}*")
    contrast.locator("tbody [type=checkbox]").first.check()
    found["list"] = faults(contrast)
    contrast.goto(live_app.url + MANY)
    contrast.evaluate(CHOOSE, {"names": ["QX-1.png", "A_1.png", "lamp.png"], "first": 0})
    expect(contrast.locator("#drop-summary")).to_contain_text("of")
    found["many images"] = faults(contrast)
    assert found == {"form": [], "list": [], "many images": []}


STATES = {
    NEW: [
        ("#image-field", "field => field.classList.add('is-over')"),
        ("#image-progress-bar", "bar => { bar.value = 1; }"),
    ],
    MANY: [
        ("#drop-progress", "bar => { bar.value = bar.max; }"),
        ("#drop-replace", "box => { box.checked = true; }"),
    ],
}
SHOW_ALL = "for (const part of document.querySelectorAll('[hidden]')) part.hidden = false"


@pytest.mark.parametrize("address", STATES)
def test_each_state_shows_without_our_colors(contrast, live_app, address):
    contrast.goto(live_app.url + address)
    contrast.evaluate(SHOW_ALL)
    unseen = [change for part, change in STATES[address] if not is_seen(contrast, part, change)]
    assert unseen == []


def is_seen(page: Page, selector: str, change: str) -> bool:
    """Return whether a change of a part changes its pixels."""
    part = page.locator(selector)
    before = part.screenshot()
    part.evaluate(change)
    return part.screenshot() != before
