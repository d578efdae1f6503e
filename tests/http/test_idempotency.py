"""A request sent again under its Idempotency-Key: carried out once, whatever happens between."""

from datetime import timedelta

import pytest
from flask import request
from sqlalchemy import func, select

from distribu.extensions import db
from distribu.http import idempotency
from distribu.http.api_keys import with_key
from distribu.http.idempotency import committed
from distribu.models import IdempotencyKey, Product, utc_now
from tests.api.conftest import Caller, add_key
from tests.meanwhile import meanwhile

NEW = {"name": "Widget", "price": 9.99, "stock": 3}
KEY = {"Idempotency-Key": "import-1"}


@pytest.fixture
def app(make_app):
    """Distribu as it answers outside of tests, with a view that fails on demand."""
    app = make_app(PROPAGATE_EXCEPTIONS=False)

    @app.post("/api/v1/fails")
    @with_key("products:write")
    @committed
    def fail():
        db.session.add(Product(company_id=request.json["company"], name="Lost", price_minor=1))
        db.session.flush()
        raise ZeroDivisionError

    return app


@pytest.fixture
def acme(app, cast) -> Caller:
    return Caller(app, add_key(app, cast.acme, cast.alice))


def products(app) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Product))


def row(app) -> IdempotencyKey:
    with app.app_context():
        return db.session.scalars(select(IdempotencyKey)).one()


def change_row(app, **values) -> None:
    with app.app_context():
        found = db.session.scalars(select(IdempotencyKey)).one()
        for name, value in values.items():
            setattr(found, name, value)
        db.session.commit()


def test_the_first_answer_is_given_again(app, acme):
    first = acme.post("/products", NEW, headers=KEY)
    again = acme.post("/products", NEW, headers=KEY)
    assert again.status_code == first.status_code == 201
    assert again.text == first.text
    kept = ("Content-Type", "ETag", "Location")
    assert [again.headers[name] for name in kept] == [first.headers[name] for name in kept]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert products(app) == 1


def test_a_patch_is_carried_out_once(app, acme):
    path = acme.post("/products", NEW).headers["Location"].removeprefix("/api/v1")
    first = acme.patch(path, {"stock": 4}, headers=KEY)
    acme.patch(path, {"stock": 9})
    assert acme.patch(path, {"stock": 4}, headers=KEY).text == first.text
    assert acme.get(path).json["data"]["stock"] == 9


def test_a_refusal_is_given_again(app, acme):
    first = acme.post("/products", {}, headers=KEY)
    again = acme.post("/products", {}, headers=KEY)
    assert (again.status_code, again.text) == (400, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize("status", [408, 409, 412, 423, 425, 429, 500, 503])
def test_an_answer_that_may_be_another_the_next_time_is_not_kept(app, cast, status):
    statuses = iter([status, 201])

    @app.post("/api/v1/passes-by")
    @with_key("products:write")
    @committed
    def pass_by():
        db.session.add(Product(company_id=cast.acme, name="Widget", price_minor=1))
        db.session.flush()
        return {}, next(statuses)

    acme = Caller(app, add_key(app, cast.acme, cast.alice))
    assert acme.post("/passes-by", {}, headers=KEY).status_code == status
    assert products(app) == 0
    answer = acme.post("/passes-by", {}, headers=KEY)
    assert answer.status_code == 201
    assert "Idempotent-Replayed" not in answer.headers
    assert products(app) == 1


class TestIfMatch:
    @pytest.fixture
    def path(self, acme) -> str:
        return acme.post("/products", NEW).headers["Location"].removeprefix("/api/v1")

    def test_that_did_not_match_is_tried_again(self, acme, path):
        condition = {"If-Match": '"other"'}
        assert acme.patch(path, {"stock": 4}, headers=KEY | condition).status_code == 412
        answer = acme.patch(path, {"stock": 4}, headers=KEY | condition)
        assert answer.status_code == 412
        assert "Idempotent-Replayed" not in answer.headers

    def test_is_part_of_the_request(self, acme, path):
        condition = {"If-Match": acme.get(path).headers["ETag"]}
        assert acme.patch(path, {"stock": 4}, headers=KEY | condition).status_code == 200
        for other in ({}, {"If-Match": "*"}):
            answer = acme.patch(path, {"stock": 4}, headers=KEY | other)
            assert answer.json == {"error": idempotency.OTHER_REQUEST}
        again = acme.patch(path, {"stock": 4}, headers=KEY | condition)
        assert again.headers["Idempotent-Replayed"] == "true"


@pytest.mark.parametrize(
    ("path", "body"), [("/products", NEW | {"stock": 4}), ("/products?x=1", NEW)]
)
def test_the_key_of_another_request_is_refused(app, acme, path, body):
    acme.post("/products", NEW, headers=KEY)
    answer = acme.post(path, body, headers=KEY)
    assert answer.status_code == 422
    assert answer.json == {"error": "This Idempotency-Key was used for another request."}
    assert products(app) == 1


def test_each_api_key_has_its_own(app, cast, acme):
    other = Caller(app, add_key(app, cast.acme, cast.alice, name="Second"))
    acme.post("/products", NEW, headers=KEY)
    other.post("/products", NEW, headers=KEY)
    assert products(app) == 2


def test_without_a_key_every_request_counts(app, acme):
    acme.post("/products", NEW)
    acme.post("/products", NEW)
    assert products(app) == 2


def test_a_key_is_free_again_after_a_day(app, acme):
    acme.post("/products", NEW, headers=KEY)
    assert row(app).expires_at - row(app).created_at == timedelta(hours=24)
    change_row(app, expires_at=utc_now())
    acme.post("/products", NEW, headers=KEY)
    assert products(app) == 2


def test_a_request_under_way_is_a_conflict(app, acme):
    acme.post("/products", NEW, headers=KEY)
    change_row(app, status=None)
    answer = acme.post("/products", NEW, headers=KEY)
    assert answer.status_code == 409
    assert answer.json["error"] == idempotency.IN_FLIGHT
    assert products(app) == 1


def test_a_request_whose_process_died_can_be_sent_again(app, acme):
    acme.post("/products", NEW, headers=KEY)
    change_row(app, status=None, created_at=utc_now() - idempotency.WORKING_FOR)
    assert acme.post("/products", NEW, headers=KEY).status_code == 201
    assert row(app).status == 201


def test_who_lost_its_key_meanwhile_changes_nothing(app, acme):
    def take_it_over():
        change_row(app, created_at=utc_now() + timedelta(seconds=1))

    with meanwhile(app, take_it_over, before="INSERT INTO product"):
        answer = acme.post("/products", NEW, headers=KEY)
    assert answer.status_code == 409
    assert products(app) == 0


def test_a_failure_keeps_no_key_and_no_change(app, cast, acme):
    answer = acme.post("/fails", {"company": cast.acme}, headers=KEY)
    assert answer.status_code == 500
    assert products(app) == 0
    with app.app_context():
        assert db.session.scalars(select(IdempotencyKey)).all() == []


def test_a_bug_is_told_with_the_number_that_the_log_has(app, cast, acme, caplog):
    answer = acme.post("/fails", {"company": cast.acme})
    assert answer.json["requestId"] == answer.headers["X-Request-Id"]
    assert answer.json["requestId"] in caplog.text
    assert "ZeroDivisionError" not in answer.text


@pytest.mark.parametrize("key", ["", "k" * 256])
def test_a_key_of_no_or_too_many_characters_is_refused(acme, key):
    answer = acme.post("/products", NEW, headers={"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json["error"] == "Idempotency-Key must have 1 to 255 characters."


def test_the_longest_key_is_taken(app, acme):
    headers = {"Idempotency-Key": "k" * 255}
    acme.post("/products", NEW, headers=headers)
    acme.post("/products", NEW, headers=headers)
    assert products(app) == 1
