"""Keep companies apart: who is signed in, for which company, and which rows they may use."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, Protocol, TypeVar

from flask import abort, g
from flask_login import current_user, login_required
from sqlalchemy import inspect

from ..audit import set_actor
from ..extensions import Model, db
from ..models import Product

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Row = TypeVar("Row", bound=Model)


class _OfCompany(Protocol):
    @property
    def company_id(self) -> str: ...


OwnRow = TypeVar("OwnRow", bound=_OfCompany)


def signed_in(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorate a dashboard view: require a sign-in and set g.company to the user's company."""

    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        set_actor("USER", current_user, current_user.company, current_user.email)
        return view(*args, **kwargs)

    required: Callable[Parameters, Result] = login_required(guarded)
    return wraps(view)(required)


def managers_only(view: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Decorate a view for the OWNER and ADMINs; refuse anyone else with 403."""

    @wraps(view)
    @signed_in
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        if not current_user.is_manager:
            abort(403)
        return view(*args, **kwargs)

    return guarded


def row_now(row: Row | None) -> Row | None:
    """Return the row as it is in the database now, or None if it was deleted.

    After a commit or a rollback, reading any attribute of a row may query
    the database, and raises if the row was deleted meanwhile.
    """
    if row is None:
        return None
    identity = inspect(row).identity
    assert identity is not None
    [row_id] = identity
    return db.session.get(type(row), row_id, populate_existing=True)


def company_row(model: type[OwnRow], row_id: str) -> OwnRow | None:
    """Return the row with this id if it belongs to the company, else None."""
    row = db.session.get(model, row_id)
    return row if row is not None and row.company_id == g.company.id else None


def company_row_or_404(model: type[OwnRow], row_id: str) -> OwnRow:
    """Return the row with this id if it belongs to the company, else respond with 404."""
    return company_row(model, row_id) or abort(404)


def company_product_or_404(product_id: str) -> Product:
    """Return the product with this id if it belongs to the company, else respond with 404."""
    return company_row_or_404(Product, product_id)
