"""API keys: the key itself, its scopes, its rate limit, and its traces in the log."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.http.api_keys import INVALID, MISSING, find_key
from distribu.models import ApiKey, AuditEntry, User, utc_now
from tests.api.conftest import Caller, add_key

EVERY_ROUTE = [
    ("GET", "/products"),
    ("POST", "/products"),
    ("GET", "/products/1"),
    ("PUT", "/products/1"),
    ("PATCH", "/products/1"),
    ("DELETE", "/products/1"),
    ("GET", "/orders"),
    ("POST", "/orders"),
    ("GET", "/orders/1"),
    ("PATCH", "/orders/1"),
]
every_route = pytest.mark.parametrize(("method", "path"), EVERY_ROUTE)


@every_route
@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YTpi"}, {"Authorization": "x"}])
def test_without_a_key_the_documented_sentence(app, cast, method, path, header):
    client = app.test_client()
    answer = client.open(f"/api/v1{path}", method=method, headers=header)
    assert answer.status_code == 401
    assert answer.json == {
        "error": "Missing or invalid Authorization header. Use: Bearer <api_key>"
    }
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@every_route
def test_a_session_is_no_key(alice, method, path):
    assert alice.open(f"/api/v1{path}", method=method).json == {"error": MISSING}


@pytest.mark.parametrize(
    "values",
    [
        {"revoked_at": utc_now()},
        {"expires_at": utc_now() - timedelta(seconds=1)},
    ],
)
def test_a_key_that_opens_nothing_any_more(app, cast, values):
    caller = Caller(app, add_key(app, cast.acme, cast.alice, **values))
    answer = caller.get("/products")
    assert (answer.status_code, answer.json) == (
        401,
        {"error": "Invalid, expired, or revoked API key."},
    )


def test_a_wrong_key_cannot_be_told_from_a_revoked_one(app, cast):
    answer = Caller(app, "dk_nothing").get("/products")
    assert (answer.status_code, answer.json) == (401, {"error": INVALID})


def test_the_scheme_may_be_written_in_any_case(app, acme):
    headers = {"Authorization": f"bearer {acme.secret}"}
    assert acme.get("/products", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        (method, path, f"{path.split('/')[1]}:{'read' if method == 'GET' else 'write'}")
        for method, path in EVERY_ROUTE
    ],
)
def test_a_key_without_the_scope_is_told_which_one(app, cast, method, path, scope):
    every = ["products:read", "products:write", "orders:read", "orders:write", "images:write"]
    others = [name for name in every if name != scope]
    caller = Caller(app, add_key(app, cast.acme, cast.alice, scopes=others))
    answer = caller(method, path)
    assert answer.status_code == 403
    sentence = f'Insufficient permissions. This key lacks the "{scope}" scope.'
    assert answer.json == {"error": sentence}


def test_use_is_noted_at_most_once_a_minute(app, acme, cast):
    with app.app_context():
        key = db.session.scalars(select(ApiKey)).one()
        recently = key.last_used_at = utc_now() - timedelta(seconds=50)
        db.session.commit()
    acme.get("/products")
    assert last_used_at(app) == recently


def test_use_is_noted_again_after_a_minute(app, acme):
    acme.get("/products")
    first = last_used_at(app)
    with app.app_context():
        db.session.scalars(select(ApiKey)).one().last_used_at = first - timedelta(seconds=61)
        db.session.commit()
    acme.get("/products")
    assert last_used_at(app) >= first


def last_used_at(app):
    with app.app_context():
        return db.session.scalars(select(ApiKey.last_used_at)).one()


def test_a_key_opens_until_the_moment_it_expires(app, cast):
    expires_at = utc_now()
    secret = add_key(app, cast.acme, cast.alice, expires_at=expires_at)
    with app.app_context():
        assert find_key(secret, expires_at - timedelta(microseconds=1))
        assert find_key(secret, expires_at) is None


def test_the_actor_is_the_keys_creator_and_the_key_is_named(app, cast, acme, widget):
    acme.delete(f"/products/{widget}")
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor_type, entry.actor_id) == ("USER", cast.alice)
    assert entry.actor_name == "alice@acme.test (ERP)"


def test_a_creator_who_left_is_still_named(app, cast, acme, widget):
    with app.app_context():
        db.session.get(User, cast.alice).leave()
        db.session.commit()
    acme.patch(f"/products/{widget}", {"stock": 5})
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry)).one()
    assert (entry.actor_id, entry.actor_name) == (cast.alice, "alice (ERP)")


def test_no_answer_sets_a_cookie(acme, widget):
    answers = [acme.get("/products"), acme.patch(f"/products/{widget}", {"stock": 1})]
    assert not any("Set-Cookie" in answer.headers for answer in answers)


def test_no_csrf_token_is_asked_for(app, acme, widget):
    app.config["WTF_CSRF_ENABLED"] = True
    assert acme.patch(f"/products/{widget}", {"stock": 1}).status_code == 200


class TestPace:
    @pytest.fixture
    def app(self, make_app, monkeypatch):
        return make_app(RATELIMIT_ENABLED=True)

    def test_past_the_limit_says_when_to_go_on(self, acme):
        answers = [acme.get("/products?limit=1") for _ in range(301)]
        assert {answer.status_code for answer in answers[:300]} == {200}
        refused = answers[300]
        assert refused.status_code == 429
        wait = refused.json["retryAfter"]
        assert 0 < wait <= 60
        assert refused.headers["Retry-After"] == str(wait)
        assert refused.json["error"] == f"Too many requests. Try again in {wait} seconds."

    def test_every_route_of_a_key_shares_one_pace(self, acme, widget):
        acme.get(f"/products/{widget}")
        acme.get("/orders")
        answer = acme.get("/products")
        assert answer.headers["X-RateLimit-Remaining"] == "297"

    def test_each_key_has_its_own(self, acme, globex):
        acme.get("/products")
        assert globex.get("/products").headers["X-RateLimit-Remaining"] == "299"
