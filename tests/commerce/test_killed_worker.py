"""Real workers, killed or stopped in the middle of an image: it ends once, and leaves no object.

Time passes in the database alone: every window of a writer is over
when let_time_pass() returns. make test runs one death and one overtaken
worker, make faults all of them.
"""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from sqlalchemy import update

from distribu.extensions import db, queue
from distribu.images import doctor, outbox
from distribu.models import ERROR, PROCESSING, READY, Image, utc_now
from tests.commerce.conftest import drawn_image, version_of
from tests.conftest import run_queue
from tests.faults.points import IS_EVERY_POINT
from tests.images.dying_worker import POISON
from tests.images.life import named_by_rows
from tests.test_worker import PATIENCE_SECONDS, environment, wait_until

ROOT = Path(__file__).parents[2]
WORKER = ["--app", "distribu", "worker"]
LONG_AGO = timedelta(minutes=10)


@pytest.fixture
def start(app):
    """A function that starts a worker, which a signal may reach at a step; it has ended after."""
    started = []

    def start_one(*fate: str) -> subprocess.Popen:
        worker = ["flask", "--app", "distribu", "worker"]
        command = [
            sys.executable,
            "-m",
            *(["tests.images.dying_worker", *fate] if fate else worker),
        ]
        process = subprocess.Popen(command, cwd=ROOT, env=environment(app))
        started.append(process)
        return process

    yield start_one
    for process in started:
        process.kill()
        process.wait()


def poison() -> BytesIO:
    return BytesIO(drawn_image().getvalue() + POISON)


def dies(process: subprocess.Popen) -> bool:
    return process.wait(PATIENCE_SECONDS) == -signal.SIGKILL


def let_time_pass(app) -> None:
    with app.app_context():
        then = utc_now() - LONG_AGO
        db.session.execute(update(Image).values(created_at=then))
        for window in (Image.writing_until, Image.queued_at):
            db.session.execute(update(Image).where(window.is_not(None)).values({window: then}))
        db.session.commit()


def state(app, image_id: str) -> tuple:
    with app.app_context():
        image = db.session.get_one(Image, image_id)
        return image.status, image.attempts, image.ladder_version


def is_over(app, image_ids: list[str]) -> bool:
    """Return whether each image is complete, or rests until its next attempt."""
    return all(
        state(app, image_id)[2] is not None or rests(app, image_id) for image_id in image_ids
    )


def rests(app, image_id: str) -> bool:
    with app.app_context():
        return db.session.get_one(Image, image_id).retry_at is not None


def store_has_what_rows_name(app) -> bool:
    with app.app_context():
        store = app.extensions["image_store"]
        outbox.drain(now=utc_now() + LONG_AGO)
        return store.keys() == named_by_rows() and not list(doctor.examine())


@pytest.mark.skipif(not IS_EVERY_POINT, reason="one of make faults")
def test_the_third_death_is_the_last_and_the_others_are_ready(app, shop, widget, start):
    poisoned = shop.upload(widget, poison(), "poison.png")
    others = [
        shop.upload(widget, drawn_image(150 + number), f"{number}.png") for number in range(3)
    ]
    for _ in range(3):
        assert dies(start("SIGKILL", "publish"))
        let_time_pass(app)
    # One more of the kind: it would die of a fourth attempt.
    survivor = start("SIGKILL", "publish")
    assert wait_until(lambda: is_over(app, [poisoned, *others]))
    assert survivor.poll() is None
    answer = shop.status(widget, poisoned)
    assert (answer["status"], answer["error"]["code"]) == (ERROR, "interrupted")
    assert answer["error"]["canRetry"]
    assert shop.shown(widget) == others
    assert store_has_what_rows_name(app)


@pytest.mark.skipif(not IS_EVERY_POINT, reason="one of make faults")
@pytest.mark.parametrize("is_ready", [False, True], ids=["publish", "ladder"])
def test_three_deaths_after_a_put_leave_only_what_the_image_owns(
    app, shop, widget, start, is_ready
):
    image_id = shop.upload(widget)
    if is_ready:
        make_ready(app, image_id)
    for _ in range(3):
        assert dies(start("SIGKILL", "put"))
        let_time_pass(app)
    start()
    assert wait_until(lambda: is_over(app, [image_id]))
    assert state(app, image_id)[0] == (READY if is_ready else ERROR)
    with app.app_context():
        # What attempts put of a ladder is deleted by repair, and of an image in ERROR with it.
        list(doctor.examine(repair=True))
        assert list(doctor.examine()) == []
        doctor.purge()
        keys = app.extensions["image_store"].keys()
        assert {key.split("/")[1] for key in keys} == {image_id}
        assert keys >= named_by_rows()


@pytest.mark.parametrize("step", ["publish", "derive", "put"] if IS_EVERY_POINT else ["put"])
def test_killed_once_it_is_ready_after_the_restart(app, shop, widget, start, step):
    version = version_of(app, widget)
    image_id = shop.upload(widget, poison())
    assert dies(start("SIGKILL", step))
    let_time_pass(app)
    start()
    assert wait_until(lambda: is_over(app, [image_id]))
    assert shop.shown(widget) == [image_id]
    # One version for the upload, one for READY.
    assert version_of(app, widget) == version + 2
    assert store_has_what_rows_name(app)


@pytest.mark.parametrize(
    ("step", "is_overtaken"),
    [
        ("derive", True),
        *([("publish", True), ("publish", False), ("derive", False)] * IS_EVERY_POINT),
    ],
)
def test_a_task_that_two_workers_have_is_done_once(app, shop, widget, start, step, is_overtaken):
    version = version_of(app, widget)
    image_id = shop.upload(widget, poison())
    first = start("SIGSTOP", step)
    os.waitpid(first.pid, os.WUNTRACED)
    before = state(app, image_id)
    assert before[:2] == (PROCESSING if step == "publish" else READY, 1)
    if is_overtaken:
        let_time_pass(app)
    with app.app_context():
        queue.enqueue("process", image_id)
    start()
    if is_overtaken:
        assert wait_until(lambda: is_over(app, [image_id]))
    else:
        assert wait_until(lambda: queue_is_empty(app))
        assert state(app, image_id) == before
    first.send_signal(signal.SIGCONT)
    assert wait_until(lambda: is_over(app, [image_id]))
    first.terminate()
    assert first.wait(PATIENCE_SECONDS) == 0
    assert state(app, image_id)[0] == READY
    assert version_of(app, widget) == version + 2
    assert store_has_what_rows_name(app)


def make_ready(app, image_id: str) -> None:
    """The first step is done; the queue has the second."""
    run_queue(app, tasks=1)
    assert state(app, image_id)[0] == READY


def queue_is_empty(app) -> bool:
    with app.app_context():
        return queue.size() == 0
