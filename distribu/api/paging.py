"""Pages of a list, newest first: limit, cursor, envelope."""

from datetime import timedelta

from flask import g
from marshmallow import fields, validate
from sqlalchemy import ColumnElement, Select, and_
from ulid import ULID

from ..extensions import db
from ..http.json_bodies import Closed, Sentence
from ..http.openapi import about
from ..http.paging import Sort, rows_beside
from ..models import Order, Product

LIMIT = 50
LIMIT_MAX = 100

# A ULID from before the year 8000.
ID_PATTERN = r"^[0-6][0-9A-HJKMNP-TV-Z]{25}$"
NO_CURSOR = Sentence("cursor must be the id of the last item of a page.")


class Limit(fields.String):
    """A page's size: limited to 1 to 100, and 50 if it is not a number."""

    # A String in the OpenAPI document, although its value is a number.
    def _deserialize(self, value, attr, data, **kwargs) -> int:  # type: ignore[override]
        try:
            return min(max(int(value), 1), LIMIT_MAX)
        except ValueError:
            return LIMIT


class PageQuery(Closed):
    """Query parameters of a page of a list."""

    limit = Limit(
        load_default=LIMIT,
        metadata=about(
            f"1 to {LIMIT_MAX}: less or more counts as those, and no number as {LIMIT}.",
            type=["integer", "string"],
        ),
    )
    cursor = fields.String(
        validate=validate.Regexp(rf"{ID_PATTERN}|^$", error=NO_CURSOR),
        metadata=about(
            "The id of the last item seen, as in nextCursor; empty: the first page. It holds when "
            "that item has been deleted meanwhile.",
        ),
    )


class Pagination(Closed):
    hasMore = fields.Boolean(required=True)
    nextCursor = fields.String(required=True, allow_none=True)


def newest_page(
    query: Select, where: list[ColumnElement[bool]], model: type[Product] | type[Order], asked: dict
) -> dict:
    """Return the envelope of the requested page: data and pagination.

    query: of model. where: conditions in addition to being g.company's.
    """
    sort = Sort((model.created_at, model.id), is_descending=True)
    own = and_(model.company_id == g.company.id, *where)
    place = _place(model, asked["cursor"]) if asked.get("cursor") else None
    shown, has_more = rows_beside(query, own, sort, place, asked["limit"])
    return {
        "data": shown,
        "pagination": {"hasMore": has_more, "nextCursor": shown[-1].id if has_more else None},
    }


def _place(model: type, item_id: str) -> list:
    row = db.session.get(model, item_id)
    if row and row.company_id == g.company.id:
        return [row.created_at, row.id]
    # It was deleted, or belongs to another company, but its id contains its creation time to the
    # millisecond. Showing an item twice is better than missing one.
    return [ULID.from_str(item_id).datetime + timedelta(milliseconds=1), item_id]
