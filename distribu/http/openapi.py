"""The OpenAPI documents of both JSON APIs, and pages to read them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from flask import Blueprint, Flask, current_app, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from marshmallow import Schema

from ..models.columns import JsonObject
from .compression import compress
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
# Error statuses that any API request may get.
_ALWAYS = (401, 403, 429, 500, 503)
_RETRY_AFTER = {
    "Retry-After": {
        "schema": {"type": "integer"},
        "description": "Seconds until it is worth asking again.",
    }
}


@dataclass(frozen=True)
class Document:
    """The OpenAPI document of one API.

    refusals: by error status, the description of when it occurs and an example body.
    """

    url_prefix: str
    title: str
    version: str
    description: str
    error_schema: type[Schema]
    refusals: Mapping[int, tuple[str, JsonObject]]
    blueprints: tuple[JsonBlueprint, ...]

    @cached_property
    def text(self) -> str:
        """The document as JSON, built when it is first needed.

        Building it takes as long as all the rest of an application, and most commands, workers and
        tests never need it. It is built from a separate application that has only these blueprints
        and serves no request.
        """
        app = Flask(__name__, static_folder=None)
        described_api = _DescribedApi(app, self)
        for bp in self.blueprints:
            described_api.register_blueprint(bp)
        return app.json.dumps(described_api.spec.to_dict(), indent=2, sort_keys=False)


# flask-smorest has no types.
class _DescribedApi(Api):  # type: ignore[misc]
    # Operations declare their errors with described().
    DEFAULT_ERROR_RESPONSE_NAME = None

    def __init__(self, app: Flask, document: Document):
        self.ERROR_SCHEMA = document.error_schema
        super().__init__(
            app,
            spec_kwargs={
                "title": document.title,
                "version": document.version,
                "openapi_version": "3.1.0",
                "info": {"description": document.description.strip()},
                "security": [{"key": []}],
                "servers": [{"url": "/"}],
                "marshmallow_plugin": MarshmallowPlugin(_component_name),  # type: ignore[arg-type]  # None leaves it out,
            },
        )
        self.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})
        for status, (when, body) in document.refusals.items():
            content = {"application/json": {"schema": document.error_schema, "example": body}}
            response = {"description": when, "content": content}
            if status in (429, 503):
                response["headers"] = _RETRY_AFTER
            self.spec.components.response(_REFUSALS[status], response, lazy=True)


def _component_name(schema: type[Schema]) -> str | None:
    """Return the name of a schema in the document, or None to keep it out of the components."""
    name = resolver(schema)
    # flask-smorest adds this for its pagination header; our pages have an envelope instead.
    return None if name == "PaginationMetadata" else name


def register(app: Flask, document: Document, name: str, title: str) -> None:
    """Register an API's blueprints, its document and, at /docs, a page to read and try it.

    name: of the blueprint of document and page. title: of the page.
    """
    for api in document.blueprints:
        app.register_blueprint(api)
    bp = Blueprint(name, __name__, url_prefix=document.url_prefix)
    bp.after_request(compress)

    @bp.get("/openapi.json")
    def show_document() -> ResponseReturnValue:
        return current_app.response_class(document.text, mimetype="application/json")

    @bp.get("/docs")
    def show_docs() -> str:
        return render_template("api/docs.html", title=title, api=name)

    app.register_blueprint(bp)


def described(operation_id: str, *refusals: int) -> Callable[[View], View]:
    """Return a decorator that names an operation and declares its errors.

    refusals: their statuses, in addition to those that any request may get.
    """
    names = {status: _REFUSALS[status] for status in (*_ALWAYS, *refusals)}
    name: Callable[[View], View] = JsonBlueprint.doc(operationId=operation_id, responses=names)
    return name


def about(description: str, **more: object) -> JsonObject:
    return {"description": description, **more}
