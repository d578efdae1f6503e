"""What a request is answered that went wrong: one handler, which chooses the body by path."""

from collections.abc import Callable

from flask import Flask, Response, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from ..images.stores.contract import StoreUnavailable
from .rate_limits import seconds_to_wait, wait_sentence
from .request_ids import request_id

PAGES = (400, 403, 404, 413, 429, 500, 503)


def init_error_handlers(app: Flask) -> None:
    """Every error of the app is answered here, unless a blueprint knows better."""
    app.extensions["error_bodies"] = {}
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(StoreUnavailable, _answer_outage)
    app.after_request(_say_when_to_retry)


def answer_under(app: Flask, prefix: str, fill: Callable[[Response, HTTPException], None]) -> None:
    """Errors of paths that begin with prefix have the body that fill gives their response."""
    app.extensions["error_bodies"][prefix] = fill


def answer(error: HTTPException) -> ResponseReturnValue:
    """The error with its status and headers, in the words of whom it is for."""
    if isinstance(error, InternalServerError):
        current_app.logger.error("%s %s failed: %s", request.method, request.path, request_id())
    response = error.get_response()
    bodies = current_app.extensions["error_bodies"].items()
    fill = next((fill for prefix, fill in bodies if request.path.startswith(prefix)), None)
    (fill or fill_with_page)(response, error)
    return response


def _say_when_to_retry(response: Response) -> Response:
    """Every refusal of a limit says it, whichever page or body it has."""
    if response.status_code == 429:
        response.headers.setdefault("Retry-After", str(seconds_to_wait()))
    return response


def _answer_outage(error: StoreUnavailable) -> ResponseReturnValue:
    current_app.logger.error("the image store failed: %s (%s)", error, request_id())
    return answer(ServiceUnavailable(retry_after=60))


def fill_with_page(response: Response, error: HTTPException) -> None:
    """Fill the response with the page of its error."""
    code = error.code or 500
    known = {"message": wait_sentence() if code == 429 else "", "layout": _layout(code)}
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
