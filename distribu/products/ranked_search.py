"""Search products for sale as someone types, with the best matches first.

Products whose name begins with a typed word come first, then the others,
both sorted by name. So the first page of a common word late in the
alphabet ("yellow") is one range of the index of names, which would
otherwise be scanned from "A".
"""

from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    case,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)

from ..extensions import db
from ..http.paging import Items, Page, Values, page_of
from ..models import Product
from ..models.json_rows import AnySelect
from ..models.search_text import needles
from .search import (
    BY_NAME,
    NUMBERED,
    bound_patterns,
    bound_values,
    numbers_in_index,
    special_pieces,
)

# The number of typed words that bring names to the front; each is a range of the index of names.
LEADING_WORDS = 2
# The lowest text of a range, and the first one beyond it.
Range = tuple[str, str]
# The keys of a sort order.
Keys = list[ColumnElement[object]]


def ranked_page(
    query: AnySelect, company_id: str, typed: str | None, cursor: str | None, size: int
) -> Page:
    """Return a page of the products that match, as matching() has it, the best ones first.

    query: of columns of Product, among them search_text and id; the same
    object at every call, since its statements are composed once.
    """
    return page_of(_Search(query, company_id, typed).rows, BY_NAME, cursor, size)


class _Shape(NamedTuple):
    """The traits of a statement; what else differs between two of them is in its values.

    special: as special_pieces() has it. parts: the numbers of the parts
    to read, in that order; none where all rows are found by their numbers
    in SQLite's index.
    """

    special: tuple[bool, ...]
    ranges: int
    parts: tuple[int, ...]
    has_place: bool
    is_backward: bool

    def ids(self) -> AnySelect:
        """Compose the query of the ids that a page may show, at most :limit."""
        if not self.parts:
            return self._ids(self._keys, [Product.search_number.in_(NUMBERED)], self.has_place)
        parts = [self._ids_of_part(part).subquery() for part in self.parts]
        # Either database reads one after the other, and none that the page does not need.
        found = union_all(*map(select, parts)).limit(bindparam("limit")).subquery()
        return select(found.c.id)

    def order(self, keys: Keys | None = None) -> Keys:
        """Return the order of reading; by the keys of the whole order where none are given."""
        return [key.desc() if self.is_backward else key for key in keys or self._keys]

    @property
    def _keys(self) -> Keys:
        rank = [case((self._leads(), 0), else_=1)] if self.ranges else []
        return [*rank, *BY_NAME.order(is_reversed=False)]

    def _ids_of_part(self, part: int) -> AnySelect:
        """In a part every row has the same rank, so the index of names is in its order."""
        conditions = bound_patterns(self.special)
        if part < self.ranges:
            conditions.append(_is_in_range(part))
        elif self.ranges:
            conditions.append(not_(self._leads()))
        begins_within = self.has_place and part == self.parts[0]
        return self._ids(BY_NAME.order(is_reversed=False), conditions, begins_within)

    def _ids(self, keys: Keys, conditions: list[ColumnElement[bool]], has_place: bool) -> AnySelect:
        if has_place:
            place = tuple_(*map(bindparam, ("rank", "name", "id")[-len(keys) :]))
            beyond = tuple_(*keys) < place if self.is_backward else tuple_(*keys) > place
            conditions = [*conditions, beyond]
        own = (Product.company_id == bindparam("company_id"), Product.is_active)
        found = select(Product.id).where(*own, *conditions)
        return found.order_by(*self.order(keys)).limit(bindparam("limit"))

    def _leads(self) -> ColumnElement[bool]:
        """The condition that a name begins with a typed word."""
        return or_(*map(_is_in_range, range(self.ranges)))


def _is_in_range(number: int) -> ColumnElement[bool]:
    name = Product.search_text
    return and_(name >= bindparam(f"low{number}"), name < bindparam(f"high{number}"))


# Composing a statement costs more than running it, so each is composed once.
@lru_cache(maxsize=256)
def _statement(query: AnySelect, shape: _Shape) -> AnySelect:
    return query.where(Product.id.in_(shape.ids())).order_by(*shape.order())


class _Search:
    """A search, whose products are read in parts: each range of names, then the rest."""

    def __init__(self, query: AnySelect, company_id: str, typed: str | None):
        self._query, self._company_id = query, company_id
        self._pieces = needles(typed)
        self._ranges = _ranges(self._pieces)
        self._special = special_pieces(self._pieces)
        self._values: dict[str, object] = {"company_id": company_id, **bound_values(self._pieces)}
        for number, (low, high) in enumerate(self._ranges):
            self._values |= {f"low{number}": low, f"high{number}": high}

    def rows(self, place: Values | None, size: int, is_backward: bool) -> tuple[Items, bool]:
        """Return rows as paging.rows_beside() does."""
        found = self._find(place, size + 1, is_backward)
        has_more, found = len(found) > size, found[:size]
        return found[::-1] if is_backward else found, has_more

    def _find(self, place: Values | None, limit: int, is_backward: bool) -> Items:
        parts, unless = self._parts(place, is_backward), None
        if len(self._pieces) == 1 and not place:
            # All of the range of a single word matches: nothing finds its rows sooner.
            low, high = self._ranges[0]
            unless = {"low": low, "high": high, "enough": limit}
        asked = (db.session.connection(), self._company_id, self._pieces, unless)
        if numbers := numbers_in_index(*asked):
            self._values["numbers"] = numbers
            parts = ()
        return self._read(parts, place, limit, is_backward)

    def _parts(self, place: Values | None, is_backward: bool) -> tuple[int, ...]:
        """Number the parts from that of the place on, in the order of reading."""
        parts = tuple(range(len(self._ranges) + 1))
        if place:
            part = self._part_of(place)
            parts = parts[: part + 1] if is_backward else parts[part:]
        return parts[::-1] if is_backward else parts

    def _part_of(self, place: Values) -> int:
        name = str(place[0])
        within = (part for part, (low, high) in enumerate(self._ranges) if low <= name < high)
        return next(within, len(self._ranges))

    def _read(
        self, parts: tuple[int, ...], place: Values | None, limit: int, is_backward: bool
    ) -> Items:
        shape = _Shape(self._special, len(self._ranges), parts, bool(place), is_backward)
        values = self._values | {"limit": limit}
        if place:
            is_behind = self._part_of(place) == len(self._ranges)
            values |= {"rank": int(is_behind), "name": place[0], "id": place[1]}
        # Through the connection: the session would look for entities in every row.
        return list(db.session.connection().execute(_statement(self._query, shape), values))


def _ranges(pieces: list[str]) -> list[Range]:
    """The texts that begin with a piece, in order; a range within another one is left out."""
    ranges: list[Range] = []
    for prefix in sorted(f"  {piece.strip()}" for piece in pieces[:LEADING_WORDS]):
        if not ranges or prefix >= ranges[-1][1]:
            ranges.append((prefix, _behind(prefix)))
    return ranges


def _behind(prefix: str) -> str:
    """Return the smallest text, by code points, that sorts after all that begin with prefix."""
    prefix = prefix.rstrip("\U0010ffff")
    following = ord(prefix[-1]) + 1
    # No text holds half of a surrogate pair.
    return prefix[:-1] + chr(0xE000 if following == 0xD800 else following)
