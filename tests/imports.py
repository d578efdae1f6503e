"""Helpers for tests of CSV imports: from text to a job, its plan and its end."""

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from distribu.extensions import db, store
from distribu.images import attachment, staging
from distribu.images.outbox import drain
from distribu.importing import jobs
from distribu.importing.planning import Plan, make_plan
from distribu.models import AuditEntry, Company, Image, ImportJob, Product
from tests.conftest import Cast
from tests.images.image_files import png

HEADER = "sku,name,price,stock"


def new_job(cast: Cast, text: str, encoding: str = "utf-8") -> ImportJob:
    """A committed job of alice."""
    job = jobs.new_job(cast.acme, cast.alice, "products.csv", text.encode(encoding))
    db.session.add(job)
    db.session.commit()
    return job


def plan_of(job: ImportJob) -> Plan:
    """Return the plan that the job's preview shows."""
    reading = jobs.reading_of(job, jobs.table_of(job))
    return make_plan(db.session.get_one(Company, job.company_id), reading)


def plan(cast: Cast, text: str) -> Plan:
    return plan_of(new_job(cast, text))


def sentences(plan: Plan) -> list[tuple[int, int | None, str]]:
    return [(error.line, error.index, error.sentence) for error in plan.errors]


def agree(job: ImportJob) -> None:
    """The merchant has seen the preview and pressed Import."""
    jobs.agree(job, plan_of(job).fingerprint)


def run(job: ImportJob) -> ImportJob:
    """The worker has done it; returns the job as it is then."""
    job_id = job.id
    jobs.run(job_id)
    db.session.expire_all()
    return db.session.get_one(ImportJob, job_id)


def import_text(cast: Cast, text: str) -> dict:
    """Import text to its end; returns what the job says came of it."""
    job = new_job(cast, text)
    agree(job)
    job = run(job)
    assert job.status == "DONE", job.result
    drain()
    return job.result


def product(cast: Cast, sku: str) -> Product:
    asked = select(Product).where(Product.company_id == cast.acme, Product.sku == sku)
    return db.session.scalars(asked.execution_options(populate_existing=True)).one()


def add_image(product: Product, name: str = "a.png") -> Image:
    """An image behind the others of product, committed."""
    image = staging.stage(product.company_id, FileStorage(png(40, 30), name))
    attachment.attach(attachment.lock_product(product.id, product.company_id), image.id)
    db.session.commit()
    return image


def kept_ids() -> set[str]:
    """The ids of the images that have objects."""
    keys = store.keys()
    return {key.split("/")[1] for key in keys}


def image_ids() -> set[str]:
    """The ids of the images that have rows."""
    return set(db.session.scalars(select(Image.id)))


def entries(action: str) -> list[AuditEntry]:
    asked = select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)
    return list(db.session.scalars(asked))
