"""The number of a request: in its answer, and in the log's lines about it."""

import logging
import re
import sys
import traceback

from flask.logging import default_handler

from distribu.http.request_ids import request_id


def test_every_answer_has_one_of_its_own(nobody):
    paths = ["/login", "/no/such", "/api/v1/products"]
    found = [nobody.get(path).headers["X-Request-Id"] for path in paths]
    assert len(set(found)) == len(paths)
    assert all(re.fullmatch(r"[0-9A-F]{20}", number) for number in found)


def test_it_stays_the_same_within_a_request(app):
    with app.test_request_context("/"):
        assert request_id() == request_id()


def line(message: str) -> str:
    record = logging.LogRecord("distribu.images", logging.WARNING, __file__, 1, message, (), None)
    assert default_handler.filter(record)
    return default_handler.format(record)


def test_lines_of_the_log_have_it(app):
    with app.test_request_context("/"):
        assert line("store is slow").endswith(f"store is slow ({request_id()})")


def test_lines_outside_of_a_request_have_none(app):
    assert line("swept").endswith(": swept")


def test_a_line_holds_no_raw_control_character(app):
    found = line("GET '/a\r\n[2026] CRITICAL in x: \x1b[31m\x07\x9b\u2028\u202e'")
    assert found.endswith(
        "GET '/a\\x0d\\x0a[2026] CRITICAL in x: \\x1b[31m\\x07\\x9b\\u2028\\u202e'"
    )


def test_a_traceback_keeps_its_lines(app):
    try:
        raise ValueError("wrong")
    except ValueError:
        error = sys.exc_info()
    record = logging.LogRecord("distribu", logging.ERROR, __file__, 1, "failed", (), error)
    assert default_handler.filter(record)
    assert default_handler.format(record).splitlines()[1:] == [
        "Traceback (most recent call last):",
        *traceback.format_exception(*error)[1].rstrip().splitlines(),
        "ValueError: wrong",
    ]
