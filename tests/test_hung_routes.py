"""Each route with each part that is silent, found in the URL map: answered, and not waited for.

What a request may wait for is a setting of the budgets; the tests make it short.
"""

import socket
import tempfile
import time
from collections.abc import Iterator

import pytest

import distribu
from distribu import budgets, create_app
from distribu.extensions import db
from distribu.images.stores.by_url import open_store
from tests.conftest import add_cast, add_product, signed_in
from tests.flaky_store import store_of
from tests.images.life import image_row

ANSWER_SECONDS = 10
# Their views ask for neither the database nor the store, where nobody is signed in.
NEED_NO_PART = {"auth.login", "auth.register", "health.healthz", "static"}
VALUES = {
    "slug": "acme",
    "filename": "site.css",
    "path": "a.png",
    "product_id": "PRODUCT",
    "image_id": "IMAGE",
    "token": "made-up",
    "change": "remove",
    "number": 1,
    "version": "v2",
}


def routes() -> list[tuple[str, str, str]]:
    """Endpoint, method and path of each route, its variables filled in."""
    app = create_app({"SECRET_KEY": "of the tests", "INSTANCE": tempfile.gettempdir()})
    found = []
    with app.test_request_context():
        adapter = app.url_map.bind("shop.test")
        for rule in app.url_map.iter_rules():
            values = {name: VALUES.get(name, "0" * 26) for name in rule.arguments}
            path = adapter.build(rule.endpoint, values | (rule.defaults or {}))
            methods = sorted(rule.methods - {"OPTIONS", "HEAD"})
            found += [(rule.endpoint, method, path.split("shop.test")[-1]) for method in methods]
    return sorted(set(found))


def with_rows(app, company_id: str, path: str) -> str:
    """The path about a new product of the company and its image, which the database knows."""
    if "PRODUCT" not in path and "IMAGE" not in path:
        return path
    made = {"path": "", "format": "PNG", "width_px": 8, "height_px": 8, "byte_size": 9}
    with app.app_context():
        product = add_product(company_id)
        known = {"product_id": product.id, "public_name": "a.png"}
        is_whole = {"status": "READY", "derivatives": [made], "ladder_version": 1}
        image = image_row(company_id, **known, **is_whole)
        db.session.add(image)
        db.session.commit()
        return path.replace("PRODUCT", product.id).replace("IMAGE", image.id)


@pytest.fixture
def silent_address() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=500) as server:
        yield "{}:{}".format(*server.getsockname())


@pytest.fixture(autouse=True)
def short_budget(monkeypatch) -> None:
    # A limit that the test can reach.
    monkeypatch.setattr(distribu, "REQUEST_SECONDS", 1.0)
    monkeypatch.setattr(budgets, "PAUSE_SECONDS", 60.0)


def ask(client, method: str, path: str) -> tuple[int, float]:
    began = time.monotonic()
    with client.open(path, method=method, data={} if method != "GET" else None) as answer:
        return answer.status_code, time.monotonic() - began


def test_a_silent_database_holds_no_route(make_app, silent_address):
    app = make_app(SQLALCHEMY_DATABASE_URI=f"postgresql+psycopg://a:b@{silent_address}/c")
    slow, broken, refused = [], [], []
    for endpoint, method, path in routes():
        status, seconds = ask(app.test_client(), method, path)
        if seconds > ANSWER_SECONDS:
            slow.append(path)
        if status == 500:
            broken.append(path)
        if endpoint in NEED_NO_PART and method == "GET" and status != 200:
            refused.append(path)
    assert (slow, broken, refused) == ([], [], [])


def test_a_silent_store_holds_no_route(app, cast, silent_address):
    slow, broken = [], []
    with store_of(app, open_store(f"s3+http://key:secret@{silent_address}/bucket")):
        for _, method, template in routes():
            path = with_rows(app, cast.acme, template)
            status, seconds = ask(signed_in(app, cast.alice), method, path)
            if seconds > ANSWER_SECONDS:
                slow.append(path)
            if status == 500:
                broken.append(path)
    assert (slow, broken) == ([], [])


def test_a_silent_queue_holds_no_route(make_app, silent_address):
    app = make_app(QUEUE_URL=f"redis://{silent_address}/0")
    with app.app_context():
        cast = add_cast()
    slow, broken = [], []
    for _, method, template in routes():
        path = with_rows(app, cast.acme, template)
        status, seconds = ask(signed_in(app, cast.alice), method, path)
        if seconds > ANSWER_SECONDS:
            slow.append(path)
        if status == 500:
            broken.append(path)
    assert (slow, broken) == ([], [])
