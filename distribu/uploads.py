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


class UploadTooLarge(Exception):
    """A file part has more bytes than it may have."""


class CutOffUpload(BoundedUpload):
    """A file part of a request that is not read any further once it is too large.

    Raises UploadTooLarge.
    """

    def write(self, data: bytes) -> int:
        if len(data) >= self._room:
            raise UploadTooLarge
        return super().write(data)


class Request(FlaskRequest):
    """A request whose file parts keep at most max_file_bytes each."""

    max_file_bytes = 5 * 1024 * 1024
    file_class = BoundedUpload

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._file_streams = []

    def close(self) -> None:
        """Every file part is closed, also of a body that was not read to its end."""
        super().close()
        for stream in self._file_streams:
            stream.close()

    def _get_file_stream(
        self, total_content_length, content_type, filename=None, content_length=None
    ):
        stream = self.file_class(self.max_file_bytes)
        self._file_streams.append(stream)
        return stream
