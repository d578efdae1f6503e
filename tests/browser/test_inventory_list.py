"""The inventory list in a browser: choosing rows, images opened large, files dropped on a row."""

import base64
import os
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.datastructures import FileStorage

from distribu.extensions import db
from distribu.images import attachment, staging
from distribu.images.decoding.policies import MERCHANT
from distribu.models import Product
from tests.conftest import add_product
from tests.images.image_files import jpeg, png

LIST = "/dashboard/inventory"
WIDTHS = [360, 1280]


@pytest.fixture
def shop(live_app) -> dict[str, str]:
    """Four products by name, two with an image; returns their ids."""
    with live_app.app.app_context():
        acme = live_app.cast.acme
        for name, values in {
            "Anchor": {"category": "Boats", "stock": 4, "sku": "A-1"},
            "Bolt": {"category": "Parts", "stock": 0, "sku": "B-1"},
            "Cable": {"category": "Parts", "is_active": False},
            "Drill": {"stock": 40, "price_minor": 129900},
        }.items():
            add_product(acme, name=name, **values)
        for name, file in {"Anchor": jpeg(900, 600), "Drill": png(400, 400)}.items():
            product = db.session.query(Product).filter_by(name=name).one()
            add_published(product.id, acme, file)
        return dict(db.session.query(Product.name, Product.id).all())


def add_published(product_id: str, company_id: str, file: BytesIO) -> None:
    """The product shows the file, as after a Save."""
    image = staging.stage(company_id, FileStorage(file, "photo of it.jpg"), MERCHANT)
    product = attachment.lock_product(product_id, company_id)
    attachment.replace(product, image.id)
    db.session.commit()


@pytest.fixture
def inventory(live_app, dashboard, shop) -> Page:
    dashboard.goto(live_app.url + LIST)
    return dashboard


def look(page: Page, name: str) -> None:
    """Keep a screenshot where DISTRIBU_SCREENSHOTS names a folder for them."""
    if folder := os.environ.get("DISTRIBU_SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_rows_are_chosen_by_the_page_and_by_a_range(inventory):
    chosen = inventory.locator("#chosen")
    inventory.get_by_label("Choose every product of this page").check()
    expect(chosen).to_have_text("4 products chosen:")
    inventory.get_by_label("Choose every product of this page").uncheck()
    inventory.get_by_label("Choose Anchor").check()
    expect(chosen).to_have_text("1 product chosen:")
    inventory.get_by_label("Choose Cable").click(modifiers=["Shift"])
    expect(chosen).to_have_text("3 products chosen:")
    inventory.get_by_label("All 4 of this list").check()
    expect(chosen).to_have_text("All chosen:")


def change_the_first_two(page: Page) -> None:
    for name in ("Anchor", "Bolt"):
        page.get_by_label(f"Choose {name}").check()
    page.get_by_role("button", name="Remove images").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Remove the images of 2 products?")
    expect(page.locator(".going")).to_contain_text("photo of it.jpg")
    page.get_by_role("button", name="Remove images").click()
    expect(page.get_by_text("1 product was left without images.")).to_be_visible()


def test_chosen_rows_are_changed_after_one_question(inventory):
    change_the_first_two(inventory)


def test_without_javascript_all_of_it_works(browser, live_app, shop):
    context = browser.new_context(java_script_enabled=False)
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(live_app.url + LIST)
    expect(page.get_by_label("Choose every product of this page")).to_be_hidden()
    page.get_by_role("link", name="Enlarge the image of Drill").click()
    page.wait_for_url("**/images/**")
    page.go_back()
    change_the_first_two(page)
    page.get_by_role("link", name="3 products have no image").click()
    expect(page.locator("tbody tr")).to_have_count(3)
    page.get_by_label("Sort by").select_option("-name")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("td.main").first).to_have_text("Cable")
    context.close()


def test_an_image_opens_and_the_arrows_go_on_by_keyboard_alone(inventory):
    thumbnail = inventory.get_by_role("link", name="Enlarge the image of Anchor")
    thumbnail.focus()
    inventory.keyboard.press("Enter")
    dialog = inventory.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Anchor")).to_be_visible()
    expect(dialog).to_contain_text("900 × 600 px")
    expect(dialog.locator("#large-place")).to_have_text("1 of 2")
    inventory.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading", name="Drill")).to_be_visible()
    inventory.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("heading", name="Anchor")).to_be_visible()
    inventory.keyboard.press("ArrowLeft")
    expect(dialog.get_by_role("heading", name="Drill")).to_be_visible()
    inventory.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(inventory.get_by_role("link", name="Enlarge the image of Drill")).to_be_focused()


def drop(page: Page, product: str, name: str, content: bytes, count: int = 1) -> None:
    """Let go of files above the thumbnail of a product."""
    row = page.get_by_role("row", name=product)
    data = page.evaluate_handle(
        """([name, content, count]) => {
            const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
            const data = new DataTransfer();
            for (let number = 0; number < count; number += 1) {
                data.items.add(new File([bytes], name, { type: "image/jpeg" }));
            }
            return data;
        }""",
        [name, base64.b64encode(content).decode(), count],
    )
    for event in ("dragover", "drop"):
        row.locator(".cell-image").dispatch_event(event, {"dataTransfer": data})


def test_a_file_dropped_on_a_thumbnail_opens_the_form_of_its_row(inventory, shop):
    drop(inventory, "Cable", "cable.jpg", jpeg(800, 600).getvalue())
    inventory.wait_for_url(f"**/{shop['Cable']}/edit")
    expect(inventory.locator("#image-field")).to_contain_text("cable.jpg · 800 × 600 px")
    expect(inventory.get_by_label("Active")).not_to_be_checked()
    inventory.get_by_role("button", name="Save changes").click()
    inventory.wait_for_url(f"**{LIST}#product-{shop['Cable']}")
    expect(inventory.get_by_role("link", name="Enlarge the image of Cable")).to_be_visible()


@pytest.mark.parametrize(
    ("size", "count", "said"),
    [(5 * 1024 * 1024 + 1, 1, "Maximum size is 5 MB"), (9, 2, "Drop one image at a time.")],
)
def test_what_cannot_be_taken_is_said_and_the_list_stays(inventory, size, count, said):
    drop(inventory, "Bolt", "bolt.jpg", bytes(size), count)
    expect(inventory.locator("#toasts")).to_contain_text(said)
    expect(inventory.get_by_role("heading", name="Inventory")).to_be_visible()


def test_save_and_next_goes_on_with_what_was_typed(inventory, shop):
    inventory.get_by_role("link", name="No alt text").click()
    inventory.get_by_role("link", name="Anchor", exact=True).click()
    inventory.get_by_label("Alt text").fill("An anchor")
    inventory.get_by_role("button", name="Save and next").click()
    inventory.wait_for_url(f"**/{shop['Drill']}/edit?**")
    inventory.get_by_label("Alt text").fill("A drill")
    inventory.get_by_role("button", name="Save and next").click()
    inventory.wait_for_url(f"**{LIST}?only=without-alt**")
    expect(inventory.get_by_text("That was the last product in this list.")).to_be_visible()
    expect(inventory.get_by_role("heading", name="Nothing matches")).to_be_visible()


def faults(page: Page) -> list:
    found = Axe().run(page).response["violations"]
    return [(one["id"], one["nodes"][0]["target"]) for one in found]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width_px", WIDTHS)
def test_axe_finds_no_fault(browser: Browser, live_app, shop, scheme, width_px):
    context = browser.new_context(
        viewport={"width": width_px, "height": 900},
        color_scheme=scheme,
        bypass_csp=True,  # axe is injected into the page
        reduced_motion="reduce",
    )
    live_app.sign_in(context, live_app.cast.alice)
    page = context.new_page()
    page.goto(live_app.url + LIST)
    page.get_by_label("Choose Anchor").check()
    look(page, f"list-{scheme}-{width_px}")
    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") == width_px
    page.get_by_role("link", name="Enlarge the image of Anchor").click()
    expect(page.get_by_role("dialog").get_by_role("heading", name="Anchor")).to_be_visible()
    look(page, f"large-{scheme}-{width_px}")
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete 1 product?")).to_be_visible()
    look(page, f"delete-{scheme}-{width_px}")
    assert faults(page) == []
    page.goto(f"{live_app.url}{LIST}?category=Parts")
    page.get_by_role("button", name="Rename this category…").click()
    expect(page.get_by_label("New name")).to_have_value("Parts")
    look(page, f"rename-{scheme}-{width_px}")
    assert faults(page) == []
    context.close()
