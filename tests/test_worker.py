"""The queue's tasks, their schedule, and the process that works on them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from distribu import disk_reserve, worker
from distribu.extensions import db, queue
from distribu.images import attachment, outbox, processing, staging
from distribu.models import ApiKey, IdempotencyKey, Image, ImportJob, utc_now
from distribu.task_queue import QueueUnavailable
from tests.conftest import add_product, run_queue
from tests.flaky_store import FlakyStore, store_of
from tests.images.life import add_company, named_by_rows, upload

PATIENCE_SECONDS = 60


def wait_until(is_so: Callable[[], bool]) -> bool:
    """Wait until the condition holds; another process has to make it true."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def saved_image() -> str:
    """The id of an image of a product, whose ladder the queue has to make."""
    company_id = add_company()
    image_id = staging.stage(company_id, upload()).id
    attachment.attach(add_product(company_id), image_id)
    db.session.commit()
    processing.ask_again([image_id], utc_now())
    return image_id


@pytest.fixture
def image_id(app_context) -> str:
    return saved_image()


def is_complete(image_id: str) -> bool:
    db.session.rollback()
    return db.session.scalar(select(Image.ladder_version).where(Image.id == image_id)) is not None


def environment(app) -> dict[str, str]:
    """The settings of the app, for a process of its own."""
    return os.environ | {
        "DISTRIBU_INSTANCE": app.config["INSTANCE"],
        "DISTRIBU_SECRET_KEY": app.config["SECRET_KEY"],
        "DISTRIBU_DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
        "DISTRIBU_IMAGE_STORE_URL": app.config["IMAGE_STORE_URL"],
        "DISTRIBU_QUEUE_URL": app.config["QUEUE_URL"],
    }


@pytest.fixture
def start_worker(app):
    """A function that starts a flask worker; it has ended after the test."""
    started = []

    def start(*options: str, **arguments) -> subprocess.Popen:
        command = [sys.executable, "-m", "flask", "--app", "distribu", "worker", *options]
        process = subprocess.Popen(command, env=environment(app), **arguments)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdin:
            process.stdin.close()


class TestTasks:
    def test_process_leaves_no_upload(self, app, image_id):
        run_queue(app)
        assert is_complete(image_id)
        keys = app.extensions["image_store"].keys()
        assert not [key for key in keys if key.startswith("incoming/")]

    def test_a_store_that_is_down_is_left_to_the_sweep(self, app, image_id, caplog):
        with store_of(app, FlakyStore(app.extensions["image_store"], at="put")):
            assert run_queue(app) == 1
        assert "left to the sweep: process" in caplog.text
        assert not is_complete(image_id)

    def test_sweep_is_a_task(self, app_context):
        staged = staging.stage(add_company(), upload())
        staged.kept_until = utc_now() - timedelta(seconds=1)
        db.session.commit()
        queue.enqueue("sweep")
        run_queue(app_context)
        assert app_context.extensions["image_store"].keys() == set()

    def test_purge_takes_only_what_has_expired(self, app_context):
        now, company_id = utc_now(), add_company()
        key = ApiKey(company_id=company_id, name="a", prefix="a", key_sha256="a", scopes=[])
        db.session.add(key)
        db.session.flush()
        for name, expires_at in {"old": now, "new": now + timedelta(days=1)}.items():
            common = {"expires_at": expires_at}
            db.session.add(IdempotencyKey(api_key_id=key.id, key=name, request_sha256="", **common))
            db.session.add(
                ImportJob(company_id=company_id, filename=name, status="DONE", content="", **common)
            )
        db.session.commit()
        worker.purge(now + timedelta(seconds=1))
        assert db.session.scalars(select(IdempotencyKey.key)).all() == ["new"]
        assert db.session.scalars(select(ImportJob.filename)).all() == ["new"]


class TestSchedule:
    @pytest.mark.parametrize(
        ("moment", "due"),
        [
            (datetime(2026, 1, 1, 12, 0), set()),
            (datetime(2026, 1, 1, 3, 30), {"scheduled_purge"}),
        ],
    )
    def test_what_is_due_when(self, app, moment, due):
        worker.add_schedule(app)
        assert {task.name for task in app.extensions["huey"].read_periodic(moment)} == due

    def test_a_scheduled_task_does_its_work(self, app, app_context):
        worker.add_tasks(app)
        worker.add_schedule(app)
        job = ImportJob(
            company_id=add_company(),
            filename="old.csv",
            status="DONE",
            content="",
            expires_at=utc_now() - timedelta(seconds=1),
        )
        db.session.add(job)
        db.session.commit()
        (purge,) = app.extensions["huey"].read_periodic(datetime(2026, 1, 1, 3, 30))
        purge.execute()
        db.session.rollback()
        assert db.session.scalars(select(ImportJob)).all() == []


class TestQueue:
    def test_a_dead_queue_is_logged_and_no_error(self, app_context, caplog):
        app_context.extensions["huey"].storage.filename = "/no/such/folder/queue.db"
        queue.enqueue("sweep")
        assert "left to the sweep: sweep" in caplog.text
        with pytest.raises(QueueUnavailable):
            queue.size()

    def test_a_dead_redis_is_logged_and_no_error(self, make_app, caplog):
        with make_app(QUEUE_URL="redis://127.0.0.1:1/0").app_context():
            queue.enqueue("sweep")
        assert "left to the sweep: sweep" in caplog.text

    @pytest.mark.parametrize("server", ["sqlite", "redis"])
    def test_a_higher_priority_comes_first(self, request, make_app, tmp_path, server):
        url = f"sqlite:///{tmp_path / 'queue.db'}"
        url = request.getfixturevalue("redis_url") if server == "redis" else url
        app = make_app(QUEUE_URL=url, RATELIMIT_STORAGE_URI="memory://")
        with app.app_context():
            for name, priority in {"a": -1, "b": 0, "c": -1, "d": 0}.items():
                queue.enqueue(name, priority=priority)
        asked = [app.extensions["huey"].dequeue().args[0] for _ in range(4)]
        assert asked == ["b", "d", "a", "c"]

    def test_only_lost_tasks_are_asked_for_again(self, app_context):
        queue.enqueue("change_products", "a")
        queue.enqueue_lost("change_products", ["a", "b"])
        queue.enqueue_lost("import_products", ["a"])
        assert queue.waiting("change_products") == {"a", "b"}
        assert queue.size() == 3

    def test_nothing_is_opened_before_it_is_needed(self, make_app, tmp_path):
        make_app()
        assert not (tmp_path / "queue.db").exists()


def test_a_folder_that_is_away_for_a_while_does_not_end_the_housekeeping(
    app, tmp_path, monkeypatch
):
    is_over, rounds = threading.Event(), []

    def fail(folder: str) -> bool:
        rounds.append(folder)
        if len(rounds) == 2:
            is_over.set()
        raise FileNotFoundError("The folder is not mounted.")

    # The disk, which is asked for room at the end of each round.
    monkeypatch.setattr(disk_reserve, "keep", fail)
    # A limit that the test can reach.
    monkeypatch.setattr(outbox, "DRAIN_EVERY", timedelta(0))
    worker.keep_house(app, is_over)
    assert rounds == [str(tmp_path)] * 2


class TestProcess:
    def test_it_works_and_ends_when_told(self, app, image_id, start_worker):
        process = start_worker()
        assert wait_until(lambda: is_complete(image_id))
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0

    def test_it_sweeps_at_once_and_does_not_let_decoding_hold_up_deletions(
        self, app, image_id, start_worker
    ):
        staged = staging.stage(add_company("globex"), upload())
        staged.kept_until = utc_now() - timedelta(seconds=1)
        db.session.commit()
        process = start_worker()
        assert wait_until(lambda: is_complete(image_id))
        assert wait_until(lambda: app.extensions["image_store"].keys() == named_by_rows())
        own = os.getpriority(os.PRIO_PROCESS, 0)
        threads = [int(name) for name in os.listdir(f"/proc/{process.pid}/task")]
        priorities = [os.getpriority(os.PRIO_PROCESS, thread) for thread in threads]
        # The main thread, the schedule and the housekeeping; and every thread of the tasks.
        assert priorities.count(own) == 3
        assert priorities.count(19) == len(priorities) - 3 == app.config["DECODE_PROCESSES"]

    def test_it_works_on_redis(self, make_app, redis_url):
        app = make_app(QUEUE_URL=redis_url, RATELIMIT_STORAGE_URI="memory://")
        with app.app_context():
            image_id = saved_image()
            assert queue.size() == 1
            command = [sys.executable, "-m", "flask", "--app", "distribu", "worker"]
            with subprocess.Popen(command, env=environment(app)) as process:
                assert wait_until(lambda: is_complete(image_id))
                process.terminate()
            assert process.returncode == 0

    def test_the_embedded_one_ends_with_the_process_that_started_it(self, start_worker):
        process = start_worker("--embedded", stdin=subprocess.PIPE)
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) in (0, -signal.SIGTERM)

    def test_it_refuses_a_database_without_tables(self, app, start_worker, tmp_path):
        (tmp_path / "distribu.db").unlink()
        process = start_worker(stderr=subprocess.PIPE, text=True)
        _, said = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 1
        assert "migration-missing" in said
