"""flask db refill: recompute columns that an older release left empty or outdated."""

import click
from flask.cli import with_appcontext
from sqlalchemy.exc import IntegrityError

from ..extensions import db
from ..products.refilling import refill_products
from ..sales.refilling import refill_orders
from .checks import check_tables


@click.command
@with_appcontext
def refill() -> None:
    """Recompute SKU keys, search texts and order currencies that older releases did not write.

    Run it once after an update, when no process of the older release is left. It has a lower
    priority than pages, and is safe to repeat.
    """
    if problems := check_tables():
        raise click.ClickException(f"{problems[0].message} {problems[0].hint}")
    try:
        products, orders = refill_products(), refill_orders()
    except IntegrityError as error:
        db.session.rollback()
        raise click.ClickException(
            "Somebody took a SKU meanwhile. Run the same command again."
        ) from error
    click.echo(f"{products:,} products and {orders:,} orders were filled in.")
