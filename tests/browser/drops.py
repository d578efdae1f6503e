"""Drops of many files on either database, one with a server that is killed: make browsers."""

import os
import signal
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from distribu.extensions import db, store
from distribu.images import outbox, processing
from distribu.models import Image, utc_now
from tests.browser.conftest import LiveApp, serve
from tests.browser.test_many_images import (
    add_products,
    dropping,
    filenames,
    find_their_outcome,
    finished,
)
from tests.cli.test_cli import Served
from tests.conftest import add_cast
from tests.images.life import named_by_rows
from tests.test_worker import wait_until

# Some minutes each, on a machine that does other work beside.
pytestmark = pytest.mark.timeout(1800)


@pytest.fixture
def live_app(make_app, database):
    """Distribu on either database."""
    yield from serve(make_app, **database)


def test_three_hundred_files_each_find_their_outcome(dashboard, live_app):
    drop = dropping(dashboard, live_app.url)
    find_their_outcome(dashboard, live_app, drop, of_each=24)


@contextmanager
def serving(app, cast, context):
    """A server with its worker, and a page in which alice is signed in to it."""
    served = Served(app)
    try:
        assert wait_until(served.answers)
        live = LiveApp(app, f"http://127.0.0.1:{served.port}", cast)
        live.sign_in(context, cast.alice)
        yield served, live, context.new_page()
    finally:
        kill(served)
        served.process.stdout.close()


def kill(served: Served) -> None:
    """Kill the server and all that belongs to it, as the end of the machine does."""
    family = served.family()
    for pid in family | {served.process.pid}:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    assert served.ends(family)


def test_second_drop_goes_on_where_a_killed_server_broke_off(make_app, database, context):
    app = make_app(**database)
    with app.app_context():
        cast = add_cast()
    names = [f"QX-{number}.png" for number in range(60)]
    with serving(app, cast, context) as (served, live, page):
        add_products(live, *(name.removesuffix(".png") for name in names))
        dropping(page, live.url)(*names)
        page.get_by_role("button", name="Save 60 images").click()
        expect(page.locator('[data-state="saved"]')).not_to_have_count(0)
        kill(served)
        expect(page.locator(".drop-said").get_by_text("cannot be reached").first).to_be_visible()
        page.close(run_before_unload=False)
    before = filenames(live)
    assert 0 < len(before) < len(names)
    with serving(app, cast, context) as (_, live, page):
        dropping(page, live.url)(*names)
        is_told = "is" if len(before) == 1 else "are"
        summary = page.locator("#drop-summary")
        expect(summary).to_contain_text(f"{len(before)} {is_told} the same already.")
        page.locator("#drop-start").click()
        finished(page, f"{len(names) - len(before)} images saved.")
    assert filenames(live) == {name.removesuffix(".png"): name for name in names}
    with app.app_context():
        finish_what_was_killed(utc_now() + timedelta(days=2))
        assert set(store.keys()) == named_by_rows()


def finish_what_was_killed(now: datetime) -> None:
    """Do by rows what the sweep and the worker do, once nobody can still be writing."""
    outbox.sweep(now)
    unfinished = list(db.session.scalars(select(Image.id).where(Image.ladder_version.is_(None))))
    db.session.rollback()
    for image_id in unfinished:
        processing.process(image_id, now)
    assert outbox.drain(now=now) == 0
