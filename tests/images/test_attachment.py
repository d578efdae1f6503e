"""Ownership of images: attach, replace, remove, discard."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from distribu.extensions import db
from distribu.images import attachment, processing, store_identity
from distribu.images.attachment import ImageConflict, ImageLimitReached, StaleProduct
from distribu.images.outbox import drain_request
from distribu.images.store_identity import ImagesHeld
from distribu.models import (
    PROCESSING,
    READY,
    Image,
    Installation,
    OutboxEntry,
    Product,
    utc_now,
)
from tests.conftest import add_product
from tests.images.image_files import png
from tests.images.life import add_accepted, add_company, images_of, outbox_prefixes


def attach(product: Product, image: Image, **options) -> Image:
    locked = attachment.lock_product(product.id, product.company_id)
    attachment.attach(locked, image.id, **options)
    db.session.commit()
    return image


def test_lock_raises_the_version(product):
    before = product.version
    assert attachment.lock_product(product.id, product.company_id).version == before + 1


def test_lock_refuses_a_version_that_is_past(product):
    attachment.lock_product(product.id, product.company_id, product.version)
    db.session.commit()
    with pytest.raises(StaleProduct):
        attachment.lock_product(product.id, product.company_id, product.version - 1)


def test_lock_refuses_another_company(product):
    globex = add_company("globex")
    with pytest.raises(StaleProduct):
        attachment.lock_product(product.id, globex)


def test_lock_refuses_a_deleted_product(product):
    product_id, company_id = product.id, product.company_id
    db.session.delete(product)
    db.session.commit()
    with pytest.raises(StaleProduct):
        attachment.lock_product(product_id, company_id)


def test_a_lock_that_is_refused_holds_nobody_up(product):
    with pytest.raises(StaleProduct):
        attachment.lock_product(product.id, product.company_id, product.version + 1)
    with db.engine.begin() as other:
        other.execute(db.update(Product).values(name="Renamed"))
    assert product.name == "Renamed"


def test_lock_shows_what_another_has_saved(product):
    with db.engine.begin() as other:
        other.execute(db.update(Product).values(name="Renamed"))
    assert attachment.lock_product(product.id, product.company_id).name == "Renamed"


def test_attached_image_is_the_products_image(product, stage):
    image = attach(product, stage())
    assert product.image is image
    assert product.image_url == image.url
    assert image.kept_until is None


def test_attach_puts_each_image_behind_the_others(product, stage):
    first, second, third = (attach(product, stage()) for _ in range(3))
    assert images_of(product) == [first, second, third]
    assert product.image is first


def test_attach_keeps_what_was_typed_but_not_flushed(product, stage):
    image = stage()
    locked = attachment.lock_product(product.id, product.company_id)
    locked.name = "Typed"
    attachment.attach(locked, image.id)
    db.session.commit()
    assert product.name == "Typed"


def test_attach_takes_an_image_once(product, stage):
    image = attach(product, stage())
    other = add_product(product.company_id)
    with pytest.raises(ImageConflict):
        attach(other, image)


def test_attach_refuses_an_image_that_is_gone(product, stage):
    image = stage()
    image_id = image.id
    attachment.discard(image)
    db.session.commit()
    locked = attachment.lock_product(product.id, product.company_id)
    with pytest.raises(ImageConflict):
        attachment.attach(locked, image_id)


def test_attach_refuses_another_companys_image(product, stage):
    foreign = add_product(add_company("globex"))
    image = stage()
    with pytest.raises(ImageConflict):
        attach(foreign, image)


def test_attach_refuses_an_image_of_another_status(product, acme):
    image = add_accepted(acme)
    with pytest.raises(ImageConflict):
        attach(product, image)
    db.session.rollback()
    attach(product, image, status="PROCESSING")
    assert images_of(product) == [image]


def test_attach_stops_at_the_limit(product, stage):
    attach(product, stage(), limit=2)
    attach(product, stage(), limit=2)
    with pytest.raises(ImageLimitReached):
        attach(product, stage(), limit=2)


def test_replace_stops_at_the_limit_where_nothing_gives_way(app_context, product, stage):
    app_context.config["IMAGES_PER_PRODUCT"] = 1
    first, second = attach(product, stage()), stage()
    locked = attachment.lock_product(product.id, product.company_id)
    locked.external_image_url = "https://example.com/a.jpg"
    with pytest.raises(ImageLimitReached, match="the maximum of 1 image"):
        attachment.replace(locked, second.id)
    db.session.rollback()
    assert images_of(product) == [first]


def test_replace_at_the_limit_displaces(app_context, product, stage):
    app_context.config["IMAGES_PER_PRODUCT"] = 1
    attach(product, stage())
    second = stage()
    attachment.replace(attachment.lock_product(product.id, product.company_id), second.id)
    db.session.commit()
    assert images_of(product) == [second]


def test_replace_takes_the_position_and_discards_what_was_there(product, stage):
    first, second = attach(product, stage()), attach(product, stage())
    first_id, new = first.id, stage()
    locked = attachment.lock_product(product.id, product.company_id)
    attachment.replace(locked, new.id)
    db.session.commit()
    assert images_of(product) == [new, second]
    assert outbox_prefixes() == [f"images/{first_id}/", f"incoming/{first_id}/"]


def test_replace_takes_the_place_of_an_external_image(product, stage):
    behind = attach(product, stage())
    product.external_image_url = "https://example.com/a.jpg"
    db.session.commit()
    new = stage()
    attachment.replace(attachment.lock_product(product.id, product.company_id), new.id)
    db.session.commit()
    assert images_of(product) == [new, behind]
    assert product.image_url == new.url


def test_replace_keeps_the_old_image_when_the_new_one_is_gone(product, stage):
    old = attach(product, stage())
    locked = attachment.lock_product(product.id, product.company_id)
    with pytest.raises(ImageConflict):
        attachment.replace(locked, "01NOSUCHIMAGE0000000000000")
    db.session.rollback()
    assert images_of(product) == [old]
    assert outbox_prefixes() == []


def test_remove_makes_the_next_image_the_image(product, stage):
    first, second = attach(product, stage()), attach(product, stage())
    assert product.image is first
    assert product.images == [first, second]
    attachment.remove(attachment.lock_product(product.id, product.company_id))
    assert product.image is second
    assert product.images == [second]


def test_remove_takes_the_image_that_it_is_given(product, stage):
    first, second = attach(product, stage()), attach(product, stage())
    attachment.remove(attachment.lock_product(product.id, product.company_id), second)
    db.session.commit()
    assert images_of(product) == [first]


def test_remove_of_an_external_image_leaves_the_hosted_ones(product, stage):
    image = attach(product, stage())
    product.external_image_url = "https://example.com/a.jpg"
    db.session.commit()
    attachment.remove(attachment.lock_product(product.id, product.company_id))
    db.session.commit()
    assert product.image_url == image.url


def test_remove_of_a_product_without_image_changes_nothing(product):
    attachment.remove(attachment.lock_product(product.id, product.company_id))
    db.session.commit()
    assert outbox_prefixes() == []


def test_a_product_is_deleted_after_all_its_images(product, stage, store):
    attach(product, stage())
    attach(product, stage())
    locked = attachment.lock_product(product.id, product.company_id)
    attachment.remove_all(locked)
    db.session.delete(locked)
    db.session.commit()
    drain_request()
    assert db.session.scalars(select(Image)).all() == []
    assert store.keys() == set()


def test_discard_deletes_the_objects_after_the_row(stage, store):
    image = stage()
    attachment.discard(image)
    assert store.keys() != set()
    db.session.commit()
    drain_request()
    assert store.keys() == set()
    assert outbox_prefixes() == []


def test_a_rolled_back_discard_deletes_nothing(stage, store):
    image = stage()
    keys = store.keys()
    attachment.discard(image)
    db.session.rollback()
    drain_request()
    assert store.keys() == keys


def test_discard_tells_the_outbox_how_long_a_writer_may_put(acme):
    writing_until = utc_now() + timedelta(minutes=4)
    attachment.discard(add_accepted(acme, writing_until=writing_until))
    db.session.commit()
    entries = db.session.scalars(select(OutboxEntry)).all()
    assert [entry.final_after for entry in entries] == [writing_until] * 2


def test_discard_of_what_another_discarded_is_no_error(stage):
    image = stage()
    with db.engine.begin() as other:
        other.execute(db.delete(Image))
    attachment.discard(image)
    db.session.commit()
    assert outbox_prefixes() == []


def test_staged_image_is_its_companys_alone(stage, acme):
    image = stage()
    globex = add_company("globex")
    assert attachment.staged_image(image.id, acme) is image
    assert attachment.staged_image(image.id, globex) is None
    assert attachment.staged_image("", acme) is None
    assert attachment.staged_image(None, acme) is None


def test_staged_image_is_the_one_of_this_id(stage, acme):
    images = [stage() for _ in range(3)]
    found = [attachment.staged_image(image.id, acme) for image in reversed(images)]
    assert found == images[::-1]


def test_an_image_that_is_not_ready_is_not_staged(acme):
    assert attachment.staged_image(add_accepted(acme).id, acme) is None


def test_an_attached_image_is_not_staged(product, stage, acme):
    image = attach(product, stage())
    assert attachment.staged_image(image.id, acme) is None


def test_keep_longer_is_for_the_company_and_for_what_is_staged(product, stage, acme):
    now = utc_now() + timedelta(hours=20)
    chosen, attached, foreign = stage(png(8, 8)), attach(product, stage()), add_company("globex")
    attachment.keep_longer(attached.id, acme, now)
    attachment.keep_longer(chosen.id, foreign, now)
    assert (attached.kept_until, chosen.kept_until < now + timedelta(hours=5)) == (None, True)
    attachment.keep_longer(chosen.id, acme, now)
    assert chosen.kept_until == now + attachment.STAGED_FOR


class TestDiscardAll:
    @pytest.fixture
    def images(self, product, stage) -> list[Image]:
        return [attach(product, stage()) for _ in range(3)]

    def test_leaves_the_others(self, product, images):
        kept = images.pop(1).id
        attachment.discard_all([image.id for image in images])
        db.session.commit()
        assert [image.id for image in images_of(product)] == [kept]

    def test_owes_the_outbox_what_discard_does(self, images):
        ids = [image.id for image in images]
        attachment.discard(images[0])
        attachment.discard_all(ids[1:])
        db.session.commit()
        owed = {entry.prefix: entry.published for entry in db.session.scalars(select(OutboxEntry))}
        by_discard = owed[f"images/{ids[0]}/"]
        assert by_discard
        expected = [key.replace(ids[0], ids[1]) for key in by_discard]
        assert owed[f"images/{ids[1]}/"] == expected
        assert owed[f"incoming/{ids[1]}/"] is None
        assert len(owed) == 6

    def test_deletes_the_objects_after_the_rows(self, images, store):
        attachment.discard_all([image.id for image in images])
        assert store.keys()
        db.session.commit()
        drain_request()
        assert store.keys() == set()

    def test_tells_how_long_a_writer_may_put(self, acme):
        writing_until = utc_now() + timedelta(minutes=4)
        attachment.discard_all([add_accepted(acme, writing_until=writing_until).id])
        db.session.commit()
        entries = db.session.scalars(select(OutboxEntry)).all()
        assert [entry.final_after for entry in entries] == [writing_until] * 2

    def test_passes_over_what_is_gone(self, images):
        ids = [image.id for image in images]
        attachment.discard(images[0])
        attachment.discard_all(ids)
        db.session.commit()
        assert len(outbox_prefixes()) == 6

    def test_is_undone_with_its_transaction(self, product, images):
        attachment.discard_all([image.id for image in images])
        db.session.rollback()
        assert len(images_of(product)) == 3
        assert outbox_prefixes() == []


class TestWhoeverLosesChangesNothing:
    def test_an_attempt_that_was_overtaken_gives_nothing_up(self, acme, store):
        image = add_accepted(acme, attempts=2)
        with pytest.raises(ImageConflict):
            processing.give_up(image, "undecodable", Image.attempts == 1)
        db.session.rollback()
        assert (image.status, image.error_code) == (PROCESSING, None)

    def test_an_image_that_is_ready_by_now_is_not_given_up(self, acme, store):
        image = add_accepted(acme)
        assert image.status == PROCESSING
        db.session.execute(
            update(Image).values(status=READY), execution_options={"synchronize_session": False}
        )
        with pytest.raises(ImageConflict):
            processing.give_up(image, "undecodable")
        assert db.session.scalars(select(Image.status)).all() == [READY]

    def test_what_images_that_are_held_refuse_is_not_saved_with_the_next_commit(self, product):
        frozen_until = utc_now() + timedelta(minutes=1)
        db.session.add(Installation(store_id="this one", frozen_until=frozen_until))
        db.session.commit()
        product.name = "Half a change"
        db.session.flush()
        with pytest.raises(ImagesHeld):
            store_identity.hold()
        db.session.commit()
        assert product.name == "Widget"
