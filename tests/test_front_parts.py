"""The parts of the front that need no network: answers short and long, turns, refused bodies."""

import asyncio

import pytest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import parse_form_data

from distribu.serving import lanes
from distribu.serving.bodies import Refused
from distribu.serving.gateway import HELD_BYTES, Answer, run
from distribu.serving.lanes import LONG_ANSWERS, THREADS, Lanes, TooManyLongAnswers

PIECE = b"a" * 1000


class Body:
    """What an application returns: pieces, and whether it was closed."""

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


def answer_with(body: Body, *headers: tuple[str, str]) -> Answer:
    def application(environ, start_response):
        start_response("200 OK", list(headers))
        return body

    return run(application, {})


def read_all(answer: Answer) -> bytes:
    data = answer.held
    while answer.rest and (more := answer.read_on()):
        data += more
    return data


class TestAnswers:
    def test_a_short_one_is_held_and_its_application_is_done(self):
        body = Body(10)
        answer = answer_with(body)
        assert (answer.held, answer.rest, body.is_closed) == (PIECE * 10, None, True)

    def test_one_of_a_declared_length_needs_its_application_no_more(self):
        body = Body(1000)
        answer = answer_with(body, ("Content-Length", str(1000 * len(PIECE))))
        assert (body.left, body.is_closed, answer.is_long) == (0, True, False)
        assert len(answer.held) < 2 * HELD_BYTES
        assert read_all(answer) == PIECE * 1000
        answer.close()

    def test_one_without_a_length_is_made_as_it_is_sent(self):
        body = Body(1000)
        answer = answer_with(body)
        assert (body.left > 0, body.is_closed, answer.is_long) == (True, False, True)
        assert len(answer.read_on()) < 2 * HELD_BYTES
        assert body.left > 0
        answer.close()
        assert body.is_closed

    def test_a_fault_closes_it(self):
        body = Body(1)
        body.left = "no number"
        with pytest.raises(TypeError):
            answer_with(body)
        assert body.is_closed


def test_no_more_long_answers_than_threads_for_them(monkeypatch):
    monkeypatch.setattr(lanes, "TURN_SECONDS", 0.01)

    async def take_turns(threads: Lanes, count: int) -> None:
        async with threads.long_answer():
            if count > 1:
                await take_turns(threads, count - 1)

    async def try_all() -> None:
        threads = Lanes()
        await take_turns(threads, THREADS[LONG_ANSWERS])
        with pytest.raises(TooManyLongAnswers):
            await take_turns(threads, THREADS[LONG_ANSWERS] + 1)
        await take_turns(threads, THREADS[LONG_ANSWERS])

    asyncio.run(try_all())


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
