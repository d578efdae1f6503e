"""Rebuilding of derivatives after a change of the ladder."""

from datetime import timedelta

import pytest
from flask import current_app

from distribu.extensions import db
from distribu.images import attachment, outbox, processing, rebuilding, writing
from distribu.images.decoding.ladder import LADDER_VERSION
from distribu.images.decoding.sandbox import SandboxError
from distribu.images.stores.contract import StoreUnavailable
from distribu.models import READY, Image, utc_now
from tests.flaky_sandbox import make_flaky
from tests.images.image_files import png
from tests.images.life import named_by_rows, outbox_prefixes

LATER = timedelta(hours=1)
TODAY = f"v{LADDER_VERSION}/"


@pytest.fixture
def aged(product, tmp_path, stage):
    """A function that returns the image of product, its ladder one of an older version."""

    def make() -> Image:
        image = stage()
        attachment.replace(attachment.lock_product(product.id, product.company_id), image.id)
        db.session.commit()
        processing.process(image.id)
        outbox.drain()
        folder = tmp_path / "store" / "images" / image.id
        (folder / TODAY).rename(folder / "v0")
        image.derivatives = [
            made | {"path": made["path"].replace(TODAY, "v0/")} for made in image.derivatives
        ]
        image.ladder_version = 0
        db.session.commit()
        return image

    return make


def read_all(store) -> dict[str, bytes]:
    content = {}
    for key in sorted(store.keys()):
        with store.open(key) as file:
            content[key] = file.read()
    return content


def paths(image: Image) -> list[str]:
    db.session.rollback()
    return sorted(made["path"] for made in image.derivatives)


def names(image: Image) -> list[str]:
    return [path.partition("/")[2] for path in paths(image)]


def rebuild_all(**options) -> list[str]:
    return [rebuilding.rebuild(image_id, **options) for image_id in rebuilding.outdated()]


def test_the_ladder_is_made_anew_beside_the_image(aged, store):
    image = aged()
    before, address, old_names = read_all(store), image.url, names(image)
    assert rebuild_all() == [rebuilding.DONE]
    assert (image.ladder_version, image.status, image.url) == (LADDER_VERSION, READY, address)
    assert names(image) == old_names
    assert {path[: len(TODAY)] for path in paths(image)} == {"", TODAY}
    assert store.keys() == named_by_rows()
    after = read_all(store)
    assert [key for key in before if key in after] == [image.key()]
    assert after[image.key()] == before[image.key()]
    assert (rebuilding.outdated(), outbox_prefixes()) == ([], [])


def test_what_is_of_today_is_left_alone(stage):
    processing.process(stage().id)
    assert rebuilding.outdated() == []


def test_pages_show_the_old_sizes_until_the_new_ones_are_there(aged, store):
    image = aged()
    old, seen = paths(image), []
    store.at, store.then = "put", lambda: seen.append(paths(image))
    rebuild_all()
    assert seen == [old] * 5


def test_no_address_gets_other_bytes(aged, store):
    image = aged()
    before, seen = read_all(store), []
    store.at, store.moment = "put", "after"
    store.then = lambda: seen.append(before.items() <= read_all(store).items())
    rebuild_all()
    assert seen == [True] * len(seen) != []
    assert image.ladder_version == LADDER_VERSION


def test_what_the_store_refuses_is_finished_by_the_sweep(aged, store, app):
    image = aged()
    store.at = "put"
    with pytest.raises(StoreUnavailable):
        rebuild_all()
    store.at = None
    assert (image.ladder_version, image.attempts) == (None, 0)
    later = utc_now() + LATER
    outbox.sweep(later)
    processing.process(app.extensions["huey"].dequeue().args[1], later)
    outbox.drain(now=later)
    assert image.ladder_version == LADDER_VERSION
    assert store.keys() == named_by_rows()


def test_a_second_run_goes_on(aged, store):
    image = aged()
    store.at = "put"
    with pytest.raises(StoreUnavailable):
        rebuild_all()
    store.at = None
    # What was put may still arrive.
    assert rebuild_all() == [rebuilding.BUSY]
    assert rebuild_all(now=utc_now() + writing.WRITING_WINDOW) == [rebuilding.DONE]
    assert image.ladder_version == LADDER_VERSION


def test_a_image_removed_meanwhile_leaves_nothing(aged, store, product):
    aged()

    def remove() -> None:
        store.at = None
        with current_app.app_context():
            attachment.remove(attachment.lock_product(product_id, company_id))
            db.session.commit()
            outbox.drain_request()

    product_id, company_id = product.id, product.company_id
    store.at, store.then = "put", remove
    assert rebuild_all() == [rebuilding.GONE]
    outbox.sweep(utc_now() + LATER)
    assert store.keys() == set()


def test_one_removed_since_the_list_was_made_is_no_fault(aged):
    image = aged()
    image_id = image.id
    attachment.discard(image)
    db.session.commit()
    assert rebuilding.rebuild(image_id) == rebuilding.GONE


def test_a_lost_image_keeps_its_old_sizes(aged, store, tmp_path):
    image = aged()
    (tmp_path / "store" / image.key()).unlink()
    before = paths(image)
    assert rebuild_all() == [rebuilding.KEPT]
    assert paths(image) == before
    assert store.keys() == named_by_rows() - {image.key()}


def test_an_upload_that_still_waits_to_be_deleted_may_go_at_any_time(aged, store):
    image = aged()
    store.put(image.upload_key, png(8, 8), "image/png")
    prefix = image.incoming_prefix

    def drain() -> None:
        store.at = None
        store.delete_prefix(prefix)

    store.at, store.then = "open", drain
    assert rebuild_all() == [rebuilding.DONE]


class TestCommand:
    @pytest.fixture
    def run(self, app):
        # The command closes the sandbox, which is shared with other tests.
        make_flaky(app, "", lambda: None)
        return lambda: app.test_cli_runner().invoke(args=["images", "rebuild"])

    def test_all_is_rebuilt_and_counted(self, aged, run):
        image = aged()
        result = run()
        assert (result.exit_code, "1 rebuilt, 0 not." in result.output) == (0, True)
        assert {path[: len(TODAY)] for path in paths(image)} == {"", TODAY}
        assert "0 rebuilt, 0 not." in run().output

    def test_one_that_fails_does_not_stop_the_others(self, aged, save, run, app):
        first, second = aged(), save()

        def break_once():
            flaky.at = ""
            raise SandboxError("no decoding process")

        flaky = make_flaky(app, "derive", break_once)
        result = run()
        assert result.exit_code == 1
        assert f"{first.id}: no decoding process" in result.output
        assert "1 rebuilt, 1 not." in result.output
        db.session.rollback()
        assert (first.ladder_version, second.ladder_version) == (None, LADDER_VERSION)


def test_an_image_that_is_only_chosen_is_left_to_its_save(stage, save):
    """Its upload is kept until then, so that it can still be rotated without a loss."""
    chosen, saved = stage(), save()
    assert rebuilding.outdated() == [saved.id]
    assert chosen.ladder_version is None
