"""The database away, a full disk, a store that refuses: 503, with a true sentence and the form."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from distribu.extensions import db, limiter
from distribu.http.error_handlers import (
    DATABASE_AWAY,
    DISK_FULL,
    READ_ONLY,
    STORE_AWAY,
    STORE_REFUSES,
)
from distribu.http.rate_limits import is_within
from distribu.images import staging
from distribu.images.stores.contract import StoreMisconfigured
from distribu.models import Image, Product, new_id
from tests.api.conftest import add_key
from tests.conftest import PASSWORD, add_product
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import png
from tests.images.life import upload

TYPED = {"name": "A lamp of 300 watts", "price": "12.50", "stock": "7", "unit": "each"}


@pytest.fixture
def break_database(app) -> Iterator[Callable[..., None]]:
    """A function after which the database fails with this message, for statements that start so."""
    broken = {}
    with app.app_context():
        engine = db.engine

    def fail(_conn, _cursor, text, *_) -> None:
        if broken and text.startswith(broken["start"]):
            raise OperationalError(text, {}, Exception(broken["message"]))

    def break_it(message: str = "server closed the connection", start: str = "") -> None:
        broken.update(message=message, start=start)

    event.listen(engine, "before_cursor_execute", fail)
    yield break_it
    event.remove(engine, "before_cursor_execute", fail)


PAGES = ["/dashboard/inventory", "/dashboard/inventory/new", "/store/acme", "/dashboard/settings"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_without_its_database_is_503(alice, break_database, path):
    break_database()
    answer = alice.get(path)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert DATABASE_AWAY in answer.text


def test_login_needs_no_database_to_show_its_form(nobody, break_database):
    break_database()
    assert nobody.get("/login").status_code == 200


@pytest.mark.parametrize("prefix", ["/api/v1/products", "/1.0/commerce/products/x/images/y/status"])
def test_an_api_says_what_is_away(nobody, break_database, prefix):
    break_database()
    answer = nobody.get(prefix, headers={"Authorization": "Bearer dk_nothing"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert DATABASE_AWAY in answer.text


@pytest.mark.parametrize(
    ("message", "sentence"),
    [
        ("database or disk is full", DISK_FULL),
        ('could not extend file "base/1": No space left on device', DISK_FULL),
        ("attempt to write a readonly database", READ_ONLY),
        ("cannot execute INSERT in a read-only transaction", READ_ONLY),
        ("database is locked", DATABASE_AWAY),
    ],
)
def test_what_was_typed_and_chosen_comes_back(app, cast, alice, break_database, message, sentence):
    with app.app_context():
        image_id = staging.stage(cast.acme, upload()).id
    break_database(message, "INSERT INTO product")
    answer = alice.post("/dashboard/inventory/new", data=TYPED | {"image_id": image_id})
    assert answer.status_code == 503
    assert sentence in answer.text.replace("&#39;", "'")
    for name, value in [*TYPED.items(), ("image_id", image_id), ("resume", "1")]:
        assert f'name="{name}" value="{value}"' in answer.text
    break_database("", "NOTHING")
    again = alice.post(
        "/dashboard/inventory/new", data=TYPED | {"image_id": image_id, "resume": "1"}
    )
    assert again.status_code == 200
    assert f'value="{TYPED["name"]}"' in again.text
    with app.app_context():
        assert db.session.scalars(db.select(Product)).all() == []
        assert db.session.get(Image, image_id)


def test_a_committed_save_is_answered_so_whatever_its_clean_up_finds(
    app, cast, alice, break_database
):
    with app.app_context():
        image_id = staging.stage(cast.acme, upload()).id

    def break_behind_commit(_session) -> None:
        break_database()

    event.listen(Session, "after_commit", break_behind_commit)
    try:
        answer = alice.post("/dashboard/inventory/new", data=TYPED | {"image_id": image_id})
    finally:
        event.remove(Session, "after_commit", break_behind_commit)
    assert answer.status_code == 303
    break_database("", "NOTHING")
    with app.app_context():
        assert db.session.get_one(Image, image_id).product_id


def test_a_file_of_this_very_post_is_named(alice, break_database):
    break_database()
    data = TYPED | {"image": (png(8, 8), "blue lamp.png")}
    answer = alice.post("/dashboard/inventory/new", data=data)
    assert answer.status_code == 503
    assert "“blue lamp.png” could not be kept" in answer.text


def test_what_another_site_sends_is_not_shown_again(alice, break_database):
    break_database()
    headers = {"Origin": "https://evil.test"}
    answer = alice.post("/dashboard/inventory/new", data=TYPED, headers=headers)
    assert answer.status_code == 503
    assert TYPED["name"] not in answer.text


def refuse() -> None:
    raise StoreMisconfigured("AccessDenied for the key s3cret.", "Let the key read.")


@pytest.fixture
def image_path(app, cast) -> str:
    """The address of an image that everybody may see."""
    with app.app_context():
        image = db.session.get(Image, staging.stage(cast.acme, upload()).id)
        image.product_id = add_product(cast.acme).id
        db.session.commit()
        return f"/images/{image.id}/{image.public_name}"


def test_an_image_that_the_store_refuses_is_503(app, nobody, image_path):
    with store_of(app, FlakyStore(app.extensions["image_store"], "open", then=refuse)):
        answer = nobody.get(image_path)
    assert answer.status_code == 503
    assert STORE_REFUSES in answer.text
    assert "s3cret" not in answer.text


@pytest.mark.parametrize("path", ["new", "image/preview"])
def test_a_file_that_the_store_refuses_is_503_and_not_to_be_chosen_again(app, alice, path):
    data = TYPED | {"image": (png(8, 8), "blue lamp.png")}
    with store_of(app, FlakyStore(app.extensions["image_store"], "put", then=refuse)):
        answer = alice.post(f"/dashboard/inventory/{path}", data=data)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert STORE_REFUSES in answer.text
    assert "s3cret" not in answer.text
    with app.app_context():
        assert db.session.scalars(db.select(Image)).all() == []
        assert db.session.scalars(db.select(Product)).all() == []


def test_many_files_that_the_store_refuses_are_503_too(app, alice):
    data = {"images": [(png(8, 8), "blue lamp.png"), (png(9, 9), "red lamp.png")]}
    with store_of(app, FlakyStore(app.extensions["image_store"], "put", then=refuse)):
        answer = alice.post("/dashboard/inventory/images", data=data)
    assert answer.status_code == 503
    assert STORE_REFUSES in answer.text
    assert "try again" not in answer.text.lower()


def test_an_image_of_a_silent_store_is_503(app, nobody, image_path):
    with store_of(app, FlakyStore(app.extensions["image_store"], "open")):
        answer = nobody.get(image_path)
    assert answer.status_code == 503
    assert STORE_AWAY in answer.text


def test_a_volume_that_is_missing_is_503_and_no_404(nobody, image_path, tmp_path):
    shutil.move(tmp_path / "store", tmp_path / "elsewhere")
    Path(tmp_path / "store").mkdir()
    answer = nobody.get(image_path)
    assert answer.status_code == 503
    assert STORE_REFUSES in answer.text


class TestPostgres:
    @pytest.fixture
    def app(self, make_app, postgres_url):
        return make_app(SQLALCHEMY_DATABASE_URI=postgres_url)

    def test_no_request_fails_when_the_database_is_back(self, app, cast, nobody):
        """A restart ends every connection that the pool still has."""
        assert nobody.get("/store/acme", follow_redirects=True).status_code == 200
        with app.app_context():
            mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != "
            db.session.execute(db.text(f"{mine} pg_backend_pid() AND datname = current_database()"))
            db.session.rollback()
        assert nobody.get("/store/acme", follow_redirects=True).status_code == 200


class TestConnectionThatBreaks:
    """The database is cut off between two statements of a request, which its limits begin."""

    @pytest.fixture
    def app(self, make_app, monkeypatch):
        app = make_app(RATELIMIT_ENABLED=True)
        # For the whole process Flask-Limiter may remember the storage of another app.
        monkeypatch.setattr(limiter, "_storage_dead", False)
        return app

    @pytest.fixture
    def break_after(self, app, monkeypatch):
        """A function that lets this many statements succeed; it returns their count."""
        with app.app_context():
            dialect = db.engine.dialect
        execute, asked = dialect.do_execute, []

        def break_it(statements: int) -> list:
            def count_or_fail(*arguments):
                asked.append(arguments)
                if len(asked) > statements:
                    raise sqlite3.OperationalError("server closed the connection")
                execute(*arguments)

            asked.clear()
            # The driver of the database.
            monkeypatch.setattr(dialect, "do_execute", count_or_fail)
            monkeypatch.setattr(dialect, "is_disconnect", lambda *_: True)
            return asked

        return break_it

    @pytest.mark.parametrize("path", ["/1.0/commerce/products", "/api/v1/products"])
    def test_an_api_says_so(self, app, cast, nobody, break_after, path):
        key = add_key(app, cast.acme, cast.alice)
        break_after(0)
        answer = nobody.get(path, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 503
        assert DATABASE_AWAY in answer.text

    @pytest.mark.parametrize("path", [*PAGES, "/dashboard/inventory/{}/edit"])
    def test_a_page_says_so_whichever_statement_it_was(self, app, cast, alice, break_after, path):
        with app.app_context():
            path = path.format(add_product(cast.acme).id)
        asked = break_after(1000)
        assert alice.get(path).status_code in (200, 302)
        statuses = []
        for number in range(len(asked)):
            break_after(number)
            statuses.append(alice.get(path).status_code)
        # Values that the first request looked up may be cached by now.
        assert statuses[0] == 503
        assert set(statuses) <= {503, 200, 302}

    @pytest.mark.parametrize("path", ["/dashboard/inventory", "/api/v1/products"])
    def test_an_answer_is_given_though_its_rollback_fails(
        self, app, cast, alice, monkeypatch, path
    ):
        key = add_key(app, cast.acme, cast.alice)

        def fail(_connection):
            raise sqlite3.OperationalError("server closed the connection")

        with app.app_context():
            dialect = db.engine.dialect
        # The driver of the database.
        monkeypatch.setattr(dialect, "do_rollback", fail)
        monkeypatch.setattr(dialect, "is_disconnect", lambda *_: True)
        headers = {"Authorization": f"Bearer {key}"} if "api" in path else {}
        assert alice.get(path, headers=headers).status_code == 200
        # The failed connection is not reused.
        monkeypatch.undo()
        assert alice.get(path, headers=headers).status_code == 200


class TestRedis:
    """The counter of attempts is cut off, and another request noticed it a moment before."""

    @pytest.fixture
    def app(self, make_app, monkeypatch):
        def fail(*_, **__):
            limiter._storage_dead = True
            raise RedisConnectionError("Connection closed by server.")

        app = make_app(RATELIMIT_ENABLED=True, RATELIMIT_STORAGE_URI="redis://127.0.0.1:1/0")
        # Undone at the end of the test, for the other apps of this process.
        monkeypatch.setattr(limiter, "_storage_dead", False)
        for name in ("hit", "test", "get_window_stats"):
            # The driver of Redis.
            monkeypatch.setattr(limiter._limiter, name, fail)
        return app

    @pytest.mark.parametrize("path", ["/1.0/commerce/products", "/api/v1/products"])
    def test_an_api_answers_all_the_same(self, app, cast, nobody, path):
        key = add_key(app, cast.acme, cast.alice)
        answer = nobody.get(path, headers={"Authorization": f"Bearer {key}"})
        assert answer.status_code == 200

    def test_signing_in_works_all_the_same(self, cast, nobody):
        typed = {"email": "alice@acme.test", "password": PASSWORD}
        assert nobody.post("/login", data=typed).status_code == 303

    def test_a_member_is_added_all_the_same(self, alice):
        typed = {"email": "carol@acme.test", "name": "Carol", "role": "MEMBER"}
        assert alice.post("/dashboard/settings/members/new", data=typed).status_code == 200

    def test_attempts_are_counted_here_meanwhile(self, app):
        with app.app_context():
            assert [is_within("1 per hour", "a test", new_id()) for _ in range(2)] == [True, True]
            name = new_id()
            assert [is_within("1 per hour", "a test", name) for _ in range(2)] == [True, False]
