"""What the server and a decoding child say to each other.

A message is one line of JSON, with open descriptors traveling beside it.
"""

import json
import socket
from dataclasses import dataclass
from typing import BinaryIO

from .probe import ImageInfo


@dataclass
class Derivative:
    """One object to put: its path below the image's prefix, and its bytes.

    path: "v1/300w.webp"; "" for the image at the stable address.
    file: unlinked, at its start, owned by the caller.
    """

    path: str
    format: str
    content_type: str
    width_px: int
    height_px: int
    byte_size: int
    file: BinaryIO


@dataclass
class Publication:
    """What an image needs to be READY. info is what was decoded, not what the header claimed."""

    info: ImageInfo
    stable: Derivative
    thumbnail: Derivative
    placeholder_color: str


# One message carries the whole set: two formats at six widths, and the JPEG for sharing.
MAX_DESCRIPTORS = 32
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
