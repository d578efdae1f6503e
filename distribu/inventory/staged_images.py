"""Stage or discard a chosen image, for the form and for many images at once."""

from collections.abc import Callable
from contextlib import suppress

from flask import current_app

from ..extensions import db
from ..http.error_handlers import STORE_FULL
from ..images import attachment
from ..images.decoding.policies import InvalidImage
from ..images.decoding.sandbox import SandboxBusy, SandboxError
from ..images.store_identity import ImagesHeld
from ..images.stores.contract import StoreError, StoreFull, StoreMisconfigured
from ..models import Image

NOT_STORED = "The image could not be stored just now. Nothing is lost: try again."
BUSY = (
    "The server is too busy to read this image just now. Nothing is lost: choose it again in "
    "a minute."
)
INTERRUPTED = "We could not process the image just now. Try again."


def staged_or_problem(stage: Callable[[], Image]) -> Image | str:
    """Return the image that stage() makes, or a sentence for the merchant if it fails.

    Raises StoreMisconfigured, which is answered with 503: only an operator
    can help, and choosing the file again cannot.
    """
    try:
        return stage()
    except InvalidImage as error:
        return error.message
    except ImagesHeld as error:
        return str(error)
    except StoreMisconfigured:
        raise
    except StoreFull:
        return STORE_FULL
    except StoreError:
        return NOT_STORED
    except SandboxError as error:
        current_app.logger.error("an image could not be decoded: %s", error)
        return BUSY if isinstance(error, SandboxBusy) else INTERRUPTED


def discard(image: Image | None) -> None:
    """Discard a chosen image that is not saved; None does nothing. Commits."""
    if image:
        # While images are held, leave it to the sweep, which discards it after a day.
        with suppress(ImagesHeld):
            attachment.discard(image)
            db.session.commit()
