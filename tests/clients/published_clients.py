"""Clients that were published for Squarespace's Commerce API, with another base URL alone.

make clients runs it; a client whose language or package is missing is
skipped. CLIENTS_GOCOMMERCE and CLIENTS_SQUARESPACE_API name a folder with
the source of one of them, to be used in place of the published package.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from distribu.extensions import db
from distribu.models import Product
from tests.images.image_files import png
from tests.serving.front import Shop, serving_shop

FOLDER = Path(__file__).parent
# github.com/j-low/gocommerce, and the gem of cdragon1116/squarespace_api.
GO_MODULE = "github.com/j-low/gocommerce"
GO_VERSION = "5a06b3e1ebb4b1c85d67ce239c117530f75c9092"
GEM_VERSION = "1.0.1"
PATIENCE_SECONDS = 300

# More than a page.
MANY = 60
SIZE = {"width": 140, "height": 70}

ELSEWHERE = "/api/v1/docs"
REFUSED_IN_GO = [
    "CreateProduct",
    "UpdateProduct",
    "DeleteProduct",
    "CreateProductVariant",
    "UpdateProductVariant",
    "DeleteProductVariant",
    "AdjustStockQuantities",
]
REFUSED_IN_RUBY = [
    "products.create",
    "products.update",
    "products.delete",
    "product_variants.create",
    "product_variants.update",
    "product_variants.delete",
    "inventory_adjustments.create",
]


def run(command: list, folder: Path, **variables: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )


def first_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[0]


@pytest.fixture(scope="module")
def shop(tmp_path_factory, migrated_sqlite) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    with serving_shop(folder, migrated_sqlite) as shop:
        yield shop


@pytest.fixture(scope="module")
def outcomes_of(shop, tmp_path_factory):
    """A function that runs a command against new products of the shop.

    It returns the ids of two of them, and for each call what the client
    returned and what it raised.
    """

    def outcomes_of(command: list, folder: Path, **variables: str) -> tuple[list[str], dict]:
        ids, files = add_products(shop), tmp_path_factory.mktemp("files")
        names = [files / "first side.png", files / "second-side.png"]
        for name, height in zip(names, (70, 80), strict=True):
            name.write_bytes(png(140, height).getvalue())
        asked = {"URL": shop.url, "KEY": shop.key, "PRODUCTS": ",".join(ids)}
        asked["FILES"] = ",".join(map(str, names))
        known = {f"CLIENT_{name}": value for name, value in asked.items()}
        done = run(command, folder, **known, **variables)
        assert done.returncode == 0, done.stderr
        return ids, json.loads(done.stdout)

    return outcomes_of


def add_products(shop: Shop) -> list[str]:
    """The ids of two of many new products of Acme."""
    with shop.app.app_context():
        new = [
            Product(company_id=shop.cast.acme, name=f"Mug {number}", price_minor=999, stock=7)
            for number in range(MANY)
        ]
        db.session.add_all(new)
        db.session.commit()
        ids = [product.id for product in new[:2]]
        db.engine.dispose()
    return ids


@pytest.fixture(scope="module")
def go(outcomes_of, tmp_path_factory) -> tuple[list[str], dict]:
    if shutil.which("go") is None:
        pytest.skip("Go is missing: see go.dev/doc/install.")
    folder = tmp_path_factory.mktemp("go")
    shutil.copy(FOLDER / "gocommerce.go", folder / "main.go")
    (folder / "go.mod").write_text("module clients\n\ngo 1.22.2\n")
    if source := os.environ.get("CLIENTS_GOCOMMERCE"):
        run(["go", "mod", "edit", f"-require={GO_MODULE}@v0.0.0"], folder)
        run(["go", "mod", "edit", f"-replace={GO_MODULE}={Path(source).resolve()}"], folder)
    else:
        got = run(["go", "get", f"{GO_MODULE}@{GO_VERSION}"], folder)
        if got.returncode:
            pytest.skip(f"{GO_MODULE} cannot be got: {first_line(got.stderr)}")
    tidied = run(["go", "mod", "tidy"], folder)
    assert tidied.returncode == 0, tidied.stderr
    built = run(["go", "build", "-o", "client", "."], folder)
    assert built.returncode == 0, built.stderr
    return outcomes_of([folder / "client"], folder)


@pytest.fixture(scope="module")
def ruby(outcomes_of) -> tuple[list[str], dict]:
    if shutil.which("ruby") is None:
        pytest.skip("Ruby is missing: install ruby.")
    source = Path(os.environ.get("CLIENTS_SQUARESPACE_API", FOLDER))
    library = {"RUBYLIB": str(source.resolve() / "lib")} if source != FOLDER else {}
    gem = [] if library else ["-e", f"gem 'squarespace_api', '{GEM_VERSION}'"]
    found = run(["ruby", *gem, "-e", "require 'squarespace_api'"], source, **library)
    if found.returncode:
        advice = f"gem install squarespace_api -v {GEM_VERSION}"
        pytest.skip(f"squarespace_api cannot be loaded ({advice}): {first_line(found.stderr)}")
    # An early version looks for its own files from the folder that it is in.
    return outcomes_of(["ruby", FOLDER / "squarespace_api.rb"], source, **library)


def answer(outcomes: dict, call: str):
    """Return the result of the call, or fail with the error that it raised."""
    assert outcomes[call]["error"] == ""
    return outcomes[call]["answer"]


class TestGo:
    def test_it_reads_products(self, go):
        ids, outcomes = go
        first = answer(outcomes, "RetrieveAllProducts")
        assert len(first["products"]) == 50
        assert first["pagination"]["hasNextPage"] is True
        second = answer(outcomes, "RetrieveAllProducts, next page")["products"]
        assert {one["id"] for one in second}.isdisjoint(one["id"] for one in first["products"])
        assert not answer(outcomes, "RetrieveAllProducts, of a day")["products"]
        read = answer(outcomes, "RetrieveSpecificProducts")["products"]
        assert [one["id"] for one in read] == ids
        price = {"currency": "USD", "value": "9.99"}
        assert read[0]["variants"][0]["pricing"] == {"basePrice": price, "salePrice": price}
        assert read[0]["variants"][0]["stock"] == {"quantity": 7}

    def test_it_reads_the_store_page_and_inventory(self, go):
        ids, outcomes = go
        [page] = answer(outcomes, "RetrieveAllStorePages")["storePages"]
        [read, _] = answer(outcomes, "RetrieveSpecificProducts")["products"]
        assert (page["id"], page["isEnabled"]) == (read["storePageId"], True)
        assert answer(outcomes, "RetrieveAllInventory")["pagination"]["hasNextPage"] is True
        items = answer(outcomes, "RetrieveSpecificInventory")["inventory"]
        assert [(one["variantId"], one["quantity"]) for one in items] == [(one, 7) for one in ids]

    def test_it_reads_an_error(self, go):
        error = go[1]["RetrieveSpecificProducts, missing"]["error"]
        kind = "status: 404, type: INVALID_REQUEST_ERROR, subtype: INVALID_ARGUMENT"
        sentence = "One or more of the specified products were not found."
        assert error.endswith(f"{kind}, message: {sentence}")

    def test_it_uploads_and_changes_images(self, go):
        _, outcomes = go
        uploads = ["UploadProductImage", "UploadProductImage, second"]
        first, second = (answer(outcomes, name)["imageId"] for name in uploads)
        assert answer(outcomes, "GetProductImageUploadStatus") == {"status": "READY"}
        described = answer(outcomes, "UpdateProductImage")
        assert (described["altText"], described["originalSize"]) == ("From Go", SIZE)
        assert answer(outcomes, "ReorderProductImage, to the top") == 204
        assert answer(outcomes, "ReorderProductImage") == 204
        [shown] = answer(outcomes, "RetrieveSpecificProducts, with images")["products"]
        assert [image["id"] for image in shown["images"]] == [first, second]
        assert answer(outcomes, "DeleteProductImage") == 204

    def test_it_assigns_an_image_to_the_variant(self, go, shop):
        ids, outcomes = go
        assert answer(outcomes, "AssignProductImageToVariant") == 204
        first = answer(outcomes, "UploadProductImage")["imageId"]
        assert variant_image(shop, ids[0]) == first

    @pytest.mark.parametrize("call", REFUSED_IN_GO)
    def test_it_is_told_where_products_and_stock_are_changed(self, go, shop, call):
        error = go[1][call]["error"]
        assert "status: 405, type: METHOD_NOT_ALLOWED" in error
        assert error.endswith(shop.url + ELSEWHERE)

    def test_no_other_call_fails(self, go):
        failed = {call for call, outcome in go[1].items() if outcome["error"]}
        assert failed == {*REFUSED_IN_GO, "RetrieveSpecificProducts, missing"}


class TestRuby:
    def test_it_reads_products(self, ruby):
        ids, outcomes = ruby
        assert len(answer(outcomes, "products.all")) == 50
        every = [one["id"] for one in answer(outcomes, "products.all, every page")]
        assert set(ids) < set(every)
        assert len(every) == len(set(every)) > MANY
        assert answer(outcomes, "products.where") == []
        assert [one["id"] for one in answer(outcomes, "products.find_by_ids")] == ids

    def test_it_reads_the_store_page_inventory_and_the_website(self, ruby, shop):
        ids, outcomes = ruby
        [page] = answer(outcomes, "store_pages.all")
        assert page["id"] == answer(outcomes, "products.find_by_ids")[0]["storePageId"]
        assert len(answer(outcomes, "inventory.all")) == 50
        items = answer(outcomes, "inventory.find_by_ids")
        assert [(one["variantId"], one["quantity"]) for one in items] == [(one, 7) for one in ids]
        assert answer(outcomes, "website")["id"] == shop.cast.acme

    def test_it_reads_errors(self, ruby):
        missing = ruby[1]["products.find_by_ids, missing"]["error"]
        sentence = "One or more of the specified products were not found."
        assert missing == f"SquarespaceApi::Errors::NotFound: {sentence}"
        # It asks for every product with a parameter that the protocol does not have.
        unknown = ruby[1]["products.find"]["error"]
        assert unknown == "SquarespaceApi::Errors::BadRequest: id: Unknown field."

    def test_it_uploads_and_changes_images(self, ruby):
        _, outcomes = ruby
        uploads = ["product_images.upload", "product_images.upload, second"]
        first, second = (answer(outcomes, name)["imageId"] for name in uploads)
        assert answer(outcomes, "product_images.status") == {"status": "READY"}
        answer(outcomes, "product_images.order, to the top")
        answer(outcomes, "product_images.order, after")
        [shown] = answer(outcomes, "products.find_by_ids, with images")
        assert [image["id"] for image in shown["images"]] == [first, second]
        assert shown["images"][0]["altText"] == "From Ruby"
        answer(outcomes, "product_images.delete")

    def test_it_assigns_an_image_to_the_variant(self, ruby, shop):
        ids, outcomes = ruby
        answer(outcomes, "product_variant_images.create")
        first = answer(outcomes, "product_images.upload")["imageId"]
        assert variant_image(shop, ids[0]) == first

    @pytest.mark.parametrize("call", REFUSED_IN_RUBY)
    def test_it_is_told_where_products_and_stock_are_changed(self, ruby, shop, call):
        error = ruby[1][call]["error"]
        assert error.startswith("SquarespaceApi::Errors::MethodNotAllowed: This API does not")
        assert error.endswith(shop.url + ELSEWHERE)

    def test_no_other_call_fails(self, ruby):
        failed = {call for call, outcome in ruby[1].items() if outcome["error"]}
        assert failed == {*REFUSED_IN_RUBY, "products.find_by_ids, missing", "products.find"}


def variant_image(shop: Shop, product_id: str) -> str:
    """The id of the image that is shown with the product's variant."""
    bearer = {"Authorization": f"Bearer {shop.key}"}
    read = shop.ask(f"/1.0/commerce/products/{product_id}", headers=bearer).json()
    return read["products"][0]["variants"][0]["image"]["id"]
