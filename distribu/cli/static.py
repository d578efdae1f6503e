"""flask static: compress style sheets and scripts before they are served."""

from pathlib import Path

import click

from ..http.static_files import PUBLISHED, publish


@click.group
def static() -> None:
    """Prepare style sheets and scripts."""


@static.command
@click.option(
    "--into",
    type=click.Path(file_okay=False, path_type=Path),
    default=PUBLISHED,
    help="A folder from which a server in front sends them itself.",
)
def compress(into: Path) -> None:
    """Write compressed copies under names that change with their content."""
    click.echo(f"{publish(into.resolve()):,} files are in {into}")
