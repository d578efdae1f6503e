"""Import products from a CSV file: upload, columns, preview, import, progress."""

from contextlib import closing

from flask import Response, abort, flash, g, redirect, render_template, request, url_for
from flask_login import current_user

from ..extensions import db
from ..forms.product_import import UploadForm
from ..http.redirects import open_page
from ..http.tenancy import company_row_or_404, signed_in
from ..importing import jobs
from ..importing.planning import Plan, make_plan
from ..importing.reading import NUMBERS, missing
from ..models import ImportJob, utc_now
from ..products import csv_text
from ..products.csv_text import COLUMNS, MAX_BYTE_SIZE, REASON, InvalidCsv, Table, padded
from ..products.numbers import SIGN_NAMES
from ..products.text_encoding import ENCODINGS
from . import import_preview
from .blueprint import bp
from .csv_export import csv_response


@bp.get("/import")
@signed_in
def new_import():
    """Show the page for choosing a file."""
    return _upload_page(UploadForm(formdata=None))


@bp.post("/import")
@signed_in
def upload_csv():
    """Store the file for a day and show its preview; no product is changed."""
    form = UploadForm()
    if not form.validate():
        return _upload_page(form), 422
    upload = form.file.data
    with closing(upload):
        # One extra byte shows that the file exceeds the limit.
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
    """Show the import: its preview, its progress, or its result."""
    job = _job_or_404(job_id)
    if job.status in (jobs.QUEUED, jobs.RUNNING, jobs.DONE):
        return render_template("inventory/import_progress.html", job=job)
    return _preview_page(job)


@bp.get("/import/<job_id>/progress")
@signed_in
def show_progress(job_id: str) -> Response | str:
    """Fragment: the progress of an import; redirects to its page if there is a preview to see."""
    job = _job_or_404(job_id)
    if job.status in (jobs.PREVIEW, jobs.FAILED):
        return open_page(url_for(".show_import", job_id=job.id))
    return render_template("inventory/_import_progress.html", job=job)


@bp.post("/import/<job_id>/columns")
@signed_in
def map_columns(job_id: str):
    """Save which of our columns each column of the file contains."""
    job = _job_or_404(job_id)
    table = jobs.table_of(job)
    chosen = [(request.form.get(f"column-{index}"), index) for index in range(len(table.header))]
    mapping = {column: index for column, index in chosen if column in COLUMNS}
    if len(mapping) < sum(column in COLUMNS for column, _ in chosen):
        problem = "Two columns cannot be imported as the same one."
        return _preview_page(job, chosen=dict((i, c) for c, i in chosen), problem=problem), 422
    signs = {column: request.form.get(f"decimal-{column}") for column in NUMBERS}
    chosen_signs = {column: sign for column, sign in signs.items() if sign in SIGN_NAMES}
    jobs.map_columns(job, mapping, chosen_signs)
    return redirect(url_for(".show_import", job_id=job.id), 303)


@bp.post("/import/<job_id>/encoding")
@signed_in
def choose_encoding(job_id: str):
    """Decode the file in the chosen encoding and show its preview."""
    job = _job_or_404(job_id)
    try:
        jobs.choose_encoding(job, request.form.get("encoding", ""))
    except InvalidCsv as error:
        return _preview_page(job, problem=str(error)), 422
    return redirect(url_for(".show_import", job_id=job.id), 303)


@bp.post("/import/<job_id>/apply")
@signed_in
def apply_import(job_id: str):
    """Start writing the previewed changes to the catalog."""
    job = _job_or_404(job_id)
    jobs.agree(job, request.form.get("fingerprint", ""))
    return redirect(url_for(".show_import", job_id=job.id), 303)


@bp.post("/import/<job_id>/cancel")
@signed_in
def cancel_import(job_id: str):
    """Delete an import that was not applied."""
    if jobs.forget(_job_or_404(job_id)):
        flash("The import was canceled. Nothing was changed.", "info")
    return redirect(url_for(".list_products"), 303)


@bp.get("/import/<job_id>/errors.csv")
@signed_in
def download_errors(job_id: str) -> Response:
    """Send the failing rows in the dialect of their file, each with its errors."""
    job = _job_or_404(job_id)
    table = jobs.table_of(job)
    plan = _plan(job, table) or abort(404)
    reasons: dict[int, list[str]] = {}
    for error in plan.errors:
        reasons.setdefault(error.line, []).append(import_preview.error_sentence(error, table))
    failing = [row for row in table.rows if row.line in reasons]
    width = max([len(table.header), *(len(row.cells) for row in failing)])
    rows = ([*padded(row.cells, width), " ".join(reasons[row.line])] for row in failing)
    header = [*padded(table.header, width), REASON]
    name, encoding = "rows-to-correct.csv", job.encoding or "utf-8-sig"
    return csv_response(name, header, rows, table.delimiter, encoding)


def refuse_giant():
    """Return the response to a body that was too large to read."""
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
    return make_plan(g.company, reading) if reading else None


def _upload_page(form: UploadForm) -> str:
    return render_template("inventory/import.html", form=form, csv_io=csv_text)


def _preview_page(job: ImportJob, chosen: dict | None = None, problem: str | None = None) -> str:
    table = jobs.table_of(job)
    reading = jobs.reading_of(job, table)
    plan = reading and make_plan(g.company, reading)
    shown = {index: column for column, index in job.mapping.items()} if chosen is None else chosen
    return render_template(
        "inventory/import_preview.html",
        job=job,
        columns=import_preview.columns(table, shown),
        known_columns=COLUMNS,
        missing=missing(job.mapping),
        problem=problem,
        plan=plan,
        encodings=ENCODINGS if job.undecoded else {},
        sample=import_preview.telling_rows(table, job.mapping),
        signs=import_preview.number_columns(job, reading) if reading else [],
        failing=import_preview.failing_lines(plan, table, job.mapping) if plan else [],
        shown_changes=import_preview.shown_changes(plan) if plan else [],
        lost=import_preview.lost_images(plan.lost_images) if plan else [],
    )
