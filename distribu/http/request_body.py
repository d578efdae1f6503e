"""Request bodies with bounded files, spooled to disk, and text that databases can store."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

import werkzeug.formparser
from flask import Request as FlaskRequest
from werkzeug.datastructures import FileStorage, Headers, MultiDict
from werkzeug.exceptions import ServiceUnavailable
from werkzeug.formparser import FormDataParser
from werkzeug.sansio.multipart import MultipartDecoder

from ..disk_reserve import NO_SPACE
from .error_handlers import DISK_FULL, RETRY_SECONDS

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

SPOOL_BYTES = 512 * 1024


@contextmanager
def full_disk_told() -> Iterator[None]:
    """Raise ServiceUnavailable if a temporary file in the block finds no room on the disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise ServiceUnavailable(DISK_FULL, retry_after=RETRY_SECONDS) from error


class BoundedUpload(tempfile.SpooledTemporaryFile[bytes]):
    """A file part of a form, of which at most max_bytes + 1 are kept.

    The extra byte shows validators that the file exceeds the limit. The
    rest is discarded as it arrives, so the form's other fields are still
    read and their input is not lost.
    """

    def __init__(self, max_bytes: int):
        super().__init__(max_size=SPOOL_BYTES)
        self._room = max_bytes + 1

    # The form parser only writes bytes, no other buffer.
    def write(self, data: bytes) -> int:  # type: ignore[override]
        kept = data[: self._room]
        self._room -= len(kept)
        with full_disk_told():
            super().write(kept)
        return len(data)


class UploadTooLarge(Exception):
    """A file part exceeds its maximum size."""


class CutOffUpload(BoundedUpload):
    """A file part that raises UploadTooLarge as soon as it exceeds its limit."""

    def write(self, data: bytes) -> int:  # type: ignore[override]  # as above
        if len(data) >= self._room:
            raise UploadTooLarge
        return super().write(data)


# An escaped quote or backslash, or a single backslash as in a Windows path.
_BACKSLASH = re.compile(rb'\\([\\"]?)')


class LenientDecoder(MultipartDecoder):
    """Decoder that accepts the part headers of old clients.

    Headers that are not UTF-8, such as Latin-1 filenames, are read as
    Windows-1252; with werkzeug's ValueError the whole form would be empty.
    Backslashes of Windows paths are kept; werkzeug drops them.
    """

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        data = _BACKSLASH.sub(lambda found: found[0] if found[1] else found[0] * 2, data)
        try:
            data.decode()
        except UnicodeDecodeError:
            data = data.decode("cp1252", "replace").encode()
        return super()._parse_headers(data)


# werkzeug offers no way to replace its parser's decoder.
werkzeug.formparser.MultipartDecoder = LenientDecoder  # type: ignore[misc]


class StorableFormParser(FormDataParser):
    """Parser that removes NUL from the names and values of form fields."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> tuple[IO[bytes], MultiDict[str, str], MultiDict[str, FileStorage]]:
        stream, form, files = super().parse(stream, mimetype, content_length, options)
        fields = [
            (_without_nul(name), _without_nul(value)) for name, value in form.items(multi=True)
        ]
        return stream, self.cls(fields), files


class Request(FlaskRequest):
    """A request whose file parts keep at most max_file_bytes each.

    NUL is removed from the path, the query and form fields: no row contains
    it, and PostgreSQL refuses to search for it. Invalid Unicode has become
    U+FFFD by then; json_bodies.py rejects both.
    """

    max_file_bytes = 5 * 1024 * 1024
    file_class = BoundedUpload
    form_data_parser_class = StorableFormParser

    def __init__(
        self, environ: "WSGIEnvironment", populate_request: bool = True, shallow: bool = False
    ):
        environ["PATH_INFO"] = _without_nul(environ["PATH_INFO"])
        environ["QUERY_STRING"] = environ.get("QUERY_STRING", "").replace("%00", "")
        super().__init__(environ, populate_request, shallow)
        self._file_streams: list[BoundedUpload] = []

    def close(self) -> None:
        """Close every file part, even those of a body that was not read to its end."""
        super().close()
        for stream in self._file_streams:
            # On a full disk closing flushes the rest, and fails again.
            with suppress(OSError):
                stream.close()

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> BoundedUpload:
        stream = self.file_class(self.max_file_bytes)
        self._file_streams.append(stream)
        return stream


def _without_nul(text: str) -> str:
    return text.replace("\0", "")
