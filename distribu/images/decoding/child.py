"""The main function of a decoding child."""

import io
import os
import resource
import signal
import socket
import threading
from dataclasses import asdict, fields

from . import publishing
from .confinement import confine
from .encoding import UnfaithfulEncoding
from .policies import ImagePolicy, InvalidImage
from .probe import ImageInfo
from .warming import warm_up
from .wire import Derivative, Message, receive, send

# The largest file that a child may write; no published file comes near it.
_MAX_FILE_BYTES = 256 * 1024 * 1024


def main(connection: int, lifeline: int) -> None:
    """Answer jobs until the server closes the connection. Both arguments are descriptors."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MAX_FILE_BYTES, _MAX_FILE_BYTES))
    # A service manager signals every process of a service. This one ends with its server
    # instead, which may still be waiting for a job to finish.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with socket.socket(fileno=connection) as server:
        # Decoders load libraries and read files now, before confine() puts files out of reach.
        warm_up()
        layers = confine()
        threading.Thread(target=_end_with_server, args=[lifeline], daemon=True).start()
        try:
            send(server, {"layers": layers})
            while True:
                job, (upload,) = receive(server)
                _answer(server, job, upload)
        except (EOFError, ConnectionError):
            return


def _end_with_server(lifeline: int) -> None:
    """End this process when the other end of the pipe is closed, even in the middle of a job."""
    os.read(lifeline, 1)
    os._exit(0)


def _answer(connection: socket.socket, job: Message, upload: int) -> None:
    policy, info = ImagePolicy(**job["policy"]), ImageInfo(**job["info"])
    with _content(upload) as file:
        try:
            if job["task"] == "publish":
                made = publishing.publish(file, policy, info, **job["options"])
                files = [made.stable, made.thumbnail]
                answer: Message = {
                    "info": asdict(made.info),
                    "color": made.placeholder_color,
                    "done": made.facts,
                    "label": made.digital_source_type,
                }
            else:
                files = publishing.derive(file, policy, info, **job["options"])
                answer = {}
        except InvalidImage as error:
            send(connection, {"invalid": error.code})
            return
        except UnfaithfulEncoding:
            send(connection, {"invalid": "undecodable"})
            return
        except MemoryError:
            send(connection, {"limit": "memory"})
            return
    answer["derivatives"] = [_fields(derivative) for derivative in files]
    send(connection, answer, [derivative.file.fileno() for derivative in files])
    for derivative in files:
        derivative.file.close()


def _content(upload: int) -> io.BytesIO:
    try:
        return io.BytesIO(os.pread(upload, os.fstat(upload).st_size, 0))
    finally:
        os.close(upload)


def _fields(derivative: Derivative) -> Message:
    names = [field.name for field in fields(Derivative) if field.name != "file"]
    return {name: getattr(derivative, name) for name in names}
