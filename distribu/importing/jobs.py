"""Run an import from its preview to its end.

PREVIEW -> QUEUED -> RUNNING -> DONE, or FAILED with nothing written and
the preview shown again. Every import runs in the queue's worker, even a
small one: copying images may take minutes, during which no thread that
serves pages should be held, and one way of doing it is easier to get
right. The row is the truth: a lost task is enqueued again, and if a
worker dies, the database rolls back its transaction and the sweep sets
the row to FAILED.
"""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from ..audit import set_actor
from ..extensions import db, queue
from ..images import attachment
from ..images.filenames import shortened
from ..images.store_identity import ImagesHeld
from ..images.stores.contract import StoreError
from ..models import Company, ImportJob, User, utc_now
from ..models.compare_and_set import changed_rows, compare_and_set
from ..products import csv_text, written_image_url
from ..products.csv_text import InvalidCsv, Table
from ..products.text_encoding import ENCODINGS, decoded_by
from .planning import Plan, make_plan
from .reading import Reading, missing, read_rows
from .writing import write

log = logging.getLogger(__name__)

PREVIEW, QUEUED, RUNNING, DONE, FAILED = "PREVIEW", "QUEUED", "RUNNING", "DONE", "FAILED"
KEPT_FOR = timedelta(days=1)
# Longer than one copy or the one transaction takes; a worker without progress for longer is dead.
WORKING_WINDOW = timedelta(minutes=5)
# A task that no worker has begun after this time is enqueued again.
PATIENCE = timedelta(minutes=2)
_FINGERPRINT = re.compile("[0-9a-f]{64}")

_change_job = partial(compare_and_set, ImportJob)

CHANGED = (
    "Products changed after the preview was shown, so nothing was imported. "
    "This is what the file would do now."
)
NO_STORE = "Images could not be copied just now. Nothing was imported: try again."
BUSY = "The database was busy. Nothing was imported: try again."
INTERRUPTED = "The import was interrupted. Nothing was imported: try again."


class ImportRefused(Exception):
    """The import cannot be done as agreed; str(error) says why."""


def new_job(company_id: str, user_id: str, filename: str, content: bytes) -> ImportJob:
    """Return a job for an uploaded file, with its columns recognized. Raises InvalidCsv."""
    decoded = csv_text.decode(content)
    table = csv_text.read(decoded.text)
    return ImportJob(
        company_id=company_id,
        created_by_id=user_id,
        filename=shortened(filename),
        status=PREVIEW,
        content=decoded.text,
        encoding=decoded.encoding,
        undecoded=None if decoded.is_sure else content,
        is_encoding_agreed=decoded.is_sure,
        mapping=csv_text.recognized_columns(table.header),
        decimal_signs={},
        expires_at=utc_now() + KEPT_FOR,
    )


def table_of(job: ImportJob) -> Table:
    return csv_text.read(job.content)


def reading_of(job: ImportJob, table: Table) -> Reading | None:
    """Return the rows of the job's file; None while a required column is not mapped."""
    if missing(job.mapping):
        return None
    currency = db.session.scalars(
        select(Company.currency).where(Company.id == job.company_id)
    ).one()
    return read_rows(table, job.mapping, job.decimal_signs, currency)


def agree(job: ImportJob, fingerprint: str, now: datetime | None = None) -> bool:
    """Queue the import of the previewed plan with this fingerprint; return whether it was queued.

    Commits. Returns False for an invalid fingerprint, while the encoding is
    not confirmed, and if the job is already running or DONE.
    """
    if not _FINGERPRINT.fullmatch(fingerprint):
        return False
    agreed = _change_job(
        job.id,
        ImportJob.status.in_([PREVIEW, FAILED]) & ImportJob.is_encoding_agreed,
        status=QUEUED,
        fingerprint=fingerprint,
        result=None,
        done_copies=0,
        total_copies=0,
        working_until=(now or utc_now()) + PATIENCE,
    )
    db.session.commit()
    if agreed:
        queue.enqueue("import_products", job.id)
    return agreed


def map_columns(job: ImportJob, mapping: dict[str, int], decimal_signs: dict[str, str]) -> None:
    """Set the job's column mapping, unless it is running or DONE. Commits.

    decimal_signs: by our column, signs that a person chose.
    """
    _change_job(
        job.id,
        ImportJob.status.in_([PREVIEW, FAILED]),
        mapping=mapping,
        decimal_signs=decimal_signs,
        result=None,
    )
    db.session.commit()


def choose_encoding(job: ImportJob, encoding: str) -> None:
    """Decode the job's file again in the encoding that a person chose. Commits.

    Raises InvalidCsv if it cannot be decoded so.
    """
    text = None
    if encoding in ENCODINGS and job.undecoded:
        text = decoded_by(job.undecoded, encoding)
    if text is None:
        raise InvalidCsv("The file is not text in this encoding. Choose another one.")
    header = csv_text.read(text).header
    is_same = len(header) == len(table_of(job).header)
    _change_job(
        job.id,
        ImportJob.status.in_([PREVIEW, FAILED]),
        content=text,
        encoding=encoding,
        is_encoding_agreed=True,
        mapping=job.mapping if is_same else csv_text.recognized_columns(header),
        result=None,
    )
    db.session.commit()


def forget(job: ImportJob) -> bool:
    """Delete the job; return False, with nothing changed, if it is running or DONE. Commits."""
    is_open = ImportJob.status.in_([PREVIEW, FAILED])
    gone = changed_rows(delete(ImportJob).where(ImportJob.id == job.id, is_open))
    db.session.commit()
    return gone == 1


def run(job_id: str, now: datetime | None = None) -> None:
    """Carry out a queued import to DONE, or to FAILED with nothing written. Commits.

    Does nothing if another worker has taken the job.
    """
    if not _change_job(
        job_id,
        ImportJob.status == QUEUED,
        status=RUNNING,
        working_until=(now or utc_now()) + WORKING_WINDOW,
    ):
        db.session.rollback()
        return
    db.session.commit()
    with _ended(job_id) as staged:
        try:
            _import(job_id, staged)
        except (ImportRefused, attachment.ImageConflict, IntegrityError) as error:
            log.info("import %s refused: %r", job_id, error)
            staged.problem = CHANGED
        except StoreError as error:
            log.warning("import %s: the image store failed: %s", job_id, error)
            staged.problem = NO_STORE
        except OperationalError as error:
            log.warning("import %s: the database failed: %s", job_id, error)
            staged.problem = BUSY


def recover(now: datetime | None = None) -> None:
    """Queue jobs again whose task was lost, and set interrupted ones to FAILED. Commits."""
    now = now or utc_now()
    is_late = ImportJob.working_until < now
    db.session.execute(
        update(ImportJob)
        .where(ImportJob.status == RUNNING, is_late)
        .values(status=FAILED, result={"problem": INTERRUPTED}, working_until=None)
    )
    lost = select(ImportJob.id).where(ImportJob.status == QUEUED, is_late)
    lost_ids = db.session.scalars(lost).all()
    db.session.commit()
    queue.enqueue_lost("import_products", lost_ids)


class Staged:
    """The ids of staged copies by line. problem: why the import fails, None once it is done."""

    def __init__(self):
        self.copies: dict[int, str] = {}
        self.problem: str | None = INTERRUPTED


@contextmanager
def _ended(job_id: str) -> Iterator[Staged]:
    """Discard the staged copies and record the failure, unless the block clears the problem.

    The block clears it once everything is committed.
    """
    staged = Staged()
    try:
        yield staged
    finally:
        if staged.problem:
            _fail(job_id, staged)


def _fail(job_id: str, staged: Staged) -> None:
    db.session.rollback()
    status = db.session.scalar(select(ImportJob.status).where(ImportJob.id == job_id))
    if status == DONE:
        # Only the commit's response was lost: the products have their copies.
        return
    # While images are held, leave the copies: the sweep discards them after a day.
    with suppress(ImagesHeld):
        attachment.discard_all(list(staged.copies.values()))
    _change_job(
        job_id,
        ImportJob.status == RUNNING,
        status=FAILED,
        result={"problem": staged.problem},
        working_until=None,
    )
    db.session.commit()


def _import(job_id: str, staged: Staged) -> None:
    job = db.session.get_one(ImportJob, job_id, populate_existing=True)
    company = db.session.get_one(Company, job.company_id)
    user = db.session.get(User, job.created_by_id) if job.created_by_id else None
    set_actor("USER", user, company, user.logged_name if user else "")
    fingerprint = job.fingerprint
    reading = reading_of(job, table_of(job))
    if reading is None:
        raise ImportRefused("a required column is not mapped")
    plan = make_plan(company, reading)
    _expect(plan, fingerprint)
    # Before the one transaction, because each copy commits its own row before its objects.
    _stage_copies(company, plan, job_id, staged)
    _write_at_once(company, reading, fingerprint, job_id, staged)


def _stage_copies(company: Company, plan: Plan, job_id: str, staged: Staged) -> None:
    total = len(plan.copies)
    for done, change in enumerate(plan.copies):
        _report(job_id, done_copies=done, total_copies=total)
        assert change.image_change is not None
        try:
            copy = written_image_url.prepare(company, change.image_change)
        except written_image_url.InvalidImageUrl as error:
            raise ImportRefused(str(error)) from error
        assert copy is not None
        staged.copies[change.line] = copy.id
    if total:
        _report(job_id, done_copies=total)


def _report(job_id: str, **values) -> None:
    """Commit the job's progress and extend its time to work. Raises ImportRefused."""
    until = utc_now() + WORKING_WINDOW
    if not _change_job(job_id, ImportJob.status == RUNNING, working_until=until, **values):
        raise ImportRefused("the job was given up")
    db.session.commit()


def _write_at_once(
    company: Company, reading: Reading, fingerprint: str | None, job_id: str, staged: Staged
) -> None:
    """Write the plan in one transaction.

    The first statement writes, to hold SQLite's lock from there on.
    """
    now = utc_now()
    # Ending the job is part of the transaction, so that no second run can write again.
    if not _change_job(job_id, ImportJob.status == RUNNING, status=DONE, working_until=None):
        raise ImportRefused("the job was given up")
    plan = make_plan(company, reading, is_locked=True)
    _expect(plan, fingerprint)
    _change_job(job_id, result=plan.counts)
    write(company, plan, staged.copies, now)
    db.session.commit()
    staged.problem = None


def _expect(plan: Plan, fingerprint: str | None) -> None:
    if plan.errors or plan.fingerprint != fingerprint:
        raise ImportRefused("the plan is not the one that was shown")
