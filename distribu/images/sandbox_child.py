"""What runs inside a child of the sandbox, and how the two sides talk.

A message is one line of JSON, with open descriptors travelling beside it.
"""

import io
import json
import os
import resource
import socket
import threading
from dataclasses import asdict, fields
from math import ceil

from . import derivatives
from .decode import ImagePolicy, InvalidImage
from .derivatives import Derivative

# One message carries the whole set: two formats at six widths, and the JPEG for sharing.
MAX_DESCRIPTORS = 32
_MAX_MESSAGE_BYTES = 65_536
# Beyond the pixels: what libraries reserve without touching it, thread stacks, encoder tables.
_SLACK_BYTES = 192 * 1024 * 1024


def send(connection: socket.socket, message: dict, descriptors: list[int] = ()) -> None:
    socket.send_fds(connection, [json.dumps(message).encode() + b"\n"], descriptors)


def receive(connection: socket.socket, max_descriptors: int = 1) -> tuple[dict, list[int]]:
    """One message and its descriptors. Raises EOFError where the other side is gone."""
    data, descriptors = b"", []
    while not data.endswith(b"\n"):
        piece, more, _, _ = socket.recv_fds(
            connection, _MAX_MESSAGE_BYTES, max_descriptors, socket.MSG_CMSG_CLOEXEC
        )
        descriptors += more
        if not piece:
            raise EOFError
        data += piece
    return json.loads(data), descriptors


def main(connection: int, lifeline: int) -> None:
    """Answer jobs until the server is gone. Both arguments are descriptors."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_server, args=[lifeline], daemon=True).start()
    with socket.socket(fileno=connection) as server:
        try:
            send(server, {"ready": True})
            while True:
                job, (upload,) = receive(server)
                _answer(server, job, upload)
        except (EOFError, ConnectionError):
            return


def _end_with_server(lifeline: int) -> None:
    """End this process when the other end of the pipe is closed, even in the middle of a job."""
    os.read(lifeline, 1)
    os._exit(0)


def _answer(connection: socket.socket, job: dict, upload: int) -> None:
    _allow(job["memory_bytes"], job["cpu_seconds"])
    policy = ImagePolicy(**job["policy"])
    with _content(upload) as file:
        try:
            if job["task"] == "publish":
                made = derivatives.publish(file, policy)
                files = [made.picture, made.thumbnail]
                answer = {"info": asdict(made.info), "color": made.placeholder_color}
            else:
                files = derivatives.derive(file, policy, with_thumbnail=job["with_thumbnail"])
                answer = {}
        except InvalidImage as error:
            send(connection, {"invalid": [error.code, error.message]})
            return
    answer["derivatives"] = [_fields(derivative) for derivative in files]
    send(connection, answer, [derivative.file.fileno() for derivative in files])
    for derivative in files:
        derivative.file.close()


def _content(upload: int) -> io.BytesIO:
    # The place in the file is shared with the server, whose own reading must not move.
    try:
        return io.BytesIO(os.pread(upload, os.fstat(upload).st_size, 0))
    finally:
        os.close(upload)


def _fields(derivative: Derivative) -> dict:
    names = [field.name for field in fields(Derivative) if field.name != "file"]
    return {name: getattr(derivative, name) for name in names}


def _allow(memory_bytes: int, cpu_seconds: int) -> None:
    """From here on at most so much more memory, and so many more CPU seconds.

    Too much memory is an error of the decoder; too many seconds end the process.
    """
    with open("/proc/self/statm") as statm:
        reserved_bytes = int(statm.read().split()[0]) * resource.getpagesize()
    _limit(resource.RLIMIT_AS, reserved_bytes + memory_bytes + _SLACK_BYTES)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _limit(resource.RLIMIT_CPU, ceil(used.ru_utime + used.ru_stime) + cpu_seconds)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (value, hard))
