"""flask images: what looks after the pictures as a whole."""

from collections import Counter

import click
from flask import current_app
from flask.cli import with_appcontext

from ..extensions import store
from ..images import doctor as image_doctor
from ..images import outbox, rebuilding
from ..images.sandbox import SandboxError
from ..images.store import StoreError


@click.group
def images() -> None:
    """Look after the pictures as a whole."""


@images.command
@with_appcontext
def sweep() -> None:
    """Finish what crashes left behind, now."""
    outbox.sweep(store)


@images.command
@click.option("--repair", is_flag=True, help="Repair what can be repaired.")
@with_appcontext
def doctor(repair: bool) -> None:
    """Compare the rows with the image store, both ways; exit with 1 if something is left to do."""
    count = repaired = 0
    try:
        for finding in image_doctor.examine(store, repair):
            click.echo(finding)
            count += 1
            repaired += finding.is_repaired
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
    """Make the sizes of every picture anew after a change of them; exit with 1 if one failed.

    Pages show the old sizes of a picture until its new ones are there,
    and its own address stays. It may be stopped and started again.
    """
    outcomes = Counter()
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
        return rebuilding.rebuild(store, image_id)
    except (SandboxError, StoreError) as error:
        return f"{error} (the sweep tries again)"
