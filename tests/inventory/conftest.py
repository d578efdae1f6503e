"""The product that most tests of the dashboard's inventory start from."""

import pytest

from distribu.models import Product
from tests.conftest import add_product
from tests.inventory.test_product_form import detached


@pytest.fixture
def widget(app, cast) -> Product:
    """A saved product of Acme, without an image."""
    with app.app_context():
        return detached(add_product(cast.acme, name="Widget", sku="W-1", stock=10))
