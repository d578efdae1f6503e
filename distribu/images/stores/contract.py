"""The contract of an image store and its errors.

The same test cases hold every store to it: tests/contracts/test_store_contract.py.
"""

import io
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, ClassVar

PUBLIC = "images/"
PRIVATE = "incoming/"
INSTALLATION_ID = "installation-id"
MAX_OBJECT_BYTE_SIZE = 32 * 1024 * 1024
# S3 allows 1024 bytes a key, most file systems 255 a name.
MAX_KEY_BYTE_SIZE = 1024
MAX_NAME_BYTE_SIZE = 255


class StoreError(Exception):
    """The store did not do what was asked."""


class ObjectNotFound(StoreError):
    """No object has this key; asking again will not help."""


class InvalidKey(ObjectNotFound):
    """No object can ever have this key."""


class StoreUnavailable(StoreError):
    """The store failed; the same call may succeed later."""


class StoreFull(StoreUnavailable):
    """The store has no room for another object, until some are deleted."""


class StoreMisconfigured(StoreError):
    """The store refuses until somebody changes a setting; hint says which."""

    def __init__(self, message: str, hint: str):
        super().__init__(f"{message} {hint}")
        self.hint = hint


@dataclass(frozen=True)
class StoredObject:
    key: str
    byte_size: int


class ImageStore(ABC):
    """Objects by key: images/<id>/... is public, incoming/<id>/... private.

    A store may be shared by threads, and be opened before a fork. Every
    method raises StoreUnavailable or StoreMisconfigured when the store
    does not answer or is not prepared, and InvalidKey for what is no key.
    """

    # The longest that one put can take before it fails.
    PUT_SECONDS: ClassVar[float]

    @abstractmethod
    def put(self, key: str, file: IO[bytes], content_type: str) -> None:
        """The object is what file holds from its start, durably; before, it is what it was.

        file: seekable, at most MAX_OBJECT_BYTE_SIZE, left anywhere.
        content_type: for a bucket that answers in place of the app. The
        directory store does not keep it; rows do.
        """

    @abstractmethod
    def open(self, key: str, start: int = 0, length: int | None = None) -> IO[bytes]:
        """Return a file to read, from start, at most length bytes; to close, or used as a context.

        It need not be seekable. Raises ObjectNotFound.
        """

    @abstractmethod
    def stat(self, key: str) -> StoredObject:
        """Return what is known of an object without reading it. Raises ObjectNotFound."""

    @abstractmethod
    def delete_prefix(self, prefix: str) -> None:
        """Nothing is stored under prefix, temporary files and older versions included.

        prefix: at least images/<id>/ or incoming/<id>/. Already gone is
        success. A put that runs meanwhile may survive, whole.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Nothing is stored at key, older versions included. Already gone is success.

        key: whatever objects() yields, the temporary file of a dead
        writer too. For what no row owns; what rows own goes by prefix.
        """

    @abstractmethod
    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """Yield what is stored under prefix, sorted by key, temporary files included.

        prefix: images/, incoming/, or a longer one that ends in "/".
        after: only keys that sort behind this text; the others cost next to nothing.
        """

    @abstractmethod
    def prepare(self) -> None:
        """The store can take objects, and a bucket lets everyone read images/, and only that."""

    @abstractmethod
    def installation_id(self) -> str:
        """Return what tells this store from every other, written at the first call."""

    def is_read_by_everyone(self, key: str) -> bool | None:
        """Return whether a stranger gets this object from the store itself.

        None where that is no question: a directory, or a bucket whose policy is not ours.
        """
        return None

    def keys(self) -> set[str]:
        """Return every key under images/ and incoming/."""
        return {stored.key for prefix in (PUBLIC, PRIVATE) for stored in self.objects(prefix)}


def check_key(key: str) -> None:
    """Raise InvalidKey unless key is installation-id or below images/<id>/ or incoming/<id>/."""
    folder, *names = key.split("/")
    is_of_an_image = f"{folder}/" in (PUBLIC, PRIVATE) and len(names) >= 2
    if not (is_of_an_image or key == INSTALLATION_ID) or not all(map(_is_name, names)):
        raise InvalidKey(f"{key[:100]!r} is no key of an image.")
    if len(key.encode()) > MAX_KEY_BYTE_SIZE:
        raise InvalidKey(f"The key {key[:100]!r}... is longer than {MAX_KEY_BYTE_SIZE} bytes.")


def check_listed(key: str) -> None:
    """Raise InvalidKey unless objects() could yield key: a temporary file starts with a dot."""
    folder, _, name = key.rpartition("/")
    check_prefix(f"{folder}/", shortest=2)
    if name in ("", ".", "..") or not _is_name(name.removeprefix(".")):
        raise InvalidKey(f"{key[:100]!r} is nothing that a store lists.")


def check_prefix(prefix: str, shortest: int = 1) -> None:
    """Raise InvalidKey unless prefix ends in "/" and could start a key.

    shortest: how many names it has at least: 1 for images/, 2 for images/<id>/.
    """
    folder, *names = prefix.removesuffix("/").split("/")
    is_known = prefix.endswith("/") and f"{folder}/" in (PUBLIC, PRIVATE)
    if not is_known or len(names) + 1 < shortest or not all(map(_is_name, names)):
        raise InvalidKey(f"{prefix[:100]!r} is no prefix of an image's keys.")


def check_range(start: int, length: int | None) -> None:
    """Raise ValueError where a range of bytes is counted from the end, or backwards."""
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"A range starts at 0 and is not negative: {start}, {length}.")


def rewind(file: IO[bytes]) -> int:
    """Put file at its start and return its size in bytes.

    Raises ValueError where that is more than an object may have.
    """
    byte_size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if byte_size > MAX_OBJECT_BYTE_SIZE:
        raise ValueError(f"An object has at most {MAX_OBJECT_BYTE_SIZE} bytes, not {byte_size}.")
    return byte_size


def _is_name(name: str) -> bool:
    # No name starts with a dot: neither "." and "..", nor a temporary file, is part of a key.
    # What cannot be printed (NUL, control characters, half a surrogate pair) has no place in one.
    is_plain = name != "" and name.isprintable() and not name.startswith(".") and "\\" not in name
    return is_plain and len(name.encode()) <= MAX_NAME_BYTE_SIZE
