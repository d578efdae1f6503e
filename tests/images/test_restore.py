"""Backups of the database and of the store, taken at different times, put back together."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from distribu.extensions import db
from distribu.images import attachment, doctor, outbox
from distribu.models import READY, Image
from tests.conftest import run_queue
from tests.images.life import named_by_rows


class Backup:
    """Copies of an instance's database and store, in whatever order they are taken."""

    def __init__(self, instance: Path, folder: Path):
        self.database, self.store = instance / "distribu.db", instance / "store"
        self.folder = folder

    def copy(self, part: str) -> None:
        if part == "store":
            shutil.copytree(self.store, self.folder / "store")
            return
        copy = sqlite3.connect(self.folder / "distribu.db")
        original = sqlite3.connect(self.database)
        original.backup(copy)
        original.close()
        copy.close()

    def put_back(self, part: str) -> None:
        """Restore a backup as an operator does, with every process stopped."""
        db.session.remove()
        db.engine.dispose()
        if part == "store":
            shutil.rmtree(self.store)
            shutil.copytree(self.folder / "store", self.store)
            return
        for path in self.database.parent.glob("distribu.db*"):
            path.unlink()
        shutil.copy(self.folder / "distribu.db", self.database)


@pytest.fixture
def backup(app_context, tmp_path, tmp_path_factory) -> Backup:
    doctor.claim_store()
    return Backup(tmp_path, tmp_path_factory.mktemp("backup"))


@pytest.fixture
def attached(app, product, stage):
    """A function that gives the product one more image, with its whole ladder; returns its id."""

    def attach_one() -> str:
        image_id = stage().id
        attachment.attach(attachment.lock_product(product.id, product.company_id), image_id)
        db.session.commit()
        run_queue(app)
        return image_id

    return attach_one


def remove(image_id: str) -> None:
    attachment.discard(db.session.get_one(Image, image_id))
    db.session.commit()
    outbox.drain_request()


@pytest.mark.parametrize("order", [("database", "store"), ("store", "database")])
def test_only_what_came_or_went_between_the_copies_can_be_lost(
    app, backup, attached, tmp_path, order
):
    first, second = order
    kept, removed = attached(), attached()
    backup.copy(first)
    added = attached()
    remove(removed)
    backup.copy(second)
    backup.put_back("store")
    backup.put_back("database")
    before = app.extensions["image_store"].keys()
    is_older = first == "database"
    list(doctor.examine(repair=True, accept_older=is_older))
    outbox.sweep()
    run_queue(app)
    # Nothing is deleted, and what was neither added nor removed meanwhile is whole.
    assert app.extensions["image_store"].keys() == before
    lost = {image.id for image in db.session.scalars(db.select(Image)) if image.status != READY}
    assert db.session.get_one(Image, kept).status == READY
    # The database first: only the image that was on its way out. The store first: a new one.
    assert lost == ({removed} if is_older else {added})


def test_the_wrong_store_for_a_while_does_no_harm(app, backup, attached, tmp_path):
    image_id = attached()
    backup.copy("store")
    newer = attached()
    shutil.copytree(tmp_path / "store", tmp_path / "right")
    backup.put_back("store")
    list(doctor.examine(repair=True))
    outbox.sweep()
    shutil.rmtree(tmp_path / "store")
    (tmp_path / "right").rename(tmp_path / "store")
    list(doctor.examine(repair=True))
    run_queue(app)
    assert [db.session.get_one(Image, one).status for one in (image_id, newer)] == [READY] * 2
    assert list(doctor.examine()) == []
    assert app.extensions["image_store"].keys() == named_by_rows()
