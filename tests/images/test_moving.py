"""Moving the images to another store while the shop goes on."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import urllib3
from flask import Flask
from sqlalchemy import event, update

from distribu.cli.checks import find_problems
from distribu.extensions import db
from distribu.images import attachment, doctor, moving, outbox, processing, staging, store_identity
from distribu.images.doctor import ForeignStore
from distribu.images.moving import AlreadyMoved, Freeze, Move, MoveFailed
from distribu.images.store_identity import ImagesMoved, ImagesMoving
from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import StoreUnavailable
from distribu.models import Image, Installation, OutboxEntry, Product, new_id, utc_now
from tests.conftest import add_cast, add_product, signed_in
from tests.flaky_store import FlakyStore, store_of
from tests.images.image_files import jpeg, png
from tests.images.life import add_accepted, has_object, named_by_rows, outbox_prefixes, upload


@dataclass
class Shop:
    """A company with images in source, on its way to target."""

    app: Flask
    source: FlakyStore
    target: FlakyStore
    target_url: str
    company_id: str
    alice: str

    def add(self, file=None) -> str:
        """The id of a new product with an image, its ladder made."""
        product, image_id = add_product(self.company_id), self.staged(file)
        attachment.attach(self.lock(product.id), image_id)
        db.session.commit()
        processing.process(image_id)
        outbox.drain_request()
        return product.id

    def staged(self, file=None) -> str:
        return staging.stage(self.company_id, upload(file)).id

    def lock(self, product_id: str) -> Product:
        return attachment.lock_product(product_id, self.company_id)

    def remove(self, product_id: str) -> None:
        attachment.remove(self.lock(product_id))
        db.session.commit()
        outbox.drain_request()

    def replace(self, product_id: str, image_id: str) -> None:
        attachment.replace(self.lock(product_id), image_id)
        db.session.commit()
        outbox.drain_request()

    def move(self, **options) -> Move:
        return Move(self.target, **options)

    def move_all(self) -> None:
        run = self.move()
        run.copy(nothing)
        run.finish(nothing)

    def elsewhere(self, work, store: FlakyStore, at: str, moment: str = "before") -> None:
        """Have another process do work when store is next asked for at."""

        def then() -> None:
            store.at = None
            with self.app.app_context():
                work()

        store.at, store.moment, store.then = at, moment, then


def nothing(*_) -> None:
    """Nobody watches."""


def content(store) -> dict[str, bytes]:
    read = {}
    for key in sorted(store.keys()):
        with store.open(key) as file:
            read[key] = file.read()
    return read


def urls() -> set[str]:
    db.session.rollback()
    return {product.image_url for product in db.session.query(Product)}


def installation() -> Installation:
    db.session.rollback()
    return db.session.get(Installation, 1)


@contextmanager
def opened(request, make_app, tmp_path, source="local", target="local", **changes):
    """Yield a shop, and an application context."""

    def url(kind: str, name: str) -> str:
        if kind == "local":
            return f"file://{tmp_path / name}"
        return request.getfixturevalue("minio_url")

    app = make_app(IMAGE_STORE_URL=url(source, "store"), **changes)
    target_url = url(target, "other")
    flaky = FlakyStore(app.extensions["image_store"])
    with app.app_context(), store_of(app, flaky) as source:
        cast = add_cast()
        doctor.claim_store()
        other = FlakyStore(open_store(target_url))
        yield Shop(app, source, other, target_url, cast.acme, cast.alice)


@pytest.fixture
def shop(request, make_app, tmp_path):
    """A shop of two directories."""
    with opened(request, make_app, tmp_path) as shop:
        yield shop


@pytest.fixture
def any_shop(request, make_app, tmp_path, database):
    """The same, on either database."""
    with opened(request, make_app, tmp_path, **database) as shop:
        yield shop


@pytest.fixture(params=["local-minio", "minio-local"])
def real_shop(request, make_app, tmp_path):
    with opened(request, make_app, tmp_path, *request.param.split("-")) as shop:
        yield shop


def is_moved(shop: Shop) -> bool:
    return installation().store_id == shop.target.installation_id()


def test_every_byte_arrives_and_no_address_changes(real_shop, make_app):
    shop = real_shop
    shop.add(jpeg(1200, 800))
    add_accepted(shop.company_id)
    shop.staged()
    before, addresses = content(shop.source), urls()
    shop.move_all()
    assert is_moved(shop)
    assert content(shop.target) == before == content(shop.source)
    assert (set(before), urls()) == (named_by_rows(), addresses)
    assert outbox_prefixes() == []


def test_what_was_moved_is_served_as_before(real_shop, make_app):
    shop = real_shop
    shop.add(jpeg(1200, 800))
    image = db.session.query(Image).one()
    paths = [f"/{image.key(made['path'])}" for made in image.derivatives]
    before = [shop.app.test_client().get(path) for path in paths]
    shop.move_all()
    client = make_app(
        IMAGE_STORE_URL=shop.target_url,
        SQLALCHEMY_DATABASE_URI=shop.app.config["SQLALCHEMY_DATABASE_URI"],
    ).test_client()
    after = [client.get(path) for path in paths]
    assert [response.data for response in after] == [response.data for response in before]
    for name in ("Content-Type", "Content-Length", "Cache-Control", "ETag"):
        assert [one.headers[name] for one in after] == [one.headers[name] for one in before]


def test_a_bucket_that_answers_itself_is_told_the_content_types(request, make_app, tmp_path):
    with opened(request, make_app, tmp_path, "local", "minio") as shop:
        shop.add(jpeg(600, 400))
        shop.move_all()
        image = db.session.query(Image).one()
        bucket = "http://" + shop.target_url.split("@")[1]
        types = {}
        for made in image.derivatives:
            answer = urllib3.request("GET", f"{bucket}/{image.key(made['path'])}")
            types[made["path"]] = (answer.status, answer.headers["Content-Type"])
            assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert types[""] == (200, "image/jpeg")
        assert types["v2/300w.webp"] == (200, "image/webp")
        assert types["v2/600w.avif"] == (200, "image/avif")


def test_the_shop_goes_on_during_the_first_pass(real_shop):
    shop = real_shop
    kept, replaced, removed = shop.add(), shop.add(), shop.add()

    def go_on() -> None:
        shop.add(png(50, 60))
        shop.replace(replaced, shop.staged(png(70, 80)))
        shop.remove(removed)

    run = shop.move()
    shop.elsewhere(go_on, shop.target, "put")
    run.copy(nothing)
    run.finish(nothing)
    assert is_moved(shop)
    assert content(shop.target) == content(shop.source)
    assert shop.target.keys() == named_by_rows() != set()
    assert db.session.get(Product, kept).image and not db.session.get(Product, removed).image


def test_what_is_removed_after_the_first_pass_is_not_left_in_the_target(shop):
    kept, removed = shop.add(), shop.add()
    run = shop.move()
    run.copy(nothing)
    shop.remove(removed)
    run.finish(nothing)
    assert shop.target.keys() == named_by_rows() != set()
    assert db.session.get(Product, kept).image


CHANGES = {
    "stage": lambda shop, product_id, image_id: shop.staged(),
    "copy": lambda shop, product_id, image_id: staging.stage_copy(
        shop.company_id, db.session.get(Image, image_id)
    ),
    "process": lambda shop, product_id, image_id: processing.process(image_id),
    "attach": lambda shop, product_id, image_id: shop.replace(product_id, image_id),
    "remove": lambda shop, product_id, image_id: shop.remove(product_id),
    "sweep": lambda shop, product_id, image_id: outbox.sweep(),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_no_image_is_changed_in_the_last_pass(any_shop, change):
    product_id, image_id = any_shop.add(), any_shop.staged()
    before = named_by_rows()
    freeze = Freeze()
    with pytest.raises(ImagesMoving, match="try again in a minute"):
        change(any_shop, product_id, image_id)
    assert (named_by_rows(), any_shop.source.keys()) == (before, before)
    freeze.end()
    change(any_shop, product_id, image_id)


def test_drain_deletes_nothing_in_the_last_pass(shop):
    attachment.discard(db.session.get(Image, shop.staged()))
    db.session.commit()
    keys = shop.source.keys()
    freeze = Freeze()
    assert outbox.drain() == 2
    assert shop.source.keys() == keys != set()
    freeze.end()
    assert outbox.drain() == 0
    assert shop.source.keys() == set()


def test_one_entry_tells_drain_that_images_are_held(shop):
    for _ in range(3):
        attachment.discard(db.session.get(Image, shop.staged()))
        db.session.commit()
    freeze, looks = Freeze(), []

    def note(_connection, _cursor, statement, *_others) -> None:
        looks.extend(["look"] if "FROM installation" in statement else [])

    event.listen(db.engine, "before_cursor_execute", note)
    assert outbox.drain() == 6
    event.remove(db.engine, "before_cursor_execute", note)
    assert looks == ["look"]
    freeze.end()


def test_a_freeze_waits_for_who_is_changing_images(any_shop):
    shop, image_id = any_shop, any_shop.staged()

    def freeze() -> str:
        with shop.app.app_context():
            Freeze()
            return "frozen"

    with ThreadPoolExecutor(1) as threads:
        attachment.discard(db.session.get(Image, image_id))
        frozen = threads.submit(freeze)
        with pytest.raises(TimeoutError):
            frozen.result(timeout=0.3)
        db.session.commit()
        assert frozen.result(timeout=30) == "frozen"
    assert db.session.get(Image, image_id) is None


def test_the_last_pass_waits_for_who_is_writing(shop):
    image_id, now = shop.staged(), utc_now()
    shop.source.delete_prefix(f"incoming/{image_id}/")

    def is_writing(until) -> None:
        with db.engine.begin() as other:
            other.execute(update(Image).values(writing_until=until))

    def write(_seconds) -> None:
        shop.source.put(f"incoming/{image_id}/upload", png(8, 8), "image/png")
        is_writing(None)

    run = shop.move(pause=write)
    run.copy(nothing)
    is_writing(now + timedelta(minutes=3))
    run.finish(nothing)
    assert has_object(shop.target, f"incoming/{image_id}/upload")
    assert shop.target.keys() == named_by_rows()


def test_a_damaged_byte_in_the_target_is_found(shop, tmp_path):
    shop.add()
    shop.move().copy(nothing)
    path = tmp_path / "other" / db.session.query(Image).one().key()
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    shop.move_all()
    assert content(shop.target) == content(shop.source)


def test_what_comes_back_during_a_move_is_compared_byte_by_byte(shop, tmp_path):
    shop.add()
    shop.move().copy(nothing)
    key = db.session.query(Image).one().key("v2/100w.avif")
    source, target = tmp_path / "store" / key, tmp_path / "other" / key
    intact = source.read_bytes()
    source.unlink()
    target.write_bytes(bytes(len(intact)))
    run = shop.move()
    run.copy(nothing)
    assert run.missing == {key}
    source.write_bytes(intact)
    run.finish(nothing)
    assert target.read_bytes() == intact
    assert run.missing == set()


def test_later_passes_read_only_what_differs(shop):
    shop.add()
    run = shop.move()
    first = run.copy(nothing)
    assert run.copy(nothing) == 0
    shop.add()
    shop.source.calls.clear()
    assert run.copy(nothing) == first
    assert [call.method for call in shop.source.calls].count("open") == first


def test_a_target_that_damages_what_it_is_given_gets_nothing(shop, tmp_path):
    shop.add()

    def damage() -> None:
        path = tmp_path / "other" / shop.target.calls[-1].subject
        path.write_bytes(path.read_bytes()[:-1] + b"\0")

    shop.target.at, shop.target.moment, shop.target.then = "put", "after", damage
    with pytest.raises(MoveFailed, match="other bytes"):
        shop.move().copy(nothing)
    assert not is_moved(shop)


@pytest.mark.parametrize("fault", ["vanished", "shortened", "added"])
def test_stores_that_differ_at_the_end_are_not_switched(shop, tmp_path, fault):
    shop.add()
    run = shop.move()
    run.copy(nothing)
    folder = tmp_path / "other" / db.session.query(Image).one().prefix
    faults = {
        "vanished": (folder / "v2/100w.avif").unlink,
        "shortened": lambda: (folder / "v2/100w.avif").write_bytes(b"short"),
        "added": lambda: (folder / "another").write_bytes(b"?"),
    }

    def do(_seconds=None) -> None:
        shop.target.at = None
        faults[fault]()

    # After the extra objects have been looked for, before the stores are compared.
    shop.target.at, shop.target.moment, shop.target.then = "objects", "after", do
    with pytest.raises(MoveFailed, match="differ"):
        run.finish(nothing)
    assert not is_moved(shop)
    shop.staged()


def test_a_store_that_fails_in_the_last_pass_leaves_images_free(shop):
    shop.add()
    run = shop.move()
    shop.target.at = "put"
    with pytest.raises(StoreUnavailable):
        run.finish(nothing)
    shop.target.at = None
    shop.add()
    shop.move_all()
    assert content(shop.target) == content(shop.source)


def test_a_freeze_ends_by_itself(shop, monkeypatch):
    freeze = Freeze()
    later = utc_now() + moving.FREEZE
    for module in (moving, store_identity):
        # The clock.
        monkeypatch.setattr(module, "utc_now", lambda: later)
    shop.staged()
    with pytest.raises(MoveFailed):
        freeze.switch("another")
    assert installation().store_id == shop.source.installation_id()


def test_a_freeze_lasts_as_long_as_its_move_works(shop, monkeypatch):
    freeze = Freeze()
    later = utc_now() + moving.FREEZE * 0.8
    # The clock.
    monkeypatch.setattr(moving, "utc_now", lambda: later)
    freeze.renew()
    assert installation().frozen_until == later + moving.FREEZE


def test_two_last_passes_at_once_are_refused(shop):
    Freeze()
    with pytest.raises(MoveFailed, match="Another"):
        Freeze()


def test_a_store_with_images_of_others_is_refused(shop):
    shop.target.prepare()
    shop.target.put(f"images/{new_id()}/a.png", png(8, 8), "image/png")
    with pytest.raises(MoveFailed, match="no move has put there"):
        shop.move()


def test_a_lost_object_is_told_and_keeps_nobody_from_moving(shop, tmp_path):
    shop.add()
    key = db.session.query(Image).one().key("v2/100w.avif")
    (tmp_path / "store" / key).unlink()
    run = shop.move()
    run.finish(nothing)
    assert run.missing == {key}
    assert is_moved(shop)
    assert shop.target.keys() == named_by_rows() - {key}


def test_a_move_back_is_possible(shop):
    product_id = shop.add()
    shop.move_all()
    with pytest.raises(ForeignStore, match="moved"):
        doctor.claim_store()
    with pytest.raises(AlreadyMoved):
        shop.move()
    with store_of(shop.app, shop.target):
        store_identity.require()
        shop.remove(product_id)
        Move(shop.source).finish(nothing)
    assert installation().store_id == shop.source.installation_id()
    assert shop.source.keys() == named_by_rows() == set()


class TestProcessOfTheOldStore:
    """A server that was not started again since the move."""

    @pytest.fixture
    def product_id(self, shop) -> str:
        product_id = shop.add()
        shop.staged_id = shop.staged()
        shop.move_all()
        return product_id

    @pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
    def test_it_changes_no_image(self, shop, product_id, change):
        before = content(shop.source)
        with pytest.raises(ImagesMoved):
            change(shop, product_id, shop.staged_id)
        assert content(shop.source) == content(shop.target) == before

    def test_it_deletes_nothing_for_those_of_the_new_store(self, shop, product_id):
        db.session.add(OutboxEntry(prefix=f"images/{shop.staged_id}/"))
        db.session.commit()
        assert outbox.drain() == 1
        assert content(shop.source) == content(shop.target)
        entry = db.session.query(OutboxEntry).one()
        assert (entry.attempts, entry.last_error) == (0, None)

    def test_it_goes_on_showing_what_there_is(self, shop, product_id):
        path = "/" + db.session.get(Product, product_id).image.key()
        assert shop.app.test_client().get(path).status_code == 200

    def test_its_form_says_so_and_keeps_everything(self, shop, product_id):
        page = signed_in(shop.app, shop.alice).post(
            f"/dashboard/inventory/{product_id}/edit",
            data={
                "name": "Typed just now",
                "price": "9.99",
                "stock": "3",
                "unit": "each",
                "is_active": "y",
                "image_id": shop.staged_id,
                "version": str(db.session.get(Product, product_id).version),
            },
        )
        assert page.status_code == 503
        assert "has to be started again" in page.text
        assert "Typed just now" in page.text
        assert shop.staged_id in page.text
        db.session.rollback()
        assert db.session.get(Product, product_id).name == "Widget"

    def test_a_new_choice_is_refused_in_the_field(self, shop, product_id):
        answer = signed_in(shop.app, shop.alice).post(
            "/dashboard/inventory/image/preview",
            data={"image": (png(9, 9), "a.png")},
            content_type="multipart/form-data",
        )
        assert answer.status_code == 422
        assert "has to be started again" in answer.text

    def test_check_says_so(self, shop, product_id):
        (problem,) = find_problems()
        assert problem.id == "store-foreign"
        assert "have been moved" in problem.message

    def test_the_new_store_is_not_for_use_before_all_is_in_it(self, shop):
        shop.move()
        with store_of(shop.app, shop.target), pytest.raises(ForeignStore, match="not all in"):
            doctor.claim_store()


class TestCommand:
    @pytest.fixture
    def run(self, shop):
        return lambda: shop.app.test_cli_runner().invoke(
            args=["images", "move", "--to", shop.target_url]
        )

    def test_all_is_moved_and_the_next_steps_are_told(self, shop, run):
        shop.add()
        result = run()
        assert result.exit_code == 0, result.output
        assert is_moved(shop)
        assert "DISTRIBU_IMAGE_STORE_URL" in result.output
        assert content(shop.target) == content(shop.source)
        again = run()
        assert (again.exit_code, "already" in again.output) == (0, True)

    def test_what_fails_says_that_nothing_has_changed(self, shop, run):
        shop.add()
        shop.source.at = "open"
        result = run()
        assert (result.exit_code, "same command again to continue" in result.output) == (1, True)
        assert not is_moved(shop)

    @pytest.mark.parametrize("url", ["nowhere", "ftp://host/", "file://relative"])
    def test_what_is_no_store_is_refused_in_a_sentence(self, shop, url):
        result = shop.app.test_cli_runner().invoke(args=["images", "move", "--to", url])
        assert (result.exit_code, "Traceback" in result.output) == (1, False)
