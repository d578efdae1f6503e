"""A store whose server is not there, or not well, fails in a time that is known."""

import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue
from threading import Thread

import pytest

from distribu.images.stores import bounded_http
from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import StoreError, StoreMisconfigured, StoreUnavailable
from distribu.images.stores.s3 import MinioStore
from tests.answering_server import DROPPED, Answer, answering, s3_error, store_at
from tests.images.store_uses import USES, WIDGET, put, read
from tests.servers import running_minio

PATIENCE_SECONDS = 15


def address_of(server: socket.socket) -> str:
    return "{}:{}".format(*server.getsockname())


def result_of(work: Callable[[], object]) -> object:
    """Return the result of work; raise queue.Empty long before a store's own time-out."""
    answers = SimpleQueue()

    def answer() -> None:
        try:
            answers.put((work(), None))
        except StoreError as error:
            answers.put((None, error))

    Thread(target=answer, daemon=True).start()
    result, error = answers.get(timeout=PATIENCE_SECONDS)
    if error:
        raise error
    return result


@pytest.fixture
def silent_address() -> Iterator[str]:
    """Yield the address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield address_of(server)


@pytest.fixture(scope="module")
def stopped_url() -> str:
    """Return the URL of a store whose server has stopped."""
    with running_minio() as server:
        url = server.url("bucket")
        open_store(url).prepare()
    return url


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_stopped_server_is_unavailable_at_once(stopped_url, use):
    with pytest.raises(StoreUnavailable):
        result_of(lambda: use(open_store(stopped_url)))


def test_a_server_that_stops_while_it_is_read_is_unavailable():
    with running_minio() as server:
        store = open_store(server.url("bucket"))
        store.prepare()
        put(store, WIDGET, bytes(20_000_000))
        with store.open(WIDGET) as file:
            file.read(10)
            server.process.kill()
            server.process.wait()
            with pytest.raises(StoreUnavailable):
                file.read()


@pytest.fixture
def impatient(monkeypatch) -> float:
    """Return the seconds that a put may take, now that the store waits for nothing long."""
    # A limit that the test can reach.
    monkeypatch.setattr(bounded_http, "SEND_SECONDS", 0.2)
    monkeypatch.setattr(bounded_http, "READ_SECONDS", 0.2)
    monkeypatch.setattr(bounded_http, "CONNECT_SECONDS", 0.2)
    return bounded_http.longest_request()


@pytest.mark.parametrize("byte_size", [10, 20_000_000], ids=["no answer", "no reading"])
def test_a_put_to_a_silent_server_ends_in_time(impatient, silent_address, byte_size):
    with pytest.raises(StoreUnavailable):
        result_of(lambda: put(store_at(silent_address), WIDGET, bytes(byte_size)))


def test_connecting_takes_less_than_sending_may(monkeypatch):
    monkeypatch.setattr(bounded_http, "CONNECT_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        # Whoever comes third is not let in.
        waiting = [socket.create_connection(server.getsockname(), 1) for _ in range(1)]
        with pytest.raises(StoreUnavailable):
            result_of(lambda: put(store_at(address_of(server)), WIDGET))
        [connection.close() for connection in waiting]


def test_sending_may_take_longer_than_connecting(monkeypatch, silent_address):
    monkeypatch.setattr(bounded_http, "CONNECT_SECONDS", 0.05)
    monkeypatch.setattr(bounded_http, "SEND_SECONDS", 0.3)
    started = time.monotonic()
    with pytest.raises(StoreUnavailable):
        put(store_at(silent_address), WIDGET, bytes(20_000_000))
    assert time.monotonic() - started > (bounded_http.RETRIES + 1) * 0.3


def test_put_seconds_cover_every_attempt():
    assert MinioStore.PUT_SECONDS == 3 * (2 * 5 + 20 + 20) + 0.8


def test_what_failed_for_a_moment_is_asked_again():
    busy = s3_error(503, "SlowDown")
    with answering(busy, busy, Answer(200)) as server:
        put(store_at(server.address), WIDGET)
        assert [request.method for request in server.requests] == ["PUT", "PUT", "PUT"]


def test_a_server_that_stays_busy_is_told_in_its_own_words():
    busy = s3_error(503, "SlowDown")
    with answering(busy) as server, pytest.raises(StoreUnavailable, match="SlowDown"):
        put(store_at(server.address), WIDGET)


def test_no_redirect_is_followed():
    moved = s3_error(301, "PermanentRedirect")
    elsewhere = moved.headers | {"Location": "http://127.0.0.1:9/bucket"}
    with answering(replace(moved, headers=elsewhere)) as server:
        with pytest.raises(StoreMisconfigured) as refused:
            put(store_at(server.address), WIDGET)
        assert len(server.requests) == 1
    assert "?region=" in refused.value.hint


def test_a_server_that_stays_busy_is_unavailable_however_long_it_asks_for():
    busy = Answer(503, headers={"Content-Type": "application/xml", "Retry-After": "3600"})
    with answering(busy) as server, pytest.raises(StoreUnavailable):
        put(store_at(server.address), WIDGET)
    assert len(server.requests) == 3


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize(
    "answer",
    [
        Answer(502, b"<html>Bad gateway</html>", {"Content-Type": "text/html"}),
        Answer(404, b"<html>Not found</html>", {"Content-Type": "text/html"}),
        Answer(400, b"<Error><Code>Half"),
        Answer(400, b"\xff\xfe"),
        Answer(400),
    ],
    ids=["a broken proxy", "another server", "half an answer", "no text", "nothing"],
)
def test_an_answer_that_makes_no_sense_is_an_error_of_the_store(answer, use):
    with answering(answer) as server, pytest.raises(StoreError):
        use(store_at(server.address))


def test_a_body_that_ends_too_soon_is_unavailable():
    answer = Answer(200, b"half", {"Content-Length": "8", "Connection": "close"})
    with answering(answer) as server, pytest.raises(StoreUnavailable):
        read(store_at(server.address), WIDGET)


def test_connections_are_given_back():
    with answering(Answer(200, b"image")) as server:
        store = store_at(server.address)
        assert [read(store, WIDGET) for _ in range(5)] == [b"image"] * 5
        assert len({request.client_port for request in server.requests}) == 1


def test_closing_a_file_early_hangs_up():
    def answer_with_half_a_image(server: socket.socket) -> socket.socket:
        connection, _ = server.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\nimage")
        return connection

    with socket.create_server(("127.0.0.1", 0)) as server, ThreadPoolExecutor(1) as pool:
        answered = pool.submit(answer_with_half_a_image, server)
        file = store_at(address_of(server)).open(WIDGET)
        file.close()
        with answered.result() as connection:
            connection.settimeout(10)
            assert connection.recv(1) == b""


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_process_makes_a_connection_of_its_own():
    with answering(Answer(200, b"image")) as server:
        store = store_at(server.address)
        read(store, WIDGET)
        child = multiprocessing.get_context("fork").Process(target=read, args=(store, WIDGET))
        child.start()
        child.join()
        assert child.exitcode == 0
        assert len({request.client_port for request in server.requests}) == 2


def test_what_goes_wrong_shows_no_signed_url():
    with answering(s3_error(404, "NoSuchKey"), DROPPED) as server:
        with pytest.raises(StoreUnavailable) as told:
            store_at(server.address).installation_id()
        assert "Signature" in server.requests[-1].path
    assert "Signature" not in str(told.value)
