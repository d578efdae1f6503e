"""The migrations make exactly the tables that the models describe, on both databases."""

import pytest
from alembic.script import ScriptDirectory
from flask import current_app
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect

from distribu.extensions import db, migrate
from distribu.models import Product
from tests.conftest import add_cast, add_product
from tests.images.life import add_accepted


@pytest.fixture
def migrated(make_app, database):
    """An application context on a database at the newest migration."""
    with make_app(**database).app_context():
        yield


def test_no_difference_between_models_and_tables(migrated):
    # What flask db check does: it exits where there is a difference.
    check()


def test_down_to_nothing_and_up_again(migrated):
    downgrade(revision="base")
    assert inspect(db.engine).get_table_names() == ["alembic_version"]
    upgrade()
    check()


def test_down_to_the_first_and_up_again_keeps_every_row(migrated):
    company_id = add_cast().acme
    product_id = add_product(company_id).id
    store = current_app.extensions["image_store"]
    image_id = add_accepted(store, company_id, db.session.get(Product, product_id)).id
    db.session.remove()
    downgrade(revision="0001")
    upgrade()
    product = db.session.get_one(Product, product_id)
    assert (product.search_text, product.company.slug) == ("  widget\n\n", "acme")
    assert [image.id for image in product.images] == [image_id]


def test_there_is_one_newest_migration(app_context):
    scripts = ScriptDirectory.from_config(migrate.get_config())
    assert len(scripts.get_heads()) == 1
