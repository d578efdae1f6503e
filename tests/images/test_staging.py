"""Creation of images: stage, stage_copy, process."""

from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import select, update

from distribu.extensions import db, queue
from distribu.images import attachment, outbox, processing, staging, writing
from distribu.images.decoding.ladder import LADDER_VERSION
from distribu.images.decoding.policies import InvalidImage
from distribu.images.decoding.sandbox import SandboxError, SandboxInterrupted
from distribu.images.stores.contract import ObjectNotFound, StoreUnavailable
from distribu.models import ERROR, PROCESSING, READY, AuditEntry, Image, OutboxEntry, utc_now
from tests.conftest import run_queue
from tests.flaky_sandbox import make_flaky
from tests.images.image_files import jpeg, truncated
from tests.images.life import (
    HIGH,
    WIDE,
    add_accepted,
    has_object,
    named_by_rows,
    outbox_prefixes,
    upload,
)

EXTERNAL = "https://example.com/a.jpg"


def rows() -> list[Image]:
    db.session.rollback()
    return list(db.session.scalars(select(Image)))


def paths(image: Image) -> set[str]:
    return {made["path"] for made in image.derivatives}


LADDER = {"", "v2/100w.webp", "v2/100w.avif", "v2/140w.webp", "v2/140w.avif", "v2/share.jpg"}


class TestStage:
    def test_image_and_thumbnail_are_there_at_once(self, stage, store):
        image = stage(filename="Blue Widget!.png")
        assert (image.status, image.is_staged, image.public_name) == (
            READY,
            True,
            "blue-widget.png",
        )
        assert (image.width_px, image.height_px) == (WIDE, HIGH)
        assert paths(image) == {"", "v2/140w.webp"}
        assert store.keys() == named_by_rows()

    def test_recorded_sizes_are_those_of_the_objects(self, stage, store):
        image = stage()
        recorded = [made["byte_size"] for made in image.derivatives]
        stored = [store.stat(image.key(made["path"])).byte_size for made in image.derivatives]
        assert recorded == stored

    def test_row_is_committed_before_the_first_object(self, stage, store):
        seen = []
        store.at, store.then = "put", lambda: seen.append(statuses_elsewhere())
        stage()
        assert seen == [[PROCESSING]] * 3

    def test_what_is_no_image_leaves_nothing(self, store, acme):
        with pytest.raises(InvalidImage):
            staging.stage(acme, upload(truncated(jpeg(640, 480))))
        assert (rows(), store.keys()) == ([], set())

    @pytest.mark.parametrize("put", [0, 1, 2])
    def test_a_store_that_fails_leaves_nothing(self, stage, store, put):
        store.at = put
        with pytest.raises(StoreUnavailable):
            stage()
        outbox.sweep(utc_now() + timedelta(hours=1))
        assert (rows(), store.keys(), outbox_prefixes()) == ([], set(), [])

    def test_a_put_that_timed_out_may_still_arrive(self, stage, store):
        store.at, store.moment = 1, "after"
        with pytest.raises(StoreUnavailable):
            stage()
        final_after = db.session.scalars(select(OutboxEntry.final_after)).all()
        assert all(moment > utc_now() for moment in final_after)

    def test_pending_work_is_refused(self, stage, product):
        product.name = "Half a form"
        with pytest.raises(RuntimeError):
            stage()

    def test_nothing_is_put_when_the_time_for_it_is_over(self, stage, store):
        with pytest.raises(StoreUnavailable):
            stage(now=utc_now() - writing.WRITING_WINDOW)
        assert store.keys() == set()

    def test_the_queue_makes_the_rest_once_it_is_saved(self, save, app):
        image = save()
        assert run_queue(app) == 1
        db.session.expire_all()
        assert paths(image) == LADDER


class TestProcess:
    def test_the_whole_ladder_is_made_and_the_upload_goes(self, stage, store):
        image = stage()
        processing.process(image.id)
        outbox.drain_request()
        assert paths(image) == LADDER
        assert (image.ladder_version, image.writing_until) == (LADDER_VERSION, None)
        assert store.keys() == named_by_rows()
        assert not has_object(store, image.upload_key)

    def test_the_upload_goes_after_the_commit(self, stage, store):
        image = stage()
        processing.process(image.id)
        assert has_object(store, image.upload_key)
        assert outbox_prefixes() == [image.incoming_prefix]

    def test_twice_is_once(self, stage, store):
        image = stage()
        processing.process(image.id)
        store.calls.clear()
        processing.process(image.id)
        assert store.calls == []

    def test_two_at_once_are_one(self, stage, store):
        image = stage()
        image_id = image.id
        store.at = "put"
        # While the first puts, a second comes along.
        store.then = lambda: process_elsewhere(store, image_id)
        processing.process(image_id)
        assert image.attempts == 1
        assert paths(image) == LADDER

    def test_an_accepted_upload_becomes_ready_and_the_image(self, acme, product):
        product.external_image_url = EXTERNAL
        image = add_accepted(acme, product)
        before = product.version
        processing.process(image.id)
        assert image.status == READY
        assert product.image_url == image.url
        assert product.version == before + 1
        assert (image.width_px, image.height_px) == (WIDE, HIGH)

    def test_the_log_says_that_the_external_image_was_taken_off(self, acme, product):
        product.external_image_url = EXTERNAL
        image = add_accepted(acme, product)
        processing.process(image.id)
        processing.process(image.id)
        [entry] = db.session.scalars(select(AuditEntry))
        assert (entry.action, entry.entity_id) == ("product.updated", product.id)
        assert (entry.company_id, entry.actor_type, entry.actor_id) == (acme, "SYSTEM", None)
        assert entry.before == {"image_url": EXTERNAL}
        assert entry.after == {"image_url": image.url}

    def test_the_log_says_nothing_where_no_image_gives_way(self, acme, product):
        processing.process(add_accepted(acme, product).id)
        product.external_image_url = EXTERNAL
        processing.process(add_accepted(acme, product, position=9).id)
        assert db.session.scalars(select(AuditEntry)).all() == []

    def test_every_accepted_upload_is_ready_before_any_ladder(self, acme, product, app):
        first, second = (add_accepted(acme, product).id for _ in range(2))
        for image_id in (first, second):
            queue.enqueue("process", image_id)
        run_queue(app, tasks=2)
        assert [(image.status, image.ladder_version) for image in rows()] == [(READY, None)] * 2
        later = add_accepted(acme, product).id
        queue.enqueue("process", later)
        run_queue(app, tasks=1)
        assert db.session.get_one(Image, later).status == READY
        run_queue(app)
        assert [image.ladder_version for image in rows()] == [LADDER_VERSION] * 3

    def test_a_ladder_has_three_attempts_of_its_own(self, acme, product):
        image = add_accepted(acme, product, attempts=processing.MAX_ATTEMPTS - 1)
        processing.process(image.id)
        assert (image.status, image.attempts, image.writing_until) == (READY, 0, None)

    def test_an_accepted_upload_that_is_no_image_ends_in_error(self, store, acme, product):
        image = add_accepted(acme, product)
        store.put(image.upload_key, truncated(jpeg(640, 480)), "image/jpeg")
        processing.process(image.id)
        outbox.drain_request()
        assert image.status == ERROR
        assert image.error_code
        assert product.image is None
        assert store.keys() == {image.upload_key}

    def test_an_upload_that_is_lost_ends_in_error(self, store, acme):
        image = add_accepted(acme)
        store.delete_prefix(image.incoming_prefix)
        processing.process(image.id)
        assert (image.status, image.error_code) == (ERROR, "upload_lost")

    def test_without_its_upload_the_ladder_is_made_of_the_image(self, stage, store):
        image = stage()
        store.delete_prefix(image.incoming_prefix)
        processing.process(image.id)
        assert paths(image) == LADDER
        assert store.keys() == named_by_rows()

    def test_a_lost_thumbnail_is_made_again(self, stage):
        image = stage()
        image.derivatives = image.derivatives[:1]
        db.session.commit()
        processing.process(image.id)
        assert paths(image) == LADDER

    def test_a_store_that_fails_costs_no_attempt(self, stage, store):
        image = stage()
        store.at = "put"
        with pytest.raises(StoreUnavailable):
            processing.process(image.id)
        assert (image.status, image.attempts, image.ladder_version) == (READY, 0, None)

    def test_a_decoder_that_does_not_start_costs_no_attempt(self, stage, app):
        image = stage()
        make_flaky(app, "derive", SandboxError("no decoding process"))
        with pytest.raises(SandboxError):
            processing.process(image.id)
        assert (image.status, image.attempts) == (READY, 0)

    @pytest.mark.parametrize("step", ["publish", "derive"])
    def test_a_decoder_that_dies_is_no_verdict(self, acme, product, app, step):
        image = add_accepted(acme, product)
        flaky = make_flaky(app, step, SandboxInterrupted("killed"))
        processing.process(image.id)
        processing.process(image.id)
        assert image.status == (PROCESSING if step == "publish" else READY)
        assert (image.ladder_version, image.writing_until) == (None, None)
        flaky.at = ""
        processing.process(image.id)
        processing.process(image.id)
        assert (image.status, image.ladder_version) == (READY, LADDER_VERSION)

    @pytest.mark.parametrize("method", ["open", "put"])
    def test_a_image_removed_meanwhile_leaves_nothing(self, stage, store, method):
        image_id = stage().id
        store.at, store.then = method, lambda: remove_elsewhere(store, image_id)
        processing.process(image_id)
        outbox.sweep(utc_now() + timedelta(hours=1))
        assert (rows(), store.keys(), outbox_prefixes()) == ([], set(), [])

    def test_an_accepted_upload_removed_meanwhile_leaves_nothing(self, store, acme, product):
        image_id = add_accepted(acme, product).id
        store.at, store.then = "put", lambda: remove_elsewhere(store, image_id)
        processing.process(image_id)
        outbox.sweep(utc_now() + timedelta(hours=1))
        assert (rows(), store.keys(), outbox_prefixes()) == ([], set(), [])

    def test_removed_between_ready_and_its_ladder_leaves_nothing(self, store, acme, product, app):
        image_id = add_accepted(acme, product).id
        make_flaky(app, "derive", lambda: remove_elsewhere(store, image_id))
        processing.process(image_id)
        processing.process(image_id)
        outbox.sweep(utc_now() + timedelta(hours=1))
        assert (rows(), store.keys(), outbox_prefixes()) == ([], set(), [])

    def test_a_store_that_fails_over_a_removed_image_is_still_told(self, stage, store):
        image_id = stage().id

        def remove_and_fail():
            store.at = None
            remove_elsewhere(store, image_id)
            raise StoreUnavailable("down")

        store.at, store.then = "put", remove_and_fail
        with pytest.raises(StoreUnavailable):
            processing.process(image_id)
        assert rows() == []

    def test_a_writer_that_was_overtaken_changes_nothing(self, stage, store):
        image = stage()
        image_id = image.id
        store.at, store.then = "put", lambda: overtake(image_id)
        processing.process(image_id)
        assert (image.ladder_version, image.attempts) == (None, 2)

    def test_a_busy_image_is_left_alone(self, stage):
        image = stage()
        image.writing_until = utc_now() + timedelta(minutes=1)
        db.session.commit()
        processing.process(image.id)
        assert image.attempts == 0

    def test_the_third_death_is_the_last(self, save):
        image = save()
        image.attempts = processing.MAX_ATTEMPTS
        db.session.commit()
        processing.process(image.id)
        assert image.ladder_version is None
        outbox.sweep(utc_now() + timedelta(hours=1))
        assert (image.status, image.ladder_version) == (READY, None)
        assert image.retry_at is not None


class TestStageCopy:
    def test_the_copy_has_bytes_of_its_own(self, stage, store, acme):
        source = stage()
        processing.process(source.id)
        copy = staging.stage_copy(acme, source)
        assert (copy.status, copy.copied_from, copy.is_staged) == (READY, source.id, True)
        assert paths(copy) == LADDER
        attachment.discard(source)
        db.session.commit()
        outbox.drain_request()
        assert store.keys() == named_by_rows()

    def test_what_the_source_still_lacks_is_made_of_the_copy(self, stage, store, acme, app):
        source = stage()
        copy_id = staging.stage_copy(acme, source).id
        run_queue(app)
        assert paths(db.session.get(Image, copy_id)) == LADDER
        assert store.keys() == named_by_rows()

    def test_a_source_that_loses_its_objects_leaves_nothing(self, stage, store, acme):
        source = stage()
        store.delete_prefix(source.prefix)
        with pytest.raises(ObjectNotFound):
            staging.stage_copy(acme, source)
        outbox.sweep(utc_now() + timedelta(hours=1))
        assert rows() == [source]
        assert store.keys() == {source.upload_key}


def statuses_elsewhere() -> list[str]:
    with current_app.app_context():
        return list(db.session.scalars(select(Image.status)))


def process_elsewhere(store, image_id: str) -> None:
    """Another worker processes the image now; the store is as it should be from here on."""
    store.at = None
    with current_app.app_context():
        processing.process(image_id)


def remove_elsewhere(store, image_id: str) -> None:
    """A request removes the image now, and drains; the store is as it should be from here on."""
    store.at = None
    with current_app.app_context():
        attachment.discard(db.session.get_one(Image, image_id))
        db.session.commit()
        outbox.drain_request()


def overtake(image_id: str) -> None:
    """Another worker takes the image over, since this one's time seems to be over."""
    with db.engine.begin() as other:
        other.execute(update(Image).where(Image.id == image_id).values(attempts=2))
