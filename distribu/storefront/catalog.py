"""Search, filter and sort a store's catalog, read without ORM rows for speed."""

from dataclasses import dataclass
from functools import cache, lru_cache
from math import ceil
from urllib.parse import urlencode

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    String,
    Text,
    bindparam,
    cast,
    func,
    select,
)
from werkzeug.datastructures import MultiDict

from ..models import Image, Product, shown_image_id
from ..models.image_addresses import PublishedImage
from ..models.search_text import needles
from ..products.search import (
    COUNT_MAX,
    LIKE_ESCAPE,
    NUMBERED,
    SMALL_COMPANY,
    bound_patterns,
    bound_values,
    like_pattern,
    numbers_in_index,
    special_pieces,
)

PAGE_SIZE = 24
# An offset costs as much as the rows that it skips. Deeper products can be reached by category,
# search or the opposite order.
PAGES_MAX = ceil(COUNT_MAX / PAGE_SIZE)
SUMMARY_LENGTH = 140
QUERY_MAX = 100
WORDS_MAX = 8

# The folded text starts with the name: no case, no accents, and an index.
_BY_NAME = (Product.search_text, Product.id)
SORTS = {
    "name": ("Name A–Z", _BY_NAME),
    "-name": ("Name Z–A", (Product.search_text.desc(), Product.id.desc())),
    "price": ("Price: low → high", (Product.price_minor, *_BY_NAME)),
    "-price": ("Price: high → low", (Product.price_minor.desc(), *_BY_NAME)),
    "stock": ("Stock: most first", (Product.stock.desc(), *_BY_NAME)),
}


@dataclass(frozen=True)
class Choice:
    """Valid parameters of a catalog page; invalid ones fall back to defaults."""

    query: str = ""
    category: str = ""
    sort: str = "name"
    page: int = 1

    @classmethod
    def of(cls, arguments: MultiDict) -> "Choice":
        if not arguments:
            return cls()
        sort = arguments.get("sort", "")
        return cls(
            query=_typed(arguments, "q")[:QUERY_MAX].strip(),
            category=_typed(arguments, "category"),
            sort=sort if sort in SORTS else "name",
            page=min(max(arguments.get("page", 1, type=int), 1), PAGES_MAX),
        )

    @property
    def words(self) -> list[tuple[str, str]]:
        """The words that a product must contain, each as search folds it and as typed."""
        words = self.query.split()[:WORDS_MAX]
        return [(piece, word) for word in words for piece in needles(word)]

    def url(self, catalog_url: str, **changes: str | int) -> str:
        """Return the address of this choice with changes, at page 1 unless they say otherwise."""
        wanted = vars(self) | {"page": 1} | changes
        values = {"q": wanted["query"], "category": wanted["category"]}
        if wanted["sort"] != "name":
            values["sort"] = wanted["sort"]
        if wanted["page"] > 1:
            values["page"] = wanted["page"]
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{catalog_url}?{query}" if query else catalog_url


@dataclass(frozen=True)
class Card:
    """A product as the catalog shows it."""

    id: str
    name: str
    sku: str | None
    category: str | None
    summary: str
    unit: str
    price_minor: int
    stock: int
    external_image_url: str | None
    image: PublishedImage | None

    @classmethod
    def of(cls, row: Row) -> "Card":
        """Return the card for a row of the page query, whose columns have the same order."""
        product_id, name, sku, category, _, unit, price_minor, stock, external_url = row[:9]
        return cls(
            product_id,
            name,
            sku,
            category,
            _summary(row.description or ""),
            unit,
            price_minor,
            stock,
            external_url,
            PublishedImage.of(row),
        )


def count_by_category(connection: Connection, company_id: str) -> dict[str | None, int]:
    """Return the number of active products in each category, sorted by its name."""
    rows = connection.execute(_COUNT_BY_CATEGORY, {"company_id": company_id}).all()
    return dict(sorted(rows, key=lambda row: (row[0] or "").casefold()))


def is_large(connection: Connection, company_id: str) -> bool:
    """Return whether a catalog has too many products to scan for every page."""
    return (
        connection.scalar(_BEHIND, {"company_id": company_id, "small": SMALL_COMPANY}) is not None
    )


def find(connection: Connection, company_id: str, choice: Choice, is_large: bool) -> "Found":
    """Return the products that match the choice.

    In a small catalog, descriptions are searched too; a large one is
    searched through the index of names, SKUs and categories.
    """
    if not choice.words or not is_large:
        values = _values(company_id, choice)
        asked = (bool(choice.category), len(choice.words))
        return Found(connection, values, _found(choice.sort, *asked), choice.sort)
    pieces = needles(choice.query)
    numbers = numbers_in_index(connection, company_id, pieces)
    special = None if numbers else special_pieces(pieces)
    values = {"company_id": company_id, "category": choice.category}
    values |= {"numbers": numbers} if numbers else bound_values(pieces)
    ids = _found_by_index(choice.sort, bool(choice.category), special)
    return Found(connection, values, ids, choice.sort)


@dataclass(frozen=True)
class Found:
    """The products that match a choice: a query for their ids, in order, and its parameters."""

    connection: Connection
    values: dict
    ids: Select
    sort: str

    def count(self) -> int:
        """Return the number of products, at most COUNT_MAX + 1."""
        return self.connection.scalar(_counting(self.ids), self.values)

    def cards(self, page: int) -> list[Card]:
        """Return the cards of a page, in the chosen order."""
        values = self.values | {"skipped": (page - 1) * PAGE_SIZE}
        return list(map(Card.of, self.connection.execute(_page(self.ids, self.sort), values)))


_shown = (Product.company_id == bindparam("company_id"), Product.is_active)
_BEHIND = select(Product.id).where(*_shown).limit(1).offset(bindparam("small"))
_COUNT_BY_CATEGORY = (
    select(Product.category, func.count()).where(*_shown).group_by(Product.category)
)


# Building a statement takes longer than running it, so each kind is built only once.
@cache
def _found(sort: str, has_category: bool, words: int) -> Select:
    asked = _asked(has_category, words)
    return select(Product.id).where(*_shown, *asked).order_by(*SORTS[sort][1])


@lru_cache(maxsize=256)
def _found_by_index(sort: str, has_category: bool, special: tuple[bool, ...] | None) -> Select:
    """Return the query of ids. special: from special_pieces(); None if row numbers are known."""
    is_found = [Product.search_number.in_(NUMBERED)] if special is None else bound_patterns(special)
    asked = [*_asked(has_category, 0), *is_found]
    return select(Product.id).where(*_shown, *asked).order_by(*SORTS[sort][1])


@lru_cache(maxsize=256)
def _page(ids: Select, sort: str) -> Select:
    # Limit to the page before joining its images.
    page = ids.limit(PAGE_SIZE).offset(bindparam("skipped")).subquery()
    cut = func.substr(Product.description, 1, SUMMARY_LENGTH + 1)
    return (
        select(
            Product.id,
            Product.name,
            Product.sku,
            Product.category,
            cut.label("description"),
            Product.unit,
            Product.price_minor,
            Product.stock,
            Product.external_image_url,
            Image.id.label("image_id"),
            Image.public_name,
            cast(Image.derivatives, Text).label("derivatives"),
            Image.placeholder_color,
        )
        .join(page, page.c.id == Product.id)
        .outerjoin(Image, Image.id == shown_image_id())
        .order_by(*SORTS[sort][1])
    )


@lru_cache(maxsize=256)
def _counting(ids: Select) -> Select:
    counted = ids.order_by(None).limit(COUNT_MAX + 1).subquery()
    return select(func.count()).select_from(counted)


def _asked(has_category: bool, words: int) -> list[ColumnElement[bool]]:
    conditions = [Product.category == bindparam("category")] if has_category else []
    for number in range(words):
        pattern = bindparam(f"pattern{number}", type_=String)
        described = bindparam(f"described{number}", type_=String)
        conditions.append(
            Product.search_text.like(pattern, LIKE_ESCAPE)
            | Product.description.ilike(described, LIKE_ESCAPE)
        )
    return conditions


def _values(company_id: str, choice: Choice) -> dict:
    values = {"company_id": company_id, "category": choice.category}
    values |= bound_values([piece for piece, _ in choice.words])
    for number, (_, word) in enumerate(choice.words):
        values[f"described{number}"] = like_pattern(word)
    return values


def _summary(description: str) -> str:
    if len(description) <= SUMMARY_LENGTH:
        return description
    return description[:SUMMARY_LENGTH].rsplit(None, 1)[0].rstrip(",.;:") + "…"


def _typed(arguments: MultiDict, name: str) -> str:
    return arguments.get(name, "").strip()
