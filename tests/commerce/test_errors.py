"""Every error has the same five fields, and the log knows it by its contextId."""

from datetime import timedelta
from io import StringIO
from logging import StreamHandler

import pytest
from flask.logging import default_handler

from distribu.extensions import db
from distribu.models import ApiKey, utc_now
from tests.commerce.conftest import Caller, add_key, drawn_image
from tests.conftest import run_queue
from tests.flaky_store import FlakyStore, store_of

FIELDS = ["type", "subtype", "message", "details", "contextId"]
EVERY_ROUTE = [
    ("GET", "", "products:read"),
    ("GET", "/1", "products:read"),
    ("GET", "/1/images/2/status", "products:read"),
    ("POST", "/1/images", "images:write"),
    ("POST", "/1/images/2", "images:write"),
    ("POST", "/1/images/2/order", "images:write"),
    ("POST", "/1/variants/1/image", "images:write"),
    ("DELETE", "/1/images/2", "images:write"),
]
every_route = pytest.mark.parametrize(("method", "path", "scope"), EVERY_ROUTE)
EVERY_SCOPE = {"products:read", "products:write", "orders:read", "orders:write", "images:write"}


def assert_error(answer, status: int, type: str, subtype: str | None) -> None:
    assert answer.status_code == status
    assert answer.mimetype == "application/json"
    assert list(answer.json) == FIELDS
    assert (answer.json["type"], answer.json["subtype"]) == (type, subtype)
    assert answer.json["message"]
    assert answer.json["details"] is None
    assert answer.json["contextId"] == answer.headers["X-Request-Id"]


@every_route
@pytest.mark.parametrize("version", ["1.0", "1.1", "v2"])
def test_without_a_key(app, cast, method, path, scope, version):
    client = app.test_client()
    answer = client.open(f"/{version}/commerce/products{path}", method=method)
    assert_error(answer, 401, "AUTHORIZATION_ERROR", None)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path",
    [
        "/1.0/commerce/nothing",
        "/1.0/commerce//products",
        "/1.1/commerce/inventory",
        "/v2/authorization/website",
        "/1.0/profiles",
        "/commerce/products",
    ],
)
def test_an_unknown_path_with_a_key(shop, path):
    answer = shop.app.test_client().get(path, headers={"Authorization": f"Bearer {shop.secret}"})
    assert_error(answer, 404, "INVALID_REQUEST_ERROR", "INVALID_ARGUMENT")
    assert answer.json["message"] == "There is nothing at this address."


@pytest.mark.parametrize("version", ["1.2", "2.0", "v1", "v3", "3"])
def test_an_unknown_version(nobody, version):
    answer = nobody.get(f"/{version}/commerce/products")
    assert_error(answer, 404, "INVALID_REQUEST_ERROR", "INVALID_ARGUMENT")
    assert answer.json["message"] == "This API has the versions 1.0, 1.1 and v2 alone."


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("type=BOOK", "type: Must be one of: PHYSICAL, DIGITAL, SERVICE, GIFT_CARD."),
        ("type=A,B", "type: Must be one of: PHYSICAL, DIGITAL, SERVICE, GIFT_CARD."),
        ("modifiedAfter=soon", "modifiedAfter must be a date or a time in ISO 8601."),
        ("color=red", "color: Unknown field."),
    ],
)
def test_the_message_says_what_is_wrong_with_a_parameter(shop, query, message):
    answer = shop.get(f"?{query}")
    assert_error(answer, 400, "INVALID_REQUEST_ERROR", None)
    assert answer.json["message"] == message


@every_route
def test_with_a_session_instead_of_a_key(alice, method, path, scope):
    answer = alice.open(f"/1.0/commerce/products{path}", method=method)
    assert_error(answer, 401, "AUTHORIZATION_ERROR", None)


@every_route
def test_with_a_key_that_lacks_the_scope(app, cast, method, path, scope):
    caller = Caller(app, add_key(app, cast.acme, cast.alice, EVERY_SCOPE - {scope}))
    assert_error(caller(method, path), 403, "AUTHORIZATION_ERROR", "MISSING_SCOPE")


def test_another_company_is_answered_as_if_there_were_nothing(app, shop, rival, widget):
    image_id = shop.ready(widget)
    known = dict.fromkeys(("product_id", "product_ids", "variant_id"), widget)
    known["image_id"] = image_id
    assert answers_of_every_route(app, rival, known) == answers_of_every_route(
        app, rival, dict.fromkeys(known, "0" * 26)
    )
    assert shop.shown(widget) == [image_id]


def answers_of_every_route(app, caller: Caller, ids: dict[str, str]) -> list[tuple]:
    """Status and message of each route that takes an id, and what it takes; none may be found."""
    adapter = app.url_map.bind("localhost")
    bodies = {
        "commerce.describe_image": {"altText": "a"},
        "commerce.assign_image": {"imageId": None},
    }
    answers = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("commerce.") and rule.arguments - {"version"}:
            values = {name: ids[name] for name in rule.arguments - {"version"}}
            path = adapter.build(rule.endpoint, values | {"version": "1.0"})
            path = path.removeprefix("/1.0/commerce/products")
            body = bodies.get(rule.endpoint, {"afterImageId": None})
            for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
                answer = caller(method, path, json=body)
                answers.append((rule.endpoint, answer.status_code, answer.json["message"]))
    assert len(answers) == 7
    assert {status for _, status, _ in answers} == {404}
    return answers


@pytest.mark.parametrize("values", [{"revoked_at": utc_now()}, {"expires_at": utc_now()}])
def test_with_a_key_that_opens_nothing_any_more(app, shop, values):
    with app.app_context():
        db.session.execute(db.update(ApiKey).values(**values))
        db.session.commit()
    assert_error(shop.get(), 401, "AUTHORIZATION_ERROR", None)


@pytest.mark.parametrize("version", ["1.0", "1.1", "v2"])
@pytest.mark.parametrize("path", ["", "/", "/orders", "/products/1/reviews"])
def test_an_unknown_path(nobody, version, path):
    answer = nobody.get(f"/{version}/commerce{path}")
    assert_error(answer, 404, "INVALID_REQUEST_ERROR", "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PATCH", "/1", {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/1/images", {"POST", "OPTIONS"}),
        ("PUT", "/1/images/2", {"POST", "DELETE", "OPTIONS"}),
    ],
)
def test_a_method_that_is_not_taken(shop, method, path, allowed):
    answer = shop(method, path)
    assert_error(answer, 405, "METHOD_NOT_ALLOWED", None)
    assert answer.json["message"] == f"Method '{method}' is not supported"
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'{"altText": NaN}'])
def test_a_body_that_is_no_json_object(shop, widget, body):
    image_id = shop.upload(widget)
    answer = shop("POST", f"/{widget}/images/{image_id}", data=body)
    assert_error(answer, 400, "INVALID_REQUEST_ERROR", None)


def test_values_that_break_a_rule_are_named(shop, widget):
    image_id = shop.upload(widget)
    answer = shop.post(f"/{widget}/images/{image_id}", {"altText": "a" * 201, "more": 1})
    assert_error(answer, 400, "INVALID_REQUEST_ERROR", None)
    assert "altText: Longer than maximum length 200." in answer.json["message"]
    assert "more: Unknown field." in answer.json["message"]


def test_a_json_body_beyond_any_legal_one(shop, widget):
    image_id = shop.upload(widget)
    answer = shop("POST", f"/{widget}/images/{image_id}", data=b"a" * 2_000_000)
    assert_error(answer, 413, "INVALID_REQUEST_ERROR", None)


def test_a_fault_of_ours(shop, widget, app):
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def fail():
        raise RuntimeError("a bug")

    with store_of(app, FlakyStore(app.extensions["image_store"], at="put", then=fail)):
        answer = shop.send(widget, (drawn_image(), "a.png"))
    assert_error(answer, 500, "SERVER_ERROR", None)
    assert "a bug" not in answer.text


@pytest.mark.parametrize("path", ["/nothing/images/1/status", "/a%0Ab%1b/images/1/status"])
def test_the_log_finds_it(shop, app, path):
    log = StringIO()
    handler = StreamHandler(log)
    handler.addFilter(default_handler.filter)
    handler.setFormatter(default_handler.formatter)
    app.logger.addHandler(handler)
    context_id = shop.get(path).json["contextId"]
    app.logger.removeHandler(handler)
    [line] = [line for line in log.getvalue().split("\n") if context_id in line]
    assert "404 The specified product was not found." in line


def test_no_answer_is_kept_by_caches_or_sets_a_cookie(shop, widget):
    answers = [shop.get(), shop.send(widget, (drawn_image(), "a.png")), shop.get("/nothing")]
    assert {answer.headers["Cache-Control"] for answer in answers} == {"no-store"}
    assert not any("Set-Cookie" in answer.headers for answer in answers)


def test_no_csrf_token_is_asked_for(shop, widget, app):
    app.config["WTF_CSRF_ENABLED"] = True
    assert shop.upload(widget)


class TestPace:
    @pytest.fixture
    def app(self, make_app, monkeypatch):
        return make_app(RATELIMIT_ENABLED=True)

    @pytest.fixture
    def clock(self, monkeypatch):
        """A function that lets time pass for whoever counts requests; it stands still otherwise."""
        import time

        passed = [0.0]
        started = time.time()
        monkeypatch.setattr(time, "time", lambda: started + passed[0])

        def let_pass(span: timedelta) -> None:
            passed[0] += span.total_seconds()

        return let_pass

    def test_past_300_a_minute_the_key_rests_for_one(self, shop, clock):
        assert {shop.get("/1").status_code for _ in range(300)} == {404}
        clock(timedelta(seconds=50))
        refused = shop.get("/1")
        assert_error(refused, 429, "TOO_MANY_REQUESTS", None)
        assert 58 <= int(refused.headers["Retry-After"]) <= 60
        # By now the first requests are more than a minute old, but a rest is a rest.
        clock(timedelta(seconds=30))
        assert [shop.get("/1").status_code for _ in range(400)] == [429] * 400
        clock(timedelta(seconds=31))
        assert {shop.get("/1").status_code for _ in range(300)} == {404}

    def test_only_what_is_not_ready_says_when_to_ask_again(self, shop, widget):
        image_id = shop.upload(widget)
        path = f"/{widget}/images/{image_id}/status"
        assert shop.get(path).headers["Retry-After"] == "2"
        run_queue(shop.app)
        assert "Retry-After" not in shop.get(path).headers

    def test_each_key_has_its_own(self, shop, rival):
        for _ in range(301):
            shop.get("/1")
        assert rival.get("/1").status_code == 404
