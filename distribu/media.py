"""Blueprint /images: the public, stable address of every image."""

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
# What another ladder, or the rest of this one, may answer better.
FOR_NOW = "public, no-cache"
STAGED = "private, no-store"


@bp.get("/images/<image_id>/<path:path>")
def show(image_id: str, path: str) -> Response:
    """The bytes of a published image, or 404 from the commit of its removal on."""
    image = _visible_image_or_404(image_id)
    made = image.derivative("" if path == image.public_name else path) or abort(404)
    is_exact = True
    if not made["path"]:
        made, is_exact = _wanted(image)
    response = Response(mimetype=CONTENT_TYPES[made["format"]])
    _set_headers(response, image, is_exact)
    key = image.key(made["path"])
    if prefix := current_app.config["ACCEL_REDIRECT_PREFIX"]:
        # The proxy reads the file: what part of it is asked for is between it and the client.
        response.headers["X-Accel-Redirect"] = prefix + quote(key)
        return response
    # A key never gets other bytes, so it alone names the content.
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
    # Until it is saved, an image is its company's alone.
    if image.is_staged and not (
        current_user.is_authenticated and current_user.company_id == image.company_id
    ):
        abort(404)
    return image


def _wanted(image: Image) -> tuple[PublishedFile, bool]:
    """Return the width that ?format= asks for, as "500w", or the stable image, and which it is."""
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
    """The response has the whole object, or the part that was asked for."""
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
    """The first byte that is asked for and the one behind the last; None for the whole.

    Several ranges at once are answered with the whole, as the standard
    allows: no request makes the server copy more than one image.
    Raises RequestedRangeNotSatisfiable.
    """
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if request.method != "GET" or not _if_range_holds(response):
        return None
    first, _ = wanted.ranges[0]
    if first < -size:
        # The last so many bytes of a file that has fewer are all of it.
        return 0, size
    if (found := wanted.range_for_length(size)) is None:
        raise RequestedRangeNotSatisfiable(size)
    return found


def _if_range_holds(response: Response) -> bool:
    # Only this very ETag vouches that the client has the other part of it: no date, no weak one.
    condition = request.headers.get("If-Range")
    return condition is None or condition.strip() == response.headers["ETag"]


@lru_cache(maxsize=1000)
def _log_missing(key: str) -> None:
    # Once, however often a popular page asks for it.
    current_app.logger.error("missing object: %s", key)
