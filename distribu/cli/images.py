"""flask images: what looks after the pictures as a whole."""

import click
from flask.cli import with_appcontext

from ..extensions import store
from ..images import doctor as image_doctor
from ..images import outbox
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
