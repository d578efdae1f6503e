"""The storefront in a browser: nothing moves, nothing is too large, nothing needs a script."""

import io
from dataclasses import dataclass

import pytest
from flask import Flask
from PIL import Image as Canvas
from playwright.sync_api import expect
from werkzeug.datastructures import FileStorage

from distribu.extensions import db, store
from distribu.images import attachment, processing, staging
from distribu.models import Image
from tests.conftest import add_product

WATCH_SHIFTS = """
    window.shifts = [];
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries())
        if (!entry.hadRecentInput) window.shifts.push(entry.value);
    }).observe({ type: "layout-shift", buffered: true });
"""
# How wide each image is drawn, in parts of what its sizes attribute promised.
PARTS_OF_SIZES = """
    Array.from(document.querySelectorAll("picture"), (image) => {
      const probe = document.createElement("img");
      document.body.append(probe);
      const sizes = image.querySelector("source").sizes.split(/,(?![^(]*\\))/);
      const condition = /^\\s*(\\([^)]*\\))\\s/;
      const fits = (size) => !condition.test(size) || matchMedia(size.match(condition)[1]).matches;
      probe.style.cssText = "position:absolute;height:1px;max-width:none;width:"
        + sizes.find(fits).replace(condition, "");
      const promised = probe.getBoundingClientRect().width;
      probe.remove();
      return image.querySelector("img").getBoundingClientRect().width / promised;
    })
"""


def photo(size: tuple[int, int]) -> FileStorage:
    file = io.BytesIO()
    Canvas.linear_gradient("L").resize(size).convert("RGB").save(file, "JPEG")
    file.seek(0)
    return FileStorage(file, filename="photo.jpg")


def add_image(company_id: str, product_id: str, size: tuple[int, int]) -> None:
    image_id = staging.stage(company_id, photo(size)).id
    attachment.attach(attachment.lock_product(product_id, company_id), image_id)
    db.session.commit()
    processing.process(image_id)


@dataclass(frozen=True)
class Shop:
    """A storefront as a browser reaches it: the address of its catalog, and of a product."""

    app: Flask
    addresses: list[str]


@pytest.fixture
def shop(live_app):
    """Acme with 30 products, of which three have images; the first one has two."""
    with live_app.app.app_context():
        acme = live_app.cast.acme
        products = [
            add_product(
                acme,
                name=f"Widget {number:02}",
                sku=f"W-{number}",
                category=("Tools", "Garden")[number % 2],
                description="What a widget does, told in a few words. " * 4,
                stock=number,
            ).id
            for number in range(30)
        ]
        for number, size in enumerate(((800, 600), (600, 800), (900, 300))):
            add_image(acme, products[number], size)
        add_image(acme, products[0], (700, 700))
    store_url = f"{live_app.url}/store/acme"
    return Shop(live_app.app, [f"{store_url}/catalog", f"{store_url}/products/{products[0]}"])


@pytest.fixture
def shopper(page):
    """A page that notes what moves and what is complained about."""
    page.complaints = []
    page.on("console", lambda message: page.complaints.append(message.text))
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.add_init_script(WATCH_SHIFTS)
    return page


@pytest.mark.parametrize("width_px", [360, 768, 1280])
@pytest.mark.parametrize("kind", [0, 1], ids=["catalog", "product"])
def test_nothing_moves_while_a_page_loads(shop, shopper, kind, width_px):
    shopper.set_viewport_size({"width": width_px, "height": 900})
    shopper.goto(shop.addresses[kind], wait_until="networkidle")
    shopper.mouse.wheel(0, 3000)
    shopper.wait_for_load_state("networkidle")
    assert shopper.evaluate("window.shifts") == []


@pytest.mark.parametrize("width_px", [360, 600, 768, 1024, 1280])
@pytest.mark.parametrize("kind", [0, 1], ids=["catalog", "product"])
def test_sizes_are_what_the_style_sheet_makes(shop, shopper, kind, width_px):
    shopper.set_viewport_size({"width": width_px, "height": 900})
    shopper.goto(shop.addresses[kind])
    parts = shopper.evaluate(PARTS_OF_SIZES)
    assert len(parts) == 3
    assert all(0.9 <= part <= 1.005 for part in parts), parts


@pytest.mark.parametrize("width_px", [360, 768, 1280])
@pytest.mark.parametrize("kind", [0, 1], ids=["catalog", "product"])
def test_no_page_is_wider_than_the_window(shop, shopper, kind, width_px):
    shopper.set_viewport_size({"width": width_px, "height": 900})
    shopper.goto(shop.addresses[kind])
    assert shopper.evaluate("document.documentElement.scrollWidth") <= width_px


@pytest.mark.parametrize("kind", [0, 1], ids=["catalog", "product"])
def test_no_page_breaks_its_own_policy(shop, shopper, kind):
    shopper.goto(shop.addresses[kind], wait_until="networkidle")
    assert shopper.complaints == []


def test_catalog_loads_the_small_avif(shop, shopper):
    shopper.set_viewport_size({"width": 1280, "height": 900})
    shopper.goto(shop.addresses[0], wait_until="networkidle")
    shown = shopper.locator("picture img").first.evaluate("(img) => img.currentSrc")
    assert shown.endswith("/v2/300w.avif")


def test_search_answers_while_typing_and_keeps_the_address(shop, shopper):
    shopper.goto(shop.addresses[0])
    field = shopper.get_by_role("searchbox")
    field.press_sequentially("W-17")
    expect(shopper.locator(".card")).to_have_count(1)
    expect(field).to_be_focused()
    expect(shopper).to_have_url(f"{shop.addresses[0]}?q=W-17&sort=name")


def test_search_works_without_scripts(shop, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shop.addresses[0])
    page.get_by_role("searchbox").fill("W-17")
    page.get_by_role("searchbox").press("Enter")
    assert page.locator(".card").count() == 1
    page.get_by_label("Sort by").select_option("-name")
    page.get_by_role("searchbox").fill("")
    page.get_by_role("button", name="Search").click()
    assert page.locator(".card h2").first.inner_text() == "Widget 29"
    context.close()


def test_gallery_works_without_scripts(shop, browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(shop.addresses[1])
    before = page.locator(".stage img").get_attribute("src")
    page.get_by_role("link", name="Image 2 of 2").click()
    assert page.locator(".stage img").get_attribute("src") != before
    context.close()


def test_a_card_is_reached_and_opened_by_keyboard(shop, shopper):
    shopper.goto(shop.addresses[0])
    link = shopper.get_by_role("link", name="Widget 00")
    shopper.get_by_role("link", name="Tools").focus()
    shopper.keyboard.press("Tab")
    expect(link).to_be_focused()
    shopper.keyboard.press("Enter")
    expect(shopper).to_have_url(shop.addresses[1])
    expect(shopper.get_by_role("heading", level=1)).to_have_text("Widget 00")


def test_a_lost_file_becomes_the_tile(shop, shopper):
    with shop.app.app_context():
        for image in db.session.query(Image):
            store.delete_prefix(image.prefix)
    shopper.goto(shop.addresses[1], wait_until="networkidle")
    expect(shopper.locator(".stage .tile-letter")).to_have_text("W")
    assert shopper.evaluate("window.shifts") == []
