"""Processing: make an image READY, then make its ladder, or give up."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import IO

from sqlalchemy import ColumnElement, and_, exists, or_, select, update
from sqlalchemy.orm.exc import ObjectDeletedError

from .. import audit
from ..extensions import db, queue, sandbox
from ..models import ERROR, PROCESSING, READY, Image, Product, utc_now
from ..models.json_rows import is_among
from ..task_queue import QueueUnavailable
from . import store_identity
from .attachment import ImageConflict, change_image, into_outbox, lock_product, primary_image
from .decoding.ladder import LADDER_VERSION, MARKETPLACE_PATH, THUMBNAIL_PX
from .decoding.policies import COMMERCE, MERCHANT, PUBLISHED, ImagePolicy, InvalidImage
from .decoding.sandbox import SandboxError, SandboxInterrupted
from .decoding.wire import Publication, PublishedFile
from .rescuing import rescue
from .stores.contract import ObjectNotFound, StoreError
from .writing import (
    WRITING_WINDOW,
    Writer,
    close_with,
    local_copy,
    refuse_pending_work,
    sha256,
)

log = logging.getLogger(__name__)

# Per step: making an image READY is one step, making its ladder another.
MAX_ATTEMPTS = 3
# An image newer than this is not stuck: the queue may still be working on it.
PATIENCE = timedelta(minutes=2)
# How long an image rests whose attempts were all cut short from outside.
RETRY_EVERY = timedelta(days=1)
# Below everything else in the queue, because pages can show the image without its ladder.
LADDER_PRIORITY = -1
POLICIES = {policy.name: policy for policy in (MERCHANT, COMMERCE)}


# An image that is chosen but not saved is left out: it gets its ladder at Save.
IS_UNFINISHED = and_(
    Image.ladder_version.is_(None),
    or_(Image.product_id.is_not(None), Image.status != READY, Image.copied_from.is_not(None)),
)


def ask_for_work(image_id: str, status: str) -> bool:
    """Queue the image's next step; return False if the queue is down.

    The commit that made the step necessary has set queued_at, so the sweep
    makes up for a queue that is down. Ladders come after all images that
    are not READY.
    """
    priority = 0 if status == PROCESSING else LADDER_PRIORITY
    return queue.enqueue("process", image_id, priority=priority)


def ask_again(image_ids: Sequence[str], now: datetime) -> None:
    """Queue the next step of those images that are not in the queue. Commits.

    The queue is searched for images that were queued a while ago: it may be
    long, or may have lost them. Two callers may ask for the same image: the
    UPDATE decides, and the loser does not queue it.
    """
    if not image_ids:
        return
    was_queued = is_among(Image.id, image_ids) & Image.queued_at.is_not(None)
    is_old = db.session.scalar(select(exists().where(was_queued)))
    try:
        waiting = queue.waiting("process") if is_old else set()
    except QueueUnavailable as error:
        log.warning("queue down, left to the next sweep: %s", error)
        return
    is_lost = Image.queued_at.is_(None) | (Image.queued_at < now - PATIENCE)
    is_idle = Image.writing_until.is_(None) | (Image.writing_until < now)
    missing = is_among(Image.id, [one for one in image_ids if one not in waiting])
    queued = db.session.execute(
        update(Image)
        .where(missing, Image.ladder_version.is_(None), is_lost, is_idle)
        .values(queued_at=now)
        .returning(Image.id, Image.status),
        execution_options={"synchronize_session": False},
    ).all()
    db.session.commit()
    for image_id, status in sorted(map(tuple, queued)):
        # One failure is enough to know that the queue is down: the next sweep asks again.
        if not ask_for_work(image_id, status):
            break


def process(image_id: str, now: datetime | None = None) -> None:
    """Do the image's next step: make it READY, or make its ladder, or set it to ERROR.

    Does nothing if another process is working on it. Commits twice: the
    attempt before any decoding, so an image that kills its worker is
    counted, and then the outcome. Safe to repeat.
    """
    refuse_pending_work()
    writer = _claim(image_id, now or utc_now())
    if writer is None:
        return
    try:
        is_whole = _work(writer)
        db.session.commit()
    except (ImageConflict, ObjectDeletedError):
        # Removed, or taken over: the outbox entry knows how long this process may still write.
        db.session.rollback()
    except SandboxInterrupted as error:
        # The attempt counts, since the image may have crashed its decoder; the sweep tries again.
        db.session.rollback()
        log.warning("decoding of %s was interrupted: %s", image_id, error)
        with suppress(ImageConflict):
            writer.change(writing_until=None)
        db.session.commit()
    except (StoreError, SandboxError):
        # Not the image's fault, so the attempt does not count: the sweep makes another.
        db.session.rollback()
        with suppress(ImageConflict):
            writer.change(attempts=Image.attempts - 1)
        db.session.commit()
        raise
    else:
        if not is_whole:
            # Queue its ladder behind the images that are not READY yet.
            ask_for_work(image_id, READY)


def give_up(image: Image, error_code: str, *conditions: ColumnElement[bool]) -> None:
    """Record that an image cannot be finished: READY if its stable image exists, else ERROR.

    Nothing is deleted: in ERROR the row still owns both prefixes, because
    the store may temporarily be an older one.
    conditions: that no process is writing for it. Raises ImageConflict and StoreError.
    """
    if image.status != PROCESSING:
        _finish(image, image.derivatives, *conditions)
    elif not rescue(image, *conditions):
        change_image(
            image,
            Image.status == PROCESSING,
            *conditions,
            status=ERROR,
            error_code=error_code,
            ladder_version=LADDER_VERSION,
            writing_until=None,
        )


def rest(image: Image, now: datetime, *conditions: ColumnElement[bool]) -> None:
    """Let an image whose attempts were all interrupted wait a day for another, with its upload.

    Until then a PROCESSING image is shown as ERROR. Nothing is deleted.
    conditions and errors are those of give_up().
    """
    shown = {"status": ERROR, "error_code": "interrupted"} if image.status == PROCESSING else {}
    change_image(
        image,
        Image.status == image.status,
        *conditions,
        retry_at=now + RETRY_EVERY,
        queued_at=None,
        **shown,
    )


def wake(image_id: str, now: datetime) -> None:
    """Give an image that has rested one last attempt. Commits."""
    is_rested = (Image.id == image_id, Image.retry_at <= now)
    values = {"retry_at": None, "attempts": MAX_ATTEMPTS - 1}
    is_hidden = (Image.status == ERROR, Image.error_code == "interrupted")
    for also, more in ((is_hidden, {"status": PROCESSING, "error_code": None}), ((), {})):
        db.session.execute(
            update(Image).where(*is_rested, *also).values(**values, **more),
            execution_options={"synchronize_session": False},
        )
    db.session.commit()


ByPath = dict[str, PublishedFile]


def by_ladder(
    derivatives: list[PublishedFile],
) -> tuple[dict[str, PublishedFile], dict[str, PublishedFile]]:
    """Split derivatives, by path, into those of the current ladder and those of older ladders.

    The stable image and the JPEG for marketplaces count as current.
    """
    there: ByPath = {}
    older: ByPath = {}
    for made in derivatives:
        # The stable image and the JPEG for marketplaces belong to no ladder.
        is_older = "/" in made["path"] and not made["path"].startswith(f"v{LADDER_VERSION}/")
        (older if is_older else there)[made["path"]] = made
    return there, older


def measured(publication: Publication) -> dict[str, object]:
    return {
        "width_px": publication.info.width_px,
        "height_px": publication.info.height_px,
        "published_sha256": sha256(publication.stable.file),
        "placeholder_color": publication.placeholder_color,
        "digital_source_type": publication.digital_source_type,
        "facts": publication.facts,
    }


def _claim(image_id: str, now: datetime) -> Writer | None:
    """Count and commit an attempt and return its writer; None if another may be writing."""
    store_identity.require()
    store_identity.hold()
    claimed = db.session.execute(
        update(Image)
        .where(
            Image.id == image_id,
            Image.ladder_version.is_(None),
            Image.attempts < MAX_ATTEMPTS,
            Image.writing_until.is_(None) | (Image.writing_until < now),
        )
        .values(
            attempts=Image.attempts + 1,
            writing_until=now + WRITING_WINDOW,
            queued_at=None,
        )
        .returning(Image.attempts),
        execution_options={"synchronize_session": False},
    ).first()
    db.session.commit()
    image = claimed and db.session.get(Image, image_id, populate_existing=True)
    return Writer(image) if image else None


def _work(writer: Writer) -> bool:
    """Do the next step; return whether it was the last one."""
    image, is_mine = writer.image, Image.attempts == writer.attempts
    try:
        if image.status == PROCESSING:
            with local_copy(image.upload_key) as upload:
                _publish(writer, upload)
            return False
        with _source(writer) as (file, policy, turn):
            _complete(writer, file, policy, turn)
    except InvalidImage as error:
        give_up(image, error.code, is_mine)
    except ObjectNotFound:
        give_up(image, "upload_lost", is_mine)
    return True


def _publish(writer: Writer, upload: IO[bytes]) -> None:
    """Make an image READY from its upload, and show it on its product."""
    image = writer.image
    with ExitStack() as files:
        publication = sandbox.publish(upload, POLICIES[image.policy])
        made = [publication.stable, publication.thumbnail]
        close_with(files, made)
        derivatives, found = writer.put_all(made), measured(publication)
    # The product before the image, in the order in which every other change takes them.
    product = lock_product(image.product_id, image.company_id) if image.product_id else None
    writer.change(
        Image.status == PROCESSING,
        status=READY,
        derivatives=derivatives,
        attempts=0,
        writing_until=None,
        queued_at=utc_now(),
        **found,
    )
    if product:
        product.updated_at = utc_now()
        if product.external_image_url and primary_image(product) is image:
            _take_place_of_external(product)


def _take_place_of_external(product: Product) -> None:
    """Remove the product's external image and record that in the audit log."""
    before = audit.snapshot(product)
    product.external_image_url = None
    db.session.flush()
    db.session.expire(product, ["image", "images"])
    actor = audit.system(product.company_id, "Image processing")
    after = audit.snapshot(product)
    audit.record("product.updated", "Product", product.id, before, after, actor)


@contextmanager
def _source(writer: Writer) -> Iterator[tuple[IO[bytes], ImagePolicy, int]]:
    """Yield the upload, or else the stable image, with its policy and the turn to apply."""
    image, policy, turn = writer.image, POLICIES[writer.image.policy], writer.image.turn
    with ExitStack() as files:
        try:
            file = files.enter_context(local_copy(image.upload_key))
        except ObjectNotFound:
            # The outbox may have deleted it only now.
            file, policy, turn = files.enter_context(local_copy(image.key())), PUBLISHED, 0
        yield file, policy, turn


def _complete(writer: Writer, file: IO[bytes], policy: ImagePolicy, turn: int) -> None:
    """Make the missing derivatives; hand the upload and older ladders to the outbox."""
    there, older = by_ladder(writer.image.derivatives)
    older_keys = sorted(writer.image.key(path) for path in older)
    thumbnail = f"v{LADDER_VERSION}/{min(THUMBNAIL_PX, there['']['width_px'])}w.webp"
    with ExitStack() as files:
        derivatives = sandbox.derive(
            file,
            policy,
            turn,
            with_thumbnail=thumbnail not in there,
            in_own_format=writer.image.policy == COMMERCE.name,
            label=writer.image.digital_source_type,
        )
        close_with(files, derivatives)
        for one in derivatives:
            if one.path == MARKETPLACE_PATH:
                one.path = writer.image.marketplace_path
        # Published files never change, so put only those that are missing.
        made = writer.put_all(one for one in derivatives if one.path not in there)
    _finish(writer.image, [*there.values(), *made], Image.attempts == writer.attempts)
    for prefix, keys in groupby(older_keys, lambda key: key.rpartition("/")[0]):
        into_outbox(f"{prefix}/", published=list(keys))


def _finish(
    image: Image, derivatives: list[PublishedFile], *conditions: ColumnElement[bool]
) -> None:
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
