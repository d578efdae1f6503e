"""Messages for images that could not be processed, with advice for the client."""

from ..images.decoding.policies import COMMERCE, DAMAGED, EMPTY, EXCESSIVE, UNDECODABLE
from ..models import Image

LOST = "The upload was lost before it could be read. Delete this image and send the file again."
LOST_LATER = "This image was lost from the image store. Delete it and send the file again."
GIVEN_UP = (
    "Reading this image failed three times for an unknown reason. Delete it and send "
    "the file again, or export it again as JPEG."
)
INTERRUPTED = (
    "Reading this image was interrupted three times. We'll try again tomorrow; to be sooner, "
    "delete it and send the file again."
)

_SENTENCES = {
    "empty": EMPTY,
    "format": COMMERCE.format_sentence,
    "byte_size": COMMERCE.byte_size_sentence,
    "pixels": COMMERCE.pixels_sentence,
    "animation": COMMERCE.animation_sentence,
    "damaged": DAMAGED,
    "excessive": EXCESSIVE,
    "undecodable": UNDECODABLE,
    "upload_lost": LOST,
    "objects_lost": LOST_LATER,
    "too_many_attempts": GIVEN_UP,
    "interrupted": INTERRUPTED,
}
# Errors that are not the file's fault.
_RETRYABLE_CODES = ("upload_lost", "objects_lost", "too_many_attempts", "interrupted")


def failure(image: Image) -> dict:
    """Return the error code of an image in ERROR, a sentence, and whether retrying may help."""
    assert image.error_code is not None
    return {
        "code": image.error_code,
        "message": _SENTENCES[image.error_code],
        "canRetry": image.error_code in _RETRYABLE_CODES,
    }
