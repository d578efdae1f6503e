"""Comparison of the rows with the store, and repair."""

from datetime import timedelta
from io import BytesIO

import pytest
from click import ClickException
from flask import current_app
from sqlalchemy import select, update

from distribu import worker
from distribu.extensions import db
from distribu.images import attachment, doctor, outbox, processing, store_identity
from distribu.images.decoding.ladder import LADDER_VERSION
from distribu.images.doctor import EXTRA, MISSING, WRONG_SIZE, ForeignStore
from distribu.images.store_identity import DatabaseOlder
from distribu.images.stores.trial import TRIAL_ID
from distribu.models import (
    ERROR,
    PROCESSING,
    READY,
    Image,
    Installation,
    OutboxEntry,
    new_id,
    utc_now,
)
from tests.conftest import run_queue
from tests.images.image_files import png
from tests.images.life import add_accepted, has_object, named_by_rows


@pytest.fixture
def image(stage, product):
    """The image of a product, its whole ladder made."""
    image = stage()
    attachment.attach(attachment.lock_product(product.id, product.company_id), image.id)
    db.session.commit()
    processing.process(image.id)
    outbox.drain()
    return image


def examine(repair: bool = False) -> list[tuple[str, str]]:
    return [(finding.kind, finding.key) for finding in doctor.examine(repair)]


@pytest.fixture
def lose(tmp_path):
    """A function after which exactly these objects are gone."""

    def lose_objects(*keys: str) -> None:
        for key in keys:
            (tmp_path / "store" / key).unlink()

    return lose_objects


def test_what_is_whole_is_not_complained_of(image):
    assert examine() == []
    assert examine(repair=True) == []


def test_what_is_still_in_work_is_not_complained_of(stage, acme):
    stage()
    add_accepted(acme, writing_until=utc_now() + timedelta(minutes=1))
    assert examine() == []


def test_what_the_outbox_owns_is_not_complained_of(image):
    attachment.discard(image)
    db.session.commit()
    assert examine() == []


@pytest.fixture
def older_id() -> str:
    """An id that was given before any image of the test."""
    return new_id()


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        ("images/{}/a.png", doctor.UNOWNED_KEPT),
        ("images/{}/v2/300w.webp", doctor.UNOWNED_KEPT),
        ("incoming/{}/upload", doctor.UPLOAD_KEPT),
    ],
)
def test_an_orphan_is_found_and_deleted_later(older_id, image, store, key, kept):
    key = key.format(older_id)
    store.put(key, png(8, 8), "image/png")
    assert examine() == [(EXTRA, key)]
    assert examine(repair=True) == [(EXTRA, key)]
    assert examine() == []
    outbox.drain(now=utc_now() + kept - timedelta(minutes=1))
    assert has_object(store, key)
    outbox.drain(now=utc_now() + kept)
    assert store.keys() == named_by_rows()


def test_purge_deletes_an_orphan_at_once(older_id, image, store):
    store.put(f"images/{older_id}/a.png", png(8, 8), "image/png")
    examine(repair=True)
    assert doctor.purge() == 0
    assert store.keys() == named_by_rows()


def test_purge_leaves_what_a_writer_may_still_put_to_its_time(store, acme, image):
    until = utc_now() + timedelta(minutes=4)
    attachment.discard(add_accepted(acme, writing_until=until))
    db.session.commit()
    outbox.drain()
    doctor.purge()
    due = db.session.scalars(db.select(OutboxEntry.due_at)).all()
    assert due == [until, until]


def test_an_orphan_whose_row_comes_back_is_not_deleted(image, store):
    """The wrong database was repaired, and then the right one put back."""
    attachment.into_outbox(image.prefix, due_at=utc_now())
    db.session.commit()
    whole = store.keys()
    assert outbox.drain() == 0
    assert store.keys() == whole
    assert db.session.scalars(db.select(OutboxEntry)).all() == []


def test_an_upload_whose_row_comes_back_is_not_deleted(stage, store):
    image = stage()
    attachment.into_outbox(image.incoming_prefix, due_at=utc_now())
    db.session.commit()
    outbox.drain()
    assert has_object(store, image.upload_key)


def test_an_upload_that_outlived_its_purpose_is_deleted_after_a_day(image, store):
    store.put(image.upload_key, png(8, 8), "image/png")
    assert examine(repair=True) == [(EXTRA, image.upload_key)]
    outbox.drain(now=utc_now() + doctor.UPLOAD_KEPT)
    assert store.keys() == named_by_rows()


def test_what_distribu_never_put_there_is_told_and_left(image, store):
    key = "images/holiday/beach.png"
    store.put(key, png(8, 8), "image/png")
    assert examine(repair=True) == [(EXTRA, key)]
    assert has_object(store, key)


@pytest.mark.parametrize("name", ["v2/stray.webp", "v7/100w.webp", "stray.png", "v2/.01J.part"])
def test_a_stray_among_the_objects_of_a_image_is_found_and_deleted(image, store, tmp_path, name):
    key, whole = f"{image.prefix}{name}", store.keys()
    path = tmp_path / "store" / key
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"stray")
    assert examine() == [(EXTRA, key)]
    assert examine(repair=True) == [(EXTRA, key)]
    # The row may be of an old backup, so that it is kept for a while.
    assert store.keys() == whole | {key}
    assert examine() == []
    doctor.purge()
    assert store.keys() == whole == named_by_rows()
    assert (image.writing_until, entries()) == (None, [])


def test_a_stray_that_its_image_names_by_then_stays(image, store):
    key = image.key("v2/stray.webp")
    store.put(key, png(8, 8), "image/webp")
    examine(repair=True)
    image.derivatives = [*image.derivatives, image.derivatives[-1] | {"path": "v2/stray.webp"}]
    db.session.commit()
    doctor.purge()
    assert has_object(store, key)
    assert entries() == []


def test_a_temporary_file_that_nobody_owns_is_found_and_deleted(older_id, image, store, tmp_path):
    key, whole = f"images/{older_id}/.01J.part", store.keys()
    path = tmp_path / "store" / key
    path.parent.mkdir()
    path.write_bytes(b"half")
    assert examine(repair=True) == [(EXTRA, key)]
    doctor.purge()
    assert store.keys() == whole


def test_what_somebody_still_writes_is_not_complained_of(stage, store):
    store.put(stage().key("v2/140w.avif"), png(8, 8), "image/avif")
    assert examine(repair=True) == []


def test_a_stray_is_left_to_a_writer_that_has_come_meanwhile(image, store):
    stray, ladder_version = image.key("v2/stray.webp"), image.ladder_version
    store.put(stray, png(8, 8), "image/webp")
    examine(repair=True)
    being_written = {"writing_until": utc_now() + timedelta(minutes=1)}
    for values in ({"ladder_version": None}, being_written):
        db.session.execute(update(Image).values(values))
        db.session.commit()
        doctor.purge()
        assert has_object(store, stray)
        db.session.execute(update(Image).values(ladder_version=ladder_version))
        db.session.commit()
    later = utc_now() + timedelta(hours=2)
    outbox.drain(now=later)
    assert not has_object(store, stray)
    assert entries() == []


def entries() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxEntry.prefix)))


def test_an_older_ladder_that_the_outbox_owns_is_not_complained_of(image, store):
    store.put(image.key("v0/140w.avif"), png(8, 8), "image/avif")
    attachment.into_outbox(f"{image.prefix}v0/")
    db.session.commit()
    assert examine() == []


def test_a_lost_derivative_is_made_again(image, store, app, lose):
    key, others = image.key("v2/100w.avif"), store.keys()
    lose(key)
    assert examine() == [(MISSING, key)]
    assert image.ladder_version == LADDER_VERSION
    assert examine(repair=True) == [(MISSING, key)]
    run_queue(app)
    assert store.keys() == others == named_by_rows()
    assert examine() == []


def test_what_was_not_lost_keeps_its_bytes(image, store, app, lose):
    kept = image.key("v2/140w.avif")
    store.put(kept, BytesIO(bytes(store.stat(kept).byte_size)), "image/avif")
    lose(image.key("v2/100w.avif"))
    examine(repair=True)
    run_queue(app)
    with store.open(kept) as file:
        assert set(file.read()) == {0}


def test_a_derivative_of_the_wrong_size_is_made_again(image, store, app):
    key, whole = image.key("v2/140w.webp"), store.keys()
    store.put(key, png(8, 8), "image/webp")
    assert examine(repair=True) == [(WRONG_SIZE, key)]
    run_queue(app)
    assert examine() == []
    assert store.keys() == whole == named_by_rows()


def test_all_derivatives_lost_are_made_again_of_the_image(image, store, app, lose):
    lose(*(image.key(made["path"]) for made in image.derivatives if made["path"]))
    assert len(examine(repair=True)) == 5
    run_queue(app)
    assert examine() == []
    assert store.keys() == named_by_rows()


def test_a_lost_image_is_made_again_while_its_upload_is_there(stage, app, lose):
    image = stage()
    lose(image.key())
    findings = list(doctor.examine(repair=True))
    assert [(finding.key, finding.is_repaired) for finding in findings] == [(image.key(), True)]
    assert image.status == PROCESSING
    run_queue(app)
    assert examine() == []
    assert image.status == READY


def test_a_lost_image_leaves_its_smaller_sizes_on_the_pages(image, lose):
    lose(image.key())
    findings = list(doctor.examine(repair=True))
    assert [finding.is_repaired for finding in findings] == [False]
    assert "upload it again" in str(findings[0])
    assert image.status == READY


def test_a_image_of_which_nothing_is_left_is_shown_no_more(image, store, product):
    store.delete_prefix(image.prefix)
    findings = list(doctor.examine(repair=True))
    assert {(finding.kind, finding.is_repaired) for finding in findings} == {(MISSING, False)}
    assert (image.status, image.error_code) == (ERROR, "objects_lost")
    assert product.image is None
    # It is news until the merchant has uploaded it again, or the objects are back.
    assert examine() == examine(repair=True) == [(MISSING, image.key())]


def test_what_was_lost_is_taken_back_when_its_objects_are_there_again(
    image, product, app, tmp_path
):
    """An older copy of the store was put back, and then the right one."""
    folder = tmp_path / "store" / image.prefix
    folder.rename(tmp_path / "elsewhere")
    examine(repair=True)
    (tmp_path / "elsewhere").rename(folder)
    whole = {path for path in folder.rglob("*") if path.is_file()}
    findings = list(doctor.examine(repair=True))
    assert [(finding.key, finding.is_repaired) for finding in findings] == [(image.key(), True)]
    assert (image.status, image.error_code, product.image) == (READY, None, image)
    run_queue(app)
    assert examine() == []
    assert {path for path in folder.rglob("*") if path.is_file()} == whole


def test_a_lost_image_is_made_again_of_an_upload_that_its_row_needs_no_more(image, store, app):
    """Newer database, older store: the upload is not deleted, it is what rescues the image."""
    store.delete_prefix(image.prefix)
    store.put(image.upload_key, png(140, 70), "image/png")
    assert {finding.key for finding in doctor.examine()} == {
        image.key(made["path"]) for made in image.derivatives
    }
    examine(repair=True)
    assert image.status == PROCESSING
    run_queue(app)
    assert examine() == []
    assert image.status == READY


def test_a_row_whose_upload_is_gone_is_ready_of_its_stable_image(image, store, app):
    """Older database, newer store: the backup knew the image while it was PROCESSING."""
    image.status, image.derivatives, image.ladder_version = PROCESSING, [], None
    image.width_px = image.height_px = 0
    image.created_at = utc_now() - timedelta(hours=1)
    db.session.commit()
    whole = store.keys()
    assert examine() == [(MISSING, image.key())]
    outbox.sweep()
    run_queue(app)
    assert store.keys() == whole
    assert (image.status, image.width_px) == (READY, 140)
    outbox.sweep()
    run_queue(app)
    assert store.keys() == whole == named_by_rows()
    assert examine() == []


class TestOlderDatabase:
    @pytest.fixture
    def newer_key(self, image, store) -> str:
        """An object of an image that was uploaded after the backup of the database."""
        key = f"images/{new_id()}/a.png"
        store.put(key, png(8, 8), "image/png")
        return key

    def test_repair_stops(self, newer_key, store):
        with pytest.raises(DatabaseOlder, match="older than its image store"):
            examine(repair=True)
        with pytest.raises(DatabaseOlder):
            doctor.purge()
        assert has_object(store, newer_key)

    def test_a_sweep_stops_before_it_discards(self, newer_key, stage):
        image = stage()
        newest = f"images/{new_id()}/a.png"
        current_app.extensions["image_store"].put(newest, png(8, 8), "image/png")
        with pytest.raises(DatabaseOlder):
            outbox.sweep(utc_now() + timedelta(days=2))
        assert db.session.get(Image, image.id)

    def test_the_worker_stops_with_a_sentence(self, newer_key):
        with pytest.raises(ClickException, match="older than its image store"):
            worker.run()

    def test_an_older_database_can_be_accepted(self, newer_key, store):
        findings = list(doctor.examine(repair=True, accept_older=True))
        assert [finding.key for finding in findings] == [newer_key]
        assert examine(repair=True) == []
        outbox.sweep()
        assert has_object(store, newer_key)

    def test_what_the_outbox_knows_is_not_newer(self, stage, image):
        attachment.discard(stage())
        db.session.commit()
        store_identity.refuse_older_database()

    def test_what_is_uploaded_meanwhile_is_not_newer(self, image, store, stage):
        def upload_another() -> None:
            store.at = None
            stage()

        store.at, store.moment, store.then = "objects", "before", upload_another
        store_identity.refuse_older_database()

    def test_what_is_gone_since_the_listing_is_not_newer(self, newer_key, store):
        def delete_it() -> None:
            store.at = None
            store.delete(newer_key)

        store.at, store.moment, store.then = "objects", "after", delete_it
        store_identity.refuse_older_database()

    def test_what_a_check_has_left_behind_is_not_newer(self, store):
        store.put(f"images/{TRIAL_ID}/trial", png(8, 8), "image/png")
        store_identity.refuse_older_database()

    def test_what_distribu_never_put_there_is_not_newer(self, image, store):
        store.put("images/holiday/beach.png", png(8, 8), "image/png")
        store_identity.refuse_older_database()


def test_a_image_removed_since_the_listing_is_not_complained_of(image, store):
    image_id = image.id

    def remove_it() -> None:
        store.at = None
        attachment.discard(db.session.get(type(image), image_id))
        db.session.commit()
        outbox.drain_request()

    store.at, store.moment, store.then = "objects", "after", remove_it
    assert examine() == []


def test_a_image_uploaded_since_the_listing_is_not_complained_of(image, store, stage):
    def upload_another() -> None:
        store.at = None
        stage()

    store.at, store.moment, store.then = "objects", "after", upload_another
    assert examine(repair=True) == []


class TestClaim:
    def test_the_first_claim_is_remembered(self, store):
        doctor.claim_store()
        doctor.claim_store()
        assert db.session.get(Installation, 1).store_id == store.installation_id()

    def test_another_store_is_refused(self, app_context):
        db.session.add(Installation(store_id="another"))
        db.session.commit()
        with pytest.raises(ForeignStore):
            doctor.claim_store()

    def test_the_wrong_database_deletes_no_shop(self, store):
        """A database that has never seen this store, as after a wrong DISTRIBU_DATABASE_URL."""
        store.put(f"images/{new_id()}/a.png", png(8, 8), "image/png")
        keys = store.keys()
        with pytest.raises(ForeignStore):
            examine(repair=True)
        assert store.keys() == keys
        assert db.session.get(Installation, 1) is None

    def test_a_store_with_images_of_this_database_is_claimed(self, image):
        doctor.claim_store()
        assert db.session.get(Installation, 1)

    def test_examining_claims_nothing(self, app_context):
        examine()
        assert db.session.get(Installation, 1) is None
