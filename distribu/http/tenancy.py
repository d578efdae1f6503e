"""The one guard between companies: who is asking, for whom, and what they may touch."""

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from flask import abort, g
from flask_login import current_user, login_required
from sqlalchemy import inspect

from ..audit import set_actor
from ..extensions import db
from ..models import Product

Row = TypeVar("Row")


def signed_in(view: Callable) -> Callable:
    """A view of the dashboard: its visitor is signed in, and g.company is theirs."""

    @wraps(view)
    @login_required
    def guarded(*args, **kwargs):
        set_actor("USER", current_user, current_user.company, current_user.email)
        return view(*args, **kwargs)

    return guarded


def managers_only(view: Callable) -> Callable:
    """A view for the OWNER and ADMINs; anyone else is refused with 403."""

    @wraps(view)
    @signed_in
    def guarded(*args, **kwargs):
        if not current_user.is_manager:
            abort(403)
        return view(*args, **kwargs)

    return guarded


def row_now(row: Row | None) -> Row | None:
    """The row as it is in the database now; None where it is gone.

    After a commit or a rollback any attribute of a row may be asked of
    the database, and raises where somebody has deleted it meanwhile.
    """
    if row is None:
        return None
    (row_id,) = inspect(row).identity
    return db.session.get(type(row), row_id, populate_existing=True)


def company_row(model: type[Row], row_id: str) -> Row | None:
    """The company's own row, or None."""
    row = db.session.get(model, row_id)
    return row if row is not None and row.company_id == g.company.id else None


def company_row_or_404(model: type[Row], row_id: str) -> Row:
    """The company's own row; 404 for another's as for none at all."""
    return company_row(model, row_id) or abort(404)


def company_product_or_404(product_id: str) -> Product:
    """The company's own product; 404 for another's as for none at all."""
    return company_row_or_404(Product, product_id)
