"""Messages between the server and a decoding child.

A message is one line of JSON, with open descriptors traveling beside it.
"""

import json
import os
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, Any, TypedDict

from .probe import ImageInfo

# A message as parsed JSON; answers.py validates a child's answer field by field.
Message = dict[str, Any]


class PublishedFile(TypedDict):
    """A derivative that was put, as the image's row records it."""

    path: str
    format: str
    width_px: int
    height_px: int
    byte_size: int


class Size(TypedDict):
    """The size of a file and of the image in it."""

    width_px: int
    height_px: int
    byte_size: int


class Done(TypedDict):
    """Changes made to an upload. converted_from: the name of its color space, None for sRGB."""

    turned: bool
    location_removed: bool
    camera_removed: bool
    converted_from: str | None


class Facts(Done, total=False):
    """The facts of a receipt; the child leaves out those that the server fills in."""

    original: Size
    published: Size
    frames: int
    label_kept: bool


@dataclass
class Derivative:
    """One object to put: its path below the image's prefix, and its bytes.

    path: "v1/300w.webp"; "" for the stable image.
    file: unlinked, at its start, owned by the caller.
    """

    path: str
    format: str
    content_type: str
    width_px: int
    height_px: int
    byte_size: int
    file: IO[bytes]


@dataclass
class Publication:
    """All that makes an image READY. info comes from decoding, not from the header."""

    info: ImageInfo
    stable: Derivative
    thumbnail: Derivative
    placeholder_color: str
    facts: Facts
    digital_source_type: str | None = None


class BadMessage(ValueError):
    """The other process sent a message that it never should."""


# One message holds the whole set: two formats at six widths, and the JPEG for sharing.
MAX_DESCRIPTORS = 32
_MAX_MESSAGE_BYTES = 65_536


def send(connection: socket.socket, message: Message, descriptors: Sequence[int] = ()) -> None:
    socket.send_fds(connection, [json.dumps(message).encode() + b"\n"], descriptors)


def receive(
    connection: socket.socket, max_descriptors: int = 1, seconds: float | None = None
) -> tuple[Message, list[int]]:
    """Return one message and its descriptors, received within that many seconds in all.

    Raises TimeoutError, BadMessage, and EOFError if the other side is gone; the descriptors of
    an incomplete message are closed.
    """
    data = b""
    descriptors: list[int] = []
    deadline = None if seconds is None else time.monotonic() + seconds
    try:
        while not data.endswith(b"\n"):
            _wait_until(connection, deadline)
            piece, more, _, _ = socket.recv_fds(
                connection, _MAX_MESSAGE_BYTES, max_descriptors, socket.MSG_CMSG_CLOEXEC
            )
            descriptors += more
            data += piece
            if not piece:
                raise EOFError
            if len(data) > _MAX_MESSAGE_BYTES:
                raise BadMessage("endless")
        return _parsed(data), descriptors
    except BaseException:
        close_all(descriptors)
        raise


def _wait_until(connection: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    connection.settimeout(left)


def _parsed(data: bytes) -> Message:
    try:
        message = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadMessage("no JSON") from error
    if not isinstance(message, dict):
        raise BadMessage("no object")
    return message


def close_all(descriptors: list[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
