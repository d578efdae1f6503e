"""A disk without one free byte: pages answer, what needs no space is saved, deleting makes room.

Database, image store and queue lie on a small file system of their own where one can be mounted.
"""

import asyncio
import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

import pytest
from sqlalchemy import event
from werkzeug.exceptions import ServiceUnavailable

from distribu import disk_reserve, worker
from distribu.cli.checks import TRANSIENT_PROBLEM_IDS, find_problems
from distribu.config import MEBIBYTE
from distribu.disk_reserve import FILE_NAME, KEPT_FREE_BYTES, LOW_BYTES, RESERVE_BYTES
from distribu.extensions import db, store
from distribu.http import request_body
from distribu.http.error_handlers import DISK_FULL, STORE_FULL
from distribu.images import attachment, outbox, processing, staging, writing
from distribu.images.stores import directory
from distribu.images.stores.contract import StoreFull
from distribu.inventory.drop_plan import seen_by_drop
from distribu.models import Image, Product
from distribu.serving import gateway
from distribu.serving.bodies import ADDRESS_BYTES, MEMORY_BYTES, Body, Budget, Share
from distribu.serving.patience import Patience
from tests.commerce.conftest import Caller, add_key
from tests.conftest import add_product, settings
from tests.images.image_files import png
from tests.images.life import add_accepted, upload

DISK_BYTES = 64 * MEBIBYTE
# Longer than a page of the database, in bytes.
LONG = "🪔" * 2000
TYPED = {"name": "A lamp", "price": "12.50", "stock": "7", "stock_shown": "0", "unit": "each"}


@dataclass
class Disk:
    """A file system of 64 MB, of which another program takes what is left."""

    folder: Path

    def fill(self) -> None:
        """Leave not one byte."""
        with (self.folder / "ballast").open("ab", buffering=0) as file, suppress(OSError):
            while True:
                file.write(bytes(MEBIBYTE))

    def empty(self) -> None:
        (self.folder / "ballast").unlink()

    def free_bytes(self) -> int:
        return disk_reserve.free_bytes(str(self.folder))

    def has_reserve(self) -> bool:
        return disk_reserve.is_kept(str(self.folder))


@pytest.fixture
def disk(tmp_path) -> Iterator[Disk]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def app(make_app, migrated_sqlite, disk):
    """Distribu with all that it keeps on the small disk."""
    own = settings(disk.folder)
    names = ("INSTANCE", "SQLALCHEMY_DATABASE_URI", "IMAGE_STORE_URL", "QUEUE_URL")
    (disk.folder / "distribu.db").write_bytes(migrated_sqlite.read_bytes())
    return make_app(**{name: own[name] for name in names})


@pytest.fixture
def lamp(app, cast) -> tuple[str, str]:
    """The ids of a product and of its finished image."""
    with app.app_context():
        product_id, image_id = add_product(cast.acme).id, staging.stage(cast.acme, upload()).id
        attachment.attach(attachment.lock_product(product_id, cast.acme), image_id)
        db.session.commit()
        processing.process(image_id)
        outbox.drain_request()
        # As much as the image of a camera takes.
        store.put(f"images/{image_id}/v0/large.webp", BytesIO(bytes(2 * MEBIBYTE)), "image/webp")
    return product_id, image_id


@pytest.fixture(params=["running", "restarted"])
def full(request, app, alice, lamp, disk) -> Disk:
    """The disk, filled to its last byte behind the worker's back; then perhaps a restart."""
    with app.app_context():
        worker.keep_disk_reserve()
        assert disk.has_reserve()
    disk.fill()
    if request.param == "restarted":
        # With the last connection the log and its index go, which a new one has to make again.
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        disk.fill()
    assert disk.free_bytes() == 0
    return disk


def edit(client, product_id: str, version: int, **values):
    path = f"/dashboard/inventory/{product_id}/edit"
    shown = {"version": str(version), "stock": "0"}
    return client.post(path, data=TYPED | shown | values)


def test_a_full_disk_shows_pages_saves_text_and_is_emptied_by_deleting(
    app, cast, alice, lamp, full, caplog
):
    product_id, image_id = lamp
    pages = ["/store/acme/catalog", "/dashboard/inventory", f"/images/{image_id}/blue-widget.png"]
    assert [alice.get(path, buffered=True).status_code for path in pages] == [200] * 3
    # The reserve was given up for that.
    assert caplog.text.count("was given up") == 1
    answer = alice.get("/readyz")
    assert (answer.status_code, answer.json["database"]["hasDiskReserve"]) == (200, False)
    assert edit(alice, product_id, 2, name="A blue lamp").status_code == 303
    left = full.free_bytes()
    assert edit(alice, product_id, 3, remove_image="1").status_code == 303
    assert alice.get(pages[2]).status_code == 404
    assert alice.post(f"/dashboard/inventory/{product_id}/delete").status_code == 303
    with app.app_context():
        worker.sweep()
        worker.purge()
        assert db.session.get(Product, product_id) is None
    assert app.extensions["image_store"].keys() == set()
    assert full.free_bytes() > left


def test_an_upload_is_refused_and_leaves_the_rest_of_the_disk_to_the_database(
    app, cast, alice, lamp, full
):
    data = {"image": (png(300, 300), "new.png")}
    answer = alice.post("/dashboard/inventory/image/preview", data=data)
    assert (answer.status_code, STORE_FULL in answer.text) == (422, True)
    with app.app_context():
        assert [image.id for image in db.session.scalars(db.select(Image))] == [lamp[1]]
        # A worker has nothing to do for it, and fails nothing.
        worker.sweep()
    assert full.free_bytes() > RESERVE_BYTES - LOW_BYTES


def test_the_reserve_is_made_again_when_there_is_room(app, cast, alice, lamp, full, caplog):
    caplog.set_level("INFO")
    alice.get("/dashboard/inventory")
    with app.app_context():
        worker.keep_disk_reserve()
        assert not full.has_reserve()
        full.empty()
        worker.keep_disk_reserve()
        assert full.has_reserve()
    assert "A reserve of 8 MB is kept" in caplog.text
    data = {"image": (png(300, 300), "new.png")}
    assert alice.post("/dashboard/inventory/image/preview", data=data).status_code == 200


def test_a_disk_without_reserve_or_room_says_so_and_loses_nothing(app, cast, alice, lamp, full):
    alice.get("/dashboard/inventory")
    full.fill()
    answer = edit(alice, lamp[0], 2, name="A blue lamp", description=LONG)
    assert (answer.status_code, DISK_FULL in answer.text) == (503, True)
    assert 'value="A blue lamp"' in answer.text
    assert alice.get("/store/acme/catalog").status_code == 200


class TestWithoutMount:
    """Signs of a full disk, tried on a disk that has room."""

    @pytest.fixture
    def app(self, make_app):
        return make_app()

    @pytest.fixture
    def fill(self, monkeypatch):
        """A function that makes every check report this number of free bytes."""

        def fill_to(byte_size: int) -> None:
            for module in (disk_reserve, directory, gateway):
                # The disk.
                monkeypatch.setattr(module, "free_bytes", lambda _folder: byte_size)

        return fill_to

    @pytest.fixture
    def full_temporary_folder(self, monkeypatch):
        """Every temporary file lies on a disk that is full; each is closed in the end."""
        opened = []

        def open_full(*_, **__) -> BinaryIO:
            opened.append(open("/dev/full", "r+b"))  # noqa: SIM115, closed by its caller
            return opened[-1]

        monkeypatch.setattr(tempfile, "TemporaryFile", open_full)
        yield
        assert [file.closed for file in opened] == [True]

    def test_the_reserve_takes_its_space_and_is_private(self, tmp_path):
        assert disk_reserve.keep(str(tmp_path))
        found = (tmp_path / FILE_NAME).stat()
        assert found.st_blocks * 512 >= found.st_size == RESERVE_BYTES
        assert found.st_mode & 0o777 == 0o600
        assert os.listdir(tmp_path) == [FILE_NAME]

    @pytest.mark.parametrize(("free", "is_kept"), [(LOW_BYTES, True), (LOW_BYTES - 1, False)])
    def test_it_is_given_up_when_little_is_left(self, alice, tmp_path, fill, free, is_kept):
        disk_reserve.keep(str(tmp_path))
        fill(free)
        assert alice.get("/dashboard/inventory").status_code == 200
        assert disk_reserve.is_kept(str(tmp_path)) == is_kept

    def test_it_is_not_made_of_the_last_room(self, tmp_path, fill):
        fill(RESERVE_BYTES + KEPT_FREE_BYTES - 1)
        assert not disk_reserve.keep(str(tmp_path))
        fill(RESERVE_BYTES + KEPT_FREE_BYTES)
        assert disk_reserve.keep(str(tmp_path))

    def test_two_processes_may_make_it_at_once(self, tmp_path, monkeypatch):
        sync = os.fsync

        def sync_beside_another(descriptor) -> None:
            monkeypatch.setattr(disk_reserve.os, "fsync", sync)
            sync(descriptor)
            assert disk_reserve.keep(str(tmp_path))

        monkeypatch.setattr(disk_reserve.os, "fsync", sync_beside_another)
        assert disk_reserve.keep(str(tmp_path))
        assert os.listdir(tmp_path) == [FILE_NAME]

    def test_a_reserve_that_cannot_be_written_leaves_nothing(self, tmp_path, monkeypatch):
        def fail(_descriptor) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(disk_reserve.os, "fsync", fail)
        assert not disk_reserve.keep(str(tmp_path))
        assert os.listdir(tmp_path) == []

    def test_a_quota_costs_one_request(self, app, cast, alice, tmp_path):
        """SQLite itself says that it is full, though the disk has room."""
        disk_reserve.keep(str(tmp_path))
        with app.app_context():
            engine = db.engine
            engine.dispose()

        def limit(connection, _record) -> None:
            connection.execute("PRAGMA max_page_count=1")

        event.listen(engine, "connect", limit)
        data = TYPED | {"description": LONG}
        answer = alice.post("/dashboard/inventory/new", data=data)
        event.remove(engine, "connect", limit)
        assert (answer.status_code, DISK_FULL in answer.text) == (503, True)
        assert 'value="A lamp"' in answer.text
        assert not disk_reserve.is_kept(str(tmp_path))

    def test_the_store_leaves_room_for_the_database(self, app, fill):
        store = app.extensions["image_store"]
        fill(KEPT_FREE_BYTES - 1)
        with pytest.raises(StoreFull):
            store.put("images/01JD/a.png", BytesIO(b"image"), "image/png")
        fill(KEPT_FREE_BYTES)
        store.put("images/01JD/a.png", BytesIO(b"image"), "image/png")

    def test_a_choice_is_kept_when_another_file_has_no_room(self, app, cast, alice, fill):
        with app.app_context():
            chosen = staging.stage(cast.acme, upload()).id
        fill(KEPT_FREE_BYTES - 1)
        data = TYPED | {"image_id": chosen, "image": (png(9, 9), "new.png")}
        for path in ("image/preview", "new"):
            data["image"] = (png(9, 9), "new.png")
            answer = alice.post(f"/dashboard/inventory/{path}", data=data)
            assert (answer.status_code, STORE_FULL in answer.text) == (422, True)
            assert f'name="image_id" value="{chosen}"' in answer.text
        # Saving it takes no more room.
        del data["image"]
        assert alice.post("/dashboard/inventory/new", data=data).status_code == 303

    def test_the_press_of_many_files_stops_and_says_so(self, app, cast, alice, fill):
        with app.app_context():
            product_id = add_product(cast.acme).id
            seen = seen_by_drop(db.session.get(Product, product_id))
        fill(KEPT_FREE_BYTES - 1)
        data = {"image": (png(9, 9), "new.png"), "seen": seen}
        answer = alice.post(f"/dashboard/inventory/images/{product_id}", data=data)
        assert (answer.status_code, STORE_FULL in answer.text) == (503, True)
        assert answer.headers["Image-Outcome"] == "stopped"

    def test_the_commerce_api_says_so(self, app, cast, fill):
        shop = Caller(app, add_key(app, cast.acme, cast.alice))
        with app.app_context():
            product_id = add_product(cast.acme).id
        fill(KEPT_FREE_BYTES - 1)
        answer = shop.send(product_id, (png(9, 9), "new.png"))
        assert (answer.status_code, STORE_FULL in answer.text) == (503, True)

    def test_no_attempt_counts_while_the_disk_is_full(self, app, cast, fill):
        with app.app_context():
            image_id = add_accepted(cast.acme, add_product(cast.acme)).id
            fill(KEPT_FREE_BYTES - 1)
            with pytest.raises(StoreFull):
                processing.process(image_id)
            image = db.session.get_one(Image, image_id, populate_existing=True)
            assert (image.status, image.attempts) == ("PROCESSING", 0)

    def test_check_and_start_go_on_with_a_full_disk(self, app, fill):
        fill(0)
        with app.app_context():
            problems = find_problems()
        assert {problem.id for problem in problems} == {"disk-full", "store-full"}
        assert {problem.id for problem in problems} <= TRANSIENT_PROBLEM_IDS

    def test_a_full_temporary_folder_is_told(self, alice, full_temporary_folder, monkeypatch):
        # The client of the tests has its own files for more than 500 kB.
        monkeypatch.setattr(request_body, "SPOOL_BYTES", 16 * 1024)
        file = BytesIO(b"\x89PNG" + bytes(32 * 1024))
        answer = alice.post("/dashboard/inventory/new", data=TYPED | {"image": (file, "new.png")})
        assert (answer.status_code, DISK_FULL in answer.text) == (503, True)

    def test_a_body_without_room_is_told_and_gives_its_budget_back(self, full_temporary_folder):
        budget = Budget(ADDRESS_BYTES)

        async def receive() -> dict:
            return {"type": "http.request", "body": bytes(MEMORY_BYTES + 1), "more_body": False}

        body = Body(receive, MEMORY_BYTES + 1, ADDRESS_BYTES, budget, "192.0.2.1")
        # In a thread of its own, since the browser's loop may run in this one.
        with ThreadPoolExecutor(1) as thread, pytest.raises(ServiceUnavailable):
            thread.submit(asyncio.run, body.read(Patience())).result()
        body.close()
        budget.take("192.0.2.1", ADDRESS_BYTES)

    def test_an_upload_that_cannot_be_handed_to_the_decoder_is_told(self, app, alice, monkeypatch):
        def fail(_self) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(request_body.tempfile.SpooledTemporaryFile, "rollover", fail)
        data = TYPED | {"image": (png(9, 9), "new.png")}
        answer = alice.post("/dashboard/inventory/new", data=data)
        assert (answer.status_code, DISK_FULL in answer.text) == (503, True)
        assert 'value="A lamp"' in answer.text

    def test_another_error_of_the_system_is_a_bug(self, app, cast, alice, monkeypatch):
        def fail(_self) -> None:
            raise OSError(errno.EIO, "Input/output error")

        app.config["PROPAGATE_EXCEPTIONS"] = False
        monkeypatch.setattr(request_body.tempfile.SpooledTemporaryFile, "rollover", fail)
        data = TYPED | {"image": (png(9, 9), "new.png")}
        assert alice.post("/dashboard/inventory/new", data=data).status_code == 500

    def test_an_image_is_sent_from_memory_when_no_file_has_room(self, fill):
        fill(0)
        pieces = [b"a" * gateway.HELD_BYTES, b"b" * 10]

        def application(_environ, start_response):
            start_response("200 OK", [("Content-Length", str(len(b"".join(pieces))))])
            return pieces

        answer = gateway.run(application, {}, Share(Budget(MEBIBYTE), "a"))
        assert answer.held + answer.read_on() == b"".join(pieces)
        answer.close()

    @pytest.mark.parametrize("byte_size", [10, MEBIBYTE])
    def test_no_copy_of_an_object_has_room(self, app, full_temporary_folder, byte_size):
        with app.app_context():
            app.extensions["image_store"].put("images/01JD/a", BytesIO(bytes(byte_size)), "a/b")
            with pytest.raises(StoreFull), writing.local_copy("images/01JD/a"):
                pytest.fail("there is no copy")
