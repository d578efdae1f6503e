"""The upload of an image: accepted immediately, processed in the queue."""

from typing import cast

from flask import Response, current_app, g, request
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

from ..extensions import db
from ..http.api_keys import with_key
from ..http.openapi import described
from ..http.request_body import CutOffUpload, Request, UploadTooLarge
from ..images import intake
from ..images.attachment import ImageConflict, ImageLimitReached
from ..images.decoding.policies import COMMERCE, InvalidImage
from ..images.processing import ask_for_work
from ..models import ERROR, PROCESSING, Image
from . import examples
from .blueprint import bp
from .changing import changed_images, committed, find_product
from .document import UPLOAD
from .errors import ImageLimit
from .schemas import Accepted

# Room for the headers and boundaries of the one file part that a valid request has.
ENVELOPE_BYTES = 128 * 1024
REQUEST_MAX_BYTES = COMMERCE.max_byte_size + ENVELOPE_BYTES
# Enough to report how many parts there are.
MOST_PARTS = 10

EXACTLY_ONE = "Expected exactly one file part named 'file', but found {}."
NO_FILENAME = "The part named 'file' must have a filename."
NOT_MULTIPART = "Content-Type must be multipart/form-data."
TOO_SLOW = "The upload took too long. Send it again."


@bp.post("/products/<product_id>/images")
@bp.doc(requestBody=UPLOAD)
@with_key("images:write")
@described("uploadProductImage", 400, 404, 409, 413, 415)
@bp.response(202, Accepted, example=examples.ACCEPTED)
def upload_image(product_id: str) -> Response:
    """Upload an image of a product; ask for its status until it is READY.

    Uploading the same file with the same name again returns the same
    imageId and adds no second image.
    """
    # Do not read the body for a product that does not exist.
    find_product(product_id)
    upload = _read_upload()
    added: list[str] = []
    response = _add(product_id, upload, added)
    for image_id in added:
        ask_for_work(image_id, PROCESSING)
    return response


def _read_upload() -> intake.Upload:
    """Return the one file of the request; refuse it as early as possible."""
    has_body = request.content_length or "Transfer-Encoding" in request.headers
    if has_body and request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType(NOT_MULTIPART)
    request.max_content_length = REQUEST_MAX_BYTES
    request.max_form_parts = MOST_PARTS
    own_request = cast(Request, request)
    own_request.max_file_bytes, own_request.file_class = COMMERCE.max_byte_size, CutOffUpload
    try:
        file = _only_part()
        return intake.examine(file.stream, file.filename or "", COMMERCE)
    except UploadTooLarge as error:
        raise BadRequest(COMMERCE.byte_size_sentence) from error
    except InvalidImage as error:
        raise BadRequest(error.message) from error
    except RequestEntityTooLarge as error:
        if (request.content_length or 0) > REQUEST_MAX_BYTES:
            raise RequestEntityTooLarge(COMMERCE.byte_size_sentence) from error
        raise BadRequest(EXACTLY_ONE.format("more than that")) from error


def _only_part() -> FileStorage:
    count = sum(
        len(values) for parts in (request.form, request.files) for values in parts.listvalues()
    )
    file = request.files.get("file")
    if "file" in request.form or (file is not None and not file.filename):
        raise BadRequest(NO_FILENAME)
    if file is None or count > 1:
        raise BadRequest(EXACTLY_ONE.format(f"{count} parts" if count > 1 else "none"))
    return file


@committed
def _add(product_id: str, upload: intake.Upload, added: list[str]) -> tuple[dict, int]:
    """Attach the upload as the product's last image, once; append the id of a new one to added."""
    limit = current_app.config["IMAGES_PER_PRODUCT"]
    try:
        # Check without the lock first, so that nothing is stored if the upload is refused anyway.
        intake.refuse_needless(product_id, upload, limit)
        with (
            intake.received(g.company.id, upload) as image,
            changed_images(product_id) as product,
        ):
            intake.add(product, image, upload, limit)
            added.append(image.id)
            return {"imageId": image.id}, 202
    except intake.AlreadyThere as there:
        return {"imageId": there.image_id}, 202
    except ImageLimitReached as error:
        raise ImageLimit(_full_sentence(product_id, limit)) from error
    except ImageConflict as error:
        raise Conflict(TOO_SLOW) from error


def _full_sentence(product_id: str, limit: int) -> str:
    sentence = f"The specified product has reached its limit of {limit} images."
    failed = select(Image.id).where(Image.product_id == product_id, Image.status == ERROR)
    if ids := db.session.scalars(failed.order_by(Image.id)).all():
        sentence += f" These images could not be processed. You can delete them: {', '.join(ids)}."
    return sentence
