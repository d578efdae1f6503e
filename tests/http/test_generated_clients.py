"""A client that is generated from each OpenAPI document does the main journey of its API."""

import importlib
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from httpx import WSGITransport

from tests.api.conftest import add_key
from tests.conftest import add_product, run_queue
from tests.images.image_files import png


@pytest.fixture
def generated(app, cast, tmp_path, monkeypatch):
    """A function that generates a client; it returns what imports the client's parts by name."""

    def generate(document: str, package: str):
        source = tmp_path / f"{package}.json"
        source.write_bytes(app.test_client().get(document).data)
        said = openapi_python_client(source, tmp_path / package)
        # Whatever it cannot read of a document, it says and leaves out.
        assert "Warning" not in said
        monkeypatch.syspath_prepend(tmp_path)
        return lambda part: importlib.import_module(f"{package}.{part}")

    return generate


def openapi_python_client(source: Path, target: Path) -> str:
    """Generate the client into target and return the generator's output."""
    config = source.with_suffix(".yml")
    config.write_text("post_hooks: []")
    options = ["--meta", "none", "--config", str(config), "--output-path", str(target)]
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "openapi_python_client",
            "generate",
            "--path",
            str(source),
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout + done.stderr


def authenticated(client: ModuleType, app, cast):
    secret = add_key(app, cast.acme, cast.alice)
    transport = {"transport": WSGITransport(app=app)}
    return client.AuthenticatedClient("http://shop.test", secret, httpx_args=transport)


def test_rest_client_makes_a_product_orders_it_and_ships_the_order(app, cast, generated):
    part = generated("/api/v1/openapi.json", "rest_client")
    client, models = authenticated(part("client"), app, cast), part("models")

    def call(tag: str, operation: str, *ids: str, **options):
        return part(f"api.{tag}.{operation}").sync(*ids, client=client, **options)

    new = models.NewProduct(name="Blue Widget", price=12.5, stock=40, sku="BW-1")
    made = call("products", "create_product", body=new).data
    address = "https://cdn.example.com/blue-widget.jpg"
    changes = models.ProductChanges(image_url=address)
    assert call("products", "update_product", made.id, body=changes).data.image_url == address
    [listed] = call("products", "list_products", search="blue").data
    assert (listed.id, listed.price, listed.image_alt) == (made.id, 12.5, None)
    body = models.NewOrder(customer_id="C-1", items=[models.NewItem(made.id, 12)])
    order = call("orders", "create_order", body=body).data
    assert (order.status, order.total) == ("SUBMITTED", 150)
    confirmed = models.OrderChange(models.OrderChangeStatus.CONFIRMED)
    assert (
        call("orders", "update_order_status", order.id, body=confirmed).data.status == "CONFIRMED"
    )
    refused = call(
        "orders", "create_order", body=models.NewOrder("C-1", [models.NewItem(made.id, 99)])
    )
    assert refused.error == "Not enough stock for Blue Widget. Only 28 available."


@pytest.mark.parametrize("version", ["1.0", "v2"])
def test_commerce_client_uploads_an_image_and_assigns_it(app, cast, generated, version):
    part = generated("/commerce/openapi.json", f"commerce_client_{version.replace('.', '_')}")
    client, models, types = authenticated(part("client"), app, cast), part("models"), part("types")
    with app.app_context():
        product_id = add_product(cast.acme, name="Blue Widget", stock=7).id

    def call(operation: str, *ids: str, tag: str = "commerce", **options):
        return part(f"api.{tag}.{operation}").sync(*ids, client=client, **options)

    file = types.File(payload=png(140, 70), file_name="blue-widget.png", mime_type="image/png")
    body = models.UploadProductImageBody(file=file)
    image_id = call("upload_product_image", version, product_id, body=body).image_id
    run_queue(app)
    assert call("get_product_image_status", version, product_id, image_id).status == "READY"
    chosen = models.VariantImage(image_id=image_id)
    part("api.commerce.assign_variant_image").sync_detailed(
        version, product_id, product_id, client=client, body=chosen
    )
    [product] = call("list_products", version).products
    assert product.variants[0].image.alt_text == "blue widget"
    [page] = call("list_store_pages", tag="commerce_stock").store_pages
    assert product.store_page_id == page.id
    [item] = call("list_inventory", tag="commerce_stock").inventory
    assert (item.variant_id, item.quantity) == (product.variants[0].id, 7)


def test_a_document_that_the_generator_cannot_read_is_noticed(app, tmp_path):
    document = app.test_client().get("/api/v1/openapi.json").json
    document["components"]["schemas"]["Product"]["properties"]["name"] = {"type": "array"}
    source = tmp_path / "broken.json"
    source.write_text(json.dumps(document))
    assert "Warning" in openapi_python_client(source, tmp_path / "broken")
