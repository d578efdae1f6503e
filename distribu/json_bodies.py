"""How JSON that others send is read: strictly; and what an API tells of it, field by field."""

import json
from typing import NoReturn

from flask import Request
from flask_smorest import Api, Blueprint
from marshmallow import RAISE, ValidationError
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
    """Describes its blueprints, and leaves errors to the app's one handler."""

    def _register_error_handlers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        # A page is described by its own envelope.
        pass


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
