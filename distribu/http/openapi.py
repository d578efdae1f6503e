"""The OpenAPI documents of both JSON APIs."""

from flask import Flask
from flask_smorest import Api


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
            },
        )
        self.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})

    def _register_error_handlers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        # A page is described by its own envelope.
        pass


def about(description: str, **more) -> dict:
    return {"description": description, **more}
