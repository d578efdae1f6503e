"""Error responses."""

import re

import pytest
from flask import abort, request
from sqlalchemy import event

from distribu.extensions import db, limiter
from distribu.images.stores.contract import StoreUnavailable


@pytest.fixture
def app(make_app):
    """Distribu with views that fail, as it answers outside of tests."""
    app = make_app(PROPAGATE_EXCEPTIONS=False, RATELIMIT_ENABLED=True)

    @app.get("/fails/<int:code>")
    def fail(code: int):
        abort(code)

    @app.get("/has-a-bug")
    def have_a_bug():
        raise ZeroDivisionError

    @app.get("/store-is-down")
    def lose_the_store():
        raise StoreUnavailable("connection refused")

    @app.get("/limited")
    @limiter.limit("1 per 10 minutes")
    def limited():
        return "fine"

    @app.post("/large")
    def large():
        request.max_content_length = 10
        return request.get_data()

    return app


@pytest.mark.parametrize(
    ("code", "headline"),
    [
        (400, "That request could not be read"),
        (403, "You don&#39;t have access to this page"),
        (404, "Page not found"),
        (413, "That is too large to send"),
        (429, "Too many requests"),
        (503, "Distribu is not available right now"),
        (409, "Conflict"),
        (418, "I&#39;m a teapot"),
    ],
)
def test_every_error_has_a_page(nobody, code, headline):
    answer = nobody.get(f"/fails/{code}")
    assert answer.status_code == code
    assert f"<h1>{headline}</h1>" in answer.text
    assert answer.mimetype == "text/html"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_address_that_does_not_exist_has_a_page(nobody):
    answer = nobody.get("/no/such/address")
    assert answer.status_code == 404
    assert "Page not found" in answer.text


def test_wrong_method_names_the_right_ones(nobody):
    answer = nobody.post("/fails/404")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_bug_is_logged_under_the_number_that_the_page_tells(nobody, caplog):
    answer = nobody.get("/has-a-bug")
    assert answer.status_code == 500
    number = re.search(r"quote <code>(\w{20})</code>", answer.text).group(1)
    assert number in caplog.text
    assert "ZeroDivisionError" in caplog.text
    assert "ZeroDivisionError" not in answer.text


def test_store_that_does_not_answer_is_an_outage(nobody, caplog):
    answer = nobody.get("/store-is-down")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    assert "connection refused" in caplog.text
    assert "connection refused" not in answer.text


def test_limit_says_when_to_go_on(nobody):
    nobody.get("/limited")
    answer = nobody.get("/limited")
    assert answer.status_code == 429
    assert "Too many attempts. Try again in 10 minutes." in answer.text
    assert int(answer.headers["Retry-After"]) <= 600


def test_body_that_is_too_large_has_a_page(make_app, app, nobody):
    app.config["WTF_CSRF_ENABLED"] = False
    answer = nobody.post("/large", data=b"x" * 20)
    assert answer.status_code == 413
    assert "That is too large to send" in answer.text


def test_error_page_asks_neither_user_nor_database(app, alice):
    statements = []

    def note(_connection, _cursor, statement, *_) -> None:
        statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    assert alice.get("/fails/404").status_code == 404
    event.remove(engine, "before_cursor_execute", note)
    assert statements == []


def test_every_outage_says_when_to_ask_again(nobody):
    assert nobody.get("/fails/503").headers["Retry-After"] == "60"


@pytest.mark.parametrize(
    ("public_url", "expected"),
    [("https://shop.example.com", "max-age=31536000"), ("http://shop.test", None)],
)
def test_an_https_address_is_never_left(make_app, public_url, expected):
    client = make_app(PUBLIC_URL=public_url).test_client()
    for path in ("/login", "/api/v1/products", "/static/site.css", "/no/such"):
        answer = client.get(path, buffered=True)
        assert answer.headers.get("Strict-Transport-Security") == expected


def test_no_redirect_is_made_from_the_host_that_was_sent(app, nobody):
    for rule in app.url_map.iter_rules():
        if "GET" in rule.methods:
            path = re.sub(r"<(?:[^<>]*:)?\w+>", "1", rule.rule)
            for asked in (path, f"{path}/", path.replace("/", "//")):
                # Given as a URL, a path that begins with two slashes would name a host.
                sent = {"PATH_INFO": asked, "HTTP_HOST": "evil.example"}
                answer = nobody.get("/", environ_overrides=sent, buffered=True)
                assert "evil.example" not in answer.headers.get("Location", ""), asked
