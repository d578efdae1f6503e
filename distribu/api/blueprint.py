"""The REST API's blueprint factory, and the checks and arguments that its views share."""

from collections.abc import Callable
from functools import wraps

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from ..http.api_keys import init_key_blueprint, with_key
from ..http.idempotency import KEY_MAX, committed
from ..http.json_bodies import BODY_MAX_BYTES, JsonBlueprint

PREFIX = "/api/v1"
NO_FILES = (
    "Files are not accepted here: send JSON, and either host the image and send its address as "
    "imageUrl, or upload it in the product form of the dashboard."
)


def rest_blueprint(name: str) -> JsonBlueprint:
    """Return a blueprint under /api/v1 for callers with a key; name heads its documentation."""
    bp = JsonBlueprint(name, __name__, url_prefix=PREFIX)
    bp.before_request(_limit_body)
    init_key_blueprint(bp)
    return bp


def _limit_body() -> None:
    request.max_content_length = BODY_MAX_BYTES


def header(name: str, description: str, **more) -> dict:
    """Return a request header for the OpenAPI document; more: of its schema."""
    schema = {"type": "string", **more}
    return {"in": "header", "name": name, "description": description, "schema": schema}


IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "A request repeated with the same key gets its first response again.",
    minLength=1,
    maxLength=KEY_MAX,
)


def writing(scope: str, *headers: dict, first: Callable | None = None) -> Callable:
    """Return a decorator for views that need scope and commit changes with their response.

    first: called with the id in the path before the request is checked, so
    that an unknown id is a 404 whatever else is wrong.
    """

    def guard(view: Callable) -> Callable:
        documented = JsonBlueprint.doc(parameters=[IDEMPOTENCY_KEY, *headers])(view)
        return with_key(scope)(_after(first, _json_only(committed(documented))))

    return guard


def _after(first: Callable | None, view: Callable) -> Callable:
    @wraps(view)
    def guarded(**ids):
        if first:
            first(*ids.values())
        return view(**ids)

    return guarded


def _json_only(view: Callable) -> Callable:
    @wraps(view)
    def guarded(*args, **kwargs):
        if request.method != "DELETE" and not request.is_json:
            raise UnsupportedMediaType(NO_FILES)
        return view(*args, **kwargs)

    return guarded
