"""An upload as a decoding child gets it: one descriptor, to read from."""

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
    """A descriptor to read exactly the bytes of file from, and no more than to read them.

    Only plain files have one: a response or a compressed file has the wrong one, and an upload
    held in memory has none, so those are copied to an unlinked file.
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
    """The same file once more, with a place of its own and only for reading."""
    return os.open(f"/proc/self/fd/{descriptor}", os.O_RDONLY | os.O_CLOEXEC)
