"""Currencies without decimals: chosen where every price fits, and kept by every door."""

import pytest

from distribu.extensions import db
from distribu.models import Company, Product
from distribu.models.currencies import CURRENCIES, WITHOUT_DECIMALS, digits
from tests.conftest import add_product
from tests.imports import HEADER, import_text, plan, sentences

COMPANY = "/dashboard/settings/company"
SENTENCE = "Price can have no decimals in JPY."


@pytest.fixture
def in_yen(app, cast) -> None:
    """Acme sells in yen."""
    with app.app_context():
        db.session.get(Company, cast.acme).currency = "JPY"
        db.session.commit()


def prices(app, cast) -> list[int]:
    with app.app_context():
        return [
            price
            for (price,) in db.session.query(Product.price_minor).filter_by(company_id=cast.acme)
        ]


@pytest.mark.parametrize(
    ("price_minor", "currency", "written"),
    [
        (125000, "JPY", "1250"),
        (125000, "EUR", "1250.00"),
        (0, "JPY", "0"),
        (5, "EUR", "0.05"),
        # Written meanwhile by another process: shown as what it is.
        (1250, "JPY", "12.50"),
    ],
)
def test_a_price_is_written_with_the_decimals_of_its_currency(price_minor, currency, written):
    assert digits(price_minor, currency) == written


def test_currencies_without_decimals_are_offered_in_their_place():
    assert WITHOUT_DECIMALS.keys() <= CURRENCIES.keys()
    assert list(CURRENCIES) == sorted(CURRENCIES)


def test_whole_prices_keep_their_numerals(app, cast, alice):
    with app.app_context():
        add_product(cast.acme, name="Widget", price_minor=125000)
    assert alice.post(COMPANY, data={"name": "Acme", "currency": "JPY"}).status_code == 303
    assert "JPY 1,250<" in alice.get("/dashboard/inventory").text.replace(" <", "<")
    assert "JPY 1,250 " in alice.get("/store/acme/catalog").text
    assert prices(app, cast) == [125000]


@pytest.mark.parametrize(
    ("minors", "sentence"),
    [
        ([1250], "1 price has decimals, and JPY has none. Round them first."),
        ([1250, 1, 200], "2 prices have decimals, and JPY has none. Round them first."),
    ],
)
def test_a_currency_that_prices_do_not_fit_is_refused_with_their_count(
    app, cast, alice, minors, sentence
):
    with app.app_context():
        for number, minor in enumerate(minors):
            add_product(cast.acme, name=f"Widget {number}", price_minor=minor)
        # Another company's prices are its own.
        add_product(cast.globex, name="Gadget", price_minor=99)
    answer = alice.post(COMPANY, data={"name": "Acme", "currency": "JPY"})
    assert (answer.status_code, sentence in answer.text) == (422, True)
    with app.app_context():
        assert db.session.get(Company, cast.acme).currency == "USD"


class TestDoors:
    pytestmark = pytest.mark.usefixtures("in_yen")

    @pytest.mark.parametrize(("price", "status"), [("12.50", 422), ("1250", 303), ("1250.00", 303)])
    def test_form(self, app, cast, alice, price, status):
        typed = {"name": "Widget", "price": price, "stock": "1", "unit": "each"}
        answer = alice.post("/dashboard/inventory/new", data=typed)
        assert (answer.status_code, SENTENCE in answer.text) == (status, status == 422)
        assert prices(app, cast) == ([] if status == 422 else [125000])

    def test_form_shows_it_without_decimals(self, app, cast, alice):
        with app.app_context():
            product_id = add_product(cast.acme, price_minor=125000).id
        assert 'value="1250"' in alice.get(f"/dashboard/inventory/{product_id}/edit").text

    def test_export_and_import_give_back_the_same(self, app, cast, alice):
        with app.app_context():
            add_product(cast.acme, sku="W-1", price_minor=125000)
        exported = alice.get("/dashboard/inventory/export").data
        assert b",1250," in exported
        with app.app_context():
            text = exported.decode("utf-8-sig").replace("1250", "1300")
            assert import_text(cast, text)["updated"] == 1
        assert prices(app, cast) == [130000]

    def test_import(self, app, cast):
        with app.app_context():
            found = sentences(plan(cast, f"{HEADER}\nA,Anchor,12.50,1\nB,Buoy,12,1\n"))
        assert found == [(2, 2, SENTENCE)]
