"""What runs inside a child of the sandbox, and how the two sides talk.

A message is one line of JSON, with open descriptors travelling beside it.
"""

import io
import json
import os
import resource
import socket
from dataclasses import asdict, fields

from . import derivatives
from .decode import ImagePolicy, InvalidImage
from .derivatives import Derivative

# Address space, not resident memory: libraries and thread stacks reserve more than they touch.
ADDRESS_SPACE_BYTES = 2048 * 1024 * 1024
_MAX_MESSAGE_BYTES = 65_536


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


def main(descriptor: int, is_background: bool = False) -> None:
    """Answer jobs until the server is gone."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if is_background:
        _step_back()
    with socket.socket(fileno=descriptor) as connection:
        send(connection, {"ready": True})
        while True:
            try:
                job, (upload,) = receive(connection)
            except (EOFError, ConnectionError):
                return
            _answer(connection, job, upload)


def _answer(connection: socket.socket, job: dict, upload: int) -> None:
    _allow_cpu(job["cpu_seconds"])
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


def _allow_cpu(seconds: int) -> None:
    """Let the kernel end this process after so many more CPU seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _step_back() -> None:
    """Run behind everything else, under the kernel's grouping by session as well."""
    os.nice(19)
    try:
        with open("/proc/self/autogroup", "w") as group:
            group.write("19")
    except OSError:
        # No such grouping here, so the niceness alone decides.
        return
