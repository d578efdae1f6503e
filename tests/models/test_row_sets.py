"""Many rows in one statement, on both databases."""

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.images import outbox
from distribu.models import Company
from distribu.models.json_rows import is_among

# More than PostgreSQL takes placeholders in one statement.
MANY_IDS = [f"{number:026}" for number in range(70_000)]


@pytest.fixture
def app(make_app, database):
    return make_app(**database)


def test_a_row_is_found_among_any_number_of_values(app, cast):
    ids = [*MANY_IDS, cast.acme]
    with app.app_context():
        found = select(Company.slug).where(is_among(Company.id, ids))
        assert db.session.scalars(found).all() == ["acme"]


def test_a_request_may_displace_any_number_of_images(app):
    with app.app_context():
        db.session.info["to_drain"] = MANY_IDS
        outbox.drain_request()
