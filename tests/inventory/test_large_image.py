"""An image of the list, the picker and the storefront, opened large."""

import re
from io import BytesIO

import pytest

from distribu.extensions import db
from distribu.models import Product
from tests.conftest import add_product
from tests.images.image_files import png
from tests.inventory.test_inventory_filters import EXTERNAL, add_image

LIST, PICKER = "/dashboard/inventory", "/dashboard/orders/new/products"


@pytest.fixture
def hosted(app, cast) -> tuple[str, str]:
    """A product with an image, and the path of that."""
    with app.app_context():
        product = add_product(cast.acme, name="Anchor", stock=5)
        image = add_image(product, alt_text="An anchor of iron", byte_size=2048)
        return product.id, f"/{image.key()}"


@pytest.fixture
def linked(app, cast) -> str:
    with app.app_context():
        return add_product(cast.acme, name="Bolt", stock=5, external_image_url=EXTERNAL).id


def thumbnail(page: str, product_id: str) -> str | None:
    found = re.search(rf'<a class="thumb zoom" href="([^"]+)" data-large="{product_id}"', page)
    return found and found[1]


@pytest.mark.parametrize("address", [LIST, PICKER])
def test_a_thumbnail_is_a_plain_link_to_the_image(alice, hosted, linked, address):
    page = alice.get(address).text
    assert thumbnail(page, hosted[0]) == hosted[1]
    assert thumbnail(page, linked) == EXTERNAL


def test_a_product_without_an_image_has_no_link(app, cast, alice):
    with app.app_context():
        product_id = add_product(cast.acme, stock=1).id
    assert thumbnail(alice.get(LIST).text, product_id) is None


def test_the_image_comes_with_its_facts_link_and_alt_text(alice, hosted):
    fragment = alice.get(f"{LIST}/{hosted[0]}/image").text
    assert "<html" not in fragment
    for shown in ("An anchor of iron", "900 × 900 px", "2 KB", "JPEG", "a.jpg"):
        assert shown in fragment
    assert f'value="http://shop.test{hosted[1]}"' in fragment


def test_a_linked_image_says_where_it_is_from(alice, linked):
    fragment = alice.get(f"{LIST}/{linked}/image").text
    assert "images.example" in fragment
    assert f'value="{EXTERNAL}"' in fragment


def test_an_image_that_is_gone_meanwhile_is_said(app, alice, linked):
    with app.app_context():
        db.session.get_one(Product, linked).external_image_url = None
        db.session.commit()
    assert "no longer has an image" in alice.get(f"{LIST}/{linked}/image").text


def test_the_storefront_opens_the_image_at_its_published_size(nobody, hosted, linked):
    page = nobody.get(f"/store/acme/products/{hosted[0]}").text
    assert f'<a class="stage" href="{hosted[1]}"' in page
    page = nobody.get(f"/store/acme/products/{linked}").text
    assert f'<a class="stage" href="{EXTERNAL}"' in page


def test_the_storefront_opens_no_tile(app, cast, nobody):
    with app.app_context():
        product_id = add_product(cast.acme).id
    assert '<div class="stage">' in nobody.get(f"/store/acme/products/{product_id}").text


@pytest.mark.parametrize(
    ("file", "said"),
    [(png(64, 48), "anchor.png · 64 × 48 px"), (BytesIO(b"no image"), "image-error")],
)
def test_a_dropped_file_opens_the_form_of_its_row(alice, hosted, file, said):
    """Open the form as the list's script does for a file dropped on a thumbnail."""
    fields = {"image_action": "preview", "is_active": "y", "return_to": f"{LIST}?sort=price"}
    data = fields | {"image": (BytesIO(file.getvalue()), "anchor.png")}
    page = alice.post(f"{LIST}/{hosted[0]}/edit", data=data).text
    assert said in page
    assert 'value="Anchor"' in page
    assert re.search(r'name="stock"[^>]*value="5"', page)
    assert re.search(r"<input[^>]*checked[^>]*is_active|is_active[^>]*checked", page)
    assert f'name="return_to" type="hidden" value="{LIST}?sort=price"' in page
