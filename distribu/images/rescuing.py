"""Rescue failed or lost images from the objects that the store still has."""

from sqlalchemy import ColumnElement

from ..extensions import store
from ..models import ERROR, PROCESSING, READY, Image
from .attachment import change_image
from .decoding.policies import PUBLISHED, InvalidImage
from .decoding.probe import probe
from .decoding.wire import PublishedFile
from .stores.contract import ObjectNotFound
from .writing import local_copy

# Error code of an image that was READY until the store lost its objects.
OBJECTS_LOST = "objects_lost"
_FROM_THE_START = {"attempts": 0, "ladder_version": None, "writing_until": None}


def rescue(image: Image, *conditions: ColumnElement[bool]) -> str | None:
    """Have the image made again from its upload or stable image; return which, or None.

    The upload comes first, since it is the better source. The stable image
    alone makes it READY; its smaller sizes follow.
    conditions: as for change_image(). Commits nothing. Raises ImageConflict
    and StoreError.
    """
    if image.status not in (PROCESSING, ERROR):
        return None
    is_same = Image.status == image.status, *conditions
    if byte_size(image.upload_key) is not None:
        if image.error_code != OBJECTS_LOST:
            # It waits for its next attempt, or was found to be invalid.
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
    """Return the size of an object, or None if it does not exist. Raises StoreError."""
    try:
        return store.stat(key).byte_size
    except ObjectNotFound:
        return None


def _measure_stable(image: Image) -> dict[str, object] | None:
    """Return column values measured from the stable image, or None if it is not intact.

    Sizes that were recorded for other derivatives are kept: the doctor checks each.
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
