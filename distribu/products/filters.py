"""The filters of the inventory list, mostly for missing data, and their counts.

A catalog may have 100,000 products, and a page shows the count of every
filter. So each is counted from a partial index of the rows that it
finds, up to COUNT_MAX. Products without an image cannot have such an
index: they are searched for once per catalog version and cached.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import (
    ColumnElement,
    bindparam,
    exists,
    func,
    literal_column,
    select,
    union_all,
)

from ..extensions import db
from ..models import LOW_STOCK, Company, Image, Product, shown_image_id
from ..models.json_rows import AnySelect, is_among
from ..models.states import (
    HAS_NO_ALT,
    IS_EXTERNAL_WITHOUT_ALT,
    IS_HOSTED_ALONE,
    IS_INACTIVE,
    IS_READY,
    IS_SMALL,
    IS_UNREADY,
    NEEDS_UPLOAD,
)
from .search import COUNT_MAX

# Number of catalog versions whose products without an image are cached, COUNT_MAX ids each.
KEPT_MAX = 32

_OWN = Product.company_id == bindparam("company_id")
_OWN_IMAGE = Image.company_id == bindparam("company_id")
# Not "SELECT *", for which SQLite would read the image's row as well as the index.
_HAS_READY = (
    select(literal_column("1"))
    .select_from(Image)
    .where(Image.product_id == Product.id, IS_READY)
    .correlate(Product)
    .exists()
)


@dataclass(frozen=True)
class Filter:
    """label: the name in the list. condition: on a Product.

    found: a query for the ids of such products of :company_id, through an
    index of images; None if the condition itself has an index.
    """

    label: str
    condition: ColumnElement[bool]
    found: AnySelect | None = None


def _shows(state: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the product shows a hosted image in this state."""
    shown = exists().where(Image.id == shown_image_id(), state)
    return Product.external_image_url.is_(None) & shown


def _showing(state: ColumnElement[bool]) -> AnySelect:
    """Return a query for the ids of products that show a hosted image in this state."""
    is_shown = (Image.id == shown_image_id()) & Product.external_image_url.is_(None)
    images = select(Image.product_id.label("id")).join(Product, Image.product_id == Product.id)
    return images.where(_OWN_IMAGE, state, is_shown)


def _has(state: ColumnElement[bool]) -> tuple[ColumnElement[bool], AnySelect]:
    """Return a condition for products with an image in this state, and a query for their ids."""
    of_products = Image.product_id.is_not(None)
    found = select(Image.product_id.label("id")).where(_OWN_IMAGE, state, of_products)
    return exists().where(Image.product_id == Product.id, state), found.distinct()


WITHOUT_IMAGE = "without-image"
FILTERS = {
    WITHOUT_IMAGE: Filter("No image", IS_HOSTED_ALONE & ~_HAS_READY),
    "unfinished": Filter("Image failed or in progress", *_has(IS_UNREADY)),
    "without-alt": Filter(
        "No alt text",
        _shows(HAS_NO_ALT) | IS_EXTERNAL_WITHOUT_ALT,
        select(
            union_all(
                _showing(HAS_NO_ALT), select(Product.id).where(_OWN, IS_EXTERNAL_WITHOUT_ALT)
            ).subquery()
        ),
    ),
    "small": Filter("Image under 500 px", _shows(IS_SMALL), _showing(IS_SMALL)),
    "needs-upload": Filter("Needs a new upload", *_has(NEEDS_UPLOAD)),
    "low-stock": Filter("Low stock", Product.stock.between(1, LOW_STOCK)),
    "out-of-stock": Filter("Out of stock", Product.stock <= 0),
    "inactive": Filter("Inactive", IS_INACTIVE),
}


class FilteredCatalog:
    """The filters of one company, with totals: the number of products that each finds.

    A total above COUNT_MAX means more than COUNT_MAX.
    """

    def __init__(self, company: Company):
        self.company_id = company.id
        self._without_image = _without_image(company.id, company.catalog_version)
        self.totals = {WITHOUT_IMAGE: len(self._without_image)} | self._count(
            {name: _found(one) for name, one in FILTERS.items() if name != WITHOUT_IMAGE}
        )

    def condition(self, name: str) -> ColumnElement[bool]:
        """Return the condition that the filter finds a product of the company.

        If it finds only a few, the condition lists or looks up their ids, so
        that the database need not scan a whole sort order for them.
        """
        one, is_rare = FILTERS[name], self.totals[name] <= COUNT_MAX
        if name == WITHOUT_IMAGE and is_rare:
            return is_among(Product.id, self._without_image)
        if one.found is not None and is_rare:
            return Product.id.in_(one.found.params(company_id=self.company_id))
        return one.condition

    def counts(self, where: ColumnElement[bool] | None) -> dict[str, int]:
        """Count each filter's products among those that meet where; None: among all."""
        if where is None:
            return self.totals
        some = [name for name, total in self.totals.items() if total]
        narrowed = {name: select(Product.id).where(where, self.condition(name)) for name in some}
        return dict.fromkeys(self.totals, 0) | self._count(narrowed)

    def _count(self, queries: dict[str, AnySelect]) -> dict[str, int]:
        """Count the rows of each query, up to COUNT_MAX + 1, in one statement."""
        if not queries:
            return {}
        counted = [
            select(func.count())
            .select_from(query.limit(COUNT_MAX + 1).subquery())
            .scalar_subquery()
            for query in queries.values()
        ]
        row = db.session.execute(select(*counted), {"company_id": self.company_id}).one()
        return dict(zip(queries, row, strict=True))


def _found(one: Filter) -> AnySelect:
    return select(Product.id).where(_OWN, one.condition) if one.found is None else one.found


@lru_cache(KEPT_MAX)
def _without_image(company_id: str, _catalog_version: int) -> Sequence[str]:
    """Return the ids of the company's products without an image, at most COUNT_MAX + 1.

    The version is read before the products, so a cached list is never older
    than its version. Do not call it with uncommitted changes of products.
    """
    asked = select(Product.id).where(_OWN, FILTERS[WITHOUT_IMAGE].condition)
    return db.session.scalars(asked.limit(COUNT_MAX + 1), {"company_id": company_id}).all()
