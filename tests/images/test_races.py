"""Races: the second writer gets an answer and nothing is lost, on SQLite and PostgreSQL."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import select

from distribu.extensions import db
from distribu.images import attachment, outbox, processing, staging
from distribu.images.attachment import ImageConflict, ImageLimitReached, StaleProduct
from distribu.images.decoding.ladder import LADDER_VERSION
from distribu.models import Image, utc_now
from tests.conftest import add_product
from tests.flaky_store import FlakyStore, store_of
from tests.images.life import add_accepted, add_company, images_of, named_by_rows, upload

LIMIT = 100
LATER = timedelta(hours=25)


@dataclass
class Shop:
    """A company with one product, on a database where many can write at once."""

    app: Flask
    store: FlakyStore
    company_id: str
    product_id: str

    def lock(self, version: int | None = None):
        return attachment.lock_product(self.product_id, self.company_id, version)

    def staged(self) -> str:
        return staging.stage(self.company_id, upload()).id

    def at_once(self, *works: Callable[[], object]) -> list[object]:
        """Do all works at the same time, each in a session of its own; return what each gave."""
        start = Barrier(len(works))

        def do(work: Callable[[], object]) -> object:
            with self.app.app_context():
                start.wait()
                try:
                    return work()
                except ImageConflict as conflict:
                    db.session.rollback()
                    return type(conflict)

        with ThreadPoolExecutor(len(works)) as threads:
            return list(threads.map(do, works))


@pytest.fixture
def shop(make_app, database) -> Iterable[Shop]:
    app = make_app(SQLALCHEMY_ENGINE_OPTIONS={"pool_size": LIMIT + 2}, **database)
    flaky = FlakyStore(app.extensions["image_store"])
    with app.app_context(), store_of(app, flaky) as store:
        company_id = add_company()
        yield Shop(app, store, company_id, add_product(company_id).id)


def attach(shop: Shop, image_id: str, **options) -> Callable[[], str]:
    def work() -> str:
        attachment.attach(shop.lock(), image_id, **options)
        db.session.commit()
        return image_id

    return work


def add_rows(shop: Shop, count: int) -> list[str]:
    """Staged images without objects."""
    values = {"policy": "commerce", "sha256": "", "filename": "a", "public_name": "a"}
    values |= {"format": "PNG", "byte_size": 1, "width_px": 1, "height_px": 1}
    images = [Image(company_id=shop.company_id, status="READY", **values) for _ in range(count)]
    db.session.add_all(images)
    db.session.commit()
    return [image.id for image in images]


def test_of_101_images_at_once_exactly_100_are_accepted(shop):
    works = [attach(shop, image_id, limit=LIMIT) for image_id in add_rows(shop, LIMIT + 1)]
    outcomes = shop.at_once(*works)
    assert outcomes.count(ImageLimitReached) == 1
    positions = [image.position for image in images_of(shop.lock())]
    assert positions == list(range(LIMIT))


def test_a_staged_image_goes_to_one_of_two_products(shop):
    image_id = shop.staged()
    other = Shop(shop.app, shop.store, shop.company_id, add_product(shop.company_id).id)
    outcomes = shop.at_once(attach(shop, image_id), attach(other, image_id))
    assert sorted(map(str, outcomes)) == sorted([image_id, str(ImageConflict)])


def test_of_two_saves_of_one_version_one_wins(shop):
    version = shop.lock().version
    db.session.commit()

    def save(image_id: str) -> Callable[[], str]:
        def work() -> str:
            attachment.replace(shop.lock(version), image_id)
            db.session.commit()
            outbox.drain_request()
            return image_id

        return work

    outcomes = shop.at_once(*[save(image_id) for image_id in (shop.staged(), shop.staged())])
    assert outcomes.count(StaleProduct) == 1
    assert [image.id for image in images_of(shop.lock())] == [
        outcome for outcome in outcomes if outcome is not StaleProduct
    ]


def test_two_replacements_leave_one_image(shop):
    attach(shop, shop.staged())()

    def replace(image_id: str) -> Callable[[], None]:
        def work() -> None:
            attachment.replace(shop.lock(), image_id)
            db.session.commit()
            outbox.drain_request()

        return work

    outcomes = shop.at_once(*[replace(image_id) for image_id in (shop.staged(), shop.staged())])
    assert outcomes == [None, None]
    assert len(images_of(shop.lock())) == 1
    assert shop.store.keys() == named_by_rows()


def test_an_image_is_attached_or_swept_never_both(shop):
    image_ids = [shop.staged() for _ in range(8)]
    works = [attach(shop, image_id) for image_id in image_ids]
    outcomes = shop.at_once(*works, lambda: outbox.sweep(utc_now() + LATER))
    attached = [outcome for outcome in outcomes if outcome in image_ids]
    assert sorted(image.id for image in images_of(shop.lock())) == sorted(attached)
    db.session.commit()
    outbox.sweep(utc_now() + 2 * LATER)
    assert shop.store.keys() == named_by_rows()


def test_an_image_is_processed_once(shop):
    image_id = shop.staged()
    shop.at_once(*[lambda: processing.process(image_id)] * 4)
    image = db.session.get(Image, image_id)
    outbox.drain()
    assert (image.attempts, image.ladder_version) == (1, LADDER_VERSION)
    assert shop.store.keys() == named_by_rows()


def test_a_delete_while_it_is_processed_leaves_no_object(shop):
    image_id = add_accepted(shop.company_id, shop.lock()).id

    def remove() -> None:
        shop.store.at = None
        product = shop.lock()
        attachment.remove_all(product)
        db.session.delete(product)
        db.session.commit()
        outbox.drain_request()

    shop.store.at, shop.store.then = "put", lambda: shop.at_once(remove)
    processing.process(image_id)
    assert shop.store.keys() != set()
    outbox.sweep(utc_now() + LATER)
    assert shop.store.keys() == set()
    assert db.session.scalars(select(Image)).all() == []


def test_two_drains_at_once_do_no_harm(shop):
    for _ in range(4):
        attachment.discard(db.session.get(Image, shop.staged()))
    db.session.commit()
    outcomes = shop.at_once(*[lambda: outbox.drain()] * 4)
    assert outcomes == [0] * 4
    assert shop.store.keys() == set()


def test_two_sweeps_at_once_do_no_harm(shop):
    for _ in range(4):
        shop.staged()
    shop.at_once(*[lambda: outbox.sweep(utc_now() + LATER)] * 4)
    outbox.drain()
    assert shop.store.keys() == named_by_rows() == set()
