"""Text that no database stores: dropped from addresses and forms, refused by field in JSON."""

import json
import re
from io import BytesIO

import pytest

from tests.conftest import PASSWORD, add_cast, add_product, signed_in


@pytest.fixture
def shop(make_app, database):
    """An app whose shop acme sells a Widget, and a client in which alice has signed in."""
    app = make_app(**database)
    with app.app_context():
        cast = add_cast()
        add_product(cast.acme)
    return app, signed_in(app, cast.alice)


def paths_with_nul(app) -> list[str]:
    """The address of every page that has arguments, with a NUL in each of them."""
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods and rule.arguments]
    paths = [re.sub("<[^>]*>", "a%00b", rule.rule) for rule in rules]
    # The APIs ask for a key first, and a link to set a password is signed.
    return [path for path in paths if not path.startswith(("/api/", "/1.0/", "/set-password/"))]


def test_path_with_nul_leads_nowhere_where_the_path_without_it_leads_nowhere(shop):
    app, alice = shop
    paths = paths_with_nul(app)
    assert {"/store/a%00b/catalog", "/dashboard/inventory/a%00b/edit"} <= set(paths)
    assert [path for path in paths if alice.get(path).status_code != 404] == []


def test_path_is_read_without_its_nul(shop):
    _, alice = shop
    assert "Widget" in alice.get("/store/ac%00me/catalog").text


@pytest.mark.parametrize("query", ["q=%00", "q=wid%00get", "category=%00"])
@pytest.mark.parametrize("list_path", ["/store/acme/catalog", "/dashboard/inventory"])
def test_query_is_read_without_its_nul(shop, list_path, query):
    _, alice = shop
    assert "Widget" in alice.get(f"{list_path}?{query}").text


@pytest.mark.parametrize("character", ["%00", "%ED%A0%80", "%FF"])
def test_no_query_harms_a_page(shop, character):
    app, alice = shop
    names = ("q", "category", "sort", "page", "cursor", "image", "draft", "next", "action", "user")
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    pages = [rule.rule for rule in rules if not rule.arguments]
    query = "&".join(f"{name}={character}" for name in names)
    # Buffered: an export that is left half read would keep its connection to the database.
    answers = [alice.get(f"{page}?{query}", buffered=True) for page in pages]
    assert [answer.request.path for answer in answers if answer.status_code >= 500] == []


def test_every_other_character_stays(shop):
    _, alice = shop
    assert 'value="50%00 é"' in alice.get("/store/acme/catalog?q=50%2500+%C3%A9").text


def test_sign_in_is_read_without_its_nul(shop):
    app, _ = shop
    values = {"email": "al\0ice@acme.test", "password": f"\0{PASSWORD}"}
    assert app.test_client().post("/login", data=values).status_code == 303


@pytest.mark.parametrize("is_multipart", [True, False])
def test_form_is_stored_without_its_nul(shop, is_multipart):
    _, alice = shop
    values = {"name\0": "Gad\0get", "sku": "G\0-1", "price": "1.00", "stock": "1\0", "unit": "each"}
    content_type = "multipart/form-data" if is_multipart else "application/x-www-form-urlencoded"
    answer = alice.post("/dashboard/inventory/new", data=values, content_type=content_type)
    assert answer.status_code == 303
    assert "Gadget" in alice.get("/dashboard/inventory?q=G-1").text


IMAGE = "/dashboard/inventory/image"
INVENTORY_FORMS = ["/dashboard/inventory/new", f"{IMAGE}/keep", f"{IMAGE}/remove"]


@pytest.mark.parametrize("path", INVENTORY_FORMS)
def test_unknown_image_id_with_nul_is_an_unknown_image_id(shop, path):
    _, alice = shop
    answer = alice.post(path, data={"image_id": "a\0b", "name": "Widget", "price": "1"})
    assert "The image that you chose is no longer kept." in answer.text


def test_import_does_without_it(shop):
    _, alice = shop
    part = (BytesIO(b"sku,name,price,stock\nW-1,Widget,1,1\n"), "a\0b.csv")
    address = alice.post("/dashboard/inventory/import", data={"file": part}).location
    assert "a b.csv" in alice.get(address).text
    answer = alice.post(f"{address}/apply", data={"fingerprint": "a\0b"})
    assert (answer.status_code, answer.location) == (303, address)


@pytest.mark.parametrize("character", ["\\u0000", "\\ud800", "\\udfff"])
def test_kept_form_with_it_is_not_taken_for_one(shop, character):
    app, _ = shop
    fields = f'[["name", "a{character}b"]]'
    kept = f'{{"action": "/dashboard/inventory/new", "fields": {fields}, "is_image_lost": false}}'
    values = {"email": "alice@acme.test", "password": PASSWORD, "kept": kept}
    answer = app.test_client().post("/login", data=values)
    assert answer.status_code == 303
    assert json.loads(kept)["action"] == "/dashboard/inventory/new"
