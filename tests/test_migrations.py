"""The migrations make exactly the tables that the models describe, on both databases."""

import pytest
from alembic.script import ScriptDirectory
from flask_migrate import check

from distribu.extensions import migrate


@pytest.fixture(params=["sqlite", "postgres"])
def migrated(request, make_app):
    """An application context on a database at the newest migration."""
    changes = {}
    if request.param == "postgres":
        changes["SQLALCHEMY_DATABASE_URI"] = request.getfixturevalue("postgres_url")
    with make_app(**changes).app_context():
        yield


def test_no_difference_between_models_and_tables(migrated):
    # What flask db check does: it exits where there is a difference.
    check()


def test_there_is_one_newest_migration(app_context):
    scripts = ScriptDirectory.from_config(migrate.get_config())
    assert len(scripts.get_heads()) == 1
