"""An id for every request, in its response headers and its log lines."""

import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Flask, Response, g, has_request_context
from flask.logging import default_handler

HEADER = "X-Request-Id"
TEXT_LINE = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s%(request)s"


class JsonFormatter(logging.Formatter):
    """Formatter that writes each record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if has_request_context():
            line["requestId"] = request_id()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


# C0 and C1 controls, DEL, and Unicode's line separators and bidirectional controls.
_UNPRINTABLE = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F))
}


class OneLine(logging.Formatter):
    """Formatter that keeps a message on one line, so that a request cannot forge log lines.

    Tracebacks keep their lines.
    """

    def formatMessage(self, record: logging.LogRecord) -> str:
        return super().formatMessage(record).translate(_UNPRINTABLE)


def init_request_ids(app: Flask) -> None:
    """Add each request's id to its response and to its log lines."""
    app.after_request(_say)
    default_handler.addFilter(_number_line)
    default_handler.setFormatter(log_formatter(app.config, TEXT_LINE))


def log_formatter(config: Mapping[str, object], text_line: str) -> logging.Formatter:
    """Return the log formatter that LOG_FORMAT names. text_line: the format if it is not JSON."""
    return JsonFormatter() if config["LOG_FORMAT"] == "json" else OneLine(text_line)


def request_id() -> str:
    """Return the id of the current request."""
    number: str = g.setdefault("request_id", os.urandom(10).hex().upper())
    return number


def _say(response: Response) -> Response:
    response.headers.add(HEADER, request_id())
    return response


def _number_line(record: logging.LogRecord) -> bool:
    record.request = f" ({request_id()})" if has_request_context() else ""
    return True
