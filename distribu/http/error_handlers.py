"""Error responses: one handler, which chooses the kind of body by the path."""

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

# What fails here is expected to be mended, or replaced, within a minute.
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
    """Every error of the app is answered here, unless a blueprint knows better."""
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
    """Errors of paths that begin with prefix have the body that fill gives their response.

    prefix: a regular expression.
    """
    app.extensions["error_bodies"][prefix] = fill


def answer(error: HTTPException) -> ResponseReturnValue:
    """The error with its status and headers, in the words of whom it is for."""
    if isinstance(error, InternalServerError):
        current_app.logger.error("%s %s failed: %s", request.method, request.path, request_id())
    response = error.get_response()
    bodies = current_app.extensions["error_bodies"].items()
    fill = next((fill for prefix, fill in bodies if re.match(prefix, request.path)), None)
    (fill or fill_with_page)(response, error)
    return response


def _say_when_to_retry(response: Response) -> Response:
    """Every refusal of a limit, and every outage, says it, whichever page or body it has."""
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
    # What the driver said; the statement with its parameters stays out of it.
    driver_error = error.orig if isinstance(error, DBAPIError) else None
    said = str(driver_error).lower()
    if finds_no_room(driver_error) or "full" in said or "no space left" in said:
        return _unavailable(DISK_FULL)
    return _unavailable(READ_ONLY if "readonly" in said or "read-only" in said else DATABASE_AWAY)


def _answer_full_disk(error: OSError) -> ResponseReturnValue:
    """A temporary file that finds no room is a full disk; any other error of the system a bug."""
    if error.errno not in NO_SPACE:
        raise error
    current_app.logger.error("a disk is full: %s (%s)", error, request_id())
    return _unavailable(DISK_FULL)


def _unavailable(sentence: str) -> ResponseReturnValue:
    return answer(ServiceUnavailable(sentence, retry_after=RETRY_SECONDS))


def own_sentence(error: HTTPException) -> str:
    """Return Distribu's own sentence for an error; "" where only the standard's words exist."""
    said = error.description
    return said if said and said != type(error).description else ""


def fill_with_page(response: BaseResponse, error: HTTPException) -> None:
    """Fill the response with the page of its error."""
    code = error.code or 500
    known: dict[str, object] = {
        "message": wait_sentence() if code == 429 else "",
        "layout": _layout(code),
    }
    if code == 503:
        # Neither of these asks the database.
        known["message"] = own_sentence(error)
        known["kept"] = None
        # A body that was not let in cannot be kept: reading it raises the same error again.
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
    """Return the template around the page: the dashboard's navigation stays where it helps."""
    is_inside = code in (403, 404) and request.path.startswith("/dashboard")
    return "dashboard.html" if is_inside and current_user.is_authenticated else "base.html"
