"""Run the application by WSGI: build the environment of a request, and collect the response."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from tempfile import SpooledTemporaryFile, gettempdir
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from werkzeug.wsgi import FileWrapper

from ..disk_reserve import KEPT_FREE_BYTES, free_bytes
from .bodies import Share

# The size of the pieces in which a response is sent, and how much of it is held in memory.
PIECE_BYTES = 64 * 1024
HELD_BYTES = 256 * 1024

Application = Callable


class FileBody(FileWrapper):
    """A file as a response body, read in larger pieces than Werkzeug's."""

    def __init__(self, file: IO[bytes], buffer_size: int = 0):
        super().__init__(file, PIECE_BYTES)


@dataclass
class Answer:
    """The application's response.

    held: its first bytes. rest: the following ones, to be read in a thread;
    None if held is everything. is_long: rest comes from the application itself.
    """

    status: int
    headers: list[tuple[bytes, bytes]]
    held: bytes
    rest: Iterator[bytes] | None
    is_long: bool
    close: Callable[[], None]

    def read_on(self) -> bytes:
        """Return the next bytes of rest; none at its end."""
        return b"" if self.rest is None else _take(self.rest)


def environ_of(scope: dict, body: object, length: int | None) -> dict:
    """Return the WSGI environment of an ASGI scope; length: of the body, None if unknown."""
    host, port = scope["server"]
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": scope["client"][0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.file_wrapper": FileBody,
    }
    environ |= _header_variables(scope["headers"])
    if length is not None:
        environ["CONTENT_LENGTH"] = str(length)
        # The body has arrived and has a length now, so it is no longer chunked.
        environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


def _header_variables(headers: list[tuple[bytes, bytes]]) -> dict[str, str]:
    variables: dict[str, str] = {}
    for raw_name, raw_value in headers:
        # X_Forwarded_For would become the same variable as X-Forwarded-For, which a proxy sets.
        # The server adds an empty Host header if an HTTP/1.0 client sends none.
        if b"_" in raw_name or (raw_name == b"host" and not raw_value):
            continue
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value
        key = name if name == "CONTENT_TYPE" else f"HTTP_{name}"
        text = value.decode("latin-1")
        if key in variables:
            text = f"{variables[key]}{'; ' if name == 'COOKIE' else ','}{text}"
        variables[key] = text
    variables.pop("HTTP_CONTENT_LENGTH", None)
    return variables


def run(application: Application, environ: dict, share: Share) -> Answer:
    """Run the application until its response is complete, or proves to be a long one.

    A response with a declared length is read to its end, so that it needs no
    thread, database or store while a slow client receives it.
    share: the space that it takes while it is kept, until it is closed.
    Raises ServiceUnavailable if there is no room to keep it.
    """
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info=None) -> None:
        started[:] = status, headers

    body = application(environ, start_response)
    close = getattr(body, "close", _nothing)
    try:
        pieces = iter(body)
        held = _take(pieces)
        status, headers = started
        is_long = len(held) >= HELD_BYTES and not _has_length(headers)
        spool = None if is_long or len(held) < HELD_BYTES else _spooled(pieces, share)
    except BaseException:
        close()
        raise
    if not is_long:
        close()
    return Answer(
        int(status.split(" ", 1)[0]),
        [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        held,
        pieces if is_long else spool and FileBody(spool),
        is_long,
        close if is_long else partial(_discard, spool, share),
    )


def _take(pieces: Iterator[bytes]) -> bytes:
    """Return the next HELD_BYTES or more; fewer at the end."""
    taken, byte_size = [], 0
    for piece in pieces:
        taken.append(piece)
        byte_size += len(piece)
        if byte_size >= HELD_BYTES:
            break
    return b"".join(taken)


def _spooled(pieces: Iterator[bytes], share: Share) -> IO[bytes]:
    # Use memory if the disk is full, since a temporary file would fail for an image that exists.
    is_full = free_bytes(gettempdir()) < KEPT_FREE_BYTES
    spool = BytesIO() if is_full else SpooledTemporaryFile(HELD_BYTES)  # noqa: SIM115, the caller's
    try:
        share.take(HELD_BYTES)
        for piece in pieces:
            share.take(len(piece))
            spool.write(piece)
    except BaseException:
        _discard(spool, share)
        raise
    spool.seek(0)
    return spool


def _discard(spool: IO[bytes] | None, share: Share) -> None:
    if spool:
        spool.close()
    share.give_back()


def _has_length(headers: list[tuple[str, str]]) -> bool:
    return any(name.lower() == "content-length" for name, _ in headers)


def _nothing() -> None:
    pass
