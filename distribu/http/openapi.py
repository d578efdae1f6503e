"""The OpenAPI documents of both JSON APIs, and the pages to read them."""

from apispec.ext.marshmallow import MarshmallowPlugin, resolver
from flask import Blueprint, Flask, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api
from marshmallow import Schema
from werkzeug.exceptions import HTTPException

from .error_handlers import answer


class JsonApi(Api):
    """Describes its blueprints, and leaves errors to the app's one handler.

    prefix: of the settings of this description. url_prefix: of its document.
    """

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
                "marshmallow_plugin": MarshmallowPlugin(_component_name),
            },
        )
        self.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})

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

    @bp.get("/docs")
    def show_docs() -> str:
        return render_template("api/docs.html", title=title, document=document)

    return bp


def about(description: str, **more) -> dict:
    return {"description": description, **more}
