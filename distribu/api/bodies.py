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

from ..bearer import with_key
from ..idempotency import committed
from ..json_bodies import BODY_MAX_BYTES, InvalidValues
from ..limits import seconds_to_wait
from ..request_ids import request_id

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


def limit_body() -> None:
    """No body of this request is read beyond what any JSON here needs."""
    request.max_content_length = BODY_MAX_BYTES


def writing(scope: str) -> Callable:
    """A view for keys with scope, whose changes are committed with its answer."""

    def guard(view: Callable) -> Callable:
        return with_key(scope)(_json_only(committed(view)))

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
