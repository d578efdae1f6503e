"""The links of a saved image that the product form shows."""

import pytest

from distribu.extensions import db
from distribu.models import Product
from tests.conftest import add_product, run_queue
from tests.images.image_files import jpeg, png, webp
from tests.inventory.test_product_form import (
    detached,
    edit_url,
    reloaded,
    saved_image,
    shown,
    staged_id,
)

CURRENT = "http://shop.test/store/acme/products/{id}/image"


@pytest.fixture
def widget(app, cast) -> Product:
    with app.app_context():
        return detached(add_product(cast.acme, name="Widget", stock=10))


def form_with(app, client, product: Product, file) -> str:
    """The form of the product, saved with the image, when all its sizes are made."""
    client.post(edit_url(product), data=shown(product, image_id=staged_id(client, file)))
    run_queue(app)
    return client.get(edit_url(product)).text


def test_the_link_to_the_current_image_leads_there(app, alice, widget):
    page = form_with(app, alice, widget, png(640, 480))
    address = CURRENT.format(id=widget.id)
    assert f'value="{address}"' in page
    answer = alice.get(address.removeprefix("http://shop.test"))
    assert answer.status_code == 302
    assert f"/images/{saved_image(app).id}/" in answer.location


def test_a_webp_has_a_jpeg_link(app, alice, widget):
    page = form_with(app, alice, widget, webp(640, 480))
    with app.app_context():
        address = db.session.get_one(Product, widget.id).image.marketplace_url
    assert address.endswith(".jpg")
    assert f'value="{address}"' in page
    assert alice.get(address.removeprefix("http://shop.test")).mimetype == "image/jpeg"


@pytest.mark.parametrize("file", [jpeg, png])
def test_what_marketplaces_take_has_no_second_one(app, alice, widget, file):
    assert "JPEG link" not in form_with(app, alice, widget, file(640, 480))


def test_an_external_image_has_the_link_to_the_current_one_only(app, alice, cast):
    with app.app_context():
        url = "https://example.com/a.png"
        product = detached(add_product(cast.acme, name="Widget", external_image_url=url))
    page = alice.get(edit_url(product)).text
    assert CURRENT.format(id=product.id) in page
    assert "JPEG link" not in page


def test_an_inactive_product_says_that_the_link_does_not_work_yet(app, alice, widget):
    form_with(app, alice, widget, png(64, 48))
    product = reloaded(app, widget)
    data = shown(product)
    del data["is_active"]
    alice.post(edit_url(product), data=data)
    assert "it works once the product is active" in alice.get(edit_url(product)).text
