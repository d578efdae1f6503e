"""Search, filters, sort and page size of the inventory list, read from its address."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import g, url_for
from sqlalchemy import ColumnElement, and_, select

from ..http import paging
from ..http.paging import Sort
from ..models import Product
from ..products import search
from ..products.filters import FILTERS, FilteredCatalog

SIZES = (paging.PAGE_SIZE, 48, 96)
# By the name in the address: the label, and the order.
SORTS = {
    "name": ("Name, A to Z", search.BY_NAME),
    "-name": ("Name, Z to A", search.BY_NAME.reversed),
    "sku": ("SKU, A to Z", search.BY_SKU),
    "-sku": ("SKU, Z to A", search.BY_SKU.reversed),
    "price": ("Price, lowest first", search.BY_PRICE),
    "-price": ("Price, highest first", search.BY_PRICE.reversed),
    "stock": ("Stock, lowest first", search.BY_STOCK),
    "-stock": ("Stock, highest first", search.BY_STOCK.reversed),
    "-changed": ("Last changed first", search.BY_CHANGE.reversed),
    "changed": ("Last changed last", search.BY_CHANGE),
}
_DEFAULTS = {"q": "", "category": "", "only": "", "sort": "name", "size": SIZES[0]}


@dataclass(frozen=True)
class ListView:
    """Valid search parameters; invalid ones fall back to the defaults.

    only: a name in FILTERS, or "" for no filter. sort: a name in SORTS.
    """

    q: str = ""
    category: str = ""
    only: str = ""
    sort: str = "name"
    size: int = SIZES[0]

    @classmethod
    def of(cls, arguments: Mapping[str, str]) -> "ListView":
        """Return the view for the query arguments of an address, or for the fields of a form."""
        size, only, sort = (arguments.get(name, "") for name in ("size", "only", "sort"))
        return cls(
            q=arguments.get("q", "").strip(),
            category=arguments.get("category", "").strip(),
            only=only if only in FILTERS else "",
            sort=sort if sort in SORTS else "name",
            size=int(size) if size in map(str, SIZES) else SIZES[0],
        )

    @classmethod
    def at(cls, address: str) -> "ListView":
        """Return the view for an address of the list."""
        return cls.of(dict(parse_qsl(urlsplit(address).query)))

    @property
    def order(self) -> Sort:
        return SORTS[self.sort][1]

    @property
    def is_filtered(self) -> bool:
        return bool(self.q or self.category or self.only)

    @property
    def arguments(self) -> dict[str, Any]:
        """The query arguments that differ from those of the plain list."""
        return {name: value for name, value in asdict(self).items() if value != _DEFAULTS[name]}

    def url(self, cursor: str | None = None, **changes: Any) -> str:
        """Return the address of a page of this view, with these changes."""
        arguments = replace(self, **changes).arguments
        return url_for("inventory.list_products", **arguments, cursor=cursor or None)

    @cached_property
    def catalog(self) -> FilteredCatalog:
        """The filters of the signed-in company."""
        return FilteredCatalog(g.company)

    @cached_property
    def where(self) -> ColumnElement[bool]:
        """The condition that a product is in this view."""
        if not self.only:
            return self._narrowed
        return and_(self._narrowed, self.catalog.condition(self.only))

    def where_now(self) -> ColumnElement[bool]:
        """Return the condition of where, but without cached ids, for changing products."""
        narrowed = self._narrow()
        return and_(narrowed, FILTERS[self.only].condition) if self.only else narrowed

    @cached_property
    def _narrowed(self) -> ColumnElement[bool]:
        return self._narrow()

    def _narrow(self) -> ColumnElement[bool]:
        where = search.matching(g.company.id, self.q)
        return and_(where, Product.category == self.category) if self.category else where

    @cached_property
    def counts(self) -> dict[str, int]:
        """The number of products per filter, within the search and the category."""
        return self.catalog.counts(self._narrowed if self.q or self.category else None)

    @cached_property
    def count(self) -> int:
        """The number of products in this view, at most COUNT_MAX + 1."""
        return self.counts[self.only] if self.only else search.count(self._narrowed)

    def product_after(self, cursor: str | None) -> str | None:
        """Return the id of the first product after the place of a cursor, or None."""
        found = paging.row_after(select(Product.id), self.where, self.order, cursor)
        return None if found is None else str(found)
