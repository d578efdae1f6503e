"""A part that accepts connections and never answers: nobody waits long, nothing saved fails."""

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from distribu import bounded_postgresql, budgets
from distribu.extensions import db
from distribu.images import outbox
from distribu.images.stores.by_url import open_store
from distribu.models import OutboxEntry, Product, utc_now
from tests.conftest import add_cast, add_product, signed_in
from tests.flaky_store import FlakyStore, store_of
from tests.images.life import add_accepted, named_by_rows


@pytest.fixture
def silent_address() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield "{}:{}".format(*server.getsockname())


@pytest.fixture
def shown(app, cast) -> str:
    """The id of a product of Acme with an image."""
    with app.app_context():
        product = add_product(cast.acme)
        image = add_accepted(cast.acme, product, status="READY", derivatives=[], ladder_version=1)
        assert image.product_id == product.id
        return product.id


def count(app, model) -> int:
    with app.app_context():
        return len(db.session.scalars(db.select(model)).all())


def test_a_delete_is_done_though_the_store_is_silent(app, alice, mallory, shown, silent_address):
    silent = open_store(f"s3+http://key:secret@{silent_address}/bucket")
    with store_of(app, silent):
        began = time.monotonic()
        answer = alice.post(f"/dashboard/inventory/{shown}/delete")
        waited = time.monotonic() - began
    assert answer.status_code == 303
    assert (count(app, Product), count(app, OutboxEntry)) == (0, 2)
    assert "The old image is still being deleted" in alice.get("/dashboard/inventory").text
    # Not only once: until the sweep has done it, and to nobody else.
    assert "An old image is still being deleted" in alice.get("/dashboard/inventory").text
    assert "still being deleted" not in mallory.get("/dashboard/inventory").text
    # Not a measurement: the client's own patience is over a minute.
    assert waited < 10


@pytest.mark.parametrize("statement", ["SELECT", "DELETE", "UPDATE"])
def test_a_delete_is_done_though_the_database_fails_behind_it(app, alice, shown, statement):
    def fail(_conn, _cursor, text, *_) -> None:
        if is_committed and text.startswith(statement) and "outbox_entry" in text:
            raise OperationalError(text, {}, Exception("the disk is full"))

    is_committed = []
    flaky = FlakyStore(app.extensions["image_store"])
    if statement == "UPDATE":
        flaky.at = "delete_prefix"
    with app.app_context():
        engine = db.engine
    event.listen(engine, "commit", is_committed.append)
    event.listen(engine, "before_cursor_execute", fail)
    with store_of(app, flaky):
        answer = alice.post(f"/dashboard/inventory/{shown}/delete")
    assert answer.status_code == 303
    event.remove(engine, "before_cursor_execute", fail)
    assert count(app, Product) == 0
    with app.app_context():
        outbox.drain(now=utc_now() + timedelta(hours=1))
        assert app.extensions["image_store"].keys() == named_by_rows()


def test_many_entries_take_no_longer_than_the_budget(app, alice, shown, monkeypatch):
    """Each delete is answered, and slowly; the sweep goes on with the others."""
    clock = iter(range(0, 1000, 2))
    # The clock.
    monkeypatch.setattr(outbox, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    assert alice.post(f"/dashboard/inventory/{shown}/delete").status_code == 303
    assert count(app, OutboxEntry) == 1


def wait_for_the_database() -> None:
    """Ask until the breaker of this address lets one through: a test before this one opened it."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            assert db.session.execute(db.text("SELECT 1")).scalar() == 1
            return
        except OperationalError:
            db.session.rollback()
    pytest.fail("the breaker stayed open")


class TestPostgres:
    @pytest.fixture
    def app(self, make_app, postgres_url, monkeypatch):
        # A limit that the test can reach.
        monkeypatch.setattr(budgets, "PAUSE_SECONDS", 0.2)
        return make_app(SQLALCHEMY_DATABASE_URI=postgres_url)

    @pytest.fixture
    def cast(self, app):
        with app.app_context():
            return add_cast()

    def test_a_statement_that_is_not_answered_ends(self, app):
        with app.app_context(), budgets.within(0.5):
            with pytest.raises(OperationalError, match="does not answer"):
                db.session.execute(db.text("SELECT pg_sleep(60)"))
            db.session.rollback()
            # Nobody else waits for it.
            with pytest.raises(OperationalError, match=r"was not asked|does not answer"):
                db.session.execute(db.text("SELECT 1"))

    def test_a_worker_does_not_wait_for_ever(self, app, monkeypatch):
        monkeypatch.setattr(bounded_postgresql, "UNCOUNTED_SECONDS", 0.5)
        with app.app_context():
            with pytest.raises(OperationalError, match="does not answer"):
                db.session.execute(db.text("SELECT pg_sleep(60)"))
            db.session.rollback()

    def test_a_server_that_is_gone_is_noticed(self, app):
        with app.app_context():
            wait_for_the_database()
            connection = db.session.connection().connection.driver_connection
            assert connection.info.get_parameters()["keepalives_idle"] == "60"

    def test_the_database_is_used_again_when_it_answers(self, app):
        with app.app_context():
            with budgets.within(0.5), pytest.raises(OperationalError):
                db.session.execute(db.text("SELECT pg_sleep(60)"))
            db.session.rollback()
            wait_for_the_database()

    def test_a_silent_server_is_not_waited_for(self, make_app, silent_address):
        app = make_app(SQLALCHEMY_DATABASE_URI=f"postgresql+psycopg://a:b@{silent_address}/c")
        with app.app_context(), pytest.raises(OperationalError):
            db.session.execute(db.text("SELECT 1"))

    def test_a_page_works_with_the_connection_that_counts(self, app, cast):
        assert signed_in(app, cast.alice).get("/dashboard/inventory").status_code == 200
