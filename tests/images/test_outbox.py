"""Deletion of objects: drain and sweep."""

from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError, OperationalError

from distribu.extensions import db
from distribu.images import attachment, doctor, outbox, processing, store_identity
from distribu.images.decoding.sandbox import SandboxInterrupted
from distribu.images.stores.contract import StoreError, StoreUnavailable
from distribu.models import ERROR, READY, Image, OutboxEntry, Product, new_id, utc_now
from tests.conftest import run_queue
from tests.flaky_sandbox import make_flaky
from tests.images.image_files import png
from tests.images.life import add_accepted, add_company, named_by_rows, outbox_prefixes

LATER = timedelta(hours=1)
MUCH_LATER = timedelta(hours=25)


def discard(image: Image) -> None:
    attachment.discard(image)
    db.session.commit()


def entries() -> list[OutboxEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxEntry).order_by(OutboxEntry.prefix)))


def rows() -> list[Image]:
    db.session.rollback()
    return list(db.session.scalars(select(Image)))


class TestDrain:
    def test_objects_go_and_then_the_entries(self, stage, store):
        discard(stage())
        assert outbox.drain() == 0
        assert (store.keys(), entries()) == (set(), [])

    def test_only_what_this_request_has_put_there(self, stage, store):
        one, other = stage(), stage()
        other_keys = {other.key(made["path"]) for made in other.derivatives}
        discard(other)
        db.session.info.clear()
        discard(one)
        outbox.drain_request()
        assert len(entries()) == 2
        assert store.keys() == other_keys | {f"incoming/{other.id}/upload"}

    def test_no_transaction_is_open_while_the_store_is_waited_for(self, stage, store):
        discard(stage())
        seen = []
        store.at = "delete_prefix"
        store.then = lambda: seen.append(db.session().in_transaction())
        assert outbox.drain() == 0
        assert seen == [False, False]

    def test_a_request_waits_for_no_more_than_its_seconds(self, stage, store, monkeypatch):
        # A limit that is passed at once.
        monkeypatch.setattr(outbox, "DRAIN_SECONDS", 0)
        discard(stage())
        assert outbox.drain(db.session.info["to_drain"]) == 1

    def test_a_request_that_opened_no_session_opens_none(self, app):
        with app.app_context():
            assert outbox.drain_request() == 0
            assert not db.session.registry.has()

    def test_what_failed_in_a_request_keeps_nothing_from_being_deleted(self, stage, store):
        discard(stage())
        db.session.add(Product(company_id="nobody", name="Widget", price_minor=1))
        with pytest.raises(IntegrityError):
            db.session.flush()
        assert outbox.drain_request() == 0
        assert store.keys() == set()

    def test_a_database_that_fails_then_is_not_asked_on(self, stage):
        discard(stage())

        @event.listens_for(db.engine, "before_cursor_execute")
        def fail(_connection, _cursor, statement, *_rest) -> None:
            if "FROM image" in statement:
                raise OperationalError(statement, {}, Exception("the database is gone"))

        assert outbox.drain_request() == 2
        assert not db.session().in_transaction()

    def test_a_store_that_is_down_is_asked_again_later_and_later(self, stage, store):
        discard(stage())
        now = utc_now()
        store.at = "delete_prefix"
        assert outbox.drain(now=now) == 2
        assert outbox.drain(now=now) == 0
        assert [entry.due_at for entry in entries()] == [now + outbox.FIRST_RETRY] * 2
        outbox.drain(now=now + LATER)
        assert [entry.due_at for entry in entries()] == [now + LATER + 2 * outbox.FIRST_RETRY] * 2
        assert [entry.attempts for entry in entries()] == [2, 2]
        assert "down" in entries()[0].last_error
        store.at = None
        outbox.drain(now=now + 2 * LATER)
        assert (store.keys(), entries()) == (set(), [])

    def test_the_pause_has_an_end(self, stage, store):
        discard(stage())
        for entry in entries():
            entry.attempts = 1000
        db.session.commit()
        now, store.at = utc_now(), "delete_prefix"
        outbox.drain(now=now)
        assert entries()[0].due_at == now + outbox.LONGEST_RETRY

    def test_one_that_fails_does_not_hold_up_the_others(self, stage, store):
        discard(stage())
        store.at = len(store.calls)
        assert outbox.drain() == 1
        assert len(entries()) == 1

    def test_a_request_asks_a_store_that_is_down_only_once(self, stage, store):
        discard(stage())
        store.at = "delete_prefix"
        outbox.drain_request()
        assert sorted(entry.attempts for entry in entries()) == [0, 1]
        store.at = None
        outbox.drain(now=utc_now() + LATER)
        assert (store.keys(), entries()) == (set(), [])

    def test_an_entry_stays_while_a_writer_may_put(self, store, acme):
        image = add_accepted(acme, writing_until=utc_now() + timedelta(minutes=4))
        late_key, last_put_at = image.key("v2/300w.webp"), image.writing_until
        discard(image)
        outbox.drain()
        assert store.keys() == set()
        store.put(late_key, png(8, 8), "image/webp")
        assert len(entries()) == 2
        outbox.drain(now=last_put_at - timedelta(seconds=1))
        assert store.keys() == {late_key}
        outbox.drain(now=last_put_at)
        assert (store.keys(), entries()) == (set(), [])

    def test_two_at_once_delete_once_more_and_no_harm_is_done(self, stage, store):
        discard(stage())
        store.at, store.then = "delete_prefix", lambda: drain_elsewhere(store)
        assert outbox.drain() == 0
        assert (store.keys(), entries()) == (set(), [])

    def test_nothing_is_drained_for_a_request_that_changed_nothing(self, store):
        outbox.drain_request()
        assert store.calls == []


class TestSweep:
    def test_a_choice_that_was_never_saved_goes_after_a_day(self, stage, store):
        stage()
        outbox.sweep(utc_now() + timedelta(hours=23))
        assert len(rows()) == 1
        outbox.sweep(utc_now() + MUCH_LATER)
        assert (rows(), store.keys(), entries()) == ([], set(), [])

    def test_what_it_discards_is_deleted_at_once(self, stage, store):
        stage().kept_until = utc_now()
        db.session.commit()
        outbox.sweep()
        assert (store.keys(), entries()) == (set(), [])

    def test_what_a_product_shows_stays(self, stage, store, product, app):
        image = stage()
        locked = attachment.lock_product(product.id, product.company_id)
        attachment.attach(locked, image.id)
        db.session.commit()
        outbox.sweep(utc_now() + MUCH_LATER)
        run_queue(app)
        assert rows() == [image]
        assert store.keys() == named_by_rows()

    def test_an_image_of_a_product_is_no_abandoned_choice(self, save):
        image = save()
        image.kept_until = utc_now()
        db.session.commit()
        outbox.sweep(utc_now() + LATER)
        assert rows() == [image]

    def test_a_longer_kept_choice_stays_longer(self, stage, acme):
        image = stage()
        attachment.keep_longer(image.id, acme, utc_now() + timedelta(hours=20))
        db.session.commit()
        outbox.sweep(utc_now() + MUCH_LATER)
        assert rows() == [image]

    def test_a_image_whose_task_was_lost_is_finished(self, save, app):
        image = save()
        app.extensions["huey"].storage.flush_queue()
        outbox.sweep(utc_now() + LATER)
        assert run_queue(app) == 1
        assert rows() == [image]
        assert image.ladder_version is not None

    def test_a_chosen_image_waits_for_save(self, stage, app):
        image = stage()
        outbox.sweep(utc_now() + LATER)
        assert run_queue(app) == 0
        assert image.owns_upload

    def test_a_fresh_image_is_left_to_the_queue(self, save, app):
        save()
        app.extensions["huey"].storage.flush_queue()
        outbox.sweep()
        assert run_queue(app) == 0

    def test_a_image_that_somebody_writes_is_left_alone(self, acme, app):
        now = utc_now() + LATER
        add_accepted(acme, writing_until=now + timedelta(minutes=1))
        outbox.sweep(now)
        assert run_queue(app) == 0

    def test_after_three_deaths_an_unmade_image_rests_and_keeps_its_upload(
        self, store, acme, product
    ):
        image = add_accepted(acme, product, attempts=processing.MAX_ATTEMPTS)
        store.put(image.key("v2/300w.webp"), png(8, 8), "image/webp")
        outbox.sweep(utc_now() + LATER)
        assert rows() == [image]
        assert (image.status, image.error_code) == (ERROR, "interrupted")
        # Until somebody discards it, it owns what there is of it.
        outbox.sweep(utc_now() + MUCH_LATER)
        assert store.keys() == {image.upload_key, image.key("v2/300w.webp")}

    def test_an_image_that_rests_is_tried_again_once_a_day(self, acme, product, app):
        now = utc_now() + LATER
        image_id = add_accepted(acme, product, attempts=processing.MAX_ATTEMPTS).id
        outbox.sweep(now)
        outbox.sweep(now + timedelta(hours=23))
        assert queued(app) == []
        outbox.sweep(now + processing.RETRY_EVERY)
        assert queued(app) == [image_id]
        processing.process(image_id)
        image = db.session.get_one(Image, image_id)
        assert (image.status, image.error_code, image.retry_at) == (READY, None, None)

    def test_a_daily_attempt_that_is_cut_short_is_the_only_one_of_its_day(self, acme, product, app):
        make_flaky(app, "publish", SandboxInterrupted("killed"))
        now = utc_now() + LATER
        image = add_accepted(acme, product, attempts=processing.MAX_ATTEMPTS)
        outbox.sweep(now)
        outbox.sweep(now + processing.RETRY_EVERY)
        processing.process(image.id)
        queued(app)
        outbox.sweep(now + processing.RETRY_EVERY + LATER)
        assert queued(app) == []
        assert (image.status, image.error_code) == (ERROR, "interrupted")
        assert image.retry_at == now + 2 * processing.RETRY_EVERY + LATER

    def test_the_last_attempts_are_made_one_at_a_time(self, acme, app):
        first, _, fresh = (
            add_accepted(acme, attempts=attempts).id
            for attempts in (processing.MAX_ATTEMPTS - 1, processing.MAX_ATTEMPTS - 1, 0)
        )
        outbox.sweep(utc_now() + LATER)
        assert queued(app) == [first, fresh]

    def test_a_last_attempt_waits_for_the_one_under_way(self, acme, app):
        now = utc_now() + LATER
        until = now + timedelta(minutes=1)
        add_accepted(acme, attempts=processing.MAX_ATTEMPTS, writing_until=until)
        second = add_accepted(acme, attempts=processing.MAX_ATTEMPTS - 1).id
        outbox.sweep(now)
        assert queued(app) == []
        outbox.sweep(until + timedelta(minutes=1))
        assert queued(app) == [second]

    def test_after_three_deaths_a_shown_image_stays_as_it_is(self, stage, store):
        image = stage()
        image.attempts = processing.MAX_ATTEMPTS
        db.session.commit()
        outbox.sweep(utc_now() + LATER)
        assert rows() == [image]
        assert (image.status, image.ladder_version) == (READY, None)
        assert store.keys() == named_by_rows()

    def test_a_ladder_that_rests_is_made_a_day_later(self, stage, product):
        image, now = stage(), utc_now() + LATER
        attachment.attach(product, image.id)
        image.attempts = processing.MAX_ATTEMPTS
        db.session.commit()
        outbox.sweep(now)
        outbox.sweep(now + processing.RETRY_EVERY)
        processing.process(image.id)
        assert image.ladder_version is not None

    def test_a_dead_queue_stops_nothing_else(self, stage, save, app, caplog, tmp_path):
        discard(stage())
        save()
        app.extensions["huey"].storage.close()
        app.extensions["huey"].storage.filename = str(tmp_path / "no" / "such" / "folder")
        outbox.sweep(utc_now() + LATER)
        assert "left to the next sweep" in caplog.text
        assert outbox_prefixes() == []

    @pytest.mark.parametrize("moment", ["before", "after"])
    def test_a_store_that_is_down_stops_no_sweep(self, stage, store, moment):
        stage()
        store.at, store.moment = "delete_prefix", moment
        outbox.sweep(utc_now() + MUCH_LATER)
        assert (rows(), len(entries())) == ([], 2)


class TestSweepsThatStaySmall:
    """Sweeps with a backlog try few entries, never run twice, and let others go first."""

    @pytest.fixture
    def entries_of_400(self, acme) -> None:
        prefixes = (f"images/{new_id()}/" for _ in range(400))
        db.session.add_all(OutboxEntry(prefix=prefix, company_id=acme) for prefix in prefixes)
        db.session.commit()

    def test_the_first_that_fail_for_the_same_cause_are_enough(self, entries_of_400, store):
        store.at = "delete_prefix"
        assert outbox.sweep() == 400
        assert [call.method for call in store.calls].count("delete_prefix") == 3
        assert sum(entry.attempts for entry in entries()) == 3

    def test_failures_with_a_success_between_them_say_nothing_of_the_store(self, acme, store):
        now = utc_now()
        prefixes = [f"images/{new_id()}/" for _ in range(5)]
        for number, prefix in enumerate(prefixes):
            due_at = now + timedelta(seconds=number)
            db.session.add(OutboxEntry(prefix=prefix, company_id=acme, due_at=due_at))
        db.session.commit()
        well = {prefixes[2], prefixes[4]}
        store.at, store.then = "delete_prefix", lambda: refuse_all_but(store, well)
        outbox.drain(now=now + LATER)
        assert {entry.prefix for entry in entries()} == set(prefixes) - well

    def test_failures_of_several_causes_say_nothing_of_the_store(self, acme, store):
        db.session.add_all(OutboxEntry(prefix=f"images/{new_id()}/") for _ in range(5))
        db.session.commit()
        store.at, store.then = "delete_prefix", lambda: refuse_in_turn(store)
        outbox.drain()
        assert [entry.attempts for entry in entries()] == [1] * 5

    def test_when_the_store_is_well_again_all_go(self, entries_of_400, store):
        store.at = "delete_prefix"
        outbox.sweep()
        store.at = None
        assert outbox.sweep(utc_now() + LATER) == 0
        assert entries() == []

    def test_what_fails_for_ever_holds_up_nothing_new(self, entries_of_400, store, stage):
        for entry in entries():
            entry.attempts, entry.due_at = 1, utc_now() - LATER
        db.session.commit()
        image = stage()
        discard(image)
        new = {image.prefix, image.incoming_prefix}
        store.at, store.then = "delete_prefix", lambda: refuse_all_but(store, new)
        outbox.sweep()
        assert new.isdisjoint(entry.prefix for entry in entries())
        assert len(entries()) == 400

    def test_of_those_that_fail_for_ever_each_has_its_turn(self, entries_of_400, store):
        last = entries()[-1]
        last.due_at = utc_now()
        db.session.commit()
        last_prefix, now = last.prefix, utc_now()
        store.at, store.then = "delete_prefix", lambda: refuse_all_but(store, {last_prefix})
        for entry in entries():
            entry.attempts = 1
        db.session.commit()
        for sweeps in range(140):
            outbox.sweep(now + sweeps * timedelta(seconds=1))
        assert len(entries()) == 399

    def test_200_waiting_images_are_200_tasks_after_three_sweeps(self, acme, app):
        ids = [add_accepted(acme).id for _ in range(200)]
        now = utc_now() + LATER
        for hours in range(3):
            outbox.sweep(now + hours * LATER)
        assert sorted(queued(app)) == ids

    def test_what_the_queue_has_lost_is_queued_again(self, acme, app):
        ids = [add_accepted(acme).id for _ in range(3)]
        now = utc_now() + LATER
        outbox.sweep(now)
        app.extensions["huey"].dequeue()
        outbox.sweep(now + processing.PATIENCE / 2)
        assert app.extensions["huey"].pending_count() == 2
        outbox.sweep(now + 2 * processing.PATIENCE)
        assert sorted(queued(app)) == ids

    def test_an_image_is_queued_once_by_two_that_ask_at_once(self, acme, app):
        image_id = add_accepted(acme).id
        for _ in range(2):
            processing.ask_again([image_id], utc_now())
        assert queued(app) == [image_id]

    def test_a_queue_that_is_down_is_asked_once(self, acme, app, caplog, tmp_path):
        for _ in range(20):
            add_accepted(acme)
        app.extensions["huey"].storage.close()
        app.extensions["huey"].storage.filename = str(tmp_path / "no" / "such" / "folder")
        outbox.sweep(utc_now() + LATER)
        assert caplog.text.count("queue down") == 1

    def test_what_is_to_be_ready_comes_before_every_ladder(self, acme, app, save):
        ladder = save().id
        queued(app)
        accepted = [add_accepted(acme).id for _ in range(2)]
        outbox.sweep(utc_now() + LATER)
        assert queued(app) == [*accepted, ladder]

    def test_drains_between_sweeps_delete_nothing_while_the_database_is_older(self, stage, store):
        discard(stage())
        store.put(f"images/{new_id()}/a.png", png(8, 8), "image/png")
        with pytest.raises(store_identity.DatabaseOlder):
            outbox.drain_between_sweeps()
        assert len(entries()) == 2


class TestTwoSweeps:
    @pytest.fixture
    def app(self, make_app, database):
        return make_app(**database)

    def test_one_waits_for_no_other_and_does_nothing(self, store, stage):
        stage().kept_until = utc_now()
        db.session.commit()
        outcomes = []
        store.at, store.then = "delete_prefix", lambda: outcomes.extend(sweep_elsewhere(store))
        assert outbox.sweep() == 0
        assert outcomes == [None, None]
        assert entries() == []
        assert outbox.sweep() == outbox.drain_between_sweeps() == 0


def refuse_all_but(store, prefixes: set[str]) -> None:
    if store.calls[-1].subject not in prefixes:
        raise StoreUnavailable("locked")


def refuse_in_turn(store) -> None:
    raise (StoreUnavailable, StoreError)[len(store.calls) % 2]("locked")


def sweep_elsewhere(store) -> list[int | None]:
    """Run a sweep and a drain as another process would, and return their results."""
    store.at = None
    with current_app.app_context():
        return [outbox.sweep(), outbox.drain_between_sweeps()]


def queued(app) -> list[str]:
    """The images that wait for a worker, taken out of the queue."""
    return [task.args[1] for task in iter(app.extensions["huey"].dequeue, None)]


def drain_elsewhere(store) -> None:
    """Another process drains now; the store is as it should be from here on."""
    store.at = None
    with current_app.app_context():
        outbox.drain()


class TestAStoreThatRefusesDeletes:
    """A key that may list, read and write, and not delete: every promise to delete is news."""

    def test_doctor_and_dashboard_say_so_and_the_log_does_once(self, stage, store, acme, caplog):
        discard(stage())
        store.at = "delete_prefix"
        now = utc_now()
        for hours in range(3):
            assert outbox.sweep(now + timedelta(hours=hours)) == 2
        assert [(finding.kind, finding.is_repaired) for finding in doctor.examine()] == [
            (doctor.NOT_DELETED, False)
        ] * 2
        assert caplog.text.count("could not delete") == 2
        assert len(outbox.failing(acme)) == 2
        assert outbox.failing(add_company("globex")) == []
        store.at = None
        assert outbox.sweep(now + timedelta(days=1)) == 0
        assert (outbox.failing(), list(doctor.examine())) == ([], [])
