"""flask db refill: columns that an older release left empty or as they were."""

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
    """Compute anew what older releases do not: keys of SKUs, search texts, currencies of orders.

    Once, after an update, when no process of the older release is left.
    It runs behind the pages, and may be run again at any time.
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
