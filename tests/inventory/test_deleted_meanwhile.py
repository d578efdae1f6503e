"""A product that somebody deletes while another request is at it: a page or 404, never a 500.

The fixture make_app fails each test in which a view reads a row that is gone.
"""

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from distribu.extensions import db
from distribu.images import attachment, staging
from distribu.models import Image, Product
from tests.api.conftest import Caller as RestCaller
from tests.api.conftest import add_key
from tests.commerce.conftest import Caller as CommerceCaller
from tests.conftest import add_cast, add_product, signed_in
from tests.images.image_files import png
from tests.images.life import upload

TYPED = {"name": "A lamp", "price": "12.50", "stock": "7", "stock_shown": "0", "unit": "each"}


@pytest.fixture
def delete_after(app, cast) -> Iterator[Callable[[str, int], None]]:
    """A function after which the product is deleted behind the n-th end of a transaction.

    A commit and a rollback alike let the others in, and expire what was read.
    """
    ends, plan = itertools.count(), {}

    def delete(_session) -> None:
        if plan.get("at") == next(ends) and (product_id := plan.pop("product_id", None)):
            with ThreadPoolExecutor() as pool:
                pool.submit(_delete, app, product_id).result()

    def prepare(product_id: str, at: int) -> None:
        nonlocal ends
        ends = itertools.count()
        plan.update(product_id=product_id, at=at)

    for name in ("after_commit", "after_rollback"):
        event.listen(Session, name, delete)
    yield prepare
    for name in ("after_commit", "after_rollback"):
        event.remove(Session, name, delete)


def _delete(app, product_id: str) -> None:
    with app.app_context():
        product = db.session.get(Product, product_id)
        if product:
            attachment.remove_all(product)
            db.session.delete(product)
            db.session.commit()


def with_file(_image_id: str) -> dict:
    return TYPED | {"version": "1", "image": (png(8, 8), "new.png")}


def with_choice(image_id: str) -> dict:
    return TYPED | {"version": "1", "image_id": image_id}


def stale(image_id: str) -> dict:
    return TYPED | {"version": "7", "image_id": image_id}


def invalid(image_id: str) -> dict:
    return TYPED | {"version": "1", "price": "much", "image_id": image_id}


def remove(image_id: str) -> dict:
    return TYPED | {"version": "1", "remove_image": "1", "image_id": image_id}


def unchanged(_image_id: str) -> dict:
    return {
        "name": "Widget",
        "price": "9.99",
        "stock": "0",
        "stock_shown": "0",
        "unit": "each",
        "version": "1",
        "is_active": "y",
    }


FORMS = [with_file, with_choice, stale, invalid, remove, unchanged]


@pytest.mark.parametrize("at", range(4))
@pytest.mark.parametrize("values", FORMS, ids=lambda values: values.__name__)
def test_a_save_has_a_page(app, cast, alice, delete_after, values, at):
    with app.app_context():
        product_id = add_product(cast.acme).id
        image_id = staging.stage(cast.acme, upload()).id
    data = values(image_id)
    delete_after(product_id, at)
    answer = alice.post(f"/dashboard/inventory/{product_id}/edit", data=data)
    assert answer.status_code in (303, 404, 409, 422)


@pytest.mark.parametrize("at", range(3))
@pytest.mark.parametrize("path", ["/image/preview", "/image/remove", "/image/keep"])
def test_the_image_field_has_an_answer(app, cast, alice, delete_after, path, at):
    with app.app_context():
        product_id = add_product(cast.acme).id
        image_id = staging.stage(cast.acme, upload()).id
    delete_after(product_id, at)
    data = {"image_id": image_id, "image": (png(8, 8), "new.png")}
    query = {"product_id": product_id}
    answer = alice.post(f"/dashboard/inventory{path}", data=data, query_string=query)
    assert answer.status_code in (200, 404, 422)


def describe_again(shop, product_id, image_id) -> TestResponse:
    return shop.post(f"/{product_id}/images/{image_id}", {"altText": "Blue"})


def describe_anew(shop, product_id, image_id) -> TestResponse:
    return shop.post(f"/{product_id}/images/{image_id}", {"altText": "Red"})


def put_first(shop, product_id, image_id) -> TestResponse:
    return shop.post(f"/{product_id}/images/{image_id}/order", {"afterImageId": None})


def show_with_variant(shop, product_id, image_id) -> TestResponse:
    return shop.post(f"/{product_id}/variants/{product_id}/image", {"imageId": image_id})


def delete_image(shop, product_id, image_id) -> TestResponse:
    return shop.delete(f"/{product_id}/images/{image_id}")


def ask_status(shop, product_id, image_id) -> TestResponse:
    return shop.get(f"/{product_id}/images/{image_id}/status")


def upload_another(shop, product_id, image_id) -> TestResponse:
    return shop.send(product_id, (png(9, 8), "another.png"))


COMMERCE = [
    *(describe_again, describe_anew, put_first, show_with_variant, delete_image, ask_status),
    upload_another,
]


@pytest.fixture
def lamp(app, cast) -> tuple[str, str]:
    """The ids of a product and of its image, whose alt text is Blue."""
    with app.app_context():
        product_id, image_id = add_product(cast.acme).id, staging.stage(cast.acme, upload()).id
        attachment.attach(attachment.lock_product(product_id, cast.acme), image_id)
        db.session.get_one(Image, image_id).alt_text = "Blue"
        db.session.commit()
    return product_id, image_id


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("call", COMMERCE, ids=lambda call: call.__name__)
def test_the_commerce_api_has_an_answer(app, cast, lamp, delete_after, call, at):
    shop = CommerceCaller(app, add_key(app, cast.acme, cast.alice))
    delete_after(lamp[0], at)
    assert call(shop, *lamp).status_code in (200, 202, 204, 404, 409)


# As they are, or another copy: what an integrator writes back.
WRITTEN = {"null": lambda url: None, "same": lambda url: url, "external": lambda url: EXTERNAL}
EXTERNAL = "https://images.example/lamp.png"


@pytest.mark.parametrize("at", range(5))
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("written", WRITTEN)
def test_the_rest_api_has_an_answer(app, cast, lamp, delete_after, method, written, at):
    with app.app_context():
        url = db.session.get_one(Image, lamp[1]).url
    rest = RestCaller(app, add_key(app, cast.acme, cast.alice))
    body = {"name": "A lamp", "price": 1, "stock": 3, "imageUrl": WRITTEN[written](url)}
    options = {"json": body} if method in ("PUT", "PATCH") else {}
    delete_after(lamp[0], at)
    answer = rest(method, f"/products/{lamp[0]}", **options)
    assert answer.status_code in (200, 204, 404, 409, 412)


class TestRaces:
    @pytest.fixture
    def app(self, make_app, database):
        return make_app(**database)

    @pytest.fixture
    def cast(self, app):
        with app.app_context():
            return add_cast()

    @pytest.mark.parametrize("values", FORMS, ids=lambda values: values.__name__)
    def test_a_save_and_a_delete_at_once(self, app, cast, values):
        with app.app_context():
            product_id = add_product(cast.acme).id
            data = values(staging.stage(cast.acme, upload()).id)
        start = Barrier(2)
        clients = [signed_in(app, cast.alice) for _ in range(2)]

        def post(client, path: str, body: dict) -> int:
            start.wait()
            return client.post(f"/dashboard/inventory/{product_id}/{path}", data=body).status_code

        with ThreadPoolExecutor(2) as threads:
            save = threads.submit(post, clients[0], "edit", data)
            delete = threads.submit(post, clients[1], "delete", {})
        assert save.result() in (303, 404, 409, 422)
        assert delete.result() in (303, 404)
        with app.app_context():
            assert db.session.scalars(db.select(Product)).all() == []
            assert all(image.is_staged for image in db.session.scalars(db.select(Image)))
