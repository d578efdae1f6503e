"""The interface of an image store and its errors.

Every store passes the same tests: tests/contracts/test_store_contract.py.
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
    """The store refuses until a setting is changed; hint says which."""

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
    method raises StoreUnavailable or StoreMisconfigured if the store does
    not answer or is not prepared, and InvalidKey for an invalid key.
    """

    # The longest time that one put can take before it fails.
    PUT_SECONDS: ClassVar[float]

    @abstractmethod
    def put(self, key: str, file: IO[bytes], content_type: str) -> None:
        """Write the whole file durably under key; readers see the old object until then.

        file: seekable, at most MAX_OBJECT_BYTE_SIZE; its position afterwards is undefined.
        content_type: for a bucket that serves objects itself. The directory
        store does not keep it; rows do.
        """

    @abstractmethod
    def open(self, key: str, start: int = 0, length: int | None = None) -> IO[bytes]:
        """Return at most length bytes from start as a file that the caller closes.

        It need not be seekable. Raises ObjectNotFound.
        """

    @abstractmethod
    def stat(self, key: str) -> StoredObject:
        """Return an object's key and size without reading it. Raises ObjectNotFound."""

    @abstractmethod
    def delete_prefix(self, prefix: str) -> None:
        """Delete everything under prefix, including temporary files and older versions.

        prefix: at least images/<id>/ or incoming/<id>/. Succeeds if nothing is
        there. A concurrent put may survive, but only whole.
        """

    @abstractmethod
    def delete(self, key: str) -> None:
        """Delete one object, including older versions; succeeds if it is already gone.

        For objects that no row owns; owned ones are deleted by prefix.
        key: any that objects() yields, including temporary files of a dead writer.
        """

    @abstractmethod
    def objects(self, prefix: str, after: str = "") -> Iterator[StoredObject]:
        """Yield the objects under prefix, sorted by key, including temporary files.

        prefix: images/, incoming/, or a longer one that ends in "/".
        after: only keys that sort after this text; skipping the others costs almost nothing.
        """

    @abstractmethod
    def prepare(self) -> None:
        """Make the store ready for objects; in a bucket, let everyone read only images/."""

    @abstractmethod
    def installation_id(self) -> str:
        """Return an id unique to this store, created on the first call."""

    def is_read_by_everyone(self, key: str) -> bool | None:
        """Return whether anyone can read this object directly from the store.

        None if that does not apply: a directory, or a bucket whose policy is not ours.
        """
        return None

    def keys(self) -> set[str]:
        """Return every key under images/ and incoming/."""
        return {stored.key for prefix in (PUBLIC, PRIVATE) for stored in self.objects(prefix)}


def check_key(key: str) -> None:
    """Raise InvalidKey unless key is installation-id or is below images/<id>/ or incoming/<id>/."""
    folder, *names = key.split("/")
    is_of_an_image = f"{folder}/" in (PUBLIC, PRIVATE) and len(names) >= 2
    if not (is_of_an_image or key == INSTALLATION_ID) or not all(map(_is_name, names)):
        raise InvalidKey(f"{key[:100]!r} is no key of an image.")
    if len(key.encode()) > MAX_KEY_BYTE_SIZE:
        raise InvalidKey(f"The key {key[:100]!r}... is longer than {MAX_KEY_BYTE_SIZE} bytes.")


def check_listed(key: str) -> None:
    """Raise InvalidKey unless objects() could yield key; temporary files start with a dot."""
    folder, _, name = key.rpartition("/")
    check_prefix(f"{folder}/", shortest=2)
    if name in ("", ".", "..") or not _is_name(name.removeprefix(".")):
        raise InvalidKey(f"{key[:100]!r} is nothing that a store lists.")


def check_prefix(prefix: str, shortest: int = 1) -> None:
    """Raise InvalidKey unless prefix ends in "/" and could start a key.

    shortest: the least number of names: 1 for images/, 2 for images/<id>/.
    """
    folder, *names = prefix.removesuffix("/").split("/")
    is_known = prefix.endswith("/") and f"{folder}/" in (PUBLIC, PRIVATE)
    if not is_known or len(names) + 1 < shortest or not all(map(_is_name, names)):
        raise InvalidKey(f"{prefix[:100]!r} is no prefix of an image's keys.")


def check_range(start: int, length: int | None) -> None:
    """Raise ValueError for a negative start or length."""
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"A range starts at 0 and is not negative: {start}, {length}.")


def rewind(file: IO[bytes]) -> int:
    """Move to the start of file and return its size in bytes.

    Raises ValueError if it exceeds the maximum size of an object.
    """
    byte_size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if byte_size > MAX_OBJECT_BYTE_SIZE:
        raise ValueError(f"An object has at most {MAX_OBJECT_BYTE_SIZE} bytes, not {byte_size}.")
    return byte_size


def _is_name(name: str) -> bool:
    # No name starts with a dot: neither "." and "..", nor a temporary file, is part of a key.
    # Unprintable characters (NUL, control characters, lone surrogates) are not allowed either.
    is_plain = name != "" and name.isprintable() and not name.startswith(".") and "\\" not in name
    return is_plain and len(name.encode()) <= MAX_NAME_BYTE_SIZE
