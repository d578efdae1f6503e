"""The order of a product's images: move, and what a change leaves to be read at once."""

import pytest

from distribu.extensions import db
from distribu.images import attachment
from distribu.models import Image, Product
from tests.conftest import add_product
from tests.images.life import add_accepted, images_of

EXTERNAL = "https://images.example/lamp.jpg"


def attach(product: Product, image: Image) -> Image:
    locked = attachment.lock_product(product.id, product.company_id)
    attachment.attach(locked, image.id)
    db.session.commit()
    return image


@pytest.fixture
def three(product, stage) -> list[Image]:
    """Three images of the product, in their order."""
    return [attach(product, stage()) for _ in range(3)]


def ids_after(product: Product, image: Image, after: Image | None) -> list[str]:
    """Move an image; return the order that the product shows before it is saved."""
    locked = attachment.lock_product(product.id, product.company_id)
    assert len(locked.images) == 3
    attachment.move(locked, image, after)
    return [one.id for one in locked.images]


@pytest.mark.parametrize(
    ("moved", "after", "order"),
    [(2, None, [2, 0, 1]), (0, 1, [1, 0, 2]), (0, 2, [1, 2, 0]), (2, 0, [0, 2, 1])],
)
def test_it_comes_right_after_the_other_or_first(product, three, moved, after, order):
    behind = None if after is None else three[after]
    expected = [three[number].id for number in order]
    assert ids_after(product, three[moved], behind) == expected
    db.session.commit()
    assert [image.id for image in images_of(product)] == expected


def test_the_first_takes_the_place_of_an_external_image(product, three):
    product.external_image_url = EXTERNAL
    db.session.commit()
    ids_after(product, three[1], None)
    assert product.external_image_url is None


def test_another_place_leaves_the_external_image(product, three):
    product.external_image_url = EXTERNAL
    db.session.commit()
    ids_after(product, three[0], three[1])
    assert product.external_image_url == EXTERNAL


def test_what_is_not_ready_takes_no_place_of_an_external_image(product, acme):
    accepted = [add_accepted(acme, product, position=number) for number in range(3)]
    product.external_image_url = EXTERNAL
    db.session.commit()
    ids_after(product, accepted[2], None)
    assert product.external_image_url == EXTERNAL


def test_the_first_that_is_ready_is_the_image(product, acme, stage):
    add_accepted(acme, product, position=0)
    ready = attach(product, stage())
    assert attachment.primary_image(product) is ready


def test_an_attached_image_shows_before_it_is_saved(product, stage):
    image_id = stage().id
    locked = attachment.lock_product(product.id, product.company_id)
    assert (locked.image, locked.images) == (None, [])
    attachment.attach(locked, image_id)
    assert (locked.image.id, [one.id for one in locked.images]) == (image_id, [image_id])


def test_a_discarded_image_shows_no_more_before_it_is_saved(product, stage):
    image = attach(product, stage())
    assert product.image is image
    attachment.discard(image)
    assert (product.image, product.images) == (None, [])


def test_remove_all_leaves_other_products_their_images(product, stage, acme):
    attach(product, stage())
    other = add_product(acme, name="Mug")
    kept = attach(other, stage())
    attachment.remove_all(product)
    db.session.commit()
    assert (images_of(product), images_of(other)) == ([], [kept])
