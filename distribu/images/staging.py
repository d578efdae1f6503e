"""Creation of images: stage, stage_turned, stage_copy.

Each commits the row before it puts objects, and marks the image READY
only when all are there. Each refuses a session with pending work,
because its commit must not save half a form.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from typing import IO

from werkzeug.datastructures import FileStorage

from ..extensions import db, sandbox
from ..models import READY, Image, utc_now
from .attachment import (
    STAGED_FOR,
)
from .decoding.policies import (
    CONTENT_TYPES,
    MERCHANT,
    PUBLISHED,
    ImagePolicy,
)
from .decoding.probe import ImageInfo
from .decoding.sandbox import WAIT_SECONDS
from .decoding.wire import Publication
from .filenames import public_name, shortened
from .processing import POLICIES, ask_for_work, measured
from .stores.contract import ObjectNotFound
from .writing import (
    Writer,
    close_with,
    local_copy,
    make_ready,
    putting,
    refuse_pending_work,
    sha256,
)

# JPEG, WebP or AVIF quality for turning a saved image, high because it is encoded a second time.
TURNED_QUALITY = 92
_COPIED = (
    *("policy", "sha256", "published_sha256", "alt_text", "filename", "public_name"),
    *("format", "byte_size"),
    *("width_px", "height_px", "placeholder_color", "digital_source_type", "facts"),
)


def stage(
    company_id: str,
    upload: FileStorage,
    policy: ImagePolicy = MERCHANT,
    now: datetime | None = None,
    info: ImageInfo | None = None,
    label: str | None = None,
) -> Image:
    """Decode an upload and return it as a READY image that no product owns yet.

    The upload is kept; the ladder is made when the image is saved.
    info: the result of probe(), if the caller has it already.
    label: a term of DigitalSourceType, used if the upload has none.
    Commits, and refuses a session with pending work. Raises InvalidImage,
    SandboxError and StoreError, with nothing left behind.
    """
    refuse_pending_work()
    now = now or utc_now()
    with ExitStack() as files:
        publication = sandbox.publish(
            upload.stream, policy, wait_seconds=WAIT_SECONDS, info=info, label=label
        )
        made = [publication.stable, publication.thumbnail]
        close_with(files, made)
        image = _new_image(company_id, upload, publication, policy)
        with _written(image, now) as writer:
            writer.put(image.upload_key, upload.stream, "application/octet-stream")
            make_ready(writer, derivatives=writer.put_all(made))
    return image


def stage_turned(
    company_id: str, source: Image, quarters: int, now: datetime | None = None
) -> Image:
    """Stage a READY image that shows source turned clockwise by some quarter turns.

    A chosen image is published again from its upload. A saved one is turned
    from its stable image, at a quality high enough to show no loss. Commits
    and raises as stage() does.
    """
    refuse_pending_work()
    with ExitStack() as files:
        origin, file, turn = _origin(source, quarters, files)
        is_upload = origin is None
        publication = sandbox.publish(
            file,
            POLICIES[source.policy] if is_upload else PUBLISHED,
            wait_seconds=WAIT_SECONDS,
            turn=turn,
            label=source.digital_source_type,
            quality=None if is_upload else TURNED_QUALITY,
        )
        made = [publication.stable, publication.thumbnail]
        close_with(files, made)
        image = _turned_image(company_id, source, publication, is_upload)
        image.turn, image.copied_from = turn, origin
        with _written(image, now or utc_now()) as writer:
            if is_upload:
                file.seek(0)
                writer.put(image.upload_key, file, "application/octet-stream")
            make_ready(writer, derivatives=writer.put_all(made))
    return image


def _origin(source: Image, quarters: int, files: ExitStack) -> tuple[str | None, IO[bytes], int]:
    """Return the id of the source's stable image, its file, and the total turn.

    The id is None if the file is the upload.
    """
    if source.is_staged:
        turn = (source.turn + quarters) % 4
        saved = source.turn and source.copied_from and db.session.get(Image, source.copied_from)
        if saved and saved.company_id == source.company_id:
            return saved.id, files.enter_context(local_copy(saved.key())), turn
        with suppress(ObjectNotFound):
            return None, files.enter_context(local_copy(source.upload_key)), turn
    return source.id, files.enter_context(local_copy(source.key())), quarters % 4


def _turned_image(
    company_id: str, source: Image, publication: Publication, is_upload: bool
) -> Image:
    values = {name: getattr(source, name) for name in _COPIED} | measured(publication)
    if source.facts and not is_upload:
        # The receipt describes the upload, not the stable image that was read here.
        values["facts"] = source.facts | {"published": publication.facts["published"]}
    return Image(company_id=company_id, **values)


def stage_copy(company_id: str, source: Image, now: datetime | None = None) -> Image:
    """Return a READY image that shows the same as source, with objects of its own.

    Commits, as stage() does. copied_from names the source. Raises
    StoreError, with nothing left behind.
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
    """Commit the new row, yield its writer, and commit again; leave nothing on StoreError."""
    with putting(image, now, STAGED_FOR) as writer:
        yield writer
    db.session.commit()
