"""A plug pulled at any moment: what is on the disk by then keeps the one rule.

The directory store's calls to the system are watched. After each of them two sets of keys are
known: those that a power cut surely leaves, and those that it may leave. A file is surely there
when its bytes and the entries of every folder above it were synced, and it may be there until the
folder that it was deleted from was synced. The rows are those that SQLite has synced.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from distribu.extensions import db
from distribu.images import attachment, outbox, processing
from distribu.images.stores import directory
from distribu.models import READY
from tests.images.life import add_accepted


class Disk:
    """The os module, which knows what a power cut would leave of one folder.

    look: called after each call that changes something or syncs it.
    """

    def __init__(self, root: Path, look: Callable[[], None]):
        self.root, self.look = str(root), look
        self.synced_files: set[int] = set()
        self.synced_entries: dict[str, dict[str, int]] = {
            folder: _entries(folder) for folder, _, _ in os.walk(root)
        }

    def __getattr__(self, name: str):
        return getattr(os, name)

    def fsync(self, descriptor: int) -> None:
        os.fsync(descriptor)
        path = os.readlink(f"/proc/self/fd/{descriptor}")
        if os.path.isdir(path):
            self.synced_entries[path] = _entries(path)
        else:
            self.synced_files.add(os.fstat(descriptor).st_ino)
        self.look()

    def mkdir(self, path: str, *arguments) -> None:
        os.mkdir(path, *arguments)
        self.look()

    def replace(self, source: str, target: str) -> None:
        os.replace(source, target)
        self.look()

    def unlink(self, path: str) -> None:
        os.unlink(path)
        self.look()

    def rmdir(self, path: str) -> None:
        os.rmdir(path)
        self.look()

    def surely(self) -> set[str]:
        """The keys that are there however little more than what was synced is written."""
        return {
            path.removeprefix(f"{self.root}/")
            for path, inode in self._files(self.root)
            if inode in self.synced_files and os.path.exists(path)
        }

    def possibly(self) -> set[str]:
        """The keys that may be there: those of now, and those whose deletion is not synced."""
        now = {
            os.path.join(folder, name) for folder, _, names in os.walk(self.root) for name in names
        }
        synced = {path for path, _ in self._files(self.root)}
        return {path.removeprefix(f"{self.root}/") for path in now | synced}

    def _files(self, folder: str):
        for name, inode in self.synced_entries.get(folder, {}).items():
            path = os.path.join(folder, name)
            if path in self.synced_entries:
                yield from self._files(path)
            elif not os.path.isdir(path):
                yield path, inode


def _entries(folder: str) -> dict[str, int]:
    with os.scandir(folder) as entries:
        return {entry.name: entry.inode() for entry in entries}


class SyncedRows:
    """The rows that SQLite has on the disk by now: its log is, where each commit syncs it."""

    def __init__(self, database: Path, copy: Path):
        self.log = Path(f"{database}-wal")
        shutil.copy(database, copy)
        # 2 is FULL. With less the log may be lost, and with it all that it holds.
        if db.session.execute(db.text("PRAGMA synchronous")).scalar() >= 2 and self.log.exists():
            shutil.copy(self.log, f"{copy}-wal")
        else:
            Path(f"{copy}-wal").unlink(missing_ok=True)
        with sqlite3.connect(copy) as rows:
            images = rows.execute("SELECT id, status, public_name, derivatives FROM image")
            self.images = images.fetchall()
            entries = rows.execute("SELECT prefix FROM outbox_entry")
            self.prefixes = [prefix for (prefix,) in entries]
        rows.close()

    def owned(self, key: str) -> bool:
        _, image_id, _ = key.split("/", 2)
        is_of_image = any(image_id == image[0] for image in self.images)
        return is_of_image or any(key.startswith(prefix) for prefix in self.prefixes)

    def shown(self) -> set[str]:
        return {
            f"images/{image_id}/{made['path'] or public_name}"
            for image_id, status, public_name, derivatives in self.images
            if status == READY
            for made in json.loads(derivatives)
        }


@pytest.fixture
def pull_everywhere(app_context, tmp_path, monkeypatch):
    """A function that runs a change and returns the faults of a power cut after each call in it."""

    def run(change: Callable[[], None]) -> tuple[list[str], int]:
        faults, looks = [], []

        def look() -> None:
            looks.append(1)
            rows = SyncedRows(tmp_path / "distribu.db", tmp_path / "synced.db")
            orphans = [key for key in disk.possibly() if "/" in key and not rows.owned(key)]
            faults.extend(f"nobody owns {key}" for key in orphans)
            faults.extend(f"lost {key}" for key in rows.shown() - disk.surely())

        disk = Disk(tmp_path / "store", look)
        monkeypatch.setattr(directory, "os", disk)
        change()
        look()
        return faults, len(looks)

    return run


def replace_and_remove(stage, product) -> None:
    """The life of two images of a product, from their upload to their end."""
    first, second = (stage().id for _ in range(2))
    for image_id in (first, second):
        attachment.replace(attachment.lock_product(product.id, product.company_id), image_id)
        db.session.commit()
        outbox.drain_request()
        processing.process(image_id)
        outbox.drain_request()
    attachment.remove_all(attachment.lock_product(product.id, product.company_id))
    db.session.commit()
    outbox.drain_request()


def test_no_power_cut_in_an_images_life_breaks_the_rule(pull_everywhere, stage, product):
    faults, looks = pull_everywhere(lambda: replace_and_remove(stage, product))
    assert faults == []
    assert looks > 40


def test_a_folder_that_an_earlier_writer_made_and_did_not_sync_is_synced(
    pull_everywhere, acme, tmp_path
):
    image = add_accepted(acme)

    def work() -> None:
        # As left by a process that was killed between the two.
        (tmp_path / "store" / image.prefix).mkdir()
        processing.process(image.id)

    faults, _ = pull_everywhere(work)
    assert faults == []


def test_sqlite_syncs_each_commit(app_context):
    assert db.session.execute(db.text("PRAGMA synchronous")).scalar() == 2
