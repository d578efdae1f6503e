"""What a request is answered that went wrong: one handler, which chooses the body by path."""

from flask import Flask, Response, current_app, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, InternalServerError, ServiceUnavailable

from .images.store import StoreUnavailable
from .limits import wait_sentence
from .models import new_id
from .resume import answer_bad_token

PAGES = (400, 403, 404, 413, 429, 500, 503)


def init_errors(app: Flask) -> None:
    """Every error of the app is answered here, unless a blueprint knows better."""
    app.before_request(_number_request)
    app.register_error_handler(HTTPException, answer)
    app.register_error_handler(CSRFError, answer_bad_token)
    app.register_error_handler(StoreUnavailable, _answer_outage)


def answer(error: HTTPException) -> ResponseReturnValue:
    """The error with its status and headers, in the words of whom it is for."""
    if isinstance(error, InternalServerError):
        current_app.logger.error("%s %s failed: %s", request.method, request.path, g.request_id)
    response = error.get_response()
    # The APIs say it in JSON of their own: this is where a path chooses another body.
    _fill_with_page(response, error)
    return response


def _answer_outage(error: StoreUnavailable) -> ResponseReturnValue:
    current_app.logger.error("the image store failed: %s (%s)", error, g.request_id)
    return answer(ServiceUnavailable(retry_after=60))


def _fill_with_page(response: Response, error: HTTPException) -> None:
    code = error.code or 500
    known = {"message": wait_sentence() if code == 429 else ""}
    if isinstance(error, InternalServerError):
        known["request_id"] = g.request_id
    if code in PAGES:
        page = render_template(f"errors/{code}.html", **known)
    else:
        known |= {"code": code, "headline": error.name, "advice": "Nothing was changed."}
        page = render_template("errors/_error.html", **known)
    response.set_data(page)
    response.content_type = "text/html; charset=utf-8"


def _number_request() -> None:
    """The log and the answer of a request that fails share a number to find it by."""
    g.request_id = new_id()
