"""How a picture comes to be: stage, stage_copy, process.

Each commits its row before its objects, and says nothing is READY that
is not whole. Each refuses a session with pending work, because its
commit must not save half a form.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import BinaryIO

from sqlalchemy import update
from sqlalchemy.orm.exc import ObjectDeletedError
from werkzeug.datastructures import FileStorage

from .. import audit
from ..extensions import db, queue, sandbox
from ..models import ERROR, PROCESSING, READY, Image, Product, utc_now
from . import ownership
from .attachment import (
    STAGED_FOR,
    ImageConflict,
    change_image,
    discard,
    into_outbox,
    lock_product,
    primary_image,
)
from .decode import COMMERCE, CONTENT_TYPES, MERCHANT, PUBLISHED, ImagePolicy, InvalidImage
from .derivatives import LADDER_VERSION, THUMBNAIL_PX
from .names import public_name, shortened
from .sandbox import WAIT_SECONDS, Derivative, Publication, SandboxError
from .store import ImageStore, ObjectNotFound, StoreError, StoreUnavailable

# Longer than any one run of puts takes; nothing is put after it.
WRITING_WINDOW = timedelta(minutes=5)
# Of each step: that which makes a picture READY, and that which makes its ladder.
MAX_ATTEMPTS = 3
# Behind all else that the queue has: pages show the picture without it.
LADDER_PRIORITY = -1
POLICIES = {policy.name: policy for policy in (MERCHANT, COMMERCE)}

_RECORDED = ("path", "format", "width_px", "height_px", "byte_size")
_COPIED = (
    *("policy", "sha256", "alt_text", "filename", "public_name", "format", "byte_size"),
    *("width_px", "height_px", "placeholder_color"),
)


class Writer:
    """Puts objects until a moment, and none after it: a removal counts on that.

    What it knows of the row is what was true when it began, so that the
    loser of a race notices.
    """

    def __init__(self, store: ImageStore, image: Image):
        self.store, self.image = store, image
        self._prefix, self._public_name = image.prefix, image.public_name
        self.attempts = image.attempts
        self._stop_at = image.writing_until - timedelta(seconds=store.PUT_SECONDS)

    def put(self, key: str, file: BinaryIO, content_type: str) -> None:
        """Put file unless it could still be under way at writing_until."""
        if utc_now() >= self._stop_at:
            raise StoreUnavailable(f"no time left to put {key}")
        self.store.put(key, file, content_type)

    def put_all(self, derivatives: Iterable[Derivative]) -> list[dict]:
        """Put what was made; return what the row records of it."""
        made = []
        for one in derivatives:
            self.put(self._prefix + (one.path or self._public_name), one.file, one.content_type)
            made.append({name: getattr(one, name) for name in _RECORDED})
        return made

    def change(self, *conditions, **values) -> None:
        """The row says so, if nobody else has taken it over. Raises ImageConflict."""
        change_image(self.image, Image.attempts == self.attempts, *conditions, **values)


def stage(
    store: ImageStore,
    company_id: str,
    upload: FileStorage,
    policy: ImagePolicy = MERCHANT,
    now: datetime | None = None,
) -> Image:
    """A READY image that no product has yet, its rows and objects written.

    Commits, and refuses a session with pending work: half a form must
    not be saved with it. Raises InvalidImage, and SandboxError and
    StoreError with nothing left behind.
    """
    _refuse_pending_work()
    now = now or utc_now()
    with ExitStack() as files:
        publication = sandbox.publish(upload.stream, policy, wait_seconds=WAIT_SECONDS)
        made = [publication.picture, publication.thumbnail]
        _close_with(files, made)
        image = _new_image(company_id, upload, publication, policy)
        with _written(store, image, now) as writer:
            writer.put(image.upload_key, upload.stream, "application/octet-stream")
            _make_ready(writer, derivatives=writer.put_all(made))
    ask_for_work(image.id, READY)
    return image


def stage_copy(
    store: ImageStore, company_id: str, source: Image, now: datetime | None = None
) -> Image:
    """A READY image with bytes of its own that shows what source shows.

    Commits, as stage() does. The copy remembers where it came from.
    Raises StoreError, with nothing left behind.
    """
    _refuse_pending_work()
    copied = {made["path"]: source.key(made["path"]) for made in source.derivatives}
    derivatives, is_complete = list(source.derivatives), source.ladder_version is not None
    image = Image(
        company_id=company_id,
        copied_from=source.id,
        ladder_version=source.ladder_version,
        **{name: getattr(source, name) for name in _COPIED},
    )
    with _written(store, image, now or utc_now()) as writer:
        for made in derivatives:
            with _local_copy(store, copied[made["path"]]) as file:
                writer.put(image.key(made["path"]), file, CONTENT_TYPES[made["format"]])
        _make_ready(writer, derivatives=derivatives)
    if not is_complete:
        ask_for_work(image.id, READY)
    return image


def ask_for_work(image_id: str, status: str) -> None:
    """The queue has the image's next step: what makes a picture READY before any ladder."""
    queue.enqueue("process", image_id, priority=0 if status == PROCESSING else LADDER_PRIORITY)


def process(store: ImageStore, image_id: str, now: datetime | None = None) -> None:
    """The image is a step further: READY, then with its whole ladder; or it is ERROR.

    Nothing where someone else is at it. Commits: the attempt before any
    decoding, so that a picture which kills its worker is counted, and
    the outcome. Safe to repeat.
    """
    _refuse_pending_work()
    writer = _claim(store, image_id, now or utc_now())
    if writer is None:
        return
    try:
        is_whole = _work(writer)
        db.session.commit()
    except (ImageConflict, ObjectDeletedError):
        # Removed, or taken over: the outbox has been told how long this one might still put.
        db.session.rollback()
    except (StoreError, SandboxError):
        # Not the picture's fault, so the attempt does not count: the sweep makes another.
        db.session.rollback()
        with suppress(ImageConflict):
            writer.change(attempts=Image.attempts - 1)
        db.session.commit()
        raise
    else:
        if not is_whole:
            # Its ladder comes behind the pictures that are still to be READY.
            ask_for_work(image_id, READY)


def give_up(store: ImageStore, image: Image, error_code: str, *conditions) -> None:
    """An image that cannot be finished: ERROR, or READY with as much of its set as there is.

    conditions: that nobody writes for it, so that what attempts put
    before they died can go. Raises ImageConflict and StoreError.
    """
    put = [stored.key for stored in store.objects(image.prefix)]
    if image.status == PROCESSING:
        is_same = (Image.status == PROCESSING, *conditions)
        change_image(image, *is_same, status=ERROR, error_code=error_code)
    _finish(image, image.derivatives, *conditions)
    recorded = {image.key(made["path"]) for made in image.derivatives}
    # The row is held until commit: nobody comes to record what is deleted here.
    for key in set(put) - recorded:
        store.delete(key)


def by_ladder(derivatives: list[dict]) -> tuple[dict[str, dict], dict[str, dict]]:
    """By path: the picture with what belongs to the ladder of today, and what to an older one."""
    there, older = {}, {}
    for made in derivatives:
        is_older = made["path"] and not made["path"].startswith(f"v{LADDER_VERSION}/")
        (older if is_older else there)[made["path"]] = made
    return there, older


def _new_image(
    company_id: str, upload: FileStorage, publication: Publication, policy: ImagePolicy
) -> Image:
    filename = upload.filename or "image"
    return Image(
        company_id=company_id,
        policy=policy.name,
        sha256=_sha256(upload.stream),
        filename=shortened(filename),
        public_name=public_name(filename, publication.info.format),
        byte_size=publication.info.byte_size,
        format=publication.info.format,
        **_measured(publication),
    )


def _measured(publication: Publication) -> dict:
    return {
        "width_px": publication.info.width_px,
        "height_px": publication.info.height_px,
        "placeholder_color": publication.placeholder_color,
    }


@contextmanager
def putting(store: ImageStore, image: Image, now: datetime, keep: timedelta) -> Iterator[Writer]:
    """The new row is committed, then the block puts what it owns; a StoreError leaves nothing.

    keep: how long it may be nobody's, from now on.
    """
    _refuse_pending_work()
    image.kept_until = now + keep
    image.writing_until = now + WRITING_WINDOW
    ownership.require()
    ownership.hold()
    # The row goes first: a crash from here on leaves a row for sweep(), never a stray object.
    db.session.add(image)
    db.session.commit()
    try:
        yield Writer(store, image)
    except StoreError:
        # A put that timed out may still arrive: drain looks again after writing_until.
        discard(image)
        db.session.commit()
        raise


@contextmanager
def _written(store: ImageStore, image: Image, now: datetime) -> Iterator[Writer]:
    """The new row is committed, then what the block puts and says of it; or nothing is left."""
    with putting(store, image, now, STAGED_FOR) as writer:
        yield writer
    db.session.commit()


def _make_ready(writer: Writer, **values) -> None:
    writer.change(Image.status == PROCESSING, status=READY, writing_until=None, **values)


def _claim(store: ImageStore, image_id: str, now: datetime) -> Writer | None:
    """What may write for the image, this attempt counted and committed; None if it is not free."""
    ownership.require()
    ownership.hold()
    claimed = db.session.execute(
        update(Image)
        .where(
            Image.id == image_id,
            Image.ladder_version.is_(None),
            Image.attempts < MAX_ATTEMPTS,
            Image.writing_until.is_(None) | (Image.writing_until < now),
        )
        .values(attempts=Image.attempts + 1, writing_until=now + WRITING_WINDOW)
        .returning(Image.attempts),
        execution_options={"synchronize_session": False},
    ).first()
    db.session.commit()
    image = claimed and db.session.get(Image, image_id, populate_existing=True)
    return Writer(store, image) if image else None


def _work(writer: Writer) -> bool:
    """The next step is done; return whether it was the last one."""
    image, is_mine = writer.image, Image.attempts == writer.attempts
    try:
        if image.status == PROCESSING:
            with _local_copy(writer.store, image.upload_key) as upload:
                _publish(writer, upload)
            return False
        with _source(writer) as (file, policy):
            _complete(writer, file, policy)
    except InvalidImage as error:
        give_up(writer.store, image, error.code, is_mine)
    except ObjectNotFound:
        give_up(writer.store, image, "upload_lost", is_mine)
    return True


def _publish(writer: Writer, upload: BinaryIO) -> None:
    """A picture that was accepted undecoded is READY, and its product shows it."""
    image = writer.image
    with ExitStack() as files:
        publication = sandbox.publish(upload, POLICIES[image.policy])
        made = [publication.picture, publication.thumbnail]
        _close_with(files, made)
        derivatives = writer.put_all(made)
    # The product before the image, in the order in which every other change takes them.
    product = lock_product(image.product_id, image.company_id) if image.product_id else None
    writer.change(
        Image.status == PROCESSING,
        status=READY,
        derivatives=derivatives,
        attempts=0,
        writing_until=None,
        **_measured(publication),
    )
    if product:
        product.updated_at = utc_now()
        if product.external_image_url and primary_image(product) is image:
            _take_place_of_external(product)


def _take_place_of_external(product: Product) -> None:
    """The product's own picture is shown in place of the external one, and the log says so."""
    before = audit.snapshot(product)
    product.external_image_url = None
    db.session.flush()
    db.session.expire(product, ["image", "images"])
    actor = audit.system(product.company_id, "Picture processing")
    after = audit.snapshot(product)
    audit.record("product.updated", "Product", product.id, before, after, actor)


@contextmanager
def _source(writer: Writer) -> Iterator[tuple[BinaryIO, ImagePolicy]]:
    """What a ladder is made of: the upload, or the picture where the upload is gone."""
    image, policy = writer.image, POLICIES[writer.image.policy]
    with ExitStack() as files:
        try:
            file = files.enter_context(_local_copy(writer.store, image.upload_key))
        except ObjectNotFound:
            # The outbox may have deleted it only now.
            file, policy = files.enter_context(_local_copy(writer.store, image.key())), PUBLISHED
        yield file, policy


def _complete(writer: Writer, file: BinaryIO, policy: ImagePolicy) -> None:
    """The image has its whole ladder; its upload, and any older ladder, are the outbox's."""
    there, older = by_ladder(writer.image.derivatives)
    older_keys = sorted(writer.image.key(path) for path in older)
    thumbnail = f"v{LADDER_VERSION}/{min(THUMBNAIL_PX, there['']['width_px'])}w.webp"
    with ExitStack() as files:
        derivatives = sandbox.derive(file, policy, with_thumbnail=thumbnail not in there)
        _close_with(files, derivatives)
        # What is published never changes, so only what is not there yet is put.
        made = writer.put_all(one for one in derivatives if one.path not in there)
    _finish(writer.image, [*there.values(), *made], Image.attempts == writer.attempts)
    for prefix, keys in groupby(older_keys, lambda key: key.rpartition("/")[0]):
        into_outbox(f"{prefix}/", published=list(keys))


def _finish(image: Image, derivatives: list[dict], *conditions) -> None:
    prefix = image.incoming_prefix
    change_image(
        image,
        Image.ladder_version.is_(None),
        *conditions,
        derivatives=derivatives,
        ladder_version=LADDER_VERSION,
        writing_until=None,
    )
    into_outbox(prefix)


@contextmanager
def _local_copy(store: ImageStore, key: str) -> Iterator[BinaryIO]:
    """The bytes of an object, in a temporary file that no crash leaves behind."""
    with tempfile.TemporaryFile() as copy:
        with store.open(key) as body:
            shutil.copyfileobj(body, copy)
        copy.seek(0)
        yield copy


def _refuse_pending_work() -> None:
    session = db.session()
    if session.new or session.dirty or session.deleted:
        raise RuntimeError("stage() and process() commit: save or drop your own changes first")


def _close_with(files: ExitStack, derivatives: Iterable[Derivative]) -> None:
    for made in derivatives:
        files.callback(made.file.close)


def _sha256(stream: BinaryIO) -> str:
    stream.seek(0)
    return hashlib.file_digest(stream, "sha256").hexdigest()
