"""A small HTTP server that gives the answers it was told: what no real store can be made to say."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from distribu.images.stores.by_url import open_store
from distribu.images.stores.contract import ImageStore


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/xml"})


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    client_port: int
    body: bytes = b""


# The server hangs up without a word.
DROPPED = Answer(0)


def s3_error(status: int, code: str, message: str = "told by a test") -> Answer:
    """Return an error as S3 writes it."""
    body = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return Answer(status, body.encode())


def listing(*keys: str) -> Answer:
    """Return what S3 answers to a question for objects."""
    contents = "".join(f"<Contents><Key>{key}</Key><Size>1</Size></Contents>" for key in keys)
    whole = f"<Name>bucket</Name><IsTruncated>false</IsTruncated>{contents}"
    return Answer(200, f"<ListBucketResult>{whole}</ListBucketResult>".encode())


class AnsweringServer(ThreadingHTTPServer):
    """Give answers in turn, the last one again and again; requests is what came."""

    daemon_threads = True

    def __init__(self, *answers: Answer):
        self.answers, self.requests = list(answers), []
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def next_answer(self, request: Request) -> Answer:
        self.requests.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Without it every answer waits for the client to acknowledge its first half.
    disable_nagle_algorithm = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        client_port = self.client_address[1]
        request = Request(self.command, self.path, dict(self.headers), client_port, body)
        answer = self.server.next_answer(request)
        if answer is DROPPED:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in ({"Content-Length": str(len(answer.body))} | answer.headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    do_GET = do_HEAD = do_PUT = do_POST = answer

    def log_message(self, *words) -> None:
        pass


@contextmanager
def answering(*answers: Answer) -> Iterator[AnsweringServer]:
    """Yield a server that gives these answers, and end it afterwards."""
    with AnsweringServer(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def store_at(address: str, options: str = "") -> ImageStore:
    """Return a store in the bucket named bucket of any server."""
    return open_store(f"s3+http://key:secret@{address}/bucket{options}")
