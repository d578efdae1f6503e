"""A price in a currency that has no decimals."""

import pytest

from distribu.extensions import db
from distribu.models import Company


@pytest.fixture(autouse=True)
def in_yen(app, cast) -> None:
    """Acme sells in yen."""
    with app.app_context():
        db.session.get(Company, cast.acme).currency = "JPY"
        db.session.commit()


def test_a_price_that_its_currency_has_no_coin_for_is_refused(acme, widget):
    new = {"name": "Buoy", "price": 12.5, "stock": 1}
    for answer in (acme.post("/products", new), acme.patch(f"/products/{widget}", {"price": 0.5})):
        assert answer.status_code == 400
        assert answer.json["error"] == "Price can have no decimals in JPY."


def test_a_whole_price_is_taken_and_given_back(acme):
    made = acme.post("/products", {"name": "Buoy", "price": 1250, "stock": 1})
    assert (made.status_code, made.json["data"]["price"]) == (201, 1250)
