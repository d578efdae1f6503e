"""/healthz and /readyz: what they ask, what they count, and how they fail."""

import threading
from datetime import timedelta

import pytest

from distribu import health
from distribu.extensions import db, queue
from distribu.images.stores.contract import StoreUnavailable
from distribu.models import OutboxEntry, utc_now
from tests.images.life import add_accepted


def parts(answer) -> dict[str, str]:
    found = {name: part["status"] for name, part in answer.json.items() if name != "status"}
    return found | {"all": answer.json["status"]}


class Stuck:
    """A store that answers only when it is let go."""

    def __init__(self):
        self.asked, self.is_free = 0, threading.Event()

    def stat(self, _key):
        self.asked += 1
        self.is_free.wait()


class Down:
    def stat(self, _key):
        raise StoreUnavailable("connection to minio.internal refused")


def test_healthz_asks_nothing(make_app):
    app = make_app(SQLALCHEMY_DATABASE_URI="postgresql+psycopg://nobody@127.0.0.1:1/none")
    answer = app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_readyz_is_ready_where_every_server_answers(make_app, database):
    answer = make_app(**database).test_client().get("/readyz")
    ok = {"database": "ok", "store": "ok", "queue": "ok", "all": "ok"}
    assert (answer.status_code, parts(answer)) == (200, ok)
    assert "Set-Cookie" not in answer.headers


def test_a_database_that_is_down_is_told(make_app):
    url = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1"
    answer = make_app(SQLALCHEMY_DATABASE_URI=url).test_client().get("/readyz")
    assert answer.status_code == 503
    told = {"database": "unavailable", "store": "ok", "queue": "ok", "all": "unavailable"}
    assert parts(answer) == told


def test_a_store_that_is_down_is_told_without_its_address(app, nobody, caplog):
    app.extensions["image_store"] = Down()
    answer = nobody.get("/readyz")
    assert (answer.status_code, parts(answer)["store"]) == (503, "unavailable")
    assert "minio.internal" not in answer.text
    assert "minio.internal" in caplog.text


def test_a_queue_that_is_down_is_told(make_app):
    app = make_app(QUEUE_URL="redis://127.0.0.1:1/0")
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, parts(answer)["queue"]) == (503, "unavailable")


def test_a_server_that_hangs_is_left_and_not_asked_twice(app, nobody, monkeypatch):
    # A limit that the test can reach.
    monkeypatch.setattr(health, "TIMEOUT_SECONDS", 0.05)
    stuck = app.extensions["image_store"] = Stuck()
    answers = [nobody.get("/readyz") for _ in range(3)]
    stuck.is_free.set()
    told = [(answer.status_code, parts(answer)["store"]) for answer in answers]
    assert told == [(503, "timed out")] * 3
    assert stuck.asked == 1


def test_readyz_is_ready_again_when_the_server_is(app, nobody):
    store = app.extensions["image_store"]
    app.extensions["image_store"] = Down()
    assert nobody.get("/readyz").status_code == 503
    app.extensions["image_store"] = store
    assert nobody.get("/readyz").status_code == 200


def test_readyz_counts_what_waits(app, nobody, cast):
    now = utc_now()
    with app.app_context():
        overdue, failing = now - timedelta(hours=2), now + timedelta(hours=1)
        db.session.add(OutboxEntry(prefix="images/A/", due_at=overdue))
        db.session.add(OutboxEntry(prefix="images/B/", due_at=failing, attempts=3))
        add_accepted(cast.acme, created_at=now - timedelta(minutes=30))
        queue.enqueue("sweep")
    answer = nobody.get("/readyz")
    assert answer.status_code == 200
    counts = answer.json["database"]
    assert counts["failingDeletes"] == 1
    assert counts["oldestDeleteOverdueSeconds"] == pytest.approx(7200, abs=300)
    assert counts["oldestUnfinishedImageSeconds"] == pytest.approx(1800, abs=300)
    assert answer.json["queue"]["waitingTasks"] == 1
