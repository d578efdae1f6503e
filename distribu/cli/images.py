"""flask images: sweep, doctor, rebuild and move."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from ..extensions import store
from ..images import doctor as image_doctor
from ..images import moving, outbox, rebuilding
from ..images.decoding.sandbox import SandboxError
from ..images.stores.by_url import open_store
from ..images.stores.contract import ImageStore, StoreError


@click.group
def images() -> None:
    """Check, repair and move the images."""


@images.command
@with_appcontext
def sweep() -> None:
    """Finish work that crashes interrupted, now."""
    try:
        left = outbox.sweep()
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    if left is None:
        raise click.ClickException("Another sweep is under way. Try again when it has ended.")
    if left:
        failing = outbox.failing()
        prefix, reason = failing[0] if failing else ("", "see the log")
        raise click.ClickException(f"{left} could not be deleted yet, as {prefix}: {reason}")


@images.command
@click.option("--repair", is_flag=True, help="Repair what can be repaired.")
@click.option("--purge", is_flag=True, help="Delete now what repairs have kept for later.")
@click.option(
    "--accept-older",
    is_flag=True,
    help="Repair although the database is an older backup and the newer one is gone for good.",
)
@with_appcontext
def doctor(repair: bool, purge: bool, accept_older: bool) -> None:
    """Compare the database with the image store; exit with 1 if something is left to do.

    Images that only a new upload can mend are listed by product, but do not
    count.
    """
    for image in image_doctor.beyond_repair():
        click.echo(f"upload it again: {image}")
    count = repaired = 0
    try:
        for finding in image_doctor.examine(repair, accept_older):
            click.echo(finding)
            count += 1
            repaired += finding.is_repaired
        if purge and (failed := image_doctor.purge()):
            raise click.ClickException(f"{failed} prefixes could not be deleted yet.")
    except image_doctor.ForeignStore as error:
        raise click.ClickException(f"{error} Nothing was repaired.") from error
    except StoreError as error:
        raise click.ClickException(str(error)) from error
    if not count:
        click.echo("Every row has its objects, and every object its row.")
        return
    click.echo(f"{count} found, {repaired} repaired.")
    if repaired < count:
        raise SystemExit(1)


@images.command
@with_appcontext
def rebuild() -> None:
    """Make every image's sizes again after they have changed; exit with 1 if one failed.

    Pages show the old sizes of an image until its new ones are ready, and
    its own address stays the same. You can stop and restart the command.
    """
    outcomes: Counter[Any] = Counter()
    with click.progressbar(rebuilding.outdated(), label="Rebuilding", show_pos=True) as image_ids:
        for image_id in image_ids:
            outcome = _rebuild(image_id)
            outcomes[outcome == rebuilding.DONE] += outcome != rebuilding.GONE
            if outcome not in (rebuilding.DONE, rebuilding.GONE):
                click.echo(f"\n{image_id}: {outcome}", err=True)
    current_app.extensions["image_sandbox"].close()
    click.echo(f"{outcomes[True]} rebuilt, {outcomes[False]} not.")
    if outcomes[False]:
        raise SystemExit(1)


def _rebuild(image_id: str) -> str:
    try:
        return rebuilding.rebuild(image_id)
    except (SandboxError, StoreError) as error:
        return f"{error} (the sweep tries again)"


@images.command
@click.option("--to", "url", required=True, help="The other store, as DISTRIBU_IMAGE_STORE_URL.")
@with_appcontext
def move(url: str) -> None:
    """Copy every image to another store, compare each byte, and switch to it.

    The shop stays open. Images cannot be changed only during a short last
    pass. You can stop the command at any time, and start it again.
    """
    try:
        target = open_store(url)
        run = moving.Move(target)
        _copy_while_open(run)
        with _progress("Last pass, images are frozen") as tick:
            run.finish(tick)
    except moving.AlreadyMoved:
        click.echo(f"The images are in {target} already.")
        return
    except (image_doctor.ForeignStore, moving.MoveFailed, StoreError) as error:
        raise click.ClickException(
            f"{error}\nThe images are where they were, and can be changed. "
            "Run the same command again to continue."
        ) from error
    for key in sorted(run.missing):
        click.echo(f"missing in both stores: {key}", err=True)
    click.echo(_next_steps(target))


def _copy_while_open(run: moving.Move) -> None:
    """Copy until a pass finds few new objects, so that the last pass is short."""
    for number in range(1, moving.PASSES + 1):
        with _progress(f"Copying, pass {number}") as tick:
            copied = run.copy(tick)
        if copied < moving.FEW_NEW_OBJECTS:
            return


@contextmanager
def _progress(label: str) -> Iterator[Callable[[], None]]:
    with click.progressbar(length=moving.image_count(), label=label, show_pos=True) as bar:
        yield lambda: bar.update(1)


def _next_steps(target: ImageStore) -> str:
    return f"""
Every image is in {target} now, and compared byte by byte. No address has changed.

1. Set DISTRIBU_IMAGE_STORE_URL to the address that you gave with --to, for every server and
   worker. Where nginx, a bucket or a CDN answers for images, point it at the new store too.
2. Start all of them again. Until then they show the images of the old store, and refuse to
   change any.
3. Run flask check and flask images doctor.
4. When all is well, delete what is left in {store}."""
