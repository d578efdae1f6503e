"""How an image comes to be: stage, stage_copy.

Each commits its row before its objects, and says nothing is READY that
is not whole. Each refuses a session with pending work, because its
commit must not save half a form.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime

from werkzeug.datastructures import FileStorage

from ..extensions import db, sandbox
from ..models import READY, Image, utc_now
from .attachment import (
    STAGED_FOR,
)
from .decoding.policies import (
    CONTENT_TYPES,
    MERCHANT,
    ImagePolicy,
)
from .decoding.probe import ImageInfo
from .decoding.sandbox import WAIT_SECONDS, Publication
from .filenames import public_name, shortened
from .processing import ask_for_work, measured
from .writing import (
    Writer,
    close_with,
    local_copy,
    make_ready,
    putting,
    refuse_pending_work,
    sha256,
)

_COPIED = (
    *("policy", "sha256", "alt_text", "filename", "public_name", "format", "byte_size"),
    *("width_px", "height_px", "placeholder_color", "digital_source_type", "facts"),
)


def stage(
    company_id: str,
    upload: FileStorage,
    policy: ImagePolicy = MERCHANT,
    now: datetime | None = None,
    info: ImageInfo | None = None,
) -> Image:
    """A READY image that no product has yet, its rows and objects written.

    info: what probe() said of the upload, where it has been asked already.
    Commits, and refuses a session with pending work: half a form must
    not be saved with it. Raises InvalidImage, and SandboxError and
    StoreError with nothing left behind.
    """
    refuse_pending_work()
    now = now or utc_now()
    with ExitStack() as files:
        publication = sandbox.publish(upload.stream, policy, wait_seconds=WAIT_SECONDS, info=info)
        made = [publication.stable, publication.thumbnail]
        close_with(files, made)
        image = _new_image(company_id, upload, publication, policy)
        with _written(image, now) as writer:
            writer.put(image.upload_key, upload.stream, "application/octet-stream")
            make_ready(writer, derivatives=writer.put_all(made), queued_at=now)
    ask_for_work(image.id, READY)
    return image


def stage_copy(company_id: str, source: Image, now: datetime | None = None) -> Image:
    """A READY image with bytes of its own that shows what source shows.

    Commits, as stage() does. The copy remembers where it came from.
    Raises StoreError, with nothing left behind.
    """
    refuse_pending_work()
    copied = {made["path"]: source.key(made["path"]) for made in source.derivatives}
    derivatives, is_complete = list(source.derivatives), source.ladder_version is not None
    image = Image(
        company_id=company_id,
        copied_from=source.id,
        ladder_version=source.ladder_version,
        **{name: getattr(source, name) for name in _COPIED},
    )
    now = now or utc_now()
    with _written(image, now) as writer:
        for made in derivatives:
            with local_copy(copied[made["path"]]) as file:
                writer.put(image.key(made["path"]), file, CONTENT_TYPES[made["format"]])
        make_ready(writer, derivatives=derivatives, queued_at=None if is_complete else now)
    if not is_complete:
        ask_for_work(image.id, READY)
    return image


def _new_image(
    company_id: str, upload: FileStorage, publication: Publication, policy: ImagePolicy
) -> Image:
    filename = upload.filename or "image"
    return Image(
        company_id=company_id,
        policy=policy.name,
        sha256=sha256(upload.stream),
        filename=shortened(filename),
        public_name=public_name(filename, publication.info.format),
        byte_size=publication.info.byte_size,
        format=publication.info.format,
        **measured(publication),
    )


@contextmanager
def _written(image: Image, now: datetime) -> Iterator[Writer]:
    """The new row is committed, then what the block puts and says of it; or nothing is left."""
    with putting(image, now, STAGED_FOR) as writer:
        yield writer
    db.session.commit()
