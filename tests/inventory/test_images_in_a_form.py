"""Many images without JavaScript: one form, the table of what arrived, and its Save."""

import re
from io import BytesIO

import pytest
from werkzeug.datastructures import FileStorage

from distribu.extensions import db
from distribu.models import Image, Product
from tests.conftest import add_product
from tests.inventory.test_many_images import png
from tests.inventory.test_product_form import multipart

FORM = "multipart/form-data; boundary=b"
PAGE = "/dashboard/inventory/images"


@pytest.fixture
def products(app, cast):
    with app.app_context():
        return {
            sku: add_product(cast.acme, sku=sku, name=f"Board {sku}").id for sku in ("A1", "B2")
        }


def send(client, *files):
    """Post files, each a name and its bytes."""
    images = [FileStorage(BytesIO(content), name) for name, content in files]
    return client.post(PAGE, **multipart({"images": images}))


def form_of(page: str) -> dict:
    """The fields of the table that came back."""
    fields = re.findall(r'<input type="(?:hidden|text)"[^>]*? name="([^"]+)" value="([^"]*)"', page)
    texts = re.findall(r'<input type="text" id="[^"]+" name="([^"]+)" value="([^"]*)"', page)
    wanted = [pair for pair in [*fields, *texts] if pair[0].startswith(("sku-", "seen-"))]
    ids = re.findall(r'name="image_id" value="([^"]+)"', page)
    return {name: value.replace("&#34;", '"') for name, value in wanted} | {"image_id": ids}


def images(app) -> dict[str, str | None]:
    """The SKU of each image's product by the image's filename; None while it is staged."""
    with app.app_context():
        rows = db.session.query(Image.filename, Product.sku).outerjoin(
            Product, Image.product_id == Product.id
        )
        return dict(rows.all())


def test_table_shows_what_arrived_and_writes_nothing(app, alice, products):
    page = send(alice, ("A1.png", png(40, 30)), ("lamp.png", png(41, 30)), ("b.heic", b"x"))
    assert page.status_code == 422
    assert "b.heic: " in page.text
    assert "Board A1" in page.text
    assert images(app) == {"A1.png": None, "lamp.png": None}
    skus = {value for name, value in form_of(page.text).items() if name.startswith("sku-")}
    assert skus == {"A1", ""}


def test_save_applies_the_table(app, alice, products):
    fields = form_of(send(alice, ("A1.png", png(40, 30)), ("lamp.png", png(41, 30))).text)
    [lamp] = [name for name, value in fields.items() if value == "" and name.startswith("sku-")]
    answer = alice.post(f"{PAGE}/apply", data=fields | {lamp: "b2 ".upper()})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/dashboard/inventory")
    assert images(app) == {"A1.png": "A1", "lamp.png": "B2"}


def test_row_without_a_sku_is_left_out(app, alice, products):
    fields = form_of(send(alice, ("A1.png", png(40, 30)), ("lamp.png", png(41, 30))).text)
    alice.post(f"{PAGE}/apply", data=fields)
    assert images(app) == {"A1.png": "A1"}


def test_unknown_sku_comes_back_with_its_image(app, alice, products):
    fields = form_of(send(alice, ("lamp.png", png(41, 30))).text)
    [lamp] = [name for name in fields if name.startswith("sku-")]
    answer = alice.post(f"{PAGE}/apply", data=fields | {lamp: "C3"})
    assert answer.status_code == 422
    assert "No product has the SKU C3." in answer.text
    alice.post(f"{PAGE}/apply", data=form_of(answer.text) | {lamp: "B2"})
    assert images(app) == {"lamp.png": "B2"}


def test_image_that_is_there_stays_unless_it_was_ticked(app, alice, products):
    alice.post(f"{PAGE}/apply", data=form_of(send(alice, ("A1.png", png(40, 30))).text))
    answer = alice.post(f"{PAGE}/apply", data=form_of(send(alice, ("A1.jpg", png(9, 9))).text))
    assert answer.status_code == 422
    assert "has an image now" in answer.text
    alice.post(f"{PAGE}/apply", data=form_of(answer.text) | {"replace": "1"})
    assert images(app) == {"A1.jpg": "A1"}


def test_product_changed_since_is_looked_at_again(app, alice, products):
    fields = form_of(send(alice, ("A1.png", png(40, 30))).text)
    with app.app_context():
        db.session.get(Product, products["A1"]).name = "Another"
        db.session.commit()
    answer = alice.post(f"{PAGE}/apply", data=fields)
    assert "changed in the meantime" in answer.text
    alice.post(f"{PAGE}/apply", data=form_of(answer.text))
    assert images(app) == {"A1.png": "A1"}


def test_same_image_is_not_staged_again(app, alice, products):
    alice.post(f"{PAGE}/apply", data=form_of(send(alice, ("A1.png", png(40, 30))).text))
    page = send(alice, ("A1.png", png(40, 30))).text
    assert "already has this image" in page
    assert images(app) == {"A1.png": "A1"}


def test_twenty_files_are_taken_and_the_limit_is_named(app, alice, products):
    page = send(alice, *[(f"x{number}.png", png(9, 9)) for number in range(21)])
    assert page.status_code == 422
    assert "At most 20 files and 50 MB at a time." in page.text
    assert len(images(app)) == 20


def test_body_over_the_limit_names_it(alice, products):
    answer = alice.post(PAGE, data=bytes(51 * 1024 * 1024), content_type=FORM)
    assert answer.status_code == 413
    assert "too large together. At most 20 files and 50 MB at a time." in answer.text


def test_no_file_at_all_is_said(alice, products):
    assert "Select an image." in send(alice).text


def test_image_of_another_company_is_not_applied(app, alice, mallory, products):
    fields = form_of(send(alice, ("A1.png", png(40, 30))).text)
    mallory.post(f"{PAGE}/apply", data=fields)
    assert images(app) == {"A1.png": None}
