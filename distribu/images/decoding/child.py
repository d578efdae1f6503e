"""The main function of a decoding child."""

import io
import os
import resource
import signal
import socket
import threading
from dataclasses import asdict, fields
from math import ceil

from . import publishing
from .encoding import UnfaithfulEncoding
from .policies import UNDECODABLE, ImagePolicy, InvalidImage
from .probe import ImageInfo
from .wire import Derivative, receive, send

# Beyond the pixels: what libraries reserve without touching it, thread stacks, encoder tables.
_SLACK_BYTES = 192 * 1024 * 1024


def main(connection: int, lifeline: int) -> None:
    """Answer jobs until the server is gone. Both arguments are descriptors."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A service manager asks every process of a service to end. This one ends with its server,
    # which may still finish the job that it waits for.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
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
    policy, info = ImagePolicy(**job["policy"]), ImageInfo(**job["info"])
    with _content(upload) as file:
        try:
            if job["task"] == "publish":
                made = publishing.publish(file, policy, info)
                files = [made.stable, made.thumbnail]
                answer = {"info": asdict(made.info), "color": made.placeholder_color}
            else:
                files = publishing.derive(file, policy, info, with_thumbnail=job["with_thumbnail"])
                answer = {}
        except InvalidImage as error:
            send(connection, {"invalid": [error.code, error.message]})
            return
        except UnfaithfulEncoding:
            send(connection, {"invalid": ["undecodable", UNDECODABLE]})
            return
        except MemoryError:
            send(connection, {"limit": "memory"})
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
