"""Error responses of the REST API: JSON with one sentence."""

import json

from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests
from werkzeug.wrappers import Response as BaseResponse

from ..http.error_handlers import own_sentence
from ..http.json_bodies import InvalidValues, RefusedValues
from ..http.rate_limits import seconds_to_wait
from ..http.request_ids import request_id

SENTENCES = {
    404: "Not found.",
    405: "This address does not support this method.",
    413: "The request is too large. Maximum size is 1 MB.",
    429: "Too many requests. Try again in {wait} seconds.",
    500: "Something went wrong here. Quote the requestId if you report it.",
}


def fill_error(response: BaseResponse, error: HTTPException) -> None:
    """Fill the response with the error as JSON: one sentence, and details that help."""
    code = error.code or 500
    known: dict[str, object] = {}
    if isinstance(error, InvalidValues | RefusedValues):
        known["details"] = error.details
    if isinstance(error, TooManyRequests):
        known["retryAfter"] = wait = seconds_to_wait()
        response.headers["Retry-After"] = str(wait)
    if isinstance(error, InternalServerError):
        known["requestId"] = request_id()
    response.set_data(json.dumps({"error": _sentence(error, code, known), **known}))
    response.content_type = "application/json"


def _sentence(error: HTTPException, code: int, known: dict) -> str:
    said = own_sentence(error)
    if said and (code < 500 or code == 503) and code != 429:
        return said
    return SENTENCES.get(code, f"{error.name}.").format(wait=known.get("retryAfter"))
