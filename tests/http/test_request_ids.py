"""The number of a request: in its answer, and in the log's lines about it."""

import json
import logging
import re
import sys
import traceback

import pytest
from flask.logging import default_handler

from distribu.config import BadSetting, load_config
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


@pytest.fixture
def json_app(make_app):
    """Distribu with LOG_FORMAT json; the handler is Flask's own, and shared."""
    formatter = default_handler.formatter
    yield make_app(LOG_FORMAT="json")
    default_handler.setFormatter(formatter)


def test_with_the_setting_each_line_is_one_json_object(json_app):
    with json_app.test_request_context("/"):
        written = line('two\nlines, "quoted" \ud800')
        number = request_id()
    assert "\n" not in written
    found = json.loads(written)
    assert found["message"] == 'two\nlines, "quoted" \ud800'
    assert (found["level"], found["logger"]) == ("WARNING", "distribu.images")
    assert found["requestId"] == number
    assert found["time"].endswith("+00:00")


def test_a_json_line_holds_the_whole_traceback(json_app):
    try:
        raise ZeroDivisionError
    except ZeroDivisionError:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), sys.exc_info())
    found = json.loads(default_handler.formatter.format(record))
    assert found["exception"].endswith("ZeroDivisionError")
    assert "requestId" not in found


def test_an_unknown_log_format_is_refused():
    with pytest.raises(BadSetting, match=r"DISTRIBU_LOG_FORMAT is 'xml'. It can be text or json."):
        load_config({"DISTRIBU_LOG_FORMAT": "xml"})
