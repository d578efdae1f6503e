"""A number for every request: in its answer, in every line that the log has of it."""

import logging
import os

from flask import Flask, Response, g, has_request_context
from flask.logging import default_handler

HEADER = "X-Request-Id"


# C0 and C1 controls, DEL, and what Unicode has to part lines and turn them around.
_UNPRINTABLE = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F))
}


class OneLine(logging.Formatter):
    """Writes a message as one line: what a request brought can begin no other line of the log.

    The traceback of an error keeps its lines.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).translate(_UNPRINTABLE)


def init_request_ids(app: Flask) -> None:
    """Each answer says its request's number, and so does each line of the log."""
    app.after_request(_say)
    default_handler.addFilter(_number_line)
    default_handler.setFormatter(
        OneLine("[%(asctime)s] %(levelname)s in %(module)s: %(message)s%(request)s")
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
