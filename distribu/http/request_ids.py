"""A number for every request: in its answer, in every line that the log has of it."""

import logging
import os

from flask import Flask, Response, g, has_request_context
from flask.logging import default_handler

HEADER = "X-Request-Id"


def init_request_ids(app: Flask) -> None:
    """Each answer says its request's number, and so does each line of the log."""
    app.after_request(_say)
    default_handler.addFilter(_number_line)
    default_handler.setFormatter(
        logging.Formatter("[%(asctime)s] %(levelname)s in %(module)s: %(message)s%(request)s")
    )


def request_id() -> str:
    """The number of the request that is being answered."""
    return g.setdefault("request_id", os.urandom(10).hex().upper())


def _say(response: Response) -> Response:
    response.headers.add(HEADER, request_id())
    return response


def _number_line(record: logging.LogRecord) -> bool:
    record.request = f" ({request_id()})" if has_request_context() else ""
    return True
