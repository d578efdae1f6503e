"""Pass an upload to a decoding child as one read-only descriptor."""

import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

_MB = 1024 * 1024


@contextmanager
def descriptor_of(file: IO[bytes]) -> Iterator[int]:
    """Yield a read-only descriptor of exactly the bytes of file.

    Only plain files have one: that of a response or a compressed file reads other bytes, and an
    upload in memory has none, so those are copied to an unlinked file.
    """
    file.seek(0)
    if isinstance(file, tempfile.SpooledTemporaryFile):
        file.rollover()
        file.flush()
        descriptor = _reopened(file.fileno())
    elif isinstance(getattr(file, "raw", file), io.FileIO):
        file.flush()
        descriptor = _reopened(file.fileno())
    else:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(file, copy, _MB)
            copy.flush()
            descriptor = _reopened(copy.fileno())
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _reopened(descriptor: int) -> int:
    """Open the same file again, read-only and with its own position."""
    return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
