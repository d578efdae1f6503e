"""Error responses of the commerce API: always five fields, in Squarespace's terms."""

import json
import re

from flask import current_app, request
from werkzeug.exceptions import Conflict, HTTPException
from werkzeug.wrappers import Response as BaseResponse

from ..http.error_handlers import own_sentence
from ..http.json_bodies import InvalidValues, Sentence
from ..http.request_ids import request_id
from .blueprint import VERSIONS
from .cool_down import seconds_of_cool_down
from .refusals import refusal

# Type and subtype by status; other statuses get _ELSE below 500, and _OURS from 500 on.
_KINDS = {
    401: ("AUTHORIZATION_ERROR", None),
    403: ("AUTHORIZATION_ERROR", "MISSING_SCOPE"),
    404: ("INVALID_REQUEST_ERROR", "INVALID_ARGUMENT"),
    405: ("METHOD_NOT_ALLOWED", None),
    409: ("CONFLICT", "CONCURRENT_MODIFICATION"),
    415: ("INVALID_REQUEST_ERROR", "INVALID_CONTENT_TYPE"),
    429: ("TOO_MANY_REQUESTS", None),
    503: ("SERVICE_UNAVAILABLE", None),
}
_ELSE = ("INVALID_REQUEST_ERROR", None)
_OURS = ("SERVER_ERROR", None)
TYPES = sorted({kind for kind, _ in (*_KINDS.values(), _ELSE, _OURS)})

_IN_OTHER_VERSION = re.compile("/(?!(?:{})/)[^/]+/commerce(/|$)".format("|".join(VERSIONS)))
NO_SUCH_VERSION = f"This API has the versions {', '.join(VERSIONS[:-1])} and {VERSIONS[-1]} alone."
_SENTENCES = {
    404: "There is nothing at this address.",
    405: "Method {method!r} is not supported",
    413: "The request is too large.",
    429: "Too many requests. Try again in {wait} seconds.",
    500: "Something went wrong here. Quote the contextId if you report it.",
}


class ImageLimit(Conflict):
    """The product has the maximum number of images."""

    subtype = "IMAGE_LIMIT_REACHED"


def fill_error(response: BaseResponse, error: HTTPException) -> None:
    """Fill the response with the error as JSON; below 500, also log it with its contextId."""
    code = error.code or 500
    # Squarespace does not use 422, but 400 for a request that breaks a rule.
    code = response.status_code = 400 if code == 422 else code
    wait = seconds_of_cool_down() if code == 429 else None
    if wait:
        response.headers["Retry-After"] = wait
    kind, subtype = _KINDS.get(code, _OURS if code >= 500 else _ELSE)
    refused = refusal(request.method, request.path) if code == 405 else None
    body = {
        "type": kind,
        "subtype": refused.subtype if refused else getattr(error, "subtype", subtype),
        "message": refused.message if refused else _message(error, code, wait),
        "details": None,
        "contextId": request_id(),
    }
    if code < 500:
        current_app.logger.warning(
            "%s %r: %d %s", request.method, request.path, code, body["message"]
        )
    response.set_data(json.dumps(body))
    response.content_type = "application/json"


def _message(error: HTTPException, code: int, wait: int | None) -> str:
    if isinstance(error, InvalidValues):
        return " ".join(dict.fromkeys(_sentences(error.details)))
    if code == 404 and _IN_OTHER_VERSION.match(request.path):
        return NO_SUCH_VERSION
    said = own_sentence(error)
    if said and (code < 500 or code == 503) and code != 429:
        return said
    sentence = _SENTENCES.get(code, f"{error.name}.")
    return sentence.format(method=request.method, wait=wait)


def _sentences(details: dict | list | str, field: str = "") -> list[str]:
    """Return the error of each value, prefixed with its field's name unless it is complete."""
    if isinstance(details, Sentence):
        return [details]
    if isinstance(details, str):
        return [f"{field}: {details}"]
    if isinstance(details, list):
        return [sentence for inner in details for sentence in _sentences(inner, field)]
    # Leave out the number of an item in a list.
    named = ((name if isinstance(name, str) else field, inner) for name, inner in details.items())
    return [sentence for name, inner in named for sentence in _sentences(inner, name)]
