"""Objects put for a row that was committed before them, and none after its writing_until."""

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

# Longer than any one run of puts takes; nothing is put after it.
WRITING_WINDOW = timedelta(minutes=5)


class Writer:
    """Puts objects until a moment, and none after it: a removal counts on that.

    What it knows of the row is what was true when it began, so that the
    loser of a race notices.
    """

    def __init__(self, image: Image):
        self.image = image
        self._prefix, self._public_name = image.prefix, image.public_name
        self.attempts = image.attempts
        assert image.writing_until is not None
        self._stop_at = image.writing_until - timedelta(seconds=store.PUT_SECONDS)

    def put(self, key: str, file: IO[bytes], content_type: str) -> None:
        """Put file unless it could still be under way at writing_until."""
        if utc_now() >= self._stop_at:
            raise StoreUnavailable(f"no time left to put {key}")
        store.put(key, file, content_type)

    def put_all(self, derivatives: Iterable[Derivative]) -> list[PublishedFile]:
        """Put what was made; return what the row records of it."""
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
        """The row says so, if nobody else has taken it over. Raises ImageConflict."""
        change_image(self.image, Image.attempts == self.attempts, *conditions, **values)


@contextmanager
def putting(image: Image, now: datetime, keep: timedelta) -> Iterator[Writer]:
    """The new row is committed, then the block puts what it owns; a StoreError leaves nothing.

    keep: how long it may be nobody's, from now on.
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
        # A put that timed out may still arrive: drain looks again after writing_until.
        discard(image)
        db.session.commit()
        raise


def make_ready(writer: Writer, **values: object) -> None:
    writer.change(Image.status == PROCESSING, status=READY, writing_until=None, **values)


@contextmanager
def local_copy(key: str, source: ImageStore = store) -> Iterator[IO[bytes]]:
    """The bytes of an object, in a temporary file that no crash leaves behind."""
    with tempfile.TemporaryFile() as copy:
        with source.open(key) as body:
            try:
                shutil.copyfileobj(body, copy)
                copy.seek(0)
            except OSError as error:
                if error.errno not in NO_SPACE:
                    raise
                # Closing writes what is left, and fails once more.
                with suppress(OSError):
                    copy.close()
                raise StoreFull(f"No temporary file has room for {key!r}: {error}.") from error
        yield copy


def sha256(file: IO[bytes]) -> str:
    """Return the digest of all of a file, which is left at its end."""
    file.seek(0)
    # typing.IO has no readinto(); every file that comes here has one.
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def refuse_pending_work() -> None:
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("stage() and process() commit: save or drop your own changes first")


def close_with(files: ExitStack, derivatives: Iterable[Derivative]) -> None:
    for made in derivatives:
        files.callback(made.file.close)
