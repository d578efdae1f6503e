"""What the views share: who may call them, what they take, how errors are told."""

import json
from collections.abc import Callable
from functools import wraps

from flask import Response, request
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    TooManyRequests,
    UnsupportedMediaType,
)

from ..http.api_keys import init_key_blueprint, with_key
from ..http.idempotency import KEY_MAX, committed
from ..http.json_bodies import BODY_MAX_BYTES, InvalidValues, JsonBlueprint
from ..http.rate_limits import seconds_to_wait
from ..http.request_ids import request_id

PREFIX = "/api/v1"
NO_FILES = (
    "Files are not taken here: send JSON, and either host the image and send its address as "
    "imageUrl, or upload it in the product form of the dashboard."
)

_SENTENCES = {
    404: "Not found.",
    405: "This address does not take this method.",
    413: "The request is too large. Maximum size is 1 MB.",
    429: "Too many requests. Try again in {wait} seconds.",
    500: "Something went wrong here. Quote the requestId if you report it.",
    503: "The image store does not answer. Try again in a minute.",
}


def rest_blueprint(name: str) -> JsonBlueprint:
    """A blueprint under /api/v1, for whoever has a key; its documentation is headed by name."""
    bp = JsonBlueprint(name, __name__, url_prefix=PREFIX)
    bp.before_request(_limit_body)
    init_key_blueprint(bp)
    return bp


def _limit_body() -> None:
    request.max_content_length = BODY_MAX_BYTES


def header(name: str, description: str, **more) -> dict:
    """A header of a request as the OpenAPI document has it; more: of its schema."""
    schema = {"type": "string", **more}
    return {"in": "header", "name": name, "description": description, "schema": schema}


IDEMPOTENCY_KEY = header(
    "Idempotency-Key",
    "Sent again with the same key, the request gets its first answer again.",
    minLength=1,
    maxLength=KEY_MAX,
)


def writing(scope: str, *headers: dict) -> Callable:
    """A view for keys with scope, whose changes are committed with its answer."""

    def guard(view: Callable) -> Callable:
        described = JsonBlueprint.doc(parameters=[IDEMPOTENCY_KEY, *headers])(view)
        return with_key(scope)(_json_only(committed(described)))

    return guard


def fill_error(response: Response, error: HTTPException) -> None:
    """The response has the error as JSON: one sentence, and what else helps."""
    code = error.code or 500
    known = {}
    if isinstance(error, InvalidValues):
        known["details"] = error.details
    if isinstance(error, TooManyRequests):
        known["retryAfter"] = seconds_to_wait()
        response.headers["Retry-After"] = known["retryAfter"]
    if isinstance(error, InternalServerError):
        known["requestId"] = request_id()
    response.set_data(json.dumps({"error": _sentence(error, code, known), **known}))
    response.content_type = "application/json"


def _sentence(error: HTTPException, code: int, known: dict) -> str:
    is_ours = error.description != type(error).description
    if is_ours and code < 500 and code != 429:
        return error.description
    return _SENTENCES.get(code, f"{error.name}.").format(wait=known.get("retryAfter"))


def _json_only(view: Callable) -> Callable:
    @wraps(view)
    def guarded(*args, **kwargs):
        if request.method != "DELETE" and not request.is_json:
            raise UnsupportedMediaType(NO_FILES)
        return view(*args, **kwargs)

    return guarded
