"""Static files at addresses that change with their content, so that browsers cache them forever.

/static/site.4f3a9c2b17de.js is the file static/site.js whose content has this fingerprint. `flask
static compress` writes the files under these names, with compressed ones beside them, into
static/published/; the application or a server in front of it sends those instead. Without them
each file is sent uncompressed.
"""

import gzip
import hashlib
import os
import re
from collections.abc import Callable
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path

from flask import Flask, Response, abort, request, send_from_directory

try:
    import brotli
except ImportError:
    brotli = None

FOLDER = Path(__file__).parents[2] / "static"
PUBLISHED = FOLDER / "published"
FINGERPRINTED = re.compile(r"(.+)\.([0-9a-f]{12})(\.[^./]+)")
FOREVER = "public, max-age=31536000, immutable"
# A file under its plain name may change with an update.
FOR_AN_HOUR = "public, max-age=3600"
# The best one first.
SUFFIXES = {"br": ".br", "gzip": ".gz"}
COMPRESSIBLE = {".css", ".js", ".svg", ".txt"}


def init_static_files(app: Flask) -> None:
    """Let url_for("static", filename=...) return such addresses, and serve them."""
    app.add_url_rule("/static/<path:filename>", "static", _send)
    app.url_defaults(_name_by_content)


def fingerprinted(filename: str) -> str:
    """Return a static file's name with a fingerprint of its content.

    Raises FileNotFoundError.
    """
    path = FOLDER / filename
    stem, suffix = os.path.splitext(filename)
    return f"{stem}.{_fingerprint(path, path.stat().st_mtime_ns)}{suffix}"


def publish(folder: Path = PUBLISHED) -> int:
    """Write the static files, and compressed ones beside them; return the number of files.

    Files of older content are deleted, since the application itself serves those names.
    """
    written = [path for source in _sources() for path in _publish(source, folder)]
    for path in folder.rglob("*"):
        if path.is_file() and path not in written:
            path.unlink()
    return len(written)


def _sources() -> list[Path]:
    inside = PUBLISHED.name
    return [
        path
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file() and path.relative_to(FOLDER).parts[0] != inside
    ]


def _publish(source: Path, folder: Path) -> list[Path]:
    name = fingerprinted(source.relative_to(FOLDER).as_posix())
    content = source.read_bytes()
    forms = {"": lambda: content}
    if source.suffix in COMPRESSIBLE:
        forms[".gz"] = lambda: gzip.compress(content, 9, mtime=0)
        if brotli:
            forms[".br"] = lambda: brotli.compress(content)
    return [_write(folder / f"{name}{suffix}", make) for suffix, make in forms.items()]


def _write(path: Path, make: Callable[[], bytes]) -> Path:
    # The name is derived from the content, so an existing file is already correct.
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        part.write_bytes(make())
        part.replace(path)
    return path


@lru_cache(maxsize=256)
def _fingerprint(path: Path, changed_at: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _name_by_content(endpoint: str, values: dict[str, str]) -> None:
    if endpoint == "static" and (FOLDER / values["filename"]).is_file():
        values["filename"] = fingerprinted(values["filename"])


def _send(filename: str) -> Response:
    """Send a static file, compressed if the client accepts that."""
    asked = FINGERPRINTED.fullmatch(filename)
    name = f"{asked[1]}{asked[3]}" if asked else filename
    path = Path(os.path.normpath(FOLDER / name))
    if FOLDER not in path.parents or PUBLISHED in path.parents or not path.is_file():
        abort(404)
    current = fingerprinted(path.relative_to(FOLDER).as_posix())
    encoding = _accepted_encoding(current)
    folder, sent = (PUBLISHED, f"{current}{SUFFIXES[encoding]}") if encoding else (FOLDER, name)
    etag = f"{_fingerprint(path, path.stat().st_mtime_ns)}{encoding}"
    response = send_from_directory(folder, sent, mimetype=guess_type(name)[0], etag=etag)
    if encoding:
        response.content_encoding = encoding
    if path.suffix in COMPRESSIBLE:
        response.vary.add("Accept-Encoding")
    response.headers["Cache-Control"] = _lifetime(filename, asked is not None, current)
    return response


def _lifetime(filename: str, is_fingerprinted: bool, current: str) -> str:
    if not is_fingerprinted:
        return FOR_AN_HOUR
    # During an update, a page of one release may request a file from a process of the other.
    return FOREVER if filename == current else "no-cache"


def _accepted_encoding(current: str) -> str:
    """Return the best available encoding that the client accepts, or ""."""
    accepted = request.accept_encodings
    for encoding, suffix in SUFFIXES.items():
        if accepted.quality(encoding) > 0 and (PUBLISHED / f"{current}{suffix}").is_file():
            return encoding
    return ""
