"""The migrations make exactly the tables that the models describe, on both databases."""

import re
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import check, downgrade, upgrade
from sqlalchemy import inspect, text

from distribu.extensions import db, migrate
from distribu.models import Product, catalog_version, search_index
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
    image_id = add_accepted(company_id, db.session.get(Product, product_id)).id
    db.session.remove()
    downgrade(revision="0001")
    upgrade()
    product = db.session.get_one(Product, product_id)
    assert (product.search_text, product.company.slug) == ("  widget\n\n", "acme")
    assert [image.id for image in product.images] == [image_id]


def test_there_is_one_newest_migration(app_context):
    scripts = ScriptDirectory.from_config(migrate.get_config())
    assert len(scripts.get_heads()) == 1


# What inspect() does not show: triggers, their functions, and indexes of a database's own kind.
_SQLITE_OBJECTS = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
_POSTGRESQL_OBJECTS = """
    SELECT tgname AS name, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT proname, prosrc FROM pg_proc WHERE proname LIKE 'raise_%' ORDER BY name"""


@pytest.mark.parametrize("objects", [catalog_version, search_index], ids=lambda one: one.__name__)
def test_migrated_database_has_the_triggers_and_indexes_of_today(migrated, objects):
    is_sqlite = db.engine.dialect.name == "sqlite"
    asked = text(_SQLITE_OBJECTS if is_sqlite else _POSTGRESQL_OBJECTS)
    with db.engine.begin() as connection:
        before = connection.execute(asked).all()
        objects.create(connection)
        assert connection.execute(asked).all() == before


def test_migrations_import_nothing_of_the_application():
    versions = Path(__file__).parents[2] / "migrations" / "versions"
    texts = {path.name: path.read_text(encoding="utf-8") for path in versions.glob("*.py")}
    of_ours = re.compile(r"^\s*(from|import) distribu", re.MULTILINE)
    assert texts
    assert [name for name, text in texts.items() if of_ours.search(text)] == []
