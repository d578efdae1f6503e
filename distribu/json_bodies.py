"""How JSON that others send is read: strictly; and what an API tells of it, field by field."""

import json
from datetime import UTC, datetime
from typing import NoReturn

from flask import Flask, Request
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from .config import MEBIBYTE

NOT_JSON = "Invalid JSON body."
NOT_VALID = "Validation failed."
BODY_MAX_BYTES = 1 * MEBIBYTE


class InvalidValues(UnprocessableEntity):
    """Some values break a rule. details: lists of sentences by field, nested as the body is."""

    def __init__(self, details: dict, description: str = NOT_VALID):
        super().__init__(description)
        self.details = details


class JsonParser(FlaskParser):
    """Reads bodies strictly, and of an address only what is known."""

    DEFAULT_UNKNOWN_BY_LOCATION = FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION | {"json": RAISE}

    def load_json(self, req: Request, schema) -> dict:
        return read_json(req)

    def handle_error(self, error: ValidationError, req, schema, **kwargs) -> NoReturn:
        [details] = error.messages.values()
        raise InvalidValues(details) from error


class JsonBlueprint(Blueprint):
    """A blueprint whose arguments are read by JsonParser."""

    ARGUMENTS_PARSER = JsonParser()


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


class Closed(Schema):
    """A body with these fields and no others."""

    class Meta:
        unknown = RAISE


def moment(when: datetime) -> str:
    """A time in UTC, as in 2026-11-22T08:30:00.000Z."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_json(req: Request) -> dict:
    """The JSON object in the body. Raises BadRequest."""
    try:
        body = parse_json(req.get_data().decode())
    except ValueError as error:
        raise BadRequest(NOT_JSON) from error
    if not isinstance(body, dict):
        raise BadRequest(NOT_JSON)
    return body


def parse_json(text: str):
    """The value of a JSON text, which can be stored and shown. Raises ValueError."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        # What cannot be written as UTF-8, as half of a surrogate pair, cannot be stored.
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
