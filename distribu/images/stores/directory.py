"""An image store in a directory: every key is the path of a file below it."""

import errno
import fcntl
import heapq
import io
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import unquote

from ulid import ULID

from ...config import MEBIBYTE
from ...disk_reserve import KEPT_FREE_BYTES, NO_SPACE, free_bytes
from .contract import (
    INSTALLATION_ID,
    PRIVATE,
    PUBLIC,
    ImageStore,
    InvalidKey,
    ObjectNotFound,
    StoredObject,
    StoreError,
    StoreFull,
    StoreMisconfigured,
    StoreUnavailable,
    check_key,
    check_listed,
    check_prefix,
    check_range,
    rewind,
)

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Attempts of a put whose directory a delete keeps removing, and the reverse.
ATTEMPTS = 10
# The most names of a folder that a listing keeps; it reads the folder again for the next ones.
LISTED_AT_ONCE = 10_000
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.EISDIR)
_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)


class DirectoryStore(ImageStore):
    """Objects in files. A file appears under its name only once it is completely on disk."""

    PUT_SECONDS = 60

    def __init__(self, root: str | Path):
        self._root = os.path.realpath(root)

    @classmethod
    def from_url(cls, url: str) -> "DirectoryStore":
        path = unquote(url.removeprefix("file://"))
        if not path.startswith("/") or "\0" in path:
            raise StoreMisconfigured(
                "The directory of the image store is not absolute.",
                "Set DISTRIBU_IMAGE_STORE_URL to file:// and an absolute path, as in"
                " file:///var/lib/distribu.",
            )
        return cls(path)

    def __str__(self) -> str:
        return f"the directory {self._root}"

    def put(self, key: str, file: IO[bytes], content_type: str) -> None:
        path = self._path(key)
        with self._translated(key):
            self._require_room()
        for _ in range(ATTEMPTS):
            with self._translated(key), suppress(_DirectoryVanished):
                return self._write(path, file)
        raise StoreUnavailable(f"{key!r} is deleted as fast as it is put.")

    def open(self, key: str, start: int = 0, length: int | None = None) -> IO[bytes]:
        check_range(start, length)
        with self._translated(key):
            file = open(self._path(key), "rb")  # noqa: SIM115, the caller closes it
            file.seek(start)
        return file if length is None else io.BufferedReader(_Excerpt(file, length))

    def stat(self, key: str) -> StoredObject:
        path = self._path(key)
        with self._translated(key):
            found = os.stat(path)
        if stat.S_ISDIR(found.st_mode):
            raise ObjectNotFound(f"{key!r} is a prefix, and no object.")
        return StoredObject(key, found.st_size)

    def delete_prefix(self, prefix: str) -> None:
        check_prefix(prefix, shortest=2)
        directory = self._inside(prefix)
        with self._translated(prefix):
            self._require_prepared()
            for _ in range(ATTEMPTS):
                if _remove_tree(directory):
                    return self._remove_empty_parents(directory)
        raise StoreUnavailable(f"{prefix!r} is filled as fast as it is deleted.")

    def delete(self, key: str) -> None:
        check_listed(key)
        path = self._inside(key)
        with self._translated(key):
            self._require_prepared()
            with suppress(FileNotFoundError):
                os.unlink(path)
            self._remove_empty_parents(path)

    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        check_prefix(prefix)
        directory = self._inside(prefix)
        with self._translated(prefix):
            self._require_prepared()
            for entry in _files_below(directory, f"{self._root}/{after}"):
                with suppress(FileNotFoundError):
                    byte_size = entry.stat(follow_symlinks=False).st_size
                    yield StoredObject(entry.path.removeprefix(f"{self._root}/"), byte_size)

    def prepare(self) -> None:
        try:
            os.makedirs(self._root, exist_ok=True)
            _sync(os.path.dirname(self._root))
            # Only this user may read original uploads; a web server may read public images.
            for folder, mode in ((PUBLIC, 0o755), (PRIVATE, 0o700)):
                with suppress(FileExistsError):
                    os.mkdir(os.path.join(self._root, folder), mode)
            _sync(self._root)
            with _temporary_file(self._root):
                pass
        except OSError as error:
            raise StoreMisconfigured(
                f"No image store can be made in {self._root}: {error}.",
                f"Let the user with the id {os.geteuid()} write there, or name another directory"
                " in DISTRIBU_IMAGE_STORE_URL.",
            ) from error

    def installation_id(self) -> str:
        path = self._path(INSTALLATION_ID)
        with self._translated(INSTALLATION_ID), _locked(self._root):
            if not os.path.exists(path):
                self._write(path, io.BytesIO(str(ULID()).encode()))
            return Path(path).read_text()

    def _write(self, path: str, file: IO[bytes]) -> None:
        deadline = time.monotonic() + self.PUT_SECONDS
        rewind(file)
        directory = os.path.dirname(path)
        self._make_directory(directory)
        try:
            _remove_abandoned(directory)
            with _temporary_file(directory) as temporary:
                shutil.copyfileobj(file, temporary)
                temporary.flush()
                os.fsync(temporary.fileno())
                # Publish nothing after the deadline: the row may be gone, leaving the file unowned.
                if time.monotonic() > deadline:
                    raise StoreUnavailable(f"{path} took more than {self.PUT_SECONDS} seconds.")
                os.replace(temporary.name, path)
        except FileNotFoundError as error:
            raise _DirectoryVanished from error
        self._sync_up(directory)

    def _make_directory(self, directory: str) -> None:
        """Make directory, but not the store itself, which only prepare() makes."""
        parent = os.path.dirname(directory)
        if os.path.isdir(directory):
            return
        if self._root in (directory, parent):
            self._require_prepared()
            return
        self._make_directory(parent)
        try:
            os.mkdir(directory)
        except FileExistsError:
            return
        except FileNotFoundError as error:
            raise _DirectoryVanished from error

    def _sync_up(self, directory: str) -> None:
        """Sync directory and all folders above it, in case another writer made them."""
        while directory != self._root:
            _sync(directory)
            directory = os.path.dirname(directory)

    def _remove_empty_parents(self, directory: str) -> None:
        parent = os.path.dirname(directory)
        while os.path.dirname(parent) != self._root and _remove_if_empty(parent):
            parent = os.path.dirname(parent)
        _sync(parent)

    def _path(self, key: str) -> str:
        check_key(key)
        return self._inside(key)

    def _inside(self, key_or_prefix: str) -> str:
        """Return the path of a checked key. Raises InvalidKey if it leads through a link."""
        path = os.path.join(self._root, key_or_prefix.rstrip("/"))
        if os.path.realpath(path) != path:
            raise InvalidKey(f"{key_or_prefix!r} leads through a symbolic link.")
        return path

    def _require_prepared(self) -> None:
        # A missing directory, for example an unmounted volume, must not count as an empty store:
        # everything would look deleted.
        for folder in (PUBLIC, PRIVATE):
            if not os.path.isdir(os.path.join(self._root, folder)):
                raise StoreMisconfigured(
                    f"There is no image store in {self._root}.",
                    "Run flask check to have it made, or mount its volume.",
                )

    def _require_room(self) -> None:
        # A database on the same disk needs the rest: even deleting an image writes first.
        if free_bytes(self._root) < KEPT_FREE_BYTES:
            raise StoreFull(
                f"The disk of {self} is full: {KEPT_FREE_BYTES // MEBIBYTE} MB are kept free."
            )

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        """Translate an OSError in the block into the matching StoreError."""
        try:
            yield
        except OSError as error:
            if error.errno in _NOTHING_THERE:
                self._require_prepared()
            raise _as_store_error(error, what, self._root) from error


class _DirectoryVanished(Exception):
    """A delete removed the directory while a put was writing to it."""


class _Excerpt(io.RawIOBase):
    """A file that ends after length bytes."""

    def __init__(self, file: IO[bytes], length: int):
        self._file, self._left = file, length

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        data = self._file.read(min(len(view), self._left))
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def _as_store_error(error: OSError, what: str, root: str) -> StoreError:
    if error.errno in _NOTHING_THERE:
        return ObjectNotFound(f"There is no object {what!r}.")
    if error.errno in _NOT_ALLOWED:
        return StoreMisconfigured(
            f"The image store refuses {what!r}: {error}.",
            f"Let the user with the id {os.geteuid()} read and write {root}.",
        )
    if error.errno in NO_SPACE:
        return StoreFull(f"The disk of the image store is full: {error}.")
    return StoreUnavailable(f"The image store failed at {what!r}: {error}.")


@contextmanager
def _temporary_file(directory: str) -> Iterator[IO[bytes]]:
    """Yield a new file in directory; unless it is renamed in the block, it is deleted.

    The writer holds a lock on it, which ends with the writer.
    """
    path = os.path.join(directory, f".{ULID()}.part")
    # Not mkstemp(), whose mode would hide the file from a web server that serves images/.
    with open(path, "xb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)


def _remove_abandoned(directory: str) -> None:
    """Delete the temporary files of dead writers in directory."""
    with os.scandir(directory) as entries:
        temporary = [e.path for e in entries if e.name.startswith(".") and e.name.endswith(".part")]
    for path in temporary:
        with suppress(FileNotFoundError, BlockingIOError), open(path, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)


@contextmanager
def _locked(directory: str) -> Iterator[None]:
    """Lock the directory against other processes and threads during the block."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _files_below(directory: str, after: str) -> Iterator[os.DirEntry[str]]:
    """Yield all files at any depth below directory, in the order of keys, that sort after a path.

    Files that vanish meanwhile are left out.
    """
    for entry in _entries_in_order(directory, after):
        if entry.is_dir(follow_symlinks=False):
            yield from _files_below(entry.path, after)
        else:
            yield entry


def _entries_in_order(directory: str, after: str) -> Iterator[os.DirEntry[str]]:
    """Yield the entries of a directory in the order of keys, without keeping all of them."""
    last, is_more = "", True
    while is_more:
        batch: list[os.DirEntry[str]] = []
        with suppress(FileNotFoundError), os.scandir(directory) as entries:
            later = (
                entry
                for entry in entries
                if (path := _as_in_keys(entry)) > last
                and (path > after or (path.endswith("/") and after.startswith(path)))
            )
            batch = heapq.nsmallest(LISTED_AT_ONCE, later, key=_as_in_keys)
        yield from batch
        is_more = len(batch) == LISTED_AT_ONCE
        last = _as_in_keys(batch[-1]) if is_more else last


def _as_in_keys(entry: os.DirEntry[str]) -> str:
    # "a-b/1" comes before "a/1": a hyphen sorts before the slash.
    return f"{entry.path}/" if entry.is_dir(follow_symlinks=False) else entry.path


def _remove_tree(directory: str) -> bool:
    """Delete directory and its contents; return False if something was added meanwhile."""
    with suppress(FileNotFoundError), os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                _remove_tree(entry.path)
            else:
                with suppress(FileNotFoundError):
                    os.unlink(entry.path)
    return _remove_if_empty(directory)


def _remove_if_empty(directory: str) -> bool:
    """Delete directory if it is empty; return whether it is gone."""
    try:
        os.rmdir(directory)
    except FileNotFoundError:
        return True
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise
        return False
    return True


def _sync(directory: str) -> None:
    """Make creations, renames and deletions in directory survive a power failure."""
    # If directory itself is gone, the process that deleted it has synced its parent.
    with suppress(FileNotFoundError):
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
