"""The picker shows products as they are now, although its items are cached."""

import pytest

from distribu.extensions import db
from distribu.models import PROCESSING, READY, Company, Product
from tests.conftest import add_product
from tests.images.life import add_accepted

ADDRESS = "/dashboard/orders/new/products?q=blue"


@pytest.fixture
def widget(app, cast) -> str:
    with app.app_context():
        return add_product(cast.acme, name="Blue Widget", sku="W-1", category="Tools", stock=10).id


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ({"name": "Blue Gadget"}, "<strong>Blue Gadget</strong>"),
        ({"sku": "W-2"}, "W-2 · Tools"),
        ({"category": "Garden"}, "W-1 · Garden"),
        ({"unit": "dozen"}, "/ dozen"),
        ({"price_minor": 1234}, "$12.34"),
        ({"stock": 1234}, "1,234 in stock"),
        (
            {"external_image_url": "https://images.example/w.jpg"},
            "https://images.example/w.jpg",
        ),
    ],
)
def test_whatever_changes_is_seen_at_the_next_keystroke(app, alice, widget, change, shown):
    assert shown not in alice.get(ADDRESS).text
    with app.app_context():
        product = db.session.get_one(Product, widget)
        for name, value in change.items():
            setattr(product, name, value)
        db.session.commit()
    assert shown in alice.get(ADDRESS).text


def test_the_picker_shows_the_first_image_that_is_ready(app, alice, cast, widget):
    with app.app_context():
        product, made = db.session.get_one(Product, widget), {"format": "JPEG", "path": ""}
        made |= {"width_px": 40, "height_px": 30, "byte_size": 9}
        values = {"derivatives": [made], "alt_text": "A widget in blue"}
        for position, status in enumerate((PROCESSING, READY, READY)):
            name, place = f"image-{position}.jpg", {"position": position, "status": status}
            add_accepted(cast.acme, product, public_name=name, **values, **place)
    shown = alice.get(ADDRESS).text
    names = ("image-0", "image-1", "image-2")
    assert [name in shown for name in names] == [False, True, False]
    assert 'aria-label="Enlarge the image of Blue Widget: A widget in blue"' in shown


def test_prices_are_in_the_companys_currency(app, alice, cast, widget):
    assert "$9.99" in alice.get(ADDRESS).text
    with app.app_context():
        db.session.get_one(Company, cast.acme).currency = "EUR"
        db.session.commit()
    assert "€9.99" in alice.get(ADDRESS).text


@pytest.mark.parametrize(
    ("count", "sentence"),
    [
        (0, "No products found."),
        (1, "1 product found."),
        (20, "20 products found."),
        (21, "More than 20 products found."),
    ],
)
def test_what_is_found_is_counted_aloud(app, cast, alice, count, sentence):
    with app.app_context():
        for number in range(count):
            add_product(cast.acme, name=f"Blue {number}")
    answer = alice.get(ADDRESS).text
    assert f'<p id="products-found" hx-swap-oob="innerHTML">{sentence}' in answer.replace("\n", "")
    assert '<p id="products-found" class="visually-hidden" role="status"></p>' in (
        alice.get("/dashboard/orders/new").text
    )
