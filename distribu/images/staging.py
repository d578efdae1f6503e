"""How a picture comes to be: stage, stage_copy, process.

Each commits its row before its objects, and says nothing is READY that
is not whole. Each refuses a session with pending work, because its
commit must not save half a form.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from typing import BinaryIO

from sqlalchemy import update
from werkzeug.datastructures import FileStorage

from ..extensions import db, queue, sandbox
from ..models import ERROR, PROCESSING, READY, Image, utc_now
from .attachment import (
    STAGED_FOR,
    ImageConflict,
    change_image,
    discard,
    into_outbox,
    lock_product,
    primary_image,
)
from .decode import COMMERCE, CONTENT_TYPES, MERCHANT, ImageInfo, ImagePolicy, InvalidImage
from .derivatives import LADDER_VERSION
from .names import public_name, shortened
from .sandbox import Derivative, Publication
from .store import ImageStore, ObjectNotFound, StoreError, StoreUnavailable

# Longer than any one run of puts takes; nothing is put after it.
WRITING_WINDOW = timedelta(minutes=5)
MAX_ATTEMPTS = 3
POLICIES = {policy.name: policy for policy in (MERCHANT, COMMERCE)}


class Writer:
    """Puts objects until a moment, and none after it: a removal counts on that."""

    def __init__(self, store: ImageStore, image: Image):
        self.store, self.image = store, image
        self.stop_at = image.writing_until - timedelta(seconds=store.PUT_SECONDS)

    def put(self, key: str, file, content_type: str) -> None:
        """Put file unless it could still be under way at writing_until."""
        if utc_now() >= self.stop_at:
            raise StoreUnavailable(f"no time left to put {key}")
        self.store.put(key, file, content_type)

    def put_all(self, derivatives: Iterable[Derivative]) -> list[dict]:
        """Put what was made; return what the row records of it."""
        made = []
        for one in derivatives:
            self.put(self.image.key(one.path), one.file, one.content_type)
            made.append(_record(one))
        return made


def stage(
    store: ImageStore,
    company_id: str,
    upload: FileStorage,
    policy: ImagePolicy = MERCHANT,
    now: datetime | None = None,
) -> Image:
    """A READY image that no product has yet, its rows and objects written.

    Commits, and refuses a session with pending work: half a form must
    not be saved with it. Raises InvalidImage, and StoreError with
    nothing left behind.
    """
    _refuse_pending_work()
    now = now or utc_now()
    with ExitStack() as files:
        publication = sandbox.publish(upload.stream, policy)
        _close_with(files, [publication.picture, publication.thumbnail])
        image = _new_image(company_id, upload, publication.info, policy, now)
        image.writing_until = now + WRITING_WINDOW
        # The row goes first: a crash from here on leaves a row for sweep(), never a stray object.
        db.session.add(image)
        db.session.commit()
        try:
            writer = Writer(store, image)
            writer.put(image.upload_key, upload.stream, "application/octet-stream")
            made = writer.put_all([publication.picture, publication.thumbnail])
            ready = _published(publication, made) | {"writing_until": None}
            change_image(image, PROCESSING, status=READY, **ready)
        except StoreError:
            # A put that timed out may still arrive: drain looks again after writing_until.
            discard(image)
            db.session.commit()
            raise
    db.session.commit()
    queue.enqueue("process", image.id)
    return image


def stage_copy(store: ImageStore, company_id: str, source: Image, now=None) -> Image:
    """A READY image with bytes of its own that shows what source shows.

    Commits, as stage() does. The copy remembers where it came from.
    Raises StoreError, with nothing left behind.
    """
    _refuse_pending_work()
    now = now or utc_now()
    copied = ("policy", "sha256", "alt_text", "filename", "public_name", "format", "byte_size")
    copied += ("width_px", "height_px", "placeholder_color")
    image = Image(
        company_id=company_id,
        copied_from=source.id,
        kept_until=now + STAGED_FOR,
        writing_until=now + WRITING_WINDOW,
        # Whole from the start: what source lacks of the ladder, it lacks too.
        ladder_version=LADDER_VERSION,
        **{name: getattr(source, name) for name in copied},
    )
    db.session.add(image)
    db.session.commit()
    try:
        writer = Writer(store, image)
        for made in source.derivatives:
            with store.open(source.key(made["path"])) as file:
                writer.put(image.key(made["path"]), file, CONTENT_TYPES[made["format"]])
        made = {"derivatives": list(source.derivatives), "writing_until": None}
        change_image(image, PROCESSING, status=READY, **made)
    except StoreError:
        discard(image)
        db.session.commit()
        raise
    db.session.commit()
    return image


def process(store: ImageStore, image_id: str, now: datetime | None = None) -> None:
    """The image is READY with its whole ladder, or ERROR; or someone else is at it.

    Commits: the attempt before any decoding, so that a picture which
    kills its worker is counted, and the outcome. Safe to repeat.
    """
    _refuse_pending_work()
    image = _claim(image_id, now or utc_now())
    if image is None:
        return
    try:
        with _upload(store, image) as upload:
            if image.status == PROCESSING:
                _make_ready(Writer(store, image), upload)
            _complete(Writer(store, image), upload)
    except InvalidImage as error:
        give_up(image, error.code)
    except ObjectNotFound:
        give_up(image, "upload_lost")
    except ImageConflict:
        # Removed while it was processed: the outbox has been told how long we might write.
        db.session.rollback()
    except StoreError:
        # Not the picture's fault: this attempt does not count, the sweep makes another.
        db.session.rollback()
        change_image(image, image.status, attempts=image.attempts - 1)
        db.session.commit()
        raise
    db.session.commit()


def give_up(image: Image, error_code: str) -> None:
    """An image that cannot be finished: ERROR, or READY with as much of its set as there is."""
    if image.status == PROCESSING:
        change_image(image, PROCESSING, status=ERROR, error_code=error_code)
    _finish(image, image.derivatives)


def _new_image(company_id, upload: FileStorage, info: ImageInfo, policy, now) -> Image:
    filename = upload.filename or "image"
    return Image(
        company_id=company_id,
        policy=policy.name,
        sha256=_sha256(upload.stream),
        filename=shortened(filename),
        public_name=public_name(filename, info.format),
        format=info.format,
        byte_size=info.byte_size,
        width_px=info.width_px,
        height_px=info.height_px,
        kept_until=now + STAGED_FOR,
    )


def _make_ready(writer: Writer, upload: BinaryIO) -> None:
    """A picture that was accepted undecoded is READY, and its product shows it. Commits."""
    image = writer.image
    with ExitStack() as files:
        publication = sandbox.publish(upload, POLICIES[image.policy])
        _close_with(files, [publication.picture, publication.thumbnail])
        made = writer.put_all([publication.picture, publication.thumbnail])
    # The product before the image, in the order in which every other change takes them.
    product = lock_product(image.product_id, image.company_id) if image.product_id else None
    change_image(image, PROCESSING, status=READY, **_published(publication, made))
    if product:
        product.updated_at = utc_now()
        if primary_image(product) is image:
            product.external_image_url = None
    db.session.commit()


def _complete(writer: Writer, upload: BinaryIO) -> None:
    """The image has its whole ladder, and its upload is the outbox's."""
    upload.seek(0)
    with ExitStack() as files:
        derivatives = sandbox.derive(upload, POLICIES[writer.image.policy])
        _close_with(files, derivatives)
        made = writer.put_all(derivatives)
    _finish(writer.image, writer.image.derivatives + made)


def _published(publication: Publication, made: list[dict]) -> dict:
    return {
        "derivatives": made,
        "placeholder_color": publication.placeholder_color,
        "width_px": publication.info.width_px,
        "height_px": publication.info.height_px,
    }


@contextmanager
def _upload(store: ImageStore, image: Image) -> Iterator[BinaryIO]:
    """The bytes as they were uploaded, in a temporary file that no crash leaves behind."""
    with tempfile.TemporaryFile() as copy:
        with store.open(image.upload_key) as body:
            shutil.copyfileobj(body, copy)
        copy.seek(0)
        yield copy


def _finish(image: Image, derivatives: list[dict]) -> None:
    change_image(
        image,
        image.status,
        Image.ladder_version.is_(None),
        derivatives=derivatives,
        ladder_version=LADDER_VERSION,
        writing_until=None,
    )
    into_outbox(image.incoming_prefix)


def _claim(image_id: str, now: datetime) -> Image | None:
    """The image, this attempt counted and committed; None if it is not to be processed."""
    claimed = db.session.execute(
        update(Image)
        .where(
            Image.id == image_id,
            Image.ladder_version.is_(None),
            Image.attempts < MAX_ATTEMPTS,
            Image.writing_until.is_(None) | (Image.writing_until < now),
        )
        .values(attempts=Image.attempts + 1, writing_until=now + WRITING_WINDOW),
        execution_options={"synchronize_session": False},
    )
    db.session.commit()
    if claimed.rowcount != 1:
        return None
    return db.session.get(Image, image_id, populate_existing=True)


def _refuse_pending_work() -> None:
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("stage() and process() commit: save or drop your own changes first")


def _close_with(files: ExitStack, derivatives: Iterable[Derivative]) -> None:
    for made in derivatives:
        files.callback(made.file.close)


def _record(made: Derivative) -> dict:
    names = ("path", "format", "width_px", "height_px", "byte_size")
    return {name: getattr(made, name) for name in names}


def _sha256(stream) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()
