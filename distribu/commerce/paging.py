"""Pages of a list: signed cursors, the pagination object, and lists of ids in a path."""

from flask import abort, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from ..http.paging import Sort
from .serializers import is_v2

PAGE_SIZE = 50
IDS_MAX = 50

BAD_CURSOR = "cursor was not issued by this API."
TOO_MANY_IDS = f"At most {IDS_MAX} ids can be asked for at once."
EMPTY_ID = "An id is empty."
GIVEN_TWICE = "{} is given more than once."


def refuse_repeated(*repeatable: str) -> None:
    """Respond with 400 if a query parameter is repeated; those named may be."""
    for name, values in request.args.lists():
        if len(values) > 1 and name not in repeatable:
            abort(400, GIVEN_TWICE.format(name))


def ids_in(path: str) -> list[str]:
    """Return the ids in a comma-separated path, each once and without surrounding blanks."""
    ids = list(dict.fromkeys(one.strip() for one in path.split(",")))
    if len(ids) > IDS_MAX:
        abort(400, TOO_MANY_IDS)
    if "" in ids:
        abort(400, EMPTY_ID)
    return ids


def pagination(sort: Sort, shown: list, has_more: bool, asked: dict | None = None) -> dict:
    """Return the pagination object of a page. asked: the query, which the next cursor contains."""
    if not has_more:
        return {"hasNextPage": False, "nextPageCursor": None, "nextPageUrl": None}
    cursor = _serializer(sort).dumps([*sort.dump_place(shown[-1]), asked or {}])
    path = f"{request.path}?cursor={cursor}"
    url = path if is_v2() else current_app.config["PUBLIC_URL"] + path
    return {"hasNextPage": True, "nextPageCursor": cursor, "nextPageUrl": url}


def read_cursor(sort: Sort, cursor: str) -> tuple[list, dict]:
    """Return a cursor's place and the query in it; respond with 400 if it is invalid."""
    try:
        *place, asked = _serializer(sort).loads(cursor)
    except BadSignature:
        abort(400, BAD_CURSOR)
    return sort.load_place(place), asked


def _serializer(sort: Sort) -> URLSafeSerializer:
    names = ",".join(map(str, sort.columns))
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt=f"commerce cursor {names}")
