"""The page to read the API's documentation and to try it, at /api/v1/docs."""

from flask import Blueprint, render_template

from .blueprint import PREFIX

bp = Blueprint("api_page", __name__, url_prefix=PREFIX)


@bp.get("/docs")
def show_docs() -> str:
    """Every request of the API, to be tried with a key of one's own."""
    return render_template("api/docs.html", title="REST API", document="rest-api-docs")
