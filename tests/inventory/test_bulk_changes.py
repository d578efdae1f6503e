"""Many products changed at once, from the rows of the inventory list."""

import re
from datetime import timedelta
from html import unescape
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from distribu.extensions import db, store
from distribu.images import attachment, store_identity
from distribu.images.doctor import claim_store
from distribu.images.moving import Freeze
from distribu.models import AuditEntry, BulkChange, OutboxEntry, Product, utc_now
from distribu.products import bulk, bulk_jobs
from tests.conftest import Cast, add_cast, add_product, run_queue, signed_in
from tests.inventory.test_inventory_filters import EXTERNAL, add_image

LIST = "/dashboard/inventory"
CONFIRM, CHANGE = f"{LIST}/changes/confirm", f"{LIST}/changes"


class Shop:
    """Acme's products as alice sees them, and Globex's."""

    def __init__(self, app: Flask, cast: Cast):
        self.app, self.cast, self.alice = app, cast, signed_in(app, cast.alice)
        self.ids: dict[str, str] = {}
        self.theirs = self.add("Theirs", company_id=cast.globex)

    def add(self, name: str, images: int = 0, company_id: str = "", **values) -> str:
        """A product with images whose objects are in the store."""
        with self.app.app_context():
            product = add_product(company_id or self.cast.acme, name=name, **values)
            for position in range(images):
                image = add_image(product, position=position)
                store.put(image.key(), BytesIO(b"pixels"), "image/jpeg")
            self.ids[name] = product.id
            return product.id

    def of(self, name: str, attribute: str):
        with self.app.app_context():
            product = db.session.get(Product, self.ids[name])
            return product and getattr(product, attribute)

    def image_paths(self, name: str) -> list[str]:
        with self.app.app_context():
            product = db.session.get_one(Product, self.ids[name])
            return [f"/{image.key()}" for image in product.images]

    def ask(self, action: str, *names: str, **fields):
        """The page that asks before an action on these products, or on all of a view."""
        ids = [self.ids[name] for name in names]
        return self.alice.post(CONFIRM, data={"action": action, "id": ids, **fields})

    def agree(self, question, **changes):
        """Confirm the question by posting its own form."""
        return self.alice.post(CHANGE, data=hidden(question.text) | changes)

    def do(self, action: str, *names: str, **fields):
        typed = {name: fields.pop(name) for name in ["new_category"] if name in fields}
        return self.agree(self.ask(action, *names, **fields), **typed)


def hidden(page: str) -> dict[str, list[str]]:
    """The hidden fields of the form that asks."""
    form = page[page.index(f'action="{CHANGE}"') :]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(unescape(value))
    return found


@pytest.fixture
def shop(make_app, database) -> Shop:
    app = make_app(**database)
    with app.app_context():
        cast = add_cast()
    return Shop(app, cast)


def entries(shop: Shop) -> list[tuple[str, dict | None, dict | None]]:
    with shop.app.app_context():
        rows = db.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        assert {row.actor_id for row in rows} <= {shop.cast.alice}
        return [(row.action, row.before, row.after) for row in rows]


def test_the_question_changes_nothing_and_says_how_many(shop):
    for name in ("Anchor", "Bolt", "Cable"):
        shop.add(name, stock=3)
    question = shop.ask("deactivate", "Anchor", "Cable")
    assert "Deactivate 2 products?" in question.text
    assert [shop.of(name, "is_active") for name in ("Anchor", "Bolt", "Cable")] == [True] * 3
    assert entries(shop) == []


def test_deactivates_and_activates_the_chosen_alone(shop):
    for name in ("Anchor", "Bolt", "Cable"):
        shop.add(name)
    assert shop.do("deactivate", "Anchor", "Cable").location == LIST
    assert [shop.of(name, "is_active") for name in ("Anchor", "Bolt", "Cable")] == [0, 1, 0]
    assert "2 products were deactivated." in shop.alice.get(LIST).text
    shop.do("activate", "Anchor", "Bolt")
    assert [shop.of(name, "is_active") for name in ("Anchor", "Bolt", "Cable")] == [1, 1, 0]
    off, on = {"is_active": False}, {"is_active": True}
    expected = [("product.updated", on, off)] * 2 + [("product.updated", off, on)]
    assert entries(shop) == expected


def test_a_product_that_is_so_already_stays_as_it_is(shop):
    shop.add("Anchor", is_active=False)
    version, changed_at = shop.of("Anchor", "version"), shop.of("Anchor", "updated_at")
    shop.do("deactivate", "Anchor")
    assert (shop.of("Anchor", "version"), shop.of("Anchor", "updated_at")) == (version, changed_at)
    assert "No changes." in shop.alice.get(LIST).text


def test_a_changed_product_is_newer_than_an_open_form(shop):
    shop.add("Anchor")
    version = shop.of("Anchor", "version")
    shop.do("deactivate", "Anchor")
    assert shop.of("Anchor", "version") == version + 1


def test_sets_the_category_and_search_finds_it(shop):
    shop.add("Anchor", category="Boats")
    shop.add("Bolt")
    shop.do("category", "Anchor", "Bolt", new_category=" Hardware ")
    assert {shop.of(name, "category") for name in ("Anchor", "Bolt")} == {"Hardware"}
    assert "Anchor" in shop.alice.get(f"{LIST}?q=hardware").text


def test_a_category_that_is_too_long_is_refused_with_the_limit(shop):
    shop.add("Anchor", category="Boats")
    answer = shop.do("category", "Anchor", new_category="x" * 101)
    assert answer.status_code == 422
    assert "at most 100 characters" in answer.text
    assert shop.of("Anchor", "category") == "Boats"
    shop.agree(answer, new_category="Ships")
    assert shop.of("Anchor", "category") == "Ships"


def rename(shop: Shop, old: str, new: str):
    question = shop.ask("category", all="1", category=old)
    assert f"Every product of “{old}” gets this category." in question.text
    assert f'name="new_category" value="{old}"' in question.text
    return shop.agree(question, new_category=new)


def test_renames_a_category_everywhere(shop):
    for number in range(30):
        shop.add(f"Nail {number}", category="Parts", is_active=number % 2 == 0)
    shop.add("Anchor", category="Boats")
    assert "Rename this category" in shop.alice.get(f"{LIST}?category=Parts").text
    assert rename(shop, "Parts", "Hardware").location == f"{LIST}?category=Hardware"
    with shop.app.app_context():
        counted = select(Product.category, func.count()).group_by(Product.category)
        assert dict(db.session.execute(counted.where(Product.category.is_not(None))).all()) == {
            "Hardware": 30,
            "Boats": 1,
        }
        found = db.session.scalars(select(Product.search_text)).all()
    assert sum("hardware" in text for text in found) == 30
    assert "Hardware" in shop.alice.get("/store/acme/catalog").text


def test_a_category_that_gets_the_name_of_another_becomes_one_with_it(shop):
    shop.add("Anchor", category="Boats")
    shop.add("Bolt", category="Parts")
    rename(shop, "Boats", "Parts")
    assert {shop.of(name, "category") for name in ("Anchor", "Bolt")} == {"Parts"}


def test_a_category_is_not_renamed_to_nothing(shop):
    shop.add("Anchor", category="Boats")
    answer = rename(shop, "Boats", " ")
    assert answer.status_code == 422
    assert "Enter a new name for the category." in answer.text
    assert shop.of("Anchor", "category") == "Boats"


def test_the_form_suggests_the_categories_that_there_are(shop):
    shop.add("Anchor", category="Boats & Co.")
    shop.add("Theirs too", company_id=shop.cast.globex, category="Secret")
    page = shop.alice.get(f"{LIST}/new").text
    assert 'list="category-suggestions"' in page
    assert '<option value="Boats &amp; Co.">' in page
    assert "Secret" not in page


@pytest.mark.parametrize("action", ["remove-images", "delete"])
def test_the_question_shows_which_images_go(shop, action):
    shop.add("Anchor", images=2)
    shop.add("Bolt", external_image_url=EXTERNAL)
    shop.add("Cable", images=1)
    page = shop.ask(action, "Anchor", "Bolt").text
    assert "2 images" in page
    going = page[page.index("Images that will be deleted") :]
    assert [path in going for path in shop.image_paths("Anchor")] == [True, True]
    assert "linked from images.example" in going
    assert "Cable" not in going


def test_removes_every_image_with_its_file(shop):
    shop.add("Anchor", images=2)
    shop.add("Bolt", external_image_url=EXTERNAL, external_image_alt="A bolt")
    paths = shop.image_paths("Anchor")
    assert [shop.alice.get(path).status_code for path in paths] == [200, 200]
    shop.do("remove-images", "Anchor", "Bolt")
    assert [shop.alice.get(path).status_code for path in paths] == [404, 404]
    assert (shop.of("Bolt", "external_image_url"), shop.of("Bolt", "external_image_alt")) == (
        None,
        "",
    )
    with shop.app.app_context():
        assert list(store.objects("images/")) == []
        assert db.session.scalar(select(func.count()).select_from(OutboxEntry)) == 0
    (_, before, after), _ = entries(shop)
    assert (len(before["images"]), after["images"], after["image_url"]) == (2, [], None)


def test_deletes_products_and_keeps_the_others(shop):
    shop.add("Anchor", images=1)
    shop.add("Bolt", images=1)
    [path] = shop.image_paths("Anchor")
    shop.do("delete", "Anchor")
    assert shop.of("Anchor", "name") is None
    assert shop.of("Bolt", "name") == "Bolt"
    assert shop.alice.get(path).status_code == 404
    [(action, before, _)] = entries(shop)
    assert (action, before["name"], len(before["images"])) == ("product.deleted", "Anchor", 1)


def test_another_companys_products_are_not_chosen(shop):
    shop.add("Anchor")
    question = shop.ask("delete", "Anchor", "Theirs")
    assert "Delete 1 product?" in question.text
    shop.agree(question)
    assert shop.of("Theirs", "name") == "Theirs"
    assert shop.ask("delete", "Theirs").location == LIST


def test_all_of_a_filter_is_chosen_on_every_page(shop):
    for number in range(30):
        shop.add(f"Nail {number}", stock=0)
    shop.add("Anchor", stock=9)
    question = shop.ask("deactivate", all="1", only="out-of-stock", q="nail")
    assert "Deactivate 30 products?" in question.text
    shop.agree(question)
    with shop.app.app_context():
        off = db.session.scalars(select(Product.name).where(~Product.is_active)).all()
    assert len(off) == 30
    assert "Anchor" not in off


def test_another_count_than_was_confirmed_is_asked_again(shop):
    shop.add("Anchor", stock=0)
    question = shop.ask("delete", all="1", only="out-of-stock")
    shop.add("Bolt", stock=0)
    answer = shop.agree(question)
    assert answer.status_code == 409
    assert "Delete 2 products?" in answer.text
    assert shop.of("Anchor", "name") == "Anchor"
    assert shop.agree(answer).status_code == 303
    assert (shop.of("Anchor", "name"), shop.of("Bolt", "name")) == (None, None)


def test_another_image_than_was_shown_is_asked_again(shop):
    shop.add("Anchor", images=1)
    question = shop.ask("remove-images", "Anchor")
    with shop.app.app_context():
        product = db.session.get_one(Product, shop.ids["Anchor"])
        attachment.remove_all(product)
        add_image(product)
    answer = shop.agree(question)
    assert answer.status_code == 409
    [path] = shop.image_paths("Anchor")
    assert path in answer.text


def test_the_same_answer_sent_twice_changes_once(shop):
    shop.add("Anchor")
    question = shop.ask("deactivate", "Anchor")
    shop.agree(question)
    shop.do("activate", "Anchor")
    assert shop.agree(question).location == LIST
    assert shop.of("Anchor", "is_active")


def test_nothing_chosen_is_said(shop):
    assert shop.ask("delete").location == LIST
    assert "Choose at least one product" in shop.alice.get(LIST).text


@pytest.mark.parametrize("action", ["", "zebra", "download"])
def test_an_action_that_is_not_known_does_nothing(shop, action):
    shop.add("Anchor")
    assert shop.ask(action, "Anchor").status_code == 303
    data = {"action": action, "id": [shop.ids["Anchor"]], "confirmed": "1-0-0-"}
    assert shop.alice.post(CHANGE, data=data).status_code == 303
    assert entries(shop) == []


def test_the_way_back_is_the_page_of_the_list(shop):
    shop.add("Anchor")
    page = f"{LIST}?sort=price&cursor=abc"
    assert shop.do("deactivate", "Anchor", return_to=page).location == page
    assert shop.do("activate", "Anchor", return_to="https://evil.example/").location == LIST


def test_images_that_are_held_are_not_deleted_and_nothing_else_is(shop):
    shop.add("Anchor", images=1)
    question = shop.ask("delete", "Anchor")
    with shop.app.app_context():
        claim_store()
        # As a move to another store does it for its last pass.
        Freeze()
    answer = shop.agree(question)
    assert answer.status_code == 503
    assert "being moved to another store" in answer.text
    assert shop.of("Anchor", "name") == "Anchor"
    assert entries(shop) == []


# More than one piece


@pytest.fixture
def large(shop, monkeypatch) -> Shop:
    """Eight products with an image each, in pieces of three."""
    # A limit that the test can reach.
    monkeypatch.setattr(bulk_jobs, "PIECE", 3)
    monkeypatch.setattr("distribu.inventory.bulk_changes.bulk.PIECE", 3)
    for number in range(8):
        shop.add(f"Nail {number}", images=1)
    return shop


def job(shop: Shop) -> BulkChange:
    with shop.app.app_context():
        return db.session.scalars(select(BulkChange)).one()


def left(shop: Shop) -> int:
    with shop.app.app_context():
        return db.session.scalar(select(func.count()).where(Product.company_id == shop.cast.acme))


def test_more_than_one_piece_is_the_workers(large):
    answer = large.do("delete", all="1")
    assert answer.location == f"{CHANGE}/{job(large).id}"
    assert left(large) == 8
    assert "Waiting to start" in large.alice.get(answer.location).text
    run_queue(large.app)
    page = large.alice.get(answer.location).text
    assert "8 products were deleted. 8 images were deleted." in page
    assert left(large) == 0
    assert len(entries(large)) == 8
    with large.app.app_context():
        assert list(store.objects("images/")) == []


def stop_before(monkeypatch, number: int, error: BaseException) -> list[int]:
    """The worker is stopped as it begins the piece of this number; returns what it has begun."""
    begun = []

    def change_piece(change, product_ids, now):
        begun.append(len(product_ids))
        if len(begun) == number:
            raise error
        bulk.change_piece(change, product_ids, now)

    # The process ends, or its database fails, between two pieces.
    monkeypatch.setattr(bulk_jobs, "change_piece", change_piece)
    return begun


def test_a_piece_is_whole_at_each_commit_and_its_addresses_are_gone(large, monkeypatch):
    paths = [
        path for name in sorted(large.ids) if name != "Theirs" for path in large.image_paths(name)
    ]
    stop_before(monkeypatch, 2, SystemExit())
    large.do("remove-images", all="1")
    with large.app.app_context(), pytest.raises(SystemExit):
        bulk_jobs.run(job(large).id)
    statuses = sorted(large.alice.get(path).status_code for path in paths)
    assert statuses == [200] * 5 + [404] * 3
    assert (job(large).done, job(large).removed_images, job(large).status) == (3, 3, "RUNNING")
    assert len(entries(large)) == 3


def test_a_worker_that_died_is_followed_by_another(large, monkeypatch):
    stop_before(monkeypatch, 2, SystemExit())
    large.do("delete", all="1")
    with large.app.app_context(), pytest.raises(SystemExit):
        bulk_jobs.run(job(large).id)
    large.app.extensions["huey"].flush()
    monkeypatch.undo()
    monkeypatch.setattr(bulk_jobs, "PIECE", 3)
    with large.app.app_context():
        bulk_jobs.recover()
        assert run_queue(large.app) == 0
        bulk_jobs.recover(utc_now() + timedelta(minutes=10))
    run_queue(large.app)
    assert (left(large), job(large).changed, job(large).status) == (0, 8, "DONE")
    assert len(entries(large)) == 8


def test_two_workers_change_each_piece_once(large):
    large.do("deactivate", all="1")
    with large.app.app_context():
        bulk_jobs.run(job(large).id)
        bulk_jobs.run(job(large).id)
    assert job(large).changed == 8
    assert len(entries(large)) == 8


@pytest.mark.parametrize(
    "error", [store_identity.ImagesMoving(), OperationalError("UPDATE", {}, Exception("locked"))]
)
def test_what_stopped_says_so_and_goes_on_when_asked(large, monkeypatch, error):
    stop_before(monkeypatch, 3, error)
    address = large.do("delete", all="1").location
    run_queue(large.app)
    page = large.alice.get(address).text
    assert "6 products were deleted." in page
    assert "2 products are left." in page
    large.alice.post(f"{address}/continue")
    run_queue(large.app)
    assert left(large) == 0
    assert "8 products were deleted." in large.alice.get(address).text


def test_products_that_are_gone_meanwhile_are_passed_over(large):
    large.do("deactivate", all="1")
    with large.app.app_context():
        product = attachment.lock_product(large.ids["Nail 4"], large.cast.acme)
        attachment.remove_all(product)
        db.session.delete(product)
        db.session.commit()
    run_queue(large.app)
    assert (job(large).status, job(large).changed) == ("DONE", 7)


def test_a_product_that_is_added_meanwhile_is_not_changed(large):
    large.do("delete", all="1")
    large.add("New")
    run_queue(large.app)
    assert large.of("New", "name") == "New"


def test_progress_is_a_fragment_of_its_own(large, mallory_of):
    address = large.do("delete", all="1").location
    fragment = large.alice.get(f"{address}/progress").text
    assert "<html" not in fragment
    assert 'hx-trigger="every 1s"' in fragment
    assert mallory_of(large).get(address).status_code == 404


@pytest.fixture
def mallory_of():
    def client(shop: Shop) -> FlaskClient:
        return signed_in(shop.app, shop.cast.mallory)

    return client
