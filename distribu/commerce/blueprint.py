"""The blueprint of every version of the commerce API, and what holds for each of its requests."""

from flask import Response, g, request

from ..http.api_keys import init_key_blueprint
from ..http.json_bodies import BODY_MAX_BYTES, JsonBlueprint, JsonParser
from .cool_down import begin_cool_down, is_cooling_down, refuse_while_cooling_down

VERSIONS = ("1.0", "1.1", "v2")
PREFIXES = tuple(f"/{version}/commerce" for version in VERSIONS)


class CommerceParser(JsonParser):
    # What the document says of bodies that break a rule; errors.py answers so.
    DEFAULT_VALIDATION_STATUS = 400


class CommerceBlueprint(JsonBlueprint):
    ARGUMENTS_PARSER = CommerceParser()


bp = CommerceBlueprint("commerce", __name__, url_prefix=f"/<any{VERSIONS}:version>/commerce")
init_key_blueprint(bp, on_breach=begin_cool_down, exempt_when=is_cooling_down)
bp.before_request(refuse_while_cooling_down)


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
