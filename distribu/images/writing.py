"""Write objects for a row that was committed before them, and none after its writing_until."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from typing import IO

from sqlalchemy import ColumnElement

from ..disk_reserve import NO_SPACE
from ..extensions import db, store
from ..models import PROCESSING, READY, Image, utc_now
from . import store_identity
from .attachment import change_image, discard
from .decoding.wire import Derivative, PublishedFile
from .stores.contract import ImageStore, StoreError, StoreFull, StoreUnavailable

# Longer than any run of puts takes; a writer puts nothing after it.
WRITING_WINDOW = timedelta(minutes=5)


class Writer:
    """Put objects for an image until its writing_until; removal relies on that limit.

    It remembers the row's values from when it began, so the loser of a race notices.
    """

    def __init__(self, image: Image):
        self.image = image
        self._prefix, self._public_name = image.prefix, image.public_name
        self.attempts = image.attempts
        assert image.writing_until is not None
        self._stop_at = image.writing_until - timedelta(seconds=store.PUT_SECONDS)

    def put(self, key: str, file: IO[bytes], content_type: str) -> None:
        """Put file, or raise StoreUnavailable if that could still be running at writing_until."""
        if utc_now() >= self._stop_at:
            raise StoreUnavailable(f"no time left to put {key}")
        store.put(key, file, content_type)

    def put_all(self, derivatives: Iterable[Derivative]) -> list[PublishedFile]:
        """Put derivatives and return the entries that the row records for them."""
        made: list[PublishedFile] = []
        for one in derivatives:
            self.put(self._prefix + (one.path or self._public_name), one.file, one.content_type)
            made.append(
                PublishedFile(
                    path=one.path,
                    format=one.format,
                    width_px=one.width_px,
                    height_px=one.height_px,
                    byte_size=one.byte_size,
                )
            )
        return made

    def change(self, *conditions: ColumnElement[bool], **values: object) -> None:
        """Update the row, or raise ImageConflict if another process has taken it over."""
        change_image(self.image, Image.attempts == self.attempts, *conditions, **values)


@contextmanager
def putting(image: Image, now: datetime, keep: timedelta) -> Iterator[Writer]:
    """Commit the new row, then yield a writer for its objects; discard it on StoreError.

    keep: how long the image may stay without a product.
    """
    refuse_pending_work()
    image.kept_until = now + keep
    image.writing_until = now + WRITING_WINDOW
    store_identity.require()
    store_identity.hold()
    # The row goes first: a crash from here on leaves a row for sweep(), never a stray object.
    db.session.add(image)
    db.session.commit()
    try:
        yield Writer(image)
    except StoreError:
        # A put that timed out may still arrive, so drain() deletes again after writing_until.
        discard(image)
        db.session.commit()
        raise


def make_ready(writer: Writer, **values: object) -> None:
    writer.change(Image.status == PROCESSING, status=READY, writing_until=None, **values)


@contextmanager
def local_copy(key: str, source: ImageStore = store) -> Iterator[IO[bytes]]:
    """Yield an object's bytes as a temporary file that even a crash does not leave behind."""
    with tempfile.TemporaryFile() as copy:
        with source.open(key) as body:
            try:
                shutil.copyfileobj(body, copy)
                copy.seek(0)
            except OSError as error:
                if error.errno not in NO_SPACE:
                    raise
                # Closing flushes the rest, and fails again.
                with suppress(OSError):
                    copy.close()
                raise StoreFull(f"No temporary file has room for {key!r}: {error}.") from error
        yield copy


def sha256(file: IO[bytes]) -> str:
    """Return the hex digest of the whole file, which is left at its end."""
    file.seek(0)
    # typing.IO has no readinto(), but every file passed here has one.
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def refuse_pending_work() -> None:
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("stage() and process() commit: save or drop your own changes first")


def close_with(files: ExitStack, derivatives: Iterable[Derivative]) -> None:
    for made in derivatives:
        files.callback(made.file.close)
