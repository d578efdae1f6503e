"""The core of the images, in one application context, on a store that can be made to fail."""

from collections.abc import Iterator

import pytest

from distribu.extensions import db
from distribu.images import attachment, processing, staging
from distribu.models import Image, utc_now
from tests.conftest import add_product
from tests.flaky_store import FlakyStore, store_of
from tests.images.life import add_company, upload


@pytest.fixture
def store(app_context) -> Iterator[FlakyStore]:
    """The app's directory store; it fails where a test tells it to."""
    with store_of(app_context, FlakyStore(app_context.extensions["image_store"])) as flaky:
        yield flaky


@pytest.fixture
def acme(app_context) -> str:
    """The id of a company."""
    return add_company()


@pytest.fixture
def product(acme):
    return add_product(acme)


@pytest.fixture
def stage(acme):
    """A function that stages an image of Acme and returns its row."""

    def stage_one(file=None, filename="blue-widget.png", **options) -> Image:
        image = staging.stage(acme, upload(file, filename), **options)
        return db.session.get_one(Image, image.id)

    return stage_one


@pytest.fixture
def save(acme, stage):
    """A function that stages an image and gives it to a product of its own, as Save does."""

    def save_one(**options) -> Image:
        image = stage(**options)
        attachment.attach(add_product(acme), image.id)
        db.session.commit()
        processing.ask_again([image.id], utc_now())
        return image

    return save_one
