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

from distribu.extensions import db
from distribu.images import attachment, staging
from distribu.models import Image, Product
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
