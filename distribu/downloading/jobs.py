"""Run a download from its beginning to its end.

QUEUED -> RUNNING -> DONE or FAILED; deleted after a day. The row owns
incoming/<id>/: it is committed before the first object is put, and when
it is deleted, its objects are handed to the outbox. A worker puts
nothing after working_until, which it extends as it makes progress.
"""

import logging
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import IO

from sqlalchemy import delete, select
from sqlalchemy.orm import selectinload

from ..extensions import db, queue, store
from ..images import store_identity
from ..images.attachment import into_outbox
from ..images.decoding.policies import EXTENSIONS
from ..images.stores.contract import ObjectNotFound, StoreError
from ..images.writing import local_copy, sha256
from ..models import READY, DownloadJob, Image, Product, utc_now
from ..models.compare_and_set import compare_and_set
from ..models.download_jobs import download_prefix, part_key
from ..models.json_rows import is_among
from .names import NamedProduct, image_names

log = logging.getLogger(__name__)

QUEUED, RUNNING, DONE, FAILED = "QUEUED", "RUNNING", "DONE", "FAILED"
KEPT_FOR = timedelta(days=1)
WORKING_WINDOW = timedelta(minutes=5)
# A task that no worker has begun after this time is enqueued again.
PATIENCE = timedelta(minutes=2)
ZIP_MAX_BYTES = 500 * 1024 * 1024
PART_BYTES = 16 * 1024 * 1024
# Size of a ZIP's headers for each file, apart from the two copies of its name.
_OVERHEAD_BYTES = 200
_READ_AT_ONCE = 200
_REPORTED_EVERY = 20

_change = partial(compare_and_set, DownloadJob)


class DownloadGivenUp(Exception):
    """The job no longer belongs to this worker."""


def begin(
    company_id: str, product_ids: list[str] | None = None, created_by_id: str | None = None
) -> DownloadJob:
    """Queue a job that makes ZIPs of these products' images, or of all. Commits."""
    job = DownloadJob(
        company_id=company_id,
        created_by_id=created_by_id,
        status=QUEUED,
        product_ids=product_ids,
        working_until=utc_now() + PATIENCE,
        expires_at=utc_now() + KEPT_FOR,
    )
    db.session.add(job)
    db.session.commit()
    queue.enqueue("download_images", job.id)
    return job


def run(job_id: str, now: datetime | None = None) -> None:
    """Carry out a queued job to DONE, or to FAILED with nothing left behind. Commits.

    Does nothing if another worker has taken the job.
    """
    until = (now or utc_now()) + WORKING_WINDOW
    if not _change(job_id, DownloadJob.status == QUEUED, status=RUNNING, working_until=until):
        db.session.rollback()
        return
    db.session.commit()
    try:
        store_identity.require()
        _make(db.session.get_one(DownloadJob, job_id, populate_existing=True))
    except DownloadGivenUp:
        db.session.rollback()
    except (StoreError, store_identity.ImagesHeld, OSError) as error:
        log.warning("download %s failed: %s", job_id, error)
        db.session.rollback()
        _fail(job_id)


def recover(now: datetime | None = None) -> None:
    """Enqueue lost tasks again, fail interrupted jobs, and delete expired ones. Commits."""
    now = now or utc_now()
    is_late = DownloadJob.working_until < now
    for job_id in _ids((DownloadJob.status == RUNNING) & is_late):
        _fail(job_id)
    queue.enqueue_lost("download_images", _ids((DownloadJob.status == QUEUED) & is_late))
    for job_id in _ids((DownloadJob.expires_at < now) & (DownloadJob.status != RUNNING)):
        into_outbox(download_prefix(job_id))
        db.session.execute(delete(DownloadJob).where(DownloadJob.id == job_id))
        db.session.commit()


def read(job: DownloadJob, number: int) -> Iterator[bytes]:
    """Return the bytes of one ZIP of the job, read as they are sent. number: from 1.

    Raises ObjectNotFound before the first byte if a part is gone, since a
    move to another store does not copy downloads.
    """
    parts = range(1, job.files[number - 1]["parts"] + 1)
    keys = [part_key(job.id, number, part) for part in parts]
    for key in keys:
        store.stat(key)
    return _read_parts(keys)


def _read_parts(keys: Iterable[str]) -> Iterator[bytes]:
    for key in keys:
        with store.open(key) as part:
            while piece := part.read(64 * 1024):
                yield piece


def _make(job: DownloadJob) -> None:
    job_id, files = job.id, list[dict]()
    named = list(image_names(_products(job)))
    sizes = dict(_sizes([image_id for image_id, _ in named]))
    named = [(image_id, name) for image_id, name in named if image_id in sizes]
    _report(job_id, total_images=len(named))
    done = 0
    for group in _groups(named, sizes):
        with tempfile.TemporaryFile() as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                for image_id, name in group:
                    _add(archive, image_id, name)
                    done += 1
                    if done % _REPORTED_EVERY == 0:
                        _report(job_id, done_images=done)
            files.append(_put(job_id, len(files) + 1, file))
    is_done = _change(
        job_id,
        DownloadJob.status == RUNNING,
        status=DONE,
        files=files,
        done_images=done,
        working_until=None,
        expires_at=utc_now() + KEPT_FOR,
    )
    if not is_done:
        raise DownloadGivenUp(job_id)
    db.session.commit()


def _products(job: DownloadJob) -> Iterator[NamedProduct]:
    """Yield the job's products that have hosted images, in the order of their ids."""
    own = Product.company_id == job.company_id
    if job.product_ids is not None:
        own &= is_among(Product.id, job.product_ids)
    asked = select(Product).where(own).order_by(Product.id).options(selectinload(Product.images))
    for product in db.session.scalars(asked.execution_options(yield_per=_READ_AT_ONCE)):
        images = [image for image in product.images if image.status == READY and image.derivatives]
        if images:
            types = tuple((image.id, EXTENSIONS[image.format]) for image in images)
            yield NamedProduct(product.id, product.sku, product.name, types)


def _sizes(image_ids: list[str]) -> Iterator[tuple[str, int]]:
    size = Image.derivatives[(0, "byte_size")].as_integer()
    for id_and_size in db.session.execute(
        select(Image.id, size).where(is_among(Image.id, image_ids))
    ):
        yield tuple(id_and_size)


def _groups(named: list[tuple[str, str]], sizes: dict[str, int]) -> Iterator[list[tuple[str, str]]]:
    """Yield the images of each ZIP, which has at most ZIP_MAX_BYTES."""
    group, byte_size = list[tuple[str, str]](), 0
    for image_id, name in named:
        more = sizes[image_id] + 2 * len(name.encode()) + _OVERHEAD_BYTES
        if group and byte_size + more > ZIP_MAX_BYTES:
            yield group
            group, byte_size = list[tuple[str, str]](), 0
        group.append((image_id, name))
        byte_size += more
    if group:
        yield group


def _add(archive: zipfile.ZipFile, image_id: str, name: str) -> None:
    """Add the image to the ZIP, unless it was removed meanwhile."""
    image = db.session.get(Image, image_id, populate_existing=True)
    if image is None:
        return
    is_known, day = image.published_sha256 is not None, image.created_at.timetuple()[:6]
    try:
        with local_copy(image.key()) as copy:
            if not is_known:
                # Record the digest by which a drop recognizes the file.
                _record(image_id, sha256(copy))
                copy.seek(0)
            archive.writestr(zipfile.ZipInfo(name, day), copy.read())
    except ObjectNotFound:
        log.warning("a download leaves %s out: the store does not have it", image_id)


def _record(image_id: str, digest: str) -> None:
    compare_and_set(Image, image_id, published_sha256=digest)
    db.session.commit()


def _put(job_id: str, number: int, file: IO[bytes]) -> dict:
    """Put the ZIP into the store in parts, and return its entry for the row."""
    byte_size, parts = file.tell(), 0
    file.seek(0)
    while True:
        with tempfile.SpooledTemporaryFile(PART_BYTES) as part:
            part.write(file.read(PART_BYTES))
            if not part.tell():
                return {"byte_size": byte_size, "parts": parts}
            parts += 1
            # Extend working_until first, so that the put has ended before the row is given up.
            _report(job_id)
            store.put(part_key(job_id, number, parts), part, "application/zip")


def _report(job_id: str, **values) -> None:
    """Record the job's progress and extend its time to work.

    Commits. Raises DownloadGivenUp.
    """
    until = utc_now() + WORKING_WINDOW
    if not _change(job_id, DownloadJob.status == RUNNING, working_until=until, **values):
        raise DownloadGivenUp(job_id)
    db.session.commit()


def _fail(job_id: str) -> None:
    """Set the job to FAILED and hand its objects to the outbox. Commits."""
    if _change(job_id, DownloadJob.status == RUNNING, status=FAILED, working_until=None):
        into_outbox(download_prefix(job_id))
    db.session.commit()


def _ids(condition) -> list[str]:
    found = db.session.scalars(select(DownloadJob.id).where(condition)).all()
    db.session.rollback()
    return list(found)
