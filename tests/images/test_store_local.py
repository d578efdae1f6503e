"""The directory store's own matters: temporary files, links, modes, and a disk that fails."""

import errno
import io
import os
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ulid import ULID

from distribu.images.stores import directory
from distribu.images.stores.contract import (
    InvalidKey,
    ObjectNotFound,
    StoreMisconfigured,
    StoreUnavailable,
)
from distribu.images.stores.directory import DirectoryStore

WIDGET = "images/01JD/blue-widget.jpg"
THUMBNAIL = "images/01JD/v1/300w.webp"
UPLOAD = "incoming/01JD/upload"


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root) -> DirectoryStore:
    store = DirectoryStore(root)
    store.prepare()
    return store


class WatchedFile(io.BytesIO):
    """An image in whose reading something happens: the store has begun its put by then."""

    def __init__(self, happens: Callable[[], object]):
        super().__init__(b"an image")
        self.happens = happens

    def read(self, size: int | None = -1) -> bytes:
        self.happens()
        return super().read(size)


def put(store: DirectoryStore, key: str, file: io.BytesIO | None = None) -> None:
    store.put(key, file or io.BytesIO(b"an image"), "image/jpeg")


def put_and_die(store: DirectoryStore, key: str) -> None:
    """Put key in a child process that is killed in the middle of it."""
    child = os.fork()
    if child == 0:
        put(store, key, WatchedFile(lambda: os.kill(os.getpid(), signal.SIGKILL)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def temporary_files(store: DirectoryStore) -> list[str]:
    return [stored.key for stored in store.objects("images/") if "/." in stored.key]


# Temporary files


def test_put_writes_beside_its_object_until_all_is_there(store):
    seen = []

    def look() -> None:
        seen.extend(temporary_files(store))
        with pytest.raises(ObjectNotFound):
            store.stat(WIDGET)

    put(store, WIDGET, WatchedFile(look))
    assert os.path.dirname(seen[0]) == "images/01JD"
    assert store.keys() == {WIDGET}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_killed_put_left_goes_with_its_prefix(store, root):
    put_and_die(store, WIDGET)
    assert len(temporary_files(store)) == 1
    store.delete_prefix("images/01JD/")
    assert list((root / "images").iterdir()) == []


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_what_a_killed_put_left_goes_with_the_next_put_there(store):
    put_and_die(store, WIDGET)
    put(store, WIDGET)
    assert store.keys() == {WIDGET}


def test_put_leaves_the_temporary_file_of_a_living_one(store):
    put(store, WIDGET, WatchedFile(lambda: put(store, "images/01JD/red-widget.jpg")))
    assert store.keys() == {WIDGET, "images/01JD/red-widget.jpg"}


def test_put_leaves_objects_that_are_named_like_temporary_files(store):
    put(store, "images/01JD/photo.part")
    put(store, WIDGET)
    assert store.keys() == {"images/01JD/photo.part", WIDGET}


def test_put_starts_again_when_its_directory_was_deleted(store):
    deletions = iter([lambda: store.delete_prefix("images/01JD/")])
    put(store, WIDGET, WatchedFile(lambda: next(deletions, lambda: None)()))
    assert store.stat(WIDGET).byte_size == len(b"an image")


def test_put_gives_up_when_its_directory_is_deleted_each_time(store):
    file = WatchedFile(lambda: store.delete_prefix("images/01JD/"))
    with pytest.raises(StoreUnavailable):
        put(store, WIDGET, file)
    assert store.keys() == set()


def test_delete_gives_up_when_its_directory_is_filled_each_time(store, monkeypatch):
    put(store, WIDGET)

    def rmdir_after_a_put(directory: str) -> None:
        put(store, WIDGET)
        raise OSError(errno.ENOTEMPTY, "not empty", directory)

    monkeypatch.setattr(directory.os, "rmdir", rmdir_after_a_put)
    with pytest.raises(StoreUnavailable):
        store.delete_prefix("images/01JD/")
    assert store.keys() == {WIDGET}


def test_delete_succeeds_when_another_is_faster(store, monkeypatch):
    put(store, WIDGET)
    unlink, rmdir = os.unlink, os.rmdir
    monkeypatch.setattr(directory.os, "unlink", lambda path: [unlink(path), unlink(path)])
    monkeypatch.setattr(directory.os, "rmdir", lambda path: [rmdir(path), rmdir(path)])
    store.delete_prefix("images/01JD/")
    assert store.keys() == set()


def test_delete_removes_parents_that_it_emptied(store, root):
    put(store, THUMBNAIL)
    store.delete_prefix("images/01JD/v1/")
    assert {path.name for path in root.rglob("*")} == {"images", "incoming"}


def test_put_is_on_the_disk_before_it_is_seen_and_when_it_returns(store, root, monkeypatch):
    events = []
    replace, fsync = os.replace, os.fsync

    def watched_fsync(descriptor: int) -> None:
        synced = Path(os.readlink(f"/proc/self/fd/{descriptor}"))
        events.append(f"sync {synced.suffix or synced.name}")
        fsync(descriptor)

    def watched_replace(source: str, target: str) -> None:
        events.append("rename")
        replace(source, target)

    put(store, WIDGET)
    monkeypatch.setattr(directory.os, "fsync", watched_fsync)
    monkeypatch.setattr(directory.os, "replace", watched_replace)
    put(store, WIDGET)
    assert events == ["sync .part", "rename", "sync 01JD", "sync images"]


def test_a_deletion_is_on_the_disk_when_it_returns(store, root, monkeypatch):
    events = []
    unlink, rmdir, fsync = os.unlink, os.rmdir, os.fsync

    def watched_fsync(descriptor: int) -> None:
        events.append(f"sync {Path(os.readlink(f'/proc/self/fd/{descriptor}')).name}")
        fsync(descriptor)

    def watched(name: str, call: Callable[[str], None]) -> Callable[[str], None]:
        return lambda path: [events.append(f"{name} {Path(path).name}"), call(path)][1]

    put(store, WIDGET)
    monkeypatch.setattr(directory.os, "fsync", watched_fsync)
    monkeypatch.setattr(directory.os, "unlink", watched("unlink", unlink))
    monkeypatch.setattr(directory.os, "rmdir", watched("rmdir", rmdir))
    store.delete_prefix("images/01JD/")
    assert events == ["unlink blue-widget.jpg", "rmdir 01JD", "sync images"]


def test_who_asks_while_the_installation_id_is_written_waits_for_it(store, root, monkeypatch):
    answers, has_answered = [], threading.Event()

    def ask() -> None:
        answers.append(DirectoryStore(root).installation_id())
        has_answered.set()

    def ulid_while_another_asks() -> ULID:
        monkeypatch.undo()
        other.start()
        assert not has_answered.wait(0.3)
        return ULID()

    other = threading.Thread(target=ask)
    # The source of random numbers is asked just before the id is written.
    monkeypatch.setattr(directory, "ULID", ulid_while_another_asks)
    answers.append(store.installation_id())
    other.join()
    assert answers[0] == answers[1]


# A disk that fails


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (errno.ENOSPC, StoreUnavailable),
        (errno.EDQUOT, StoreUnavailable),
        (errno.EIO, StoreUnavailable),
        (errno.EMFILE, StoreUnavailable),
        (errno.EACCES, StoreMisconfigured),
        (errno.EROFS, StoreMisconfigured),
    ],
)
def test_a_disk_that_fails_is_told_as_what_it_means(store, monkeypatch, number, error):
    def fail(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(directory.os, "fsync", fail)
    with pytest.raises(error) as told:
        put(store, WIDGET)
    assert isinstance(told.value.__cause__, OSError)
    assert store.keys() == set()


def test_a_put_that_took_too_long_leaves_nothing(store):
    store.PUT_SECONDS = -1
    with pytest.raises(StoreUnavailable):
        put(store, WIDGET)
    assert store.keys() == set()


def test_a_directory_below_a_file_cannot_be_prepared(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StoreMisconfigured) as refused:
        DirectoryStore(tmp_path / "file" / "store").prepare()
    assert "DISTRIBU_IMAGE_STORE_URL" in refused.value.hint


def test_a_volume_that_is_not_mounted_is_not_empty(store, root):
    put(store, WIDGET)
    root.rename(root.with_name("unmounted"))
    root.mkdir()
    with pytest.raises(StoreMisconfigured):
        store.delete_prefix("images/01JD/")
    with pytest.raises(StoreMisconfigured):
        store.stat(WIDGET)
    with pytest.raises(StoreMisconfigured):
        put(store, WIDGET)
    assert list(root.iterdir()) == []


# Links and modes


@pytest.mark.parametrize(
    "use",
    [
        lambda store: put(store, WIDGET),
        lambda store: store.open(WIDGET),
        lambda store: store.stat(WIDGET),
        lambda store: store.delete_prefix("images/01JD/"),
        lambda store: list(store.objects("images/01JD/")),
    ],
    ids=["put", "open", "stat", "delete_prefix", "objects"],
)
def test_a_link_leads_nowhere(store, root, tmp_path, use):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "blue-widget.jpg").write_text("not ours")
    (root / "images" / "01JD").symlink_to(outside)
    with pytest.raises(InvalidKey):
        use(store)
    assert (outside / "blue-widget.jpg").read_text() == "not ours"


def test_delete_takes_a_link_and_leaves_what_it_leads_to(store, root, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("not ours")
    put(store, WIDGET)
    (root / "images" / "01JD" / "folder").symlink_to(outside)
    (root / "images" / "01JD" / "file.jpg").symlink_to(outside / "secret")
    assert store.keys() == {WIDGET, "images/01JD/folder", "images/01JD/file.jpg"}
    store.delete_prefix("images/01JD/")
    assert store.keys() == set()
    assert (outside / "secret").read_text() == "not ours"


def test_the_store_itself_may_be_behind_a_link(tmp_path):
    (tmp_path / "volume").mkdir()
    (tmp_path / "store").symlink_to(tmp_path / "volume")
    store = DirectoryStore(tmp_path / "store")
    store.prepare()
    put(store, WIDGET)
    assert store.keys() == {WIDGET}


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_a_web_server_may_read_what_is_public_and_that_alone(usual_umask, store, root):
    put(store, WIDGET)
    put(store, UPLOAD)
    assert mode(root / "images") == 0o755
    assert mode(root / WIDGET) == 0o644
    assert mode(root / "incoming") == 0o700


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Listing


@pytest.mark.parametrize("kept", [1, 3, 7, 8, 9])
def test_a_long_folder_is_listed_in_pieces(store, monkeypatch, kept):
    monkeypatch.setattr(directory, "LISTED_AT_ONCE", kept)
    keys = sorted(f"images/{number % 8}/{number:02}.jpg" for number in range(64))
    for key in keys:
        put(store, key)
    assert [stored.key for stored in store.objects("images/")] == keys
    assert [stored.key for stored in store.objects("images/", keys[20])] == keys[21:]


def test_what_goes_while_it_is_listed_is_left_out(store, monkeypatch):
    monkeypatch.setattr(directory, "LISTED_AT_ONCE", 2)
    for number in range(7):
        put(store, f"images/{number}/a.jpg")
    listing = store.objects("images/")
    seen = [next(listing).key]
    for number in (0, 1, 3, 6):
        store.delete_prefix(f"images/{number}/")
    seen += [stored.key for stored in listing]
    assert seen == [f"images/{number}/a.jpg" for number in (0, 2, 4, 5)]
