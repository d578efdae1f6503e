"""On SQLite and on PostgreSQL: the limit holds exactly, and no text is refused too late."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from distribu.extensions import db
from distribu.models import Image
from tests.commerce.conftest import Caller, add_key, drawn_image
from tests.conftest import add_cast, add_product

LIMIT = 100
AT_ONCE = 12


@pytest.fixture
def app(make_app, database):
    return make_app(SQLALCHEMY_ENGINE_OPTIONS={"pool_size": AT_ONCE + 2}, **database)


@pytest.fixture
def shop(app) -> Caller:
    with app.app_context():
        cast = add_cast()
    return Caller(app, add_key(app, cast.acme, cast.alice))


@pytest.fixture
def widget(app, shop) -> str:
    with app.app_context():
        return add_product(shop.secret[3:29]).id


def positions(app) -> list[int]:
    with app.app_context():
        return list(db.session.scalars(select(Image.position).order_by(Image.position)))


def test_of_101_parallel_uploads_100_are_accepted(app, shop, widget):
    def upload(number: int) -> tuple:
        answer = shop.send(widget, (drawn_image(20 + number, 20), f"{number}.png"))
        return answer.status_code, answer.json.get("subtype")

    with ThreadPoolExecutor(AT_ONCE) as clients:
        answers = Counter(clients.map(upload, range(LIMIT + 1)))
    assert answers == {(202, None): LIMIT, (409, "IMAGE_LIMIT_REACHED"): 1}
    assert positions(app) == list(range(LIMIT))


def test_one_upload_sent_many_times_at_once_is_one_image(app, shop, widget):
    with ThreadPoolExecutor(AT_ONCE) as clients:
        ids = set(clients.map(lambda _: shop.upload(widget), range(AT_ONCE)))
    assert len(ids) == 1
    assert positions(app) == [0]
    assert len(app.extensions["image_store"].keys()) == 1


def test_a_filename_that_no_database_could_store(app, shop, widget):
    part = "form-data; name=file; filename*=UTF-8''blue%00widget.png"
    assert shop.send_raw(widget, (part, drawn_image().getvalue())).status_code == 202


def test_a_page_goes_on_where_the_one_before_ended(app, shop, widget):
    with app.app_context():
        ids = {add_product(shop.secret[3:29], name=f"{number}").id for number in range(60)}
    first = shop.get().json
    second = shop.get(query_string={"cursor": first["pagination"]["nextPageCursor"]}).json
    found = [product["id"] for page in (first, second) for product in page["products"]]
    assert sorted(found) == sorted({widget, *ids})


@pytest.mark.parametrize("path", ["/a%00b", "/a%00b/images/1/status", "/1/images/a%00b/status"])
def test_an_id_that_no_database_could_hold(shop, path):
    assert shop.get(path).status_code == 404
