"""The OpenAPI documents of both JSON APIs, and the pages to read them."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from marshmallow import Schema
from werkzeug.exceptions import HTTPException

from ..models.columns import JsonObject
from .compression import compress
from .error_handlers import answer
from .json_bodies import JsonBlueprint

View = TypeVar("View", bound=Callable[..., object])

# The component of a document that describes an error, by its status.
_REFUSALS = {
    400: "BadRequest",
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    405: "MethodNotAllowed",
    409: "Conflict",
    412: "PreconditionFailed",
    413: "ContentTooLarge",
    415: "UnsupportedMediaType",
    422: "UnprocessableContent",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
# What any request of an API may be answered.
_ALWAYS = (401, 403, 429, 500, 503)
_RETRY_AFTER = {
    "Retry-After": {
        "schema": {"type": "integer"},
        "description": "Seconds until it is worth asking again.",
    }
}


# flask-smorest has no types.
class JsonApi(Api):  # type: ignore[misc]
    """Describes its blueprints, and leaves errors to the app's one handler.

    prefix: of the settings of this description. url_prefix: of its document.
    """

    # Each operation names its errors with described().
    DEFAULT_ERROR_RESPONSE_NAME = None
    # By status: when an operation is refused with it, and the body that it then has.
    REFUSALS: Mapping[int, tuple[str, JsonObject]] = {}

    def __init__(
        self, app: Flask, prefix: str, url_prefix: str, title: str, version: str, description: str
    ):
        app.config.setdefault(f"{prefix}_OPENAPI_URL_PREFIX", url_prefix)
        super().__init__(
            app,
            config_prefix=prefix,
            spec_kwargs={
                "title": title,
                "version": version,
                "openapi_version": "3.1.0",
                "info": {"description": description.strip()},
                "security": [{"key": []}],
                "servers": [{"url": "/"}],
                "marshmallow_plugin": MarshmallowPlugin(_component_name),  # type: ignore[arg-type]  # None leaves it out,
            },
        )
        self.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
        for status, (when, body) in self.REFUSALS.items():
            content = {"application/json": {"schema": self.ERROR_SCHEMA, "example": body}}
            response = {"description": when, "content": content}
            if status in (429, 503):
                response["headers"] = _RETRY_AFTER
            self.spec.components.response(_REFUSALS[status], response, lazy=True)

    def handle_http_exception(self, error: HTTPException) -> ResponseReturnValue:
        """Answer as the app does; flask-smorest registers this for the whole app."""
        return answer(error)


def _component_name(schema: type[Schema]) -> str | None:
    """Return the name of a schema in the document, or None to keep it out of the components."""
    name = resolver(schema)
    # flask-smorest adds it for its own pagination header; our pages have an envelope instead.
    return None if name == "PaginationMetadata" else name


def docs_page(name: str, url_prefix: str, title: str, document: str) -> Blueprint:
    """Return a blueprint with the page, at /docs, to read a document and to try its requests.

    document: the blueprint that has the OpenAPI document.
    """
    bp = Blueprint(name, __name__, url_prefix=url_prefix)
    bp.after_request(compress)
    # The blueprint of the document is flask-smorest's.
    bp.record_once(
        lambda state: state.app.after_request_funcs.setdefault(document, []).append(compress)
    )

    @bp.get("/docs")
    def show_docs() -> str:
        return render_template("api/docs.html", title=title, document=document)

    return bp


def described(operation_id: str, *refusals: int) -> Callable[[View], View]:
    """Return a decorator that names an operation, and the errors that it may answer.

    refusals: their statuses, besides those that any request may be answered.
    """
    names = {status: _REFUSALS[status] for status in (*_ALWAYS, *refusals)}
    name: Callable[[View], View] = JsonBlueprint.doc(operationId=operation_id, responses=names)
    return name


def about(description: str, **more: object) -> JsonObject:
    return {"description": description, **more}
