"""The page to read the API's documentation and to try it, at /commerce/docs."""

from flask import Blueprint, render_template

from .document import URL_PREFIX

bp = Blueprint("commerce_page", __name__, url_prefix=URL_PREFIX)


@bp.get("/docs")
def show_docs() -> str:
    """Every request of the API, to be tried with a key of one's own."""
    return render_template("api/docs.html", title="Commerce API", document="commerce-api-docs")
