"""A NUL in an address or a form, which PostgreSQL refuses to look for: nothing has it."""

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


def test_no_path_leads_anywhere(shop):
    app, alice = shop
    paths = paths_with_nul(app)
    assert {"/store/a%00b/catalog", "/dashboard/inventory/a%00b/edit"} <= set(paths)
    assert [path for path in paths if alice.get(path).status_code != 404] == []


@pytest.mark.parametrize("query", ["q=%00", "q=wid%00get", "category=%00"])
@pytest.mark.parametrize("list_path", ["/store/acme/catalog", "/dashboard/inventory"])
def test_no_query_finds_anything(shop, list_path, query):
    _, alice = shop
    assert "Widget" in alice.get(list_path).text
    answer = alice.get(f"{list_path}?{query}")
    assert answer.status_code == 200
    assert "Widget" not in answer.text


def test_no_query_harms_a_page(shop):
    app, alice = shop
    names = ("q", "category", "sort", "page", "cursor", "image", "draft", "next", "action", "user")
    query = "&".join(f"{name}=%00" for name in names)
    rules = [rule for rule in app.url_map.iter_rules() if "GET" in rule.methods]
    pages = [rule.rule for rule in rules if not rule.arguments]
    answers = [alice.get(f"{page}?{query}") for page in pages]
    assert [answer.request.path for answer in answers if answer.status_code >= 500] == []


def test_every_other_character_stays(shop):
    _, alice = shop
    assert 'value="50%00 é"' in alice.get("/store/acme/catalog?q=50%2500+%C3%A9").text


MEMBER = {"name": "Carol", "email": "carol\0@acme.test", "role": "MEMBER"}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("/login", {"email": "alice\0@acme.test", "password": PASSWORD}),
        ("/register", MEMBER | {"company": "Initech", "password": PASSWORD}),
        ("/dashboard/settings/members/new", MEMBER),
    ],
)
def test_no_form_takes_an_email_with_it(shop, path, values):
    app, alice = shop
    client = alice if path.startswith("/dashboard") else app.test_client()
    assert client.post(path, data=values).status_code == 422


IMAGE = "/dashboard/inventory/image"
INVENTORY_FORMS = ["/dashboard/inventory/new", f"{IMAGE}/keep", f"{IMAGE}/remove"]


@pytest.mark.parametrize("path", INVENTORY_FORMS)
def test_no_chosen_picture_has_it(shop, path):
    _, alice = shop
    answer = alice.post(path, data={"image_id": "a\0b", "name": "Widget", "price": "1"})
    assert "The picture that you chose is no longer kept." in answer.text


def test_a_form_with_it_can_be_left(shop):
    _, alice = shop
    answer = alice.post("/dashboard/inventory/cancel", data={"image_id": "a\0b"})
    assert (answer.status_code, answer.location) == (303, "/dashboard/inventory")


def test_an_import_does_without_it(shop):
    _, alice = shop
    part = (BytesIO(b"sku,name,price,stock\nW-1,Widget,1,1\n"), "a\0b.csv")
    address = alice.post("/dashboard/inventory/import", data={"file": part}).location
    assert "a b.csv" in alice.get(address).text
    answer = alice.post(f"{address}/apply", data={"fingerprint": "a\0b"})
    assert (answer.status_code, answer.location) == (303, address)
