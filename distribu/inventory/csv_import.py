"""Importing products from a CSV file: upload, columns, preview, import, progress."""

from contextlib import closing
from dataclasses import dataclass

from flask import Response, abort, flash, g, redirect, render_template, request, url_for
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from ..extensions import db
from ..forms.product_import import UploadForm
from ..http.tenancy import company_row_or_404, signed_in
from ..importing import jobs
from ..importing.planning import Change, Plan, make_plan
from ..importing.reading import RowError, missing
from ..models import Image, ImportJob, Product, utc_now
from ..models.json_rows import is_among
from ..products import csv_text
from ..products.csv_text import COLUMNS, MAX_BYTE_SIZE, REASON, InvalidCsv, Row, Table
from .blueprint import bp
from .csv_export import csv_response


@bp.get("/import")
@signed_in
def new_import():
    """Where a file is chosen."""
    return _upload_page(UploadForm(formdata=None))


@bp.post("/import")
@signed_in
def upload_csv():
    """The file is kept for a day, and its preview is shown; no product is touched."""
    form = UploadForm()
    if not form.validate():
        return _upload_page(form), 422
    upload = form.file.data
    with closing(upload):
        # One byte more than may be tells that it was too many.
        content = upload.read(MAX_BYTE_SIZE + 1)
    try:
        job = jobs.new_job(g.company.id, current_user.id, upload.filename, content)
    except InvalidCsv as error:
        form.file.errors = [str(error)]
        return _upload_page(form), 422
    db.session.add(job)
    db.session.commit()
    return redirect(url_for(".show_import", job_id=job.id), 303)


@bp.get("/import/<job_id>")
@signed_in
def show_import(job_id: str):
    """Where the import stands: its preview, its progress, or what came of it."""
    job = _job_or_404(job_id)
    if job.status in (jobs.QUEUED, jobs.RUNNING, jobs.DONE):
        return render_template("inventory/import_progress.html", job=job)
    return _preview_page(job)


@bp.get("/import/<job_id>/progress")
@signed_in
def show_progress(job_id: str) -> Response | str:
    """Fragment: how far the import is; the whole page anew when its preview is to be seen."""
    job = _job_or_404(job_id)
    if job.status in (jobs.PREVIEW, jobs.FAILED):
        return Response("", headers={"HX-Redirect": url_for(".show_import", job_id=job.id)})
    return render_template("inventory/_import_progress.html", job=job)


@bp.post("/import/<job_id>/columns")
@signed_in
def map_columns(job_id: str):
    """Each column holds what was chosen for it."""
    job = _job_or_404(job_id)
    table = jobs.table_of(job)
    chosen = [(request.form.get(f"column-{index}"), index) for index in range(len(table.header))]
    mapping = {column: index for column, index in chosen if column in COLUMNS}
    if len(mapping) < sum(column in COLUMNS for column, _ in chosen):
        problem = "Two columns cannot be imported as the same one."
        return _preview_page(job, chosen=dict((i, c) for c, i in chosen), problem=problem), 422
    jobs.map_columns(job, mapping)
    return redirect(url_for(".show_import", job_id=job.id), 303)


@bp.post("/import/<job_id>/apply")
@signed_in
def apply_import(job_id: str):
    """What the preview showed is on its way into the catalog."""
    job = _job_or_404(job_id)
    jobs.agree(job, request.form.get("fingerprint", ""))
    return redirect(url_for(".show_import", job_id=job.id), 303)


@bp.post("/import/<job_id>/cancel")
@signed_in
def cancel_import(job_id: str):
    """The file is forgotten, and nothing was imported."""
    if jobs.forget(_job_or_404(job_id)):
        flash("The import was cancelled. Nothing was changed.", "info")
    return redirect(url_for(".list_products"), 303)


@bp.get("/import/<job_id>/errors.csv")
@signed_in
def download_errors(job_id: str) -> Response:
    """The failing rows as they came, each with its reasons in one more column."""
    job = _job_or_404(job_id)
    table = jobs.table_of(job)
    plan = _plan(job, table) or abort(404)
    reasons: dict[int, list[str]] = {}
    for error in plan.errors:
        reasons.setdefault(error.line, []).append(_error_sentence(error, table))
    failing = [row for row in table.rows if row.line in reasons]
    width = max([len(table.header), *(len(row.cells) for row in failing)])
    rows = ([*_padded(row.cells, width), " ".join(reasons[row.line])] for row in failing)
    header = [*_padded(table.header, width), REASON]
    return csv_response("rows-to-correct.csv", header, rows)


def refuse_giant():
    """The answer to a body that is not even read to its end."""
    form = UploadForm(formdata=None)
    form.file.errors = [csv_text.TOO_LARGE]
    return _upload_page(form), 413


def _job_or_404(job_id: str) -> ImportJob:
    job = company_row_or_404(ImportJob, job_id)
    if job.expires_at < utc_now():
        abort(404)
    return job


def _plan(job: ImportJob, table: Table) -> Plan | None:
    reading = jobs.reading_of(job, table)
    return reading and make_plan(g.company, reading)


def _upload_page(form: UploadForm) -> str:
    return render_template("inventory/import.html", form=form, csv_io=csv_text)


@dataclass(frozen=True)
class Column:
    """A column of the file, and which of ours it is taken for."""

    index: int
    letter: str
    header: str
    sample: str
    column: str | None

    @property
    def is_passed_over(self) -> bool:
        """Whether it holds something that nobody has said what it is."""
        known = csv_text.normalized(self.header) == REASON
        return self.column is None and not known and bool(self.header or self.sample)


@dataclass(frozen=True)
class LostImage:
    """A product that loses images: those that are deleted, an external one, what comes."""

    name: str
    sku: str
    images: list[Image]
    external: Product | None
    new_url: str | None


@dataclass(frozen=True)
class FailingLine:
    """A line, and a sentence for everything that is wrong with it, by column."""

    line: int
    sentences: list[tuple[str, str]]


def _preview_page(job: ImportJob, chosen: dict | None = None, problem: str | None = None) -> str:
    table = jobs.table_of(job)
    plan = _plan(job, table)
    shown = {index: column for column, index in job.mapping.items()} if chosen is None else chosen
    return render_template(
        "inventory/import_preview.html",
        job=job,
        columns=_columns(table, shown),
        known_columns=COLUMNS,
        missing=missing(job.mapping),
        problem=problem,
        plan=plan,
        failing=_failing(plan, table) if plan else [],
        lost=lost_images(plan.lost_images) if plan else [],
    )


def _columns(table: Table, shown: dict[int, str]) -> list[Column]:
    return [
        Column(index, csv_text.letter(index), header, _sample(table.rows, index), shown.get(index))
        for index, header in enumerate(table.header)
    ]


def _sample(rows: list[Row], index: int) -> str:
    """The first value of a column, as much of it as tells what it is."""
    cells = (row.cells[index] for row in rows if index < len(row.cells))
    return next((cell[:60] for cell in cells if cell.strip()), "")


def _failing(plan: Plan, table: Table) -> list[FailingLine]:
    lines: dict[int, list[tuple[str, str]]] = {}
    for error in plan.errors:
        lines.setdefault(error.line, []).append((_column_name(error, table), error.sentence))
    return [FailingLine(line, sentences) for line, sentences in lines.items()]


def _column_name(error: RowError, table: Table) -> str:
    if error.index is None:
        return "Whole line"
    return f"{csv_text.letter(error.index)} · {table.header[error.index]}"


def _error_sentence(error: RowError, table: Table) -> str:
    if error.index is None:
        return error.sentence
    return f"{table.header[error.index]}: {error.sentence}"


def lost_images(changes: list[Change]) -> list[LostImage]:
    """What the preview shows of changes that lose images, however many they are."""
    image_ids = [image_id for change in changes for image_id in change.lost]
    found = db.session.scalars(select(Image).where(is_among(Image.id, image_ids)))
    images = {image.id: image for image in found}
    external_ids = [change.saved.id for change in changes if change.lost_url]
    asked = select(Product).where(is_among(Product.id, external_ids))
    found = db.session.scalars(asked.options(selectinload(Product.image)))
    products = {product.id: product for product in found}
    return [
        LostImage(
            change.values["name"],
            change.values["sku"],
            [images[image_id] for image_id in change.lost if image_id in images],
            products.get(change.saved.id) if change.lost_url else None,
            change.new_url,
        )
        for change in changes
    ]


def _padded(cells: list[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))]
