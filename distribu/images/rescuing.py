"""Rescue of images: READY again from their own objects after failure or loss."""

from sqlalchemy import ColumnElement

from ..extensions import store
from ..models import ERROR, PROCESSING, READY, Image
from .attachment import change_image
from .decoding.policies import PUBLISHED, InvalidImage
from .decoding.probe import probe
from .decoding.wire import PublishedFile
from .stores.contract import ObjectNotFound
from .writing import local_copy

# The error code of an image that was READY once, whose objects the store has no more.
OBJECTS_LOST = "objects_lost"
_FROM_THE_START = {"attempts": 0, "ladder_version": None, "writing_until": None}


def rescue(image: Image, *conditions: ColumnElement[bool]) -> str | None:
    """Have the image made from what the store has of it; return from what, None without anything.

    The stable image alone makes it READY; its smaller sizes follow. The
    upload is asked for first, since it is the better source.
    conditions: of the row, as for change_image(). Commits nothing.
    Raises ImageConflict and StoreError.
    """
    if image.status not in (PROCESSING, ERROR):
        return None
    is_same = Image.status == image.status, *conditions
    if byte_size(image.upload_key) is not None:
        if image.error_code != OBJECTS_LOST:
            # It waits for its next attempt, or has had a verdict.
            return None
        change: dict[str, object] = {"status": PROCESSING, "derivatives": []}
        source = "the upload"
    else:
        measured = _measure_stable(image)
        if measured is None:
            return None
        change, source = measured | {"status": READY}, "the stable image"
    change_image(image, *is_same, error_code=None, **change, **_FROM_THE_START)
    return source


def byte_size(key: str) -> int | None:
    """The size of an object; None where there is none. Raises StoreError."""
    try:
        return store.stat(key).byte_size
    except ObjectNotFound:
        return None


def _measure_stable(image: Image) -> dict[str, object] | None:
    """Return the stable image's facts for its row; None where the store has no intact one.

    Sizes that were recorded beside it are kept: doctor() looks at each.
    """
    try:
        with local_copy(image.key()) as file:
            info = probe(file, PUBLISHED)
    except (ObjectNotFound, InvalidImage):
        return None
    recorded = image.derivative("")
    if recorded and recorded["byte_size"] != info.byte_size:
        return None
    stable: PublishedFile = {
        "path": "",
        "format": info.format,
        "width_px": info.width_px,
        "height_px": info.height_px,
        "byte_size": info.byte_size,
    }
    others = [made for made in image.derivatives if made["path"]]
    return {
        "derivatives": [stable, *others],
        "width_px": image.width_px or info.width_px,
        "height_px": image.height_px or info.height_px,
    }
