"""Accept uploads without decoding them: examine, receive, add. process() does the rest.

The steps, in this order: commit a staged row; put the upload; give the
image to its product in one commit; queue the work. A crash between them
leaves a staged row that the next sweep discards.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from sqlalchemy import select

from ..extensions import db
from ..models import ERROR, PROCESSING, Image, Product, utc_now
from .attachment import ImageConflict, attach, change_image, discard, refuse_full
from .decoding.policies import ImagePolicy
from .decoding.probe import ImageInfo, probe
from .filenames import public_name, readable_name, shortened
from .writing import WRITING_WINDOW, putting, sha256


@dataclass(frozen=True)
class Upload:
    """An uploaded file and the facts from its header."""

    file: IO[bytes]
    filename: str
    sha256: str
    info: ImageInfo
    policy: ImagePolicy


class AlreadyThere(ImageConflict):
    """The product already has an image made from this upload."""

    def __init__(self, image_id: str):
        super().__init__(image_id)
        self.image_id = image_id


def examine(file: IO[bytes], filename: str, policy: ImagePolicy) -> Upload:
    """Return the file as an Upload; raise InvalidImage if its header rules it out."""
    info = probe(file, policy)
    return Upload(file, shortened(filename), sha256(file), info, policy)


def find_twin(product_id: str, upload: Upload) -> str | None:
    """Return the id of the product's image with the same bytes and filename, or None.

    Images in ERROR do not count, so uploading the same file again is a new attempt.
    """
    return db.session.scalar(
        select(Image.id)
        .where(
            Image.product_id == product_id,
            Image.sha256 == upload.sha256,
            Image.filename == upload.filename,
            Image.status != ERROR,
        )
        .order_by(Image.position, Image.id)
        .limit(1)
    )


@contextmanager
def received(company_id: str, upload: Upload, now: datetime | None = None) -> Iterator[Image]:
    """Yield a new PROCESSING image without a product, its upload in the store.

    Commits before the block, which attaches the image; if the block fails,
    the image is discarded and that is committed. Raises StoreError, with
    nothing left behind.
    """
    image = _new_image(company_id, upload)
    # No page refers to it yet, so keep it only as long as the upload can take.
    with putting(image, now or utc_now(), keep=WRITING_WINDOW) as writer:
        upload.file.seek(0)
        writer.put(image.upload_key, upload.file, "application/octet-stream")
    image_id, is_given = image.id, False
    try:
        yield image
        is_given = True
    finally:
        if not is_given:
            _give_back(image_id)


def refuse_needless(product_id: str, upload: Upload, limit: int) -> None:
    """Raise AlreadyThere for a duplicate, or ImageLimitReached if the product is full."""
    if twin := find_twin(product_id, upload):
        raise AlreadyThere(twin)
    refuse_full(product_id, limit)


def add(product: Product, image: Image, upload: Upload, limit: int) -> None:
    """Attach the received image as the product's last one. Expects lock_product(); commits nothing.

    Raises AlreadyThere, ImageLimitReached, and ImageConflict if the sweep
    has discarded the image as abandoned.
    """
    refuse_needless(product.id, upload, limit)
    attach(product, image.id, status=PROCESSING)
    # No more objects will be put for it here, so a worker may begin.
    change_image(image, writing_until=None, queued_at=utc_now())


def _give_back(image_id: str) -> None:
    db.session.rollback()
    if image := db.session.get(Image, image_id):
        discard(image)
    db.session.commit()


def _new_image(company_id: str, upload: Upload) -> Image:
    return Image(
        company_id=company_id,
        policy=upload.policy.name,
        sha256=upload.sha256,
        filename=upload.filename,
        public_name=public_name(upload.filename, upload.info.format),
        alt_text=readable_name(upload.filename),
        format=upload.info.format,
        byte_size=upload.info.byte_size,
        width_px=upload.info.width_px,
        height_px=upload.info.height_px,
    )
