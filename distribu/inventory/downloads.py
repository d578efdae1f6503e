"""Download many images: start a job, show its progress, and send its ZIP files."""

from flask import (
    Response,
    abort,
    flash,
    g,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)
from flask_login import current_user
from sqlalchemy import select

from ..downloading import jobs
from ..downloading.jobs import begin
from ..extensions import db
from ..http.tenancy import company_row_or_404, signed_in
from ..images.stores.contract import ObjectNotFound
from ..models import DownloadJob, Product, utc_now
from .blueprint import bp
from .selection import Selection, list_address


@bp.post("/images/downloads")
@signed_in
def download_images():
    """Start a download of all images of the company."""
    job = begin(g.company.id, None, current_user.id)
    return redirect(url_for("inventory.show_download", download_id=job.id), 303)


@bp.post("/images/downloads/chosen")
@signed_in
def download_chosen():
    """Start a download of the images of the products chosen in the list."""
    selection = Selection.of(request.form)
    if selection.is_empty:
        flash("Choose at least one product first.", "error")
        return redirect(list_address(request.form), 303)
    ids = db.session.scalars(select(Product.id).where(selection.where)).all()
    job = begin(g.company.id, list(ids), current_user.id)
    return redirect(url_for("inventory.show_download", download_id=job.id), 303)


@bp.get("/images/downloads/<download_id>")
@signed_in
def show_download(download_id: str):
    """Show the progress of a download, then its ZIP files."""
    return render_template("inventory/download.html", job=_job_or_404(download_id))


@bp.get("/images/downloads/<download_id>/progress")
@signed_in
def show_download_progress(download_id: str):
    """Fragment: the progress of a download, then its ZIP files."""
    return render_template("inventory/_download_progress.html", job=_job_or_404(download_id))


@bp.get("/images/downloads/<download_id>/<int:number>.zip")
@signed_in
def send_download(download_id: str, number: int) -> Response:
    """Stream one ZIP file of a download."""
    job = _job_or_404(download_id)
    if job.status != jobs.DONE or not 0 < number <= len(job.files):
        abort(404)
    try:
        body = jobs.read(job, number)
    except ObjectNotFound:
        abort(404)
    response = Response(stream_with_context(body), mimetype="application/zip")
    response.content_length = job.files[number - 1]["byte_size"]
    name = f"{g.company.slug}-images-{job.created_at:%Y-%m-%d}-{number}.zip"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "no-store"
    return response


def _job_or_404(download_id: str) -> DownloadJob:
    job = company_row_or_404(DownloadJob, download_id)
    if job.expires_at < utc_now():
        abort(404)
    return job
