"""The parts of the front that need no network: answers, turns, bodies, lanes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.exceptions import RequestEntityTooLarge, ServiceUnavailable
from werkzeug.formparser import parse_form_data

from distribu.serving import gateway
from distribu.serving.bodies import ADDRESS_BYTES, Body, Budget, Refused, Share
from distribu.serving.front import Front
from distribu.serving.gateway import HELD_BYTES, Answer, environ_of, run
from distribu.serving.lanes import (
    IMAGES,
    LONG_ANSWERS,
    PAGES,
    PARTLESS,
    THREADS,
    UPLOADS,
    WRITES,
    Lanes,
    TooManyLongAnswers,
    lane_of,
)
from distribu.serving.patience import IDLE_SECONDS, PACE_SECONDS, Pace, Patience
from tests.test_hung_routes import NEED_NO_PART, routes

PIECE = b"a" * 1000
SCOPE = {
    "type": "http",
    "server": ("127.0.0.1", 80),
    "client": ("127.0.0.1", 9),
    "method": "GET",
    "scheme": "http",
    "http_version": "1.1",
    "raw_path": b"/",
    "query_string": b"",
    "headers": [],
}


class Pieces:
    """An application's response in pieces, which knows whether it was closed."""

    def __init__(self, count: int):
        self.left, self.is_closed = count, False

    def __iter__(self):
        return self

    def __next__(self) -> bytes:
        if not self.left:
            raise StopIteration
        self.left -= 1
        return PIECE

    def close(self) -> None:
        self.is_closed = True


def application_with(body: Pieces, *headers: tuple[str, str]):
    def application(environ, start_response):
        start_response("200 OK", list(headers))
        return body

    return application


def answer_with(body: Pieces, *headers: tuple[str, str], budget: Budget | None = None) -> Answer:
    share = Share(budget or Budget(ADDRESS_BYTES), "a")
    return run(application_with(body, *headers), {}, share)


def read_all(answer: Answer) -> bytes:
    data = answer.held
    while answer.rest and (more := answer.read_on()):
        data += more
    return data


class TestAnswers:
    def test_a_short_one_is_held_and_its_application_is_done(self):
        body = Pieces(10)
        answer = answer_with(body)
        assert (answer.held, answer.rest, body.is_closed) == (PIECE * 10, None, True)

    def test_one_of_a_declared_length_needs_its_application_no_more(self):
        body = Pieces(1000)
        answer = answer_with(body, ("Content-Length", str(1000 * len(PIECE))))
        assert (body.left, body.is_closed, answer.is_long) == (0, True, False)
        assert len(answer.held) < 2 * HELD_BYTES
        assert read_all(answer) == PIECE * 1000
        answer.close()

    def test_one_without_a_length_is_made_as_it_is_sent(self):
        body = Pieces(1000)
        answer = answer_with(body)
        assert (body.left > 0, body.is_closed, answer.is_long) == (True, False, True)
        assert len(answer.read_on()) < 2 * HELD_BYTES
        assert body.left > 0
        answer.close()
        assert body.is_closed

    def test_a_fault_closes_it(self):
        body = Pieces(1)
        body.left = "no number"
        with pytest.raises(TypeError):
            answer_with(body)
        assert body.is_closed


LENGTH = ("Content-Length", str(1000 * len(PIECE)))


class TestAnswersKept:
    def test_all_together_have_a_budget(self):
        budget, refused = Budget(1000 * len(PIECE)), Pieces(1000)
        first = answer_with(Pieces(1000), LENGTH, budget=budget)
        with pytest.raises(ServiceUnavailable):
            answer_with(refused, LENGTH, budget=budget)
        assert refused.is_closed
        first.close()
        first.close()
        second = answer_with(Pieces(1000), LENGTH, budget=budget)
        with pytest.raises(ServiceUnavailable):
            answer_with(Pieces(1000), LENGTH, budget=budget)
        second.close()

    def test_a_full_disk_makes_no_exception(self, monkeypatch):
        # The disk of this machine has room.
        monkeypatch.setattr(gateway, "free_bytes", lambda folder: 0)
        with pytest.raises(ServiceUnavailable):
            answer_with(Pieces(1000), LENGTH, budget=Budget(500 * len(PIECE)))

    def test_one_that_finds_no_room_is_a_503_of_one_line(self, app):
        sent = []

        async def send(message: dict) -> None:
            sent.append(message)

        async def ask() -> None:
            app.config["SPOOL_BYTES"] = 500 * len(PIECE)
            app.wsgi_app = application_with(Pieces(1000), LENGTH)
            await Front(app)(SCOPE, None, send)

        # Where a browser has been at work, this thread has a loop that runs already.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, ask()).result()
        assert [message.get("status") for message in sent] == [503, None]
        assert (b"retry-after", b"10") in sent[0]["headers"]


def test_no_more_long_answers_than_threads_for_them():
    async def take_turns(threads: Lanes, count: int, *seconds: float) -> None:
        async with threads.turn(LONG_ANSWERS, *seconds):
            if count > 1:
                await take_turns(threads, count - 1, *seconds)

    async def try_all() -> None:
        threads = Lanes()
        for seconds in [(), (0.01,), (0,)]:
            await take_turns(threads, THREADS[LONG_ANSWERS], *seconds)
            with pytest.raises(TooManyLongAnswers):
                await take_turns(threads, THREADS[LONG_ANSWERS] + 1, *(seconds or (0,)))

    # Where a browser has been at work, this thread has a loop that runs already.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, try_all()).result()


@pytest.mark.parametrize(
    "framing", [{"CONTENT_LENGTH": "5000000"}, {"HTTP_TRANSFER_ENCODING": "chunked"}]
)
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b"]
)
def test_a_refused_body_is_never_read_as_an_empty_one(framing, kind):
    environ = {"wsgi.input": Refused(RequestEntityTooLarge()), "wsgi.input_terminated": True}
    environ |= {"REQUEST_METHOD": "POST", "CONTENT_TYPE": kind} | framing
    with pytest.raises(RequestEntityTooLarge):
        parse_form_data(environ)


def passes(byte_size: int, bytes_a_second: int, seconds_a_message: float = 1.0) -> bool:
    """Return whether a body at this pace is received to its end."""
    now, pace = 0.0, Pace(0.0)
    while byte_size > 0:
        now += seconds_a_message
        if now > pace.deadline:
            return False
        arrived = int(bytes_a_second * seconds_a_message)
        pace.count(arrived, now)
        byte_size -= arrived
    return True


class TestPace:
    @pytest.mark.parametrize(
        ("byte_size", "bytes_a_second"),
        [(5_000_000, 20_000), (20_000_000, 64_000), (64_000_000, 4_100)],
    )
    def test_slow_ones_go_through(self, byte_size, bytes_a_second):
        assert passes(byte_size, bytes_a_second)

    def test_slower_ones_do_not(self):
        assert not passes(1000, 1)
        assert not passes(5_000_000, 3_900)

    def test_a_long_silence_ends_it(self):
        assert passes(5_000_000, 100_000, IDLE_SECONDS - 1)
        assert not passes(5_000_000, 100_000, IDLE_SECONDS + 1)

    def test_messages_without_a_byte_keep_nobody_alive(self):
        pace = Pace(0.0)
        pace.count(0, IDLE_SECONDS - 1)
        assert pace.deadline == IDLE_SECONDS
        assert IDLE_SECONDS < PACE_SECONDS


class TestBudget:
    def test_all_together(self):
        budget = Budget(100)
        budget.take("a", 60)
        with pytest.raises(ServiceUnavailable):
            budget.take("b", 41)
        budget.give_back("a", 60)
        budget.take("b", 100)

    def test_a_body_gives_back_once(self):
        budget = Budget(100)

        async def receive() -> dict:
            return {"type": "http.request", "body": b"a" * 100, "more_body": False}

        body = Body(receive, 100, 100, budget, "a")
        # In a thread of its own, since the browser's loop may run in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, body.read(Patience())).result()
        with pytest.raises(ServiceUnavailable):
            budget.take("a", 1)
        body.close()
        body.close()
        budget.take("a", 100)
        with pytest.raises(ServiceUnavailable):
            budget.take("a", 1)

    def test_one_address(self):
        budget = Budget(10 * ADDRESS_BYTES)
        budget.take("a", ADDRESS_BYTES)
        budget.take("b", 1)
        with pytest.raises(ServiceUnavailable):
            budget.take("a", 1)


@pytest.mark.parametrize(
    ("method", "path", "content_type", "lane"),
    [
        ("GET", "/images/01/a.webp", "", IMAGES),
        ("HEAD", "/static/a.css", "", PARTLESS),
        ("GET", "/login", "", PARTLESS),
        ("GET", "/dashboard/inventory", "", PAGES),
        ("GET", "/dashboard/inventory/export", "", LONG_ANSWERS),
        ("POST", "/login", "application/x-www-form-urlencoded", WRITES),
        ("DELETE", "/api/v1/products/01", "", WRITES),
        ("POST", "/dashboard/inventory/new", "multipart/form-data; boundary=a", UPLOADS),
    ],
)
def test_lanes(method, path, content_type, lane):
    assert lane_of(method, path, content_type) == lane


def test_no_silent_part_holds_the_threads_of_what_needs_none():
    paths = {path for name, method, path in routes() if name in NEED_NO_PART and method == "GET"}
    assert {lane_of("GET", path, "") for path in paths} == {PARTLESS}
    assert len(paths) >= len(NEED_NO_PART)


def test_every_thread_may_have_a_connection(app):
    options = app.config["SQLALCHEMY_ENGINE_OPTIONS"]
    assert options["pool_size"] + options["max_overflow"] == sum(THREADS.values())


def test_no_header_passes_for_that_of_a_proxy():
    headers = [(b"x_forwarded_for", b"1.2.3.4"), (b"cookie", b"a=1"), (b"cookie", b"b=2")]
    environ = environ_of(SCOPE | {"headers": headers}, None, None)
    assert "HTTP_X_FORWARDED_FOR" not in environ
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
