"""A decoding child that answers what it is asked to, for the most part what cannot be.

It runs in place of Python, with the arguments of a decoding child. The
option "answer" of a job names what it sends back.
"""

import os
import socket
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]

DONE = {"turned": False, "location_removed": False, "camera_removed": True, "converted_from": None}
INFO = {"width_px": 40, "height_px": 30, "frames": 1}


def file_of(size: int = 10, seals: int = os.MFD_ALLOW_SEALING) -> int:
    descriptor = os.memfd_create("answer", seals)
    os.write(descriptor, bytes(size))
    return descriptor


def described(path: str = "", **changes) -> dict:
    made = {"path": path, "format": "WEBP", "content_type": "image/webp"}
    return made | {"width_px": 40, "height_px": 30, "byte_size": 10} | changes


def answer(*, first: dict | None = None, **changes) -> dict:
    files = [described() | (first or {}), described("v2/40w.webp")]
    whole = {"info": INFO, "color": "#ffffff", "derivatives": files, "done": DONE, "label": None}
    return whole | changes


def pipe() -> int:
    reading, writing = os.pipe()
    os.close(writing)
    return reading


TWO = (file_of, file_of)
SOUND = {"sound": (answer(), TWO)}
UNSOUND = {
    "other-shape": (answer(derivatives="none"), ()),
    "too-few-files": (answer(), (file_of,)),
    "no-files-at-all": (answer(derivatives=[]), ()),
    "unknown-refusal": ({"invalid": "because"}, ()),
    "refusal-of-another-type": ({"invalid": {"code": "damaged"}}, ()),
    "refusal-with-files": ({"invalid": "damaged"}, TWO),
    "unknown-limit": ({"limit": "patience"}, ()),
    "path-upward": (answer(first={"path": "../../secret.webp"}), TWO),
    "path-of-another-type": (answer(first={"path": ["v2/40w.webp"]}), TWO),
    "page-as-image": (answer(first={"content_type": "text/html"}), TWO),
    "format-of-another-type": (answer(first={"format": ["WEBP"]}), TWO),
    "size-that-is-a-claim": (answer(first={"byte_size": 9}), TWO),
    "number-as-text": (answer(first={"width_px": "40"}), TWO),
    "number-below-one": (answer(info=INFO | {"height_px": 0}), TWO),
    "number-without-end": (answer(info=INFO | {"width_px": 1 << 40}), TWO),
    "truth-as-number": (answer(info=INFO | {"frames": True}), TWO),
    "extra-argument": (answer(first={"file": "x"}), TWO),
    "unknown-label": (answer(label="<script>"), TWO),
    "facts-of-another-type": (answer(done=DONE | {"turned": "yes"}), TWO),
    "endless-fact": (answer(done=DONE | {"converted_from": "x" * 100}), TWO),
    "color-as-style": (answer(color="red;}body{"), TWO),
    "pipe-for-a-file": (answer(), (pipe, file_of)),
    "socket-for-a-file": (answer(), (lambda: socket.socket().detach(), file_of)),
    "file-that-can-change": (answer(), (lambda: file_of(seals=0), file_of)),
}
LINES = {
    "no-json": b"hello\n",
    "no-object": b"[]\n",
    "deep": b"[" * 60_000 + b"\n",
    "endless": b"x" * 200_000,
    "trickle": b"{",
}


def main(connection: int, lifeline: int) -> None:
    # As in a decoding child, an empty package stands in for the application, which takes long.
    sys.path.insert(0, str(ROOT))
    sys.modules["distribu"] = package = ModuleType("distribu")
    package.__path__ = [str(ROOT / "distribu")]
    from distribu.images.decoding.confinement import LAYERS
    from distribu.images.decoding.wire import receive, send

    with socket.socket(fileno=connection) as server:
        send(server, {"layers": LAYERS})
        job, _ = receive(server)
        name = job["options"]["answer"]
        if name in LINES:
            server.sendall(LINES[name])
        else:
            message, files = (SOUND | UNSOUND)[name]
            send(server, message, [make() for make in files])
        # The server ends this process, or ends itself.
        os.read(lifeline, 1)


if __name__ == "__main__":
    main(*map(int, sys.argv[-3:-1]))
