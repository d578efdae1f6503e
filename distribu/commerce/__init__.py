"""Blueprint /1.0/commerce, /1.1/commerce, /v2/commerce: pictures for clients of Squarespace's.

A client that was written for Squarespace's Commerce API works by
changing its base URL. Source of paths, bodies and errors:
developers.squarespace.com/commerce-apis
"""

from flask import Flask, Response, g, request

from ..bearer import init_key_blueprint
from ..errors import answer_under
from ..json_bodies import BODY_MAX_BYTES, JsonBlueprint, JsonParser
from .errors import fill_error
from .pace import begin_rest, is_resting, refuse_resting

VERSIONS = ("1.0", "1.1", "v2")
PREFIXES = tuple(f"/{version}/commerce" for version in VERSIONS)


class CommerceParser(JsonParser):
    # What the document says of bodies that break a rule; errors.py answers so.
    DEFAULT_VALIDATION_STATUS = 400


class CommerceBlueprint(JsonBlueprint):
    ARGUMENTS_PARSER = CommerceParser()


bp = CommerceBlueprint("commerce", __name__, url_prefix=f"/<any{VERSIONS}:version>/commerce")
init_key_blueprint(bp, on_breach=begin_rest, exempt_when=is_resting)
bp.before_request(refuse_resting)


@bp.url_value_preprocessor
def take_version(_endpoint: str | None, values: dict | None) -> None:
    """Views answer every version; what differs asks g."""
    g.api_version = values.pop("version")


@bp.before_request
def limit_body() -> None:
    """No body is read beyond what any JSON here needs; only an upload raises the limit."""
    request.max_content_length = BODY_MAX_BYTES


@bp.after_request
def forget(response: Response) -> Response:
    """No cache keeps what is different a moment later."""
    response.headers["Cache-Control"] = "no-store"
    return response


from . import document, images, page, products, uploading  # noqa: E402  (they add their views)

__all__ = ["bp", "images", "init_app", "products", "uploading"]


def init_app(app: Flask) -> None:
    """The app answers under every version's prefix, and describes what it answers."""
    for prefix in PREFIXES:
        answer_under(app, prefix, fill_error)
    document.init_app(app, bp)
    app.register_blueprint(page.bp)
