"""Each rule of a product, through every door: the same verdict, in the same words."""

import html
import re

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Product
from distribu.products import csv_text, rules, written_image_url
from tests.api.conftest import Caller, add_key
from tests.conftest import signed_in
from tests.imports import agree, new_job, plan_of, run

WHOLE = {"name": "Widget", "sku": "W-1", "category": "Tools", "description": "Blue."}
WHOLE |= {"unit": "case", "price": "12.50", "stock": "7"}


def through_form(app, cast, values: dict) -> str | None:
    """The sentence that the product form says to these values, or None when it saves them."""
    posted = values | {"is_active": "y"}
    answer = signed_in(app, cast.alice).post("/dashboard/inventory/new", data=posted)
    if answer.status_code == 303:
        return None
    told = re.search(r'id="error-summary".*?<li>(.*?)</li>', answer.text, re.DOTALL)[1]
    return html.unescape(re.sub(r"<[^>]+>", "", told)).strip()


def through_api(app, cast, values: dict) -> str | None:
    """The sentence that the REST API says to these values, or None when it saves them."""
    caller = Caller(app, add_key(app, cast.acme, cast.alice))
    body = values | {name: as_number(values[name]) for name in ("price", "stock")}
    answer = caller.post("/products", body)
    if answer.status_code == 201:
        return None
    [[sentence]] = answer.json["details"].values()
    return sentence


def as_number(text: str) -> float | int | str:
    """Return the number that JSON has where the other doors have text; other text stays."""
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def through_csv(app, cast, values: dict) -> str | None:
    """The sentence that the CSV import says to these values, or None when it saves them."""
    text = "".join(csv_text.lines(values, [values.values()]))
    with app.app_context():
        job = new_job(cast, text)
        planned = plan_of(job)
        if planned.errors:
            [error] = planned.errors
            return error.sentence
        agree(job)
        assert run(job).status == "DONE"


DOORS = [through_form, through_api, through_csv]
every_door = pytest.mark.parametrize("door", DOORS)


def long(label: str, longest: int) -> str:
    return f"{label} can have at most {longest:,} characters; this one has {longest + 1:,}."


REFUSED = [
    ("name", "", "Enter a product name."),
    ("name", "  ", "Enter a product name."),
    ("name", "n" * 201, long("Product name", 200)),
    ("sku", "s" * 101, long("SKU", 100)),
    ("category", "c" * 101, long("Category", 100)),
    ("description", "d" * 2001, long("Description", 2000)),
    ("price", "ten", "Price must be a number."),
    ("price", "-0.01", "Price must be 0 or more."),
    ("price", "1.0055", "Price can have at most 2 decimals."),
    ("price", "100000000", "Price must be at most 99,999,999.99."),
    ("stock", "many", "Stock must be a number."),
    ("stock", "-1", "Stock must be 0 or more."),
    ("stock", "1.5", "Stock must be a whole number."),
    ("stock", "1000000001", "Stock must be at most 1,000,000,000."),
]

TAKEN = [
    ("name", "n" * 200, "name", "n" * 200),
    ("name", "  Widget  ", "name", "Widget"),
    ("name", "Größe 🍮", "name", "Größe 🍮"),
    ("sku", "s" * 100, "sku", "s" * 100),
    ("category", "c" * 100, "category", "c" * 100),
    ("category", "", "category", None),
    ("description", "d" * 2000, "description", "d" * 2000),
    ("description", "a\r\nb", "description", "a\nb"),
    ("description", "", "description", None),
    ("price", "0", "price_minor", 0),
    ("price", "0.07", "price_minor", 7),
    ("price", "99999999.99", "price_minor", 9999999999),
    ("stock", "0", "stock", 0),
    ("stock", "7.0", "stock", 7),
    ("stock", "1000000000", "stock", 1000000000),
    *(("unit", unit, "unit", unit) for unit in rules.UNITS),
]


@every_door
@pytest.mark.parametrize(("field", "value", "sentence"), REFUSED)
def test_a_value_that_breaks_a_rule_is_refused_in_its_words(
    app, cast, door, field, value, sentence
):
    assert door(app, cast, WHOLE | {field: value}).endswith(sentence)
    with app.app_context():
        assert db.session.scalars(select(Product)).all() == []


@every_door
@pytest.mark.parametrize(("field", "value", "column", "stored"), TAKEN)
def test_a_value_within_the_rules_is_stored_the_same(app, cast, door, field, value, column, stored):
    assert door(app, cast, WHOLE | {field: value}) is None
    with app.app_context():
        product = db.session.scalars(select(Product)).one()
        assert getattr(product, column) == stored


@pytest.mark.parametrize("door", [through_form, through_csv])
@pytest.mark.parametrize(
    ("field", "sentence"),
    [
        ("price", "Enter a price, for example 12.50."),
        ("stock", "Enter the stock, for example 10."),
    ],
)
def test_an_empty_number_is_asked_for(app, cast, door, field, sentence):
    assert door(app, cast, WHOLE | {field: ""}).endswith(sentence)


@pytest.mark.parametrize("door", [through_form, through_csv])
@pytest.mark.parametrize(
    ("field", "value", "column", "stored"),
    [
        ("price", "12,50", "price_minor", 1250),
        ("price", "$1,250.00", "price_minor", 125000),
        ("price", "1 250,5 €", "price_minor", 125050),
        ("stock", "1 000", "stock", 1000),
    ],
)
def test_a_typed_number_is_read_as_it_is_meant(app, cast, door, field, value, column, stored):
    assert door(app, cast, WHOLE | {field: value}) is None
    with app.app_context():
        assert getattr(db.session.scalars(select(Product)).one(), column) == stored


@pytest.mark.parametrize("door", [through_form, through_csv])
def test_a_typed_number_of_two_readings_is_refused_with_both(app, cast, door):
    told = door(app, cast, WHOLE | {"price": "1,250"})
    assert told.endswith("Price 1,250 could be 1.25 or 1250. Write it as one of these.")


@pytest.mark.parametrize("price", ["12.50", "12,50", "$12"])
def test_the_api_takes_no_text_for_a_number(app, cast, price):
    caller = Caller(app, add_key(app, cast.acme, cast.alice))
    answer = caller.post("/products", {"name": "Widget", "price": price, "stock": 1})
    assert answer.json["details"] == {"price": ["Price must be a number."]}


SOFT_HYPHEN, NBSP, ZERO_WIDTH, ACCENT = "\u00ad", "\u00a0", "\u200b", "\u0301"
ALIKE = pytest.mark.parametrize(
    "sku", [f"SE{SOFT_HYPHEN}-É1", f"SE-É1{NBSP}", f"{ZERO_WIDTH} SE-É1", f"SE-E{ACCENT}1"]
)


@ALIKE
@pytest.mark.parametrize("door", [through_form, through_api])
def test_a_sku_that_looks_like_another_is_taken(app, cast, door, sku):
    with app.app_context():
        db.session.add(Product(company_id=cast.acme, name="Other", sku="SE-É1", price_minor=1))
        db.session.commit()
    assert "Another product has the SKU" in door(app, cast, WHOLE | {"sku": sku})


@ALIKE
def test_a_sku_that_looks_like_another_is_an_update(app, cast, sku):
    with app.app_context():
        db.session.add(Product(company_id=cast.acme, name="Other", sku="SE-É1", price_minor=1))
        db.session.commit()
    assert through_csv(app, cast, WHOLE | {"sku": sku}) is None
    with app.app_context():
        assert [(one.sku, one.name) for one in db.session.scalars(select(Product))] == [
            ("SE-É1", "Widget")
        ]


@every_door
def test_skus_that_look_different_are_different(app, cast, door):
    with app.app_context():
        for sku in ("M2", "m²", "M ²"):
            db.session.add(Product(company_id=cast.acme, name="Other", sku=sku, price_minor=1))
        db.session.commit()
    assert door(app, cast, WHOLE | {"sku": "M²"}) is None


ADDRESS = "https://cdn.example/towel.jpg"
by_api_or_csv = pytest.mark.parametrize("door", [through_api, through_csv])


@by_api_or_csv
@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (f" {ADDRESS}\n", ADDRESS),
        (f"\u200b{ADDRESS}\u00a0", ADDRESS),
        ("https://cdn.example/red towel.jpg", "https://cdn.example/red%20towel.jpg"),
        ("https://cdn.example/a,b|c;d.jpg", "https://cdn.example/a,b|c;d.jpg"),
    ],
)
def test_an_image_url_is_kept_as_it_is_meant(app, cast, door, value, kept):
    assert door(app, cast, WHOLE | {"imageUrl": value}) is None
    with app.app_context():
        assert db.session.scalars(select(Product)).one().image_url == kept


@by_api_or_csv
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (f"{ADDRESS}|{ADDRESS}", written_image_url.SEVERAL),
        (f"{ADDRESS};\n{ADDRESS}", written_image_url.SEVERAL),
        ("https://cdn .example/towel.jpg", written_image_url.HAS_BLANK),
        ("https://cdn.example/red\ntowel.jpg", written_image_url.HAS_LINE_BREAK),
        ("cdn.example/towel.jpg", written_image_url.NOT_ABSOLUTE),
        ("#REF!", written_image_url.NOT_ABSOLUTE),
    ],
)
def test_an_image_url_is_refused_in_the_words_of_its_cause(app, cast, door, value, sentence):
    assert door(app, cast, WHOLE | {"imageUrl": value}) == sentence


def test_an_empty_image_url_clears_in_csv_and_is_refused_by_the_api(app, cast):
    assert through_csv(app, cast, WHOLE | {"imageUrl": ADDRESS}) is None
    assert through_api(app, cast, WHOLE | {"sku": "W-2", "imageUrl": ""}) == written_image_url.EMPTY
    with app.app_context():
        assert db.session.scalars(select(Product)).one().image_url == ADDRESS
    assert through_csv(app, cast, WHOLE | {"imageUrl": " "}) is None
    with app.app_context():
        assert db.session.scalars(select(Product)).one().image_url is None


# The CSV import finds its products by SKU: there, one that is taken is an update, and one must be.
by_form_or_api = pytest.mark.parametrize("door", [through_form, through_api])


@by_form_or_api
def test_the_sku_of_another_product_is_refused(app, cast, door):
    with app.app_context():
        db.session.add(Product(company_id=cast.acme, name="Other", sku="W-1", price_minor=1))
        db.session.commit()
    assert door(app, cast, WHOLE).endswith("Another product has the SKU W-1.")


@by_form_or_api
def test_a_product_needs_no_sku(app, cast, door):
    assert door(app, cast, WHOLE | {"sku": " "}) is None
    with app.app_context():
        assert db.session.scalars(select(Product.sku)).one() is None
