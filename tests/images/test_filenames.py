"""Names of uploaded files as clients of all ages send them, through the dashboard and the API."""

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.forms.image_file import NO_FILENAME
from distribu.images.filenames import last_part, public_name, readable_name, shortened
from distribu.models import Image, Product
from tests.api.conftest import add_key
from tests.commerce.conftest import drawn_image
from tests.conftest import add_product, signed_in

FORM = {"name": "Widget", "sku": "", "unit": "each", "price": "1", "stock": "1", "is_active": "y"}


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("blue.png", "blue.png"),
        (r"C:\Users\ann\My images\blue.png", "blue.png"),
        (r"\\server\share\blue.png", "blue.png"),
        ("C:blue.png", "blue.png"),
        ("/home/ann/blue.png", "blue.png"),
        (r"..\../blue.png", "blue.png"),
        ("blue%0D%0Avase.png", "blue  vase.png"),
        ("blue\r\nvase.png", "blue  vase.png"),
        ("a:b.png", "b.png"),
        ("12:30.png", "12:30.png"),
        ("C:\\dir\\", ""),
        ("", ""),
    ],
)
def test_only_the_last_part_of_a_path_counts(sent, name):
    assert last_part(sent) == name


def test_every_name_is_made_of_the_last_part():
    sent = r"C:\Users\ann\blue_vase.png"
    assert shortened(sent) == "blue_vase.png"
    assert readable_name(sent) == "blue vase"
    assert public_name(sent, "PNG") == "blue-vase.png"


@pytest.mark.parametrize("sent", ["", "C:\\", "\r\n", "/"])
def test_a_file_without_a_name_is_called_image(sent):
    assert (shortened(sent), public_name(sent, "PNG")) == ("image", "image.png")


def through_dashboard(app, cast, disposition: bytes, content: bytes):
    """The answer of the product form to a file part with this Content-Disposition."""
    parts = [
        f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in FORM.items()
    ]
    file = disposition.replace(b"name=file", b"name=image")
    parts.append(b"Content-Disposition: " + file + b"\r\n\r\n" + content + b"\r\n")
    client = signed_in(app, cast.alice)
    return client.post("/dashboard/inventory/new", **multipart(parts))


def through_api(app, cast, disposition: bytes, content: bytes):
    """The answer of the commerce API to a file part with this Content-Disposition."""
    with app.app_context():
        product_id = add_product(cast.acme).id
    key = add_key(app, cast.acme, cast.alice, scopes=["images:write"])
    part = b"Content-Disposition: " + disposition + b"\r\n\r\n" + content + b"\r\n"
    return app.test_client().post(
        f"/1.0/commerce/products/{product_id}/images",
        headers={"Authorization": f"Bearer {key}", "User-Agent": "tests"},
        **multipart([part]),
    )


def multipart(parts: list[bytes]) -> dict:
    body = b"".join(b"--limit\r\n" + part for part in parts) + b"--limit--\r\n"
    return {"data": body, "content_type": "multipart/form-data; boundary=limit"}


every_door = pytest.mark.parametrize("door", [through_dashboard, through_api])


@every_door
@pytest.mark.parametrize(
    ("filename", "saved"),
    [
        ('filename="größe.png"'.encode(), "größe.png"),
        ('filename="größe.png"'.encode("latin-1"), "größe.png"),
        ('filename="5 €.png"'.encode("cp1252"), "5 €.png"),
        (b"filename=\"a.png\"; filename*=UTF-8''gr%C3%B6%C3%9Fe.png", "größe.png"),
        (b"filename*=iso-8859-1''gr%F6%DFe.png", "größe.png"),
        (rb'filename="C:\Users\ann\blue.png"', "blue.png"),
        (rb'filename="C:\\Users\\ann\\blue.png"', "blue.png"),
        (b'filename="/home/ann/blue.png"', "blue.png"),
        (b'filename="blue%0D%0Avase.png"', "blue  vase.png"),
        (b"filename=blue.png", "blue.png"),
    ],
)
def test_a_file_is_saved_under_its_own_name(app, cast, door, filename, saved):
    answer = door(app, cast, b"form-data; name=file; " + filename, drawn_image().read())
    assert answer.status_code in (202, 303), answer.text
    with app.app_context():
        image = db.session.scalars(select(Image)).one()
        assert (image.filename, image.product_id is not None) == (saved, True)


@every_door
@pytest.mark.parametrize(
    "filename", [b'; filename=""', b"; filename=", b"", b'; filename="blue\r\nvase.png"']
)
def test_bytes_without_a_name_are_never_passed_over(app, cast, door, filename):
    answer = door(app, cast, b"form-data; name=file" + filename, drawn_image().read())
    assert answer.status_code in (400, 422)
    with app.app_context():
        assert db.session.scalars(select(Image)).all() == []


def test_the_form_says_that_the_file_has_no_name(app, cast):
    answer = through_dashboard(app, cast, b'form-data; name=file; filename=""', b"bytes")
    assert NO_FILENAME in answer.text
    with app.app_context():
        assert db.session.scalars(select(Product)).all() == []


def test_no_file_and_no_name_is_no_choice(app, cast):
    answer = through_dashboard(app, cast, b'form-data; name=file; filename=""', b"")
    assert answer.status_code == 303
