"""Whatever a decoding child answers, its server stays sound and the child is ended."""

import os
import socket
import threading
from contextlib import ExitStack
from dataclasses import asdict

import pytest

from distribu.images.decoding.policies import MERCHANT
from distribu.images.decoding.probe import probe
from distribu.images.decoding.sandbox import Sandbox, SandboxInterrupted, _Child
from distribu.images.decoding.wire import send
from tests.images.image_files import png

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
ANSWERS = {
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
}


@pytest.fixture
def child(monkeypatch):
    """A child whose other end of the line is the test's own."""
    monkeypatch.setattr(_Child, "__init__", lambda self: None)
    child = _Child()
    child._socket, other = socket.socketpair()
    child.is_sound = True
    child._death = lambda: SandboxInterrupted("gone")
    with child._socket, other:
        yield child, other


def work(child, seconds: float = 20):
    file = png(40, 30)
    job = {"task": "publish", "policy": asdict(MERCHANT), "info": asdict(probe(file, MERCHANT))}
    descriptor = file_of()
    try:
        return child.work(job, descriptor, seconds)
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("name", ANSWERS)
def test_answer_that_cannot_be_is_an_interruption(child, name):
    child, other = child
    message, files = ANSWERS[name]
    before = len(os.listdir("/proc/self/fd"))
    descriptors = [make() for make in files]
    send(other, message, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    with pytest.raises(SandboxInterrupted):
        work(child)
    assert not child.is_sound
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("name", LINES)
def test_line_that_is_no_message_is_an_interruption(child, name):
    child, other = child
    writer = threading.Thread(target=other.sendall, args=[LINES[name]])
    writer.start()
    with pytest.raises(SandboxInterrupted):
        work(child)
    assert not child.is_sound
    child._socket.close()
    writer.join()


def test_answer_that_trickles_has_one_deadline(child):
    child, other = child
    other.sendall(b"{")
    with pytest.raises(SandboxInterrupted, match="took"):
        work(child, seconds=0.05)


def test_sound_answer_is_taken(child):
    child, other = child
    with ExitStack() as files:
        descriptors = [make() for make in TWO]
        send(other, answer(), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        made = work(child)
        files.callback(made.stable.file.close)
        files.callback(made.thumbnail.file.close)
        assert (made.info.width_px, made.stable.byte_size, child.is_sound) == (40, 10, True)
        with pytest.raises(OSError, match="Operation not permitted"):
            os.write(made.stable.file.fileno(), b"changed")


def test_children_of_this_machine_have_every_layer():
    sandbox = Sandbox(processes=1)
    made = sandbox.publish(png(40, 30), MERCHANT)
    made.stable.file.close()
    made.thumbnail.file.close()
    assert sandbox.missing_layers() == []
    sandbox.close()
