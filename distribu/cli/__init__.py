"""The flask commands of Distribu: serve, worker, seed, check, db, images, static, users."""

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from ..serving.proxies import find_proxy_problems
from .checks import find_problems, format_problem
from .database import database
from .images import images
from .serve import serve, worker
from .static import static
from .users import users


def init_app(app: Flask) -> None:
    """Add Distribu's own commands to flask."""
    for command in (serve, worker, check, seed, database, images, static, users):
        app.cli.add_command(command)


@click.command
@with_appcontext
def check() -> None:
    """Check the settings and servers, and say how to fix what is wrong."""
    problems = [*find_problems(), *find_proxy_problems(current_app.config)]
    for problem in problems:
        click.echo(format_problem(problem))
    if problems:
        raise SystemExit(1)
    click.echo("Settings, database, image store and queue are as they should be.")


@click.command
@with_appcontext
def seed() -> None:
    """Add the demo company, with drawn images."""
    from ..seed import seed_demo

    if key := seed_demo():
        click.echo(f"API key with all permissions, shown this once: {key}")
    current_app.extensions["image_sandbox"].close()
