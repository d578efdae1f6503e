"""Error responses: one handler, which chooses a JSON body or a page by the path."""

import re
from collections.abc import Callable
from contextlib import suppress

from flask import Flask, Response, current_app, render_template, request
from flask.sansio.app import App
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable
from werkzeug.wrappers import Response as BaseResponse

from ..database import finds_no_room
from ..disk_reserve import NO_SPACE
from ..images.stores.contract import StoreError, StoreFull, StoreMisconfigured, StoreUnavailable
from .rate_limits import seconds_to_wait, wait_sentence
from .request_ids import request_id

PAGES = (400, 403, 404, 413, 429, 500, 503)

# Outages are expected to be repaired within a minute.
RETRY_SECONDS = 60
STORE_AWAY = "The image store does not answer right now. Try again in a minute."
STORE_REFUSES = (
    "The image store refuses what this server asks of it. Nothing is lost, but trying again will"
    " not help: the operator of this server has to change a setting."
)
STORE_FULL = (
    "There is no room for another image on this server. Nothing is lost: deleting products, or"
    " images that are no longer needed, makes room."
)
DATABASE_AWAY = "The database does not answer right now. Try again in a minute."
DISK_FULL = (
    "The disk of this server is full. Nothing is lost, but nothing can be saved until its operator"
    " has made room."
)
READ_ONLY = (
    "The database can only be read right now. Nothing is lost, but trying again will not help: the"
    " operator of this server has to change that."
)


def init_error_handlers(app: Flask) -> None:
    """Register the handlers for every error that no blueprint handles itself."""
    app.extensions["error_bodies"] = {}
    app.register_error_handler(HTTPException, answer)
    for kind in (StoreUnavailable, StoreMisconfigured):
        app.register_error_handler(kind, _answer_store)
    for failure in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(failure, _answer_database)
    app.register_error_handler(OSError, _answer_full_disk)
    app.after_request(_say_when_to_retry)


def answer_under(
    app: App, prefix: str, fill: Callable[[BaseResponse, HTTPException], None]
) -> None:
    """Let fill write the body of error responses for paths that match prefix.

    prefix: a regular expression.
    """
    app.extensions["error_bodies"][prefix] = fill


def answer(error: HTTPException) -> ResponseReturnValue:
    """Return the response for an error, as a page or in the body of its API."""
    if isinstance(error, InternalServerError):
        current_app.logger.error("%s %s failed: %s", request.method, request.path, request_id())
    response = error.get_response()
    bodies = current_app.extensions["error_bodies"].items()
    fill = next((fill for prefix, fill in bodies if re.match(prefix, request.path)), None)
    (fill or fill_with_page)(response, error)
    return response


def _say_when_to_retry(response: Response) -> Response:
    """Add Retry-After to every response with status 429 or 503."""
    if response.status_code == 429:
        response.headers.setdefault("Retry-After", str(seconds_to_wait()))
    elif response.status_code == 503:
        response.headers.setdefault("Retry-After", str(RETRY_SECONDS))
    return response


def _answer_store(error: StoreError) -> ResponseReturnValue:
    current_app.logger.error("the image store failed: %s (%s)", error, request_id())
    if isinstance(error, StoreFull):
        return _unavailable(STORE_FULL)
    return _unavailable(STORE_REFUSES if isinstance(error, StoreMisconfigured) else STORE_AWAY)


def _answer_database(error: Exception) -> ResponseReturnValue:
    current_app.logger.error("the database failed: %s (%s)", error, request_id())
    # Use only the driver's message, without the statement and its parameters.
    driver_error = error.orig if isinstance(error, DBAPIError) else None
    said = str(driver_error).lower()
    if finds_no_room(driver_error) or "full" in said or "no space left" in said:
        return _unavailable(DISK_FULL)
    return _unavailable(READ_ONLY if "readonly" in said or "read-only" in said else DATABASE_AWAY)


def _answer_full_disk(error: OSError) -> ResponseReturnValue:
    """Answer for a temporary file that found no room; raise any other OSError again."""
    if error.errno not in NO_SPACE:
        raise error
    current_app.logger.error("a disk is full: %s (%s)", error, request_id())
    return _unavailable(DISK_FULL)


def _unavailable(sentence: str) -> ResponseReturnValue:
    return answer(ServiceUnavailable(sentence, retry_after=RETRY_SECONDS))


def own_sentence(error: HTTPException) -> str:
    """Return Distribu's own sentence for an error; "" if it only has the standard one."""
    said = error.description
    return said if said and said != type(error).description else ""


def fill_with_page(response: BaseResponse, error: HTTPException) -> None:
    """Fill the response with the HTML page for the error."""
    code = error.code or 500
    known: dict[str, object] = {
        "message": wait_sentence() if code == 429 else "",
        "layout": _layout(code),
    }
    if code == 503:
        # Neither of these reads the database.
        known["message"] = own_sentence(error)
        known["kept"] = None
        # Reading a body that was refused raises the same error again, so it cannot be kept.
        with suppress(HTTPException):
            known["kept"] = current_app.extensions["keep_form"]()
    if isinstance(error, InternalServerError):
        known["request_id"] = request_id()
    if code in PAGES:
        page = render_template(f"errors/{code}.html", **known)
    else:
        known |= {"code": code, "headline": error.name, "advice": "Nothing was changed."}
        page = render_template("errors/_error.html", **known)
    response.set_data(page)
    response.content_type = "text/html; charset=utf-8"


def _layout(code: int) -> str:
    """Return the page's base template: the dashboard's, if its navigation helps."""
    is_inside = code in (403, 404) and request.path.startswith("/dashboard")
    return "dashboard.html" if is_inside and current_user.is_authenticated else "base.html"
