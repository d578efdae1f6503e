"""The first steps of a new company: each is ticked when it is done, and then they go."""

import pytest

from distribu.models import READY
from tests.conftest import add_product
from tests.images.life import add_accepted

INVENTORY = "/dashboard/inventory"
MADE = {"format": "PNG", "path": "", "width_px": 40, "height_px": 30, "byte_size": 9}


def test_a_new_company_is_shown_its_first_steps(alice):
    shown = alice.get(INVENTORY).text
    for url in ("/dashboard/inventory/new", "/dashboard/inventory/import", "/store/acme/catalog"):
        assert f'<a href="{url}">' in shown
    assert "is-done" not in shown


def test_the_first_product_is_ticked_and_the_next_step_leads_to_it(app, cast, alice):
    with app.app_context():
        product_id = add_product(cast.acme).id
    shown = alice.get(INVENTORY).text
    assert shown.count('class="is-done"') == 1
    assert f'<a href="/dashboard/inventory/{product_id}/edit">Add an image to it</a>' in shown


@pytest.mark.parametrize("kind", ["hosted", "external"])
def test_with_an_image_the_steps_are_gone(app, cast, alice, kind):
    with app.app_context():
        if kind == "hosted":
            product = add_product(cast.acme)
            add_accepted(cast.acme, product, status=READY, derivatives=[MADE])
        else:
            add_product(cast.acme, external_image_url="https://images.example/w.jpg")
    assert "First steps" not in alice.get(INVENTORY).text


def test_another_companys_products_count_for_nothing(app, cast, alice):
    with app.app_context():
        add_product(cast.globex, external_image_url="https://images.example/w.jpg")
    assert "First steps" in alice.get(INVENTORY).text
