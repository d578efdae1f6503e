"""The rows chosen in the inventory list: some by their ids, or all of a view.

Every action on chosen rows starts here: Selection.of(request.form)
reads what the list posted, where is the condition of its products, and
fields are the hidden fields of a page that asks for confirmation.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import g, url_for
from sqlalchemy import ColumnElement, and_
from werkzeug.datastructures import MultiDict

from ..http.redirects import local_path
from ..models import Product
from ..models.json_rows import is_among
from .list_view import ListView

# More than a page has, so only a forged form is cut off.
CHOSEN_MAX = 1000


def list_address(form: MultiDict) -> str:
    """Return the page of the list on which the rows were chosen."""
    path, start = local_path(form.get("return_to")), url_for("inventory.list_products")
    return path if path and path.partition("?")[0] == start else start


@dataclass(frozen=True)
class Selection:
    """view: the list that the rows were chosen from. is_all: all its products, on every page."""

    view: ListView
    product_ids: tuple[str, ...] = ()
    is_all: bool = False

    @classmethod
    def of(cls, form: MultiDict) -> "Selection":
        ids = tuple(dict.fromkeys(form.getlist("id")))[:CHOSEN_MAX]
        return cls(ListView.of(form), ids, form.get("all") == "1")

    @property
    def is_empty(self) -> bool:
        return not (self.is_all or self.product_ids)

    @property
    def whole_category(self) -> str:
        """The category whose products are all chosen, and no others; changing it renames it."""
        view = self.view
        return view.category if self.is_all and not (view.q or view.only) else ""

    @property
    def where(self) -> ColumnElement[bool]:
        """The condition that a product is chosen, evaluated without cached ids."""
        if self.is_all:
            return self.view.where_now()
        return and_(Product.company_id == g.company.id, is_among(Product.id, self.product_ids))

    @property
    def fields(self) -> Iterator[tuple[str, str]]:
        """Names and values of the form fields that make the same selection again."""
        yield from ((name, str(value)) for name, value in self.view.arguments.items())
        if self.is_all:
            yield "all", "1"
        else:
            yield from (("id", product_id) for product_id in self.product_ids)
