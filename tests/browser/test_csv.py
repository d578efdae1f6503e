"""A CSV import as merchants do it: a file with an error, columns, preview, Import; scripts off."""

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Product
from tests.browser.conftest import LiveApp
from tests.conftest import add_product, run_queue
from tests.imports import add_image

IMPORT = "/dashboard/inventory/import"


def choose(page: Page, live_app: LiveApp, text: str) -> None:
    """Choose a file in the inventory's import, and upload it."""
    page.goto(f"{live_app.url}/dashboard/inventory")
    page.get_by_role("link", name="Import CSV").click()
    file = {"name": "products.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Upload and preview").click()


def skus(live_app: LiveApp) -> set[str]:
    with live_app.app.app_context():
        return set(db.session.scalars(select(Product.sku)))


def test_from_an_error_over_the_columns_to_the_products(dashboard, live_app):
    with live_app.app.app_context():
        add_image(add_product(live_app.cast.acme, sku="A", name="Anchor"))
    choose(dashboard, live_app, "Number,Label,Price,Stock,Image\nA,Anchor,x,1,\n")
    question = dashboard.get_by_role("alert").filter(
        has_text="Choose the columns for SKU and name."
    )
    expect(question).to_be_focused()
    dashboard.get_by_label("A · Number").select_option("sku")
    dashboard.get_by_label("B · Label").select_option("name")
    dashboard.get_by_role("button", name="Use these columns").click()
    row = dashboard.get_by_role("row", name="2 A C · Price x Price must be a number.")
    expect(row).to_be_visible()
    expect(dashboard.get_by_role("button", name="Import", exact=True)).to_have_count(0)
    with dashboard.expect_download() as download:
        dashboard.get_by_role("link", name="Download the failing rows").click()
    assert ",Price must be a number." in download.value.path().read_text("utf-8-sig")

    choose(dashboard, live_app, "sku,name,price,stock,image\nA,Anchor,2,1,\nB,Bolt,1,1,\n")
    expect(dashboard.get_by_role("heading", name="What will change")).to_be_visible()
    images = dashboard.get_by_role("region", name="Images that are replaced or deleted")
    lost = images.get_by_role("row", name="Anchor A")
    expect(lost).to_contain_text("Deleted")
    assert lost.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    dashboard.get_by_role("button", name="Import", exact=True).click()
    expect(dashboard.get_by_text("Waiting to start")).to_be_visible()
    run_queue(live_app.app)
    expect(dashboard.get_by_role("heading", name="Imported")).to_be_visible()
    dashboard.get_by_role("link", name="Go to Inventory").click()
    expect(dashboard.get_by_role("link", name="Bolt")).to_be_visible()
    assert skus(live_app) == {"A", "B"}


def test_a_change_meanwhile_brings_the_preview_back(dashboard, live_app):
    choose(dashboard, live_app, "sku,name,price,stock\nA,Anchor,2,1\n")
    expect(dashboard.get_by_role("button", name="Import", exact=True)).to_be_visible()
    with live_app.app.app_context():
        add_product(live_app.cast.acme, sku="A", name="Typed meanwhile")
    dashboard.get_by_role("button", name="Import", exact=True).click()
    expect(dashboard.get_by_text("Waiting to start")).to_be_visible()
    run_queue(live_app.app)
    problem = dashboard.get_by_role("alert").filter(has_text="Products changed after the preview")
    expect(problem).to_be_focused()
    expect(dashboard.get_by_role("button", name="Import", exact=True)).to_be_visible()


class TestWithoutScripts:
    @pytest.fixture
    def browser_context_args(self, browser_context_args):
        return {**browser_context_args, "java_script_enabled": False}

    def test_works(self, dashboard, live_app):
        choose(dashboard, live_app, "sku;name;price;stock\nA;Anchor;2,50;1\n")
        dashboard.get_by_role("button", name="Import", exact=True).click()
        run_queue(live_app.app)
        dashboard.get_by_role("link", name="Check progress").click()
        expect(dashboard.get_by_role("heading", name="Imported")).to_be_visible()
        assert skus(live_app) == {"A"}
