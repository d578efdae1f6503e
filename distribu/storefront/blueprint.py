"""The storefront blueprint and its 404 page."""

from flask import Blueprint, render_template, request
from flask.blueprints import BlueprintSetupState
from sqlalchemy import select
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as BaseResponse

from ..extensions import db
from ..http.compression import compress
from ..http.error_handlers import answer_under, fill_with_page
from ..models import Company

PREFIX = "/store/"

bp = Blueprint("storefront", __name__, url_prefix=f"{PREFIX}<slug>")
bp.after_request(compress)


@bp.record_once
def _answer_errors(state: BlueprintSetupState) -> None:
    # Not bp.errorhandler(), because an address without a view belongs to no blueprint.
    answer_under(state.app, PREFIX, _fill)


def _fill(response: BaseResponse, error: HTTPException) -> None:
    """Fill a 404 with a page of the store, which does not lead shoppers to the sign-in."""
    if not isinstance(error, NotFound):
        fill_with_page(response, error)
        return
    slug = request.path.removeprefix(PREFIX).partition("/")[0]
    company = db.session.execute(
        select(Company.slug, Company.name).where(Company.slug == slug)
    ).first()
    template = "storefront/not_found.html" if company else "storefront/no_store.html"
    response.set_data(render_template(template, company=company))
    response.content_type = "text/html; charset=utf-8"
