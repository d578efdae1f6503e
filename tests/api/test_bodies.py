"""Request bodies that the API accepts, and its errors for all others."""

import json

import pytest

from tests.api.test_images import add_image
from tests.conftest import add_product
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import png

NEW = {"name": "Widget", "price": 9.99, "stock": 3}
SENTENCE = (
    "Files are not accepted here: send JSON, and either host the image and send its address as "
    "imageUrl, or upload it in the product form of the dashboard."
)


def write(acme, method: str, widget: str, **options):
    return acme(method, "/products" if method == "POST" else f"/products/{widget}", **options)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
class TestFiles:
    @pytest.mark.parametrize(
        "content_type",
        [
            *("image/png", "application/octet-stream", "text/plain", ""),
            *("application/x-www-form-urlencoded", "text/plain;base64"),
        ],
    )
    def test_another_body_than_json_is_415(self, acme, widget, method, content_type):
        body = png(40, 30).getvalue()
        answer = write(acme, method, widget, data=body, content_type=content_type)
        assert (answer.status_code, answer.json) == (415, {"error": SENTENCE})

    def test_multipart_is_415(self, acme, widget, method):
        answer = write(acme, method, widget, data={"image": (png(40, 30), "a.png")} | NEW)
        assert (answer.status_code, answer.json) == (415, {"error": SENTENCE})

    def test_a_large_file_is_415_too(self, acme, widget, method):
        body = bytes(2 * 1024 * 1024)
        answer = write(acme, method, widget, data=body, content_type="image/png")
        assert answer.status_code == 415

    def test_a_data_url_is_told_what_to_do_instead(self, acme, widget, method):
        body = NEW | {"imageUrl": "data:image/png;base64,iVBORw0KGgo="}
        answer = write(acme, method, widget, json=body)
        assert answer.status_code == 400
        [sentence] = answer.json["details"]["imageUrl"]
        assert "host the image" in sentence
        assert "product form" in sentence


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b"name=Widget", b"\xff\xfe", b"[]", b'"x"', b"null", b"{} {}"),
        *(b'{"price": NaN}', b'{"price": Infinity}', b'{"price": 01}'),
        b"[" * 100_000,
        b'{"price": ' + b"9" * 5000 + b"}",
    ],
)
def test_a_body_that_is_no_json_object(acme, body):
    answer = acme("POST", "/products", data=body, content_type="application/json")
    assert (answer.status_code, answer.json) == (400, {"error": "Invalid JSON body."})


def test_json_of_another_name_is_json(acme):
    options = {"data": json.dumps(NEW), "content_type": "application/vnd.acme+json; charset=utf-8"}
    assert acme("POST", "/products", **options).status_code == 201


def test_a_body_that_is_too_large(acme):
    answer = acme.post("/products", NEW | {"description": "d" * 1024 * 1024})
    assert answer.status_code == 413
    assert answer.json == {"error": "The request is too large. Maximum size is 1 MB."}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("name", 5), ("name", None), ("name", ["x"]), ("name", "a\x00b"), ("name", "\ud83c")),
        *(("price", "9.99"), ("price", True), ("price", None), ("price", 1e300), ("price", 0.001)),
        *(("stock", "3"), ("stock", 2.5), ("stock", True), ("stock", 10**30)),
        *(("isActive", "true"), ("isActive", 1), ("isActive", None)),
        *(("sku", 5), ("unit", None), ("imageUrl", 5), ("imageUrl", ["https://a.example/"])),
        *(("id", 5), ("image", "iVBORw0KGgo=")),
    ],
)
def test_a_value_of_another_type_is_told_by_its_field(acme, name, value):
    answer = acme.post("/products", NEW | {name: value})
    assert answer.status_code == 400
    assert list(answer.json["details"]) == [name]


@pytest.mark.parametrize(
    ("value", "price"), [(0, 0), (12, 12), (12.5, 12.5), (0.07, 0.07), (99999999.99, 99999999.99)]
)
def test_a_price_comes_back_as_it_was_sent(acme, value, price):
    assert acme.post("/products", NEW | {"price": value}).json["data"]["price"] == price


class TestErrors:
    def test_an_address_that_does_not_exist(self, acme):
        answer = acme.get("/nothing")
        assert (answer.status_code, answer.json) == (404, {"error": "Not found."})

    @pytest.mark.parametrize("path", ["/api", "/api/v1", "/api/v2/products", "/api//v1/products"])
    def test_an_address_beside_the_api(self, nobody, path):
        answer = nobody.get(path)
        assert (answer.status_code, answer.json) == (404, {"error": "Not found."})

    def test_a_method_that_is_not_taken(self, acme):
        answer = acme.delete("/products")
        assert answer.status_code == 405
        assert answer.json == {"error": "This address does not support this method."}
        assert "POST" in answer.headers["Allow"]

    def test_pages_keep_their_own_errors(self, nobody):
        assert nobody.get("/no/such/page").mimetype == "text/html"

    def test_a_store_that_is_down_is_told_in_json(self, app, cast, acme, widget):
        add_image(app, widget)
        url = acme.get(f"/products/{widget}").json["data"]["imageUrl"]
        with app.app_context():
            other = add_product(cast.acme).id
        with store_of(app, FlakyStore(app.extensions["image_store"], at="put")):
            answer = acme.patch(f"/products/{other}", {"imageUrl": url})
        assert answer.status_code == 503
        assert answer.json == {
            "error": "The image store does not answer right now. Try again in a minute."
        }
        assert answer.headers["Retry-After"] == "60"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_byte_order_mark_before_the_body_is_passed_over(acme, widget, method):
    body = json.dumps(NEW).encode("utf-8-sig")
    answer = write(acme, method, widget, data=body, content_type="application/json")
    assert answer.status_code in (200, 201)
    assert answer.json["data"]["stock"] == 3


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "latin-1"])
def test_a_body_in_another_encoding_is_no_json(acme, widget, encoding):
    body = json.dumps(NEW | {"name": "Größe"}, ensure_ascii=False).encode(encoding)
    answer = write(acme, "PATCH", widget, data=body, content_type="application/json")
    assert (answer.status_code, answer.json) == (400, {"error": "Invalid JSON body."})
