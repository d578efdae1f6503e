"""The blueprints of the commerce API, and the checks that apply to all its requests."""

from flask import Response, g, request

from ..http.api_keys import init_key_blueprint
from ..http.json_bodies import BODY_MAX_BYTES, JsonBlueprint
from .cool_down import begin_cool_down, is_cooling_down, refuse_while_cooling_down

VERSIONS = ("1.0", "1.1", "v2")
PREFIXES = tuple(f"/{version}/commerce" for version in VERSIONS)
WEBSITE_PREFIX = "/1.0/authorization"


def commerce_blueprint(name: str, url_prefix: str) -> JsonBlueprint:
    """Return a blueprint for callers with a key. g.api_version is the version in the address."""
    bp = JsonBlueprint(name, __name__, url_prefix=url_prefix)
    init_key_blueprint(bp, on_breach=begin_cool_down, exempt_when=is_cooling_down)
    bp.url_value_preprocessor(_take_version)
    bp.before_request(refuse_while_cooling_down)
    bp.before_request(_limit_body)
    bp.after_request(_forget)
    return bp


def _take_version(_endpoint: str | None, values: dict | None) -> None:
    g.api_version = (values or {}).pop("version", VERSIONS[0])


def _limit_body() -> None:
    """Limit the body to the size of any JSON; only an upload raises the limit."""
    request.max_content_length = BODY_MAX_BYTES


def _forget(response: Response) -> Response:
    """Forbid caching, since the response may be outdated a moment later."""
    response.headers["Cache-Control"] = "no-store"
    return response


bp = commerce_blueprint("commerce", f"/<any{VERSIONS}:version>/commerce")
# Resources that have only version 1.0.
stock_bp = commerce_blueprint("commerce_stock", PREFIXES[0])
website_bp = commerce_blueprint("commerce_website", WEBSITE_PREFIX)
