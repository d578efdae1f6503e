"""How a request's body is read: bounded, spooled to disk, never held whole in memory."""

import tempfile

from flask import Request as FlaskRequest

SPOOL_BYTES = 512 * 1024


class BoundedUpload(tempfile.SpooledTemporaryFile):
    """A file part of a form, of which no more than max_bytes + 1 are kept.

    That one byte more tells the validators that it was too large, and
    the rest is thrown away as it arrives: the form's other fields are
    still read, and nothing typed into them is lost.
    """

    def __init__(self, max_bytes: int):
        super().__init__(max_size=SPOOL_BYTES)
        self._room = max_bytes + 1

    def write(self, data: bytes) -> int:
        kept = data[: self._room]
        self._room -= len(kept)
        super().write(kept)
        return len(data)


class Request(FlaskRequest):
    """A request whose file parts keep at most max_file_bytes each."""

    max_file_bytes = 5 * 1024 * 1024

    def _get_file_stream(
        self, total_content_length, content_type, filename=None, content_length=None
    ):
        return BoundedUpload(self.max_file_bytes)
