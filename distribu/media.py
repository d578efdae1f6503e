"""Blueprint /images: the public, stable address of every picture."""

import hashlib

from flask import Blueprint, Response, abort, current_app, request
from flask_login import current_user
from werkzeug.wsgi import wrap_file

from .extensions import db, store
from .images.decode import CONTENT_TYPES
from .images.store import ObjectNotFound
from .models import READY, Image

bp = Blueprint("media", __name__)

FOREVER = "public, max-age=31536000, immutable"


@bp.get("/images/<image_id>/<path:path>")
def show(image_id: str, path: str) -> Response:
    """The bytes of a published picture, or 404 from the commit of its removal on."""
    image = _visible_image_or_404(image_id)
    made = _derivative_or_404(image, path)
    etag = hashlib.sha256(image.key(made["path"]).encode()).hexdigest()[:32]
    start, length = 0, made["byte_size"]
    # A key never gets other bytes, so the address alone names the content.
    response = Response(mimetype=CONTENT_TYPES[made["format"]])
    response.set_etag(etag)
    response.headers["Accept-Ranges"] = "bytes"
    _set_headers(response, image)
    if request.if_none_match.contains_weak(etag):
        response.status_code = 304
        return response
    if (wanted := _range(made["byte_size"], etag)) is not None:
        start, stop = wanted
        if start is None:
            response.status_code = 416
            response.headers["Content-Range"] = f"bytes */{length}"
            return response
        response.status_code = 206
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{length}"
        length = stop - start
    response.content_length = length
    if request.method != "HEAD":
        _send(response, image.key(made["path"]), start, length)
    return response


def _visible_image_or_404(image_id: str) -> Image:
    image = db.session.get(Image, image_id)
    if image is None or image.status != READY:
        abort(404)
    # Until it is saved, a picture is its company's alone.
    if image.is_staged and not (
        current_user.is_authenticated and current_user.company_id == image.company_id
    ):
        abort(404)
    return image


def _derivative_or_404(image: Image, path: str) -> dict:
    if path != image.public_name:
        return image.derivative(path) or abort(404)
    wanted = request.args.get("format", "original")
    width = wanted.removesuffix("w")
    for made in image.derivatives:
        if width.isdecimal() and made["width_px"] == int(width) and made["format"] == "WEBP":
            return made
    return image.derivatives[0]


def _range(size: int, etag: str) -> tuple[int | None, int] | None:
    """First byte and the one behind the last, (None, 0) if unsatisfiable, None for the whole.

    Several ranges at once are answered with the whole, as the standard
    allows: no request makes the server copy more than one picture.
    """
    wanted = request.range
    if wanted is None or wanted.units != "bytes" or len(wanted.ranges) != 1:
        return None
    if (condition := request.if_range).etag is not None and condition.etag != etag:
        return None
    return wanted.range_for_length(size) or (None, 0)


def _set_headers(response: Response, image: Image) -> None:
    response.headers["Cache-Control"] = "private, no-store" if image.is_staged else FOREVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"


def _send(response: Response, key: str, start: int, length: int) -> None:
    try:
        body = store.open(key, start, length)
    except ObjectNotFound:
        current_app.logger.error("missing object: %s", key)
        abort(404)
    response.response = wrap_file(request.environ, body)
    response.direct_passthrough = True
    response.call_on_close(body.close)
