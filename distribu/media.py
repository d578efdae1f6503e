"""Blueprint /images: serve every published image at its public, stable address."""

import hashlib
from functools import lru_cache
from urllib.parse import quote

from flask import Blueprint, Response, abort, current_app, request
from flask_login import current_user
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.wsgi import wrap_file

from .extensions import db, store
from .images.decoding.policies import CONTENT_TYPES
from .images.decoding.wire import PublishedFile
from .images.stores.contract import ObjectNotFound
from .models import READY, Image

bp = Blueprint("media", __name__)

FOREVER = "public, max-age=31536000, immutable"
# For a response that may improve when the ladder is complete, or a new one is made.
FOR_NOW = "public, no-cache"
STAGED = "private, no-store"


@bp.get("/images/<image_id>/<path:path>")
def show(image_id: str, path: str) -> Response:
    """Send a published image, or 404 as soon as its removal is committed."""
    image = _visible_image_or_404(image_id)
    made = image.derivative("" if path == image.public_name else path) or abort(404)
    is_exact = True
    if not made["path"]:
        made, is_exact = _wanted(image)
    response = Response(mimetype=CONTENT_TYPES[made["format"]])
    _set_headers(response, image, is_exact)
    key = image.key(made["path"])
    if prefix := current_app.config["ACCEL_REDIRECT_PREFIX"]:
        # The proxy reads the file and handles range requests itself.
        response.headers["X-Accel-Redirect"] = prefix + quote(key)
        return response
    # A key's bytes never change, so the key identifies the content.
    response.set_etag(hashlib.sha256(key.encode()).hexdigest()[:32])
    response.headers["Accept-Ranges"] = "bytes"
    if request.if_none_match.contains_weak(response.get_etag()[0] or ""):
        response.status_code = 304
        return response
    _send(response, key, made["byte_size"])
    return response


def _visible_image_or_404(image_id: str) -> Image:
    image = db.session.get(Image, image_id)
    if image is None or image.status != READY:
        abort(404)
    # Only its company may see an image that is not saved yet.
    if image.is_staged and not (
        current_user.is_authenticated and current_user.company_id == image.company_id
    ):
        abort(404)
    return image


def _wanted(image: Image) -> tuple[PublishedFile, bool]:
    """Return the file for ?format=, such as "500w", and whether it is exactly the one asked for."""
    wanted = request.args.get("format", "original")
    if made := image.rung(wanted.removesuffix("w")):
        return made, True
    return image.derivatives[0], wanted == "original"


def _set_headers(response: Response, image: Image, is_exact: bool) -> None:
    lasts = FOREVER if is_exact else FOR_NOW
    response.headers["Cache-Control"] = STAGED if image.is_staged else lasts
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    site = "same-origin" if image.is_staged else "cross-origin"
    response.headers["Cross-Origin-Resource-Policy"] = site


def _send(response: Response, key: str, size: int) -> None:
    """Give the response the whole object, or the requested part."""
    start, stop = 0, size
    if (part := _range(response, size)) is not None:
        start, stop = part
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response.content_length = stop - start
    if request.method == "HEAD":
        return
    try:
        body = store.open(key, start, stop - start)
    except ObjectNotFound as error:
        _log_missing(key)
        raise NotFound from error
    response.response = wrap_file(request.environ, body)
    response.direct_passthrough = True
    response.call_on_close(body.close)


def _range(response: Response, size: int) -> tuple[int, int] | None:
    """Return the requested start and stop, or None for the whole object.

    Several ranges in one request get the whole object, as the standard
    allows, so that no request makes the server copy more than one image.
    Raises RequestedRangeNotSatisfiable.
    """
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if request.method != "GET" or not _if_range_holds(response):
        return None
    first, _ = wanted.ranges[0]
    if first < -size:
        # A suffix range longer than the file is the whole file.
        return 0, size
    if (found := wanted.range_for_length(size)) is None:
        raise RequestedRangeNotSatisfiable(size)
    return found


def _if_range_holds(response: Response) -> bool:
    # Only the same strong ETag shows that the client has the rest; a date or weak ETag does not.
    condition = request.headers.get("If-Range")
    return condition is None or condition.strip() == response.headers["ETag"]


@lru_cache(maxsize=1000)
def _log_missing(key: str) -> None:
    # Cached, so that each missing object is logged once.
    current_app.logger.error("missing object: %s", key)
