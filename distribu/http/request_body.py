"""Request bodies: bounded, spooled to disk, and with text that databases can store."""

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
    """Raise ServiceUnavailable where a temporary file that the block writes finds no room."""
    try:
        yield
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        raise ServiceUnavailable(DISK_FULL, retry_after=RETRY_SECONDS) from error


class BoundedUpload(tempfile.SpooledTemporaryFile[bytes]):
    """A file part of a form, of which no more than max_bytes + 1 are kept.

    That one byte more tells the validators that it was too large, and
    the rest is thrown away as it arrives: the form's other fields are
    still read, and nothing typed into them is lost.
    """

    def __init__(self, max_bytes: int):
        super().__init__(max_size=SPOOL_BYTES)
        self._room = max_bytes + 1

    # A form parser writes bytes, never any other buffer.
    def write(self, data: bytes) -> int:  # type: ignore[override]
        kept = data[: self._room]
        self._room -= len(kept)
        with full_disk_told():
            super().write(kept)
        return len(data)


class UploadTooLarge(Exception):
    """A file part has more bytes than it may have."""


class CutOffUpload(BoundedUpload):
    """A file part of a request that is not read any further once it is too large.

    Raises UploadTooLarge.
    """

    def write(self, data: bytes) -> int:  # type: ignore[override]  # as above
        if len(data) >= self._room:
            raise UploadTooLarge
        return super().write(data)


# An escaped quote or backslash, or a backslash that escapes nothing: the one of a Windows path.
_BACKSLASH = re.compile(rb'\\([\\"]?)')


class LenientDecoder(MultipartDecoder):
    """Reads the headers of parts as clients of all ages write them.

    Headers that are no UTF-8, such as Latin-1 filenames, are read as
    Windows-1252: werkzeug raises ValueError, and the form arrives without
    any field. Backslashes of Windows paths stay: werkzeug drops them.
    """

    def _parse_headers(self, data: bytes | bytearray) -> Headers:
        data = _BACKSLASH.sub(lambda found: found[0] if found[1] else found[0] * 2, data)
        try:
            data.decode()
        except UnicodeDecodeError:
            data = data.decode("cp1252", "replace").encode()
        return super()._parse_headers(data)


# werkzeug offers no way to give its parser another decoder.
werkzeug.formparser.MultipartDecoder = LenientDecoder  # type: ignore[misc]


class StorableFormParser(FormDataParser):
    """Drops NUL from the names and values of form fields."""

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

    NUL is dropped where a path, a query or a form field is read: no row
    has one, and PostgreSQL refuses to look for it. Text that is no
    Unicode has become U+FFFD by then; json_bodies.py refuses both.
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
        """Every file part is closed, also of a body that was not read to its end."""
        super().close()
        for stream in self._file_streams:
            # On a full disk closing writes what is left, and fails once more.
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
